/** Counts the deleted objects of every naming context, a day of age a bucket: none of them is kept in memory. */

import { normalizedDn, parentDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { booleanOf, type Entry, generalizedTimeOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { DirectoryError } from '../../errors.ts';
import { type Control, controlOid, deletedObjectsControl } from '../../ldap/controls.ts';
import { equal } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import type { DomainControllerAccess } from './ask-domain-controllers.ts';
import type { DeletedObjects } from './deleted-objects.ts';
import type { DomainControllerState } from './facts.ts';

export interface CountOptions {
  /** Whether objects that are deleted and not yet recycled can be brought back. */
  readonly recycleBinIsOn: boolean;
  /** Ages are counted up to this moment. */
  readonly now: Date;
  /** How long the DC may stay silent, in milliseconds; by default the session's own deadline. */
  readonly deadlineMs?: number;
  /** Told now and then how far a naming context is. */
  readonly onCount: (count: number, namingContext: string) => void;
}

/** Those of naming contexts that the session's DC holds, in their order. */
export async function countAll(
  namingContexts: readonly string[],
  session: DirectorySession,
  options: CountOptions,
): Promise<readonly DeletedObjects[]> {
  const counted: DeletedObjects[] = [];
  // One after the other: they share a connection, and a DC has other work to do.
  for (const namingContext of namingContexts) counted.push(await countDeletedObjects(session, namingContext, options));
  return counted;
}

/** Naming contexts that the chosen DC does not hold are counted on the first DC that holds them and has answered. */
export async function countElsewhere(
  forest: Forest,
  held: readonly string[],
  domainControllers: readonly DomainControllerState[],
  access: DomainControllerAccess,
  options: CountOptions,
): Promise<readonly DeletedObjects[]> {
  const others = forest.namingContexts.filter(({ dn }) => !held.some((one) => sameDn(one, dn)));
  return await Promise.all(
    others.map(async ({ dn }): Promise<DeletedObjects> => {
      const holder = holderOf(dn, domainControllers);
      if (holder === undefined) return { kind: 'unknown', namingContext: dn, why: 'no DC that has it could be asked' };
      try {
        const session = await access.openOther(holder);
        // Nobody waits for the farewell; it never throws.
        return await countDeletedObjects(session, dn, options).finally(() => void session.close());
      } catch (error) {
        // A DC that can't be asked leaves its naming context uncounted, with the reason.
        if (!(error instanceof DirectoryError)) throw error;
        return { kind: 'unknown', namingContext: dn, why: error.trouble.cameBack };
      }
    }),
  );
}

/** The DNS name of a DC to ask for a naming context. */
function holderOf(namingContext: string, domainControllers: readonly DomainControllerState[]): string | undefined {
  return domainControllers.find(
    ({ domainController, state }) =>
      state.kind === 'answered' && domainController.fullNamingContexts.some((one) => sameDn(one, namingContext)),
  )?.domainController.dnsHostName;
}

const day = 86_400_000;

/** Older ones share the last bucket: about a hundred years. */
const oldestBucket = 36_525;

/**
 * Counts the deleted objects of a naming context; not all of them lie in its Deleted Objects container.
 *
 * The age is that of msDS-LocalEffectiveRecycleTime where the server has it (MS-ADTS 3.1.1.4.5), else of whenChanged,
 * which is the DC's own and a lower bound on Windows.
 */
async function countDeletedObjects(
  session: DirectorySession,
  namingContext: string,
  { recycleBinIsOn, now, deadlineMs, onCount }: CountOptions,
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
      ...(deadlineMs === undefined ? {} : { deadline: deadlineMs }),
    });
    for await (const entry of found) {
      if (isContainer(entry, container)) continue;
      const bucket = recycleBinIsOn && booleanOf(entry, 'isRecycled') !== true ? recoverable : tombstones;
      const age = ageInDays(entry, now);
      bucket.set(age, (bucket.get(age) ?? 0) + 1);
      count += 1;
      if (count % 1000 === 0) onCount(count, namingContext);
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
