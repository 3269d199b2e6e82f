/** What the removal means in this world: the supported ways first, then what stops it, then what to know. */

import { normalizedDn } from '../../ad/dn.ts';
import { hasFullCopy } from '../../ad/forest.ts';
import { removeMetadata, seizeRole } from '../../ad/repadmin.ts';
import { deletesFromPlan } from '../../change/deletes-from-plan.ts';
import { type FindingDraft, finalBlocker, foreignChanges, note, warning } from '../../change/findings.ts';
import type { DirectoryChange, Proposal } from '../../change/plan.ts';
import { dnsOf, isProtected } from '../../change/subtree.ts';
import { onlyBySystem } from '../../change/undo-gone.ts';
import { quotedForPowerShell } from '../../quoting.ts';
import { counted, distinct, listed } from '../../words.ts';
import type { Step } from '../remedy.ts';
import { aliveFindings, dutyFindings } from './blockers.ts';
import { rolesOfDeleted, takerOfRoles } from './candidates.ts';
import { leftOutReasons, unjustified } from './changes.ts';
import { type Chosen, type MetadataFacts, treesOf } from './gather.ts';

/** The findings: of a new proposal, of a saved plan and of an undo alike. */
export function assess(facts: MetadataFacts, proposal: Proposal<DirectoryChange>): readonly FindingDraft[] {
  return [...deletesFromPlan(proposal), ...meaningOf(facts, proposal)];
}

function meaningOf(facts: MetadataFacts, proposal: Proposal<DirectoryChange>): readonly FindingDraft[] {
  const { chosen } = facts;
  if (chosen === undefined) return proposal.undoes === undefined ? [] : stillNoDc(proposal);
  return [
    goneFindings(facts, chosen, proposal),
    ...foreignChanges(unjustified(facts, proposal), 'entries of the domain controller nor values that name it'),
    supportedWays(chosen),
    ...aliveFindings(facts, chosen),
    ...dutyFindings(facts, chosen, proposal),
    ...missingRights(chosen),
    ...leftFindings(facts, chosen),
    ...rodcFindings(chosen),
  ].filter((one) => one !== undefined);
}

/** Only its objects show that values and DNS records are the DC's: without them none can be justified. */
function goneFindings(
  { settled }: MetadataFacts,
  { candidate, identity }: Chosen,
  { changes, undoes }: Proposal<DirectoryChange>,
): FindingDraft | undefined {
  const open = changes.filter((change) => change.kind === 'modify' && !settled.has(change));
  if (candidate !== undefined || undoes !== undefined || open.length === 0) return undefined;
  return finalBlocker(
    'dc-gone',
    `Neither a server object nor an account of ${identity.name} is there`,
    'Nothing shows any more that the values and DNS records which the plan still removes are its own. Look at each, and remove what is left of it by hand.',
    { evidence: open.map(({ dn }) => dn), subjects: [identity.name] },
  );
}

/** Of an undo that leaves out what only a promotion makes. */
function stillNoDc({ leftOut }: Pick<Proposal, 'leftOut'>): readonly FindingDraft[] {
  const lost = leftOut.filter(({ reason }) => reason === onlyBySystem).map(({ what }) => what);
  return finding(note, 'promotion-only', lost, {
    title: 'What comes back is not a domain controller',
    detail:
      'Only a promotion makes NTDS Settings, the connections from it, its pool of RIDs and the Kerberos account of a read-only one. backup/before.ldf of the change holds all that was deleted.',
  });
}

/** Entries that the directory keeps, and those that the user may not delete. */
function missingRights({ identity, remains }: Chosen): readonly FindingDraft[] {
  const guarded = treesOf(remains)
    .flat()
    .filter(isProtected)
    .map(({ entry }) => entry.dn);
  const { undeletable } = remains;
  return [
    guarded.length > 0 &&
      finalBlocker(
        'protected-entries',
        `${counted(guarded.length, 'entry is', 'entries are')} protected by systemFlags (DISALLOW_DELETE)`,
        `The directory refuses to delete them. Let Windows remove ${identity.name}: see the supported ways.`,
        { evidence: guarded, subjects: guarded },
      ),
    undeletable.length > 0 &&
      finalBlocker(
        'no-right-to-delete',
        `You have no right to delete ${counted(undeletable.length, 'entry', 'entries')}`,
        `Computed from the security descriptors and your groups. Run it as a member of Enterprise Admins (--user). If the entries are protected from accidental deletion: ${undeletable
          .slice(0, 3)
          .map((dn) => `Set-ADObject -Identity ${quotedForPowerShell(dn)} -ProtectedFromAccidentalDeletion $false`)
          .join('; ')}.`,
        { evidence: undeletable, subjects: undeletable },
      ),
  ].filter((one) => one !== false);
}

