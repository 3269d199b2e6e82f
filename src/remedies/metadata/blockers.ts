/** What stops the removal: that the DC is or may be alive, that others need it, and that there is no way back. */

import { sameDn } from '../../ad/dn.ts';
import { hasFullCopy } from '../../ad/forest.ts';
import { seizeRole } from '../../ad/repadmin.ts';
import { blocker, type FindingDraft, finalBlocker, warning } from '../../change/findings.ts';
import type { DirectoryChange, Proposal } from '../../change/plan.ts';
import { deletedBy } from '../../change/undo-link.ts';
import { agoInWords, counted, durationInWords, listed } from '../../words.ts';
import {
  type Candidate,
  isInUse,
  loggedOnLately,
  type Role,
  rolesOf,
  rolesToCorrect,
  takerOfRoles,
} from './candidates.ts';
import { leftOutReasons } from './changes.ts';
import type { Chosen, MetadataFacts } from './gather.ts';
import { lossFindings } from './lost.ts';
import { isOfClass, partsOf } from './subject.ts';

const day = 86_400_000;

/** The findings on a DC that is or may be alive. */
export function aliveFindings(facts: MetadataFacts, { candidate }: Chosen): readonly FindingDraft[] {
  if (candidate === undefined) return [];
  return [
    running(candidate, facts),
    heardLately(candidate),
    notProven(candidate, facts),
    lifetimeNotOver(candidate, facts),
    ...whatIsLost(candidate, facts),
  ].filter((one) => one !== undefined);
}

function running(
  { name, reach, kind, host = name }: Candidate,
  { target, isExport }: MetadataFacts,
): FindingDraft | undefined {
  if (reach.kind === 'this') {
    return finalBlocker(
      'own-dc',
      isExport ? `The export was made on ${name}` : `${name} is the domain controller that you are connected to`,
      isExport
        ? 'It was in use then. To remove it once it is gone, make an export on another one.'
        : 'It is in use. To remove it once it is gone, name another one with --server.',
      { evidence: [target.domainController], subjects: [name] },
    );
  }
  if (reach.kind !== 'answers') return undefined;
  return finalBlocker(
    'answers',
    `${host} answers`,
    kind === 'dc'
      ? 'It is in use: demote it (see supported-ways), or switch it off for good. If another machine has its address now, correct its record in DNS first.'
      : 'A domain controller of this name is in use. Find out which before you remove entries of this name.',
    { evidence: [`${host}: ${reach.how}`], subjects: [name] },
  );
}

function heardLately({ name, heard, reach }: Candidate): FindingDraft | undefined {
  if (heard.kind !== 'heard' || heard.age >= day || reach.kind === 'this') return undefined;
  return finalBlocker(
    'heard-lately',
    `${heard.by} heard of ${name} ${durationInWords(heard.age)} ago`,
    'It replicates, or did so within a day. If it has just died, try to repair or restore it; else come back tomorrow.',
    { evidence: [`${heard.by}: ${durationInWords(heard.age)} ago`], subjects: [name] },
  );
}

/** That a DC is cut off is no proof that it is gone: its users may work on. */
function notProven(candidate: Candidate, { now, lifetime }: MetadataFacts): FindingDraft | undefined {
  const { name, account, kind, reach, site, settings } = candidate;
  const isSilent = reach.kind === 'silent' || reach.kind === 'not-asked';
  if (!isSilent || account?.isEnabled === false) return undefined;
  if (kind !== 'dc' && !loggedOnLately(candidate, now, lifetime)) return undefined;
  if (account === undefined && candidate.isAccountKnown) return undefined;
  return blocker(
    'not-proven-gone',
    `Nothing proves that ${name} is gone: it may be running, cut off from here`,
    `Accept this only if the machine never comes back: look at it. If it still runs${site === '' ? '' : ` in ${site}`}, people log on there${settings?.isReadOnly === true ? '' : ', and what they changed is lost with it'}.`,
    {
      evidence: [
        reach.kind === 'silent' ? `does not answer: ${reach.why}` : 'was not asked whether it answers',
        heardInWords(candidate),
        account === undefined
          ? 'its account is not known'
          : `its account is enabled${account.lastLogon === undefined ? '' : `, last logon ${agoInWords(account.lastLogon, now)}`}`,
      ],
      subjects: [name],
    },
  );
}

/** "DC1 heard of it 71 days ago" */
export function heardInWords({ heard, kind }: Pick<Candidate, 'heard' | 'kind'>): string {
  if (kind !== 'dc') return 'does not replicate';
  if (heard.kind === 'heard') return `${heard.by} heard of it ${durationInWords(heard.age)} ago`;
  return heard.kind === 'never' ? 'never heard of' : 'when it was last heard of is not known';
}

function lifetimeNotOver(
  { name, kind, heard, reach }: Candidate,
  { lifetime }: MetadataFacts,
): FindingDraft | undefined {
  if (kind !== 'dc' || isInUse({ reach })) return undefined;
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

function whatIsLost(candidate: Candidate, { chosen, now }: MetadataFacts): readonly FindingDraft[] {
  const { name, reach, kind, settings } = candidate;
  if (chosen?.lost !== undefined) return lossFindings(candidate, chosen.lost, now);
  // A read-only one makes no changes of its own.
  if (kind !== 'dc' || reach.kind === 'this' || settings?.isReadOnly === true) return [];
  return [
    warning(
      'what-is-lost',
      `What only ${name} has is lost, and cannot be read`,
      'Changes that were made on it after it last replicated. If it can be started, or its disk read, look there first.',
      { subjects: [name] },
    ),
  ];
}

/** The findings on what others need it for. */
export function dutyFindings(
  facts: MetadataFacts,
  chosen: Chosen,
  { changes }: Proposal<DirectoryChange>,
): readonly FindingDraft[] {
  const { candidate } = chosen;
  return [
    ...(candidate === undefined ? [] : [...domainFindings(candidate, facts), ...serviceFindings(candidate, facts)]),
    ...heldRoles(facts, chosen),
    bridgehead(chosen),
    noWayBack(chosen, changes),
  ].filter((one) => one !== undefined);
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
    only.length > 0 &&
      blocker(
        'only-replica',
        `${name} alone holds ${counted(only.length, 'application partition')}`,
        'What is in it is lost. Restore the domain controller, or accept that the partition is gone.',
        { evidence: only, subjects: only },
      ),
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
