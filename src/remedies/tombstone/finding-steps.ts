/** The commands that the findings advise: kept as data in the plan, and drawn for the reader. */

import {
  listLingeringObjects,
  removeMetadata,
  showReplication,
  strictOnAllDcs,
  switchReplicationOn,
} from '../../ad/repadmin.ts';
import { type Comparable, cleaningRequests, comparisonsFor, type Islands } from '../../ad/replication-islands.ts';
import type { Party } from '../../ad/replication-news.ts';
import type { NextStep } from '../../change/findings.ts';
import { findingSteps, stepKind } from '../finding-steps.ts';
import { hostOfParty, type Situation, soundParties, suspectsIn } from './situation.ts';

/** The steps of this remedy's findings. */
export const steps = findingSteps({
  'find-lingering': stepKind({ reference: 'host', targets: 'hosts' }, (suspects, { objectComparison }) =>
    objectComparison === undefined ? [] : [objectComparison.command(suspects)],
  ),
  'list-lingering': stepKind({ destination: 'name', sourceDsaGuid: 'name', namingContext: 'dn' }, (request) => [
    listLingeringObjects(request),
  ]),
  'ask-replication': stepKind({ hosts: 'names' }, ({ hosts }) => hosts.map(showReplication)),
  'switch-on': stepKind({ host: 'name', direction: 'name' }, ({ host, direction }) => [
    switchReplicationOn(host, direction === 'outbound' ? 'OUTBOUND' : 'INBOUND'),
  ]),
  'remove-metadata': stepKind({ servers: 'dns' }, ({ servers }, { serverCleanup }) =>
    servers.map(serverCleanup?.command ?? removeMetadata),
  ),
  'strict-existing': stepKind({}, () => ({
    text: 'Existing DCs keep their own setting. To make them strict:',
    commands: [strictOnAllDcs],
  })),
  'prepare-forest': stepKind({}, () => ({
    text: 'adprep of a current Windows version creates the container:',
    commands: ['adprep /forestprep'],
  })),
});

/** Asks each of these DCs what it has heard of the others. */
export function askReplication(parties: readonly Party[]): NextStep {
  return steps.of('ask-replication', { hosts: parties.map(hostOfParty) });
}

/** Looks for lingering objects in these comparisons; with repadmin where no remedy finds them. */
export function findLingering(
  comparisons: readonly Comparable[],
  requests: () => readonly {
    readonly destination: string;
    readonly sourceDsaGuid: string;
    readonly namingContext: string;
  }[],
  { facts: { objectComparison } }: Situation,
): readonly NextStep[] {
  return objectComparison === undefined
    ? requests().map((request) => steps.of('list-lingering', request))
    : suspectsIn(comparisons).map((suspects) => steps.of('find-lingering', suspects));
}

/** Looks for lingering objects on these DCs, against the sound ones. */
export function findLingeringOn(
  parties: readonly Party[],
  situation: Situation,
  islands: Islands,
): readonly NextStep[] {
  const { replication } = situation.facts;
  const sound = soundParties(situation, islands);
  return findLingering(
    comparisonsFor(parties, sound, replication, islands.oldest),
    () => cleaningRequests(parties, sound, replication, islands.oldest),
    situation,
  );
}
