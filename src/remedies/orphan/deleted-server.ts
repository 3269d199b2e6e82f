/**
 * What is deleted with a server: the entries and names that a plan deletes, because other values may still name them,
 * and what may go together with it although it is not below it: its databases, copies on it and empty containers.
 */

import {
  deletedRdnOf,
  dnIn,
  isBelow,
  isConflictDn,
  joinDn,
  normalizedDn,
  parentDn,
  rdnOf,
  sameDn,
} from '../../ad/dn.ts';
import { textOf, textsOf } from '../../ad/entry.ts';
import { plannedTexts } from '../../change/entry-content.ts';
import { type Change, type DeletedEntry, type DirectoryChange, deletedBy, type Proposal } from '../../change/plan.ts';
import { readSubtree, type SubtreeEntry } from '../../change/subtree.ts';
import { and, type DirectorySession, equal, everything, or } from '../../ldap/session.ts';
import { type ExchangeServer, fqdnIn, isDatabase, isLegacy, isModernGroup } from './organisation.ts';

/** A tree outside the server's that can be deleted with it. */
export interface Companion {
  /** servers-container: CN=Servers of an administrative group that would be empty. */
  readonly kind: 'database' | 'copy' | 'servers-container';
  readonly dn: string;
  /** Parents before children. */
  readonly entries: readonly SubtreeEntry[];
  /** Name of another server that holds a copy of the database. */
  readonly copyOn?: string;
  /** Why it must stay, in words; undefined if it may be deleted. */
  readonly hindrance: string | undefined;
}

/** Every entry that is deleted: the server's subtree, and the trees that are deleted with it. */
export function entriesThatGo(facts: {
  readonly subtree: readonly SubtreeEntry[];
  readonly along: readonly Companion[];
}): readonly SubtreeEntry[] {
  return [...facts.subtree, ...facts.along.flatMap(({ entries }) => entries)];
}

/** DNs of the mail transfer agents of a subtree. */
export function mailTransferAgentsIn(subtree: readonly SubtreeEntry[]): readonly string[] {
  return subtree.filter(({ objectClasses }) => objectClasses.has('mta')).map(({ entry }) => entry.dn);
}

/**
 * The databases that the server owns. One with a copy on another server must stay. Throws DirectoryError.
 *
 * @param server DN of the server
 */
export async function readDatabases(
  session: DirectorySession,
  server: string,
  databases: readonly string[],
  isExport: boolean,
): Promise<readonly Companion[]> {
  const found: Companion[] = [];
  for (const dn of databases) {
    const entries = await readSubtree(session, dn, isExport);
    const hosts = entries.flatMap(({ entry }) => plannedTexts(entry, 'msExchHostServerLink'));
    const other = hosts.find((host) => !sameDn(host, server));
    const copyOn = other === undefined ? undefined : rdnOf(other).value;
    found.push({
      kind: 'database',
      dn,
      entries,
      ...(copyOn === undefined ? {} : { copyOn }),
      hindrance: copyOn === undefined ? undefined : `${copyOn} holds a copy of it`,
    });
  }
  return found;
}

/**
 * Copies on the server of databases that stay. Throws DirectoryError. @param going DNs of the databases that are
 * deleted with it
 */
export async function readCopies(
  session: DirectorySession,
  configuration: string,
  server: string,
  going: readonly string[],
  isExport: boolean,
): Promise<readonly Companion[]> {
  const dns: string[] = [];
  const copies = session.search({
    base: `CN=Services,${configuration}`,
    scope: 'subtree',
    filter: and(equal('objectClass', 'msExchMDBCopy'), equal('msExchHostServerLink', server)),
    attributes: ['1.1'],
  });
  for await (const { dn } of copies) if (!going.some((database) => isBelow(dn, database))) dns.push(dn);
  const found: Companion[] = [];
  for (const dn of dns) {
    found.push({ kind: 'copy', dn, entries: await readSubtree(session, dn, isExport), hindrance: undefined });
  }
  return found;
}

/**
 * CN=Servers of legacy administrative groups without a server, or with only the server that is deleted. An empty one stops
 * public folder replication to Exchange 2010. Throws DirectoryError.
 *
 * @param going the server that is deleted, if any
 */
export async function readEmptyContainers(
  session: DirectorySession,
  configuration: string,
  servers: readonly ExchangeServer[],
  going: ExchangeServer | undefined,
  isExport: boolean,
): Promise<readonly Companion[]> {
  const containers = session.search({
    base: joinDn('CN=Services', configuration),
    scope: 'subtree',
    filter: equal('objectClass', 'msExchServersContainer'),
    attributes: ['1.1'],
  });
  const dns: string[] = [];
  for await (const { dn } of containers) {
    const isOwn = going !== undefined && sameDn(dn, parentDn(going.dn) ?? '');
    const isOld = isOwn ? isLegacy(going) : !isModernGroup(rdnOf(parentDn(dn) ?? dn).value);
    if (isOld && !servers.some((server) => server !== going && isBelow(server.dn, dn))) dns.push(dn);
  }
  const found: Companion[] = [];
  for (const dn of dns) {
    if (!(await holdsOnly(session, dn, going?.dn))) continue;
    const [entry] = await readSubtree(session, dn, isExport);
    if (entry !== undefined) found.push({ kind: 'servers-container', dn, entries: [entry], hindrance: undefined });
  }
  return found;
}

async function holdsOnly(session: DirectorySession, container: string, child: string | undefined): Promise<boolean> {
  const children = session.search({ base: container, scope: 'one', filter: everything, attributes: ['1.1'] });
  for await (const { dn } of children) if (child === undefined || !sameDn(dn, child)) return false;
  return true;
}

