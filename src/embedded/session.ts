/** A client of a DC in this process: its session, and what it can read and write with its rights. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Attribute, type Entry, sidFromText } from '../ad/entry.ts';
import { DirectoryError } from '../errors.ts';
import {
  ConnectionError,
  directoryErrorOf,
  explainSilence,
  explainSocketError,
  type Peer,
  writeErrorOf,
} from '../ldap/connection-trouble.ts';
import { resultCode, resultError } from '../ldap/diagnostics.ts';
import {
  type Control,
  controlOid,
  type DirectorySession,
  everything,
  type Modification,
  readRootDse as parseRootDse,
  type RootDse,
  rootDseAttributes,
  type SearchRequest,
  type SessionIdentity,
  sendableControls,
  tlsWords,
} from '../ldap/session.ts';
import type { Condition, Replica } from './domain-controller.ts';
import { Refusal } from './refusal.ts';
import { attributeType } from './schema.ts';
import { findEntries, type Selection, selectAttributes, selectRootDse } from './search.ts';
import {
  administrator,
  type Requester,
  type RequestOptions,
  type ReturnedAttribute,
  type Rights,
  rootDse,
} from './visibility.ts';
import { type AttributeChange, carryOut, type WriteRequest } from './write.ts';

/** A client of a DC. */
export interface Client {
  readonly replica: Replica;
  readonly rights: Rights;
  /** The global catalog's port: searches cover the whole forest, writes are refused. */
  readonly globalCatalog: boolean;
}

/** The client with the options of one request. */
export function requesterOf({ replica, rights, globalCatalog }: Client, options: RequestOptions): Requester {
  const { store, withheld } = replica;
  return { ...options, replica, store, rights, wholeForest: globalCatalog, recycleBin: store.recycleBin, withheld };
}

/** The rootDSE, which every client may read (MS-ADTS 3.1.1.3.2). */
export function readRootDse(client: Client, selection: Selection): ReturnedAttribute[] {
  const reader = requesterOf({ ...client, rights: administrator }, optionsOf([]));
  const named = new Set(selection.attributes.map((name) => name.toLowerCase()));
  const all = [...rootDse(reader, named), ...groupsOf(client.rights)].filter(
    ({ name }) => !reader.withheld.has(attributeType(name)),
  );
  return selectRootDse(all, selection);
}

/** BUILTIN\Administrators (MS-DTYP 2.4.2.4). */
const administrators = sidFromText('S-1-5-32-544');

/** The groups of a user, as far as our rights are groups (tokenGroups of the rootDSE: MS-ADTS 3.1.1.3.2). */
function groupsOf({ mayReadDeleted }: Rights): ReturnedAttribute[] {
  return mayReadDeleted ? [{ name: 'tokenGroups', values: [administrators] }] : [];
}

/** Carries out a write, and has the other DCs take it. Throws Refusal; a tree delete may then be done in part. */
export function write(request: WriteRequest, client: Client, options: RequestOptions): void {
  const { store, surroundings } = client.replica;
  const writesBefore = store.writes.length;
  try {
    carryOut(request, requesterOf(client, options));
  } finally {
    if (store.writes.length > writesBefore) surroundings.written(client.replica);
  }
}

interface SessionOptions {
  readonly port: number;
  readonly globalCatalog: boolean;
  readonly rights: Rights;
  /** How long a DC may stay silent while the session is opened, and at each answer thereafter; in milliseconds. */
  readonly deadlineMs: number;
  readonly operationDeadlineMs: number;
}

/** Entries that are read at a time: AD's MaxPageSize (MS-ADTS 3.1.1.3.4.6). */
const pageSize = 1000;

/** The errors of a socket to a DC in this condition; undefined if it can be reached. */
export const connectErrors: Readonly<Record<Condition['reachable'], string | undefined>> = {
  yes: undefined,
  silent: undefined,
  refused: 'ECONNREFUSED',
  'no-route': 'EHOSTUNREACH',
};

/** An error as Node's sockets have it. */
export function socketError(code: string, host: string): Error {
  return Object.assign(new Error(`connect ${code} ${host}`), { code, syscall: 'connect' });
}

/** A session with a DC of the embedded forest; for remedies the same as a session over the network. */
export class EmbeddedSession implements DirectorySession {
  readonly identity: SessionIdentity;
  readonly rootDse: RootDse;
  readonly #client: Client;
  readonly #server: string;
  readonly #deadlineMs: number;
  #isClosed = false;

  /**
   * @param replica the DC; undefined if the forest has none of this name
   * @throws DirectoryError as for a server on the network: no such host, refused, no route, silent
   */
  static async open(host: string, replica: Replica | undefined, options: SessionOptions): Promise<EmbeddedSession> {
    const peer: Peer = { host, port: options.port, tls: 'none' };
    const on = `${host}:${options.port}`;
    const code = replica === undefined ? 'ENOTFOUND' : connectErrors[replica.condition.reachable];
    if (replica === undefined || code !== undefined) {
      const error = socketError(code ?? 'ENOTFOUND', host);
      const trouble = new ConnectionError(explainSocketError(error, 'connecting', peer), { cause: error });
      throw directoryErrorOf(`connect (${tlsWords.none})`, on, trouble);
    }
    const client = { replica, rights: options.rights, globalCatalog: options.globalCatalog };
    try {
      await answered(replica, peer, options.deadlineMs);
    } catch (error) {
      throw directoryErrorOf('read the rootDSE', on, error);
    }
    const rootDse = parseRootDse(entryOf('', readRootDse(client, { attributes: rootDseAttributes })));
    return new EmbeddedSession(peer, rootDse, client, options.operationDeadlineMs);
  }

