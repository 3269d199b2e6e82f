/** Deleted objects by age, and sums over their counts. */

/** How many deleted objects there are of each age in whole days. */
export type CountByAge = ReadonlyMap<number, number>;

export type DeletedObjects = { readonly namingContext: string } & (
  | {
      readonly kind: 'counted';
      /** Tombstones, or with the Recycle Bin recycled objects: the lifetime acts on these. */
      readonly tombstones: CountByAge;
      /** With the Recycle Bin: deleted objects that can still be brought back. */
      readonly recoverable: CountByAge;
    }
  /** Only the container was seen, or not even that: there are none, or we may not see them. LDAP tells no difference. */
  | { readonly kind: 'none-or-not-permitted' }
  | { readonly kind: 'unknown'; readonly why: string }
);

/** How many are at least so many days old. */
export function countFrom(days: number, ...counts: readonly CountByAge[]): number {
  let sum = 0;
  for (const count of counts) for (const [age, number] of count) if (age >= days) sum += number;
  return sum;
}

/** The age of the oldest, in whole days; undefined if there is none. */
export function oldestOf(...counts: readonly CountByAge[]): number | undefined {
  let oldest: number | undefined;
  for (const count of counts) for (const age of count.keys()) oldest = Math.max(oldest ?? 0, age);
  return oldest;
}

/** All naming contexts' counts of one kind as one. */
export function addedUp(deleted: readonly DeletedObjects[], kind: 'tombstones' | 'recoverable'): CountByAge {
  const sum = new Map<number, number>();
  for (const one of deleted) {
    if (one.kind !== 'counted') continue;
    for (const [age, number] of one[kind]) sum.set(age, (sum.get(age) ?? 0) + number);
  }
  return sum;
}
