/**
 * Servers on the network: domain controllers and global catalogs by DNS (MS-ADTS 6.3.2.3), in the order in which to try
 * them (RFC 2782); the address of a host; and whether a machine answers on the ports of an Exchange server.
 */

import type { SrvRecord } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { createConnection, isIP } from 'node:net';
import { DirectoryError, errnoOf } from '../errors.ts';

/** A server that DNS names. */
export interface LocatedServer {
  /** In lower case, without a dot at the end. */
  readonly host: string;
  /** Undefined if DNS gave no global catalogs of the forest. */
  readonly isGlobalCatalog: boolean | undefined;
}

/** How DNS is asked. */
export interface LocateOptions {
  /** A number from 0 up to but not including 1, like Math.random; for the choice by weight. */
  readonly random: () => number;
  /** IP address of the DNS server, with `:port` unless 53; default the system's. */
  readonly resolver?: string;
  /** For each query, in milliseconds; default 5000. */
  readonly deadlineMs?: number;
}

/**
 * The DCs of a domain, the first to try first, each with whether the forest's GC records name it. Throws DirectoryError,
 * with the query, if DNS names no DC.
 */
export async function locateServers(domain: string, options: LocateOptions): Promise<readonly LocatedServer[]> {
  const name = domain.replace(/\.$/, '');
  const query = `_ldap._tcp.dc._msdcs.${name}`;
  const [domainControllers, globalCatalogs] = await Promise.all([
    srvRecords(query, options).catch((error: unknown) => {
      throw notFound(query, options, dnsErrorInWords(error, 'domain controller'), error);
    }),
    globalCatalogRecords(name, options),
  ]);
  if (domainControllers.length === 0) throw notFound(query, options, 'DNS lists none for the domain');
  const globalCatalogHosts = new Set(globalCatalogs.map(hostIn));
  const located = (record: SrvRecord): LocatedServer => ({
    host: hostIn(record),
    isGlobalCatalog: globalCatalogs.length === 0 ? undefined : globalCatalogHosts.has(hostIn(record)),
  });
  return inOrder(domainControllers, options.random).map(located);
}

/** Records in the order of RFC 2782: by priority; among equals at random, by weight. Does not change `records`. */
export function inOrder<R extends { readonly priority: number; readonly weight: number }>(
  records: readonly R[],
  random: () => number,
): R[] {
  // Records of weight 0 come first, so that they too have a small chance (RFC 2782).
  const left = records.toSorted((one, other) => one.priority - other.priority || one.weight - other.weight);
  const ordered: R[] = [];
  for (let priority = left[0]?.priority; priority !== undefined; priority = left[0]?.priority) {
    const peers = left.filter((record) => record.priority === priority);
    const target = Math.floor(random() * (peers.reduce((sum, { weight }) => sum + weight, 0) + 1));
    let sum = 0;
    const chosen = peers.findIndex(({ weight }) => {
      sum += weight;
      return sum >= target;
    });
    ordered.push(...left.splice(chosen, 1));
  }
  return ordered;
}

/** GCs are registered under the name of the forest root: the domain itself, a parent, or the root of another tree. */
async function globalCatalogRecords(domain: string, options: LocateOptions): Promise<SrvRecord[]> {
  const labels = domain.split('.');
  const parents = labels.slice(0, Math.max(1, labels.length - 1)).map((_, index) => labels.slice(index).join('.'));
  for (const forest of parents) {
    const records = await srvRecords(`_gc._tcp.${forest}`, options).catch((error: unknown) => {
      // Stop at other errors; the query for the DCs reports them.
      return ['ENOTFOUND', 'ENODATA'].includes(errnoOf(error) ?? '') ? [] : undefined;
    });
    if (records === undefined || records.length > 0) return records ?? [];
  }
  return [];
}

async function srvRecords(
  query: string,
  { resolver: address, deadlineMs = 5000 }: LocateOptions,
): Promise<SrvRecord[]> {
  const resolver = new Resolver({ timeout: deadlineMs, tries: 1 });
  if (address !== undefined) resolver.setServers([address]);
  const timer = setTimeout(() => resolver.cancel(), deadlineMs);
  try {
    const records = await resolver.resolveSrv(query);
    // The target "." means that the service is not available (RFC 2782).
    return records.filter((record) => hostIn(record) !== '');
  } finally {
    clearTimeout(timer);
  }
}

function hostIn({ name }: SrvRecord): string {
  return name.replace(/\.$/, '').toLowerCase();
}

