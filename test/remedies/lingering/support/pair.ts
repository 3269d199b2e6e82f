/** A forest of one domain whose DCs a test parts and joins, and the world of a remedy that looks at it. */

import { randomUUID } from 'node:crypto';
import type { RemoveLingeringChange } from '../../../../src/change/plan.ts';
import { EmbeddedSession } from '../../../../src/embedded/session.ts';
import { administrator } from '../../../../src/embedded/visibility.ts';
import { DirectoryError } from '../../../../src/errors.ts';
import { resultCode } from '../../../../src/ldap/diagnostics.ts';
import type { DirectorySession, SearchRequest } from '../../../../src/ldap/session.ts';
import type { Comparison } from '../../../../src/remedies/lingering/compare.ts';
import type { LingeringOptions } from '../../../../src/remedies/lingering/flags.ts';
import { gather, type LingeringFacts } from '../../../../src/remedies/lingering/gather.ts';
import { propose } from '../../../../src/remedies/lingering/propose.ts';
import type { DirectoryWorld } from '../../../../src/remedies/remedy.ts';
import { quietSurroundings } from '../../../support/fixed-world.ts';
import { openServedForest, type ServedForest } from '../../../support/ldap-server/served-forest.ts';

export const domain = 'DC=corp,DC=example,DC=com';
export const configuration = `CN=Configuration,${domain}`;
export const now = new Date('2026-11-22T09:00:00Z');
export const people = `OU=People,${domain}`;

export const hostOf = (name: string): string => `${name}.corp.example.com`;

export function skeleton(names: readonly string[]): string {
  const contexts = [domain, configuration, `CN=Schema,${configuration}`];
  return `
dn: ${domain}
objectClass: domainDNS

dn: CN=Deleted Objects,${domain}
objectClass: container
isDeleted: TRUE

dn: ${people}
objectClass: organizationalUnit

dn: ${configuration}
objectClass: configuration

dn: CN=Deleted Objects,${configuration}
objectClass: container
isDeleted: TRUE

dn: CN=Schema,${configuration}
objectClass: dMD

dn: CN=Partitions,${configuration}
objectClass: crossRefContainer

dn: CN=CORP,CN=Partitions,${configuration}
objectClass: crossRef
nCName: ${domain}
nETBIOSName: CORP
systemFlags: 3

dn: CN=Enterprise Configuration,CN=Partitions,${configuration}
objectClass: crossRef
nCName: ${configuration}
systemFlags: 1

dn: CN=Services,${configuration}
objectClass: container

dn: CN=Windows NT,CN=Services,${configuration}
objectClass: container

dn: CN=Directory Service,CN=Windows NT,CN=Services,${configuration}
objectClass: nTDSService
tombstoneLifetime: 60

dn: CN=Sites,${configuration}
objectClass: sitesContainer

dn: CN=Amsterdam,CN=Sites,${configuration}
objectClass: site

dn: CN=Servers,CN=Amsterdam,CN=Sites,${configuration}
objectClass: serversContainer

${names
  .map(
    (name) => `dn: CN=${name.toUpperCase()},CN=Servers,CN=Amsterdam,CN=Sites,${configuration}
objectClass: server
dNSHostName: ${hostOf(name)}

dn: CN=NTDS Settings,CN=${name.toUpperCase()},CN=Servers,CN=Amsterdam,CN=Sites,${configuration}
objectClass: nTDSDSA
options: 1
${contexts.map((context) => `msDS-hasMasterNCs: ${context}`).join('\n')}
`,
  )
  .join('\n')}`;
}

export interface Dcs {
  readonly forest: ServedForest;
  /** An administrator's session with a DC. */
  session(name: string): Promise<DirectorySession>;
  /** Makes a user; gives its DN. */
  create(name: string, cn: string): Promise<string>;
  world(name: string, more?: Partial<DirectoryWorld>): Promise<DirectoryWorld>;
  /** The sessions of a user without any right but to read, for a world whose chosen DC is this one. */
  asOrdinaryUser(name: string): Promise<Pick<DirectoryWorld, 'session' | 'openOther'>>;
  /** Every DC takes from all others what it does not know, over the links that are open. */
  replicate(): void;
}

