/** The commands that look for lingering objects and remove them, with this forest's names and GUIDs. */

import { sameDn } from '../../ad/dn.ts';
import type { DomainController } from '../../ad/forest.ts';
import type { TombstoneFacts } from './facts.ts';
import { effectiveLifetime } from './lifetime.ts';
import { type Standing, silenceOf, stageOf } from './standing.ts';

/** The DCs that have been silent for longer than the lifetime that is in force: they may hold lingering objects. */
export function pastLifetime(facts: TombstoneFacts, standings: readonly Standing[]): readonly Standing[] {
  const days = effectiveLifetime(facts.settings, facts.serverKind);
  return standings.filter((standing) => {
    const silence = silenceOf(standing);
    return silence !== undefined && stageOf(silence, days) === 'past-lifetime';
  });
}

/**
 * `repadmin /removelingeringobjects <destination> <source DSA GUID> <naming context> /advisory_mode` for each naming
 * context of the destination that a sound DC has a full copy of.
 */
export function advisoryCommands(
  destination: DomainController,
  facts: TombstoneFacts,
  standings: readonly Standing[],
): readonly string[] {
  const listed = [...destination.fullNamingContexts, ...destination.partialNamingContexts];
  const namingContexts = listed.length === 0 ? facts.forest.namingContexts.map(({ dn }) => dn) : listed;
  return namingContexts.flatMap((namingContext) => {
    const source = referenceFor(namingContext, destination, facts, standings);
    if (source?.dsaGuid === undefined) return [];
    const host = destination.dnsHostName ?? destination.name;
    return [`repadmin /removelingeringobjects ${host} ${source.dsaGuid} "${namingContext}" /advisory_mode`];
  });
}

/** A DC with a full copy that has answered and is itself in order, the freshest first. */
function referenceFor(
  namingContext: string,
  destination: DomainController,
  facts: TombstoneFacts,
  standings: readonly Standing[],
): DomainController | undefined {
  const past = new Set(pastLifetime(facts, standings));
  const candidates = standings.filter(
    (standing) =>
      standing.domainController !== destination &&
      standing.inbound.kind !== 'unreachable' &&
      !past.has(standing) &&
      !standing.domainController.isReadOnly &&
      standing.domainController.fullNamingContexts.some((held) => sameDn(held, namingContext)),
  );
  const rank = (standing: Standing): number => silenceOf(standing) ?? Number.MAX_VALUE;
  return candidates.toSorted((one, other) => rank(one) - rank(other))[0]?.domainController;
}
