/** A directory session over an LDAP connection: connecting and logging on, complete searches, writes. */

import v8 from 'node:v8';
import type { Entry } from '../ad/entry.ts';
import { DirectoryError, UsageError } from '../errors.ts';
import { Connection, connect, type PendingRequest, type Trust } from './connection.ts';
import { directoryErrorOf, type Peer, writeErrorOf } from './connection-trouble.ts';
import { resultCode, resultError } from './diagnostics.ts';
import {
  addRequest,
  bindRequest,
  deleteRequest,
  modifyRequest,
  pagedResults,
  type RequestOf,
  type SearchTerms,
  searchRequest,
} from './requests.ts';
import type { Response } from './responses.ts';
import {
  type Access,
  type Control,
  controlOid,
  type DirectorySession,
  domainScope,
  everything,
  type RootDse,
  readRootDse,
  rootDseAttributes,
  type SearchRequest,
  type SearchScope,
  type ServerAddress,
  type SessionIdentity,
  sendableControls,
  serverInWords,
  tlsWords,
} from './session.ts';

/** AD's MaxPageSize: it returns no more in a page, whatever the request asks for (MS-ADTS 3.1.1.3.4.6). */
const defaultPageSize = 1000;
const defaultDeadlineMs = 5000;
const defaultOperationDeadlineMs = 60_000;

/** A session with a server over the network. */
export class LdapSession implements DirectorySession {
  readonly identity: SessionIdentity;
  readonly rootDse: RootDse;
  readonly #connection: Connection;
  readonly #server: string;
  readonly #deadlineMs: number;

  /** Connects, sets up TLS, logs on and reads the rootDSE. Throws DirectoryError. */
  static async open(options: ServerAddress & Access, trust: Trust): Promise<LdapSession> {
    const { host, tls, port = tls === 'ldaps' ? 636 : 389, deadlineMs = defaultDeadlineMs } = options;
    const peer: Peer = { host, port, tls };
    refuseUnusable(options, peer);
    const plain = await openConnection(peer, options, trust, deadlineMs);
    const { connection, identity } = await logOn(plain, options, peer, deadlineMs).catch(async (error: unknown) => {
      await plain.close();
      throw error;
    });
    try {
      const rootDse = await rootDseOf(connection, peer, deadlineMs);
      connection.acceptLongMessages();
      return new LdapSession(identity, rootDse, connection, options.operationDeadlineMs ?? defaultOperationDeadlineMs);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  private constructor(identity: SessionIdentity, rootDse: RootDse, connection: Connection, deadlineMs: number) {
    this.identity = identity;
    this.rootDse = rootDse;
    this.#connection = connection;
    this.#server = serverInWords(identity);
    this.#deadlineMs = deadlineMs;
  }

  search(request: SearchRequest): AsyncIterable<Entry> {
    const isPaged = request.scope !== 'base' && this.rootDse.supportedControls.has(controlOid.pagedResults);
    return searchEntries(this.#connection, {
      ...request,
      controls: request.controls ?? [],
      supportedControls: this.rootDse.supportedControls,
      pageSize: isPaged ? (request.pageSize ?? defaultPageSize) : undefined,
      deadlineMs: request.deadline ?? this.#deadlineMs,
      server: this.#server,
    });
  }

  readEntry: DirectorySession['readEntry'] = async (base, attributes, controls, deadline) => {
    const search: SearchRequest = {
      base,
      scope: 'base',
      filter: everything,
      attributes,
      ...(controls === undefined ? {} : { controls }),
      ...(deadline === undefined ? {} : { deadline }),
    };
    try {
      return await firstOf(this.search(search));
    } catch (error) {
      if (error instanceof DirectoryError && error.resultCode === resultCode.noSuchObject) return undefined;
      throw error;
    }
  };

  modify: DirectorySession['modify'] = async (dn, modifications, controls, deadline) => {
    await this.#write('change', dn, modifyRequest(dn, modifications, this.#sendable(controls)), deadline);
  };

  add: DirectorySession['add'] = async (dn, attributes, controls, deadline) => {
    await this.#write('add', dn, addRequest(dn, attributes, this.#sendable(controls)), deadline);
  };

  delete: DirectorySession['delete'] = async (dn, controls, deadline) => {
    await this.#write('delete', dn, deleteRequest(dn, this.#sendable(controls)), deadline);
  };

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #sendable(controls: readonly Control[] = []): readonly Control[] {
    return sendableControls(controls, this.rootDse.supportedControls, this.#server);
  }

  async #write(attempted: string, dn: string, request: RequestOf, deadline = this.#deadlineMs): Promise<void> {
    const on = `${dn === '' ? 'the rootDSE' : dn} on ${this.#server}`;
    const { result } = await this.#connection.request(request, deadline).catch((error: unknown) => {
      throw writeErrorOf(attempted, on, error);
    });
    if (result.resultCode !== resultCode.success) throw resultError(attempted, on, result);
  }
}

