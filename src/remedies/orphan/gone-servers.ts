/** Servers that are gone, and which of them a value names: its object, an entry that was below it, or it by a name. */

import { deletedRdnOf, isDnThat, joinDn, normalizedDn, parentDn, rdnOf } from '../../ad/dn.ts';
import { guidOf, textOf, textsOf } from '../../ad/entry.ts';
import { dnIn } from '../../ad/naming.ts';
import { DirectoryError } from '../../errors.ts';
import { resultCode } from '../../ldap/diagnostics.ts';
import { type DirectorySession, deletedObjectsControl, equal, everything, or, present } from '../../ldap/session.ts';
import { hostsIn } from './referrers.ts';

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

export interface ServerPlaces {
  /** Every entry in a CN=Servers, normalised. */
  readonly entries: ReadonlySet<string>;
  /** Every administrative group whose CN=Servers is to be seen, as adminGroupIn has them, in lower case. */
  readonly groups: ReadonlySet<string>;
}

/** Reads them. Throws DirectoryError. */
export async function readServerPlaces(session: DirectorySession, configuration: string): Promise<ServerPlaces> {
  const legacyNames = new Map<string, string>();
  const containers: string[] = [];
  const found = session.search({
    base: joinDn('CN=Services', configuration),
    scope: 'subtree',
    filter: or(equal('objectClass', 'msExchServersContainer'), equal('objectClass', 'msExchAdminGroup')),
    attributes: ['objectClass', 'legacyExchangeDN'],
  });
  for await (const entry of found) {
    const isContainer = textsOf(entry, 'objectClass').some((name) => name.toLowerCase() === 'msexchserverscontainer');
    const legacyName = textOf(entry, 'legacyExchangeDN');
    if (isContainer) containers.push(entry.dn);
    else if (legacyName !== undefined) legacyNames.set(normalizedDn(entry.dn), legacyName);
  }
  const entries = new Set<string>();
  const groups = new Set<string>();
  for (const container of containers) {
    for (const name of namesOfGroup(container, legacyNames)) groups.add(name.toLowerCase());
    const below = session.search({ base: container, scope: 'subtree', filter: everything, attributes: ['1.1'] });
    for await (const { dn } of below) entries.add(normalizedDn(dn));
  }
  return { entries, groups };
}

/** By its DN and by its legacyExchangeDN, which its CN need not be in: Exchange 2003 lets an administrative group be renamed. */
function namesOfGroup(container: string, legacyNames: ReadonlyMap<string, string>): readonly string[] {
  // CN=Servers,CN=<admin group>,CN=Administrative Groups,CN=<organisation>
  const group = parentDn(container) ?? '';
  const organisation = parentDn(parentDn(group) ?? '') ?? '';
  if (group === '' || organisation === '') return [];
  const dn = normalizedDn(group);
  return [dn, legacyNames.get(dn) ?? `/o=${rdnOf(organisation).value}/ou=${rdnOf(group).value}`];
}

/** The administrative group of the server that a value names: `/o=…/ou=…` of a legacyExchangeDN, else its DN. */
export function adminGroupIn(value: string): string | undefined {
  const inText = /^(\/o=[^/]+\/ou=[^/]+)\/cn=Configuration\/cn=Servers\/cn=/i.exec(value)?.[1];
  if (inText !== undefined) return inText;
  const server = serverDnIn(dnIn(value));
  return server === undefined ? undefined : adminGroupAbove(server);
}

/** The server object that a DN is of or below: `CN=<server>,CN=Servers,CN=<admin group>,CN=Administrative Groups,…`. */
export function serverDnIn(dn: string): string | undefined {
  if (!/,\s*CN\s*=\s*Servers\s*,/i.test(dn) || !isDnThat(dn, () => parentDn(dn) !== undefined)) return undefined;
  for (let at: string | undefined = dn; at !== undefined && at !== ''; at = parentDn(at)) {
    const servers = parentDn(at);
    const groups = parentDn(parentDn(servers ?? '') ?? '');
    if (isNamed(servers, 'Servers') && isNamed(groups, 'Administrative Groups')) return at;
  }
  return undefined;
}

/** The administrative group that an entry is in: `CN=<admin group>,CN=Administrative Groups,…`. */
export function adminGroupAbove(dn: string): string | undefined {
  for (let at: string | undefined = dn; at !== undefined && at !== ''; at = parentDn(at)) {
    if (isNamed(parentDn(at), 'Administrative Groups')) return at;
  }
  return undefined;
}

function isNamed(dn: string | undefined, name: string): boolean {
  return dn !== undefined && dn !== '' && rdnOf(dn).value.toLowerCase() === name.toLowerCase();
}

/** Whether a value has the DN of a server, or of what was below one, where no entry is to be seen, deleted or not. */
export function isMissingFrom({ entries }: Pick<ServerPlaces, 'entries'>, value: string): boolean {
  const dn = dnIn(value);
  return !dn.includes('\\0ADEL:') && serverDnIn(dn) !== undefined && !entries.has(normalizedDn(dn));
}