function notFound(query: string, { resolver }: LocateOptions, cameBack: string, cause?: unknown): DirectoryError {
  return new DirectoryError({
    attempted: 'find the domain controllers by DNS',
    on: resolver === undefined ? `SRV ${query}` : `SRV ${query} at ${resolver}`,
    cameBack,
    next: 'Check the name of the domain and that this computer uses its DNS, or give a domain controller with --server.',
    cause,
  });
}

/** For one try, in milliseconds: shorter than the deadline of a connection, so that the error names DNS. */
const lookUpDeadlineMs = 3000;

/** The address that a DNS server has of a host; an IP address itself. Rejects with the error of node:dns. */
export async function lookUpAddress(host: string, dns: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  const resolver = new Resolver({ timeout: lookUpDeadlineMs, tries: 1 });
  resolver.setServers([dns]);
  const [address = ''] = await resolver.resolve4(host).catch((error: unknown) => {
    // The name exists, without an IPv4 address.
    if (errnoOf(error) === 'ENODATA') return resolver.resolve6(host);
    throw error;
  });
  return address;
}

/**
 * Why a DNS look-up failed (errors of node:dns), with the code: "no DNS server is listening there (ECONNREFUSED)".
 *
 * @param wanted what was looked up: "address"
 */
export function dnsErrorInWords(error: unknown, wanted: string): string {
  const code = errnoOf(error);
  if (code === undefined) return String(error);
  const why =
    code === 'ENODATA' ? `DNS knows the name but has no ${wanted} for it` : (dnsErrors[code] ?? 'the look-up failed');
  return `${why} (${code})`;
}

const dnsErrors: Readonly<Record<string, string>> = {
  ENOTFOUND: 'DNS does not know that name',
  ETIMEOUT: 'the DNS server did not answer',
  ECANCELLED: 'the DNS server did not answer',
  ECONNREFUSED: 'no DNS server is listening there',
  ESERVFAIL: 'the DNS server failed',
  EREFUSED: 'the DNS server refused to answer',
  EBADNAME: 'not a valid DNS name',
  EBADRESP: 'the DNS server sent a malformed answer',
};

/** SMTP, RPC endpoint mapper, HTTPS, SMB. */
export const probedPorts: readonly number[] = [25, 135, 443, 445];

/** The result of trying the ports. */
export type ProbeResult =
  | { readonly kind: 'no address' }
  /** The host name is that of another server object too: an answer would prove nothing. */
  | { readonly kind: 'not its own name'; readonly host: string }
  | {
      readonly kind: 'probed';
      readonly address: string;
      readonly open: readonly number[];
      readonly closed: readonly number[];
    };

/** How a machine is reached; handed in so that tests need no network. */
export interface ProbeNetwork {
  /** The address of a host name; undefined if it has none. */
  readonly resolve: (host: string) => Promise<string | undefined>;
  /** Whether a TCP connection could be made within the deadline. */
  readonly connects: (address: string, port: number, deadlineMs: number) => Promise<boolean>;
}

/** For each port, in milliseconds; all are tried at the same time. */
const probeDeadlineMs = 3000;

/** Tries the ports. Never throws: a port that does not answer counts as closed. */
export async function probe(host: string, network: ProbeNetwork): Promise<ProbeResult> {
  const address = await network.resolve(host);
  if (address === undefined) return { kind: 'no address' };
  const answers = await Promise.all(probedPorts.map((port) => network.connects(address, port, probeDeadlineMs)));
  return {
    kind: 'probed',
    address,
    open: probedPorts.filter((_, index) => answers[index] === true),
    closed: probedPorts.filter((_, index) => answers[index] !== true),
  };
}

/** The network: names looked up at a DNS server (--dns), without one by the system; connections by TCP. */
export function networkBy(dns: string | undefined): ProbeNetwork {
  return {
    resolve: async (host) => {
      try {
        return dns === undefined ? (await lookup(host)).address : await lookUpAddress(host, dns);
      } catch {
        // A name that DNS does not know is a normal result.
        return undefined;
      }
    },
    connects: (address, port, deadlineMs) =>
      new Promise((resolve) => {
        const socket = createConnection({ host: address, port });
        const end = (open: boolean): void => {
          socket.destroy();
          resolve(open);
        };
        socket.setTimeout(deadlineMs, () => end(false));
        socket.once('connect', () => end(true));
        socket.once('error', () => end(false));
      }),
  };
}