async function firstOf(entries: AsyncIterable<Entry>): Promise<Entry | undefined> {
  let first: Entry | undefined;
  // Read to the end, to notice an error after the entry.
  for await (const entry of entries) first ??= entry;
  return first;
}

async function openConnection(
  peer: Peer,
  { tlsName, createConnection, bind }: ServerAddress & Access,
  trust: Trust,
  deadlineMs: number,
): Promise<Connection> {
  const attempted = bind !== 'anonymous' && bind.auth === 'integrated' ? 'connect' : `connect (${tlsWords[peer.tls]})`;
  const options = { peer, trust, tlsName: tlsName ?? peer.host, deadlineMs, createConnection };
  return await connect(options).catch((error: unknown) => {
    throw directoryErrorOf(attempted, serverInWords(peer), error);
  });
}

/** Refuses what would be a bind without a password, and TLS together with another security layer. */
function refuseUnusable({ bind, tls }: Access, peer: Peer): void {
  if (bind === 'anonymous') return;
  if (bind.auth === 'integrated' && tls !== 'none') {
    throw new UsageError({
      attempted: 'log on with the integrated logon',
      on: serverInWords(peer),
      cameBack: 'it encrypts every message itself and cannot be combined with TLS',
      next: 'Use --auth integrated without --tls, or --auth password with it.',
    });
  }
  const credentials = bind.auth === 'password' ? bind : bind.as;
  if (credentials === undefined || (credentials.user !== '' && credentials.password !== '')) return;
  const lacking = credentials.user === '' ? 'user name' : 'password';
  throw new DirectoryError({
    attempted: credentials.user === '' ? 'log on' : `log on as ${credentials.user}`,
    on: serverInWords(peer),
    cameBack: `the ${lacking} is empty: a bind with an empty ${lacking} is anonymous`,
    next: 'Give the user name and the password.',
  });
}

interface LoggedOn {
  /** The given one, or the one inside the sealed stream. */
  readonly connection: Connection;
  readonly identity: SessionIdentity;
}

/** Logs on. Throws DirectoryError; the given connection is then still to be closed. */
async function logOn(
  connection: Connection,
  { bind, tlsName }: ServerAddress & Access,
  peer: Peer,
  deadlineMs: number,
): Promise<LoggedOn> {
  if (bind === 'anonymous') return { connection, identity: peer };
  const user = bind.auth === 'password' ? bind.user : bind.as?.user;
  const attempted = user === undefined ? 'log on with the integrated logon' : `log on as ${user}`;
  try {
    if (bind.auth === 'password') {
      const { result } = await connection.request(bindRequest(bind.user, bind.password), deadlineMs);
      if (result.resultCode !== resultCode.success) throw resultError(attempted, serverInWords(peer), result);
      return { connection, identity: peer };
    }
    // Loaded when needed: most sessions log on with a password.
    const { logOnBySasl, openSystemContext } = await import('./logon/sasl-logon.ts');
    const logon = await logOnBySasl(connection, {
      serverName: tlsName ?? peer.host,
      deadlineMs,
      openContext: bind.openContext ?? openSystemContext,
      ...(bind.as === undefined ? {} : { as: bind.as }),
    });
    const sealed = new Connection(logon.stream, peer, true);
    return { connection: sealed, identity: { ...peer, sealed: { user: logon.user } } };
  } catch (error) {
    throw directoryErrorOf(attempted, serverInWords(peer), error);
  }
}

