/** What makes the official uninstaller refuse: it is in the way here too. */

import { joinDn } from '../../ad/dn.ts';
import { type Conclusion, counted } from './conclusion.ts';
import type { OrphanFacts } from './gather.ts';
import type { OrphanOptions } from './options.ts';
import { isFullServer } from './organisation.ts';
import { cleanedReferrers } from './plan.ts';
import { quotedForPowerShell } from './powershell.ts';
import type { RecipientCount, Referrer } from './referrers.ts';
import { hasRole, roleBit } from './roles.ts';

/** Mailboxes and archives, the server's place among others, and references that the uninstaller minds. */
export function uninstallerBlockers(facts: OrphanFacts, options: OrphanOptions): readonly Conclusion[] {
  return [...mailboxBlockers(facts), ...roleBlockers(facts), ...referrerBlockers(facts, options)];
}

function mailboxBlockers({ recipients, chosen, sharedNames }: OrphanFacts): readonly Conclusion[] {
  // Exchange's cmdlets find a server by its name.
  const here = sharedNames.length === 0 ? `-Server ${chosen.server.name}` : '-Database "<its database>"';
  const found = (id: string): readonly RecipientCount[] =>
    recipients.filter(({ reference, count }) => reference.id === id && count > 0);
  const homed = [...found('mailboxes'), ...found('database-mailboxes')];
  const [archives] = found('archives');
  const system = homed.flatMap(({ systemMailboxes }) => systemMailboxes.first);
  return [
    ...(homed.length === 0
      ? []
      : [
          {
            id: 'mailboxes',
            level: 'blocker',
            title: `${mailboxesAre(homed)} on the server or in its databases`,
            detail: `Move them first: Get-Mailbox ${here} -ResultSize Unlimited | New-MoveRequest -TargetDatabase "<database>". If the database files are lost: Get-Mailbox ${here} | Set-Mailbox -Database "<database>".`,
            evidence: homed.flatMap(countedEvidence),
          } as const,
        ]),
    ...(system.length === 0
      ? []
      : [
          {
            id: 'arbitration-mailboxes',
            level: 'blocker',
            title:
              "Mailboxes of Exchange's own are on the server (arbitration, discovery, audit log, monitoring or system)",
            detail: `Move them: Get-Mailbox -Arbitration ${here} | New-MoveRequest -TargetDatabase "<database>"; those of the audit log with -AuditLog in place of -Arbitration (2016 and later). If the files are lost, Setup /PrepareAD makes them again. HealthMailbox… are made again by the Health Manager service: delete their accounts. A SystemMailbox{…} goes with its database.`,
            evidence: [...new Set(system)],
          } as const,
        ]),
    ...(archives === undefined
      ? []
      : [
          {
            id: 'archives',
            level: 'blocker',
            title: `${counted(archives.count, 'archive')} in the server's databases`,
            detail:
              'Move them first: Get-Mailbox -Archive -ResultSize Unlimited | where ArchiveDatabase -eq "<its database>" | New-MoveRequest -ArchiveOnly -ArchiveTargetDatabase "<database>".',
            evidence: countedEvidence(archives),
          } as const,
        ]),
  ];
}

/** Homed by name and by database, the same mailboxes are counted twice: the larger number counts. */
function mailboxesAre(homed: readonly RecipientCount[]): string {
  const most = Math.max(...homed.map(({ count }) => count));
  return counted(most, 'mailbox is', 'mailboxes are');
}

/** The number of the recipients and the first of them, a line each. */
export function countedEvidence({ reference, count, first }: RecipientCount): readonly string[] {
  const more = count - first.length;
  return [
    `${counted(count, reference.one, reference.who)} (${reference.attribute})`,
    ...first,
    ...(more > 0 ? [`… and ${more.toLocaleString('en')} more`] : []),
  ];
}

