/** LDAP requests as bytes (RFC 4511), encoded by ldapts. */

import {
  AbandonRequest,
  AddRequest,
  BerWriter,
  BindRequest,
  Change,
  DeleteRequest,
  ExtendedRequest,
  Attribute as LdaptsAttribute,
  Filter as LdaptsFilter,
  SearchRequest as LdaptsSearchRequest,
  ModifyRequest,
  ProtocolOperation,
  SearchFilter,
  type SearchFilterValues,
} from 'ldapts';
import {
  bitAnd,
  type Control,
  controlOid,
  type Filter,
  type Modification,
  type NewAttribute,
  type SearchRequest,
} from './session.ts';

/** A whole message, once its id is known. */
export type RequestOf = (messageId: number) => Buffer;

/** RFC 4511 4.14.1 */
const startTlsOid = '1.3.6.1.4.1.1466.20037';

/** A simple bind (RFC 4511 4.2); AD takes a UPN or DOMAIN\user for the name (MS-ADTS 5.1.1.1.1). */
export function bindRequest(user: string, password: string): RequestOf {
  return requestOf(new BindRequest({ messageId: 0, dn: user, password }));
}

/** One step of a SASL bind (RFC 4511 section 4.2): the mechanism's name and its token. */
export function saslBindRequest(mechanism: string, token: Buffer): RequestOf {
  return requestOf({
    protocolOperation: ProtocolOperation.LDAP_REQ_BIND,
    writeMessage: (writer) => {
      writer.writeInt(3);
      writer.writeString('');
      writer.startSequence(ProtocolOperation.LDAP_REQ_BIND_SASL);
      writer.writeString(mechanism);
      writer.writeBuffer(token, octetString);
      writer.endSequence();
    },
  });
}

/** StartTLS (RFC 4511 section 4.14). */
export function startTlsRequest(): RequestOf {
  return requestOf(new ExtendedRequest({ messageId: 0, oid: startTlsOid }));
}

/** Unbind: ends the session (RFC 4511 section 4.3); servers do not answer it. */
export function unbindRequest(): RequestOf {
  return requestOf({ protocolOperation: ProtocolOperation.LDAP_REQ_UNBIND, writeMessage: () => {} });
}

/** Abandons the request with this message id (RFC 4511 section 4.11); servers do not answer it. */
export function abandonRequest(abandonId: number): RequestOf {
  return requestOf(new AbandonRequest({ messageId: 0, abandonId }));
}

/** The parts of a search that are sent. */
export type SearchTerms = Required<Pick<SearchRequest, 'base' | 'scope' | 'filter' | 'attributes' | 'controls'>>;

/** A search without limits of size or time and without alias dereferencing (RFC 4511 4.5.1). */
export function searchRequest(search: SearchTerms): RequestOf {
  const operation = new LdaptsSearchRequest({
    messageId: 0,
    baseDN: search.base,
    scope: search.scope === 'subtree' ? 'sub' : search.scope,
    filter: new EncodedFilter(search.filter),
    attributes: [...search.attributes],
    timeLimit: 0,
  });
  return requestOf(operation, search.controls);
}

/** All modifications of one entry, applied together or not at all (RFC 4511 section 4.6). */
export function modifyRequest(
  dn: string,
  modifications: readonly Modification[],
  controls: readonly Control[],
): RequestOf {
  return requestOf(new ModifyRequest({ messageId: 0, dn, changes: modifications.flatMap(changesOf) }), controls);
}

/** A new entry with these attributes (RFC 4511 section 4.7). */
export function addRequest(dn: string, attributes: readonly NewAttribute[], controls: readonly Control[]): RequestOf {
  const list = attributes.map(({ name, values }) => attributeOf(name, values));
  return requestOf(new AddRequest({ messageId: 0, dn, attributes: list }), controls);
}

/** Deletes one entry (RFC 4511 section 4.8), or a whole tree with a control. */
export function deleteRequest(dn: string, controls: readonly Control[]): RequestOf {
  return requestOf(new DeleteRequest({ messageId: 0, dn }), controls);
}

interface Operation {
  readonly protocolOperation: number;
  writeMessage(writer: BerWriter): void;
}

