/** The places where server objects lie, CN=Servers of each administrative group, and what is to be seen there. */

import { isDnThat, joinDn, normalizedDn, parentDn, rdnOf } from '../../ad/dn.ts';
import { textOf, textsOf } from '../../ad/entry.ts';
import { dnIn } from '../../ad/naming.ts';
import { type DirectorySession, equal, everything, or } from '../../ldap/session.ts';

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