  private constructor(peer: Peer, rootDse: RootDse, client: Client, deadlineMs: number) {
    this.identity = { ...peer, isInProcess: true };
    this.rootDse = rootDse;
    this.#client = client;
    this.#server = `${peer.host}:${peer.port}`;
    this.#deadlineMs = deadlineMs;
  }

  async *search(request: SearchRequest): AsyncGenerator<Entry> {
    const { base, scope, filter, attributes } = request;
    const root = scope === 'base' ? 'the rootDSE' : 'the whole directory';
    const on = `${base === '' ? root : base} on ${this.#server}`;
    const sendable = this.#sendable(request.controls);
    const answer = (): Promise<void> => this.#answered('read', on, request.deadline);
    await answer();
    if (base === '' && scope === 'base') {
      yield entryOf('', readRootDse(this.#client, { attributes }));
      return;
    }
    const reader = requesterOf(this.#client, optionsOf(sendable));
    const found = refusalsAsErrors('read', on, () => findEntries({ base, scope, filter }, reader));
    for (let from = 0; from < found.length; from += pageSize) {
      if (from > 0) await answer();
      const page = found.slice(from, from + pageSize);
      yield* page.map((entry) => entryOf(entry.dn, selectAttributes(entry, { attributes }, reader)));
    }
  }

  readEntry: DirectorySession['readEntry'] = async (base, attributes, controls = [], deadline = this.#deadlineMs) => {
    try {
      const search = this.search({ base, scope: 'base', filter: everything, attributes, controls, deadline });
      for await (const entry of search) return entry;
      return undefined;
    } catch (error) {
      if (error instanceof DirectoryError && error.resultCode === resultCode.noSuchObject) return undefined;
      throw error;
    }
  };

  modify: DirectorySession['modify'] = async (dn, modifications, controls, deadline) => {
    const changes = modifications.flatMap(changesOf);
    await this.#write('change', { kind: 'modify', dn, changes }, controls, deadline);
  };

  add: DirectorySession['add'] = async (dn, attributes, controls, deadline) => {
    await this.#write('add', { kind: 'add', dn, attributes }, controls, deadline);
  };

  delete: DirectorySession['delete'] = async (dn, controls, deadline) => {
    await this.#write('delete', { kind: 'delete', dn }, controls, deadline);
  };

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #sendable(controls: readonly Control[] = []): readonly Control[] {
    return sendableControls(controls, this.rootDse.supportedControls, this.#server);
  }

  async #write(
    attempted: string,
    request: WriteRequest,
    controls: readonly Control[] | undefined,
    deadline: number | undefined,
  ): Promise<void> {
    const on = `${request.dn === '' ? 'the rootDSE' : request.dn} on ${this.#server}`;
    const options = optionsOf(this.#sendable(controls));
    await this.#answered(attempted, on, deadline);
    refusalsAsErrors(attempted, on, () => write(request, this.#client, options));
  }

  /** Waits as long as the DC takes. Throws DirectoryError, or OutcomeUnknownError where a write may have been done. */
  async #answered(attempted: string, on: string, deadline = this.#deadlineMs): Promise<void> {
    try {
      if (this.#isClosed) {
        throw new ConnectionError({ cameBack: 'the session was closed here', next: 'Open a new one.' });
      }
      await answered(this.#client.replica, this.identity, deadline);
    } catch (error) {
      throw (attempted === 'read' ? directoryErrorOf : writeErrorOf)(attempted, on, error);
    }
  }
}

/** Waits for the DC's delay. Throws ConnectionError if it is silent for longer than the deadline. */
async function answered({ condition }: Replica, peer: Peer, deadlineMs: number): Promise<void> {
  const { reachable, delay } = condition;
  if (reachable === 'silent' || delay > deadlineMs) {
    await sleep(deadlineMs);
    throw new ConnectionError(explainSilence('talking', deadlineMs, peer), { sent: true });
  }
  if (delay > 0) await sleep(delay);
}

function refusalsAsErrors<T>(attempted: string, on: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof Refusal) throw resultError(attempted, on, error.result);
    throw error;
  }
}

function optionsOf(controls: readonly Control[]): RequestOptions {
  const has = (oid: string): boolean => controls.some((control) => control.oid === oid);
  const flags = controls.find(({ oid }) => oid === controlOid.sdFlags)?.value;
  return {
    showDeleted: has(controlOid.showDeleted),
    showRecycled: has(controlOid.showRecycled),
    permissive: has(controlOid.permissiveModify),
    treeDelete: has(controlOid.treeDelete),
    // The value holds one INTEGER of one byte, its last (MS-ADTS 3.1.1.3.4.1.11).
    securityParts: flags?.at(-1),
  };
}

function changesOf(modification: Modification): AttributeChange[] {
  const { attribute } = modification;
  if ('replace' in modification) return [{ operation: 'replace', attribute, values: modification.replace }];
  const { remove, add } = modification;
  const removal: AttributeChange[] =
    remove === 'all' || remove.length > 0
      ? [{ operation: 'delete', attribute, values: remove === 'all' ? [] : remove }]
      : [];
  return add.length === 0 ? removal : [...removal, { operation: 'add', attribute, values: add }];
}

function entryOf(dn: string, returned: readonly ReturnedAttribute[]): Entry {
  const attributes = new Map<string, Attribute>();
  for (const { name, values } of returned) {
    attributes.set(name.toLowerCase(), { name, values: values.map((value) => Buffer.from(value)) });
  }
  return { dn, attributes };
}
