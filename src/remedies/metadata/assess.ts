/**
 * What the removal means in this world: the supported ways first; what stops it, that the DC is or may be alive, that
 * others need it, and that there is no way back; then what to know.
 */

import { dnIn, normalizedDn, sameDn } from '../../ad/dn.ts';
import { hasFullCopy } from '../../ad/forest.ts';
import { seizeRole } from '../../ad/repadmin.ts';
import { blocker, type FindingDraft, finalBlocker, foreignChanges, note, warning } from '../../change/findings.ts';
import type { DirectoryChange, Proposal } from '../../change/plan.ts';
import { dnsOf, isProtected } from '../../change/subtree.ts';
import { deletesFromPlan } from '../../change/unchecked-writes.ts';
import { onlyBySystem } from '../../change/undo.ts';
import { deletedBy } from '../../change/undo-link.ts';
import { quotedForPowerShell } from '../../quoting.ts';
import { agoInWords, counted, day, distinct, durationInWords, listed } from '../../words.ts';
import {
  type Candidate,
  heardInWords,
  isInUse,
  loggedOnLately,
  type Role,
  rolesOf,
  rolesOfDeleted,
  rolesToCorrect,
  takerOfRoles,
} from './candidates.ts';
import { leftOutReasons, unjustified } from './changes.ts';
import { type Chosen, type MetadataFacts, treesOf } from './gather.ts';
import { lossFindings } from './lost.ts';
import { isOfClass, partsOf } from './subject.ts';
import { waysFor } from './survey.ts';

/**
 * The findings: of a new proposal, of a saved plan and of an undo alike. Throws DirectoryError where the facts have a
 * reference of an entry without GUID.
 */
export function assess(facts: MetadataFacts, proposal: Proposal<DirectoryChange>): readonly FindingDraft[] {
  return [...deletesFromPlan(proposal), ...meaningOf(facts, proposal)];
}

