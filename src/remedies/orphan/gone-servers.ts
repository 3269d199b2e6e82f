/** Servers that are gone: where server objects lie, what their tombstones show, and which values name one of them. */

import { deletedRdnOf, dnIn, dnsNameOfDn, isDnThat, joinDn, normalizedDn, parentDn, rdnOf } from '../../ad/dn.ts';
import { guidOf, textOf, textsOf } from '../../ad/entry.ts';
import { type Forest, isHostOfForest } from '../../ad/forest.ts';
import { bytesWith, type Naming, type NamingTest } from '../../ad/references.ts';
import type { PlanValue } from '../../change/plan.ts';
import { DirectoryError } from '../../errors.ts';
import { resultCode } from '../../ldap/diagnostics.ts';
import { type DirectorySession, deletedObjectsControl, equal, everything, or, present } from '../../ldap/session.ts';
import type { ExchangeServer } from './organisation.ts';
import { hostsIn } from './referrers.ts';

/** The visible entries where server objects are: in CN=Servers of each administrative group. */
export interface ServerPlaces {
  /** Every entry in a CN=Servers, normalised. */
  readonly entries: ReadonlySet<string>;
  /** Every administrative group whose CN=Servers is visible, as adminGroupIn has them, in lower case. */
  readonly groups: ReadonlySet<string>;
}

/** Reads what is in every CN=Servers. Throws DirectoryError. */
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

/**
 * By its DN and by its legacyExchangeDN, which its CN need not be in: Exchange 2003 lets an administrative group be
 * renamed.
 */
function namesOfGroup(container: string, legacyNames: ReadonlyMap<string, string>): readonly string[] {
  // CN=Servers,CN=<admin group>,CN=Administrative Groups,CN=<organisation>
  const group = parentDn(container) ?? '';
  const organisation = parentDn(parentDn(group) ?? '') ?? '';
  if (group === '' || organisation === '') return [];
  const dn = normalizedDn(group);
  return [dn, legacyNames.get(dn) ?? `/o=${rdnOf(organisation).value}/ou=${rdnOf(group).value}`];
}