/** What the plan leaves as it is, and what could not be looked at. */
function leftFindings(facts: MetadataFacts, chosen: Chosen): readonly FindingDraft[] {
  const { identity, remains } = chosen;
  const { references, texts, namesakes } = remains;
  const idsOf = (clearing: (typeof references)[number]['clearing']): readonly string[] =>
    references.filter((reference) => reference.clearing === clearing).map(({ id }) => id);
  const deleted = rolesOfDeleted(facts.roles).filter(({ seize }) => seize !== undefined);
  const taker = takerOfRoles(facts, identity);
  return [
    ...finding(warning, leftOutReasons.mandatory, idsOf('mandatory'), {
      title: 'Mandatory attributes name it',
      detail: 'They cannot be without a value. Give them another one: afterwards they name a deleted entry.',
    }),
    ...finding(warning, leftOutReasons.system, idsOf('only the system writes it'), {
      title: 'Attributes name it that only the system writes',
      detail: 'They are left to the domain controllers.',
    }),
    ...finding(note, leftOutReasons.text, texts, {
      title: `Text names ${identity.host ?? identity.name}`,
      detail: 'It may be a service that another host offers under this name now. Look at each.',
    }),
    ...finding(warning, 'name-in-use', namesakes, {
      title: `Another computer has the DNS name ${identity.host ?? ''}`,
      detail: 'Its account and the DNS records of the name are not touched.',
    }),
    ...finding(
      warning,
      'roles-of-deleted',
      deleted.map(({ name, owner }) => `${name}: ${owner}`),
      {
        title: 'Roles belong to domain controllers that are deleted already',
        detail: 'Give each to a domain controller in use, with the commands.',
        commands: deleted.flatMap(({ seize }) => (seize === undefined ? [] : [seizeRole(taker, seize)])),
      },
    ),
    ...unseen(facts, chosen),
  ];
}

type Build = typeof note;

function finding(
  build: Build,
  id: string,
  evidence: readonly string[],
  {
    title,
    detail,
    commands = [],
  }: { readonly title: string; readonly detail: string; readonly commands?: readonly string[] },
): readonly FindingDraft[] {
  if (evidence.length === 0) return [];
  return [build(id, title, detail, { evidence: [...commands, ...evidence], subjects: evidence })];
}

function unseen(
  { forest, target, isExport }: MetadataFacts,
  { identity, candidate, remains }: Chosen,
): readonly FindingDraft[] {
  const here = forest.domainControllers.find(({ dnsHostName }) => dnsHostName === target.domainController);
  const missing = forest.namingContexts
    .filter(({ kind, dn }) => kind === 'application' && here !== undefined && !hasFullCopy(here, dn))
    .map(({ dn }) => dn);
  return [
    ...finding(warning, 'partitions-not-here', missing, {
      title: `${target.domainController} does not hold every application partition`,
      detail: 'DNS records in these are not looked at. Run it again on a domain controller that holds them.',
    }),
    identity.domain === undefined &&
      warning(
        'domain-unknown',
        `The domain of ${identity.name} is not known`,
        'It has no account and no DNS name of the forest: values that name it are looked for in the Configuration partition and in DNS only.',
      ),
    candidate !== undefined &&
      candidate.account === undefined &&
      candidate.isAccountKnown &&
      (remains.namesakes.length === 0
        ? note('no-account', `${identity.name} has no computer account`, 'It was deleted before.')
        : note(
            'no-account',
            `${identity.name} has no domain controller account`,
            'The computer that has its DNS name now may be the same machine: a domain controller that was demoted keeps its account and, without NTDS Settings, its server object.',
          )),
    isExport &&
      warning(
        'export',
        'An export does not show whether the domain controller answers',
        'Nor what the export leaves out: other partitions, DNS. Look that up before you import the LDIF.',
      ),
  ].filter((one) => one !== false);
}

/** An RODC keeps passwords: which, its account says (msDS-RevealedUsers, MS-ADTS 3.1.1.4.5.36). Its own two go with it. */
function rodcFindings({ remains }: Chosen): readonly FindingDraft[] {
  const revealed = remains.account.flatMap(({ entry }) =>
    entry.attributes.filter(({ name }) => name.toLowerCase() === 'msds-revealedusers').flatMap(({ values }) => values),
  );
  const own = dnsOf([...remains.account, ...remains.kerberos]);
  const users = distinct(revealed.map((value) => String(value).replace(/^B:\d+:[^:]*:/, ''))).filter(
    (dn) => !own.has(normalizedDn(dn)),
  );
  return finding(warning, 'revealed-passwords', users, {
    title: `The read-only domain controller has had the passwords of ${listed([counted(users.length, 'account')])}`,
    detail:
      'The list goes with its account. If the machine was stolen, reset these passwords: in Active Directory Users and Computers that is offered when the account is deleted there.',
  });
}

