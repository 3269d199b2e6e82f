/** What a metadata plan never writes: checked in the plan alone. */

import { isDeletedDn, isDnThat, isSameOrBelow, joinDn, normalizedDn, parentDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { parseDnsRecord } from '../../ad/dns-record.ts';
import { dnIn } from '../../ad/naming.ts';
import { bytesOfWrittenValue } from '../../ad/values.ts';
import type { AttributeEdit, DeletedEntry, DirectoryChange, ModifyChange, Plan, PlanValue } from '../../change/plan.ts';
import { deletedBy } from '../../change/undo-link.ts';
import { faultsOfSteps } from './describe.ts';
import { isKerberosAccount, isOfClass, partsOf, textsIn } from './identity.ts';
import { isSysvol } from './remains.ts';

/** What in the plan's shape and places this remedy never writes, each in a sentence; [] permits it. */
export function permits(plan: Plan<DirectoryChange>): readonly string[] {
  const { target, undoes, nextSteps } = plan;
  if (target.kind !== 'forest') return ['Its target is not a forest.'];
  const configuration = target.configurationNamingContext;
  return [
    ...(undoes === undefined ? faultsOfRemoval(plan, configuration) : faultsOfUndo(plan)),
    ...faultsOfSteps(nextSteps),
  ];
}

function faultsOfRemoval({ changes, subject }: Plan<DirectoryChange>, configuration: string): readonly string[] {
  const deleted = changes.flatMap(deletedBy);
  const { server, account } = partsOf(deleted);
  const top = server ?? account;
  if (changes.length === 0) return [];
  if (subject === undefined || top === undefined || !sameDn(top.dn, subject.dn) || top.guid !== subject.guid) {
    return ['It does not delete its subject, the server object or the account of a domain controller.'];
  }
  const dns = new Set(deleted.map(({ dn }) => normalizedDn(dn)));
  const trees = deleted.filter((entry) => isRootOfDc(entry, { server, account }, configuration, dns));
  return changes.flatMap((change) => {
    switch (change.kind) {
      case 'delete':
        return trees.some(({ dn }) => isSameOrBelow(change.dn, dn))
          ? []
          : [`It deletes ${change.dn}, which is not of the domain controller.`];
      case 'modify':
        return faultsOfEdits(change, dns);
      case 'delete-tree':
        return [`It deletes ${change.dn} by one request for the whole tree.`];
      default:
        return [`It makes the entry ${change.dn}.`];
    }
  });
}

/** Whether a plan may delete the entry and all below: by its place, its class, and what it says of the DC. */
function isRootOfDc(
  entry: DeletedEntry,
  { server, account }: Pick<ReturnType<typeof partsOf>, 'server' | 'account'>,
  configuration: string,
  dns: ReadonlySet<string>,
): boolean {
  const names = (attribute: string): boolean => textsIn(entry, attribute).some((value) => isGone(value, dns));
  if (entry === server) return isServerPlace(entry.dn, configuration);
  if (entry === account) {
    const isGroup = textsIn(entry, 'primaryGroupID').some((group) => group === '516' || group === '521');
    const isReferred = server === undefined || belongsTo(server, entry);
    return isGroup && isReferred && !isSameOrBelow(entry.dn, configuration);
  }
  if (isKerberosAccount(entry)) {
    return (
      account !== undefined &&
      textsIn(account, 'msDS-KrbTgtLink').some((value) => isDnThat(value, (dn) => sameDn(dn, entry.dn)))
    );
  }
  if (isOfClass(entry, 'nTDSConnection') || isOfClass(entry, 'msDFSR-Connection')) return names('fromServer');
  if (!isOfClass(entry, 'msDFSR-Member') && !isOfClass(entry, 'nTFRSMember')) return false;
  const references = ['msDFSR-ComputerReference', 'frsComputerReference', 'serverReference'];
  const isLoose = references.every((attribute) => textsIn(entry, attribute).length === 0);
  const isNamesake = [server, account].some(
    (one) => one !== undefined && rdnOf(one.dn).value.toLowerCase() === rdnOf(entry.dn).value.toLowerCase(),
  );
  return isSysvol(entry.dn) !== undefined && (references.some(names) || (isLoose && isNamesake));
}

function belongsTo(server: DeletedEntry, account: DeletedEntry): boolean {
  const host = textsIn(server, 'dNSHostName')[0]?.toLowerCase();
  const isLinked = textsIn(server, 'serverReference').some((value) => isDnThat(value, (dn) => sameDn(dn, account.dn)));
  return isLinked || (host !== undefined && textsIn(account, 'dNSHostName')[0]?.toLowerCase() === host);
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
function isCorrection(dn: string, { attribute, add, remove }: AttributeEdit): boolean {
  const isRole = attribute.toLowerCase() === 'fsmoroleowner' && /^CN=Infrastructure,DC=/i.test(dn);
  return isRole && add.length === 1 && remove.length === 1 && /^CN=NTDS Settings,CN=/i.test(String(add[0]));
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

/** That an undo is an exact reverse is checked with the original; NTDS Settings it never makes. */
function faultsOfUndo({ changes }: Plan<DirectoryChange>): readonly string[] {
  return changes
    .filter(({ kind, dn }) => kind !== 'modify' && /^CN=NTDS Settings,/i.test(dn))
    .map(({ dn }) => `It makes or deletes ${dn}: a domain controller comes back by promotion only.`);
}
