/**
 * The embedded directory as an LDAP server, for tests of clients: each DC on a stream or a port, with faults, and with
 * links between the DCs that a test cuts, heals and replicates over. It is written apart from our client, and shares no
 * encoding with it.
 */

import { createServer, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import type { Replica } from '../../../src/embedded/domain-controller.ts';
import type { StoredEntry } from '../../../src/embedded/entry.ts';
import { type EmbeddedForest, type EmbeddedOptions, openEmbeddedForest } from '../../../src/embedded/forest.ts';
import { type PullOutcome, pull } from '../../../src/embedded/replication.ts';
import { connectErrors, socketError } from '../../../src/embedded/session.ts';
import type { Store } from '../../../src/embedded/store.ts';
import type { Account } from './accounts.ts';
import { FaultPlan, type PlannedFault } from './faults.ts';
import { serve } from './serve.ts';
import type { WireClientOptions } from './wire-client.ts';

export interface ConnectOptions {
  /** The port of the global catalog: searches over the whole forest, no writes. */
  readonly globalCatalog?: boolean;
  /** Whether the client is an administrator without a bind. Default: yes on a stream, no on a port. */
  readonly trusted?: boolean;
}

/** A listening port of one DC. */
export interface Listener {
  readonly port: number;
  /** Ends all connections too. */
  close(): Promise<void>;
}

export interface ServedForest extends EmbeddedForest {
  /**
   * A stream that is joined to the DC, without a network. Rejects as a socket would: ENOTFOUND for a DC that the forest
   * does not have, ECONNREFUSED or EHOSTUNREACH for one that cannot be reached.
   */
  connect(host: string, options?: ConnectOptions): Promise<Duplex>;
  /** The DC on a port of 127.0.0.1, without TLS. */
  listen(host: string, options?: ConnectOptions): Promise<Listener>;
  planFault(host: string, fault: PlannedFault): void;
  /** From now on no changes arrive at the DC: of one other DC, or of all others. Its own still reach them. */
  cut(host: string, from?: string): void;
  /** Changes arrive at the DC again, with the next write or `replicate`. */
  heal(host: string, from?: string): void;
  /**
   * Has the DC take what it does not know from another DC, or from all others to which the link is not cut. Its cursors
   * and partners then show the DC's present time. A named source is asked also over a cut link.
   */
  replicate(host: string, from?: string, options?: { readonly strict?: boolean }): PullOutcome;
  /** Garbage collection on one DC: removes its tombstones that were made before the moment. Gives their number. */
  expunge(host: string, before: Date): number;
}

/** Opens a forest, and serves it. Throws as openEmbeddedForest. */
export async function openServedForest(
  options: EmbeddedOptions,
  accounts: readonly Account[] = [],
): Promise<ServedForest> {
  return served(await openEmbeddedForest(options), accounts);
}

/** Serves a forest that is open. */
export function served<F extends EmbeddedForest>(forest: F, accounts: readonly Account[] = []): F & ServedForest {
  const plans = new Map<string, FaultPlan>();
  const faultsOf = (host: string): FaultPlan => {
    const plan = plans.get(host.toLowerCase()) ?? new FaultPlan();
    plans.set(host.toLowerCase(), plan);
    return plan;
  };
  const serveOn = (stream: Duplex, host: string, options: Required<ConnectOptions>): void => {
    const wire: WireClientOptions = { ...options, accounts };
    void serve(stream, forest.replica(host), faultsOf(host), wire);
  };
  const others = (host: string): string[] => forest.domainControllers.filter((other) => other !== host.toLowerCase());
  const replicas = (): Replica[] => forest.domainControllers.map((host) => forest.replica(host));
  const serving: Omit<ServedForest, keyof EmbeddedForest> = {
    connect: async (host, { globalCatalog = false, trusted = true } = {}) => {
      const code = connectErrors[forest.replica(host).condition.reachable];
      if (code !== undefined) throw socketError(code, host);
      const [ours, theirs] = duplexPair();
      // Of a pair of streams, unlike of a socket, one side does not notice that the other was destroyed.
      theirs.once('close', () => ours.destroy());
      serveOn(ours, host, { globalCatalog, trusted });
      return theirs;
    },
    listen: (host, { globalCatalog = false, trusted = false } = {}) =>
      listen((socket) => {
        if (connectErrors[forest.replica(host).condition.reachable] !== undefined) socket.destroy();
        else serveOn(socket, host, { globalCatalog, trusted });
      }),
    planFault: (host, fault) => faultsOf(host).add(fault),
    cut: (host, from) => {
      for (const other of from === undefined ? others(host) : [from]) forest.replica(host).cutFrom.add(other);
    },
    heal: (host, from) => {
      for (const other of from === undefined ? others(host) : [from]) forest.replica(host).cutFrom.delete(other);
    },
    replicate: (host, from, { strict = true } = {}) => {
      const target = forest.replica(host);
      const sources = from === undefined ? replicas().filter((one) => isOpen(target, one)) : [forest.replica(from)];
      let applied = 0;
      for (const source of sources) {
        const outcome = replicateFrom(target, source, strict);
        if (outcome.kind === 'stopped') return outcome;
        applied += outcome.applied;
      }
      return { kind: 'done', applied };
    },
    expunge: (host, before) => expunge(forest.replica(host), before),
  };
  return Object.assign(forest, serving);
}

function isOpen(target: Replica, source: Replica): boolean {
  return source !== target && !target.cutFrom.has(source.host);
}

/** Replicates and records the outcome with the partner, if the DC has it as one. */
function replicateFrom(target: Replica, source: Replica, strict: boolean): PullOutcome {
  const at = target.now;
  const outcome = pull(target, source, { strict, at });
  // 8606: ERROR_DS_INSUFFICIENT_ATTR_TO_CREATE_OBJECT, what a strict DC answers to a lingering object.
  const isDone = outcome.kind === 'done';
  target.partners = target.partners.map((partner) =>
    partner.source.host === source.host
      ? {
          ...partner,
          lastAttempt: at,
          lastSuccess: isDone ? at : partner.lastSuccess,
          lastResult: isDone ? 0 : 8606,
          failures: isDone ? 0 : partner.failures + 1,
        }
      : partner,
  );
  return outcome;
}

function expunge({ store }: Replica, before: Date): number {
  const isOld = (entry: StoredEntry): boolean => {
    const stamp = store.stampsOf(entry).find(([{ name }]) => name === 'isDeleted')?.[1];
    return stamp !== undefined && stamp.time < before;
  };
  const expired = [...store.entries()].filter(
    (entry) => entry.isDeleted && entry.values('lastKnownParent').length > 0 && isOld(entry),
  );
  for (const entry of expired) remove(entry, store);
  return expired.length;
}

/** Takes an entry out without a trace; its place stays for those that name it. */
function remove(entry: StoredEntry, store: Store): void {
  for (const type of [...entry.attributes.keys()]) store.set(entry, type, []);
  entry.stamps.clear();
  entry.present = false;
}

async function listen(accept: (socket: Socket) => void): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A broken connection is the client's to notice; without a listener it would end the process.
    socket.on('error', () => undefined);
    accept(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
