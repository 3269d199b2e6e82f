/** The changes of a metadata plan: made from the facts, and checked in the plan alone and against fresh facts. */

import {
  dnIn,
  isDeletedDn,
  isDnThat,
  isSameOrBelow,
  joinDn,
  normalizedDn,
  parentDn,
  rdnOf,
  sameDn,
} from '../../ad/dn.ts';
import { bytesOfWrittenValue, parseDnsRecord } from '../../ad/entry.ts';
import { editsOf, entryFinder, leadingTo, valueKey, wordsForNoValue } from '../../change/clear-values.ts';
import { classesIn, plannedTexts } from '../../change/entry-content.ts';
import {
  type AttributeEdit,
  type DeletedEntry,
  type DirectoryChange,
  deletedBy,
  type LeftOut,
  type ModifyChange,
  type Plan,
  type PlanValue,
  type Proposal,
  type WhyLeft,
} from '../../change/plan.ts';
import { leavesFirst } from '../../change/subtree.ts';
import { type Role, rolesOf, rolesToCorrect } from './candidates.ts';
import { type Chosen, isSysvol, type MetadataFacts, treesOf } from './gather.ts';
import type { Clearing } from './references.ts';
import { isKerberosAccount, isOfClass, partsOf } from './subject.ts';

/** The changes that remove the DC, and what is not changed. Throws DirectoryError for an entry without GUID. */
export function propose({ target, chosen, roles, heir }: MetadataFacts): Proposal<DirectoryChange> {
  if (chosen === undefined) return { target, intent: {}, changes: [], leftOut: [] };
  const { identity, remains } = chosen;
  const [top] = [...remains.server, ...remains.account];
  return {
    target,
    ...(top === undefined ? {} : { subject: { dn: top.entry.dn, guid: top.entry.guid } }),
    intent: { domain: identity.domain ?? '' },
    changes: [
      ...corrections(roles, identity.settings?.dn, heir),
      ...editsOf(remains.references.filter(({ clearing }) => clearing === 'may be cleared')),
      ...editsOf(remains.dns),
      ...treesOf(remains).flatMap((tree) => leavesFirst(tree)),
    ],
    leftOut: [...leftOutOf(chosen), ...rolesLeft(roles, identity.settings?.dn, heir)],
  };
}

/** Ids of the findings and choices that leave something out. */
export const leftOutReasons = {
  mandatory: 'mandatory-references',
  system: 'system-only-references',
  text: 'names-in-text',
  roles: 'holds-roles',
  infrastructure: 'application-infrastructure',
} as const;

const reasonOf: Readonly<Partial<Record<Clearing, { readonly reason: string; readonly why: WhyLeft }>>> = {
  mandatory: { reason: leftOutReasons.mandatory, why: 'mandatory' },
  'only the system writes it': { reason: leftOutReasons.system, why: 'system-only' },
};

/**
 * Roles that do work are for ntdsutil to seize: until then they belong to the DC that is gone. Offline no DC is known that
 * could take the others.
 */
function rolesLeft(
  roles: readonly Role[],
  settingsDn: string | undefined,
  heir: string | undefined,
): readonly LeftOut[] {
  return rolesOf(roles, settingsDn)
    .filter(({ seize }) => seize !== undefined || heir === undefined)
    .map(({ dn, owner, seize }) => ({
      what: `fSMORoleOwner of ${dn}`,
      reason: seize === undefined ? leftOutReasons.infrastructure : leftOutReasons.roles,
      ...leadingTo([owner], 'role'),
    }));
}

function leftOutOf({ identity: { serverDn, accountDn }, remains }: Chosen): readonly LeftOut[] {
  const { references, texts } = remains;
  const find = entryFinder(treesOf(remains).flatMap((tree) => tree.map(({ entry }) => entry)));
  const bearer = [serverDn, accountDn].flatMap((dn) => dn ?? []).slice(0, 1);
  return [
    ...references.flatMap(({ id, clearing, values, isLink }) => {
      const left = reasonOf[clearing];
      if (left === undefined) return [];
      const to = values.flatMap((value) => find(value) ?? []);
      return [{ what: id, reason: left.reason, ...leadingTo(to, isLink ? 'link' : left.why) }];
    }),
    ...texts.map((what) => ({ what, reason: leftOutReasons.text, ...leadingTo(bearer, 'text') })),
  ];
}

