/** A directory session over an LDAP connection. */

import type { Entry } from '../ad/entry.ts';
import { DirectoryError, UsageError } from '../errors.ts';
import { connect, type Trust } from './connect.ts';
import { Connection } from './connection.ts';
import { directoryErrorOf, type Peer, writeErrorOf } from './connection-trouble.ts';
import { resultCode, resultError } from './diagnostics.ts';
import { addRequest, bindRequest, deleteRequest, modifyRequest, type RequestOf } from './requests.ts';
import { searchEntries } from './search.ts';
import {
  type Access,
  type Control,
  controlOid,
  type DirectorySession,
  everything,
  type PasswordLogon,
  type RootDse,
  readRootDse,
  rootDseAttributes,
  type SearchRequest,
  type ServerAddress,
  type SessionIdentity,
  sendableControls,
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
    this.#server = nameOf(identity);
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

function nameOf({ host, port }: Pick<Peer, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const tlsWords = { ldaps: 'LDAPS', starttls: 'LDAP with StartTLS', none: 'LDAP without TLS' } as const;

async function openConnection(
  peer: Peer,
  { tlsName, createConnection, bind }: ServerAddress & Access,
  trust: Trust,
  deadlineMs: number,
): Promise<Connection> {
  const attempted = bind !== 'anonymous' && bind.auth === 'integrated' ? 'connect' : `connect by ${tlsWords[peer.tls]}`;
  return await connect({
    peer,
    trust,
    tlsName: tlsName ?? peer.host,
    deadlineMs,
    createConnection: createConnection === undefined ? undefined : () => createConnection(peer),
  }).catch((error: unknown) => {
    throw directoryErrorOf(attempted, nameOf(peer), error);
  });
}

/** Refuses what would be a bind without a password, and TLS together with another security layer. */
function refuseUnusable({ bind, tls }: Access, peer: Peer): void {
  if (bind === 'anonymous') return;
  if (bind.auth === 'integrated' && tls !== 'none') {
    throw new UsageError({
      attempted: 'log on with the integrated logon',
      on: nameOf(peer),
      cameBack: 'it encrypts every message itself and cannot be combined with TLS',
      next: 'Use --auth integrated without --tls, or --auth password with it.',
    });
  }
  const credentials = bind.auth === 'password' ? bind : bind.as;
  if (credentials === undefined || (credentials.user !== '' && credentials.password !== '')) return;
  const lacking = credentials.user === '' ? 'user name' : 'password';
  throw new DirectoryError({
    attempted: credentials.user === '' ? 'log on' : `log on as ${credentials.user}`,
    on: nameOf(peer),
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
  if (bind.auth === 'password') {
    await bindWithPassword(connection, bind, peer, deadlineMs);
    return { connection, identity: peer };
  }
  const attempted = bind.as === undefined ? 'log on with the integrated logon' : `log on as ${bind.as.user}`;
  try {
    // Loaded when needed: most sessions log on with a password.
    const { logOnBySasl, openSystemContext } = await import('./logon/sasl-logon.ts');
    const { stream, user } = await logOnBySasl(connection, {
      serverName: tlsName ?? peer.host,
      deadlineMs,
      openContext: bind.openContext ?? openSystemContext,
      ...(bind.as === undefined ? {} : { as: bind.as }),
    });
    return { connection: new Connection(stream, peer, true), identity: { ...peer, sealed: { user } } };
  } catch (error) {
    throw directoryErrorOf(attempted, nameOf(peer), error);
  }
}

async function bindWithPassword(
  connection: Connection,
  { user, password }: PasswordLogon,
  peer: Peer,
  deadlineMs: number,
): Promise<void> {
  const attempted = `log on as ${user}`;
  const { result } = await connection.request(bindRequest(user, password), deadlineMs).catch((error: unknown) => {
    throw directoryErrorOf(attempted, nameOf(peer), error);
  });
  if (result.resultCode !== resultCode.success) throw resultError(attempted, nameOf(peer), result);
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
      server: nameOf(peer),
    }),
  );
  if (entry !== undefined) return readRootDse(entry);
  throw new DirectoryError({
    attempted: 'read the rootDSE',
    on: nameOf(peer),
    cameBack: 'the server returned no entry',
    next: 'Check that the server is a domain controller.',
  });
}

async function firstOf(entries: AsyncIterable<Entry>): Promise<Entry | undefined> {
  let first: Entry | undefined;
  // Read to the end, to notice an error after the entry.
  for await (const entry of entries) first ??= entry;
  return first;
}
