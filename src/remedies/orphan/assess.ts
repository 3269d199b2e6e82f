/** What the facts come to: the supported ways first, then what stands against the deletion. */

import type { Finding, FindingLevel } from '../../change/plan.ts';
import { joinDn } from '../../directory/dn.ts';
import { daysSince, hasLoggedOnLately, inDays } from './evidence.ts';
import type { OrphanFacts } from './gather.ts';
import type { OrphanOptions } from './options.ts';
import { cleanedReferrers } from './plan.ts';
import { quotedForPowerShell } from './powershell.ts';
import type { RecipientCount, Referrer } from './referrers.ts';
import { hasRole, isOnlyProvisioned, raisesInconsistentState, roleBit, rolesInWords } from './roles.ts';
import { bearersOf } from './shared-names.ts';
import { isProtected } from './subtree.ts';
import { versionInWords } from './versions.ts';

interface Conclusion {
  readonly id: string;
  readonly level: FindingLevel;
  readonly title: string;
  readonly detail: string;
  readonly evidence?: readonly string[];
  readonly acceptable?: boolean;
}

/** The findings, the supported ways first and the blockers next. */
export function assess(facts: OrphanFacts, options: OrphanOptions): readonly Finding[] {
  const conclusions = [
    ...supportedWays(facts),
    ...mailboxBlockers(facts),
    ...roleBlockers(facts),
    ...referrerBlockers(facts),
    ...danglingBlockers(facts, options),
    ...liveBlockers(facts),
    ...rightsBlockers(facts),
    ...remarks(facts),
  ];
  return conclusions.map((conclusion) => ({
    evidence: [],
    acceptable: false,
    ...conclusion,
    accepted:
      conclusion.level === 'blocker' && conclusion.acceptable === true && options.accept.includes(conclusion.id),
  }));
}

/** "1 reference", "1,204 references" */
function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/** What Microsoft supports instead, as steps. */
export function supportedSteps({
  chosen,
  sharedNames,
}: Pick<OrphanFacts, 'chosen' | 'sharedNames'>): readonly string[] {
  const { name, roles } = chosen.server;
  if (sharedNames.length > 0) {
    return [
      `None for this object: Setup finds a server by its name, and would take ${bearersOf(sharedNames).join(' or ')} for it.`,
    ];
  }
  const provisioned = isOnlyProvisioned(roles)
    ? [`Setup /RemoveProvisionedServer:${name}   (the object was only provisioned)`]
    : [];
  return [
    ...provisioned,
    'If the machine is still there: run setup again; it resumes where it failed. Do not remove the watermark.',
    `If the machine is lost: reset the computer account, install the same Windows under the name ${name}, run Setup /m:RecoverServer, then uninstall.`,
  ];
}

