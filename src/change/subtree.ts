/** The server's subtree, each entry with everything that it holds, and which of them the user may delete. */

import { dnDepth, normalizedDn, parentDn, sameDn } from '../ad/dn.ts';
import {
  allBytesOf,
  bytesOf,
  bytesOfWrittenValue,
  type Entry,
  formatSid,
  guidOf,
  integerOf,
  textsOf,
} from '../ad/entry.ts';
import { readAttributeDefinitions, readForwardLinks } from '../ad/schema.ts';
import { accessRight, parseSecurityDescriptor } from '../ad/security-descriptor.ts';
import { DirectoryError } from '../errors.ts';
import { type DirectorySession, everything } from '../ldap/session.ts';
import { distinct, groupBy } from '../words.ts';
import { deletedEntry, wholeEntry, withoutSacl } from './entry-content.ts';
import type { DeleteChange, DeletedEntry, PlanAttribute } from './plan.ts';

/** An entry of the subtree, with the attributes that the remedy itself uses. */
export interface SubtreeEntry {
  readonly entry: DeletedEntry;
  readonly depth: number;
  /** Lower case. */
  readonly objectClasses: ReadonlySet<string>;
  readonly systemFlags: number;
}

/** FLAG_DISALLOW_DELETE of systemFlags (MS-ADTS 2.2.10). */
const disallowDelete = 0x8000_0000;

/**
 * Every entry from this DN down, parents before children. Throws DirectoryError, also if an entry can be seen without
 * its objectGUID.
 */
export async function readSubtree(
  session: DirectorySession,
  dn: string,
  isExport: boolean,
): Promise<readonly SubtreeEntry[]> {
  const entries: SubtreeEntry[] = [];
  const found = session.search({
    base: dn,
    scope: 'subtree',
    filter: everything,
    attributes: wholeEntry,
    controls: [withoutSacl],
  });
  for await (const entry of found) {
    const guid = guidOf(entry, 'objectGUID');
    if (guid === undefined) throw isExport ? exportNotWhole(entry.dn) : notWhole(entry.dn, session);
    entries.push({
      entry: deletedEntry(entry, guid),
      depth: dnDepth(entry.dn),
      objectClasses: new Set(textsOf(entry, 'objectClass').map((name) => name.toLowerCase())),
      systemFlags: integerOf(entry, 'systemFlags') ?? 0,
    });
  }
  const marked = await markBackLinks(session, entries);
  return marked.toSorted((one, other) => one.depth - other.depth);
}

/** Marks the back links, each with the attribute that an undo writes in its place. Throws DirectoryError. */
async function markBackLinks(
  session: DirectorySession,
  entries: readonly SubtreeEntry[],
): Promise<readonly SubtreeEntry[]> {
  const names = distinct(entries.flatMap(({ entry }) => entry.attributes.map(({ name }) => name)));
  const definitions = await readAttributeDefinitions(session, names);
  const forward = await readForwardLinks(session, definitions.values());
  const marked = (attribute: PlanAttribute): PlanAttribute => {
    const key = attribute.name.toLowerCase();
    if (definitions.get(key)?.link !== 'back') return attribute;
    const linksFrom = forward.get(key);
    return { ...attribute, isBackLink: true, ...(linksFrom === undefined ? {} : { linksFrom }) };
  };
  return entries.map((one) => ({
    ...one,
    entry: { ...one.entry, attributes: one.entry.attributes.map(marked) },
  }));
}

function exportNotWhole(dn: string): DirectoryError {
  return new DirectoryError({
    attempted: 'read the server object',
    on: `${dn} in the export`,
    cameBack: 'it has no objectGUID, which a plan needs to find the entry again',
    next: 'Export again with only ldifde -d and -f: -m and -o leave out objectGUID, and -l leaves out attributes that it does not list.',
  });
}

function notWhole(dn: string, session: DirectorySession): DirectoryError {
  return new DirectoryError({
    attempted: 'read the server object',
    on: `${dn} on ${session.identity.host}`,
    cameBack: 'the user may not see its objectGUID',
    next: 'Run this as a member of Organization Management or Enterprise Admins.',
  });
}

/** The deletes in an order in which every entry is without children when its turn comes. */
export function leavesFirst(subtree: readonly SubtreeEntry[]): readonly DeleteChange[] {
  const children = groupBy(subtree, ({ entry }) => normalizedDn(parentDn(entry.dn) ?? ''));
  return subtree
    .toSorted((one, other) => other.depth - one.depth)
    .map(({ entry }) => ({
      kind: 'delete',
      ...entry,
      children: (children.get(normalizedDn(entry.dn)) ?? []).map((child) => child.entry.guid),
    }));
}

