/** Deleted objects by age: counted in each naming context, a day a bucket, and added up. None is kept in memory. */

import type { DomainControllerAccess, DomainControllerState } from '../../ad/ask-domain-controllers.ts';
import { normalizedDn, parentDn, sameDn } from '../../ad/dn.ts';
import { booleanOf, type Entry, generalizedTimeOf } from '../../ad/entry.ts';
import { type Forest, hasFullCopy } from '../../ad/forest.ts';
import { DirectoryError } from '../../errors.ts';
import { type Control, controlOid, type DirectorySession, deletedObjectsControl, equal } from '../../ldap/session.ts';
import { day, distinct } from '../../words.ts';

/** How many deleted objects there are of each age in whole days. */
export type CountByAge = ReadonlyMap<number, number>;

/** The deleted objects of a naming context, or why they could not be counted. */
export type DeletedObjects = { readonly namingContext: string } & (
  | {
      readonly kind: 'counted';
      /** Tombstones, or with the Recycle Bin recycled objects: tombstoneLifetime acts on these. */
      readonly tombstones: CountByAge;
      /** With the Recycle Bin: deleted objects that can still be brought back. */
      readonly recoverable: CountByAge;
    }
  /**
   * Only the container was seen, or not even that: there are none, or the user may not see them. LDAP shows no
   * difference.
   */
  | { readonly kind: 'none-seen' }
  | { readonly kind: 'unknown'; readonly why: string }
);

/** How many are at least this many days old. */
export function countFrom(days: number, ...counts: readonly CountByAge[]): number {
  let sum = 0;
  for (const count of counts) for (const [age, number] of count) if (age >= days) sum += number;
  return sum;
}

