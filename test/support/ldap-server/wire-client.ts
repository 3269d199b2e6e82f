/** One client's connection to a DC: carries out its requests and gives the messages of the answers. Knows no sockets. */

import { dnsNameOfDn } from '../../../src/ad/dn.ts';
import type { Replica } from '../../../src/embedded/domain-controller.ts';
import { assertionKey, type StoredEntry, valueKey } from '../../../src/embedded/entry.ts';
import { Refusal, refuse as refuseEntry } from '../../../src/embedded/refusal.ts';
import { attributeType } from '../../../src/embedded/schema.ts';
import { findEntries, resolveEntry, searchBase, selectAttributes } from '../../../src/embedded/search.ts';
import { type Client, readRootDse, requesterOf, write } from '../../../src/embedded/session.ts';
import {
  administrator,
  type Requester,
  type RequestOptions,
  type ReturnedAttribute,
  visibleValues,
} from '../../../src/embedded/visibility.ts';
import type { LdapResult } from '../../../src/ldap/diagnostics.ts';
import { type Control, controlOid } from '../../../src/ldap/session.ts';
import { type Account, authenticate, type Identity } from './accounts.ts';
import { BerError } from './ber.ts';
import { decodePagedResults, decodeSdFlags } from './decode-request.ts';
import { encodePagedResults, encodeResult, encodeSearchEntry, encodeSearchReference } from './encode-response.ts';
import type { Fault } from './faults.ts';
import { maxPageSize, Paging } from './paging.ts';
import type { BindRequest, CompareRequest, ExtendedRequest, Operation, SearchRequest } from './protocol.ts';
import { renameEntry } from './rename.ts';
import { refuse, resultCode } from './wire-refusal.ts';

export interface WireClientOptions {
  /** Whether the client is an administrator until it binds as another user. */
  readonly trusted: boolean;
  /** The global catalog's port: searches cover the whole forest, writes are refused. */
  readonly globalCatalog: boolean;
  /** Who may bind with a password. */
  readonly accounts: readonly Account[];
}

/** The last message of an answer, and those before it. */
type Answer = readonly Buffer[];

/** MaxValRange, AD's default (MS-ADTS 3.1.1.3.4.6). */
const maxValues = 1500;
/** "Who am I?" (RFC 4532). */
const whoAmIOid = '1.3.6.1.4.1.4203.1.11.3';
const supportedControls: readonly string[] = Object.values(controlOid);
const startTlsOid = '1.3.6.1.4.1.1466.20037';
const operator: Identity = { entry: undefined, name: 'u:practice', access: administrator };
const success: LdapResult = { resultCode: resultCode.success, matchedDn: '', diagnostic: '', referrals: [] };

/** The state of one connection: as whom it is bound, and which paged searches it has open. */
export class WireClient {
  readonly #replica: Replica;
  readonly #options: WireClientOptions;
  readonly #paging = new Paging();
  #identity: Identity | undefined;

  constructor(replica: Replica, options: WireClientOptions) {
    this.#replica = replica;
    this.#options = options;
    this.#identity = options.trusted ? operator : undefined;
  }

  /** The answer to a request; a failure is an answer too. `fault` changes what is done. */
  answer(id: number, operation: Operation, controls: readonly Control[], fault?: Fault): Answer {
    try {
      if (controls.some(({ oid, critical }) => critical && !supportedControls.includes(oid))) {
        throw refuse.criticalControl();
      }
      if (fault?.kind === 'busy') throw refuse.busy();
      if (fault?.kind === 'refer') throw refuseEntry.referral(fault.host, 'dn' in operation ? operation.dn : '');
      return this.#carryOut(id, operation, controls, fault);
    } catch (error) {
      return [encodeResult(id, operation.kind, resultOf(error))];
    }
  }

