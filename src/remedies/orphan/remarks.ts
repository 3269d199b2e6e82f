/** What else a reader of the plan should know, and the signs that it rests on. */

import type { Conclusion } from './conclusion.ts';
import type { OrphanFacts } from './gather.ts';

/** Warnings that stop nothing, and last the signs for and against an orphan. */
export function remarks(facts: OrphanFacts): readonly Conclusion[] {
  const { chosen, configuration, isForestWide, sharedNames, survey, subtree } = facts;
  const { evidence, server } = chosen;
  const lost = configuration.lostWellKnownObjects;
  const hasDescriptors = subtree.every(({ entry }) =>
    entry.attributes.some(({ name }) => name.toLowerCase() === 'ntsecuritydescriptor'),
  );
  return [
    ...(server.isConflict
      ? [
          {
            id: 'conflict-object',
            level: 'warning',
            title: 'The object lost a naming conflict (CNF): two domain controllers made an entry of this name',
            detail: 'The other one, without the suffix, is the one in use. Compare the two before this one goes.',
            evidence: [server.dn],
          } as const,
        ]
      : []),
    ...(sharedNames.length === 0
      ? []
      : [
          {
            id: 'shared-names',
            level: 'warning',
            title: 'Another server object bears names of this one',
            detail:
              'What refers to a server by such a name may mean the other one: it is left as it is, and is no blocker. Cleared are references by DN, which mean this very object. If both are to go, delete this one first: in a plan for the other the names are its own.',
            evidence: sharedNames.map(
              ({ kind, value, bearers }) => `${kind} ${value}: shared with ${bearers.join(' and ')}`,
            ),
          } as const,
        ]),
    ...(evidence.verdict === 'live'
      ? [
          {
            id: 'looks-live',
            level: 'warning',
            title: 'What the directory shows speaks for a live server',
            detail: 'Make sure that you have the right one.',
            evidence: evidence.against,
          } as const,
        ]
      : []),
    ...(isForestWide
      ? []
      : [
          {
            id: 'one-domain-only',
            level: 'warning',
            title: 'No global catalog could be asked: recipients of other domains are not known',
            detail: 'Name a domain controller that is a global catalog with --server.',
          } as const,
        ]),
    ...(survey.exportGaps.length === 0
      ? []
      : [
          {
            id: 'export-incomplete',
            level: 'warning',
            title: 'The export does not have everything: what it lacks is unknown, not absent',
            detail: 'Look that up before the LDIF is imported, or export it too.',
            evidence: survey.exportGaps,
          } as const,
        ]),
    ...(hasDescriptors
      ? []
      : [
          {
            id: 'no-security-descriptors',
            level: 'warning',
            title: 'The security descriptors could not all be read',
            detail:
              'A tombstone keeps them, so that undo by undelete has them; an entry that has to be made again gets the default one.',
          } as const,
        ]),
    ...(lost.length === 0
      ? []
      : [
          {
            id: 'lost-well-known-objects',
            level: 'warning',
            title: 'otherWellKnownObjects already points at deleted entries, which breaks setup',
            detail: 'The plan removes these values; Setup /PrepareAD makes the objects and the values again.',
            evidence: lost.flatMap(({ values }) =>
              values.map((value) => (typeof value === 'string' ? value : value.base64)),
            ),
          } as const,
        ]),
    {
      id: 'signs',
      level: 'note',
      title: `The signs come to: ${evidence.verdict}`,
      detail: 'What the directory shows. There is no official list of signs: weigh them.',
      evidence: [
        ...evidence.for.map((sign) => `for: ${sign}`),
        ...evidence.against.map((sign) => `against: ${sign}`),
        ...referenceSigns(facts),
        ...probeSigns(facts),
        ...(survey.accountsUnknown === undefined ? [] : [`computer accounts are not known: ${survey.accountsUnknown}`]),
      ],
    },
  ];
}

function referenceSigns({ configuration, recipients, survey }: OrphanFacts): readonly string[] {
  const isAllSeen = survey.exportGaps.length === 0;
  const isUsed = configuration.referrers.length > 0 || recipients.some(({ count }) => count > 0);
  const holdsCopies = configuration.referrers.some(({ reference }) => reference.id === 'database-copies');
  return [
    ...(isUsed || !isAllSeen ? [] : ['for: nothing refers to it']),
    ...(holdsCopies ? ['against: it holds database copies'] : []),
  ];
}

function probeSigns({ probe, chosen: { server } }: OrphanFacts): readonly string[] {
  switch (probe?.kind) {
    case undefined:
      return [];
    case 'not its own name':
      return [`not probed: ${probe.host} is the name of another server object too`];
    case 'no address':
      return [`for: ${server.fqdn ?? server.name} has no DNS address`];
    case 'probed':
      return probe.open.length > 0
        ? []
        : [`for: ${probe.address} answers on none of the ports ${probe.closed.join(', ')}`];
  }
}
