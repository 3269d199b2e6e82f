/**
 * Commands for domain controllers with their names filled in: repadmin, ldifde, ntdsutil, dsmod. They run in cmd and in
 * PowerShell. And the requests that repadmin takes to remove lingering objects: which DCs to clean, against which DC.
 */

import { quotedForPowerShell, unseen } from '../quoting.ts';
import { hostOf } from './forest.ts';
import type { OldestNews } from './replication-islands.ts';
import type { CopyNews, Party, ReplicationNews } from './replication-news.ts';

/** `repadmin /showrepl dc1.corp.example.com` */
export function showReplication(host: string): string {
  return `repadmin /showrepl ${quoted(host)}`;
}

export interface LingeringObjectsRequest {
  /** The DC that is cleaned. */
  readonly destination: string;
  /** The DSA GUID of the DC that is right. */
  readonly sourceDsaGuid: string;
  readonly namingContext: string;
}

/** Lists lingering objects (events 1946). */
export function listLingeringObjects(request: LingeringObjectsRequest): string {
  return `${removeLingeringObjects(request)} /advisory_mode`;
}

/** Removes what the same command with /advisory_mode lists (events 1945). */
export function removeLingeringObjects({ destination, sourceDsaGuid, namingContext }: LingeringObjectsRequest): string {
  return `repadmin /removelingeringobjects ${quoted(destination)} ${quoted(sourceDsaGuid)} ${quoted(namingContext)}`;
}

/** Has a DC remove the lingering objects that a file of removeLingeringObject operations names. */
export function importRemoval(host: string, file: string): string {
  return `ldifde -i -s ${quoted(host)} -f ${quoted(file)}`;
}

/** Exports what was changed on a DC from a uSNChanged on, deleted objects (-x) included. */
export function exportChanges(host: string, namingContext: string, from: bigint, file: string): string {
  return `ldifde -f ${quoted(file)} -s ${quoted(host)} -d ${quoted(namingContext)} -r ${quoted(`(uSNChanged>=${from})`)} -x`;
}

/** Lets a DC replicate once more with partners past the lifetime, or forbids it again (event 2042, KB 2020053 step 6). */
export function allowDivergent(host: string, isAllowed: boolean): string {
  return `repadmin /regkey ${quoted(host)} ${isAllowed ? '+' : '-'}allowDivergent`;
}

/** Makes a DC fetch every naming context from its partners. */
export function replicateNow(host: string): string {
  return `repadmin /syncall ${quoted(host)} /A /e /d`;
}

/** Who replicates with whom, and what fails, on every DC. */
export const replicationSummary = 'repadmin /replsummary *';

/** Removes what is left of a DC that is gone, by the DN of its server object. */
export function removeMetadata(serverDn: string): string {
  return `ntdsutil "metadata cleanup" ${quoted(`remove selected server ${serverDn}`)} quit quit`;
}

/** Gives a role to another DC when its holder is gone for good; `role` as ntdsutil calls it: "PDC". */
export function seizeRole(host: string, role: string): string {
  return `ntdsutil roles connections ${quoted(`connect to server ${host}`)} quit ${quoted(`seize ${role}`)} quit quit`;
}

/** `repadmin /showattr * "CN=…" /atts:tombstoneLifetime` */
export function showAttribute(dn: string, attribute: string): string {
  return `repadmin /showattr * ${quoted(dn)} /atts:${attribute}`;
}

/** `repadmin /showobjmeta * "CN=…"`: whether each DC still has the object. */
export function showObject(dn: string): string {
  return `repadmin /showobjmeta * ${quoted(dn)}`;
}

/** Resets a computer account, so that another machine can join by it. */
export function resetComputer(dn: string): string {
  return `dsmod computer ${quoted(dn)} -reset`;
}

/** A name as one argument: bare or in double quotes where cmd and PowerShell keep that together, else for PowerShell alone. */
function quoted(text: string): string {
  if (/^[\w.-]+$/.test(text)) return text;
  const isForPowerShell = unseen.test(text) || /["$`%\u2018-\u201F]/.test(text);
  return isForPowerShell ? quotedForPowerShell(text) : `"${text}"`;
}

/**
 * A request for each naming context of each destination that a sound DC has a writable copy of.
 *
 * @param references DCs that are right; those that do not answer and RODCs are not taken
 * @param oldest the DC with the freshest news is preferred
 */
export function cleaningRequests(
  destinations: readonly Party[],
  references: readonly Party[],
  { copies }: ReplicationNews,
  oldest: ReadonlyMap<Party, OldestNews>,
): readonly LingeringObjectsRequest[] {
  return destinations.flatMap((destination) =>
    copies.flatMap((copy) => {
      if (!copy.full.includes(destination) && !copy.partial.includes(destination)) return [];
      const sourceDsaGuid = referenceFor(copy, destination, references, oldest)?.domainController.dsaGuid;
      if (sourceDsaGuid === undefined) return [];
      return [{ destination: hostOf(destination.domainController), sourceDsaGuid, namingContext: copy.namingContext }];
    }),
  );
}

/** A DC that is right, and the DCs that are to be compared with it. */
export interface Comparable {
  readonly reference: Party;
  readonly targets: readonly Party[];
}

/**
 * The reference to compare each destination with: the freshest of the sound DCs that have writable copies of the most
 * naming contexts of which the destination has a full one.
 *
 * @param references as for cleaningRequests
 */
export function comparisonsFor(
  destinations: readonly Party[],
  references: readonly Party[],
  { copies }: ReplicationNews,
  oldest: ReadonlyMap<Party, OldestNews>,
): readonly Comparable[] {
  const byReference = new Map<Party, Party[]>();
  for (const destination of destinations) {
    const held = copies.filter(({ full }) => full.includes(destination));
    const shared = (party: Party): number => held.filter(({ full }) => full.includes(party)).length;
    const [reference] = candidatesFrom(references, destination, oldest).toSorted(
      (one, other) => shared(other) - shared(one),
    );
    if (reference !== undefined) byReference.set(reference, [...(byReference.get(reference) ?? []), destination]);
  }
  return [...byReference].map(([reference, targets]) => ({ reference, targets }));
}

function referenceFor(
  { full }: CopyNews,
  destination: Party,
  references: readonly Party[],
  oldest: ReadonlyMap<Party, OldestNews>,
): Party | undefined {
  return candidatesFrom(references, destination, oldest).find((party) => full.includes(party));
}

/** The freshest first. */
function candidatesFrom(
  references: readonly Party[],
  destination: Party,
  oldest: ReadonlyMap<Party, OldestNews>,
): readonly Party[] {
  const rank = (party: Party): number => oldest.get(party)?.age ?? Number.MAX_VALUE;
  return references
    .filter((party) => party !== destination && party.state.kind === 'answered' && !party.domainController.isReadOnly)
    .toSorted((one, other) => rank(one) - rank(other));
}