/**
 * The message around the operation (RFC 4511 4.1.1). ldapts could write it too, but it loses bytes of a request whose size
 * is within five bytes of its grown buffer; so a large request is written again into a buffer with room to spare.
 */
function requestOf(operation: Operation, controls: readonly Control[] = []): RequestOf {
  const write = (messageId: number, size: number): Buffer => {
    const writer = new BerWriter({ size });
    writer.startSequence();
    writer.writeInt(messageId);
    writer.startSequence(operation.protocolOperation);
    operation.writeMessage(writer);
    writer.endSequence();
    if (controls.length > 0) writeControls(writer, controls);
    writer.endSequence();
    return writer.buffer;
  };
  return (messageId) => {
    const message = write(messageId, 1024);
    // Below 64 KiB no length needs the fourth byte that may not fit.
    return message.length < 0x10000 ? message : write(messageId, 2 * message.length);
  };
}

function writeControls(writer: BerWriter, controls: readonly Control[]): void {
  writer.startSequence(ProtocolOperation.LDAP_CONTROLS);
  for (const { oid, critical, value } of controls) {
    writer.startSequence();
    writer.writeString(oid);
    writer.writeBoolean(critical);
    if (value !== undefined) writer.writeBuffer(value, octetString);
    writer.endSequence();
  }
  writer.endSequence();
}

/** The paging control for the next page; the first page's cookie is empty (RFC 2696). */
export function pagedResults(size: number, cookie: Buffer): Control {
  const value = new BerWriter();
  value.startSequence();
  value.writeInt(size);
  value.writeBuffer(cookie, octetString);
  value.endSequence();
  return { oid: controlOid.pagedResults, critical: true, value: value.buffer };
}

const octetString = 0x04;

function attributeOf(type: string, values: readonly Buffer[]): LdaptsAttribute {
  return new LdaptsAttribute({ type, values: [...values] });
}

function changesOf(modification: Modification): Change[] {
  const change = (operation: 'add' | 'delete' | 'replace', values: readonly Buffer[]) =>
    new Change({ operation, modification: attributeOf(modification.attribute, values) });
  if ('replace' in modification) return [change('replace', modification.replace)];
  const { remove, add } = modification;
  const changes: Change[] = [];
  // A delete that names no value removes the attribute (RFC 4511 4.6).
  if (remove === 'all') changes.push(change('delete', []));
  else if (remove.length > 0) changes.push(change('delete', remove));
  if (add.length > 0) changes.push(change('add', add));
  return changes;
}

/** The filters of ldapts accept bytes only for equality; this one accepts them everywhere. */
class EncodedFilter extends LdaptsFilter {
  readonly #filter: Filter;
  readonly type: SearchFilterValues = SearchFilter.and;

  constructor(filter: Filter) {
    super();
    this.#filter = filter;
  }

  override write(writer: BerWriter): void {
    writeFilter(writer, this.#filter);
  }

  override toString(): string {
    return this.#filter.kind;
  }
}

// RFC 4511 4.5.1.7: the context tags inside an extensible filter.
const extensibleTag = { rule: 0x81, attribute: 0x82, value: 0x83 } as const;

function writeFilter(writer: BerWriter, filter: Filter): void {
  switch (filter.kind) {
    case 'and':
    case 'or':
      writer.startSequence(filter.kind === 'and' ? SearchFilter.and : SearchFilter.or);
      for (const inner of filter.filters) writeFilter(writer, inner);
      writer.endSequence();
      return;
    case 'not':
      writer.startSequence(SearchFilter.not);
      writeFilter(writer, filter.filter);
      writer.endSequence();
      return;
    case 'present':
      writer.writeString(filter.attribute, SearchFilter.present);
      return;
    case 'allBits':
      writer.startSequence(SearchFilter.extensibleMatch);
      writer.writeString(bitAnd, extensibleTag.rule);
      writer.writeString(filter.attribute, extensibleTag.attribute);
      writer.writeString(filter.bits, extensibleTag.value);
      writer.endSequence();
      return;
    default:
      writer.startSequence(filter.kind === 'equal' ? SearchFilter.equalityMatch : SearchFilter.greaterOrEqual);
      writer.writeString(filter.attribute);
      writer.writeBuffer(typeof filter.value === 'string' ? Buffer.from(filter.value) : filter.value, octetString);
      writer.endSequence();
  }
}
