/** What makes the official uninstaller refuse: it stops the deletion here too. */

import { joinDn, parentDn, rdnOf } from '../../ad/dn.ts';
import { blocker, type FindingDraft, finalBlocker } from '../../change/findings.ts';
import type { DirectoryChange, Proposal } from '../../change/plan.ts';
import { counted, distinct, listed } from '../../words.ts';
import { quotedForPowerShell } from '../../words-for-shells.ts';
import { type DeletionFacts, ownMailboxesIn, type Survey } from './gather.ts';
import { isFullServer } from './organisation.ts';
import type { OwnMailboxKind, RecipientCount } from './recipients.ts';
import { clearedBy, countedEvidence } from './reference-findings.ts';
import type { Referrer } from './referrers.ts';
import { isLegacy } from './supported-ways.ts';
import { hasRole, releaseOf, roleBit } from './versions.ts';

/** Mailboxes and archives, the server's place among others, and references that the uninstaller refuses. */
export function uninstallerBlockers(
  facts: DeletionFacts,
  proposal: Proposal<DirectoryChange>,
): readonly FindingDraft[] {
  return [...mailboxBlockers(facts), ...roleBlockers(facts), ...referrerBlockers(facts, proposal)];
}

function mailboxBlockers(facts: DeletionFacts): readonly FindingDraft[] {
  const { recipients, hasOtherServer } = facts;
  const found = (id: string): readonly RecipientCount[] =>
    recipients.filter(({ reference, count, own }) => reference.id === id && count > own.count);
  const homed = [...found('mailboxes'), ...found('database-mailboxes')];
  // Homed by name and by database, the same mailboxes are counted twice: the larger number counts.
  const most = Math.max(0, ...homed.map(usersIn));
  const [archives] = found('archives');
  // While another server can mount or take them, users' mailboxes are never given up.
  const make = hasOtherServer ? finalBlocker : blocker;
  const lost = hasOtherServer
    ? ''
    : ' No other server is left: accept this only if the database files are gone for good. The accounts stay; their mailboxes are lost.';
  return [
    ...(homed.length === 0
      ? []
      : [
          make(
            'mailboxes',
            `${counted(most, 'mailbox is', 'mailboxes are')} on the server or in its databases`,
            `Move them first: ${moveMailboxes(facts)}.${lost}`,
            { evidence: homed.flatMap(userEvidence), measure: { value: most, unit: 'objects' } },
          ),
        ]),
    ...ownMailboxBlocker(facts),
    ...(archives === undefined
      ? []
      : [
          make(
            'archives',
            `${counted(usersIn(archives), 'archive')} in the server's databases`,
            `Move them first: ${databaseNames(facts)
              .map(
                (name) =>
                  `Get-Mailbox -Archive -ResultSize Unlimited | where ArchiveDatabase -eq ${name} | New-MoveRequest -ArchiveOnly`,
              )
              .join('; ')}.${lost}`,
            { evidence: userEvidence(archives), measure: { value: usersIn(archives), unit: 'objects' } },
          ),
        ]),
  ];
}

function usersIn({ count, own }: RecipientCount): number {
  return count - own.count;
}

function userEvidence(recipient: RecipientCount): readonly string[] {
  return countedEvidence({ ...recipient, count: usersIn(recipient) });
}

/** Names of its databases for commands, the first of them. */
function databaseNames({ databases }: DeletionFacts): readonly string[] {
  return databases.slice(0, 3).map((dn) => quotedForPowerShell(rdnOf(dn).value));
}

/** How its users' mailboxes are moved, in this version. A cmdlet finds a server by its name: not where others bear it. */
function moveMailboxes(facts: DeletionFacts): string {
  const { chosen, sharedNames } = facts;
  if (isLegacy(chosen.server)) {
    return 'in Active Directory Users and Computers with Exchange Tasks, Move Mailbox';
  }
  const from =
    sharedNames.length === 0
      ? [`-Server ${quotedForPowerShell(chosen.server.name)}`]
      : databaseNames(facts).map((name) => `-Database ${name}`);
  return from.map((where) => `Get-Mailbox ${where} -ResultSize Unlimited | ${moveCmdlet(chosen)}`).join('; ');
}

/** New-MoveRequest picks a database without being given one; Move-Mailbox of 2007 has to be given one. */
function moveCmdlet({ server }: DeletionFacts['chosen']): string {
  return releaseOf(server).year === 2007 ? 'Move-Mailbox -TargetDatabase <database>' : 'New-MoveRequest';
}

