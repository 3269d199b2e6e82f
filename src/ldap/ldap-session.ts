/** A directory session over an LDAP connection. */

import type { Entry } from '../ad/entry.ts';
import { DirectoryError, OutcomeUnknownError } from '../errors.ts';
import { connect } from './connect.ts';
import type { Connection } from './connection.ts';
import { ConnectionError, directoryErrorOf, type Peer } from './connection-trouble.ts';
import { type Control, controlOid, sendableControls } from './controls.ts';
import { resultCode, resultError } from './diagnostics.ts';
import { everything } from './filter.ts';
import { addRequest, bindRequest, deleteRequest, modifyRequest, type RequestOf } from './requests.ts';
import { type RootDse, readRootDse, rootDseAttributes } from './root-dse.ts';
import { searchEntries } from './search.ts';
import type { Access, DirectorySession, Modification, NewAttribute, SearchRequest, ServerAddress } from './session.ts';
import type { Trust } from './trust.ts';

/** AD's MaxPageSize: it gives no more at a time, whatever is asked for (MS-ADTS 3.1.1.3.4.6). */
const defaultPageSize = 1000;
const defaultDeadlineMs = 5000;
const defaultOperationDeadlineMs = 60_000;

/** A session with a server over the network. */
export class LdapSession implements DirectorySession {
  readonly identity: Peer;
  readonly rootDse: RootDse;
  readonly #connection: Connection;
  readonly #server: string;
  readonly #deadlineMs: number;

  /** Connects, sets up TLS, logs on and reads the rootDSE. Throws DirectoryError. */
  static async open(options: ServerAddress & Access, trust: Trust): Promise<LdapSession> {
    const { host, tls, port = tls === 'ldaps' ? 636 : 389, deadlineMs = defaultDeadlineMs } = options;
    const peer: Peer = { host, port, tls };
    refuseEmptyCredentials(options.bind, peer);
    const connection = await openConnection(peer, options, trust, deadlineMs);
    try {
      await logOn(connection, options.bind, peer, deadlineMs);
      const rootDse = await rootDseOf(connection, peer, deadlineMs);
      return new LdapSession(peer, rootDse, connection, options.operationDeadlineMs ?? defaultOperationDeadlineMs);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  private constructor(peer: Peer, rootDse: RootDse, connection: Connection, deadlineMs: number) {
    this.identity = peer;
    this.rootDse = rootDse;
    this.#connection = connection;
    this.#server = nameOf(peer);
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
      onReferral: request.onReferral ?? (() => {}),
      server: this.#server,
    });
  }

  async readEntry(
    base: string,
    attributes: readonly string[],
    controls?: readonly Control[],
    deadline?: number,
  ): Promise<Entry | undefined> {
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
  }

  async modify(
    dn: string,
    modifications: readonly Modification[],
    controls?: readonly Control[],
    deadline?: number,
  ): Promise<void> {
    await this.#write('change', dn, modifyRequest(dn, modifications, this.#sendable(controls)), deadline);
  }

  async add(
    dn: string,
    attributes: readonly NewAttribute[],
    controls?: readonly Control[],
    deadline?: number,
  ): Promise<void> {
    await this.#write('add', dn, addRequest(dn, attributes, this.#sendable(controls)), deadline);
  }

  async delete(dn: string, controls?: readonly Control[], deadline?: number): Promise<void> {
    await this.#write('delete', dn, deleteRequest(dn, this.#sendable(controls)), deadline);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #sendable(controls: readonly Control[] = []): readonly Control[] {
    return sendableControls(controls, this.rootDse.supportedControls, this.#server);
  }

  async #write(attempted: string, dn: string, request: RequestOf, deadline = this.#deadlineMs): Promise<void> {
    const on = `${dn === '' ? 'the rootDSE' : dn} on ${this.#server}`;
    const { result } = await this.#connection.request(request, deadline).catch((error: unknown) => {
      if (!(error instanceof ConnectionError) || !error.sent) throw directoryErrorOf(attempted, on, error);
      throw new OutcomeUnknownError({
        attempted,
        on,
        cameBack: `${error.explanation.cameBack}; whether it was done is not known`,
        next: 'Connect again and look whether it was done.',
        cause: error,
      });
    });
    if (result.resultCode !== resultCode.success) throw resultError(attempted, on, result);
  }
}

function nameOf({ host, port }: Peer): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const tlsWords = { ldaps: 'LDAPS', starttls: 'LDAP with StartTLS', none: 'LDAP without TLS' } as const;

async function openConnection(
  peer: Peer,
  { tlsName, createConnection }: ServerAddress & Access,
  trust: Trust,
  deadlineMs: number,
): Promise<Connection> {
  const attempted = `connect by ${tlsWords[peer.tls]}`;
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

function refuseEmptyCredentials(bind: Access['bind'], peer: Peer): void {
  if (bind === 'anonymous' || (bind.user !== '' && bind.password !== '')) return;
  throw new DirectoryError({
    attempted: `log on as ${bind.user === '' ? 'nobody' : bind.user}`,
    on: nameOf(peer),
    cameBack: `the ${bind.user === '' ? 'user name' : 'password'} is empty, and servers let that pass as nobody in particular`,
    next: 'Give the user name and the password.',
  });
}

async function logOn(connection: Connection, bind: Access['bind'], peer: Peer, deadlineMs: number): Promise<void> {
  if (bind === 'anonymous') return;
  const attempted = `log on as ${bind.user}`;
  const { result } = await connection
    .request(bindRequest(bind.user, bind.password), deadlineMs)
    .catch((error: unknown) => {
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
      onReferral: () => {},
      server: nameOf(peer),
    }),
  );
  if (entry !== undefined) return readRootDse(entry);
  throw new DirectoryError({
    attempted: 'read the rootDSE',
    on: nameOf(peer),
    cameBack: 'the server gave nothing',
    next: 'Check that the server is a domain controller.',
  });
}

async function firstOf(entries: AsyncIterable<Entry>): Promise<Entry | undefined> {
  let first: Entry | undefined;
  // To the end, so that an error after the entry is not missed.
  for await (const entry of entries) first ??= entry;
  return first;
}