function meaningOf(facts: MetadataFacts, proposal: Proposal<DirectoryChange>): readonly FindingDraft[] {
  const { chosen } = facts;
  if (chosen === undefined) return proposal.undoes === undefined ? [] : stillNoDc(proposal);
  const { candidate } = chosen;
  return [
    goneFindings(facts, chosen, proposal),
    ...foreignChanges(unjustified(facts, proposal), 'entries of the domain controller nor values that name it'),
    supportedWays(chosen),
    ...(candidate === undefined ? [] : findingsOn(candidate, facts, chosen)),
    ...heldRoles(facts, chosen),
    bridgehead(chosen),
    noWayBack(chosen, proposal.changes),
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

function supportedWays(chosen: Chosen): FindingDraft {
  const ways = waysFor(chosen);
  return note(
    'supported-ways',
    `Look at what Microsoft supports first: ${ways.map(({ short }) => short).join('; ')}`,
    'It removes the same entries, without a review and without an undo. What it leaves behind (DNS, SYSVOL membership, values that name it) this remedy finds afterwards too.',
    { evidence: ways.flatMap(({ step }) => [step.text, ...step.commands]) },
  );
}

/** The findings on a DC that is or may be alive, and on what others need it for. */
function findingsOn(candidate: Candidate, facts: MetadataFacts, { lost }: Chosen): readonly FindingDraft[] {
  return [
    running(candidate, facts),
    heardLately(candidate),
    notProven(candidate, facts),
    lifetimeNotOver(candidate, facts),
    ...lossFindings(candidate, lost, facts.now),
    ...domainFindings(candidate, facts),
    ...serviceFindings(candidate, facts),
  ].filter((one) => one !== undefined);
}

function running(
  { name, reachability, kind, host = name }: Candidate,
  { target, isExport }: MetadataFacts,
): FindingDraft | undefined {
  if (reachability.kind === 'this') {
    return finalBlocker(
      'own-dc',
      isExport ? `The export was made on ${name}` : `${name} is the domain controller that you are connected to`,
      isExport
        ? 'It was in use then. To remove it once it is gone, make an export on another one.'
        : 'It is in use. To remove it once it is gone, name another one with --server.',
      { evidence: [target.domainController], subjects: [name] },
    );
  }
  if (reachability.kind !== 'answers') return undefined;
  return finalBlocker(
    'answers',
    `${host} answers`,
    kind === 'dc'
      ? 'It is in use: demote it (see supported-ways), or switch it off for good. If another machine has its address now, correct its record in DNS first.'
      : 'A domain controller of this name is in use. Find out which before you remove entries of this name.',
    { evidence: [`${host}: ${reachability.how}`], subjects: [name] },
  );
}

function heardLately({ name, heard, reachability }: Candidate): FindingDraft | undefined {
  if (heard.kind !== 'heard' || heard.age >= day || reachability.kind === 'this') return undefined;
  return finalBlocker(
    'heard-lately',
    `${heard.by} heard of ${name} ${durationInWords(heard.age)} ago`,
    'It replicates, or did so within a day. If it has just died, try to repair or restore it; else come back tomorrow.',
    { evidence: [`${heard.by}: ${durationInWords(heard.age)} ago`], subjects: [name] },
  );
}

/** That a DC is cut off is no proof that it is gone: its users may work on. */
function notProven(candidate: Candidate, { now, lifetime }: MetadataFacts): FindingDraft | undefined {
  const { name, account, kind, reachability, site, settings } = candidate;
  const isSilent = reachability.kind === 'silent' || reachability.kind === 'not-asked';
  if (!isSilent || account?.isEnabled === false) return undefined;
  if (kind !== 'dc' && !loggedOnLately(candidate, now, lifetime)) return undefined;
  if (account === undefined && candidate.isAccountKnown) return undefined;
  return blocker(
    'not-proven-gone',
    `Nothing proves that ${name} is gone: it may be running, cut off from here`,
    `Accept this only if the machine never comes back: look at it. If it still runs${site === '' ? '' : ` in ${site}`}, people log on there${settings?.isReadOnly === true ? '' : ', and what they changed is lost with it'}.`,
    {
      evidence: [
        reachability.kind === 'silent' ? `does not answer: ${reachability.why}` : 'was not asked whether it answers',
        heardInWords(candidate),
        account === undefined
          ? 'its account is not known'
          : `its account is enabled${account.lastLogon === undefined ? '' : `, last logon ${agoInWords(account.lastLogon, now)}`}`,
      ],
      subjects: [name],
    },
  );
}

function lifetimeNotOver(
  { name, kind, heard, reachability }: Candidate,
  { lifetime }: MetadataFacts,
): FindingDraft | undefined {
  if (kind !== 'dc' || isInUse({ reachability })) return undefined;
  const days = heard.kind === 'heard' ? Math.floor(heard.age / day) : undefined;
  if (days !== undefined && days >= lifetime) return undefined;
  const left = days === undefined ? lifetime : lifetime - days;
  return blocker(
    'lifetime-not-over',
    days === undefined
      ? `When ${name} last replicated is not known: a backup may bring it back`
      : `The tombstone lifetime of ${name} ends in ${counted(left, 'day')}: a backup may bring it back`,
    `Accept this if no one will repair it or restore it from a backup: both are possible until ${lifetime} days after it last replicated.`,
    { evidence: [heardInWords({ heard, kind })], subjects: [name], measure: { value: left, unit: 'days' } },
  );
}

function domainFindings(candidate: Candidate, { candidates, forest, target }: MetadataFacts): readonly FindingDraft[] {
  const { name, domain, kind } = candidate;
  if (domain === undefined) return [];
  const others = candidates.filter(
    (one) => one.kind === 'dc' && one !== candidate && one.domain !== undefined && sameDn(one.domain, domain),
  );
  const writable = others.filter(({ settings }) => settings?.isReadOnly === false);
  const here = forest.domainControllers.find(({ dnsHostName }) => dnsHostName === target.domainController);
  const isHeld = here === undefined || hasFullCopy(here, domain);
  return [
    kind === 'dc' &&
      candidate.settings?.isReadOnly !== true &&
      writable.length === 0 &&
      finalBlocker(
        'last-of-domain',
        `${name} is the last domain controller of its domain`,
        'Without it the domain is gone. Restore it from a backup; or remove the whole domain with ntdsutil, metadata cleanup, "remove selected domain".',
        { evidence: [domain], subjects: [name] },
      ),
    !isHeld &&
      finalBlocker(
        'other-domain',
        `${name} is of another domain than ${target.domainController}`,
        `Its account can only be deleted on a domain controller of its own domain. Run it again with --server ${
          writable.flatMap(({ host }) => host ?? [])[0] ?? 'and one of that domain'
        }.`,
        { evidence: [domain], subjects: [name] },
      ),
  ].filter((one) => one !== false);
}

function serviceFindings(candidate: Candidate, { candidates, forest }: MetadataFacts): readonly FindingDraft[] {
  const { name, settings, site } = candidate;
  if (settings === undefined) return [];
  const others = candidates.filter((one) => one.settings !== undefined && one !== candidate);
  const isLastCatalog =
    settings.isGlobalCatalog && !others.some((one) => one.site === site && one.settings?.isGlobalCatalog === true);
  const only = forest.namingContexts
    .filter(({ kind, dn }) => {
      const holds = (one: Candidate): boolean => one.settings !== undefined && hasFullCopy(one.settings, dn);
      return kind === 'application' && holds(candidate) && !others.some(holds);
    })
    .map(({ dn }) => dn);
  return [
    isLastCatalog &&
      blocker(
        'last-global-catalog',
        `${name} was the last global catalog of ${site}`,
        'Logons and Exchange there need one of another site. Make another domain controller of the site a global catalog first.',
        { evidence: [site], subjects: [site] },
      ),
    ...finding(blocker, 'only-replica', only, {
      title: `${name} alone holds ${counted(only.length, 'application partition')}`,
      detail: 'What is in it is lost. Restore the domain controller, or accept that the partition is gone.',
    }),
  ].filter((one) => one !== false);
}

function heldRoles(facts: MetadataFacts, { identity, candidate }: Chosen): readonly FindingDraft[] {
  const { roles, target, heir } = facts;
  const taker = takerOfRoles(facts, identity);
  const isUsed = candidate !== undefined && isInUse(candidate);
  const seized = rolesOf(roles, identity.settings?.dn).filter(({ seize }) => seize !== undefined);
  return [
    seized.length > 0 &&
      blocker(
        leftOutReasons.roles,
        `${identity.name} holds ${counted(seized.length, 'FSMO role')}`,
        isUsed
          ? 'It is in use: its demotion moves them to another domain controller. Seize no role from one in use.'
          : 'Give them to a domain controller in use first, with the commands. If you accept, the roles belong to a deleted domain controller until they are seized.',
        {
          evidence: [
            ...seized.flatMap(({ seize }) => (seize === undefined || isUsed ? [] : [seizeRole(taker, seize)])),
            ...seized.map(({ name, dn }) => `${name}: ${dn}`),
          ],
          subjects: seized.map(({ name }) => name),
        },
      ),
    applicationInfrastructure(rolesToCorrect(roles, identity.settings?.dn), target.domainController, heir),
  ].filter((one) => one !== false && one !== undefined);
}

function applicationInfrastructure(
  roles: readonly Role[],
  here: string,
  heir: MetadataFacts['heir'],
): FindingDraft | undefined {
  if (roles.length === 0) return undefined;
  const count = counted(roles.length, 'application partition');
  const [title, whatToDo] =
    heir === undefined
      ? [
          `The infrastructure role of ${count} is left with a deleted domain controller`,
          ' Offline it is not known which one can take it. Set fSMORoleOwner of each, on a domain controller that holds the partition, to NTDS Settings of that one (Microsoft KB 949257).',
        ]
      : [`The infrastructure role of ${count} goes to ${here}`, ''];
  return warning(
    leftOutReasons.infrastructure,
    title,
    `No server uses this role, but adprep fails while it belongs to a deleted domain controller.${whatToDo}`,
    { evidence: roles.map(({ dn, owner }) => `${dn}: ${owner}`), subjects: roles.map(({ dn }) => dn) },
  );
}

function bridgehead({ identity, remains }: Chosen): FindingDraft | undefined {
  const transports = remains.server.flatMap(({ entry }) =>
    entry.attributes
      .filter(({ name }) => name.toLowerCase() === 'bridgeheadtransportlist')
      .flatMap(({ values }) => values.map(String)),
  );
  if (transports.length === 0) return undefined;
  return blocker(
    'preferred-bridgehead',
    `${identity.name} is a preferred bridgehead server`,
    'While a site has preferred bridgeheads, no other domain controller takes their place. Name another one, or none, in Sites and Services.',
    { evidence: transports, subjects: [identity.name] },
  );
}

/** A DC comes back by promotion only: no client may make or restore NTDS Settings (MS-ADTS 3.1.1.5.2.2). */
function noWayBack({ identity, remains }: Chosen, changes: readonly DirectoryChange[]): FindingDraft | undefined {
  const deleted = changes.flatMap(deletedBy);
  const { settings, kerberos } = partsOf(deleted);
  if (settings === undefined && kerberos === undefined) return undefined;
  const { length } = remains.connections;
  const leftOut = [
    ...(settings === undefined ? [] : ['its NTDS Settings']),
    ...(deleted.some((entry) => isOfClass(entry, 'rIDSet')) ? ['its pool of RIDs'] : []),
    ...(kerberos === undefined ? [] : ['its Kerberos account']),
    ...(length === 0 ? [] : [counted(length, 'connection of others', 'connections of others')]),
  ];
  return blocker(
    'promotion-only',
    `No undo brings ${identity.name} back as a domain controller`,
    `Undo leaves out ${listed(leftOut)}: a promotion alone makes them. It brings back the rest. backup/before.ldf holds all that is deleted.`,
    { evidence: [settings, kerberos].flatMap((entry) => entry?.dn ?? []), subjects: [identity.name] },
  );
}

/** Entries that the directory keeps, and those that the user may not delete. */
function missingRights({ identity, remains }: Chosen): readonly FindingDraft[] {
  const guarded = treesOf(remains)
    .flat()
    .filter(isProtected)
    .map(({ entry }) => entry.dn);
  const { undeletable } = remains;
  const unprotect = undeletable
    .slice(0, 3)
    .map((dn) => `Set-ADObject -Identity ${quotedForPowerShell(dn)} -ProtectedFromAccidentalDeletion $false`);
  return [
    ...finding(finalBlocker, 'protected-entries', guarded, {
      title: `${counted(guarded.length, 'entry is', 'entries are')} protected by systemFlags (DISALLOW_DELETE)`,
      detail: `The directory refuses to delete them. Let Windows remove ${identity.name}: see the supported ways.`,
    }),
    ...finding(finalBlocker, 'no-right-to-delete', undeletable, {
      title: `You have no right to delete ${counted(undeletable.length, 'entry', 'entries')}`,
      detail: `Computed from the security descriptors and your groups. Run it as a member of Enterprise Admins (--user). If the entries are protected from accidental deletion: ${unprotect.join('; ')}.`,
    }),
  ];
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

interface Words {
  readonly title: string;
  readonly detail: string;
  /** Shown above what was seen. */
  readonly commands?: readonly string[];
}

/** A finding whose subjects are all that was seen; none if nothing was. */
function finding(
  build: typeof note,
  id: string,
  subjects: readonly string[],
  { title, detail, commands = [] }: Words,
): readonly FindingDraft[] {
  return subjects.length === 0 ? [] : [build(id, title, detail, { evidence: [...commands, ...subjects], subjects })];
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
  const users = distinct(revealed.map((value) => dnIn(String(value)))).filter((dn) => !own.has(normalizedDn(dn)));
  return finding(warning, 'revealed-passwords', users, {
    title: `The read-only domain controller has had the passwords of ${counted(users.length, 'account')}`,
    detail:
      'The list goes with its account. If the machine was stolen, reset these passwords: in Active Directory Users and Computers that is offered when the account is deleted there.',
  });
}
