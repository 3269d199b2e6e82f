/**
 * The search operation: which entries, and which of their attributes (RFC 4511 4.5, MS-ADTS 3.1.1.3.1.3); and the entry
 * that a DN in a request names, also as AD's `<GUID=…>` and `<SID=…>` (MS-ADTS 3.1.1.3.1.2.4).
 */

import { DnSyntaxError, dnsNameOfDn, parentDn } from '../ad/dn.ts';
import type { Filter, FilterValue, SearchScope } from '../ldap/session.ts';
import { assertionKey, isAtLeast, isDnSyntax, type StoredEntry, textOf, toText, valueKey } from './entry.ts';
import { refuse } from './refusal.ts';
import { type AttributeType, attributeType, classType } from './schema.ts';
import { allSecurityParts, selectParts } from './security-descriptor.ts';
import type { Store } from './store.ts';
import {
  constructedAttributes,
  constructedValues,
  isExport,
  isOnRequestOnly,
  isVisible,
  ordinaryAttributes,
  type Requester,
  type ReturnedAttribute,
  visibleValues,
} from './visibility.ts';

interface Query {
  readonly base: string;
  readonly scope: SearchScope;
  readonly filter: Filter;
}

/** Which attributes of an entry to return. */
export interface Selection {
  /** [] means all, as `*` does; `+` the computed ones; `1.1` none. */
  readonly attributes: readonly string[];
  /** Values of one attribute in one answer; an attribute with more comes in ranges. Without it, all values. */
  readonly maxValues?: number;
}

/** The entries that match, whatever their number. Throws Refusal. */
export function findEntries(query: Query, reader: Requester): StoredEntry[] {
  const base = searchBase(query, reader);
  const match = compileFilter(query.filter, reader.store);
  const found: StoredEntry[] = [];
  for (const entry of inScope(query, base, reader)) {
    if (isVisible(entry, reader) && match(entry) === true) found.push(entry);
  }
  return found;
}

/**
 * The place that a search begins at. An export may lack the entry there, and yet have entries below it. Throws Refusal as
 * resolveEntry does.
 */
export function searchBase({ base, scope }: Omit<Query, 'filter'>, reader: Requester): StoredEntry {
  if (base === '') {
    if (!reader.wholeForest) throw refuse.noObject('');
    return reader.store.root;
  }
  const place = isExport(reader) && scope !== 'base' ? resolvePlace(base, reader) : undefined;
  return place !== undefined && !place.present ? place : resolveEntry(base, reader);
}

function* inScope({ scope, filter }: Query, base: StoredEntry, reader: Requester): Generator<StoredEntry> {
  if (scope === 'base') {
    yield base;
    return;
  }
  const { store, wholeForest } = reader;
  const namingContext = base.namingContext;
  const isInContext = (entry: StoredEntry): boolean => wholeForest || entry.namingContext === namingContext;
  const indexed = candidates(filter, store);
  if (scope === 'one') {
    for (const child of base.children.values()) if (isInContext(child)) yield child;
  } else if (indexed !== undefined) {
    for (const entry of indexed) if (entry.isAtOrBelow(base) && isInContext(entry)) yield entry;
  } else {
    yield* store.entries(base, isInContext);
  }
}

/** An attribute as a request names it; the range is of value positions. */
interface Wanted {
  readonly type: AttributeType;
  readonly range: { readonly from: number; readonly to: number } | undefined;
}

/** The attributes that the selection asks for, as they are returned. */
export function selectAttributes(entry: StoredEntry, selection: Selection, reader: Requester): ReturnedAttribute[] {
  return wantedAttributes(entry, selection.attributes, reader)
    .filter(({ type }) => !reader.withheld.has(type))
    .flatMap((wanted) => returnedAttribute(entry, wanted, selection.maxValues ?? Number.POSITIVE_INFINITY, reader));
}

/** The rootDSE's attributes that the selection asks for. */
export function selectRootDse(attributes: readonly ReturnedAttribute[], selection: Selection): ReturnedAttribute[] {
  const names = new Set(selection.attributes.map((name) => name.toLowerCase()));
  const all = names.size === 0 || names.has('*') || names.has('+');
  return attributes.filter(({ name }) => names.has(name.toLowerCase()) || (all && !isOnRequestOnly(name)));
}

function wantedAttributes(entry: StoredEntry, names: readonly string[], reader: Requester): Wanted[] {
  const wanted = new Map<AttributeType, Wanted>();
  const want = (types: readonly AttributeType[]): void => {
    for (const type of types) if (!wanted.has(type)) wanted.set(type, { type, range: undefined });
  };
  if (names.length === 0) want(ordinaryAttributes(entry, reader));
  for (const name of names) {
    if (name === '*') want(ordinaryAttributes(entry, reader));
    else if (name === '+') want(constructedAttributes);
    else if (name !== '1.1') {
      const type = attributeType(name);
      wanted.set(type, { type, range: rangeOption(name) });
    }
  }
  return [...wanted.values()];
}

