/** What may go together with the server although it is not below it: its databases, copies on it, empty containers. */

import { isBelow, joinDn, parentDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { readSubtree, type SubtreeEntry } from '../../change/subtree.ts';
import { and, type DirectorySession, equal, everything } from '../../ldap/session.ts';
import { textsOf } from './names.ts';
import type { ExchangeServer } from './organisation.ts';
import { isLegacy, isModernGroup } from './versions.ts';

/** A tree outside the server's that can go with it. */
export interface Companion {
  /** servers-container: CN=Servers of an administrative group that would be empty. */
  readonly kind: 'database' | 'copy' | 'servers-container';
  readonly dn: string;
  /** Parents before children. */
  readonly entries: readonly SubtreeEntry[];
  /** Name of another server that holds a copy of the database. */
  readonly copyOn?: string;
  /** Why it must stay, in words; undefined if it may go. */
  readonly hindrance: string | undefined;
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
    const hosts = entries.flatMap(({ entry }) => textsOf(entry, 'msExchHostServerLink'));
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

/** Copies on the server of databases that stay. Throws DirectoryError. @param going DNs of the databases that go with it */
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
 * CN=Servers of legacy administrative groups that no server is in, or none but one that goes: empty they stop public
 * folder replication into Exchange 2010. Throws DirectoryError.
 *
 * @param going the server that goes, if one does
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
