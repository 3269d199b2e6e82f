/** Carries out one request of one client on one DC, and gives the messages of its answer. Knows nothing of sockets. */

import { type Control, controlOid } from '../ldap/controls.ts';
import { type Access, administrator } from './access.ts';
import { authenticate, type Identity } from './accounts.ts';
import { addEntry } from './add.ts';
import { encodePagedResults, encodeResult, encodeSearchEntry, encodeSearchReference } from './encode-response.ts';
import type { Fault } from './faults.ts';
import { modify } from './modify.ts';
import { Paging } from './paging.ts';
import type {
  BindRequest,
  CompareRequest,
  ExtendedRequest,
  Operation,
  Result,
  SearchRequest,
  WriteRequest,
} from './protocol.ts';
import { Refusal, refuse, resultCode } from './refusal.ts';
import { renameEntry } from './rename.ts';
import type { Replica } from './replica.ts';
import { resolveEntry } from './resolve.ts';
import { domainScopeOid, extendedOid, rootDse, supportedControls } from './root-dse.ts';
import { attributeType } from './schema.ts';
import { continuations, findEntries, maxPageSize, selectAttributes, selectRootDse } from './search.ts';
import type { Store, StoredEntry } from './store.ts';
import { deleteEntry } from './tombstones.ts';
import { assertionKey, valueKey } from './value.ts';
import { type Reader, visibleValues } from './view.ts';
import { Wishes } from './wishes.ts';
import type { Writer } from './writer.ts';

export interface ClientOptions {
  /** Whether the client is the process itself, which is an administrator until it binds as somebody else. */
  readonly trusted: boolean;
  /** The global catalog's port: searches go over the whole forest, writes are refused. */
  readonly globalCatalog: boolean;
}

/** The last message of an answer, and those before it. */
type Answer = readonly Buffer[];

const operator: Identity = { entry: undefined, name: 'u:practice', access: administrator };

/** The state of one client's connection: as whom it is bound, and which searches it has open. */
export class Client {
  readonly #replica: Replica;
  readonly #options: ClientOptions;
  readonly #paging = new Paging();
  #identity: Identity | undefined;

  constructor(replica: Replica, options: ClientOptions) {
    this.#replica = replica;
    this.#options = options;
    this.#identity = options.trusted ? operator : undefined;
  }

  /** The answer to a request; what goes wrong is an answer too. `fault` is one that changes what is done. */
  async answer(id: number, operation: Operation, controls: readonly Control[], fault?: Fault): Promise<Answer> {
    try {
      if (controls.some(({ oid, critical }) => critical && !supportedControls.includes(oid))) {
        throw refuse.criticalControl();
      }
      if (fault?.kind === 'busy') throw refuse.busy();
      if (fault?.kind === 'refer') throw refuse.referral(fault.host, 'dn' in operation ? operation.dn : '');
      return await this.#carryOut(id, operation, new Wishes(controls), fault);
    } catch (error) {
      return [encodeResult(id, operation.kind, resultOf(error))];
    }
  }

  async #carryOut(id: number, operation: Operation, wishes: Wishes, fault: Fault | undefined): Promise<Answer> {
    switch (operation.kind) {
      case 'bind':
        this.#bind(operation);
        return [encodeResult(id, 'bind', success)];
      case 'search':
        return this.#search(id, operation, wishes, fault);
      case 'compare':
        return [encodeResult(id, 'compare', { ...success, code: this.#compare(operation, wishes) })];
      case 'extended':
        return [encodeResult(id, 'extended', success, { extendedValue: this.#extended(operation) })];
      default:
        await this.#writeAndKeep(operation, wishes, fault);
        return [encodeResult(id, operation.kind, success)];
    }
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
    const { forest, store, now } = this.#replica;
    this.#identity = authenticate(name, authentication.password, forest.accounts, store, now);
  }

  #search(id: number, request: SearchRequest, wishes: Wishes, fault: Fault | undefined): Answer {
    if (request.base === '' && request.scope === 'base') return this.#rootDse(id, request);
    const reader = this.#reader(this.#access(), wishes);
    const { paged } = wishes;
    const emptyPages = fault?.kind === 'empty-pages' ? fault.count : 0;
    if (paged !== undefined && paged.cookie.length > 0) {
      const page = this.#paging.next(paged.cookie, paged.size);
      return this.#entries(id, request, reader, page.entries, [], { cookie: page.cookie });
    }
    const found = findEntries(request, reader);
    const urls = wishes.has(domainScopeOid) ? [] : continuations(request, reader);
    if (paged !== undefined) {
      const page = this.#paging.first(found, paged.size, emptyPages);
      return this.#entries(id, request, reader, page.entries, urls, { cookie: page.cookie });
    }
    const limit = Math.min(request.sizeLimit || maxPageSize, maxPageSize);
    const code = found.length > limit ? resultCode.sizeLimitExceeded : resultCode.success;
    return this.#entries(id, request, reader, found.slice(0, limit), urls, { code });
  }

  #entries(
    id: number,
    request: SearchRequest,
    reader: Reader,
    entries: readonly StoredEntry[],
    urls: readonly string[],
    { code = resultCode.success, cookie }: { readonly code?: number; readonly cookie?: Buffer },
  ): Answer {
    const controls =
      cookie === undefined
        ? []
        : [{ oid: controlOid.pagedResults, critical: false, value: encodePagedResults(cookie) }];
    return [
      ...entries.map((entry) => encodeSearchEntry(id, entry.dn, selectAttributes(entry, request, reader))),
      ...urls.map((url) => encodeSearchReference(id, [url])),
      encodeResult(id, 'search', { ...success, code }, { controls }),
    ];
  }

  #rootDse(id: number, request: SearchRequest): Answer {
    // Whoever may nothing else may read the rootDSE (MS-ADTS 3.1.1.3.2).
    const reader = this.#reader(this.#identity?.access ?? administrator, new Wishes([]));
    const all = rootDse(reader, this.#replica.rootDseRecord).filter(
      ({ name }) => !reader.withheld.has(attributeType(name)),
    );
    return [encodeSearchEntry(id, '', selectRootDse(all, request)), encodeResult(id, 'search', success)];
  }

  #compare({ dn, attribute, value }: CompareRequest, wishes: Wishes): number {
    const reader = this.#reader(this.#access(), wishes);
    const type = attributeType(attribute);
    const held = visibleValues(resolveEntry(dn, reader), type);
    if (held.length === 0) throw refuse.noAttribute(type.name);
    const key = assertionKey(type, value, (target) => reader.store.find(target));
    return held.some((one) => valueKey(type, one) === key) ? resultCode.compareTrue : resultCode.compareFalse;
  }

  #extended({ oid }: ExtendedRequest): string {
    if (oid === extendedOid.whoAmI) return this.#identity?.name ?? '';
    if (oid === extendedOid.startTls) throw refuse.noTls();
    throw refuse.protocol(`unknown extended operation ${oid}`);
  }

