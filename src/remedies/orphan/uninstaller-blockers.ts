/** Conditions under which the official uninstaller refuses: they stop the deletion here too. */

import { joinDn, parentDn, rdnOf } from '../../ad/dn.ts';
import { blocker, type FindingDraft, finalBlocker } from '../../change/findings.ts';
import type { DirectoryChange, Proposal } from '../../change/plan.ts';
import { quotedForPowerShell } from '../../quoting.ts';
import { counted, distinct, listed } from '../../words.ts';
import { namedOnly } from './deleted-server.ts';
import { type DeletionFacts, ownMailboxesIn } from './gather.ts';
import { type ExchangeServer, hasRole, isFullServer, isLegacy, releaseOf, roleBit } from './organisation.ts';
import type { OwnMailboxKind } from './own-mailboxes.ts';
import type { RecipientCount } from './recipients.ts';
import { adviceFor, clearCommand, clearedBy, countedEvidence, namedInFull } from './reference-findings.ts';
import type { Referrer } from './referrers.ts';
import { removalOfSubscription } from './supported-ways.ts';
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
  const advice = (move: () => string): string =>
    hasOtherServer
      ? `Move them first: ${move()}.`
      : 'No other server is left to move them to: recover this one, or accept this if the database files are gone for good. The accounts stay; their mailboxes are lost.';
  if (homed.length > 0)
    yield make(
      'mailboxes',
      `${counted(most, 'mailbox is', 'mailboxes are')} on the server or in its databases`,
      advice(() => moveMailboxes(facts)),
      { evidence: homed.flatMap(userEvidence), measure: { value: most, unit: 'objects' } },
    );
  yield* namedOnlyBlocker(facts);
  yield* ownMailboxBlocker(facts);
  if (archives !== undefined)
    yield make(
      'archives',
      `${counted(usersIn(archives), 'archive')} in the server's databases`,
      advice(() =>
        [
          ...activations(facts),
          ...databaseNames(facts).map(
            (name) =>
              `Get-Mailbox -Archive -ResultSize Unlimited | where ArchiveDatabase -eq ${name} | New-MoveRequest -ArchiveOnly`,
          ),
        ].join('; '),
      ),
      { evidence: userEvidence(archives), measure: { value: usersIn(archives), unit: 'objects' } },
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
    .map((dn) => quotedForPowerShell(rdnOf(dn).value));
}

/** A database with another copy is activated there: its mailboxes are where it is. */
function activations({ companions }: DeletionFacts): readonly string[] {
  return companions.flatMap(({ dn, copyOn }) => (copyOn === undefined ? [] : [activation(rdnOf(dn).value, copyOn)]));
}

/** The command that activates the copy of a database on another server. */
export function activation(database: string, server: string): string {
  return `Move-ActiveMailboxDatabase -Identity ${quotedForPowerShell(database)} -ActivateOnServer ${quotedForPowerShell(server)}`;
}

/** Where mailboxes are moved from. A cmdlet finds a server by its name: not where others bear it. */
function movedFrom(facts: DeletionFacts): readonly string[] {
  return facts.sharedNames.length === 0 && activations(facts).length === 0
    ? [`-Server ${quotedForPowerShell(facts.chosen.server.name)}`]
    : databaseNames(facts).map((name) => `-Database ${name}`);
}

/** How its users' mailboxes are moved, in this version. */
function moveMailboxes(facts: DeletionFacts): string {
  const { chosen } = facts;
  if (isLegacy(chosen.server)) {
    return 'in Active Directory Users and Computers with Exchange Tasks, Move Mailbox';
  }
  const moves = movedFrom(facts).map((where) => `Get-Mailbox ${where} -ResultSize Unlimited | ${moveCmdlet(chosen)}`);
  return [...activations(facts), ...moves].join('; ');
}

