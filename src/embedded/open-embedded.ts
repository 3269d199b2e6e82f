/**
 * A directory in this process: an LDAP server over LDIF data that behaves as Active Directory where our remedies depend
 * on it. It serves the practice forest, offline work on an export, and tests.
 */

import { createServer, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { guidFromText } from '../ad/values.ts';
import { writeLdif } from '../ldif/ldif-writer.ts';
import type { Account } from './accounts.ts';
import { domainControllersIn, exportedFrom } from './domain-controllers.ts';
import { dump } from './dump.ts';
import type { PlannedFault } from './faults.ts';
import { type LdifSource, type Loaded, loadExport, loadForest } from './load.ts';
import type { ClientOptions } from './operations.ts';
import { type Condition, Replica } from './replica.ts';
import { noReplication } from './replication.ts';
import { replicationOf, withoutStatements } from './replication-statements.ts';
import type { RootDseRecord } from './root-dse.ts';
import { serve } from './server.ts';

export interface EmbeddedOptions {
  readonly sources: readonly LdifSource[];
  /**
   * 'forest': a complete practice forest, with its times filled in and one DC for each that the data names.
   * 'export': what somebody saw of a directory, served by one DC as it is, with nothing added to it.
   */
  readonly kind: 'forest' | 'export';
  readonly clock: () => Date;
  /** A new GUID's text, for entries that are added. */
  readonly newGuid: () => string;
  /** Who may bind with a password. Whoever connects from within the process is an administrator without one. */
  readonly accounts?: readonly Account[];
  /** Awaited after every write, before it is answered. */
  readonly afterWrite?: () => Promise<void>;
}

export interface ConnectOptions {
  /** The port of the global catalog: searches over the whole forest, no writes. */
  readonly globalCatalog?: boolean;
  /** False: as a client from outside, which has to bind first. */
  readonly trusted?: boolean;
}

/** A listening port of one DC. */
export interface Listener {
  readonly port: number;
  /** Ends all connections too. */
  close(): Promise<void>;
}

export interface EmbeddedForest {
  /** DNS names, lower case, in the order of the data; for an export its rootDSE's, or "export". */
  readonly domainControllers: readonly string[];

  /**
   * A stream that is joined to the DC, without a network. Rejects as a socket would: ENOTFOUND for a DC that the forest
   * doesn't have, ECONNREFUSED or EHOSTUNREACH for one that is not reachable.
   */
  connect(host: string, options?: ConnectOptions): Promise<Duplex>;

  /** The DC on a port of 127.0.0.1, without TLS. */
  listen(host: string, options?: ConnectOptions): Promise<Listener>;

  /** Changes what is named, and leaves the rest of the DC's condition. */
  setCondition(host: string, condition: Partial<Condition>): void;

  /** From now on others' changes don't show on this DC; its own show on the others. */
  fallBehind(host: string): void;

  /** All changes show again. */
  catchUp(host: string): void;

  planFault(host: string, fault: PlannedFault): void;

  /** The state of the forest, as LDIF that `kind: 'forest'` opens again. */
  toLdif(): Iterable<string>;
}

/** Throws LdifSyntaxError, and what reading the sources throws. */
export async function openEmbeddedForest(options: EmbeddedOptions): Promise<EmbeddedForest> {
  const isForest = options.kind === 'forest';
  const loaded = isForest ? await loadForest(options.sources, options.clock()) : await loadExport(options.sources);
  const { store, rootDseRecords } = loaded;
  const domainControllers = isForest ? domainControllersIn(store) : [exportedFrom(hostOf(rootDseRecords[0]))];
  const forest = {
    store,
    accounts: options.accounts ?? [],
    clock: options.clock,
    newGuid: () => guidFromText(options.newGuid()),
    afterWrite: options.afterWrite ?? (() => Promise.resolve()),
    writableHost: domainControllers.find(({ isReadOnly }) => !isReadOnly)?.host ?? '',
  };
  const replicas = domainControllers.map((domainController) => {
    const record = rootDseRecords.find((one) => !isForest || hostOf(one) === domainController.host);
    const replication = isForest && record !== undefined ? replicationOf(record, domainControllers) : noReplication;
    return new Replica(forest, domainController, replication, record && withoutStatements(record));
  });
  return new Embedded(new Map(replicas.map((replica) => [replica.domainController.host, replica])), loaded);
}

function hostOf(record: RootDseRecord | undefined): string | undefined {
  return record?.get('dnshostname')?.values[0]?.toString().toLowerCase();
}

class Embedded implements EmbeddedForest {
  readonly #replicas: ReadonlyMap<string, Replica>;
  readonly #loaded: Loaded;

  constructor(replicas: ReadonlyMap<string, Replica>, loaded: Loaded) {
    this.#replicas = replicas;
    this.#loaded = loaded;
  }

  get domainControllers(): readonly string[] {
    return [...this.#replicas.keys()];
  }

  async connect(host: string, options: ConnectOptions = {}): Promise<Duplex> {
    const replica = this.#replicas.get(host.toLowerCase());
    if (replica === undefined) throw socketError('ENOTFOUND', host);
    const code = connectErrors[replica.condition.reachable];
    if (code !== undefined) throw socketError(code, host);
    const [ours, theirs] = duplexPair();
    // A pair of streams, unlike a socket, does not tell one side that the other was destroyed.
    theirs.once('close', () => ours.destroy());
    void serve(ours, replica, clientOptions(options, true));
    return theirs;
  }

  async listen(host: string, options: ConnectOptions = {}): Promise<Listener> {
    const replica = this.#replica(host);
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      // Broken connections are the client's to notice; without a listener they would end the process.
      socket.on('error', () => undefined);
      if (connectErrors[replica.condition.reachable] !== undefined) socket.destroy();
      else void serve(socket, replica, clientOptions(options, false));
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

  setCondition(host: string, condition: Partial<Condition>): void {
    const replica = this.#replica(host);
    replica.condition = { ...replica.condition, ...condition };
  }

  fallBehind(host: string): void {
    this.#replica(host).fallBehind();
  }

  catchUp(host: string): void {
    this.#replica(host).catchUp();
  }

  planFault(host: string, fault: PlannedFault): void {
    this.#replica(host).faults.add(fault);
  }

  toLdif(): Iterable<string> {
    return writeLdif(dump(this.#loaded.store, this.#loaded.rootDses));
  }

  #replica(host: string): Replica {
    const replica = this.#replicas.get(host.toLowerCase());
    if (replica === undefined) throw socketError('ENOTFOUND', host);
    return replica;
  }
}

function clientOptions({ globalCatalog = false, trusted }: ConnectOptions, trustedByDefault: boolean): ClientOptions {
  return { globalCatalog, trusted: trusted ?? trustedByDefault };
}

const connectErrors: Readonly<Record<Condition['reachable'], string | undefined>> = {
  yes: undefined,
  silent: undefined,
  refused: 'ECONNREFUSED',
  'no-route': 'EHOSTUNREACH',
};

/** As Node's own sockets fail. */
function socketError(code: string, host: string): Error {
  return Object.assign(new Error(`connect ${code} ${host}`), { code, syscall: 'connect' });
}