/** Whether the directory refuses to delete the entry. */
export function isProtected({ systemFlags }: SubtreeEntry): boolean {
  return (systemFlags & disallowDelete) !== 0;
}

/** The DNs of the subtree's entries, normalised. */
export function dnsOf(entries: readonly SubtreeEntry[]): ReadonlySet<string> {
  return new Set(entries.map(({ entry }) => normalizedDn(entry.dn)));
}

/** What the user may delete of a subtree. */
export interface DeleteRights {
  /** DNs that the user may not delete, as far as AD shows. */
  readonly undeletable: readonly string[];
  /** Whether AD showed the rights at all. */
  readonly rightsKnown: boolean;
}

/** Which entries of the subtree the user may not delete. Throws DirectoryError. */
export async function rightsTo(session: DirectorySession, subtree: readonly SubtreeEntry[]): Promise<DeleteRights> {
  const rootDse = await session.readEntry('', ['tokenGroups']);
  const token = new Set((rootDse === undefined ? [] : allBytesOf(rootDse, 'tokenGroups')).map(formatSid));
  const [root] = subtree;
  const above = root === undefined ? undefined : parentDn(root.entry.dn);
  const container = above === undefined ? undefined : await session.readEntry(above, wholeEntry, [withoutSacl]);
  const descriptors = new Map(subtree.map(({ entry }) => [normalizedDn(entry.dn), descriptorOf(entry)]));
  const rights = subtree.map(({ entry }): readonly [dn: string, right: DeleteRight] => {
    const parent = parentDn(entry.dn) ?? '';
    const ofParent = descriptors.get(normalizedDn(parent)) ?? containerDescriptor(container, parent);
    return [entry.dn, deleteRight(descriptorOf(entry), ofParent, token)];
  });
  return {
    undeletable: rights.filter(([, right]) => right === 'denied').map(([dn]) => dn),
    rightsKnown: rights.every(([, right]) => right !== 'unknown'),
  };
}

function descriptorOf({ attributes }: SubtreeEntry['entry']): Buffer | undefined {
  const value = attributes.find(({ name }) => name.toLowerCase() === 'ntsecuritydescriptor')?.values[0];
  return value === undefined ? undefined : bytesOfWrittenValue(value);
}

function containerDescriptor(container: Entry | undefined, dn: string): Buffer | undefined {
  return container !== undefined && sameDn(container.dn, dn) ? bytesOf(container, 'nTSecurityDescriptor') : undefined;
}

/**
 * Whether the user may delete an entry, computed as AD does it (MS-ADTS 5.1.3): from the entry's and its parent's
 * security descriptors and the SIDs of the user's token. AD has no attribute that says it: sDRightsEffective and
 * allowedAttributesEffective leave deletion out.
 */
export type DeleteRight = 'allowed' | 'denied' | 'unknown';

/**
 * The right to delete one entry: DELETE on it, or DELETE_CHILD on its parent.
 *
 * @param descriptor nTSecurityDescriptor of the entry, self-relative (MS-DTYP 2.4.6)
 * @param ofParent the parent's; undefined if it can't be read
 * @param token SIDs of the user and of all groups; empty if the server does not list them
 */
export function deleteRight(
  descriptor: Buffer | undefined,
  ofParent: Buffer | undefined,
  token: ReadonlySet<string>,
): DeleteRight {
  if (token.size === 0 || descriptor === undefined) return 'unknown';
  if (isGranted(descriptor, accessRight.delete, token)) return 'allowed';
  if (ofParent === undefined) return 'unknown';
  return isGranted(ofParent, accessRight.deleteChild, token) ? 'allowed' : 'denied';
}

/** The first entry of the DACL that speaks of the right decides (MS-DTYP 2.4.5); without a DACL all is allowed. */
function isGranted(descriptor: Buffer, right: number, token: ReadonlySet<string>): boolean {
  const { dacl } = parseSecurityDescriptor(descriptor);
  if (dacl === undefined) return true;
  for (const { kind, mask, trustee, objectType, isInheritOnly, isConditional } of dacl) {
    const counts = !isInheritOnly && !isConditional && token.has(trustee);
    if (!counts || (mask & (right | accessRight.genericAll)) === 0) continue;
    // This covers only children of one class; it is enough if the entry has that class, which is not checked.
    if (kind === 'allow') return true;
    if (kind === 'deny' && objectType === undefined) return false;
  }
  return false;
}