/** New-MoveRequest picks a database without being given one; Move-Mailbox of 2007 has to be given one. */
function moveCmdlet({ server }: DeletionFacts['chosen']): string {
  return releaseOf(server).year === 2007 ? 'Move-Mailbox -TargetDatabase <database>' : 'New-MoveRequest';
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
    const switches = kinds.flatMap((kind) => movedBy[kind] ?? []);
    const moves = [
      ...activations(facts),
      ...switches.flatMap((one) => movedFrom(facts).map((where) => `Get-Mailbox ${one}${where} | New-MoveRequest`)),
    ];
    yield finalBlocker(
      'arbitration-mailboxes',
      title,
      `Another server can take them. ${moves.length === 0 ? '' : `Move them first: ${moves.join('; ')}. `}${kinds.flatMap((kind) => outcomeOf[kind] ?? []).join(' ')}`.trim(),
      parts,
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

/** The switches of Get-Mailbox that list each kind; the others are not moved. */
const movedBy: Readonly<Partial<Record<OwnMailboxKind, string>>> = {
  arbitration: '-Arbitration ',
  discovery: '',
  'audit log': '-AuditLog ',
};

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
      membershipAdvice(facts, server.availabilityGroup),
      { evidence: [server.availabilityGroup] },
    );
  if (!hasOtherServer)
    yield blocker(
      'only-server',
      'No other server of the Exchange organisation can take its place',
      `Check it: Get-ADObject -SearchBase ${quotedForPowerShell(joinDn('CN=Services', survey.forest.configurationNamingContext))} -LDAPFilter '(objectClass=msExchExchangeServer)'. Without any server the organisation can only be managed by installing a server, or Exchange's management tools, again. Accept this only if you install a new server at once, or stop using Exchange.`,
      { evidence: others.map(({ dn }) => `not counted: ${dn}`), subjects: [server.dn] },
    );
  if (edges.length > 0 && isHub(server) && !inSite.some(isHub))
    yield blocker(
      'last-hub-of-edge-subscription',
      'The server is the last hub transport server of a site with an Edge subscription',
      `Without it the Edge servers receive no recipients and deliver no mail. Install another hub transport server there${hasOtherServer ? `, or remove the subscriptions: ${adviceFor(edges, removalOfSubscription)}` : ''}.`,
      { evidence: edges.map(({ dn }) => dn), subjects: edges.map(({ dn }) => dn) },
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
  const steps = handedOver
    .filter(([id]) => of(id).length > 0)
    .map(([id, how]) => adviceFor(of(id), ({ dn }) => how(rdnOf(dn).value), ' '));
  const outcome = work.every(clearedBy(proposal))
    ? 'If you accept, the values are removed, and no server does this work.'
    : 'If you accept, no server does this work, and the references that you left out name the deleted server.';
  yield blocker(
    'legacy-work',
    'The server is routing group master, Recipient Update Service or site folder server',
    `Give this work to another server first. ${steps.join(' ')} ${outcome}`,
    {
      evidence: work.map(({ id }) => id),
      subjects: work.map(({ dn }) => dn),
      measure: { value: work.length, unit: 'references' },
    },
  );
}

/** How to remove it from the group: by cmdlets if a server is left to run them and they find this object by its name. */
function membershipAdvice(facts: DeletionFacts, group: string): string {
  const { chosen, hasOtherServer, sharedNames } = facts;
  if (hasOtherServer && sharedNames.length === 0) return leaveGroup(facts, group);
  const why = hasOtherServer
    ? "Exchange's cmdlets find a server by its name and would remove the other one from the group."
    : 'No Exchange server is left to remove it from the group.';
  return `${why} Clear the link of this object: Set-ADObject -Identity ${quotedForPowerShell(chosen.server.dn)} -Clear msExchMDBAvailabilityGroupLink.`;
}

/** A database with another copy is activated there, never removed: that would lose a healthy copy. */
function leaveGroup(facts: DeletionFacts, group: string): string {
  const { chosen, companions } = facts;
  const name = quotedForPowerShell(chosen.server.name);
  const active = activations(facts);
  // The last copy of a database is never removed.
  const last = new Set(companions.flatMap(({ kind, dn, copyOn }) => (kind === 'database' && !copyOn ? [dn] : [])));
  const copies = companions
    .filter(({ kind, dn }) => kind === 'copy' && !last.has(parentDn(dn) ?? ''))
    .map(({ dn }) => rdnOf(parentDn(dn) ?? dn).value)
    .map(
      (database) => `Remove-MailboxDatabaseCopy -Identity ${quotedForPowerShell(`${database}\\${chosen.server.name}`)}`,
    );
  const steps = [
    ...(active.length === 0 ? [] : [`activate the databases elsewhere: ${active.join('; ')}`]),
    ...(copies.length === 0 ? [] : [`note the lag settings of its copies and remove them: ${copies.join('; ')}`]),
    `remove it from the group: Remove-DatabaseAvailabilityGroupServer -Identity ${quotedForPowerShell(rdnOf(group).value)} -MailboxServer ${name} -ConfigurationOnly`,
    'evict the node in Failover Cluster Manager',
  ];
  return `Remove the server from the group, in this order: ${steps.join('; ')}.`;
}

interface ReferenceBlocker {
  readonly title: string;
  readonly detail: (facts: DeletionFacts, entries: readonly Referrer[], recipients: readonly string[]) => string;
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
      `They are not below it and would stay without an owner. ${adviceFor(entries, (entry) => databaseAdvice(facts, entry), ' ')}${offerOf(facts)}`,
    accepted: {
      cleared: 'If you accept, the databases stay and their msExchOwningServer is cleared.',
      left: 'If you accept, the databases stay. If you left out clearing it, their msExchOwningServer names the deleted server.',
    },
  },
  'send-connector-source': {
    title: 'The server is a source server of connectors',
    detail: (facts, entries) =>
      `A connector without a source server no longer sends mail. Remove the server from each: ${adviceFor(entries, (entry) => connectorAdvice(facts, entry))}.`,
    accepted: {
      cleared: 'If you accept, this plan removes the value.',
      left: 'If you accept, the value is removed with the server.',
    },
  },
  'oab-generation': {
    title: 'The server generates offline address books',
    detail: ({ chosen, survey }, entries) => {
      const isOther = (server: ExchangeServer): boolean => server.dn !== chosen.server.dn && isFullServer(server);
      const other = serversOf(survey).find(isOther);
      const value = quotedForPowerShell(other === undefined ? '<DN of the new server>' : other.dn);
      const replace = ({ dn }: Referrer): string =>
        `Set-ADObject -Identity ${quotedForPowerShell(dn)} -Replace @{offLineABServer=${value}}`;
      const when =
        other === undefined
          ? 'The attribute is mandatory, and no other server is left. After you install a new server, set it to that one'
          : 'The attribute is mandatory and can only be set to another server';
      return `${when}: ${adviceFor(entries, replace)}.`;
    },
    acceptedOfLast:
      'If you accept, it points at a deleted entry until then, and the offline address book is not generated.',
  },
  'expansion-server': {
    title: 'The server is the expansion server of groups',
    detail: ({ survey }, _, groups) =>
      `Clear it on each group: ${adviceFor(groups, (dn) => clearCommand(survey.target, dn, 'msExchExpansionServerName'))}.`,
    accepted: {
      cleared: 'If you accept, this plan removes the value; groups of other domains keep it.',
      left: 'If you accept, the groups that you left out keep naming a deleted server.',
    },
  },
};

