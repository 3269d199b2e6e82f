/** LDAP requests as bytes (RFC 4511), written by ldapts from our own data. */

import {
  AbandonRequest,
  AddRequest,
  BerWriter,
  BindRequest,
  Change,
  DeleteRequest,
  ExtendedRequest,
  Attribute as LdaptsAttribute,
  Control as LdaptsControl,
  Filter as LdaptsFilter,
  SearchRequest as LdaptsSearchRequest,
  ModifyDNRequest,
  ModifyRequest,
  SearchFilter,
  type SearchFilterValues,
  UnbindRequest,
} from 'ldapts';
import { type Control, controlOid } from './controls.ts';
import type { Filter, FilterValue } from './filter.ts';
import type { Modification, NewAttribute, SearchScope } from './session.ts';

/** A request that lacks only its message id. */
export type RequestOf = (messageId: number) => Buffer;

/** RFC 4511 4.14.1 */
const startTlsOid = '1.3.6.1.4.1.1466.20037';

/** A simple bind (RFC 4511 4.2); AD takes a UPN or DOMAIN\user for the name (MS-ADTS 5.1.1.1.1). */
export function bindRequest(user: string, password: string): RequestOf {
  return (messageId) => new BindRequest({ messageId, dn: user, password }).write();
}

export function startTlsRequest(): RequestOf {
  return (messageId) => new ExtendedRequest({ messageId, oid: startTlsOid }).write();
}

export function unbindRequest(): RequestOf {
  return (messageId) => new UnbindRequest({ messageId }).write();
}

export function abandonRequest(abandonId: number): RequestOf {
  return (messageId) => new AbandonRequest({ messageId, abandonId }).write();
}

/** A search without limits of size or time and without alias dereferencing (RFC 4511 4.5.1). */
export function searchRequest(search: {
  readonly base: string;
  readonly scope: SearchScope;
  readonly filter: Filter;
  readonly attributes: readonly string[];
  readonly controls: readonly Control[];
}): RequestOf {
  return (messageId) =>
    new LdaptsSearchRequest({
      messageId,
      baseDN: search.base,
      scope: search.scope === 'subtree' ? 'sub' : search.scope,
      filter: new EncodedFilter(search.filter),
      attributes: [...search.attributes],
      timeLimit: 0,
      controls: encoded(search.controls),
    }).write();
}

export function modifyRequest(
  dn: string,
  modifications: readonly Modification[],
  controls: readonly Control[],
): RequestOf {
  const changes = modifications.flatMap(changesOf);
  return (messageId) => new ModifyRequest({ messageId, dn, changes, controls: encoded(controls) }).write();
}

export function addRequest(dn: string, attributes: readonly NewAttribute[], controls: readonly Control[]): RequestOf {
  const encodedAttributes = attributes.map(({ name, values }) => attributeOf(name, values));
  return (messageId) =>
    new AddRequest({ messageId, dn, attributes: encodedAttributes, controls: encoded(controls) }).write();
}

export function deleteRequest(dn: string, controls: readonly Control[]): RequestOf {
  return (messageId) => new DeleteRequest({ messageId, dn, controls: encoded(controls) }).write();
}

export function renameRequest(
  dn: string,
  newRdn: string,
  newParent: string | undefined,
  controls: readonly Control[],
): RequestOf {
  const newSuperior = newParent === undefined ? {} : { newSuperior: newParent };
  return (messageId) =>
    new ModifyDNRequest({
      messageId,
      dn,
      newRdn,
      deleteOldRdn: true,
      ...newSuperior,
      controls: encoded(controls),
    }).write();
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

class EncodedControl extends LdaptsControl {
  readonly #value: Buffer | undefined;

  constructor(control: Control) {
    super(control.oid, { critical: control.critical });
    this.#value = control.value;
  }

  protected override writeControl(writer: BerWriter): void {
    if (this.#value !== undefined) writer.writeBuffer(this.#value, octetString);
  }
}

function encoded(controls: readonly Control[]): LdaptsControl[] {
  return controls.map((control) => new EncodedControl(control));
}

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

/** Filters by ldapts itself take bytes in equality only; this one takes them everywhere. */
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

const comparisonTag = {
  equal: SearchFilter.equalityMatch,
  greaterOrEqual: SearchFilter.greaterOrEqual,
  lessOrEqual: SearchFilter.lessOrEqual,
  approximate: SearchFilter.approxMatch,
} as const;

// RFC 4511 4.5.1.7: the context tags inside a substring and an extensible filter.
const substringTag = { initial: 0x80, any: 0x81, final: 0x82 } as const;
const extensibleTag = { rule: 0x81, attribute: 0x82, value: 0x83, dnAttributes: 0x84 } as const;

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
    case 'substring':
      writer.startSequence(SearchFilter.substrings);
      writer.writeString(filter.attribute);
      writer.startSequence();
      if (filter.initial !== undefined) writeValue(writer, filter.initial, substringTag.initial);
      for (const any of filter.any ?? []) writeValue(writer, any, substringTag.any);
      if (filter.final !== undefined) writeValue(writer, filter.final, substringTag.final);
      writer.endSequence();
      writer.endSequence();
      return;
    case 'extensible':
      writer.startSequence(SearchFilter.extensibleMatch);
      if (filter.rule !== undefined) writer.writeString(filter.rule, extensibleTag.rule);
      if (filter.attribute !== undefined) writer.writeString(filter.attribute, extensibleTag.attribute);
      writeValue(writer, filter.value, extensibleTag.value);
      if (filter.dnAttributes) writer.writeBoolean(true, extensibleTag.dnAttributes);
      writer.endSequence();
      return;
    default:
      writer.startSequence(comparisonTag[filter.kind]);
      writer.writeString(filter.attribute);
      writeValue(writer, filter.value, octetString);
      writer.endSequence();
  }
}

function writeValue(writer: BerWriter, value: FilterValue, tag: number): void {
  writer.writeBuffer(typeof value === 'string' ? Buffer.from(value) : value, tag);
}
