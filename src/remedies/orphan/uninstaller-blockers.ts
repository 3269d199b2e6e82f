/** Conditions under which the official uninstaller refuses: they stop the deletion here too. */

import { joinDn, parentDn, rdnOf } from '../../ad/dn.ts';
import { blocker, type FindingDraft, type FindingParts, finalBlocker, type NextStep } from '../../change/findings.ts';
import type { DirectoryChange, Proposal } from '../../change/plan.ts';
import { counted, distinct, listed } from '../../words.ts';
import { namedOnly } from './deleted-server.ts';
import { clearing, connectorClass, isMoved, steps } from './finding-steps.ts';
import { type DeletionFacts, ownMailboxesIn } from './gather.ts';
import { type ExchangeServer, hasRole, isFullServer, isLegacy, releaseOf, roleBit } from './organisation.ts';
import type { OwnMailboxKind } from './own-mailboxes.ts';
import type { RecipientCount } from './recipients.ts';
import { adviceFor, clearedBy, countedEvidence, namedInFull, replacing } from './reference-findings.ts';
import type { Referrer } from './referrers.ts';
import { serversOf } from './survey.ts';

/** Mailboxes and archives, the server's place among others, and references that the uninstaller refuses. */
export function* uninstallerBlockers(
  facts: DeletionFacts,
  proposal: Proposal<DirectoryChange>,
): Generator<FindingDraft, void> {
  yield* mailboxBlockers(facts);
  yield* roleBlockers(facts);
  yield* legacyWork(facts, proposal);
  yield* referrerBlockers(facts, proposal);
}

function* mailboxBlockers(facts: DeletionFacts): Generator<FindingDraft, void> {
  const { recipients, hasOtherServer } = facts;
  const found = (id: string): readonly RecipientCount[] =>
    recipients.filter(({ reference, count, own }) => reference.id === id && count > own.count);
  const homed = [...found('mailboxes'), ...found('database-mailboxes')];
  // Homed by name and by database, the same mailboxes are counted twice: the larger number counts.
  const most = Math.max(0, ...homed.map(usersIn));
  const [archives] = found('archives');
  // As long as another server can mount or take them, users' mailboxes are never given up.
  const make = hasOtherServer ? finalBlocker : blocker;
  const lost =
    'No other server is left to move them to: recover this one, or accept this if the database files are gone for good. The accounts stay; their mailboxes are lost.';
  const move = isLegacy(facts.chosen.server)
    ? 'Move them first, in Active Directory Users and Computers with Exchange Tasks, Move Mailbox.'
    : 'Move them first.';
  if (homed.length > 0)
    yield make(
      'mailboxes',
      `${counted(most, 'mailbox is', 'mailboxes are')} on the server or in its databases`,
      hasOtherServer ? move : lost,
      {
        steps: hasOtherServer ? movingMailboxes(facts) : [],
        evidence: homed.flatMap(userEvidence),
        measure: { value: most, unit: 'objects' },
      },
    );
  yield* namedOnlyBlocker(facts);
  yield* ownMailboxBlocker(facts);
  if (archives !== undefined)
    yield make(
      'archives',
      `${counted(usersIn(archives), 'archive')} in the server's databases`,
      hasOtherServer ? 'Move them first.' : lost,
      {
        steps: hasOtherServer
          ? [...activating(facts), ...databaseNames(facts).map((database) => steps.of('move-archives', { database }))]
          : [],
        evidence: userEvidence(archives),
        measure: { value: usersIn(archives), unit: 'objects' },
      },
    );
}

/** Active Manager moves a database between the members of a DAG; msExchHomeServerName of its mailboxes stays as it was. */
function* namedOnlyBlocker({ recipients }: DeletionFacts): Generator<FindingDraft, void> {
  const counts = recipients.filter(({ inOtherDatabases }) => inOtherDatabases.count > 0);
  const count = counts.reduce((sum, { inOtherDatabases }) => sum + inOtherDatabases.count, 0);
  if (count === 0) return;
  yield blocker(
    namedOnly,
    `${counted(count, 'mailbox still names', 'mailboxes still name')} the server, but ${count === 1 ? 'its database is' : 'their databases are'} on other servers`,
    'Exchange 2010 and later find a mailbox by its database, not by msExchHomeServerName. If you accept, the value stays as it is. It is updated when the mailbox is moved to another database.',
    {
      evidence: counts.flatMap(({ inOtherDatabases: { first } }) => first),
      measure: { value: count, unit: 'objects' },
    },
  );
}