/**
 * The changes that fresh facts do not justify, each in words. Changes that are already done are not checked. Throws
 * DirectoryError for an entry without GUID.
 */
export function unjustified(facts: MetadataFacts, { changes }: Proposal<DirectoryChange>): readonly string[] {
  const justified = new Set(propose(facts).changes.flatMap(keysOf));
  return changes
    .filter(
      (change) =>
        // By the change itself: another change of the same entry has still to be justified.
        !facts.settled.has(change) && keysOf(change).some((key) => !justified.has(key)),
    )
    .map((change) => `${change.kind} of ${change.dn}`);
}

/** The writes of a change as keys: equal writes have equal keys. */
function keysOf(change: DirectoryChange): readonly string[] {
  if (change.kind !== 'modify') return [`${change.kind} ${normalizedDn(change.dn)}`];
  return change.edits.flatMap(({ attribute, remove, add }) => [
    ...remove.map((value) => `remove ${change.guid} ${attribute.toLowerCase()} ${valueKey(value)}`),
    ...add.map((value) => `add ${change.guid} ${attribute.toLowerCase()} ${valueKey(value)}`),
  ]);
}

/**
 * Gives the infrastructure roles of application partitions to the DC that is written to: a DC takes no other name than
 * its own there (Microsoft KB 949257). The roles that do work are for ntdsutil to seize.
 *
 * @param heir DN of its NTDS Settings; undefined offline
 */
function corrections(
  roles: readonly Role[],
  settingsDn: string | undefined,
  heir: string | undefined,
): readonly ModifyChange[] {
  if (heir === undefined) return [];
  return rolesToCorrect(roles, settingsDn).map(({ dn, guid, owner }) => ({
    kind: 'modify',
    dn,
    guid,
    edits: [{ attribute: 'fSMORoleOwner', remove: [owner], add: [heir], singleValued: true }],
  }));
}

/** What this remedy never writes, by the plan's target and changes: a sentence for each fault. */
export function faultsOfPlan(plan: Plan<DirectoryChange>): readonly string[] {
  const { target, undoes } = plan;
  if (target.kind !== 'forest') return ['Its target is not a forest.'];
  const configuration = target.configurationNamingContext;
  return [
    ...(undoes === undefined ? faultsOfRemoval(plan, configuration) : faultsOfUndo(plan)),
    ...wordsForNoValue(plan.changes),
  ];
}

function faultsOfRemoval({ changes, subject }: Plan<DirectoryChange>, configuration: string): readonly string[] {
  const deleted = changes.flatMap(deletedBy);
  const { server, account, kerberos } = partsOf(deleted);
  const top = server ?? account;
  if (changes.length === 0) return [];
  if (subject === undefined || top === undefined || !sameDn(top.dn, subject.dn) || top.guid !== subject.guid) {
    return ['It does not delete its subject, the server object or the account of a domain controller.'];
  }
  const dns = new Set(deleted.map(({ dn }) => normalizedDn(dn)));
  const trees = deleted.filter((entry) => isRootOfDc(entry, { server, account }, configuration, dns));
  const [host] = [server, account].flatMap((entry) => (entry === undefined ? [] : plannedTexts(entry, 'dNSHostName')));
  // Its records in DNS are removed with it.
  if (host !== undefined && !isNamedAs(host, top.dn)) return [`Its DNS name ${host} is not that of ${top.dn}.`];
  const moved = changes.filter((change) => change.kind === 'modify' && change.edits.some(isRoleEdit(change.dn)));
  const twice = moved.filter(({ dn }, index) => moved.findIndex((other) => sameDn(other.dn, dn)) < index);
  const others = otherAccounts(deleted, new Set([account, kerberos]));
  if (others.length > 0) return others;
  return changes.flatMap((change) => {
    if (twice.includes(change)) return [`It moves the role of ${change.dn} twice.`];
    switch (change.kind) {
      case 'delete':
        return trees.some(({ dn }) => isSameOrBelow(change.dn, dn))
          ? []
          : [`It deletes ${change.dn}, which does not belong to the domain controller.`];
      case 'modify':
        return faultsOfEdits(change, dns);
      case 'delete-tree':
        return [`It deletes ${change.dn} by one request for the whole tree.`];
      default:
        return [`It creates the entry ${change.dn}.`];
    }
  });
}

