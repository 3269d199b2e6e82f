/**
 * A directory in this process, over LDIF data, that behaves as Active Directory where our remedies depend on it. It is
 * behind the practice forest, offline work on an export, and tests.
 */

import { guidFromText } from '../ad/entry.ts';
import type { Connector, DirectorySession, ServerAddress } from '../ldap/session.ts';
import { writeLdif } from '../ldif/ldif.ts';
import {
  type Condition,
  domainControllersIn,
  exportedFrom,
  Replica,
  type RootDseRecord,
  type Surroundings,
} from './domain-controller.ts';
import { dump, type LdifSource, type LoadedForest, loadExport, loadForest } from './load.ts';
import { aboutHosts, replicationOf, withoutStatements } from './practice-statements.ts';
import { spread } from './replication.ts';
import { EmbeddedSession, socketError } from './session.ts';
import { administrator } from './view.ts';

export interface EmbeddedOptions {
  readonly sources: readonly LdifSource[];
  /**
   * 'forest': a complete practice forest, with its times filled in and one DC for each that the data names.
   * 'export': part of a directory as it was read, served by one DC as it is, with nothing added to it.
   */
  readonly kind: 'forest' | 'export';
  readonly clock: () => Date;
  /** A new GUID's text, for entries that are added. */
  readonly newGuid: () => string;
  /** Called after every write of a client. */
  readonly onWrite?: () => void;
}

/** The port of the global catalog: searches cover the whole forest, writes are refused. */
const globalCatalogPort = 3268;
const ldapPort = 389;

/** Its sessions are those of an administrator; port 3268 is the global catalog's, every other a DC's own. */
export interface EmbeddedForest extends Connector {
  /** DNS names, lower case, in the order of the data; for an export its rootDSE's, or "export". */
  readonly domainControllers: readonly string[];

  /** A DC with its own data. Throws an error with code ENOTFOUND if the forest does not have it. */
  replica(host: string): Replica;

  /** Changes what is named, and leaves the rest of the DC's condition. */
  setCondition(host: string, condition: Partial<Condition>): void;

  /** The state of the forest, as LDIF that `kind: 'forest'` opens again. */
  toLdif(): Iterable<string>;
}

/** Throws LdifSyntaxError, FileError for a statement that cannot be read, and what reading the sources throws. */
export async function openEmbeddedForest(options: EmbeddedOptions): Promise<EmbeddedForest> {
  const { kind, sources, clock } = options;
  return embeddedForest(
    kind === 'forest' ? await loadForest(sources, clock()) : await exportAsForest(options),
    options,
  );
}

/** The forest of what was loaded, whose stores are its own from then on. */
export function embeddedForest(loaded: LoadedForest, options: Omit<EmbeddedOptions, 'sources'>): EmbeddedForest {
  const writable = loaded.domainControllers.find(({ isReadOnly }) => !isReadOnly);
  const replicas = new Map<string, Replica>();
  const surroundings: Surroundings = {
    clock: options.clock,
    newGuid: () => guidFromText(options.newGuid()),
    writableHost: writable?.host ?? '',
    written: (replica) => {
      spread(replica, [...replicas.values()]);
      options.onWrite?.();
    },
  };
  for (const replica of replicasOf(loaded, surroundings, options.kind)) replicas.set(replica.host, replica);
  return new Embedded(replicas, loaded);
}

async function exportAsForest({ sources }: EmbeddedOptions): Promise<LoadedForest> {
  const { store, rootDseRecords } = await loadExport(sources);
  const domainController = exportedFrom(hostOf(rootDseRecords[0]));
  const stores = new Map([[domainController.host, store]]);
  return { domainControllers: [domainController], stores, rootDseRecords, rootDses: [] };
}

function replicasOf(loaded: LoadedForest, surroundings: Surroundings, kind: EmbeddedOptions['kind']): Replica[] {
  const { domainControllers, stores, rootDseRecords } = loaded;
  const replicas = domainControllers.flatMap((domainController) => {
    const store = stores.get(domainController.host);
    const record = rootDseRecords.find((one) => kind === 'export' || hostOf(one) === domainController.host);
    const rootDseRecord = record && withoutStatements(record);
    return store === undefined ? [] : [new Replica(domainController, store, surroundings, rootDseRecord)];
  });
  if (kind === 'forest') for (const replica of replicas) stateReplication(replica, replicas, rootDseRecords);
  return replicas;
}

/** Gives the replica what its rootDSE record states; without a statement it knows all of the others' changes. */
function stateReplication(replica: Replica, replicas: readonly Replica[], records: readonly RootDseRecord[]): void {
  const record = records.find((one) => hostOf(one) === replica.host) ?? new Map();
  const domainControllers = replicas.map((one) => one.domainController);
  const { partners, cursors, cutFrom } = replicationOf(record, domainControllers);
  replica.partners = partners;
  for (const host of cutFrom) replica.cutFrom.add(host);
  for (const { source, usn, lastSuccess } of cursors) {
    const other = replicas.find(({ host }) => host === source.host);
    if (other === undefined) continue;
    replica.learn(other.invocationId, { source, usn: usn ?? other.store.usn, lastSuccess });
    if (usn !== undefined) other.store.offerWritesSince(usn);
  }
  for (const { invocationId, domainController, store } of replicas) {
    if (replica.vector.has(invocationId)) continue;
    replica.learn(invocationId, { source: domainController, usn: store.usn, lastSuccess: undefined });
  }
}

function hostOf(record: RootDseRecord | undefined): string | undefined {
  return record?.get('dnshostname')?.values[0]?.toString().toLowerCase();
}

/** The DCs that any other one still has NTDS Settings of: one whose metadata was removed comes back by promotion only. */
function livingHosts(stores: LoadedForest['stores']): ReadonlySet<string> {
  const hosts = [...stores.keys()];
  if (hosts.length === 1) return new Set(hosts);
  return new Set(
    [...stores].flatMap(([own, store]) =>
      domainControllersIn(store)
        .map(({ host }) => host)
        .filter((host) => host !== own),
    ),
  );
}

class Embedded implements EmbeddedForest {
  readonly #replicas: ReadonlyMap<string, Replica>;
  readonly #loaded: LoadedForest;

  constructor(replicas: ReadonlyMap<string, Replica>, loaded: LoadedForest) {
    this.#replicas = replicas;
    this.#loaded = loaded;
  }

  get domainControllers(): readonly string[] {
    return [...this.#replicas.keys()];
  }

  async open({ host, port = ldapPort }: ServerAddress): Promise<DirectorySession> {
    return await EmbeddedSession.open(host, this.#replicas.get(host.toLowerCase()), {
      port,
      globalCatalog: port === globalCatalogPort,
      rights: administrator,
      deadlineMs: 5000,
      operationDeadlineMs: 60_000,
    });
  }

  replica(host: string): Replica {
    const replica = this.#replicas.get(host.toLowerCase());
    if (replica === undefined) throw socketError('ENOTFOUND', host);
    return replica;
  }

  setCondition(host: string, condition: Partial<Condition>): void {
    const replica = this.replica(host);
    replica.condition = { ...replica.condition, ...condition };
  }

  toLdif(): Iterable<string> {
    const { stores, rootDses } = this.#loaded;
    const living = livingHosts(stores);
    const left = new Map([...stores].filter(([host]) => living.has(host)));
    return writeLdif(dump(left, aboutHosts(rootDses, living)));
  }
}
