/** What may go together with the server although it is not below it: its databases, copies of others, an emptied container. */

import { normalizedDn, parentDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { readSubtree, type SubtreeEntry } from '../../change/subtree.ts';
import { and, equal, everything } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';

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
    const hosts = entries.flatMap(({ entry }) => valuesOf(entry.attributes, 'msExchHostServerLink'));
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

/** Copies on the server of databases that stay. Throws DirectoryError. */
export async function readCopies(
  session: DirectorySession,
  configuration: string,
  server: string,
  owned: readonly string[],
  isExport: boolean,
): Promise<readonly Companion[]> {
  const keys = new Set(owned.map(normalizedDn));
  const dns: string[] = [];
  const copies = session.search({
    base: `CN=Services,${configuration}`,
    scope: 'subtree',
    filter: and(equal('objectClass', 'msExchMDBCopy'), equal('msExchHostServerLink', server)),
    attributes: ['1.1'],
  });
  for await (const { dn } of copies) if (!keys.has(normalizedDn(parentDn(dn) ?? ''))) dns.push(dn);
  const found: Companion[] = [];
  for (const dn of dns) {
    found.push({ kind: 'copy', dn, entries: await readSubtree(session, dn, isExport), hindrance: undefined });
  }
  return found;
}

/** The server's container, if the server is all that it holds and the server is of Exchange 2003 or before. Throws DirectoryError. */
export async function readEmptiedContainer(
  session: DirectorySession,
  server: string,
  isLegacy: boolean,
  isExport: boolean,
): Promise<readonly Companion[]> {
  const container = parentDn(server) ?? '';
  if (!isLegacy || rdnOf(container).value.toLowerCase() !== 'servers') return [];
  const children = session.search({ base: container, scope: 'one', filter: everything, attributes: ['1.1'] });
  for await (const child of children) {
    if (!sameDn(child.dn, server)) return [];
  }
  const [entry] = await readSubtree(session, container, isExport);
  return entry === undefined
    ? []
    : [{ kind: 'servers-container', dn: container, entries: [entry], hindrance: undefined }];
}

function valuesOf(
  attributes: readonly { readonly name: string; readonly values: readonly unknown[] }[],
  wanted: string,
): readonly string[] {
  const found = attributes.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  return (found?.values ?? []).filter((value) => typeof value === 'string');
}