/** Mailboxes of Exchange's own: moved while another server is there, else cleared by this plan. */
function ownMailboxBlocker(facts: DeletionFacts): readonly FindingDraft[] {
  const { chosen, hasOtherServer, ownMailboxAttributes, recipients, sharedNames } = facts;
  const mailboxes = ownMailboxesIn(recipients);
  if (mailboxes.length === 0) return [];
  const title = `${counted(mailboxes.length, "mailbox of Exchange's own is", "mailboxes of Exchange's own are")} on the server (${listed(distinct(mailboxes.map(({ kind }) => kind)))})`;
  const parts = {
    evidence: mailboxes.map(({ dn, kind }) => `${kind}: ${dn}`),
    subjects: mailboxes.map(({ dn }) => dn),
    measure: { value: mailboxes.length, unit: 'objects' },
  } as const;
  if (hasOtherServer) {
    const from =
      sharedNames.length === 0
        ? [`-Server ${quotedForPowerShell(chosen.server.name)}`]
        : databaseNames(facts).map((name) => `-Database ${name}`);
    const kinds = distinct(mailboxes.map(({ kind }) => kind));
    const switches = kinds.flatMap((kind) => movedBy[kind] ?? []);
    const moves = switches.flatMap((one) => from.map((where) => `Get-Mailbox ${one}${where} | New-MoveRequest`));
    return [
      finalBlocker(
        'arbitration-mailboxes',
        title,
        `Another server can take them. ${moves.length === 0 ? '' : `Move them first: ${moves.join('; ')}. `}${kinds.flatMap((kind) => outcomeOf[kind] ?? []).join(' ')}`.trim(),
        parts,
      ),
    ];
  }
  const cleared = new Set(ownMailboxAttributes.map(({ dn }) => dn));
  const isCleared = mailboxes.every(({ dn }) => cleared.has(dn));
  const outcome = isCleared
    ? 'No Exchange is left that could move them. If you accept, this plan clears all of their mailbox attributes, and the accounts stay without a mailbox: the next steps delete them, and say what makes them again.'
    : 'This domain controller cannot write all of them: name one of their domain with --server.';
  return [
    isCleared
      ? blocker('arbitration-mailboxes', title, outcome, parts)
      : finalBlocker('arbitration-mailboxes', title, outcome, parts),
  ];
}

/** The switches of Get-Mailbox that list each kind; the others are not moved. */
const movedBy: Readonly<Partial<Record<OwnMailboxKind, string>>> = {
  arbitration: '-Arbitration ',
  discovery: '',
  'audit log': '-AuditLog ',
};

/** What happens to those that are not moved. */
const outcomeOf: Readonly<Partial<Record<OwnMailboxKind, string>>> = {
  monitoring: 'Health mailboxes are made again by the Health Manager service: delete their accounts.',
  system: 'The system mailbox of a database goes with it.',
};

function roleBlockers(facts: DeletionFacts): readonly FindingDraft[] {
  const { chosen, survey, sharedNames, hasOtherServer } = facts;
  const { server } = chosen;
  const others = survey.servers.filter((one) => one.server.dn !== server.dn);
  const isHub = (roles: number | undefined): boolean =>
    hasRole(roles, roleBit.hubTransport | roleBit.frontEndTransport);
  const edges = others.filter((one) => hasRole(one.server.roles, roleBit.edge) && one.server.site === server.site);
  const otherHubs = others.filter((one) => isHub(one.server.roles) && one.server.site === server.site);
  return [
    ...(server.availabilityGroup === undefined
      ? []
      : [
          finalBlocker(
            'dag-member',
            'The server is a member of a database availability group',
            sharedNames.length === 0
              ? leaveGroup(facts, server.availabilityGroup)
              : `Exchange's cmdlets find a server by its name, and would take the other one out of the group. Clear the link of this very object: Set-ADObject -Identity ${quotedForPowerShell(server.dn)} -Clear msExchMDBAvailabilityGroupLink.`,
            { evidence: [server.availabilityGroup] },
          ),
        ]),
    ...(hasOtherServer
      ? []
      : [
          blocker(
            'only-server',
            'No other server of the Exchange organisation can take its place',
            `Check it${isLegacy(server) ? '' : ': Get-ExchangeServer | Format-Table Name, ServerRole, AdminDisplayVersion; where no Exchange shell is left'}: Get-ADObject -SearchBase ${quotedForPowerShell(servicesOf(survey))} -LDAPFilter '(objectClass=msExchExchangeServer)'. Without any server the organisation can only be managed by installing one again. Accept this only if you install a new one at once, or give Exchange up.`,
            { evidence: others.map(({ server: { dn } }) => `not counted: ${dn}`), subjects: [server.dn] },
          ),
        ]),
    ...(edges.length === 0 || !isHub(server.roles) || otherHubs.length > 0
      ? []
      : [
          blocker(
            'last-hub-of-edge-subscription',
            'The server is the last hub transport server of a site with an Edge subscription',
            'Without it the Edge servers get no recipients and deliver nothing: Remove-EdgeSubscription, or install another hub there.',
            { evidence: edges.map((one) => one.server.dn), subjects: edges.map((one) => one.server.dn) },
          ),
        ]),
  ];
}