function roleBlockers({ chosen, survey, sharedNames }: OrphanFacts): readonly Conclusion[] {
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
          {
            id: 'dag-member',
            level: 'blocker',
            title: 'The server is a member of a database availability group',
            detail:
              sharedNames.length === 0
                ? `Take it out of the group: Remove-MailboxDatabaseCopy for its copies, then Remove-DatabaseAvailabilityGroupServer -Identity "<DAG>" -MailboxServer ${server.name} -ConfigurationOnly, and evict it from the cluster.`
                : `Exchange's cmdlets find a server by its name, and would take the other one out of the group. Clear the link of this very object: Set-ADObject -Identity ${quotedForPowerShell(server.dn)} -Clear msExchMDBAvailabilityGroupLink.`,
            evidence: [server.availabilityGroup],
          } as const,
        ]),
    ...(others.some((one) => isFullServer(one.server))
      ? []
      : [
          {
            id: 'only-server',
            level: 'blocker',
            title: 'No other server of the Exchange organisation can take its place',
            detail: `Look yourself: Get-ExchangeServer | Format-Table Name, ServerRole, AdminDisplayVersion; where no Exchange shell is left: Get-ADObject -SearchBase ${quotedForPowerShell(servicesOf(survey))} -LDAPFilter '(objectClass=msExchExchangeServer)'. Without any server the organisation can only be managed by installing one again: Setup /Mode:Install /Roles:Mailbox. Accept this only if you install a new one at once, or give Exchange up.`,
            evidence: others.map(({ server: { dn } }) => `not counted: ${dn}`),
            acceptable: true,
          } as const,
        ]),
    ...(edges.length === 0 || !isHub(server.roles) || otherHubs.length > 0
      ? []
      : [
          {
            id: 'last-hub-of-edge-subscription',
            level: 'blocker',
            title: 'The server is the last hub transport server of a site with an Edge subscription',
            detail:
              'Without it the Edge servers get no recipients and deliver nothing: Remove-EdgeSubscription, or install another hub there.',
            evidence: edges.map((one) => one.server.dn),
            acceptable: true,
          } as const,
        ]),
  ];
}

function servicesOf({ forest }: OrphanFacts['survey']): string {
  return joinDn('CN=Services', forest.configurationNamingContext);
}

interface ReferenceBlocker {
  readonly title: string;
  readonly detail: string;
  /** What happens to the references when the blocker is accepted; undefined if it can't be. */
  readonly accepted?: { readonly cleared: string; readonly left: string };
}

/** Blockers of the official uninstaller that are references; they may be overruled where the reference can be cleared. */
const referenceBlockers: Readonly<Record<string, ReferenceBlocker>> = {
  'owned-databases': {
    title: 'The server owns databases',
    detail:
      'They are not below it and stay behind without an owner. Move the mailboxes of those that are needed: Get-Mailbox -Database "<database>" -ResultSize Unlimited | New-MoveRequest -TargetDatabase "<another>". Then remove them: Get-MailboxDatabase "<database>" | Remove-MailboxDatabase, and those of public folders, once they have replicas elsewhere: Get-PublicFolderDatabase "<database>" | Remove-PublicFolderDatabase.',
    accepted: {
      cleared: 'Accepted, their msExchOwningServer is cleared and they remain.',
      left: 'Accepted, they remain, and where you left that out their msExchOwningServer names the deleted server.',
    },
  },
  'send-connector-source': {
    title: 'The server is a source server of connectors',
    detail:
      'Take it out: Set-SendConnector "<connector>" -SourceTransportServers <the other servers>; of other kinds of connectors with Set-RoutingGroupConnector, Set-ForeignConnector or Set-DeliveryAgentConnector, and the same parameter. A connector without a source server sends nothing any more.',
    accepted: { cleared: 'Accepted, the value is removed here.', left: 'Accepted, the value goes with the server.' },
  },
  'oab-generation': {
    title: 'The server generates offline address books',
    detail:
      'The attribute is mandatory and can only be given another server: Move-OfflineAddressBook "<address book>" -Server <other server>.',
  },
  'expansion-server': {
    title: 'The server is the expansion server of groups',
    detail:
      'Give them another or none: Set-DistributionGroup "<group>" -ExpansionServer $null, and Set-DynamicDistributionGroup for dynamic ones.',
    accepted: {
      cleared: 'Accepted, the value is removed here.',
      left: 'Accepted, those that you left out go on naming a server that is gone.',
    },
  },
};

function referrerBlockers(facts: OrphanFacts, options: OrphanOptions): readonly Conclusion[] {
  const { configuration, recipients } = facts;
  const cleaned = new Set(cleanedReferrers(facts, options).map(({ id }) => id));
  return Object.entries(referenceBlockers).flatMap(([id, { title, detail, accepted }]) => {
    const entries = configuration.referrers.filter(({ reference }) => reference.id === id);
    const recipient = recipients.find(({ reference }) => reference.id === id);
    const evidence = [
      ...entries.map(describeReferrer),
      ...(recipient === undefined || recipient.count === 0 ? [] : countedEvidence(recipient)),
    ];
    if (evidence.length === 0) return [];
    const isCleared = [...entries, ...(recipient?.cleanable ?? [])].every((referrer) => cleaned.has(referrer.id));
    const outcome = accepted === undefined ? [] : [isCleared ? accepted.cleared : accepted.left];
    return [
      { id, level: 'blocker', title, detail: [detail, ...outcome].join(' '), acceptable: outcome.length > 0, evidence },
    ];
  });
}

function describeReferrer({ dn, otherValues, reference }: Referrer): string {
  return reference.kind === 'linked' && otherValues.length === 0 ? `${dn} (its only value)` : dn;
}