function usersIn({ count, own }: RecipientCount): number {
  return count - own.count;
}

function userEvidence(recipient: RecipientCount): readonly string[] {
  return countedEvidence({ ...recipient, count: usersIn(recipient) });
}

/** Names for commands of its databases that have no copy elsewhere, the first of them. */
function databaseNames({ databases, companions }: DeletionFacts): readonly string[] {
  const replicated = new Set(companions.flatMap(({ dn, copyOn }) => (copyOn === undefined ? [] : [dn])));
  return databases
    .filter((dn) => !replicated.has(dn))
    .slice(0, namedInFull)
    .map((dn) => rdnOf(dn).value);
}

/** A database with another copy is activated there: its mailboxes are where it is. */
function activating({ companions }: DeletionFacts): readonly NextStep[] {
  const copied = companions.flatMap(({ dn, copyOn }) => (copyOn === undefined ? [] : [{ dn, copyOn }]));
  if (copied.length === 0) return [];
  const databases = copied.map(({ dn }) => rdnOf(dn).value);
  return [steps.of('activate', { databases, servers: copied.map(({ copyOn }) => copyOn) })];
}

/** Where mailboxes are moved from. A cmdlet finds a server by its name: not where others bear it. */
function movedFrom(facts: DeletionFacts): readonly { readonly by: string; readonly name: string }[] {
  return facts.sharedNames.length === 0 && activating(facts).length === 0
    ? [{ by: 'server', name: facts.chosen.server.name }]
    : databaseNames(facts).map((name) => ({ by: 'database', name }));
}

/** How its users' mailboxes are moved, in this version; 2003 has no cmdlet for it. */
function movingMailboxes(facts: DeletionFacts): readonly NextStep[] {
  const { server } = facts.chosen;
  if (isLegacy(server)) return [];
  const isOf2007 = releaseOf(server).year === 2007;
  return [...activating(facts), ...movedFrom(facts).map((where) => steps.of('move-mailboxes', { ...where, isOf2007 }))];
}

/** Mailboxes of Exchange's own: moved while another server is there, else cleared by this plan. */
function* ownMailboxBlocker(facts: DeletionFacts): Generator<FindingDraft, void> {
  const { hasOtherServer, ownMailboxAttributes, recipients } = facts;
  const mailboxes = ownMailboxesIn(recipients);
  if (mailboxes.length === 0) return;
  const kinds = distinct(mailboxes.map(({ kind }) => kind));
  const title = `${counted(mailboxes.length, "mailbox of Exchange's own is", "mailboxes of Exchange's own are")} on the server (${listed(kinds)})`;
  const parts = {
    evidence: mailboxes.map(({ dn, kind }) => `${kind}: ${dn}`),
    subjects: mailboxes.map(({ dn }) => dn),
    measure: { value: mailboxes.length, unit: 'objects' },
  } as const;
  if (hasOtherServer) {
    const moves = [
      ...activating(facts),
      ...kinds
        .filter(isMoved)
        .flatMap((kind) => movedFrom(facts).map((where) => steps.of('move-own-mailboxes', { kind, ...where }))),
    ];
    yield finalBlocker(
      'arbitration-mailboxes',
      title,
      `Another server can take them. ${moves.length === 0 ? '' : 'Move them first. '}${kinds.flatMap((kind) => outcomeOf[kind] ?? []).join(' ')}`.trim(),
      { ...parts, steps: moves },
    );
    return;
  }
  const cleared = new Set(ownMailboxAttributes.map(({ dn }) => dn));
  const isCleared = mailboxes.every(({ dn }) => cleared.has(dn));
  const outcome = isCleared
    ? 'No Exchange server is left to move them. If you accept, this plan clears all of their mailbox attributes, and the accounts stay without a mailbox. The next steps say how to delete the accounts and create them again.'
    : 'This domain controller cannot write all of them: name one of their domain with --server.';
  const make = isCleared ? blocker : finalBlocker;
  yield make('arbitration-mailboxes', title, outcome, parts);
}