/**
 * No user, group or computer is of a domain controller but its own account, and that of Kerberos: below the account of a
 * computer no directory has any, but below what a plan calls one there may be all of a domain.
 */
function otherAccounts(
  deleted: readonly DeletedEntry[],
  own: ReadonlySet<DeletedEntry | undefined>,
): readonly string[] {
  const isAccount = (entry: DeletedEntry): boolean =>
    ['user', 'group', 'computer', 'samDomain'].some((name) => isOfClass(entry, name)) ||
    ['objectSid', 'sAMAccountName'].some((name) => holds(entry, name));
  return deleted
    .filter((entry) => !own.has(entry) && isAccount(entry))
    .map(({ dn }) => `It deletes ${dn}, which is another account.`);
}

function holds({ attributes }: DeletedEntry, wanted: string): boolean {
  return attributes.some(({ name }) => name.toLowerCase() === wanted.toLowerCase());
}

/** Whether a plan may delete the entry and all below: by its place, its class, and what it says of the DC. */
function isRootOfDc(
  entry: DeletedEntry,
  { server, account }: Pick<ReturnType<typeof partsOf>, 'server' | 'account'>,
  configuration: string,
  dns: ReadonlySet<string>,
): boolean {
  const names = (attribute: string): boolean => plannedTexts(entry, attribute).some((value) => isGone(value, dns));
  if (entry === server) return isServerPlace(entry.dn, configuration);
  if (entry === account) {
    const isReferred = server === undefined || belongsTo(server, entry);
    return isOfDomainController(entry) && isReferred && !isSameOrBelow(entry.dn, configuration);
  }
  if (isKerberosAccount(entry)) {
    return (
      account !== undefined &&
      plannedTexts(account, 'msDS-KrbTgtLink').some((value) => isDnThat(value, (dn) => sameDn(dn, entry.dn)))
    );
  }
  if (isOfClass(entry, 'nTDSConnection') || isOfClass(entry, 'msDFSR-Connection')) return names('fromServer');
  if (!isOfClass(entry, 'msDFSR-Member') && !isOfClass(entry, 'nTFRSMember')) return false;
  const references = ['msDFSR-ComputerReference', 'frsComputerReference', 'serverReference'];
  const isLoose = references.every((attribute) => plannedTexts(entry, attribute).length === 0);
  const isNamesake = [server, account].some(
    (one) => one !== undefined && rdnOf(one.dn).value.toLowerCase() === rdnOf(entry.dn).value.toLowerCase(),
  );
  return isSysvol(entry.dn) !== undefined && (references.some(names) || (isLoose && isNamesake));
}

/** The classes of the entry that a change brings back. */
function classesMadeBy(change: DirectoryChange): readonly string[] {
  if (change.kind === 'undelete') return change.objectClass ?? [];
  return change.kind === 'add' ? classesIn(change.attributes) : [];
}

function isOtherAccount(classes: readonly string[]): boolean {
  const known = new Set(classes.map((name) => name.toLowerCase()));
  return !known.has('computer') && ['user', 'group', 'samdomain'].some((name) => known.has(name));
}

/** By its primary group, Domain Controllers or Read-only Domain Controllers. */
function isOfDomainController(account: DeletedEntry): boolean {
  return plannedTexts(account, 'primaryGroupID').some((group) => group === '516' || group === '521');
}