async function rootDseOf(connection: Connection, peer: Peer, deadlineMs: number): Promise<RootDse> {
  const entry = await firstOf(
    searchEntries(connection, {
      base: '',
      scope: 'base',
      filter: everything,
      attributes: rootDseAttributes,
      controls: [],
      supportedControls: new Set(),
      pageSize: undefined,
      deadlineMs,
      server: serverInWords(peer),
    }),
  );
  if (entry !== undefined) return readRootDse(entry);
  throw new DirectoryError({
    attempted: 'read the rootDSE',
    on: serverInWords(peer),
    cameBack: 'the server returned no entry',
    next: 'Check that the server is a domain controller.',
  });
}

/** A search with what the session adds to it. */
interface Search extends SearchTerms {
  /** OIDs that the server lists; `pageSize` alone decides about the paging control. */
  readonly supportedControls: ReadonlySet<string>;
  /** Entries in each page; undefined for a search without paging. */
  readonly pageSize: number | undefined;
  /** How long the server may be silent, in milliseconds. */
  readonly deadlineMs: number;
  /** Which entries may be left out, by their bytes; none if undefined. */
  readonly mayMatter?: SearchRequest['mayMatter'] | undefined;
  /** Host and port, for errors. */
  readonly server: string;
}

/** Limits for a server that sends data without end: far more than any directory needs. */
const most = { emptyPagesInARow: 1000, references: 10_000, valuesOfAnAttribute: 5_000_000 } as const;

/**
 * The share of this process's memory that may be in use during a search: beyond it Node ends the process without a
 * message.
 */
const mostOfMemory = 0.9;

/** Throws DirectoryError if what has been read leaves too little memory to go on. */
function requireMemory(on: string): void {
  const { used_heap_size: used, external_memory: outside, heap_size_limit: limit } = v8.getHeapStatistics();
  if (used + outside > mostOfMemory * limit)
    throw endless(on, 'it sent more than fits into the memory of this process');
}

/**
 * The entries as they arrive. References that a server sends despite domainScope are skipped: each naming context is
 * searched by its own DN. Throws DirectoryError, also midway.
 */
async function* searchEntries(connection: Connection, search: Search): AsyncGenerator<Entry> {
  const on = `${search.base === '' ? nameOfRoot(search.scope) : search.base} on ${search.server}`;
  let references = 0;
  let hasEntries = false;
  try {
    for await (const batch of answers(connection, search, on)) {
      for (const answer of batch) {
        if (answer.kind === 'reference') references += 1;
        if (answer.kind !== 'entry') continue;
        yield answer.partial.length === 0 ? entryOf(answer) : await withAllValues(connection, search, answer);
      }
      if (references > most.references) throw endless(on, `it sent more than ${most.references} references`);
      const hasMore = batch.some(({ kind }) => kind === 'entry');
      // A look-up of one entry ends whatever the memory is: writing needs it.
      if (hasEntries && hasMore) requireMemory(on);
      hasEntries ||= hasMore;
    }
  } catch (error) {
    throw directoryErrorOf('read', on, error);
  }
}

/**
 * The server's answers, over all pages. An empty page need not be the last: only a missing cookie ends the search
 * (RFC 2696). Throws DirectoryError for a result other than success, and ConnectionError.
 */