/** The age of the oldest, in whole days; undefined if there is none. */
export function oldestOf(...counts: readonly CountByAge[]): number | undefined {
  const ages = counts.flatMap((count) => [...count.keys()]);
  return ages.length === 0 ? undefined : Math.max(...ages);
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

/** Why the deleted objects of a naming context are not counted. */
export function uncountedInWords(one: DeletedObjects): string {
  return `${one.namingContext}: ${one.kind === 'unknown' ? one.why : 'none seen (none there, or no right to see them)'}`;
}

/** Settings for counting. */
interface CountOptions {
  /** Whether objects that are deleted and not yet recycled can be brought back. */
  readonly recycleBinIsOn: boolean;
  /** Called from time to time with the count so far in a naming context. */
  readonly onCount: (count: number, namingContext: string) => void;
}

/**
 * Counts the deleted objects of every naming context of the forest but the Schema, which has none (MS-ADTS 6.1.1.4.2):
 * those that the session's DC holds there, the others on the first DC that holds them and has answered.
 *
 * @param now the moment that ages are counted up to, by the clock of the session's DC
 * @param elsewhereDeadlineMs how long another DC may take to answer, in milliseconds; this DC has the session's own deadline
 */
export async function countDeletedObjects(
  forest: Forest,
  domainControllers: readonly DomainControllerState[],
  access: DomainControllerAccess,
  now: Date,
  options: CountOptions,
  elsewhereDeadlineMs: number,
): Promise<readonly DeletedObjects[]> {
  const { session } = access;
  const { namingContexts: held, schemaNamingContext: schema } = session.rootDse;
  const contexts = distinct([...held, ...forest.namingContexts.map(({ dn }) => dn)], normalizedDn).filter(
    (dn) => schema === undefined || !sameDn(dn, schema),
  );
  const isHeld = (dn: string): boolean => held.some((one) => sameDn(one, dn));
  const here = async (): Promise<readonly DeletedObjects[]> => {
    const counted: DeletedObjects[] = [];
    // One after the other: they share a connection, and a DC has other work to do.
    for (const dn of contexts.filter(isHeld)) counted.push(await countIn(session, dn, contexts, now, options));
    return counted;
  };
  const elsewhere = contexts
    .filter((dn) => !isHeld(dn))
    .map(async (dn): Promise<DeletedObjects> => {
      const holder = holderOf(dn, domainControllers);
      const unknown = (why: string): DeletedObjects => ({ kind: 'unknown', namingContext: dn, why });
      if (holder === undefined) return unknown('no DC that holds it could be asked');
      try {
        const other = await access.openOther(holder.host);
        const counting = countIn(other, dn, contexts, holder.clock ?? now, options, elsewhereDeadlineMs);
        // Closing never throws, and its result does not matter.
        return await counting.finally(() => void other.close());
      } catch (error) {
        // A DC that cannot be asked leaves its naming context uncounted, with the reason.
        if (!(error instanceof DirectoryError)) throw error;
        return unknown(error.trouble.cameBack);
      }
    });
  return [...(await here()), ...(await Promise.all(elsewhere))];
}

/** The DNS name and the clock of a DC to ask for a naming context. */
function holderOf(
  namingContext: string,
  domainControllers: readonly DomainControllerState[],
): { readonly host: string; readonly clock: Date | undefined } | undefined {
  for (const { domainController, state } of domainControllers) {
    const { dnsHostName } = domainController;
    if (state.kind !== 'answered' || dnsHostName === undefined) continue;
    if (hasFullCopy(domainController, namingContext)) return { host: dnsHostName, clock: state.answer.clock };
  }
  return undefined;
}

/** Older ones share the last bucket: about a hundred years. */
const oldestBucket = 36_525;

/**
 * Counts the deleted objects of one naming context; not all of them lie in its Deleted Objects container.
 *
 * The age is that of msDS-LocalEffectiveRecycleTime where the server has it (MS-ADTS 3.1.1.4.5), else of whenChanged,
 * which is the DC's own and a lower bound on Windows.
 *
 * @param contexts all of the forest: a global catalog's port shows those below the base as well
 */
async function countIn(
  session: DirectorySession,
  namingContext: string,
  contexts: readonly string[],
  now: Date,
  { recycleBinIsOn, onCount }: CountOptions,
  deadlineMs?: number,
): Promise<DeletedObjects> {
  const tombstones = new Map<number, number>();
  const recoverable = new Map<number, number>();
  const isOurs = belongsTo(namingContext, contexts);
  let count = 0;
  try {
    const found = session.search({
      base: namingContext,
      scope: 'subtree',
      filter: equal('isDeleted', 'TRUE'),
      attributes: ['isRecycled', 'whenChanged', 'msDS-LocalEffectiveRecycleTime'],
      controls: deletedControls(session),
      ...(deadlineMs === undefined ? {} : { deadline: deadlineMs }),
    });
    for await (const entry of found) {
      if (!isOurs(entry)) continue;
      const bucket = recycleBinIsOn && booleanOf(entry, 'isRecycled') !== true ? recoverable : tombstones;
      const age = ageInDays(entry, now);
      bucket.set(age, (bucket.get(age) ?? 0) + 1);
      count += 1;
      if (count % 1000 === 0) onCount(count, namingContext);
    }
  } catch (error) {
    // A naming context that cannot be counted is reported; the others are still counted.
    if (!(error instanceof DirectoryError)) throw error;
    return { kind: 'unknown', namingContext, why: error.trouble.cameBack };
  }
  return count === 0
    ? { kind: 'none-seen', namingContext }
    : { kind: 'counted', namingContext, tombstones, recoverable };
}

function deletedControls({ rootDse }: DirectorySession): readonly Control[] {
  return rootDse.supportedControls.has(controlOid.showDeleted)
    ? [deletedObjectsControl(rootDse.supportedControls)]
    : [];
}

/** Whether an entry counts: no Deleted Objects container, which is marked as deleted itself, and in no context below. */
function belongsTo(namingContext: string, contexts: readonly string[]): (entry: Entry) => boolean {
  const own = normalizedDn(namingContext);
  const below = contexts
    .filter((other) => normalizedDn(other).endsWith(`,${own}`))
    .map((other) => `,${other.toLowerCase()}`);
  return ({ dn }) => {
    if (below.some((end) => dn.toLowerCase().endsWith(end))) return false;
    return !/^cn=deleted objects,/i.test(dn) || normalizedDn(parentDn(dn) ?? '') !== own;
  };
}

function ageInDays(entry: Entry, now: Date): number {
  const since = generalizedTimeOf(entry, 'msDS-LocalEffectiveRecycleTime') ?? generalizedTimeOf(entry, 'whenChanged');
  if (since === undefined) return 0;
  return Math.min(oldestBucket, Math.max(0, Math.floor((now.getTime() - since.getTime()) / day)));
}
