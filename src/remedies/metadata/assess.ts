/**
 * Findings on the removal: the supported ways first; then blockers, if the DC is or may be alive, if
 * others need it, and because there is no way back; then what to know.
 */

import { dnIn, normalizedDn, sameDn } from '../../ad/dn.ts';
import { hasFullCopy } from '../../ad/forest.ts';
import {
  blocker,
  type FindingDraft,
  finalBlocker,
  foreignChanges,
  type NextStep,
  note,
  warning,
} from '../../change/findings.ts';
import { type DirectoryChange, deletedBy, type Proposal } from '../../change/plan.ts';
import { dnsOf, isProtected } from '../../change/subtree.ts';
import { deletesFromPlan } from '../../change/unchecked-writes.ts';
import { onlyBySystem } from '../../change/undo.ts';
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
import { steps } from './finding-steps.ts';
import { type Chosen, type MetadataFacts, treesOf } from './gather.ts';
import { lossFindings } from './lost.ts';
import { isOfClass, partsOf } from './subject.ts';
import { waysFor } from './survey.ts';

/**
 * The findings: of a new proposal, of a saved plan and of an undo alike. Throws DirectoryError if the facts have a
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
    `${identity.name} has neither a server object nor an account any more`,
    'Without them it is not certain that the remaining values and DNS records belong to it. Check each, and remove those that do.',
    { evidence: open.map(({ dn }) => dn), subjects: [identity.name] },
  );
}

/** For an undo, which leaves out what only a promotion creates. */
function stillNoDc({ leftOut }: Pick<Proposal, 'leftOut'>): readonly FindingDraft[] {
  const lost = leftOut.filter(({ reason }) => reason === onlyBySystem).map(({ what }) => what);
  return finding(note, 'promotion-only', lost, {
    title: 'The undo does not restore a domain controller',
    detail:
      'Only a promotion creates NTDS Settings, the connections from it, its RID pool and the Kerberos account of a read-only domain controller. backup/before.ldf of the change holds everything that was deleted.',
  });
}

function supportedWays(chosen: Chosen): FindingDraft {
  const ways = waysFor(chosen);
  return note(
    'supported-ways',
    `Check the ways that Microsoft supports first: ${ways.map(({ short }) => short).join('; ')}`,
    'They remove the same entries, without a review and without an undo. Afterwards this remedy can still find what they leave behind: DNS, SYSVOL membership, values that name the domain controller.',
    { steps: ways.map(({ step }) => step) },
  );
}

/** Findings on a DC that is or may be alive, and on what others need it for. */
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
        ? 'It was in use then. If it is gone now, make an export on another domain controller.'
        : 'It is in use. To remove it after it is gone, name another domain controller with --server.',
      { evidence: [target.domainController], subjects: [name] },
    );
  }
  if (reachability.kind !== 'answers') return undefined;
  return finalBlocker(
    'answers',
    `${host} answers`,
    kind === 'dc'
      ? 'It is in use: demote it (see supported-ways), or switch it off for good. If another machine has its address now, correct its record in DNS first.'
      : 'A domain controller with this name is in use. Find out which one before you remove entries with this name.',
    { evidence: [`${host}: ${reachability.how}`], subjects: [name] },
  );
}

function heardLately({ name, heard, reachability }: Candidate): FindingDraft | undefined {
  if (heard.kind !== 'heard' || heard.age >= day || reachability.kind === 'this') return undefined;
  return finalBlocker(
    'heard-lately',
    `${heard.by} heard of ${name} ${durationInWords(heard.age)} ago`,
    'It has replicated within the last day. If it has just failed, try to repair or restore it. Otherwise run this again tomorrow.',
    { evidence: [`${heard.by}: ${durationInWords(heard.age)} ago`], subjects: [name] },
  );
}

