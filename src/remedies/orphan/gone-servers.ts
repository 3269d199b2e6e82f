/** Servers that are gone, and which of them a value names: its object, an entry that was below it, or it by a name. */

import { deletedRdnOf, joinDn, rdnOf } from '../../ad/dn.ts';
import { guidOf, textOf, textsOf } from '../../ad/entry.ts';
import { dnIn } from '../../ad/naming.ts';
import { DirectoryError } from '../../errors.ts';
import { resultCode } from '../../ldap/diagnostics.ts';
import { type DirectorySession, deletedObjectsControl, present } from '../../ldap/session.ts';
import { serverDnIn } from './server-places.ts';

/** A deleted entry as its tombstone has it. */
interface Tombstone {
  readonly name: string;
  /** Lower case. */
  readonly objectClasses: ReadonlySet<string>;
  /** Its parent, deleted itself or not. */
  readonly parent: string;
}

/** The tombstones of the Configuration naming context, by objectGUID. */
export type Tombstones = ReadonlyMap<string, Tombstone>;

/** What a DC answers where the container of deleted objects is not there, or not to be seen. */
const hidden: ReadonlySet<number> = new Set([resultCode.noSuchObject, resultCode.insufficientAccessRights]);

/** Reads them; none for a user who may not see deleted objects, and none of an export that lacks them. Throws DirectoryError. */
export async function readTombstones(session: DirectorySession, configuration: string): Promise<Tombstones> {
  const tombstones = new Map<string, Tombstone>();
  const found = session.search({
    base: joinDn('CN=Deleted Objects', configuration),
    scope: 'one',
    filter: present('lastKnownParent'),
    attributes: ['objectClass', 'objectGUID', 'lastKnownParent'],
    controls: [deletedObjectsControl(session.rootDse.supportedControls)],
  });
  try {
    for await (const entry of found) {
      const guid = guidOf(entry, 'objectGUID');
      const name = deletedRdnOf(entry.dn)?.value;
      const parent = textOf(entry, 'lastKnownParent');
      if (guid === undefined || name === undefined || parent === undefined) continue;
      const objectClasses = new Set(textsOf(entry, 'objectClass').map((one) => one.toLowerCase()));
      tombstones.set(guid, { name, objectClasses, parent });
    }
  } catch (error) {
    // Without them a value is grouped by the entry that it names.
    if (!(error instanceof DirectoryError) || !hidden.has(error.resultCode ?? -1)) throw error;
  }
  return tombstones;
}

/** The names of the server objects that were deleted, as they were written. */
export function deletedServers(tombstones: Tombstones): readonly string[] {
  return [...tombstones.values()].filter(isServer).map(({ name }) => name);
}

function isServer({ objectClasses }: Tombstone): boolean {
  // From 2013 on a server has children of a class derived from its own.
  return objectClasses.has('msexchexchangeserver') && !objectClasses.has('msexchexchangetransportserver');
}

/** The server whose object a deleted entry was, or which it was below or a copy on; undefined if nothing shows it. */
export function serverOfDeleted(dn: string, tombstones: Tombstones): string | undefined {
  const seen = new Set<string>();
  let at = dn;
  for (;;) {
    const guid = deletedRdnOf(at)?.guid;
    if (guid === undefined) return serverAbove(at);
    const tombstone = tombstones.get(guid);
    if (tombstone === undefined || seen.has(guid)) return undefined;
    // A copy of a database has the name of its server.
    if (isServer(tombstone) || tombstone.objectClasses.has('msexchmdbcopy')) return tombstone.name;
    seen.add(guid);
    at = tombstone.parent;
  }
}

/** The name of the server that the entry is or is below, if its place shows one. */
function serverAbove(dn: string): string | undefined {
  const server = serverDnIn(dn);
  return server === undefined ? undefined : rdnOf(server).value;
}

/** The server in a legacyExchangeDN, of its own or of what is below it: `/o=…/ou=…/cn=Configuration/cn=Servers/cn=NAME`. */
const inLegacyName = /^\/o=[^/]+\/ou=[^/]+\/cn=Configuration\/cn=Servers\/cn=([^/]+)/i;

/** The server that a value names by text: a legacyExchangeDN, or the first label of a host; undefined if it names none. */
function serverInText(value: string): string | undefined {
  const [host] = hostsIn(value);
  return inLegacyName.exec(value)?.[1] ?? host?.split('.', 1)[0];
}

/** The server that a value names; undefined if nothing shows it. */
export function serverNamed(value: string, tombstones: Tombstones): string | undefined {
  const dn = dnIn(value);
  return dn.includes('\\0ADEL:') ? serverOfDeleted(dn, tombstones) : (serverInText(value) ?? serverAbove(dn));
}

/** The hosts of a UNC path, of a URL, or of a list of host names, in lower case. */
export function hostsIn(value: string): readonly string[] {
  const text = value.toLowerCase();
  const host = /^(?:\\\\|[a-z][a-z0-9+.-]*:\/\/)([^\\/:?#]+)/.exec(text)?.[1];
  if (host !== undefined) return [host];
  const parts = text.split(/[\s,;]+/);
  return parts.every((part) => /^(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*$|^\[[0-9a-f.:]+\]$/.test(part)) ? parts : [];
}