export type SupportedWay = 'demote' | 'account' | 'ntdsutil' | 'sites';

export interface Way {
  readonly way: SupportedWay;
  /** "demote dc4.corp.example.com" */
  readonly short: string;
  readonly label: string;
  readonly hint: string;
  readonly step: Step;
}

/** The ways that may be open: what an earlier clean-up has left is no machine to demote. */
export function waysFor({ identity, candidate }: Pick<Chosen, 'identity' | 'candidate'>): readonly Way[] {
  const { name, host, settings, serverDn, accountDn } = identity;
  const machine = host ?? name;
  return [
    settings !== undefined && demotion(machine, candidate?.settings?.functionalLevel),
    accountDn !== undefined && accountDeletion(name, accountDn, settings !== undefined),
    serverDn !== undefined && (settings === undefined ? serverDeletion(name, serverDn) : metadataCleanup(serverDn)),
  ].filter((one) => one !== false);
}

/** Windows Server 2012 brought the cmdlets and took dcpromo's wizard away. */
const levelOf2012 = 5;

/** @param level its functional level; undefined if that is not known */
function demotion(machine: string, level: number | undefined): Way {
  const isOld = level !== undefined && level < levelOf2012;
  const isNew = level !== undefined && level >= levelOf2012;
  const [byForce, otherwise] = isOld
    ? ['dcpromo /forceremoval', '']
    : [
        'Uninstall-ADDSDomainController -ForceRemoval',
        isNew ? '' : ' On Windows Server 2008 R2 and before: dcpromo, or dcpromo /forceremoval.',
      ];
  return {
    way: 'demote',
    short: `demote ${machine}`,
    label: `${machine} can still be reached or started`,
    hint: 'demote it; by force if it cannot replicate',
    step: {
      text: `If the machine can still be started: demote it, on ${machine} itself, with the first command. Only where that fails, as it cannot replicate: by force, with the second. That loses the changes that only it has, and leaves its metadata in the directory: run adsi-remedy metadata again to clean it up.${otherwise}`,
      commands: [isOld ? 'dcpromo' : 'Uninstall-ADDSDomainController', byForce],
      outage: true,
    },
  };
}

function accountDeletion(name: string, accountDn: string, hasMetadata: boolean): Way {
  return {
    way: 'account',
    short: 'delete its account in Users and Computers',
    label: 'Active Directory Users and Computers can delete its account',
    hint: hasMetadata ? 'Windows Server 2008 and later clean up its metadata with it' : 'it has no metadata any more',
    step: {
      text: `In Active Directory Users and Computers, connected to a domain controller of its domain: delete the account of ${name}${hasMetadata ? ' and confirm that it is permanently offline. Windows then removes its metadata' : ''}. DNS has to be looked at by hand. This command shows the account:`,
      commands: [`Get-ADComputer -Identity ${quotedForPowerShell(accountDn)}`],
    },
  };
}

/** Metadata cleanup looks for NTDS Settings; a server object without is deleted where it is shown. */
function serverDeletion(name: string, serverDn: string): Way {
  return {
    way: 'sites',
    short: 'delete its server object in Sites and Services',
    label: 'Active Directory Sites and Services can delete its server object',
    hint: 'it has no NTDS Settings any more',
    step: {
      text: `In Active Directory Sites and Services: delete ${name} below Servers of its site. DNS and SYSVOL membership have to be looked at by hand. This command shows the object:`,
      commands: [`Get-ADObject -Identity ${quotedForPowerShell(serverDn)}`],
    },
  };
}

function metadataCleanup(serverDn: string): Way {
  return {
    way: 'ntdsutil',
    short: 'ntdsutil, metadata cleanup',
    label: 'ntdsutil can remove it',
    hint: 'metadata cleanup, remove selected server',
    step: {
      text: 'With ntdsutil, on a domain controller. DNS and SYSVOL membership have to be looked at by hand.',
      commands: [removeMetadata(serverDn)],
    },
  };
}

function supportedWays(chosen: Chosen): FindingDraft {
  const ways = waysFor(chosen);
  return note(
    'supported-ways',
    `Look at what Microsoft supports first: ${ways.map(({ short }) => short).join('; ')}`,
    'It removes the same entries, without a review and without an undo. What it leaves behind (DNS, SYSVOL membership, values that name it) this remedy finds afterwards too.',
    { evidence: ways.flatMap(({ step }) => [step.text, ...step.commands]) },
  );
}
