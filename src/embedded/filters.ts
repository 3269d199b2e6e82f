/** Search filters against entries (RFC 4511 4.5.1.7). */

import type { Filter, FilterValue } from '../ldap/session.ts';
import { assertionKey, compareKeys, isDnSyntax, type StoredEntry, textOf, type Value, valueKey } from './entry.ts';
import { type AttributeType, attributeType, classType } from './schema.ts';
import type { Store } from './store.ts';
import { visibleValues } from './view.ts';

/** Whether an entry matches; undefined where the filter does not suit the attribute: then its negation does not match either. */
type Match = (entry: StoredEntry) => boolean | undefined;

/** The filter as a question to entries: what it asserts is read once, not once an entry. */
export function compileFilter(filter: Filter, store: Store): Match {
  switch (filter.kind) {
    case 'and': {
      const parts = filter.filters.map((part) => compileFilter(part, store));
      return (entry) => allOf(parts, entry);
    }
    case 'or': {
      const parts = filter.filters.map((part) => compileFilter(part, store));
      return (entry) => someOf(parts, entry);
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

function allOf(parts: readonly Match[], entry: StoredEntry): boolean | undefined {
  let unknown = false;
  for (const part of parts) {
    const match = part(entry);
    if (match === false) return false;
    if (match === undefined) unknown = true;
  }
  return unknown ? undefined : true;
}

function someOf(parts: readonly Match[], entry: StoredEntry): boolean | undefined {
  let unknown = false;
  for (const part of parts) {
    const match = part(entry);
    if (match === true) return true;
    if (match === undefined) unknown = true;
  }
  return unknown ? undefined : false;
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
  const holds = (key: string): boolean | undefined => {
    if (kind === 'equal') return key === asserted;
    const order = compareKeys(type, key, asserted);
    return order === undefined ? undefined : order >= 0;
  };
  return (entry) => someValue(entry, type, (value) => holds(valueKey(type, value)));
}

function someValue(
  entry: StoredEntry,
  type: AttributeType,
  holds: (value: Value) => boolean | undefined,
): boolean | undefined {
  let unknown = false;
  for (const value of visibleValues(entry, type)) {
    const match = holds(value);
    if (match === true) return true;
    if (match === undefined) unknown = true;
  }
  return unknown ? undefined : false;
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
    someValue(entry, type, (held) => (BigInt.asUintN(64, BigInt(valueKey(type, held))) & bits) === bits);
}

/** From the indexes, a set that holds all entries that match; undefined if every entry has to be looked at. */
export function candidates(filter: Filter, store: Store): ReadonlySet<StoredEntry> | undefined {
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
