/** The search operation: which entries, and which of their attributes (RFC 4511 4.5, MS-ADTS 3.1.1.3.1.3). */

import { dnsNameOfDn } from '../ad/dn.ts';
import { candidates, compileFilter } from './matching.ts';
import type { SearchRequest, WireAttribute } from './protocol.ts';
import { refuse } from './refusal.ts';
import { resolveEntry, resolvePlace } from './resolve.ts';
import { isOnRequestOnly } from './root-dse.ts';
import { type AttributeType, attributeType } from './schema.ts';
import { allSecurityParts, selectParts } from './security-descriptor.ts';
import type { StoredEntry } from './store.ts';
import { toWire } from './value.ts';
import {
  constructedAttributes,
  constructedValues,
  isVisible,
  ordinaryAttributes,
  type Reader,
  visibleValues,
} from './view.ts';

/** MaxPageSize, AD's default (MS-ADTS 3.1.1.3.4.6). */
export const maxPageSize = 1000;
/** MaxValRange, AD's default (ibid.). */
const maxValueRange = 1500;

/** The entries that match, whatever their number. Throws Refusal. */
export function findEntries(request: SearchRequest, reader: Reader): StoredEntry[] {
  const base = searchBase(request, reader);
  const match = compileFilter(request.filter, reader.store);
  const found: StoredEntry[] = [];
  for (const entry of inScope(request, base, reader)) {
    if (isVisible(entry, reader) && match(entry) === true) found.push(entry);
  }
  return found;
}

/** An export may lack the entry that a search begins at, and yet have entries below it. */
function searchBase({ base, scope }: Pick<SearchRequest, 'base' | 'scope'>, reader: Reader): StoredEntry {
  if (base === '') {
    if (!reader.wholeForest) throw refuse.noObject('');
    return reader.store.root;
  }
  const isExport = reader.domainController.ntdsSettings === undefined;
  const place = isExport && scope !== 'base' ? resolvePlace(base, reader) : undefined;
  return place !== undefined && !place.present ? place : resolveEntry(base, reader);
}

function* inScope({ scope, filter }: SearchRequest, base: StoredEntry, reader: Reader): Generator<StoredEntry> {
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

/** Where the rest of a subtree is: other naming contexts below its base, as LDAP URLs. */
export function continuations({ base, scope }: SearchRequest, reader: Reader): string[] {
  if (scope !== 'subtree' || reader.wholeForest || base === '') return [];
  const top = searchBase({ base, scope }, reader);
  return reader.store.namingContexts
    .filter((head) => head !== top && head.isAtOrBelow(top) && head.parent?.namingContext === top.namingContext)
    .map(({ dn }) => `ldap://${dnsNameOfDn(dn) ?? ''}/${encodeURI(dn)}`);
}

/** An attribute as a request names it; the range is of value positions. */
interface Wanted {
  readonly type: AttributeType;
  readonly range: { readonly from: number; readonly to: number } | undefined;
}

/** The attributes that the request asks for, as they are sent. */
export function selectAttributes(entry: StoredEntry, request: SearchRequest, reader: Reader): WireAttribute[] {
  return wantedAttributes(entry, request.attributes, reader)
    .filter(({ type }) => !reader.withheld.has(type))
    .flatMap((wanted) => sentAttribute(entry, wanted, reader))
    .map((attribute) => (request.typesOnly ? { ...attribute, values: [] } : attribute));
}

/** The rootDSE's attributes that the request asks for. */
export function selectRootDse(attributes: readonly WireAttribute[], request: SearchRequest): WireAttribute[] {
  const names = new Set(request.attributes.map((name) => name.toLowerCase()));
  const all = names.size === 0 || names.has('*') || names.has('+');
  return attributes
    .filter(({ name }) => names.has(name.toLowerCase()) || (all && !isOnRequestOnly(name)))
    .map((attribute) => (request.typesOnly ? { ...attribute, values: [] } : attribute));
}

function wantedAttributes(entry: StoredEntry, names: readonly string[], reader: Reader): Wanted[] {
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

function sentAttribute(entry: StoredEntry, { type, range }: Wanted, reader: Reader): WireAttribute[] {
  const values = sentValues(entry, type, reader);
  if (values.length === 0) return [];
  if (range === undefined && values.length <= maxValueRange) return [{ name: type.name, values }];
  const from = range?.from ?? 0;
  const to = Math.min(range?.to ?? Number.POSITIVE_INFINITY, from + maxValueRange - 1);
  const part = values.slice(from, to + 1);
  if (part.length === 0) return [];
  const last = to >= values.length - 1 ? '*' : to;
  return [{ name: `${type.name};range=${from}-${last}`, values: part }];
}

function sentValues(entry: StoredEntry, type: AttributeType, reader: Reader): readonly (string | Buffer)[] {
  if (type.syntax === 'securityDescriptor') return securityDescriptors(entry, type, reader);
  const stored = visibleValues(entry, type).map(toWire);
  return type.constructed && stored.length === 0 ? constructedValues(entry, type, reader) : stored;
}

/** Who may not read the SACL gets nothing at all unless he leaves it out by the SD flags control. */
function securityDescriptors(entry: StoredEntry, type: AttributeType, reader: Reader): Buffer[] {
  const parts = reader.securityParts ?? allSecurityParts;
  const wantsSacl = (parts & 8) !== 0;
  if (wantsSacl && !reader.access.mayWrite) return [];
  return visibleValues(entry, type).flatMap((value) => (Buffer.isBuffer(value) ? [selectParts(value, parts)] : []));
}