/** A DC that is cut off is not proven gone: its users may still be working. */
function notProven(candidate: Candidate, { now, lifetime }: MetadataFacts): FindingDraft | undefined {
  const { name, account, kind, reachability, site, settings } = candidate;
  const isSilent = reachability.kind === 'silent' || reachability.kind === 'not-asked';
  if (!isSilent || account?.isEnabled === false) return undefined;
  if (kind !== 'dc' && !loggedOnLately(candidate, now, lifetime)) return undefined;
  if (account === undefined && candidate.isAccountKnown) return undefined;
  return blocker(
    'not-proven-gone',
    `Nothing proves that ${name} is gone: it may be running, cut off from here`,
    `Check the machine itself, and accept this only if it never comes back. If it still runs${site === '' ? '' : ` in ${site}`}, users log on there${settings?.isReadOnly === true ? '' : ', and their changes are lost with it'}.`,
    {
      evidence: [
        reachability.kind === 'silent' ? `does not answer: ${reachability.why}` : 'not checked whether it answers',
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
      ? `It is not known when ${name} last replicated: a backup may bring it back`
      : `The tombstone lifetime of ${name} ends in ${counted(left, 'day')}: a backup may bring it back`,
    `Accept this if it will not be repaired or restored from a backup. Both are possible until ${lifetime} days after it last replicated.`,
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
        'Without it the domain is lost. Restore it from a backup, or remove the whole domain with ntdsutil, metadata cleanup, "remove selected domain".',
        { evidence: [domain], subjects: [name] },
      ),
    !isHeld &&
      finalBlocker(
        'other-domain',
        `${name} is in another domain than ${target.domainController}`,
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
        'Without it, logons and Exchange there use a global catalog of another site. First make another domain controller of the site a global catalog.',
        { evidence: [site], subjects: [site] },
      ),
    ...finding(blocker, 'only-replica', only, {
      title: `Only ${name} holds ${counted(only.length, 'application partition')}`,
      detail: 'Its content is lost. Restore the domain controller, or accept that the partition is lost.',
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
          : 'First seize them on a domain controller in use, with the commands. If you accept, the roles belong to a deleted domain controller until they are seized.',
        {
          steps: isUsed ? [] : seizing(taker, seized),
          evidence: seized.map(({ name, dn }) => `${name}: ${dn}`),
          subjects: seized.map(({ name }) => name),
        },
      ),
    applicationInfrastructure(rolesToCorrect(roles, identity.settings?.dn), target.domainController, heir),
  ].filter((one) => one !== false && one !== undefined);
}

function seizing(host: string, roles: readonly Role[]): readonly NextStep[] {
  const seized = roles.flatMap(({ seize }) => seize ?? []);
  return seized.length === 0 ? [] : [steps.of('seize-roles', { host, roles: seized })];
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
          ' Offline it is not known which domain controller can take it. On a domain controller that holds the partition, set fSMORoleOwner of each to NTDS Settings of that domain controller (Microsoft KB 949257).',
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
    'As long as a site has preferred bridgeheads, no other domain controller takes their place. In Sites and Services, choose another preferred bridgehead, or none.',
    { evidence: transports, subjects: [identity.name] },
  );
}

/** Only a promotion restores a DC: no client may create or restore NTDS Settings (MS-ADTS 3.1.1.5.2.2). */
function noWayBack({ identity, remains }: Chosen, changes: readonly DirectoryChange[]): FindingDraft | undefined {
  const deleted = changes.flatMap(deletedBy);
  const { settings, kerberos } = partsOf(deleted);
  if (settings === undefined && kerberos === undefined) return undefined;
  const { length } = remains.connections;
  const leftOut = [
    ...(settings === undefined ? [] : ['its NTDS Settings']),
    ...(deleted.some((entry) => isOfClass(entry, 'rIDSet')) ? ['its RID pool'] : []),
    ...(kerberos === undefined ? [] : ['its Kerberos account']),
    ...(length === 0 ? [] : [counted(length, 'connection of others', 'connections of others')]),
  ];
  return blocker(
    'promotion-only',
    `Undo cannot restore ${identity.name} as a domain controller`,
    `Undo leaves out ${listed(leftOut)}: only a promotion creates them. It restores the rest. backup/before.ldf holds everything that is deleted.`,
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
  return [
    ...finding(finalBlocker, 'protected-entries', guarded, {
      title: `${counted(guarded.length, 'entry is', 'entries are')} protected by systemFlags (DISALLOW_DELETE)`,
      detail: `The directory refuses to delete them. Let Windows remove ${identity.name}: see the supported ways.`,
    }),
    ...finding(finalBlocker, 'no-right-to-delete', undeletable, {
      title: `You have no right to delete ${counted(undeletable.length, 'entry', 'entries')}`,
      detail:
        'Computed from the security descriptors and your groups. Run this as a member of Enterprise Admins (--user).',
      steps: [steps.of('unprotect', { dns: undeletable.slice(0, 3) })],
    }),
  ];
}

/** What the plan does not change, and what could not be searched. */
function leftFindings(facts: MetadataFacts, chosen: Chosen): readonly FindingDraft[] {
  const { identity, remains } = chosen;
  const { references, texts, namesakes } = remains;
  const idsOf = (clearing: (typeof references)[number]['clearing']): readonly string[] =>
    references.filter((reference) => reference.clearing === clearing).map(({ id }) => id);
  const deleted = rolesOfDeleted(facts.roles).filter(({ seize }) => seize !== undefined);
  const taker = takerOfRoles(facts, identity);
  return [
    ...finding(warning, leftOutReasons.mandatory, idsOf('mandatory'), {
      title: 'It is named by mandatory attributes',
      detail: 'They cannot be empty. Set them to another value; otherwise they name a deleted entry afterwards.',
    }),
    ...finding(warning, leftOutReasons.system, idsOf('only the system writes it'), {
      title: 'It is named by attributes that only the system writes',
      detail: 'The domain controllers maintain them.',
    }),
    ...finding(note, leftOutReasons.text, texts, {
      title: `Text names ${identity.host ?? identity.name}`,
      detail: 'Another host may now offer a service under this name. Check each.',
    }),
    ...finding(warning, 'name-in-use', namesakes, {
      title: `Another computer has the DNS name ${identity.host ?? ''}`,
      detail: 'Its account and the DNS records of the name are not changed.',
    }),
    ...finding(
      warning,
      'roles-of-deleted',
      deleted.map(({ name, owner }) => `${name}: ${owner}`),
      {
        title: 'Roles belong to domain controllers that are already deleted',
        detail: 'Seize each on a domain controller in use, with the commands.',
        steps: seizing(taker, deleted),
      },
    ),
    ...unseen(facts, chosen),
  ];
}

interface Words {
  readonly title: string;
  readonly detail: string;
  readonly steps?: readonly NextStep[];
}

/** A finding whose subjects are all that was seen; none if nothing was. */
function finding(
  build: typeof note,
  id: string,
  subjects: readonly string[],
  { title, detail, steps: ofFinding = [] }: Words,
): readonly FindingDraft[] {
  const parts = { ...(ofFinding.length === 0 ? {} : { steps: ofFinding }), evidence: subjects, subjects };
  return subjects.length === 0 ? [] : [build(id, title, detail, parts)];
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
      detail:
        'DNS records in these partitions were not searched. Run this again on a domain controller that holds them.',
    }),
    identity.domain === undefined &&
      warning(
        'domain-unknown',
        `The domain of ${identity.name} is not known`,
        'It has no account and no DNS name in the forest. Values that name it were searched only in the Configuration partition and in DNS.',
      ),
    candidate !== undefined &&
      candidate.account === undefined &&
      candidate.isAccountKnown &&
      (remains.namesakes.length === 0
        ? note('no-account', `${identity.name} has no computer account`, 'It was deleted before.')
        : note(
            'no-account',
            `${identity.name} has no domain controller account`,
            'The computer that now has its DNS name may be the same machine: a demoted domain controller keeps its account and its server object, without NTDS Settings.',
          )),
    isExport &&
      warning(
        'export',
        'An export does not show whether the domain controller answers',
        'It does not show other partitions or DNS either, if they were not exported. Check these before you import the LDIF.',
      ),
  ].filter((one) => one !== false);
}

/**
 * An RODC keeps passwords: which, its account says (msDS-RevealedUsers, MS-ADTS 3.1.1.4.5.36). Its own two accounts are
 * deleted with it.
 */
function rodcFindings({ remains }: Chosen): readonly FindingDraft[] {
  const revealed = remains.account.flatMap(({ entry }) =>
    entry.attributes.filter(({ name }) => name.toLowerCase() === 'msds-revealedusers').flatMap(({ values }) => values),
  );
  const own = dnsOf([...remains.account, ...remains.kerberos]);
  const users = distinct(revealed.map((value) => dnIn(String(value)))).filter((dn) => !own.has(normalizedDn(dn)));
  return finding(warning, 'revealed-passwords', users, {
    title: `The read-only domain controller has had the passwords of ${counted(users.length, 'account')}`,
    detail:
      'The list is deleted with its account. If the machine was stolen, reset these passwords: Active Directory Users and Computers offers that when you delete the account there.',
  });
}
