/** Search filters against entries (RFC 4511 4.5.1.7), with AD's matching rules (MS-ADTS 3.1.1.3.4.4). */

import { type Filter, type FilterValue, matchingRule } from '../ldap/filter.ts';
import { Reference, type StoredEntry, type Value } from './entry.ts';
import { type AttributeType, attributeType, classType } from './schema.ts';
import type { Store } from './store.ts';
import { assertionKey, compareKeys, foldedText, isDnSyntax, textOf, valueKey } from './value.ts';
import { visibleValues } from './view.ts';

/** Whether an entry matches; undefined where the filter does not suit the attribute: then its negation does not match either. */
export type Match = (entry: StoredEntry) => boolean | undefined;

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
    case 'substring':
      return compileSubstring(filter);
    case 'extensible':
      return compileExtensible(filter, store);
    case 'equal':
    case 'approximate':
    case 'greaterOrEqual':
    case 'lessOrEqual':
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

type ComparisonFilter = Extract<Filter, { kind: 'equal' | 'approximate' | 'greaterOrEqual' | 'lessOrEqual' }>;

function compileComparison(filter: ComparisonFilter, store: Store): Match {
  const type = attributeType(filter.attribute);
  if (type.constructed) return () => undefined;
  const asserted = assertedKey(type, filter.value, store);
  if (asserted === 'nothing') return () => false;
  if (asserted === undefined) return () => undefined;
  const { kind } = filter;
  const holds = (key: string): boolean | undefined => {
    if (kind === 'equal' || kind === 'approximate') return key === asserted;
    const order = compareKeys(type, key, asserted);
    return order === undefined ? undefined : kind === 'greaterOrEqual' ? order >= 0 : order <= 0;
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

function compileSubstring({ attribute, initial, any = [], final }: Extract<Filter, { kind: 'substring' }>): Match {
  const type = attributeType(attribute);
  if (type.syntax !== 'text') return () => undefined;
  const fold = (value: FilterValue): string => foldedText(typeof value === 'string' ? value : value.toString('utf8'));
  const [start, middle, end] = [fold(initial ?? ''), any.map(fold), fold(final ?? '')];
  return (entry) =>
    someValue(entry, type, (value) => {
      const text = valueKey(type, value);
      if (!text.startsWith(start)) return false;
      let at = start.length;
      for (const part of middle) {
        const found = text.indexOf(part, at);
        if (found < 0) return false;
        at = found + part.length;
      }
      return text.length - end.length >= at && text.endsWith(end);
    });
}

function compileExtensible(filter: Extract<Filter, { kind: 'extensible' }>, store: Store): Match {
  const { attribute, rule, value } = filter;
  if (attribute === undefined) return () => undefined;
  const type = attributeType(attribute);
  switch (rule) {
    case undefined:
      return compileComparison({ kind: 'equal', attribute, value }, store);
    case matchingRule.bitAnd:
    case matchingRule.bitOr:
      return compileBits(type, value, rule === matchingRule.bitAnd);
    case matchingRule.transitiveEvaluation:
      return compileChain(type, value, store);
    default:
      return () => undefined;
  }
}

function compileBits(type: AttributeType, value: FilterValue, all: boolean): Match {
  const text = value.toString();
  const isNumeric = type.syntax === 'integer' || type.syntax === 'largeInteger';
  if (!isNumeric || !/^-?\d+$/.test(text)) return () => undefined;
  // The highest bit of an Integer may be asked for with or without its sign.
  const bits = BigInt.asUintN(64, BigInt(text));
  return (entry) =>
    someValue(entry, type, (held) => {
      const common = BigInt.asUintN(64, BigInt(valueKey(type, held))) & bits;
      return all ? common === bits : common !== 0n;
    });
}

/** Whether following the attribute from value to value, over any number of entries, leads to the one asserted. */
function compileChain(type: AttributeType, value: FilterValue, store: Store): Match {
  const text = textOf(typeof value === 'string' ? Buffer.from(value) : value);
  if (type.syntax !== 'dn' || text === undefined) return () => undefined;
  const goal = store.findIfDn(text);
  return (entry) => goal !== undefined && leadsTo(goal, entry, type);
}

function leadsTo(goal: StoredEntry, entry: StoredEntry, type: AttributeType): boolean {
  const known = new Set<StoredEntry>();
  const open = [entry];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const held of visibleValues(at, type)) {
      if (!(held instanceof Reference) || known.has(held.target)) continue;
      if (held.target === goal) return true;
      known.add(held.target);
      open.push(held.target);
    }
  }
  return false;
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
