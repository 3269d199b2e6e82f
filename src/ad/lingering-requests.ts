/** Which DCs to clean of lingering objects, and against which DC: the requests that repadmin takes. */

import { hostOf } from './forest.ts';
import type { LingeringObjectsRequest } from './repadmin.ts';
import type { OldestNews } from './replication-islands.ts';
import type { CopyNews, Party, ReplicationNews } from './replication-news.ts';

/**
 * A request for each naming context of each destination that a sound DC has a writable copy of.
 *
 * @param references DCs that are right; those that do not answer and RODCs are not taken
 * @param oldest the DC with the freshest news is preferred
 */
export function cleaningRequests(
  destinations: readonly Party[],
  references: readonly Party[],
  { copies }: ReplicationNews,
  oldest: ReadonlyMap<Party, OldestNews>,
): readonly LingeringObjectsRequest[] {
  return destinations.flatMap((destination) =>
    copies.flatMap((copy) => {
      if (!copy.full.includes(destination) && !copy.partial.includes(destination)) return [];
      const sourceDsaGuid = referenceFor(copy, destination, references, oldest)?.domainController.dsaGuid;
      if (sourceDsaGuid === undefined) return [];
      return [{ destination: hostOf(destination.domainController), sourceDsaGuid, namingContext: copy.namingContext }];
    }),
  );
}

/** A DC that is right, and the DCs that are to be compared with it. */
export interface Comparable {
  readonly reference: Party;
  readonly targets: readonly Party[];
}

/**
 * The reference to compare each destination with: the freshest of the sound DCs that have writable copies of the most
 * naming contexts of which the destination has a full one.
 *
 * @param references as for cleaningRequests
 */
export function comparisonsFor(
  destinations: readonly Party[],
  references: readonly Party[],
  { copies }: ReplicationNews,
  oldest: ReadonlyMap<Party, OldestNews>,
): readonly Comparable[] {
  const byReference = new Map<Party, Party[]>();
  for (const destination of destinations) {
    const held = copies.filter(({ full }) => full.includes(destination));
    const shared = (party: Party): number => held.filter(({ full }) => full.includes(party)).length;
    const [reference] = candidatesFrom(references, destination, oldest).toSorted(
      (one, other) => shared(other) - shared(one),
    );
    if (reference !== undefined) byReference.set(reference, [...(byReference.get(reference) ?? []), destination]);
  }
  return [...byReference].map(([reference, targets]) => ({ reference, targets }));
}

function referenceFor(
  { full }: CopyNews,
  destination: Party,
  references: readonly Party[],
  oldest: ReadonlyMap<Party, OldestNews>,
): Party | undefined {
  return candidatesFrom(references, destination, oldest).find((party) => full.includes(party));
}

/** The freshest first. */
function candidatesFrom(
  references: readonly Party[],
  destination: Party,
  oldest: ReadonlyMap<Party, OldestNews>,
): readonly Party[] {
  const rank = (party: Party): number => oldest.get(party)?.age ?? Number.MAX_VALUE;
  return references
    .filter((party) => party !== destination && party.state.kind === 'answered' && !party.domainController.isReadOnly)
    .toSorted((one, other) => rank(one) - rank(other));
}