/** `member;range=1500-*` (MS-ADTS 3.1.1.3.1.3.3). */
function rangeOption(name: string): Wanted['range'] {
  const [, from, to] = /;range=(\d+)-(\d+|\*)/i.exec(name) ?? [];
  if (from === undefined) return undefined;
  return { from: Number(from), to: to === '*' ? Number.POSITIVE_INFINITY : Number(to) };
}

function returnedAttribute(
  entry: StoredEntry,
  { type, range }: Wanted,
  maxValues: number,
  reader: Requester,
): ReturnedAttribute[] {
  const values = returnedValues(entry, type, reader);
  if (values.length === 0) return [];
  if (range === undefined && values.length <= maxValues) return [{ name: type.name, values }];
  const from = range?.from ?? 0;
  const to = Math.min(range?.to ?? Number.POSITIVE_INFINITY, from + maxValues - 1);
  const part = values.slice(from, to + 1);
  if (part.length === 0) return [];
  const last = to >= values.length - 1 ? '*' : to;
  return [{ name: `${type.name};range=${from}-${last}`, values: part }];
}

function returnedValues(entry: StoredEntry, type: AttributeType, reader: Requester): readonly (string | Buffer)[] {
  if (type.syntax === 'securityDescriptor') return securityDescriptors(entry, type, reader);
  const stored = visibleValues(entry, type).map(toText);
  return type.constructed && stored.length === 0 ? constructedValues(entry, type, reader) : stored;
}

/** A user who may not read the SACL gets no descriptor, unless the SD flags control leaves the SACL out. */
function securityDescriptors(entry: StoredEntry, type: AttributeType, reader: Requester): Buffer[] {
  const parts = reader.securityParts ?? allSecurityParts;
  const wantsSacl = (parts & 8) !== 0;
  if (wantsSacl && !reader.rights.mayWrite) return [];
  return visibleValues(entry, type).flatMap((value) => (Buffer.isBuffer(value) ? [selectParts(value, parts)] : []));
}

/** The entry that a request names. Throws Refusal: no such entry (or none that the reader may see), no DN, not held here. */
export function resolveEntry(dn: string, reader: Requester): StoredEntry {
  const place = resolvePlace(dn, reader);
  if (place === undefined || !isVisible(place, reader)) throw refuse.noObject(bestMatch(dn, reader));
  return place;
}

/** The place that a DN names, also a phantom's or a hidden one. Throws Refusal if it is no DN, or of another forest. */
export function resolvePlace(dn: string, reader: Requester): StoredEntry | undefined {
  const [, kind, identity] = /^<(GUID|SID)=([^>]*)>$/i.exec(dn) ?? [];
  if (kind !== undefined && identity !== undefined) return resolveIdentity(kind, identity, reader);
  return refusingBadName(dn, () => {
    referElsewhere(dn, reader);
    return reader.store.find(dn);
  });
}

/** Runs a function that parses the text as a DN. Throws Refusal if it is none. */
export function refusingBadName<T>(dn: string, use: (dn: string) => T): T {
  try {
    return use(dn);
  } catch (error) {
    if (error instanceof DnSyntaxError) throw refuse.badName(dn);
    throw error;
  }
}

function resolveIdentity(kind: string, identity: string, { store }: Requester): StoredEntry | undefined {
  const type = attributeType(kind.toUpperCase() === 'GUID' ? 'objectGUID' : 'objectSid');
  const isHex = /^([0-9a-f]{2})+$/i.test(identity);
  const key = assertionKey(type, isHex ? Buffer.from(identity, 'hex') : identity, () => undefined);
  if (key === undefined) throw refuse.badName(identity);
  const [entry] = store.holders(type, key);
  return entry;
}

/** For a name of another forest AD refers to the DNS name that it spells. */
function referElsewhere(dn: string, reader: Requester): void {
  const domain = dnsNameOfDn(dn)?.toLowerCase();
  if (domain === undefined || isExport(reader)) return;
  const forest = reader.store.forestDnsName.toLowerCase();
  if (domain !== forest && !domain.endsWith(`.${forest}`)) throw refuse.referral(domain, dn);
}

/** The nearest entry above that the reader may see. */
function bestMatch(dn: string, reader: Requester): string {
  for (let above = parentOf(dn); above !== undefined && above !== ''; above = parentOf(above)) {
    const place = reader.store.find(above);
    if (place !== undefined && isVisible(place, reader)) return place.dn;
  }
  return '';
}

function parentOf(dn: string): string | undefined {
  return dn.startsWith('<') ? undefined : parentDn(dn);
}