/** What happens to mailboxes that are not moved. */
const outcomeOf: Readonly<Partial<Record<OwnMailboxKind, string>>> = {
  monitoring: 'The Health Manager service creates health mailboxes again: delete their accounts.',
  system: 'The system mailbox of a database is removed with it.',
};

function* roleBlockers(facts: DeletionFacts): Generator<FindingDraft, void> {
  const { chosen, survey, hasOtherServer } = facts;
  const { server } = chosen;
  const others = serversOf(survey).filter(({ dn }) => dn !== server.dn);
  const inSite = others.filter(({ site }) => site === server.site);
  const isHub = ({ roles }: ExchangeServer): boolean =>
    hasRole(roles, roleBit.hubTransport | roleBit.frontEndTransport);
  const edges = inSite.filter(({ roles }) => hasRole(roles, roleBit.edge));
  if (server.availabilityGroup !== undefined)
    yield finalBlocker(
      'dag-member',
      'The server is a member of a database availability group',
      ...leavingGroup(facts, server.availabilityGroup),
    );
  if (!hasOtherServer)
    yield blocker(
      'only-server',
      'No other server of the Exchange organisation can take its place',
      "Without any server the organisation can only be managed by installing a server, or Exchange's management tools, again. Accept this only if you install a new server at once, or stop using Exchange.",
      {
        steps: [steps.of('list-servers', { base: joinDn('CN=Services', survey.forest.configurationNamingContext) })],
        evidence: others.map(({ dn }) => `not counted: ${dn}`),
        subjects: [server.dn],
      },
    );
  if (edges.length > 0 && isHub(server) && !inSite.some(isHub))
    yield blocker(
      'last-hub-of-edge-subscription',
      'The server is the last hub transport server of a site with an Edge subscription',
      `Without it the Edge servers receive no recipients and deliver no mail. Install another hub transport server there${hasOtherServer ? ', or remove the subscriptions' : ''}.`,
      {
        steps: hasOtherServer
          ? [steps.of('remove-subscriptions', { servers: adviceFor(edges, ({ name }) => name) })]
          : [],
        evidence: edges.map(({ dn }) => dn),
        subjects: edges.map(({ dn }) => dn),
      },
    );
}

/** How another server is given the work of an Exchange 2003 server, by the reference that names who does it. */
const handedOver: readonly (readonly [reference: string, how: (name: string) => string])[] = [
  ['routing-master', (name) => `In Exchange System Manager: Members of ${name}, the other server, Set as Master.`],
  ['recipient-update', (name) => `In Exchange System Manager: Properties of ${name}, Exchange Server.`],
  [
    'site-folders',
    (name) => `In ADSI Edit: siteFolderServer of ${name}, to a public folder store of the other server.`,
  ],
];

/** Exchange 2003: work that another server has to take over first; if it is only cleared, no server does it. */
function* legacyWork(facts: DeletionFacts, proposal: Proposal<DirectoryChange>): Generator<FindingDraft, void> {
  const { chosen, configuration, hasOtherServer } = facts;
  const of = (id: string): readonly Referrer[] =>
    configuration.referrers.filter(({ reference }) => reference.id === id);
  const work = handedOver.flatMap(([id]) => of(id));
  if (!isLegacy(chosen.server) || !hasOtherServer || work.length === 0) return;
  const byHand = handedOver
    .filter(([id]) => of(id).length > 0)
    .flatMap(([id, how]) => adviceFor(of(id), ({ dn }) => how(rdnOf(dn).value)));
  const outcome = work.every(clearedBy(proposal))
    ? 'If you accept, the values are removed, and no server does this work.'
    : 'If you accept, no server does this work, and the references that you left out name the deleted server.';
  yield blocker(
    'legacy-work',
    'The server is routing group master, Recipient Update Service or site folder server',
    `Give this work to another server first. ${byHand.join(' ')} ${outcome}`,
    {
      evidence: work.map(({ id }) => id),
      subjects: work.map(({ dn }) => dn),
      measure: { value: work.length, unit: 'references' },
    },
  );
}

/**
 * How to remove it from the group, and by which steps: by cmdlets if a server is left to run them and they find this
 * object by its name.
 */
