/**
 * A directory in this process, over LDIF data, that behaves as Active Directory where our remedies depend on it. It is
 * behind the practice forest, offline work on an export, and tests.
 */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { guidFromText } from '../ad/entry.ts';
import { errnoOf, FileError } from '../errors.ts';
import { errnoInWords } from '../files/system-errors.ts';
import type { Connector } from '../ldap/session.ts';
import { writeLdif } from '../ldif/ldif.ts';
import { type Condition, domainControllersIn, Replica, type Surroundings } from './domain-controller.ts';
import { dump, type LdifSource, type LoadedForest, loadExport, loadForest } from './load.ts';
import { aboutHosts, replicationOf } from './practice-statements.ts';
import { spread } from './replication.ts';
import { EmbeddedSession, socketError } from './session.ts';
import { administrator } from './visibility.ts';

/** What a forest is made of. */
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

/**
 * Opens a forest over LDIF data.
 * @throws LdifSyntaxError; FileError or ValueSyntaxError for a statement that cannot be read; what reading the sources throws
 */
export async function openEmbeddedForest(options: EmbeddedOptions): Promise<EmbeddedForest> {
  const { kind, sources, clock } = options;
  return embeddedForest(await (kind === 'forest' ? loadForest(sources, clock()) : loadExport(sources)), options);
}

/**
 * The forest of what was loaded, whose stores are its own from then on.
 * @throws FileError or ValueSyntaxError for a statement that cannot be read
 */
export function embeddedForest(loaded: LoadedForest, options: Omit<EmbeddedOptions, 'sources'>): EmbeddedForest {
  const { controllers, rootDses } = loaded;
  const writable = controllers.find(({ domainController }) => !domainController.isReadOnly);
  const replicas = new Map<string, Replica>();
  const surroundings: Surroundings = {
    clock: options.clock,
    newGuid: () => guidFromText(options.newGuid()),
    writableHost: writable?.domainController.host ?? '',
    written: (replica) => {
      spread(replica, all);
      options.onWrite?.();
    },
  };
  for (const { domainController, store, rootDseRecord } of controllers) {
    replicas.set(domainController.host, new Replica(domainController, store, surroundings, rootDseRecord));
  }
  const all = [...replicas.values()];
  if (options.kind === 'forest') for (const replica of all) stateReplication(replica, all);
  const replicaOf = (host: string): Replica => {
    const replica = replicas.get(host.toLowerCase());
    if (replica === undefined) throw socketError('ENOTFOUND', host);
    return replica;
  };
  return {
    domainControllers: [...replicas.keys()],
    open: ({ host, port = ldapPort }) =>
      EmbeddedSession.open(host, replicas.get(host.toLowerCase()), {
        port,
        globalCatalog: port === globalCatalogPort,
        rights: administrator,
        deadlineMs: 5000,
        operationDeadlineMs: 60_000,
      }),
    replica: replicaOf,
    setCondition: (host, condition) => {
      const replica = replicaOf(host);
      replica.condition = { ...replica.condition, ...condition };
    },
    toLdif: () => {
      const living = livingHosts(all);
      const left = all.filter(({ host }) => living.has(host));
      return writeLdif(dump(left, aboutHosts(rootDses, living)));
    },
  };
}

/** Gives a DC what its rootDSE record states; without a statement it knows all of the others' changes. */
function stateReplication(replica: Replica, replicas: readonly Replica[]): void {
  const domainControllers = replicas.map((one) => one.domainController);
  const { partners, cursors, cutFrom } = replicationOf(replica.rootDseRecord ?? new Map(), domainControllers);
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

/** The DCs that any other one still has NTDS Settings of: one whose metadata was removed comes back by promotion only. */
function livingHosts(replicas: readonly Replica[]): ReadonlySet<string> {
  if (replicas.length === 1) return new Set(replicas.map(({ host }) => host));
  const others = replicas.flatMap(({ host: own, store }) =>
    domainControllersIn(store).filter(({ host }) => host !== own),
  );
  return new Set(others.map(({ host }) => host));
}

/** The practice site's DC that cannot be reached. */
const lostDomainController = 'dc4.corp.example.com';

/**
 * The forest of the practice site: made from the templates, and kept in the site's folder once it is changed, or
 * planned on.
 */
export interface PracticeForest extends EmbeddedForest {
  /**
   * Writes the changes since the last call to `directory/forest.ldif` in the site's folder, whole or not at all; without
   * changes does nothing. It is synchronous, so that it can run when the process ends. Throws FileError.
   */
  save(): void;
  /** Has the next `save` write the forest also without changes: else its times are other ones when it is opened again. */
  keep(): void;
}

/**
 * Opens the practice forest: as it was saved in the folder, else as the templates have it.
 *
 * @param folder the practice site's
 * @param templates the templates folder, as a URL that ends in a slash
 * @throws whatever reading those throws
 */
export async function openPracticeForest(
  folder: string,
  templates: URL,
  clock: () => Date,
  newGuid: () => string,
): Promise<PracticeForest> {
  const file = path.join(folder, 'directory', 'forest.ldif');
  let isChanged = false;
  const noteChange = (): void => {
    isChanged = true;
  };
  const forest = await openEmbeddedForest({
    sources: (await savedSource(file)) ?? (await templateSources(templates)),
    kind: 'forest',
    clock,
    newGuid,
    onWrite: noteChange,
  });
  // Its metadata may have been removed.
  if (forest.domainControllers.includes(lostDomainController)) {
    forest.setCondition(lostDomainController, { reachable: 'no-route' });
  }
  return {
    ...forest,
    save: () => {
      if (!isChanged) return;
      writeWhole(file, [...forest.toLdif()].join(''));
      isChanged = false;
    },
    keep: noteChange,
  };
}

async function savedSource(file: string): Promise<LdifSource[] | undefined> {
  try {
    return [{ name: file, content: await readFile(file) }];
  } catch (error) {
    // Nothing has been changed yet.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const exchangeServers = [
  { server: 'EX01', site: 'Amsterdam' },
  { server: 'EX02', site: 'Amsterdam' },
  { server: 'EX03', site: 'Paramaribo' },
];

async function templateSources(templates: URL): Promise<LdifSource[]> {
  const names = ['forest.ldif', 'people.ldif', 'deletions.ldif', 'exchange-server.ldif'] as const;
  const texts = await Promise.all(names.map((name) => readFile(new URL(`practice/${name}`, templates), 'utf8')));
  const [forest = '', people = '', deletions = '', exchangeServer = ''] = texts;
  return [
    { name: 'forest.ldif', content: forest },
    ...exchangeServers.map(({ server, site }) => ({
      name: `exchange-server.ldif for ${server}`,
      content: exchangeServer
        .replaceAll('{{server}}', server)
        .replaceAll('{{host}}', `${server.toLowerCase()}.corp.example.com`)
        .replaceAll('{{site}}', site),
    })),
    { name: 'people.ldif', content: people },
    { name: 'deletions.ldif', content: deletions },
  ];
}

/** A process that ends here leaves the state before. Throws FileError. */
function writeWhole(file: string, text: string): void {
  const draft = `${file}.new`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(draft, text);
    renameSync(draft, file);
  } catch (error) {
    throw new FileError({
      attempted: 'save the practice forest',
      on: file,
      cameBack: errnoInWords(error),
      next: 'Check that the folder can be written to; or start again in another folder: adsi-remedy practice DIR.',
      cause: error,
    });
  }
}