/**
 * Whether an entry matches (RFC 4511 4.5.1.7); undefined if the filter does not suit the attribute: then its negation
 * does not match either.
 */
type Match = (entry: StoredEntry) => boolean | undefined;

/** The filter as a question to entries: what it asserts is read once, not once an entry. */
function compileFilter(filter: Filter, store: Store): Match {
  switch (filter.kind) {
    case 'and': {
      const parts = filter.filters.map((part) => compileFilter(part, store));
      return (entry) => negated(anyOf(parts, (part) => negated(part(entry))));
    }
    case 'or': {
      const parts = filter.filters.map((part) => compileFilter(part, store));
      return (entry) => anyOf(parts, (part) => part(entry));
    }
    case 'not': {
      const part = compileFilter(filter.filter, store);
      return (entry) => negated(part(entry));
    }
    case 'present': {
      const type = attributeType(filter.attribute);
      return (entry) => visibleValues(entry, type).length > 0;
    }
    case 'allBits':
      return compileBits(attributeType(filter.attribute), filter.bits);
    case 'equal':
    case 'greaterOrEqual':
      return compileComparison(filter, store);
  }
}

/** True if one of the items matches, else undefined if that is not known of one. */
function anyOf<T>(items: readonly T[], match: (item: T) => boolean | undefined): boolean | undefined {
  let answer: boolean | undefined = false;
  for (const item of items) {
    const matches = match(item);
    if (matches === true) return true;
    if (matches === undefined) answer = undefined;
  }
  return answer;
}

function negated(match: boolean | undefined): boolean | undefined {
  return match === undefined ? undefined : !match;
}

function compileComparison(filter: Extract<Filter, { value: FilterValue }>, store: Store): Match {
  const type = attributeType(filter.attribute);
  if (type.constructed) return () => undefined;
  const asserted = assertedKey(type, filter.value, store);
  if (asserted === 'nothing') return () => false;
  if (asserted === undefined) return () => undefined;
  const { kind } = filter;
  const holds = (key: string): boolean | undefined =>
    kind === 'equal' ? key === asserted : isAtLeast(type, key, asserted);
  return (entry) => anyOf(visibleValues(entry, type), (value) => holds(valueKey(type, value)));
}

/** The key to compare with; 'nothing' for the DN of no entry; undefined for what is no value of the syntax. */
function assertedKey(type: AttributeType, value: FilterValue, store: Store): string | 'nothing' | undefined {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  if (!isDnSyntax(type)) return assertionKey(type, bytes, () => undefined);
  const text = dnOfAssertion(type, textOf(bytes) ?? '', store);
  let unknownDn = false;
  const key = assertionKey(type, text, (dn) => {
    const place = store.find(dn);
    unknownDn = place === undefined;
    return place;
  });
  return key ?? (unknownDn ? 'nothing' : undefined);
}

/** AD takes the name of a class for the DN of its category (MS-ADTS 3.1.1.3.1.3.5). */
function dnOfAssertion({ name }: AttributeType, text: string, store: Store): string {
  if (name !== 'objectCategory' || text.includes('=')) return text;
  return `CN=${classType(text).category},${store.schema?.dn ?? ''}`;
}

function compileBits(type: AttributeType, text: string): Match {
  const isNumeric = type.syntax === 'integer' || type.syntax === 'largeInteger';
  if (!isNumeric || !/^-?\d+$/.test(text)) return () => undefined;
  // The highest bit of an Integer may be asked for with or without its sign.
  const bits = BigInt.asUintN(64, BigInt(text));
  return (entry) =>
    anyOf(visibleValues(entry, type), (held) => (BigInt.asUintN(64, BigInt(valueKey(type, held))) & bits) === bits);
}

/** From the indexes, a set that holds all entries that match; undefined if every entry has to be looked at. */
function candidates(filter: Filter, store: Store): ReadonlySet<StoredEntry> | undefined {
  switch (filter.kind) {
    case 'equal': {
      const type = attributeType(filter.attribute);
      const isStored = !type.constructed && type.link.direction !== 'back' && type.name !== 'distinguishedName';
      if (!isStored) return undefined;
      const key = assertedKey(type, filter.value, store);
      return key === undefined || key === 'nothing' ? new Set() : store.holders(type, key);
    }
    case 'and': {
      const sets = filter.filters.map((part) => candidates(part, store)).filter((set) => set !== undefined);
      return sets.reduce<ReadonlySet<StoredEntry> | undefined>(
        (smallest, set) => (smallest === undefined || set.size < smallest.size ? set : smallest),
        undefined,
      );
    }
    case 'or': {
      const sets = filter.filters.map((part) => candidates(part, store));
      return sets.includes(undefined) ? undefined : new Set(sets.flatMap((set) => [...(set ?? [])]));
    }
    default:
      return undefined;
  }
}
