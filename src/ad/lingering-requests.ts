/** Which DCs to clean of lingering objects, and against which DC: the requests that repadmin takes. */

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
      const { dnsHostName, name } = destination.domainController;
      return [{ destination: dnsHostName ?? name, sourceDsaGuid, namingContext: copy.namingContext }];
    }),
  );
}

function referenceFor(
  { full }: CopyNews,
  destination: Party,
  references: readonly Party[],
  oldest: ReadonlyMap<Party, OldestNews>,
): Party | undefined {
  const candidates = full.filter(
    (party) =>
      party !== destination &&
      references.includes(party) &&
      party.state.kind === 'answered' &&
      !party.domainController.isReadOnly,
  );
  const rank = (party: Party): number => oldest.get(party)?.age ?? Number.MAX_VALUE;
  return candidates.toSorted((one, other) => rank(one) - rank(other))[0];
}