/** A database with another copy is activated there, never removed: that would lose a healthy copy. */
function leaveGroup({ chosen, companions }: DeletionFacts, group: string): string {
  const name = quotedForPowerShell(chosen.server.name);
  const active = companions.flatMap(({ dn, copyOn }) =>
    copyOn === undefined
      ? []
      : [
          `Move-ActiveMailboxDatabase -Identity ${quotedForPowerShell(rdnOf(dn).value)} -ActivateOnServer ${quotedForPowerShell(copyOn)}`,
        ],
  );
  const copies = companions
    .filter(({ kind, copyOn }) => kind === 'copy' || copyOn !== undefined)
    .map(({ kind, dn }) => rdnOf(kind === 'copy' ? (parentDn(dn) ?? dn) : dn).value)
    .map(
      (database) => `Remove-MailboxDatabaseCopy -Identity ${quotedForPowerShell(`${database}\\${chosen.server.name}`)}`,
    );
  const steps = [
    ...(active.length === 0 ? [] : [`activate the databases elsewhere: ${active.join('; ')}`]),
    ...(copies.length === 0 ? [] : [`note the lag settings of its copies and remove them: ${copies.join('; ')}`]),
    `take it out of the group: Remove-DatabaseAvailabilityGroupServer -Identity ${quotedForPowerShell(rdnOf(group).value)} -MailboxServer ${name} -ConfigurationOnly`,
    'evict the node in Failover Cluster Manager',
  ];
  return `In this order: ${steps.join('; ')}.`;
}

function servicesOf({ forest }: Survey): string {
  return joinDn('CN=Services', forest.configurationNamingContext);
}

interface ReferenceBlocker {
  readonly title: string;
  readonly detail: (facts: DeletionFacts, entries: readonly Referrer[], recipients: readonly string[]) => string;
  /** What happens to the references when the blocker is accepted; undefined if it can't be. */
  readonly accepted?: { readonly cleared: string; readonly left: string };
}

/** Entries that advice names in full; the rest is in the evidence. */
const namedInFull = 3;

/** Blockers of the official uninstaller that are references; they may be overruled where the reference can be cleared. */
const referenceBlockers: Readonly<Record<string, ReferenceBlocker>> = {
  'owned-databases': {
    title: 'The server owns databases',
    detail: (facts, entries) =>
      `They are not below it and stay behind without an owner. ${entries
        .slice(0, namedInFull)
        .map((entry) => databaseAdvice(facts, entry))
        .join(' ')}${offerOf(facts)}`,
    accepted: {
      cleared: 'If you accept, the databases stay and their msExchOwningServer is cleared.',
      left: 'If you accept, the databases stay, and where you left that out their msExchOwningServer names the deleted server.',
    },
  },
  'send-connector-source': {
    title: 'The server is a source server of connectors',
    detail: (facts, entries) =>
      `Take it out: ${entries
        .slice(0, namedInFull)
        .map((entry) => connectorAdvice(facts, entry))
        .join('; ')}. A connector without a source server sends nothing any more.`,
    accepted: {
      cleared: 'If you accept, the value is removed here.',
      left: 'If you accept, the value goes with the server.',
    },
  },
  'oab-generation': {
    title: 'The server generates offline address books',
    detail: ({ chosen, survey }, entries) => {
      const other = survey.servers.find((one) => one.server.dn !== chosen.server.dn && isFullServer(one.server));
      const value = other === undefined ? '<DN of another server>' : other.server.dn;
      return `The attribute is mandatory and can only be given another server: ${entries
        .slice(0, namedInFull)
        .map(
          ({ dn }) =>
            `Set-ADObject -Identity ${quotedForPowerShell(dn)} -Replace @{offLineABServer=${quotedForPowerShell(value)}}`,
        )
        .join('; ')}.`;
    },
  },
  'expansion-server': {
    title: 'The server is the expansion server of groups',
    detail: (_, __, groups) =>
      `Take it out: ${groups
        .slice(0, namedInFull)
        .map((dn) => `Set-ADObject -Identity ${quotedForPowerShell(dn)} -Clear msExchExpansionServerName`)
        .join('; ')}.`,
    accepted: {
      cleared: 'If you accept, the value is removed here.',
      left: 'If you accept, those that you left out go on naming a server that is gone.',
    },
  },
};

/** A database is activated where it has another copy; else its mailboxes are moved and it is removed. */
function databaseAdvice({ chosen, companions }: DeletionFacts, { dn, objectClasses }: Referrer): string {
  const name = quotedForPowerShell(rdnOf(dn).value);
  if (isLegacy(chosen.server)) return `${name}: move its mailboxes, then delete it in Exchange System Manager.`;
  const copyOn = companions.find((one) => one.dn === dn)?.copyOn;
  if (copyOn !== undefined) {
    return `${name} has a copy on ${copyOn}: activate it there with Move-ActiveMailboxDatabase -Identity ${name} -ActivateOnServer ${quotedForPowerShell(copyOn)}.`;
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
  return Object.entries(referenceBlockers).flatMap(([id, { title, detail, accepted }]) => {
    const entries = configuration.referrers.filter(({ reference }) => reference.id === id);
    const recipient = recipients.find(({ reference }) => reference.id === id);
    const count = recipient?.count ?? 0;
    const evidence = [
      ...entries.map(describeReferrer),
      ...(recipient === undefined || count === 0 ? [] : countedEvidence(recipient)),
    ];
    if (evidence.length === 0) return [];
    const areCleared = [...entries, ...(recipient?.cleanable ?? [])].every(isCleared);
    const outcome = accepted === undefined ? [] : [areCleared ? accepted.cleared : accepted.left];
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
