/** What the directory holds of a domain controller: its entries, what names them, and what DNS publishes of it. */

import { deletedRdnOf, isSameOrBelow, joinDn, normalizedDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { type Entry, guidOf, textsOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { type DeleteRights, dnsOf, readSubtree, rightsTo, type SubtreeEntry } from '../../change/subtree.ts';
import { DirectoryError } from '../../errors.ts';
import { resultCode } from '../../ldap/diagnostics.ts';
import { and, type DirectorySession, equal, or } from '../../ldap/session.ts';
import type { DirectoryWorld } from '../remedy.ts';
import type { Identity } from './identity.ts';
import {
  type DnsNode,
  type DnsValues,
  dnsValuesOf,
  type Reference,
  readReferences,
  searchIfThere,
  wasOneOf,
} from './references.ts';

/** Entries that go, in the order of deletion: each group leaves first. */
export interface Remains extends DeleteRights {
  /** Connections of others that replicate from it. */
  readonly connections: readonly SubtreeEntry[];
  /** The server object with its NTDS Settings and all below. */
  readonly server: readonly SubtreeEntry[];
  /** Its memberships in the replication of SYSVOL: DFSR, FRS. */
  readonly sysvol: readonly SubtreeEntry[];
  /** The krbtgt account of an RODC. */
  readonly kerberos: readonly SubtreeEntry[];
  /** The computer account with all below. */
  readonly account: readonly SubtreeEntry[];
  readonly references: readonly Reference[];
  readonly dns: readonly DnsValues[];
  /** Text that is its DNS name: "dNSHostName of CN=…". */
  readonly texts: readonly string[];
  /** DNs of other computers of its DNS name: what names that in DNS is theirs. */
  readonly namesakes: readonly string[];
}

/** Every entry that goes, in the order of deletion. */
export function treesOf(remains: Remains): readonly (readonly SubtreeEntry[])[] {
  const { connections, server, sysvol, kerberos, account } = remains;
  return [connections, server, sysvol, kerberos, account];
}

/** What the first look has read already. */
export interface Seen {
  readonly forest: Forest;
  readonly sysvolMembers: readonly SysvolMember[];
  readonly dnsNodes: readonly DnsNode[];
}

/** Reads all of it. Throws DirectoryError. */
export async function readRemains(
  world: DirectoryWorld,
  { forest, ...seen }: Seen,
  identity: Identity,
): Promise<Remains> {
  const { session, watch, isExport } = world;
  const { serverDn, accountDn, kerberosDn, host } = identity;
  const step = (what: string): void => watch.update(identity.name, what);
  watch.begin([identity.name]);
  step('reading its entries');
  const tree = (dn: string | undefined) => readTree(session, dn, isExport);
  const [server, account, kerberos] = [await tree(serverDn), await tree(accountDn), await tree(kerberosDn)];
  const roots = [serverDn, accountDn].flatMap((dn) => dn ?? []);
  const own = [...server, ...account, ...kerberos];
  const named = { dns: dnsOf(own), guids: new Set([...identity.guids, ...own.map(({ entry }) => entry.guid)]), roots };
  const domain = holdsDomain(session, identity) ? identity.domain : undefined;
  const members = ownMembers(seen.sysvolMembers, identity, named);
  const sysvol = (await Promise.all(members.map(({ dn }) => readSubtree(session, dn, isExport)))).flat();
  const going = { ...named, dns: new Set([...named.dns, ...dnsOf(sysvol)]) };
  const connections = await readConnections(session, forest, domain, going, isExport);
  step('reading every value of the Configuration partition and of its domain');
  const everything = [...own, ...sysvol, ...connections];
  const { references, texts } = await readReferences(session, forest.configurationNamingContext, domain, {
    dns: dnsOf(everything),
    guids: new Set([...identity.guids, ...everything.map(({ entry }) => entry.guid)]),
    roots,
    host: host?.toLowerCase(),
  });
  const namesakes = host === undefined ? [] : await readNamesakes(session, forest, host, going.guids);
  const dns = host === undefined || namesakes.length > 0 ? [] : dnsValuesOf(seen.dnsNodes, forest, host);
  step('checking rights');
  const rights = await Promise.all(
    [...connections.map((one) => [one]), server, sysvol, kerberos, account]
      .filter((entries) => entries.length > 0)
      .map((entries) => rightsTo(session, entries)),
  );
  return {
    connections,
    server,
    sysvol,
    kerberos,
    account,
    references,
    dns,
    texts,
    namesakes,
    undeletable: rights.flatMap(({ undeletable }) => undeletable),
    rightsKnown: rights.every(({ rightsKnown }) => rightsKnown),
  };
}

/** Whether the DC that the run is connected to holds the domain: else its entries there cannot be deleted here. */
export function holdsDomain({ rootDse }: DirectorySession, { domain }: Pick<Identity, 'domain'>): boolean {
  return domain !== undefined && rootDse.namingContexts.some((held) => sameDn(held, domain));
}

async function readTree(
  session: DirectorySession,
  dn: string | undefined,
  isExport: boolean,
): Promise<readonly SubtreeEntry[]> {
  if (dn === undefined) return [];
  try {
    const found = await session.readEntry(dn, ['1.1']);
    return found === undefined ? [] : await readSubtree(session, found.dn, isExport);
  } catch (error) {
    // The account of a DC of another domain: this DC refers to those of that domain.
    if (error instanceof DirectoryError && error.resultCode === resultCode.referral) return [];
    throw error;
  }
}

interface Named {
  readonly dns: ReadonlySet<string>;
  readonly guids: ReadonlySet<string>;
  readonly roots: readonly string[];
}

function isNamedIn(value: string, { dns, guids, roots }: Named): boolean {
  return dns.has(normalizedDn(value)) || (deletedRdnOf(value) !== undefined && wasOneOf(value, { guids, roots }));
}

/** The members of SYSVOL that are this DC's. One whose links are gone with its targets is known by its name. */
function ownMembers(
  members: readonly SysvolMember[],
  { name, domain }: Identity,
  named: Named,
): readonly SysvolMember[] {
  return members.filter(({ dn, references }) => {
    if (domain === undefined || !isSameOrBelow(dn, domain)) return false;
    if (references.length > 0) return references.some((value) => isNamedIn(value, named));
    return rdnOf(dn).value.toLowerCase() === name.toLowerCase();
  });
}

/** Connections from it that lie outside its own entries. */
async function readConnections(
  session: DirectorySession,
  { configurationNamingContext }: Forest,
  domain: string | undefined,
  named: Named,
  isExport: boolean,
): Promise<readonly SubtreeEntry[]> {
  const filter = or(equal('objectClass', 'nTDSConnection'), equal('objectClass', 'msDFSR-Connection'));
  const bases = [
    joinDn('CN=Sites', configurationNamingContext),
    ...(domain === undefined ? [] : [joinDn('CN=System', domain)]),
  ];
  const found: Entry[] = [];
  for (const base of bases) {
    for await (const entry of searchIfThere(session, base, filter, ['fromServer', 'objectGUID'])) {
      const isOwn = [...named.roots].some((root) => isSameOrBelow(entry.dn, root));
      if (
        !isOwn &&
        !named.dns.has(normalizedDn(entry.dn)) &&
        textsOf(entry, 'fromServer').some((value) => isNamedIn(value, named))
      )
        found.push(entry);
    }
  }
  return (await Promise.all(found.map(({ dn }) => readSubtree(session, dn, isExport)))).flat();
}

/** Computers of the same DNS name that are not this DC: one that was installed anew, and is no DC. */
export async function readNamesakes(
  session: DirectorySession,
  forest: Forest,
  host: string,
  guids: ReadonlySet<string>,
): Promise<readonly string[]> {
  const filter = and(equal('objectClass', 'computer'), equal('dNSHostName', host));
  const found: string[] = [];
  // Of whichever domain: the DNS name of a computer need not be one of its domain.
  for (const domain of domainsHeld(session, forest)) {
    for await (const entry of searchIfThere(session, domain, filter, ['objectGUID'])) {
      if (!guids.has(guidOf(entry, 'objectGUID') ?? '')) found.push(entry.dn);
    }
  }
  return found;
}

function domainsHeld({ rootDse }: DirectorySession, { namingContexts }: Forest): readonly string[] {
  return namingContexts
    .filter(({ kind, dn }) => kind === 'domain' && rootDse.namingContexts.some((held) => sameDn(held, dn)))
    .map(({ dn }) => dn);
}

/** A member of a replica set of SYSVOL. */
export interface SysvolMember {
  readonly dn: string;
  readonly by: 'DFSR' | 'FRS';
  /** DNs of the account and of NTDS Settings, as far as they are there. */
  readonly references: readonly string[];
}

const namesIn = ['msDFSR-ComputerReference', 'frsComputerReference', 'serverReference'];

/** The members in the domains that the DC holds (MS-FRS2 2.3, MS-ADSC nTFRSMember). Throws DirectoryError. */
export async function readSysvolMembers(session: DirectorySession, forest: Forest): Promise<readonly SysvolMember[]> {
  const filter = or(equal('objectClass', 'msDFSR-Member'), equal('objectClass', 'nTFRSMember'));
  const members: SysvolMember[] = [];
  for (const domain of domainsHeld(session, forest)) {
    for await (const entry of searchIfThere(session, joinDn('CN=System', domain), filter, namesIn)) {
      const by = isSysvol(entry.dn);
      const references = namesIn.flatMap((attribute) => textsOf(entry, attribute));
      if (by !== undefined) members.push({ dn: entry.dn, by, references });
    }
  }
  return members;
}

/** How a member at this DN replicates SYSVOL; undefined for a member of another replica set. */
export function isSysvol(dn: string): SysvolMember['by'] | undefined {
  if (/,CN=Topology,CN=Domain System Volume,CN=DFSR-GlobalSettings,CN=System,/i.test(dn)) return 'DFSR';
  const ofFrs = /,CN=Domain System Volume \(SYSVOL share\),CN=File Replication Service,CN=System,/i;
  return ofFrs.test(dn) ? 'FRS' : undefined;
}
