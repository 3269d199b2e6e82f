/** What makes the official uninstaller refuse: it is in the way here too. */

import { joinDn } from '../../directory/dn.ts';
import { type Conclusion, counted } from './conclusion.ts';
import type { OrphanFacts } from './gather.ts';
import { quotedForPowerShell } from './powershell.ts';
import type { RecipientCount, Referrer } from './referrers.ts';
import { hasRole, roleBit } from './roles.ts';

/** Mailboxes and archives, the server's place among others, and references that the uninstaller minds. */
export function uninstallerBlockers(facts: OrphanFacts): readonly Conclusion[] {
  return [...mailboxBlockers(facts), ...roleBlockers(facts), ...referrerBlockers(facts)];
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
            title: "Mailboxes of Exchange's own (arbitration, discovery or monitoring) are on the server",
            detail: `Move them: Get-Mailbox -Arbitration ${here} | New-MoveRequest -TargetDatabase "<database>"; if the files are lost, Setup /PrepareAD makes them again.`,
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

export function countedEvidence({ reference, count, first }: RecipientCount): readonly string[] {
  const more = count - first.length;
  return [
    `${count.toLocaleString('en')} ${reference.who} (${reference.attribute})`,
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
    ...(others.length > 0
      ? []
      : [
          {
            id: 'only-server',
            level: 'blocker',
            title: 'The server is the only one of the Exchange organisation',
            detail: `Look yourself: Get-ExchangeServer | Format-Table Name, ServerRole, AdminDisplayVersion; where no Exchange shell is left: Get-ADObject -SearchBase ${quotedForPowerShell(servicesOf(survey))} -LDAPFilter '(objectClass=msExchExchangeServer)'. Without any server the organisation can only be managed by installing one again: Setup /Mode:Install /Roles:Mailbox. Accept this only if you install a new one at once, or give Exchange up.`,
            evidence: [server.dn],
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

/** Blockers of the official uninstaller that are references; they may be overruled where the reference can be cleared. */
const referenceBlockers: Readonly<Record<string, Pick<Conclusion, 'title' | 'detail' | 'acceptable'>>> = {
  'owned-databases': {
    title: 'The server owns databases',
    detail:
      'They are not below it and stay behind without an owner. Remove those that are not needed: Remove-MailboxDatabase "<database>"; move the others with Set-MailboxDatabase or mount them elsewhere. Accepted, their msExchOwningServer is cleared and they remain.',
    acceptable: true,
  },
  'send-connector-source': {
    title: 'The server is a source server of connectors',
    detail:
      'Take it out: Set-SendConnector "<connector>" -SourceTransportServers <the other servers>. Accepted, the value is removed here; a connector that has no other source server sends nothing any more.',
    acceptable: true,
  },
  'oab-generation': {
    title: 'The server generates offline address books',
    detail:
      'The attribute is mandatory and can only be given another server: Move-OfflineAddressBook "<address book>" -Server <other server>.',
  },
  'expansion-server': {
    title: 'The server is the expansion server of groups',
    detail:
      'Give them another or none: Set-DistributionGroup "<group>" -ExpansionServer $null. Accepted, the value is removed here.',
    acceptable: true,
  },
};

function referrerBlockers({ chosen, configuration, recipients }: OrphanFacts): readonly Conclusion[] {
  return Object.entries(referenceBlockers).flatMap(([id, blocker]) => {
    const entries = configuration.referrers.filter(({ reference }) => reference.id === id);
    const counted = recipients.find(({ reference }) => reference.id === id);
    const evidence = [
      ...entries.map(describeReferrer),
      ...(counted === undefined || counted.count === 0 ? [] : countedEvidence(counted)),
    ];
    return evidence.length === 0
      ? []
      : [
          {
            id,
            level: 'blocker',
            ...blocker,
            detail: blocker.detail.replaceAll('<server>', chosen.server.name),
            evidence,
          } as const,
        ];
  });
}

function describeReferrer({ dn, others, reference }: Referrer): string {
  return reference.kind === 'linked' && others === 0 ? `${dn} (its only value)` : dn;
}