/** Whether a value has the DN of a server, or of what was below one, where no entry is visible, deleted or not. */
export function isMissingFrom({ entries }: Pick<ServerPlaces, 'entries'>, value: string): boolean {
  const dn = dnIn(value);
  return !dn.includes('\\0ADEL:') && serverDnIn(dn) !== undefined && !entries.has(normalizedDn(dn));
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

/** The results of a DC if the container of deleted objects does not exist or is not visible. */
const hidden: ReadonlySet<number> = new Set([resultCode.noSuchObject, resultCode.insufficientAccessRights]);

/** Reads them; none if the user may not see deleted objects, or an export lacks them. Throws DirectoryError. */
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
function serverOfDeleted(dn: string, tombstones: Tombstones): string | undefined {
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

/** The server in a legacyExchangeDN and its administrative group: `/o=…/ou=…/cn=Configuration/cn=Servers/cn=NAME`. */
interface LegacyServer {
  readonly dn: string;
  readonly group: string;
  readonly name: string;
  /** What follows the server: '' for its own legacyExchangeDN. */
  readonly below: string;
}

const legacyServer = /^((\/o=[^/]+\/ou=[^/]+)\/cn=Configuration\/cn=Servers\/cn=([^/]+))(.*)$/is;

function legacyServerIn(value: string): LegacyServer | undefined {
  const match = legacyServer.exec(value);
  if (match === null) return undefined;
  const [, dn = '', group = '', name = '', below = ''] = match;
  return { dn, group, name, below };
}

/** The administrative group of the server that a value names: `/o=…/ou=…` of a legacyExchangeDN, else its DN. */
export function adminGroupIn(value: string): string | undefined {
  const inText = legacyServerIn(value)?.group;
  if (inText !== undefined) return inText;
  const server = serverDnIn(dnIn(value));
  return server === undefined ? undefined : adminGroupAbove(server);
}

/** The server that a value names by text: a legacyExchangeDN, or the first label of a host; undefined if it names none. */
function serverInText(value: string): string | undefined {
  const [host] = hostsIn(value);
  return legacyServerIn(value)?.name ?? host?.split('.', 1)[0];
}

/** The server that a value names; undefined if nothing shows it. */
export function serverNamed(value: string, tombstones: Tombstones): string | undefined {
  const dn = dnIn(value);
  return dn.includes('\\0ADEL:') ? serverOfDeleted(dn, tombstones) : (serverInText(value) ?? serverAbove(dn));
}

/** The names of a server that is there. */
export type ServerNames = Pick<ExchangeServer, 'legacyExchangeDn' | 'fqdn' | 'name'>;

/**
 * The names of servers that are gone, keyed by the name in lower case; a name that an existing server has again is not
 * among them.
 */
export function goneNames(names: readonly string[], servers: readonly ServerNames[]): ReadonlyMap<string, string> {
  const there = namesOf(servers);
  const gone = new Map<string, string>();
  for (const name of names) {
    if (!there.has(lower(name)) && !gone.has(lower(name))) gone.set(lower(name), name);
  }
  return gone;
}

/** The short names of servers, in lower case. */
export function namesOf(servers: readonly ServerNames[]): ReadonlySet<string> {
  return new Set(servers.flatMap(({ name, fqdn }) => [name, fqdn?.split('.', 1)[0] ?? name]).map(lower));
}

/** Text attributes of DAGs whose values are FQDNs of servers, in lower case. */
export const serverLists = new Set(['msexchstartedmailboxservers', 'msexchstoppedmailboxservers']);

/**
 * A test for DNs of deleted entries, for DNs of servers where no entry is, and for names of servers that no object has. A
 * server whose names are not to be seen, as in an export without them, is meant by any that has its short name.
 */
export function leftoverTest(servers: readonly ServerNames[], places: Pick<ServerPlaces, 'entries'>): NamingTest {
  const legacyNames = new Set(
    servers.flatMap(({ legacyExchangeDn: name }) => (name === undefined ? [] : [lower(name)])),
  );
  const unnamed = namesOf(servers.filter(({ legacyExchangeDn }) => legacyExchangeDn === undefined));
  const hosts = namesOf(servers);
  const isGoneHost = (host: string): boolean => !hosts.has(lower(host.split('.', 1)[0] ?? ''));
  const isGone = ({ dn, name }: LegacyServer): boolean => !legacyNames.has(lower(dn)) && !unnamed.has(lower(name));
  const namingInText = (value: string, attribute: string): Naming | undefined => {
    const legacy = legacyServerIn(value);
    if (legacy === undefined || !isGone(legacy)) return undefined;
    if (attribute === 'legacyexchangedn') return /^\/cn=/i.test(legacy.below) ? 'below legacyExchangeDN' : undefined;
    return legacy.below === '' ? 'legacyExchangeDN' : undefined;
  };
  const isMissing = remembering((value) => isMissingFrom(places, value));
  const namingOf = (value: string, attribute: string): Naming | undefined => {
    if (value.includes('\\0ADEL:')) return 'deleted dn';
    if (serverLists.has(attribute)) return isGoneHost(value) ? 'FQDN' : undefined;
    const inText = namingInText(value, attribute);
    if (inText !== undefined || attribute === 'legacyexchangedn') return inText;
    return lower(value).includes(inServers) && isMissing(value) ? 'dn' : undefined;
  };
  return Object.assign(namingOf, { mayName: bytesWith(['\\0adel:', '/cn=servers/cn=', inServers, ...serverLists]) });
}

/** In the DN of every server, as a directory writes it. */
const inServers = 'cn=servers,';

/** The answers for values, which very many entries share. */
function remembering(test: (value: string) => boolean): (value: string) => boolean {
  const answers = new Map<string, boolean>();
  return (value) => {
    const answer = answers.get(value) ?? test(value);
    answers.set(value, answer);
    return answer;
  };
}

/** A test for UNC paths, URLs and lists of hosts with a server that is gone; the lists of a DAG have a separate test. */
export function hostTest(gone: ReadonlyMap<string, string>, forest: Forest): NamingTest {
  const root = dnsNameOfDn(forest.configurationNamingContext) ?? '';
  const isGone = (host: string): boolean => {
    const isOwn = !host.includes('.') || host.endsWith(`.${root}`) || isHostOfForest(forest, host);
    return isOwn && gone.has(host.split('.', 1)[0] ?? '');
  };
  const test = (value: string, attribute: string): Naming | undefined => {
    if (serverLists.has(attribute) || !hostsIn(value).some(isGone)) return undefined;
    if (value.startsWith('\\\\')) return 'path on the server';
    return value.includes('://') ? 'URL on the server' : 'FQDN';
  };
  return Object.assign(test, { mayName: bytesWith([...gone.keys()]) });
}

/** The names that a database may have instead of its RPC client access server's. Throws DirectoryError. */
export async function clientAccessArrays(
  session: DirectorySession,
  configuration: string,
): Promise<readonly ServerNames[]> {
  const arrays: ServerNames[] = [];
  const found = session.search({
    base: configuration,
    scope: 'subtree',
    filter: equal('objectClass', 'msExchClientAccessArray'),
    attributes: ['legacyExchangeDN'],
  });
  for await (const entry of found)
    arrays.push({ legacyExchangeDn: textOf(entry, 'legacyExchangeDN'), fqdn: undefined, name: rdnOf(entry.dn).value });
  return arrays;
}

/** The text in lower case, as names are compared. */
export function lower(text: string): string {
  return text.toLowerCase();
}

/** Whether a value of a plan is text. */
export function isText(value: PlanValue): value is string {
  return typeof value === 'string';
}
