/** Deleted objects counted by age, a day a bucket: none of them is kept in memory. */

import { type Control, controlOid, deletedObjectsControl } from '../../directory/controls.ts';
import { normalizedDn, parentDn, rdnOf } from '../../directory/dn.ts';
import { booleanOf, type Entry, generalizedTimeOf } from '../../directory/entry.ts';
import { equal } from '../../directory/filter.ts';
import type { DirectorySession } from '../../directory/session.ts';
import { DirectoryError } from '../../errors.ts';

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

const day = 86_400_000;

/** Older ones share the last bucket: about a hundred years. */
const oldestBucket = 36_525;

/**
 * Counts the deleted objects of a naming context; not all of them lie in its Deleted Objects container.
 *
 * The age is that of msDS-LocalEffectiveRecycleTime where the server has it (MS-ADTS 3.1.1.4.5), else of whenChanged,
 * which is the DC's own and a lower bound on Windows.
 *
 * @param recycleBinIsOn whether objects that are deleted and not yet recycled can be brought back
 */
export async function countDeletedObjects(
  session: DirectorySession,
  namingContext: string,
  recycleBinIsOn: boolean,
  now: Date,
  onCount?: (count: number) => void,
): Promise<DeletedObjects> {
  const tombstones = new Map<number, number>();
  const recoverable = new Map<number, number>();
  const container = normalizedDn(namingContext);
  let count = 0;
  try {
    const found = session.search({
      base: namingContext,
      scope: 'subtree',
      filter: equal('isDeleted', 'TRUE'),
      attributes: ['isRecycled', 'whenChanged', 'msDS-LocalEffectiveRecycleTime'],
      controls: deletedControls(session),
    });
    for await (const entry of found) {
      if (isContainer(entry, container)) continue;
      const bucket = recycleBinIsOn && booleanOf(entry, 'isRecycled') !== true ? recoverable : tombstones;
      const age = ageInDays(entry, now);
      bucket.set(age, (bucket.get(age) ?? 0) + 1);
      count += 1;
      if (count % 1000 === 0) onCount?.(count);
    }
  } catch (error) {
    // One naming context that can't be counted is told as such; the others still are counted.
    if (!(error instanceof DirectoryError)) throw error;
    return { kind: 'unknown', namingContext, why: error.trouble.cameBack };
  }
  return count === 0
    ? { kind: 'none-or-not-permitted', namingContext }
    : { kind: 'counted', namingContext, tombstones, recoverable };
}

function deletedControls({ rootDse }: DirectorySession): readonly Control[] {
  return rootDse.supportedControls.has(controlOid.showDeleted)
    ? [deletedObjectsControl(rootDse.supportedControls)]
    : [];
}

/** CN=Deleted Objects is marked as deleted itself. */
function isContainer({ dn }: Entry, normalizedNamingContext: string): boolean {
  if (rdnOf(dn).value.toLowerCase() !== 'deleted objects') return false;
  return normalizedDn(parentDn(dn) ?? '') === normalizedNamingContext;
}

function ageInDays(entry: Entry, now: Date): number {
  const since = generalizedTimeOf(entry, 'msDS-LocalEffectiveRecycleTime') ?? generalizedTimeOf(entry, 'whenChanged');
  if (since === undefined) return 0;
  return Math.min(oldestBucket, Math.max(0, Math.floor((now.getTime() - since.getTime()) / day)));
}

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