function leavingGroup(facts: DeletionFacts, group: string): readonly [detail: string, parts: FindingParts] {
  const { chosen, hasOtherServer, sharedNames } = facts;
  const evidence = [group];
  if (hasOtherServer && sharedNames.length === 0)
    return ['Remove the server from the group, in this order.', { steps: groupSteps(facts, group), evidence }];
  const why = hasOtherServer
    ? "Exchange's cmdlets find a server by its name and would remove the other one from the group."
    : 'No Exchange server is left to remove it from the group.';
  const clear = { dn: chosen.server.dn, domain: '', attribute: 'msExchMDBAvailabilityGroupLink' };
  return [`${why} Clear the link of this object.`, { steps: [steps.of('clear', clear)], evidence }];
}

/** A database with another copy is activated there, never removed: that would lose a healthy copy. */
function groupSteps(facts: DeletionFacts, group: string): readonly NextStep[] {
  const { chosen, companions } = facts;
  const server = chosen.server.name;
  // The last copy of a database is never removed.
  const last = new Set(companions.flatMap(({ kind, dn, copyOn }) => (kind === 'database' && !copyOn ? [dn] : [])));
  const databases = companions
    .filter(({ kind, dn }) => kind === 'copy' && !last.has(parentDn(dn) ?? ''))
    .map(({ dn }) => rdnOf(parentDn(dn) ?? dn).value);
  return [
    ...activating(facts),
    ...(databases.length === 0 ? [] : [steps.of('remove-copies', { databases, server })]),
    steps.of('leave-group', { group: rdnOf(group).value, server }),
    steps.of('evict-node', {}),
  ];
}

interface ReferenceBlocker {
  readonly title: string;
  readonly detail: (facts: DeletionFacts, entries: readonly Referrer[]) => string;
  /** What to do by commands. */
  readonly steps: (
    facts: DeletionFacts,
    entries: readonly Referrer[],
    recipients: readonly string[],
  ) => readonly NextStep[];
  /** What happens to the references when the blocker is accepted; undefined if it can't be while another server is there. */
  readonly accepted?: { readonly cleared: string; readonly left: string };
  /** The same for references that can be accepted only if no other server can replace this one. */
  readonly acceptedOfLast?: string;
}

/** Blockers of the official uninstaller that are references; they may be overruled where the reference can be cleared. */
const referenceBlockers: Readonly<Record<string, ReferenceBlocker>> = {
  'owned-databases': {
    title: 'The server owns databases',
    detail: (facts, entries) =>
      `They are not below it and would stay without an owner.${databasesByHand(facts, entries)}${offerOf(facts)}`,
    steps: (facts, entries) =>
      adviceFor(entries, (entry) => databaseStep(facts, entry)).filter((one) => one !== undefined),
    accepted: {
      cleared: 'If you accept, the databases stay and their msExchOwningServer is cleared.',
      left: 'If you accept, the databases stay. If you left out clearing it, their msExchOwningServer names the deleted server.',
    },
  },
  'send-connector-source': {
    title: 'The server is a source server of connectors',
    detail: () => 'A connector without a source server no longer sends mail. Remove the server from each.',
    steps: (facts, entries) => adviceFor(entries, (entry) => connectorStep(facts, entry)),
    accepted: {
      cleared: 'If you accept, this plan removes the value.',
      left: 'If you accept, the value is removed with the server.',
    },
  },
  'oab-generation': {
    title: 'The server generates offline address books',
    detail: (facts) =>
      takerOfAddressBooks(facts) === undefined
        ? 'The attribute is mandatory, and no other server is left. After you install a new server, set it to that one.'
        : 'The attribute is mandatory and can only be set to another server.',
    steps: (facts, entries) => adviceFor(entries, (entry) => replacing(entry, takerOfAddressBooks(facts)?.dn)),
    acceptedOfLast:
      'If you accept, it points at a deleted entry until then, and the offline address book is not generated.',
  },
  'expansion-server': {
    title: 'The server is the expansion server of groups',
    detail: () => 'Clear it on each group.',
    steps: ({ survey }, _, groups) =>
      adviceFor(groups, (dn) => clearing(survey.target, dn, 'msExchExpansionServerName')),
    accepted: {
      cleared: 'If you accept, this plan removes the value; groups of other domains keep it.',
      left: 'If you accept, the groups that you left out keep naming a deleted server.',
    },
  },
};

function takerOfAddressBooks({ chosen, survey }: DeletionFacts): ExchangeServer | undefined {
  return serversOf(survey).find((server) => server.dn !== chosen.server.dn && isFullServer(server));
}