/** DCs that have replicated with each other once. */
export async function openDcs(names: readonly string[] = ['dc1', 'dc2'], ldif = ''): Promise<Dcs> {
  const forest = await openServedForest({
    sources: [
      { name: 'skeleton', content: skeleton(names) },
      { name: 'test', content: ldif },
    ],
    kind: 'forest',
    clock: () => now,
    newGuid: randomUUID,
  });
  const session = (name: string): Promise<DirectorySession> => forest.open({ host: hostOf(name) });
  const dcs: Dcs = {
    forest,
    session,
    create: async (name, cn) => {
      const dn = `CN=${cn},${people}`;
      await (await session(name)).add(dn, [
        { name: 'objectClass', values: [Buffer.from('user')] },
        { name: 'sAMAccountName', values: [Buffer.from(cn)] },
      ]);
      return dn;
    },
    asOrdinaryUser: async (name) => {
      const open = (host: string): Promise<DirectorySession> =>
        EmbeddedSession.open(host, forest.replica(host), {
          port: 389,
          globalCatalog: false,
          rights: { ...administrator, mayWrite: false, mayReadDeleted: false },
          deadlineMs: 5000,
          operationDeadlineMs: 60_000,
        });
      return { session: await open(hostOf(name)), openOther: open };
    },
    replicate: () => {
      for (const name of names) forest.replicate(hostOf(name));
    },
    world: async (name, more = {}) => {
      const chosen = await session(name);
      return {
        kind: 'directory',
        session: chosen,
        target: {
          kind: 'forest',
          configurationNamingContext: configuration,
          objectGuid: randomUUID(),
          domainController: hostOf(name),
          connection: { kind: 'practice' },
        },
        isExport: false,
        reopen: () => session(name),
        openOther: (host) => forest.open({ host }),
        openGlobalCatalog: async () => undefined,
        ...quietSurroundings(() => now),
        ...more,
      };
    },
  };
  dcs.replicate();
  dcs.replicate();
  return dcs;
}

const later = new Date('2027-06-01T00:00:00Z');

/** Deletes an object on one DC, whose tombstone is collected there before another one hears of it. */
export async function deleteAndForget(dcs: Dcs, on: string, ...dns: readonly string[]): Promise<void> {
  const session = await dcs.session(on);
  for (const dn of dns) await session.delete(dn);
  dcs.forest.expunge(hostOf(on), later);
}

/** Two or more DCs that both have these objects, and whose links are cut. */
export async function apart(
  names: readonly string[],
  objects: readonly string[],
): Promise<{ dcs: Dcs; dns: readonly string[] }> {
  const dcs = await openDcs(names);
  const dns: string[] = [];
  for (const cn of objects) dns.push(await dcs.create('dc1', cn));
  dcs.replicate();
  for (const name of names) dcs.forest.cut(hostOf(name));
  return { dcs, dns };
}

/** A session whose search for the list of a copy is preceded or followed by something. */
export function interrupted(
  session: DirectorySession,
  when: 'before' | 'after',
  meddle: () => Promise<void>,
): DirectorySession {
  async function* search(request: SearchRequest) {
    const isList = request.scope === 'subtree' && request.attributes.includes('objectGUID');
    if (isList && when === 'before') await meddle();
    yield* session.search(request);
    if (isList && when === 'after') await meddle();
  }
  return withSearch(session, search);
}

/** The session of a user who may not see the schema: to them it does not exist. */
export function withoutSchema(session: DirectorySession): DirectorySession {
  async function* search(request: SearchRequest) {
    if (request.base === session.rootDse.schemaNamingContext) {
      const trouble = { attempted: 'read', on: request.base, cameBack: 'no such object', next: '' };
      throw new DirectoryError(trouble, resultCode.noSuchObject);
    }
    yield* session.search(request);
  }
  return withSearch(session, search);
}

function withSearch(session: DirectorySession, search: DirectorySession['search']): DirectorySession {
  return new Proxy(session, {
    get: (target, name) => {
      if (name === 'search') return search;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** What a look with the first named DC as the reference finds. */
export async function look(
  dcs: Dcs,
  reference: string,
  options: Partial<LingeringOptions> = {},
  more: Partial<DirectoryWorld> = {},
): Promise<LingeringFacts> {
  const all = { reference, targets: [], partitions: [domain], accept: [], ...options };
  return gather(await dcs.world(reference, more), { kind: 'new', options: all });
}

/** DN → verdict on a target, judged by a reference. */
export function verdictsOn(
  { comparisons }: LingeringFacts,
  target: string,
  reference: string,
): Readonly<Record<string, string>> {
  const of = comparisons.find(
    (one) => one.target.name === target.toUpperCase() && one.reference.name === reference.toUpperCase(),
  );
  if (of === undefined || of.kind === 'not-provable') throw new Error(`not compared: ${whyNot(of)}`);
  return Object.fromEntries(
    of.objects.map(({ dn, verdict, isChanged }) => [dn, isChanged ? `${verdict}, changed` : verdict]),
  );
}

function whyNot(comparison: Comparison | undefined): string {
  return comparison?.kind === 'not-provable' ? comparison.why : 'not looked at';
}

/** Why what could not be compared could not. */
export function whyNotProvable({ comparisons }: LingeringFacts): readonly string[] {
  return comparisons.filter(({ kind }) => kind === 'not-provable').map(whyNot);
}

export function handedOver(facts: LingeringFacts): readonly RemoveLingeringChange[] {
  return propose(facts).changes;
}
