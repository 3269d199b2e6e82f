import type {
  DomainControllerState,
  InboundLink,
  NamingContextCursor,
} from '../../../../src/ad/ask-domain-controllers.ts';
import type { DomainController, Forest } from '../../../../src/ad/forest.ts';
import { replicationNews } from '../../../../src/ad/replication-news.ts';
import { type Finding, judge } from '../../../../src/change/findings.ts';
import type { ObjectComparison } from '../../../../src/remedies/remedy.ts';
import { assess } from '../../../../src/remedies/tombstone/assess.ts';
import { propose } from '../../../../src/remedies/tombstone/changes.ts';
import type { DeletedObjects } from '../../../../src/remedies/tombstone/deleted-objects.ts';
import type { TombstoneFacts } from '../../../../src/remedies/tombstone/gather.ts';
import type { TombstoneOptions, WantedLifetime } from '../../../../src/remedies/tombstone/options.ts';
import { fixedClock } from '../../../support/fixed-world.ts';

const day = 86_400_000;

export const domain = 'DC=corp,DC=example,DC=com';
export const configuration = `CN=Configuration,${domain}`;

/** So many days before the tests' own day. */
export function daysAgo(days: number): Date {
  return new Date(fixedClock().getTime() - days * day);
}

/** The DSA GUID of DC number n; its invocationId begins with 9. */
export function guidOf(number: number): string {
  return `0000000${number}-0000-4000-8000-000000000000`;
}

/** DC1, DC2 …: writable, with both naming contexts of the tests' forest. */
export function dc(number: number, more: Partial<DomainController> = {}): DomainController {
  const name = `DC${number}`;
  const dn = `CN=${name},CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`;
  return {
    name,
    site: 'Amsterdam',
    dn,
    dnsHostName: `${name.toLowerCase()}.corp.example.com`,
    serverReference: undefined,
    settingsDn: `CN=NTDS Settings,${dn}`,
    dsaGuid: guidOf(number),
    invocationId: `9${guidOf(number).slice(1)}`,
    isGlobalCatalog: true,
    isReadOnly: false,
    isInboundReplicationOff: false,
    isOutboundReplicationOff: false,
    fullNamingContexts: [configuration, domain],
    partialNamingContexts: [],
    ...more,
  };
}

/** What a DC has of the DC with this number, that many days ago. */
export function link(from: number, namingContext: string, days: number | 'never', result = 0): InboundLink {
  return {
    namingContext,
    sourceDsaGuid: guidOf(from),
    lastSuccess: days === 'never' ? 'never' : daysAgo(days),
    lastResult: result,
    consecutiveFailures: result === 0 ? 0 : 12,
  };
}

/** How far a DC has the changes of the DC with this number, as of that many days ago. */
export function cursor(of: number, days: number, namingContext = configuration): NamingContextCursor {
  return { namingContext, invocationId: `9${guidOf(of).slice(1)}`, usn: 1n, lastSuccess: daysAgo(days) };
}

/** What options ask for; nothing but the lifetime unless `more` says so. */
export function wanting(lifetime: WantedLifetime, more: Partial<TombstoneOptions> = {}): TombstoneOptions {
  return {
    lifetime,
    recycleDays: undefined,
    strictNewDcs: false,
    showrepl: [],
    evidence: undefined,
    accept: [],
    ...more,
  };
}

export function days(number: number, more: Partial<TombstoneOptions> = {}): TombstoneOptions {
  return wanting({ kind: 'days', days: number }, more);
}

/** The findings of a new proposal, as the runner judges them. */
export function judged(facts: TombstoneFacts, options: TombstoneOptions): readonly Finding[] {
  const proposal = propose(facts, options);
  return judge(assess(facts, proposal), proposal, options.accept);
}

/** A DC that answers: both naming contexts last got from `from` so many days ago. */
export function answering(
  domainController: DomainController,
  links: readonly InboundLink[],
  more: { readonly cursors?: readonly NamingContextCursor[]; readonly clockAhead?: number } = {},
): DomainControllerState {
  const told = new Set(links.map(({ namingContext }) => namingContext));
  const silent = domainController.fullNamingContexts
    .filter((namingContext) => !told.has(namingContext))
    .map((namingContext) => ({ namingContext, why: 'it names no inbound partner' }));
  const answer = { links, silent, cursors: more.cursors ?? [], clock: fixedClock() };
  return { domainController, state: { kind: 'answered', answer, clockAhead: more.clockAhead ?? 0 } };
}

