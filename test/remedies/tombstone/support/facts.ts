import type { DomainController, Forest } from '../../../../src/ad/forest.ts';
import type { ReplicationCursor } from '../../../../src/ad/replication-values.ts';
import type { DeletedObjects } from '../../../../src/remedies/tombstone/deleted-objects.ts';
import type { DomainControllerState, TombstoneFacts } from '../../../../src/remedies/tombstone/facts.ts';
import type { InboundLink } from '../../../../src/remedies/tombstone/replication-answer.ts';
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
    lastAttempt: daysAgo(0),
    lastResult: result,
    consecutiveFailures: result === 0 ? 0 : 12,
  };
}

export function cursor(of: number, days: number): ReplicationCursor {
  return { invocationId: `9${guidOf(of).slice(1)}`, usn: 1n, lastSuccess: daysAgo(days) };
}

/** A DC that answers: both naming contexts last got from `from` so many days ago. */
export function answering(
  domainController: DomainController,
  links: readonly InboundLink[],
  more: { readonly cursors?: readonly ReplicationCursor[]; readonly clockAhead?: number } = {},
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

export function unreachable(domainController: DomainController): DomainControllerState {
  return { domainController, state: { kind: 'unreachable', why: 'no answer within 5 seconds' } };
}

/** Tombstones of one naming context: age in days to count. */
export function tombstones(counts: Readonly<Record<number, number>>): DeletedObjects {
  const byAge = new Map(Object.entries(counts).map(([age, count]) => [Number(age), count]));
  return { kind: 'counted', namingContext: domain, tombstones: byAge, recoverable: new Map() };
}

export interface FactsOptions extends Partial<Omit<TombstoneFacts, 'settings' | 'forest'>> {
  readonly lifetime?: number | undefined;
  readonly garbageCollectionHours?: number;
  readonly deletedObjectLifetime?: number;
  readonly recycleBin?: Forest['recycleBin'];
}

/** A healthy Windows forest of two DCs with a lifetime of 180 days, backed up yesterday; `options` makes it ill. */
export function factsOf(options: FactsOptions = {}): TombstoneFacts {
  const { lifetime, garbageCollectionHours, deletedObjectLifetime, recycleBin, ...more } = {
    lifetime: 180,
    garbageCollectionHours: undefined,
    deletedObjectLifetime: undefined,
    recycleBin: 'off' as const,
    ...options,
  };
  const domainControllers = more.domainControllers ?? [replicated(dc(1), 2, 0), replicated(dc(2), 1, 0)];
  return {
    now: fixedClock(),
    isExport: false,
    source: { host: 'dc1.corp.example.com', tls: 'ldaps', isGlobalCatalog: true, isReadOnly: false },
    forest: {
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
    },
    serverKind: 'windows',
    settings: {
      dn: `CN=Directory Service,CN=Windows NT,CN=Services,${configuration}`,
      guid: guidOf(8),
      tombstoneLifetime: lifetime,
      garbageCollectionHours,
      deletedObjectLifetime,
    },
    mayWrite: true,
    newDomainControllersAreStrict: true,
    domainControllers,
    deletedObjects: [],
    backups: [{ namingContext: domain, time: daysAgo(1) }],
    ...more,
  };
}