  /** A tree delete that is refused half-way has written too. */
  async #writeAndKeep(request: WriteRequest, wishes: Wishes, fault: Fault | undefined): Promise<void> {
    const { forest } = this.#replica;
    const usnBefore = forest.store.usn;
    try {
      this.#write(request, wishes, fault);
    } finally {
      if (forest.store.usn !== usnBefore) await forest.afterWrite();
    }
  }

  /** On every copy that the DC writes to, with the same GUID and at the same moment. */
  #write(request: WriteRequest, wishes: Wishes, fault: Fault | undefined): void {
    const access = this.#access();
    if (this.#options.globalCatalog) throw refuse.unwilling();
    const { forest, now, stores } = this.#replica;
    const guid = forest.newGuid();
    const [own, ...others] = stores.map(
      (store): Writer => ({
        ...this.#reader(access, wishes, store, now),
        newGuid: () => guid,
        permissive: wishes.has(controlOid.permissiveModify),
        treeDelete: wishes.has(controlOid.treeDelete),
        writableHost: forest.writableHost,
      }),
    );
    const atMost = fault?.kind === 'unfinished-tree-delete' ? fault.after : undefined;
    if (own !== undefined) write(request, own, atMost);
    for (const other of others) replicate(request, other, atMost);
  }

  #access(): Access {
    if (this.#identity === undefined) throw refuse.needsBind();
    return this.#identity.access;
  }

  #reader(access: Access, wishes: Wishes, store: Store = this.#replica.store, now = this.#replica.now): Reader {
    const { domainController, replication, withheld } = this.#replica;
    return {
      store,
      domainController,
      replication,
      access,
      now,
      withheld,
      wholeForest: this.#options.globalCatalog,
      recycleBin: store.recycleBin,
      shows: { deleted: wishes.has(controlOid.showDeleted), recycled: wishes.has(controlOid.showRecycled) },
      ...(wishes.securityParts === undefined ? {} : { securityParts: wishes.securityParts }),
    };
  }
}

function write(request: WriteRequest, writer: Writer, atMost: number | undefined): void {
  switch (request.kind) {
    case 'modify':
      modify(request, writer);
      break;
    case 'add':
      addEntry(request, writer);
      break;
    case 'delete':
      deleteEntry(request, writer, atMost);
      break;
    case 'rename':
      renameEntry(request, writer);
      break;
  }
}

/** A change that the others' copy refuses conflicts with what happened there meanwhile: theirs stays. */
function replicate(request: WriteRequest, writer: Writer, atMost: number | undefined): void {
  try {
    write(request, writer, atMost);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}

const success: Result = { code: resultCode.success, matchedDn: '', diagnostic: '', referrals: [] };

/** A failure that is no refusal is the server's own: it is told (result 80), for the client is who can see it. */
function resultOf(error: unknown): Result {
  if (!(error instanceof Refusal)) return { ...success, code: 80, diagnostic: String(error) };
  const { code, message, matchedDn, referrals } = error;
  return { code, matchedDn, diagnostic: message, referrals };
}