export function replicated(domainController: DomainController, from: number, days: number): DomainControllerState {
  return answering(domainController, [link(from, configuration, days), link(from, domain, days)]);
}

export function unreachable(
  domainController: DomainController,
  account: 'there' | 'missing' = 'there',
): DomainControllerState {
  return { domainController, state: { kind: 'unreachable', why: 'no answer within 5 seconds', account } };
}

/** Tombstones of one naming context: age in days to count. */
export function tombstones(counts: Readonly<Record<number, number>>): DeletedObjects {
  const byAge = new Map(Object.entries(counts).map(([age, count]) => [Number(age), count]));
  return { kind: 'counted', namingContext: domain, tombstones: byAge, recoverable: new Map() };
}

export interface FactsOptions extends Partial<Omit<TombstoneFacts, 'settings' | 'forest' | 'replication'>> {
  readonly domainControllers?: readonly DomainControllerState[];
  readonly lifetime?: number | undefined;
  readonly lifetimeWritten?: Date;
  readonly lifetimeVersion?: number;
  readonly garbageCollectionHours?: number;
  readonly deletedObjectLifetime?: number;
  readonly recycleBin?: Forest['recycleBin'];
}

/** A healthy Windows forest of two DCs with a lifetime of 180 days, backed up yesterday; `options` makes it ill. */
export function factsOf(options: FactsOptions = {}): TombstoneFacts {
  const {
    lifetime,
    lifetimeWritten,
    lifetimeVersion,
    garbageCollectionHours,
    deletedObjectLifetime,
    recycleBin,
    domainControllers = [replicated(dc(1), 2, 0), replicated(dc(2), 1, 0)],
    ...more
  } = { lifetime: 180, recycleBin: 'off' as const, ...options };
  const forest: Forest = {
    configurationNamingContext: configuration,
    objectGuid: guidOf(7),
    rootDomainNamingContext: domain,
    namingContexts: [
      { dn: configuration, kind: 'configuration', dnsName: 'corp.example.com' },
      { dn: domain, kind: 'domain', dnsName: 'corp.example.com' },
    ],
    domainControllers: domainControllers.map(({ domainController }) => domainController),
    leftoverServers: [],
    recycleBin,
  };
  return {
    target: {
      kind: 'forest',
      configurationNamingContext: configuration,
      objectGuid: guidOf(7),
      domainController: 'dc1.corp.example.com',
      connection: { kind: 'practice' },
    },
    now: fixedClock(),
    isExport: false,
    evidence: undefined,
    objectComparison: undefined,
    serverCleanup: undefined,
    source: { host: 'dc1.corp.example.com', isReadOnly: false, inWords: 'dc1.corp.example.com (GC, LDAPS)' },
    forest,
    serverKind: 'windows',
    settings: {
      dn: `CN=Directory Service,CN=Windows NT,CN=Services,${configuration}`,
      guid: guidOf(8),
      tombstoneLifetime: lifetime,
      garbageCollectionHours,
      deletedObjectLifetime,
      lifetimeWritten,
      lifetimeVersion,
    },
    mayWrite: true,
    strictMarker: {
      dn: `CN=94fdebc6-8eeb-4640-80de-ec52b9ca17fa,CN=Operations,CN=ForestUpdates,${configuration}`,
      isThere: true,
      hasParent: true,
    },
    roles: [],
    showrepl: [],
    showreplDifferences: [],
    replication: replicationNews(domainControllers, forest, fixedClock()),
    deletedObjects: [],
    backups: [{ namingContext: domain, time: daysAgo(1) }],
    ...more,
  };
}

/** The remedy that finds lingering objects, as a list that has it gives it. */
export const finder: ObjectComparison = {
  name: 'finder',
  command: ({ reference, targets }) => `find --reference ${reference} --target ${targets.join(' --target ')}`,
};