/** A computer whose name has more than 15 characters has the first 15 of them in its DN. */
function isNamedAs(host: string, dn: string): boolean {
  const netbios = (name: string): string => name.slice(0, 15).toLowerCase();
  // The loser of a naming conflict has the conflict's mark behind its name.
  return netbios(host.split('.')[0] ?? '') === netbios(rdnOf(dn).value.split('\n')[0] ?? '');
}

function belongsTo(server: DeletedEntry, account: DeletedEntry): boolean {
  const host = plannedTexts(server, 'dNSHostName')[0]?.toLowerCase();
  const isLinked = plannedTexts(server, 'serverReference').some((value) =>
    isDnThat(value, (dn) => sameDn(dn, account.dn)),
  );
  return isLinked || (host !== undefined && plannedTexts(account, 'dNSHostName')[0]?.toLowerCase() === host);
}

/** CN=DC4,CN=Servers,CN=Site,CN=Sites,CN=Configuration,… */
function isServerPlace(dn: string, configuration: string): boolean {
  const container = parentDn(dn) ?? '';
  const site = parentDn(container) ?? '';
  const isServers = container !== '' && /^servers$/i.test(rdnOf(container).value);
  return isServers && site !== '' && sameDn(parentDn(site) ?? 'CN=none', joinDn('CN=Sites', configuration));
}

function faultsOfEdits({ dn, edits }: ModifyChange, dns: ReadonlySet<string>): readonly string[] {
  return edits.flatMap((edit) => {
    const { attribute, remove, add } = edit;
    if (isCorrection(dn, edit)) return [];
    if (add.length > 0) return [`It adds values to ${attribute} of ${dn}.`];
    return remove
      .filter((value) => !isDnsRecord(dn, attribute, value) && !namesGone(value, dns))
      .map(() => `It removes a value from ${attribute} of ${dn} that does not name the domain controller.`);
  });
}

/** The infrastructure role of a partition goes from one NTDS Settings to another. */
function isCorrection(dn: string, edit: AttributeEdit): boolean {
  const { add, remove } = edit;
  return (
    isRoleEdit(dn)(edit) && add.length === 1 && remove.length === 1 && /^CN=NTDS Settings,CN=/i.test(String(add[0]))
  );
}

function isRoleEdit(dn: string): (edit: AttributeEdit) => boolean {
  return ({ attribute }) => attribute.toLowerCase() === 'fsmoroleowner' && /^CN=Infrastructure,DC=/i.test(dn);
}

function isDnsRecord(dn: string, attribute: string, value: PlanValue): boolean {
  const isNode = /^DC=.*,CN=MicrosoftDNS,/i.test(dn) && attribute.toLowerCase() === 'dnsrecord';
  return isNode && parseDnsRecord(bytesOfWrittenValue(value)) !== undefined;
}

function namesGone(value: PlanValue, dns: ReadonlySet<string>): boolean {
  if (typeof value !== 'string') return false;
  return isGone(dnIn(value), dns);
}

/** Whether it is the DN of one of these or of a deleted entry. */
function isGone(value: string, dns: ReadonlySet<string>): boolean {
  return isDnThat(value, (dn) => dns.has(normalizedDn(dn)) || isDeletedDn(dn));
}

/** The undo is compared with the original elsewhere; here: it never creates NTDS Settings. */
function faultsOfUndo({ changes }: Plan<DirectoryChange>): readonly string[] {
  const deleted = changes.flatMap(deletedBy);
  const { account } = partsOf(deleted);
  return [
    ...changes
      .filter(({ kind, dn }) => kind !== 'modify' && /^CN=NTDS Settings,/i.test(dn))
      .map(({ dn }) => `It creates or deletes ${dn}: only a promotion restores a domain controller.`),
    ...changes
      .filter((change) => isOtherAccount(classesMadeBy(change)))
      .map(({ dn }) => `It creates ${dn}, which is not the account of a domain controller.`),
    ...otherAccounts(deleted, new Set([account])),
    account !== undefined &&
      !isOfDomainController(account) &&
      `It deletes ${account.dn}, which is not the account of a domain controller.`,
  ].filter((one) => one !== false);
}
