/** What makes the official uninstaller refuse: it stops the deletion here too. */

import { joinDn } from '../../ad/dn.ts';
import { blocker, type FindingDraft, finalBlocker } from '../../change/findings.ts';
import type { DirectoryChange, Proposal } from '../../change/plan.ts';
import { counted, distinct } from '../../words.ts';
import { quotedForPowerShell } from '../../words-for-shells.ts';
import type { DeletionFacts, Survey } from './gather.ts';
import { isFullServer } from './organisation.ts';
import type { RecipientCount } from './recipients.ts';
import { clearedBy, countedEvidence } from './reference-findings.ts';
import type { Referrer } from './referrers.ts';
import { hasRole, roleBit } from './versions.ts';

/** Mailboxes and archives, the server's place among others, and references that the uninstaller refuses. */
export function uninstallerBlockers(
  facts: DeletionFacts,
  proposal: Proposal<DirectoryChange>,
): readonly FindingDraft[] {
  return [...mailboxBlockers(facts), ...roleBlockers(facts), ...referrerBlockers(facts, proposal)];
}

function mailboxBlockers({ recipients, chosen, sharedNames }: DeletionFacts): readonly FindingDraft[] {
  // Exchange's cmdlets find a server by its name.
  const here = sharedNames.length === 0 ? `-Server ${chosen.server.name}` : '-Database "<its database>"';
  const found = (id: string): readonly RecipientCount[] =>
    recipients.filter(({ reference, count }) => reference.id === id && count > 0);
  const homed = [...found('mailboxes'), ...found('database-mailboxes')];
  // Homed by name and by database, the same mailboxes are counted twice: the larger number counts.
  const most = Math.max(0, ...homed.map(({ count }) => count));
  const [archives] = found('archives');
  const system = distinct(homed.flatMap(({ systemMailboxes }) => systemMailboxes.first));
  return [
    ...(homed.length === 0
      ? []
      : [
          finalBlocker(
            'mailboxes',
            `${counted(most, 'mailbox is', 'mailboxes are')} on the server or in its databases`,
            `Move them first: Get-Mailbox ${here} -ResultSize Unlimited | New-MoveRequest -TargetDatabase "<database>". If the database files are lost: Get-Mailbox ${here} | Set-Mailbox -Database "<database>".`,
            { evidence: homed.flatMap(countedEvidence), measure: { value: most, unit: 'objects' } },
          ),
        ]),
    ...(system.length === 0
      ? []
      : [
          finalBlocker(
            'arbitration-mailboxes',
            "Mailboxes of Exchange's own are on the server (arbitration, discovery, audit log, monitoring or system)",
            `Move them: Get-Mailbox -Arbitration ${here} | New-MoveRequest -TargetDatabase "<database>"; those of the audit log with -AuditLog in place of -Arbitration (2016 and later). If the files are lost, Setup /PrepareAD makes them again. HealthMailbox… are made again by the Health Manager service: delete their accounts. A SystemMailbox{…} goes with its database.`,
            { evidence: system },
          ),
        ]),
    ...(archives === undefined
      ? []
      : [
          finalBlocker(
            'archives',
            `${counted(archives.count, 'archive')} in the server's databases`,
            'Move them first: Get-Mailbox -Archive -ResultSize Unlimited | where ArchiveDatabase -eq "<its database>" | New-MoveRequest -ArchiveOnly -ArchiveTargetDatabase "<database>".',
            { evidence: countedEvidence(archives), measure: { value: archives.count, unit: 'objects' } },
          ),
        ]),
  ];
}

function roleBlockers({ chosen, survey, sharedNames }: DeletionFacts): readonly FindingDraft[] {
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
              ? `Take it out of the group: Remove-MailboxDatabaseCopy for its copies, then Remove-DatabaseAvailabilityGroupServer -Identity "<DAG>" -MailboxServer ${server.name} -ConfigurationOnly, and evict it from the cluster.`
              : `Exchange's cmdlets find a server by its name, and would take the other one out of the group. Clear the link of this very object: Set-ADObject -Identity ${quotedForPowerShell(server.dn)} -Clear msExchMDBAvailabilityGroupLink.`,
            { evidence: [server.availabilityGroup] },
          ),
        ]),
    ...(others.some((one) => isFullServer(one.server))
      ? []
      : [
          blocker(
            'only-server',
            'No other server of the Exchange organisation can take its place',
            `Check it: Get-ExchangeServer | Format-Table Name, ServerRole, AdminDisplayVersion; where no Exchange shell is left: Get-ADObject -SearchBase ${quotedForPowerShell(servicesOf(survey))} -LDAPFilter '(objectClass=msExchExchangeServer)'. Without any server the organisation can only be managed by installing one again: Setup /Mode:Install /Roles:Mailbox. Accept this only if you install a new one at once, or give Exchange up.`,
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

function servicesOf({ forest }: Survey): string {
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
      cleared: 'If you accept, the databases stay and their msExchOwningServer is cleared.',
      left: 'If you accept, the databases stay, and where you left that out their msExchOwningServer names the deleted server.',
    },
  },
  'send-connector-source': {
    title: 'The server is a source server of connectors',
    detail:
      'Take it out: Set-SendConnector "<connector>" -SourceTransportServers <the other servers>; of other kinds of connectors with Set-RoutingGroupConnector, Set-ForeignConnector or Set-DeliveryAgentConnector, and the same parameter. A connector without a source server sends nothing any more.',
    accepted: {
      cleared: 'If you accept, the value is removed here.',
      left: 'If you accept, the value goes with the server.',
    },
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
      cleared: 'If you accept, the value is removed here.',
      left: 'If you accept, those that you left out go on naming a server that is gone.',
    },
  },
};

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
      make(id, title, [detail, ...outcome].join(' '), {
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