/** A database is activated where it has another copy; else its mailboxes are moved and it is removed. */
function databaseAdvice(
  { chosen, companions, hasOtherServer }: DeletionFacts,
  { dn, objectClasses }: Referrer,
): string {
  const name = quotedForPowerShell(rdnOf(dn).value);
  if (!hasOtherServer) return `${name}: no Exchange server is left to remove it.`;
  if (isLegacy(chosen.server)) return `${name}: move its mailboxes, then delete it in Exchange System Manager.`;
  const copyOn = companions.find((one) => one.dn === dn)?.copyOn;
  if (copyOn !== undefined) {
    return `${name} has a copy on ${copyOn}: activate it there with ${activation(rdnOf(dn).value, copyOn)}.`;
  }
  if (objectClasses.includes('msexchpublicmdb')) {
    return `${name}: once its public folders have replicas elsewhere, Remove-PublicFolderDatabase -Identity ${name}.`;
  }
  return `${name}: Get-Mailbox -Database ${name} -ResultSize Unlimited | ${moveCmdlet(chosen)}, then Remove-MailboxDatabase -Identity ${name}.`;
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

const connectorCmdlets: readonly (readonly [objectClass: string, cmdlet: string])[] = [
  ['msexchroutinggroupconnector', 'Set-RoutingGroupConnector'],
  ['msexchroutingsmtpconnector', 'Set-SendConnector'],
  ['msexchdeliveryagentconnector', 'Set-DeliveryAgentConnector'],
  ['mailgateway', 'Set-ForeignConnector'],
];

/** The cmdlet of the connector's kind with the other source servers; for 2003 what needs no Exchange shell. */
function connectorAdvice(
  { chosen, survey }: DeletionFacts,
  { dn, objectClasses, otherValues, values }: Referrer,
): string {
  const cmdlet = connectorCmdlets.find(([objectClass]) => objectClasses.includes(objectClass))?.[1];
  const others = otherValues.flatMap((value) =>
    survey.servers.flatMap(({ server }) =>
      typeof value === 'string' && value.toLowerCase().endsWith(`,${server.dn.toLowerCase()}`) ? [server.name] : [],
    ),
  );
  if (isLegacy(chosen.server) || cmdlet === undefined || others.length === 0) {
    const removed = values.map((value) => quotedForPowerShell(typeof value === 'string' ? value : '')).join(', ');
    return `Set-ADObject -Identity ${quotedForPowerShell(dn)} -Remove @{msExchSourceBridgeheadServersDN=${removed}}`;
  }
  return `${cmdlet} -Identity ${quotedForPowerShell(rdnOf(dn).value)} -SourceTransportServers ${others.map(quotedForPowerShell).join(', ')}`;
}

function referrerBlockers(facts: DeletionFacts, proposal: Proposal<DirectoryChange>): readonly FindingDraft[] {
  const { configuration, recipients } = facts;
  const isCleared = clearedBy(proposal);
  return Object.entries(referenceBlockers).flatMap(([id, { title, detail, accepted, acceptedOfLast }]) => {
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
      make(id, title, [detail(facts, entries, recipient?.first ?? []), ...outcome].join(' '), {
        evidence,
        subjects: entries.map(({ dn }) => dn),
        measure: { value: entries.length + count, unit: 'references' },
      }),
    ];
  });
}

function describeReferrer({ dn, otherValues, reference }: Referrer): string {
  return reference.kind === 'linked' && otherValues.length === 0 ? `${dn} (its only value)` : dn;
}