function supportedWays(facts: OrphanFacts): readonly Conclusion[] {
  const { server } = facts.chosen;
  const explains = raisesInconsistentState(server.roles)
    ? 'With its roles this object explains the message "The Exchange Server is in an inconsistent state. Only disaster recovery mode is available", if setup runs on a machine of its name.'
    : 'With its roles this object does not raise the message "The Exchange Server is in an inconsistent state": look for another object or a watermark if setup says so.';
  return [
    {
      id: 'supported-ways',
      level: isOnlyProvisioned(server.roles) ? 'warning' : 'note',
      title: 'Microsoft does not support deleting this object by hand: look at the supported ways first',
      detail: `${explains} Roles: ${rolesInWords(server.roles)}; ${versionInWords(server.versionNumber, server.serialNumber)}.`,
      evidence: supportedSteps(facts),
    },
  ];
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

function countedEvidence({ reference, count, first }: RecipientCount): readonly string[] {
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

/** References that would point at nothing after the deletion, and are not cleared. */
function danglingBlockers(facts: OrphanFacts, options: OrphanOptions): readonly Conclusion[] {
  const cleaned = new Set(cleanedReferrers(facts, options).map(({ id }) => id));
  const all = [...facts.configuration.referrers, ...facts.recipients.flatMap(({ cleanable }) => cleanable)];
  const left = all.filter(({ id, reference }) => reference.kind !== 'linked' && !cleaned.has(id));
  const mandatory = left.filter(({ reference }) => reference.id === 'oab-generation');
  const keep = left.filter(
    (referrer) => !mandatory.includes(referrer) && referrer.reference.clearing === 'may be cleared',
  );
  const needValue = left.filter(({ reference }) => reference.clearing === 'needs another value');
  const { toDatabases } = facts.configuration;
  const tooMany = facts.recipients.filter(({ notListed }) => notListed > 0);
  const elsewhere = facts.recipients.filter(
    ({ reference, count, cleanable, notListed }) => reference.isCleanable && count > cleanable.length + notListed,
  );
  const isMailboxes = facts.recipients.some(({ reference, count }) => !reference.isCleanable && count > 0);
  return [
    ...(keep.length === 0
      ? []
      : [
          {
            id: 'dangling-references',
            level: 'blocker',
            title: `${counted(keep.length, 'reference')} to the server would point at a deleted entry`,
            detail:
              'They are not cleared by this plan, by your choice or for want of the right to write them. Clear them, or have them cleared here.',
            evidence: keep.map(({ id }) => id),
            acceptable: true,
          } as const,
        ]),
    ...(needValue.length === 0
      ? []
      : [
          {
            id: 'references-to-replace',
            level: 'warning',
            title: `${counted(needValue.length, 'reference')} to the server by name ${needValue.length === 1 ? 'needs' : 'need'} another value`,
            detail:
              'They are text and go on naming this server. Set-MailboxDatabase "<database>" -RpcClientAccessServer <other server>; Set-DatabaseAvailabilityGroup "<DAG>" -WitnessServer <other server>.',
            evidence: needValue.map(({ id }) => id),
          } as const,
        ]),
    ...(toDatabases.length === 0
      ? []
      : [
          {
            id: 'references-to-its-databases',
            level: 'warning',
            title: `${counted(toDatabases.length, 'reference')} to databases that it owns, which stay without an owner`,
            detail:
              'They are left as they are, and name a database that nobody mounts; once that is removed, they dangle. Before it goes: Set-MailboxDatabase "<database>" -PublicFolderDatabase "<another public folder database>"; siteFolderServer of an administrative group is set to the DN of another public folder database with Set-ADObject -Replace.',
            evidence: toDatabases.map(({ id, values }) => `${id}: ${values.join(', ')}`),
          } as const,
        ]),
    ...(tooMany.length === 0
      ? []
      : [
          {
            id: 'too-many-references',
            level: 'blocker',
            title: 'More recipients refer to the server than one plan clears',
            detail:
              'Clear the attribute by a script first (Get-ADObject -LDAPFilter … | Set-ADObject -Clear …), then make the plan again.',
            evidence: tooMany.flatMap(countedEvidence),
          } as const,
        ]),
    ...(elsewhere.length === 0 || isMailboxes
      ? []
      : [
          {
            id: 'recipients-in-other-domains',
            level: 'blocker',
            title: 'Recipients of other domains refer to the server, which this domain controller can not write',
            detail:
              'Clear the attribute on a domain controller of their domain (Set-ADObject -Clear), then make the plan again.',
            evidence: elsewhere.flatMap(countedEvidence),
            acceptable: true,
          } as const,
        ]),
  ];
}

function liveBlockers({ chosen, probe, now }: OrphanFacts): readonly Conclusion[] {
  const { account, server } = chosen;
  const open = probe?.kind === 'probed' ? probe.open : [];
  return [
    ...(hasLoggedOnLately(account, now) && account.kind === 'present'
      ? [
          {
            id: 'live-account',
            level: 'blocker',
            title: `The server's computer account is enabled and logged on ${inDays(daysSince(account.lastLogon, now))}`,
            detail: `The machine seems to be in use. Look at it: Get-Service -ComputerName ${server.fqdn ?? server.name} MSExchange*. If it is no Exchange server any more, accept this.`,
            evidence: [account.dn],
            acceptable: true,
          } as const,
        ]
      : []),
    ...(open.length === 0
      ? []
      : [
          {
            id: 'open-ports',
            level: 'blocker',
            title: `${server.fqdn ?? server.name} answers on port ${open.join(', ')}`,
            detail: `A machine of this name is running. Look whether Exchange runs on it: Get-Service -ComputerName ${server.fqdn ?? server.name} MSExchange*. If not, accept this.`,
            evidence: open.map((port) => `${probe?.kind === 'probed' ? probe.address : ''}:${port}`),
            acceptable: true,
          } as const,
        ]),
  ];
}

function rightsBlockers(facts: OrphanFacts): readonly Conclusion[] {
  const { chosen, subtree, undeletable, unwritable } = facts;
  const server = quotedForPowerShell(chosen.server.dn);
  const guarded = subtree.filter(isProtected).map(({ entry }) => entry.dn);
  return [
    ...(guarded.length === 0
      ? []
      : [
          {
            id: 'protected-entries',
            level: 'blocker',
            title: `${guarded.length === 1 ? 'An entry is' : `${guarded.length} entries are`} protected by systemFlags (DISALLOW_DELETE)`,
            detail: `The directory refuses to delete them, and with them everything above. Look who set that, and why: ${lookAtProtection(guarded[0] ?? '')}. systemFlags is for the system alone, and Set-ADObject can not clear the flag: let Setup remove the server (Setup /m:RecoverServer on a machine of its name, then uninstall), or ask Microsoft's support.`,
            evidence: guarded,
          } as const,
        ]),
    ...(undeletable.length === 0
      ? []
      : [
          {
            id: 'no-right-to-delete',
            level: 'blocker',
            title: `You have no right to delete ${undeletable.length === 1 ? 'an entry' : `${undeletable.length} entries`} of the subtree`,
            detail: `Reckoned from the security descriptors and your groups (whoami /groups). Run it as a member of Organization Management or Enterprise Admins (--user). If the entries are protected from accidental deletion: Get-ADObject -SearchBase ${server} -Filter * | Set-ADObject -ProtectedFromAccidentalDeletion $false. Or give the right to delete the server and all below it: dsacls ${server} /I:T /G '<DOMAIN\\user>:SDDT'.`,
            evidence: undeletable,
          } as const,
        ]),
    ...(unwritable.size === 0
      ? []
      : [
          {
            id: 'no-right-to-clean-up',
            level: 'warning',
            title: `You have no right to clear ${unwritable.size === 1 ? 'a reference' : `${unwritable.size} references`} to the server`,
            detail: `They are left out of the plan. Linked ones vanish with their target; undo can not bring those back. Give the right to write them, then make the plan again: ${grantsOf(facts)}.`,
            evidence: [...unwritable],
          } as const,
        ]),
  ];
}

function lookAtProtection(dn: string): string {
  return `Get-ADObject -Identity ${quotedForPowerShell(dn)} -Properties systemFlags, whenChanged`;
}

/** Commands that are told in full; the others are of the same form. */
const commandsTold = 3;

/** What gives the right to write each attribute that refers, as commands. */
function grantsOf({ configuration, recipients, unwritable }: OrphanFacts): string {
  const referrers = [...configuration.referrers, ...recipients.flatMap(({ cleanable }) => cleanable)];
  const commands = referrers
    .filter(({ id }) => unwritable.has(id))
    .map(({ dn, reference }) => `dsacls ${quotedForPowerShell(dn)} /G '<DOMAIN\\user>:WP;${reference.attribute}'`);
  const more = commands.length > commandsTold ? ['and so on'] : [];
  return [...commands.slice(0, commandsTold), ...more].join('; ');
}

function servicesOf({ forest }: OrphanFacts['survey']): string {
  return joinDn('CN=Services', forest.configurationNamingContext);
}

function remarks(facts: OrphanFacts): readonly Conclusion[] {
  const { chosen, configuration, isForestWide, sharedNames, survey, probe, subtree } = facts;
  const { evidence, server } = chosen;
  const lost = configuration.lostWellKnownObjects;
  const hasDescriptors = subtree.every(({ entry }) =>
    entry.attributes.some(({ name }) => name.toLowerCase() === 'ntsecuritydescriptor'),
  );
  const probed =
    probe === undefined
      ? []
      : probe.kind === 'not its own name'
        ? [`not probed: ${probe.host} is the name of another server object too`]
        : probe.kind === 'no address'
          ? [`for: ${server.fqdn ?? server.name} has no DNS address`]
          : probe.open.length === 0
            ? [`for: ${probe.address} answers on none of the ports ${probe.closed.join(', ')}`]
            : [];
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
        ...probed,
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