/** What to do with databases that no cmdlet removes. */
function databasesByHand({ chosen, hasOtherServer }: DeletionFacts, entries: readonly Referrer[]): string {
  const names = listed(
    entries.map(({ dn }) => rdnOf(dn).value),
    namedInFull,
  );
  if (!hasOtherServer) return ` No Exchange server is left to remove ${names}.`;
  return isLegacy(chosen.server) ? ` Move the mailboxes of ${names}, then delete it in Exchange System Manager.` : '';
}

/** A database is activated where it has another copy; else its mailboxes are moved and it is removed. */
function databaseStep(
  { chosen, companions, hasOtherServer }: DeletionFacts,
  { dn, objectClasses }: Referrer,
): NextStep | undefined {
  const name = rdnOf(dn).value;
  if (!hasOtherServer || isLegacy(chosen.server)) return undefined;
  const copyOn = companions.find((one) => one.dn === dn)?.copyOn;
  if (copyOn !== undefined) return steps.of('activate', { databases: [name], servers: [copyOn] });
  if (objectClasses.includes('msexchpublicmdb')) return steps.of('remove-public-database', { name });
  return steps.of('remove-database', { name, isOf2007: releaseOf(chosen.server).year === 2007 });
}

/** The databases that --also databases deletes. */
function offerOf({ companions }: DeletionFacts): string {
  const free = companions.filter(({ kind, hindrance }) => kind === 'database' && hindrance === undefined);
  if (free.length === 0) return '';
  return ` --also databases deletes with the server those that hold no mailbox: ${listed(
    free.map(({ dn }) => rdnOf(dn).value),
    namedInFull,
  )}.`;
}

/** The other source servers by the cmdlet of the connector's kind; for 2003 what needs no Exchange shell. */
function connectorStep(
  { chosen, survey }: DeletionFacts,
  { dn, objectClasses, otherValues, values }: Referrer,
): NextStep {
  const kind = connectorClass(objectClasses);
  const servers = otherValues.flatMap((value) =>
    survey.servers.flatMap(({ server }) =>
      typeof value === 'string' && value.toLowerCase().endsWith(`,${server.dn.toLowerCase()}`) ? [server.name] : [],
    ),
  );
  return isLegacy(chosen.server) || kind === undefined || servers.length === 0
    ? steps.of('remove-values', {
        dn,
        attribute: 'msExchSourceBridgeheadServersDN',
        values: values.map((value) => (typeof value === 'string' ? value : '')),
      })
    : steps.of('set-sources', { kind, name: rdnOf(dn).value, servers });
}

function referrerBlockers(facts: DeletionFacts, proposal: Proposal<DirectoryChange>): readonly FindingDraft[] {
  const { configuration, recipients } = facts;
  const isCleared = clearedBy(proposal);
  return Object.entries(referenceBlockers).flatMap(
    ([id, { title, detail, steps: stepsFor, accepted, acceptedOfLast }]) => {
      const entries = configuration.referrers.filter(({ reference }) => reference.id === id);
      const recipient = recipients.find(({ reference }) => reference.id === id);
      const count = recipient?.count ?? 0;
      const evidence = [
        ...entries.map(describeReferrer),
        ...(recipient === undefined || count === 0 ? [] : countedEvidence(recipient)),
      ];
      if (evidence.length === 0) return [];
      const areCleared = [...entries, ...(recipient?.cleanable ?? [])].every(isCleared);
      const ofLast = facts.hasOtherServer || acceptedOfLast === undefined ? [] : [acceptedOfLast];
      const outcome = accepted === undefined ? ofLast : [areCleared ? accepted.cleared : accepted.left];
      const make = outcome.length > 0 ? blocker : finalBlocker;
      return [
        make(id, title, [detail(facts, entries), ...outcome].join(' '), {
          steps: stepsFor(facts, entries, recipient?.first ?? []),
          evidence,
          subjects: entries.map(({ dn }) => dn),
          measure: { value: entries.length + count, unit: 'references' },
        }),
      ];
    },
  );
}

function describeReferrer({ dn, otherValues, reference }: Referrer): string {
  return reference.kind === 'linked' && otherValues.length === 0 ? `${dn} (its only value)` : dn;
}