async function* answers(connection: Connection, search: Search, on: string): AsyncGenerator<readonly Response[]> {
  const controls = controlsOf(search);
  const ask = (cookie: Buffer) => {
    const paging = search.pageSize === undefined ? [] : [pagedResults(search.pageSize, cookie)];
    return connection.send(
      searchRequest({ ...search, controls: [...controls, ...paging] }),
      search.deadlineMs,
      search.mayMatter,
    );
  };
  let pending: PendingRequest | undefined = ask(Buffer.alloc(0));
  let emptyPages = 0;
  let isPageEmpty = true;
  try {
    while (pending !== undefined) {
      const batch = await pending.take();
      const last = batch.at(-1);
      if (batch.some(({ kind }) => kind === 'entry' || kind === 'unwanted')) isPageEmpty = false;
      if (last?.kind === 'result') {
        emptyPages = isPageEmpty ? emptyPages + 1 : 0;
        isPageEmpty = true;
        // The cookie does not help here: some servers give every page the same.
        if (emptyPages > most.emptyPagesInARow) throw endless(on, `it sent ${emptyPages} empty pages in a row`);
      }
      // Request the next page first: the server prepares it while this one is processed.
      if (last?.kind === 'result') pending = last.pageCookie === undefined ? undefined : ask(last.pageCookie);
      yield batch;
      if (last?.kind === 'result' && last.result.resultCode !== resultCode.success)
        throw resultError('read', on, last.result);
    }
  } finally {
    pending?.abandon();
  }
}

function controlsOf({ scope, controls, supportedControls, server }: Search): readonly Control[] {
  return sendableControls(scope === 'base' ? controls : [...controls, domainScope], supportedControls, server);
}

function endless(on: string, found: string): DirectoryError {
  return new DirectoryError({
    attempted: 'read to the end',
    on,
    cameBack: `the server keeps sending data without end: ${found}`,
    next: 'Use another domain controller.',
  });
}

/** The empty base is the rootDSE, and for a subtree search of a GC the whole forest. */
function nameOfRoot(scope: SearchScope): string {
  return scope === 'base' ? 'the rootDSE' : 'the whole directory';
}

type EntryResponse = Extract<Response, { kind: 'entry' }>;

function entryOf({ dn, attributes }: EntryResponse): Entry {
  return { dn, attributes };
}

async function withAllValues(connection: Connection, search: Search, entry: EntryResponse): Promise<Entry> {
  const attributes = new Map(entry.attributes);
  for (const { name, next } of entry.partial) {
    const key = name.toLowerCase();
    const rest = await remainingValues(connection, { ...search, base: entry.dn }, name, next);
    attributes.set(key, { name, values: [...(attributes.get(key)?.values ?? []), ...rest] });
  }
  return { dn: entry.dn, attributes };
}

/** The values from number `from` (counted from 0) on, range by range (MS-ADTS 3.1.1.3.1.3.3). */
async function remainingValues(
  connection: Connection,
  search: Search,
  name: string,
  from: number,
): Promise<readonly Buffer[]> {
  const on = `${name} of ${search.base} on ${search.server}`;
  const parts: (readonly Buffer[])[] = [];
  let next: number | undefined = from;
  while (next !== undefined) {
    const part = {
      ...search,
      scope: 'base',
      filter: everything,
      attributes: [`${name};range=${next}-*`],
      pageSize: undefined,
      mayMatter: undefined,
    } as const;
    let entry: EntryResponse | undefined;
    for await (const batch of answers(connection, part, on)) {
      entry ??= batch.find((answer) => answer.kind === 'entry');
    }
    const following: number | undefined = entry?.partial.find((partial) => partial.name === name)?.next;
    if (entry === undefined || (following !== undefined && following <= next)) {
      throw new DirectoryError({
        attempted: 'read all values',
        on,
        cameBack:
          entry === undefined
            ? 'the entry was deleted in the meantime'
            : `the server repeats itself after value ${next}`,
        next: 'Start again; the entry may be changing right now.',
      });
    }
    const values = entry.attributes.get(name.toLowerCase())?.values ?? [];
    if (following !== undefined && values.length === 0) throw endless(on, `it sent no values from ${next} on`);
    if (next > most.valuesOfAnAttribute) throw endless(on, `it sent more than ${most.valuesOfAnAttribute} values`);
    parts.push(values);
    next = following;
  }
  return parts.flat();
}