  #carryOut(id: number, operation: Operation, controls: readonly Control[], fault: Fault | undefined): Answer {
    const options = optionsOf(controls);
    switch (operation.kind) {
      case 'bind':
        this.#bind(operation);
        return [encodeResult(id, 'bind', success)];
      case 'search':
        return this.#search(id, operation, controls, fault);
      case 'compare':
        return [encodeResult(id, 'compare', { ...success, resultCode: this.#compare(operation, options) })];
      case 'extended':
        return [encodeResult(id, 'extended', success, { extendedValue: this.#extended(operation) })];
      case 'rename':
        renameEntry(operation, requesterOf(this.#client(), options));
        this.#replica.surroundings.written(this.#replica);
        break;
      case 'delete':
        write(
          fault?.kind === 'unfinished-tree-delete' ? { ...operation, atMost: fault.after } : operation,
          this.#client(),
          options,
        );
        break;
      default:
        write(operation, this.#client(), options);
    }
    return [encodeResult(id, operation.kind, success)];
  }

  #bind({ version, name, authentication }: BindRequest): void {
    this.#identity = undefined;
    if (version !== 3) throw refuse.protocol('only LDAP version 3 is spoken here');
    if (authentication.kind === 'sasl') {
      if (authentication.mechanism !== 'EXTERNAL' || !this.#options.trusted) {
        throw refuse.authMethod(authentication.mechanism);
      }
      this.#identity = operator;
      return;
    }
    // RFC 4513 5.1.2: a name without a password is an anonymous bind, and a trap for clients that do not check.
    if (authentication.password === '') return;
    const { store, now } = this.#replica;
    this.#identity = authenticate(name, authentication.password, this.#options.accounts, store, now);
  }

  #search(id: number, request: SearchRequest, controls: readonly Control[], fault: Fault | undefined): Answer {
    if (request.base === '' && request.scope === 'base') {
      const client = { replica: this.#replica, rights: administrator, globalCatalog: this.#options.globalCatalog };
      return [
        encodeSearchEntry(id, '', typesOrAll(readRootDse(client, request), request)),
        encodeResult(id, 'search', success),
      ];
    }
    const reader = requesterOf(this.#client(), optionsOf(controls));
    const paged = readControl(controls, controlOid.pagedResults, decodePagedResults);
    const emptyPages = fault?.kind === 'empty-pages' ? fault.count : 0;
    if (paged !== undefined && paged.cookie.length > 0) {
      const page = this.#paging.next(paged.cookie, paged.size);
      return entriesAnswer(id, request, reader, { ...page, urls: [] });
    }
    const found = findEntries(request, reader);
    const urls = controls.some(({ oid }) => oid === controlOid.domainScope) ? [] : continuations(request, reader);
    if (paged !== undefined) {
      return entriesAnswer(id, request, reader, { ...this.#paging.first(found, paged.size, emptyPages), urls });
    }
    const limit = Math.min(request.sizeLimit || maxPageSize, maxPageSize);
    const code = found.length > limit ? resultCode.sizeLimitExceeded : resultCode.success;
    return entriesAnswer(id, request, reader, { entries: found.slice(0, limit), urls, code });
  }

  #compare({ dn, attribute, value }: CompareRequest, options: RequestOptions): number {
    const reader = requesterOf(this.#client(), options);
    const type = attributeType(attribute);
    const held = visibleValues(resolveEntry(dn, reader), type);
    if (held.length === 0) throw refuseEntry.noAttribute(type.name);
    const key = assertionKey(type, value, (target) => reader.store.find(target));
    return held.some((one) => valueKey(type, one) === key) ? resultCode.compareTrue : resultCode.compareFalse;
  }

  #extended({ oid }: ExtendedRequest): string {
    if (oid === whoAmIOid) return this.#identity?.name ?? '';
    if (oid === startTlsOid) throw refuse.noTls();
    throw refuse.protocol(`unknown extended operation ${oid}`);
  }

  #client(): Client {
    if (this.#identity === undefined) throw refuse.needsBind();
    return { replica: this.#replica, rights: this.#identity.access, globalCatalog: this.#options.globalCatalog };
  }
}

interface Found {
  readonly entries: readonly StoredEntry[];
  readonly urls: readonly string[];
  readonly code?: number;
  readonly cookie?: Buffer;
}

function entriesAnswer(
  id: number,
  request: SearchRequest,
  reader: Requester,
  { entries, urls, code = resultCode.success, cookie }: Found,
): Answer {
  const controls =
    cookie === undefined ? [] : [{ oid: controlOid.pagedResults, critical: false, value: encodePagedResults(cookie) }];
  return [
    ...entries.map((entry) =>
      encodeSearchEntry(id, entry.dn, typesOrAll(selectAttributes(entry, { ...request, maxValues }, reader), request)),
    ),
    ...urls.map((url) => encodeSearchReference(id, [url])),
    encodeResult(id, 'search', { ...success, resultCode: code }, { controls }),
  ];
}

function typesOrAll(
  attributes: readonly ReturnedAttribute[],
  { typesOnly }: SearchRequest,
): readonly ReturnedAttribute[] {
  return typesOnly ? attributes.map((attribute) => ({ ...attribute, values: [] })) : attributes;
}

function optionsOf(controls: readonly Control[]): RequestOptions {
  const has = (oid: string): boolean => controls.some((control) => control.oid === oid);
  return {
    showDeleted: has(controlOid.showDeleted),
    showRecycled: has(controlOid.showRecycled),
    permissive: has(controlOid.permissiveModify),
    treeDelete: has(controlOid.treeDelete),
    securityParts: readControl(controls, controlOid.sdFlags, decodeSdFlags),
  };
}

function readControl<T>(controls: readonly Control[], oid: string, read: (value: Buffer) => T): T | undefined {
  const control = controls.find((given) => given.oid === oid);
  if (control === undefined) return undefined;
  if (control.value === undefined) throw refuse.criticalControl();
  try {
    return read(control.value);
  } catch (error) {
    if (error instanceof BerError) throw refuse.criticalControl();
    throw error;
  }
}

/** A failure that is no refusal is the server's own. It is reported as result 80, so that the test sees it. */
function resultOf(error: unknown): LdapResult {
  return error instanceof Refusal ? error.result : { ...success, resultCode: 80, diagnostic: String(error) };
}

/** Where the rest of a subtree is: other naming contexts below its base, as LDAP URLs. */
function continuations({ base, scope }: Pick<SearchRequest, 'base' | 'scope'>, reader: Requester): string[] {
  if (scope !== 'subtree' || reader.wholeForest || base === '') return [];
  const top = searchBase({ base, scope }, reader);
  return reader.store.namingContexts
    .filter((head) => head !== top && head.isAtOrBelow(top) && head.parent?.namingContext === top.namingContext)
    .map(({ dn }) => `ldap://${dnsNameOfDn(dn) ?? ''}/${encodeURI(dn)}`);
}
