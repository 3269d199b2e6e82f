/**
 * Reads the domain controllers of the forest and, once one is chosen, everything about it in the directory: its
 * entries, the values that name them, and its DNS records. Never writes.
 */

import { readLifetime } from '../../ad/deleted-object-lifetime.ts';
import { deletedRdnOf, isSameOrBelow, joinDn, normalizedDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { type Entry, textsOf } from '../../ad/entry.ts';
import { type Forest, readExportedForest, readForest, sourceInWords } from '../../ad/forest.ts';
import { readSettled } from '../../change/entry-writer.ts';
import { type Change, type ForestTarget, isDirectoryChange } from '../../change/plan.ts';
import { type DeleteRights, dnsOf, readSubtree, rightsTo, type SubtreeEntry } from '../../change/subtree.ts';
import { DirectoryError } from '../../errors.ts';
import { resultCode } from '../../ldap/diagnostics.ts';
import { type DirectorySession, equal, or } from '../../ldap/session.ts';
import type { DirectoryWorld, Scope } from '../remedy.ts';
import { type Candidate, type Role, readCandidates, readRoles } from './candidates.ts';
import { type Losses, readLost } from './lost.ts';
import {
  type DnsNode,
  type DnsValues,
  dnsValuesOf,
  domainsHeld,
  type Going,
  type Reference,
  readDnsNodes,
  readNamesakes,
  readReferences,
  searchIfThere,
  wasOneOf,
} from './references.ts';
import {
  asFound,
  findCandidate,
  type Identity,
  identityIn,
  identityOf,
  isOf,
  type MetadataOptions,
} from './subject.ts';

/** The DCs of the forest, and everything about the chosen one in the directory. */
export interface MetadataFacts {
  readonly target: ForestTarget;
  /** "dc1.corp.example.com (GC, LDAPS)", "an export". */
  readonly readFrom: string;
  readonly now: Date;
  readonly forest: Forest;
  /** tombstoneLifetime in days. */
  readonly lifetime: number;
  readonly isExport: boolean;
  readonly candidates: readonly Candidate[];
  readonly roles: readonly Role[];
  readonly sysvolMembers: readonly SysvolMember[];
  readonly dnsNodes: readonly DnsNode[];
  /** DN of the NTDS Settings of the DC that is written to; undefined offline. */
  readonly heir: string | undefined;
  /** undefined while none is chosen, and for an undo. */
  readonly chosen: Chosen | undefined;
  /** Whether this run has already shown the DCs. */
  readonly isShown: boolean;
  /** Changes of a saved plan whose entries are as it wants them, gone or without the values. */
  readonly settled: ReadonlySet<Change>;
}

/** The DC that the run, the plan or the undo is about. */
export interface Chosen {
  readonly identity: Identity;
  /** undefined once its server object and account are gone, as in the middle of a plan. */
  readonly candidate: Candidate | undefined;
  readonly remains: Remains;
  /** Changes made on it that no other DC has; undefined if they cannot be read. */
  readonly lost: Losses | undefined;
}

/** Entries to delete, in the order of deletion: in each group leaves first. */
export interface Remains extends DeleteRights {
  /** Connections of others that replicate from it. */
  readonly connections: readonly SubtreeEntry[];
  /** The server object with its NTDS Settings and everything below. */
  readonly server: readonly SubtreeEntry[];
  /** Its memberships in the replication of SYSVOL: DFSR, FRS. */
  readonly sysvol: readonly SubtreeEntry[];
  /** The krbtgt account of an RODC. */
  readonly kerberos: readonly SubtreeEntry[];
  /** The computer account with everything below. */
  readonly account: readonly SubtreeEntry[];
  readonly references: readonly Reference[];
  readonly dns: readonly DnsValues[];
  /** Text that is its DNS name: "dNSHostName of CN=…". */
  readonly texts: readonly string[];
  /** DNs of other computers with its DNS name: DNS records of that name are theirs. */
  readonly namesakes: readonly string[];
}

/** A member of a replica set of SYSVOL. */
interface SysvolMember {
  readonly dn: string;
  readonly by: 'DFSR' | 'FRS';
  /** DNs of the account and of NTDS Settings, as far as they are there. */
  readonly references: readonly string[];
}

/** Every entry to delete, in the order of deletion. */
export function treesOf(remains: Remains): readonly (readonly SubtreeEntry[])[] {
  const { connections, server, sysvol, kerberos, account } = remains;
  return [connections, server, sysvol, kerberos, account];
}

/** @throws DirectoryError; SubjectMissingError or UsageError if the options name none of them, or several */
export async function gather(
  world: DirectoryWorld,
  scope: Scope<MetadataOptions>,
  known?: MetadataFacts,
): Promise<MetadataFacts> {
  const facts = known === undefined ? await readSurvey(world) : { ...known, isShown: true };
  if (scope.kind === 'plan') {
    const planned = identityIn({ ...scope.plan, changes: scope.plan.changes.filter(isDirectoryChange) });
    if (planned === undefined) return facts;
    const candidate = facts.candidates.find((one) => isOf(planned, one));
    const settled = await readSettled(world.session, scope.plan.changes);
    return { ...facts, settled, chosen: await choose(world, facts, asFound(planned, candidate), candidate) };
  }
  const { wanted } = scope.options;
  if (wanted === undefined) return { ...facts, chosen: undefined };
  const candidate = findCandidate(facts.candidates, wanted);
  if (known?.chosen?.candidate === candidate) return facts;
  return { ...facts, chosen: await choose(world, facts, identityOf(candidate), candidate) };
}

async function choose(
  world: DirectoryWorld,
  facts: MetadataFacts,
  identity: Identity,
  candidate: Candidate | undefined,
): Promise<Chosen> {
  return {
    identity,
    candidate,
    remains: await readRemains(world, facts, identity),
    lost: candidate === undefined ? undefined : await readLost(world, facts.forest, candidate),
  };
}

async function readSurvey(world: DirectoryWorld): Promise<MetadataFacts> {
  const { session, isExport, target } = world;
  const forest = isExport ? await readExportedForest(session) : await readForest(session);
  const candidates = await readCandidates(world, forest);
  const lifetime = await readLifetime(session, forest.configurationNamingContext, { isExport });
  return {
    target,
    readFrom: isExport ? 'an export' : sourceInWords(session),
    now: world.now(),
    forest,
    lifetime: lifetime.inForce.days,
    isExport,
    candidates,
    roles: await readRoles(session, forest),
    sysvolMembers: await readSysvolMembers(session, forest),
    dnsNodes: await readDnsNodes(session, forest),
    heir: isExport ? undefined : session.rootDse.dsServiceName,
    chosen: undefined,
    isShown: false,
    settled: new Set(),
  };
}

/** Reads everything that is deleted or changed. Throws DirectoryError. */
async function readRemains(
  world: DirectoryWorld,
  { forest, sysvolMembers, dnsNodes }: Pick<MetadataFacts, 'forest' | 'sysvolMembers' | 'dnsNodes'>,
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
  const members = ownMembers(sysvolMembers, identity, named);
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
  const dns = host === undefined || namesakes.length > 0 ? [] : dnsValuesOf(dnsNodes, forest, host);
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
function holdsDomain({ rootDse }: DirectorySession, { domain }: Pick<Identity, 'domain'>): boolean {
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

type Named = Omit<Going, 'host'>;

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
      const isOwn = named.roots.some((root) => isSameOrBelow(entry.dn, root));
      if (isOwn || named.dns.has(normalizedDn(entry.dn))) continue;
      if (textsOf(entry, 'fromServer').some((value) => isNamedIn(value, named))) found.push(entry);
    }
  }
  return (await Promise.all(found.map(({ dn }) => readSubtree(session, dn, isExport)))).flat();
}

const namesIn = ['msDFSR-ComputerReference', 'frsComputerReference', 'serverReference'];

/** The members in the domains that the DC holds (MS-FRS2 2.3, MS-ADSC nTFRSMember). Throws DirectoryError. */
async function readSysvolMembers(session: DirectorySession, forest: Forest): Promise<readonly SysvolMember[]> {
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