/** The entries that a plan deletes, by the names that values elsewhere may use. */
export interface DeletedServer {
  /** Every entry that is deleted. */
  readonly entries: readonly DeletedEntry[];
  /** Their DNs, normalised. */
  readonly dns: ReadonlySet<string>;
  /** Their objectGUIDs. */
  readonly guids: ReadonlySet<string>;
  /** Of the server itself, if it is deleted and no other server has the same. */
  readonly legacyExchangeDn: string | undefined;
  /** Of the server itself, lower case. */
  readonly fqdn: string | undefined;
  readonly hasDatabases: boolean;
  readonly hasMailTransferAgents: boolean;
  /** Ids of references ("homeMTA of CN=…") that the plan leaves as they are: it was accepted that they dangle. */
  readonly leftOnPurpose: ReadonlySet<string>;
  /** Whether that was accepted for all recipients of other domains. */
  readonly leavesOtherDomains: boolean;
  /**
   * Attributes, lower case, by which recipients go on naming what was deleted: users' mailboxes, and more recipients than
   * the plan clears. That was accepted of all of them.
   */
  readonly leavesSomeOf: ReadonlySet<string>;
}

/** At least two labels, the last of which is not a number, so that no other kind of value is taken for a host name. */
function isHostName(text: string): boolean {
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/i.test(text);
}

/** What the plan deletes; its entries are [] for a plan that deletes nothing. */
export function deletedServer({
  changes,
  leftOut,
}: Pick<Proposal<DirectoryChange>, 'changes' | 'leftOut'>): DeletedServer {
  const entries = changes.flatMap(deletedBy);
  const server = serverDeletedIn(changes);
  const ofServer = (name: string): readonly string[] => (server === undefined ? [] : plannedTexts(server, name));
  return {
    entries,
    dns: new Set(entries.map(({ dn }) => normalizedDn(dn))),
    guids: new Set(entries.map(({ guid }) => guid)),
    // The names come from the plan itself; a value of another kind is never one.
    legacyExchangeDn: ofServer('legacyExchangeDN').find((value) => /^\/o=.*\/cn=/is.test(value)),
    fqdn: [fqdnIn(ofServer('networkAddress'))].find((host) => host !== undefined && isHostName(host)),
    hasDatabases: entries.some((entry) => isDatabase(classesOf(entry))),
    hasMailTransferAgents: entries.some((entry) => classesOf(entry).has('mta')),
    leftOnPurpose: new Set(leftOut.map(({ what }) => what)),
    leavesOtherDomains: leftOut.some(({ reason }) => reason === inOtherDomains),
    leavesSomeOf: new Set(
      leftOut.flatMap(({ what, reason }) =>
        reason === tooMany || mailboxReasons.includes(reason) ? what.toLowerCase().split(' ', 1) : [],
      ),
    ),
  };
}

/**
 * The same without the names that a server object which is still there bears: text that holds one of them names that
 * server. The loser of a naming conflict is never what such text means. Throws DirectoryError.
 */
export async function withoutNamesOfOthers(
  session: DirectorySession,
  deleted: DeletedServer,
  configuration: string,
): Promise<DeletedServer> {
  const { legacyExchangeDn, fqdn } = deleted;
  const named = [
    ...(legacyExchangeDn === undefined ? [] : [equal('legacyExchangeDN', legacyExchangeDn)]),
    ...(fqdn === undefined ? [] : [equal('networkAddress', `ncacn_ip_tcp:${fqdn}`)]),
  ];
  if (named.length === 0) return deleted;
  const bearers = session.search({
    base: joinDn('CN=Services', configuration),
    scope: 'subtree',
    filter: and(equal('objectClass', 'msExchExchangeServer'), or(...named)),
    attributes: ['legacyExchangeDN', 'networkAddress'],
  });
  let own = deleted;
  for await (const entry of bearers) {
    if (isConflictDn(entry.dn) || deleted.dns.has(normalizedDn(entry.dn))) continue;
    if (textOf(entry, 'legacyExchangeDN')?.toLowerCase() === legacyExchangeDn?.toLowerCase()) {
      own = { ...own, legacyExchangeDn: undefined };
    }
    if (fqdnIn(textsOf(entry, 'networkAddress')) === fqdn) own = { ...own, fqdn: undefined };
  }
  return own;
}

/** The server object that these changes delete; undefined if they delete none. */
export function serverDeletedIn(changes: readonly Change[]): DeletedEntry | undefined {
  return changes.flatMap(deletedBy).find((entry) => classesOf(entry).has('msexchexchangeserver'));
}

/** The classes of an entry, as the plan has them, in lower case. */
export function classesOf(entry: DeletedEntry): ReadonlySet<string> {
  return new Set(plannedTexts(entry, 'objectClass').map((name) => name.toLowerCase()));
}

/** Whether a value, a DN with binary or string part included, has the name that one of these got by its deletion. */
export function namesDeleted(value: string, { guids }: DeletedServer): boolean {
  if (!value.includes('DEL:')) return false;
  return guids.has(deletedRdnOf(dnIn(value))?.guid ?? '');
}

/** The reason in leftOut of references that another DC holds. */
export const inOtherDomains = 'recipients-in-other-domains';

/** The reason in leftOut of recipients beyond the number that one plan clears. */
export const tooMany = 'too-many-references';

/** The reason in leftOut of mailboxes that only name the server, while their database is of another. */
export const namedOnly = 'mailboxes-named-only';

/**
 * The reasons in leftOut of mailboxes that go on naming the server: also users', which lose their database with the
 * last one.
 */
const mailboxReasons: readonly string[] = ['mailboxes', 'archives', namedOnly];
