import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  and,
  equal,
  everything,
  extensible,
  type Filter,
  FilterSyntaxError,
  type FilterValue,
  formatFilter,
  greaterOrEqual,
  lessOrEqual,
  matchingRule,
  not,
  or,
  parseFilter,
  present,
  substring,
} from '../../src/directory/filter.ts';

describe('as RFC 4515 text', () => {
  test.each<[Filter, string]>([
    [everything, '(objectClass=*)'],
    [equal('cn', 'Lee, Kim'), '(cn=Lee, Kim)'],
    [equal('cn', 'Müller (EU) * \\ \0'), '(cn=Müller \\28EU\\29 \\2a \\5c \\00)'],
    [equal('objectGUID', Buffer.from('00ff2a41', 'hex')), '(objectGUID=\\00\\ff\\2aA)'],
    [greaterOrEqual('whenChanged', '20261122000000.0Z'), '(whenChanged>=20261122000000.0Z)'],
    [lessOrEqual('uSNChanged', '4026'), '(uSNChanged<=4026)'],
    [{ kind: 'approximate', attribute: 'sn', value: 'lee' }, '(sn~=lee)'],
    [substring('cn', { initial: 'a', any: ['b', 'c'], final: 'd' }), '(cn=a*b*c*d)'],
    [substring('cn', { any: ['x*y'] }), '(cn=*x\\2ay*)'],
    [extensible('options', matchingRule.bitAnd, '1'), '(options:1.2.840.113556.1.4.803:=1)'],
    [{ kind: 'extensible', rule: 'caseExactMatch', dnAttributes: true, value: 'x' }, '(:dn:caseExactMatch:=x)'],
    [{ kind: 'extensible', attribute: 'ou', dnAttributes: true, value: 'x' }, '(ou:dn:=x)'],
    [
      and(equal('objectClass', 'user'), or(present('mail'), present('proxyAddresses')), not(equal('cn', 'x'))),
      '(&(objectClass=user)(|(mail=*)(proxyAddresses=*))(!(cn=x)))',
    ],
    [and(), '(&)'],
    [or(), '(|)'],
  ])('%j ↔ %s', (filter, text) => {
    expect(formatFilter(filter)).toBe(text);
    expect(parseFilter(text)).toEqual(filter);
  });

  test('escaped bytes that are UTF-8 are text, and text keeps its byte order mark', () => {
    expect(parseFilter('(cn=caf\\c3\\a9)')).toEqual(equal('cn', 'café'));
    expect(parseFilter('(cn=\\ef\\bb\\bfx)')).toEqual(equal('cn', '\ufeffx'));
    expect(parseFilter('(cn=caf\\e9)')).toEqual(equal('cn', Buffer.from('caf\xe9', 'latin1')));
  });

  test('what is written is read back as it was', () => {
    fc.assert(
      fc.property(anyFilter, (filter) => {
        expect(inBytes(parseFilter(formatFilter(filter)))).toEqual(inBytes(filter));
      }),
    );
  });

  test('is plain printable text, whatever the values hold', () => {
    fc.assert(
      fc.property(anyFilter, (filter) => {
        expect(formatFilter(filter)).not.toMatch(/[\0-\x1f\x7f]/);
      }),
    );
  });
});

describe('text that is no filter', () => {
  test.each([
    ['', 1, '('],
    ['cn=x', 1, '('],
    ['(cn=x', 6, ')'],
    ['(cn=x))', 7, 'the end'],
    ['(=x)', 2, 'an attribute'],
    ['(cn)', 4, '=, >=, <=, ~= or :='],
    ['(cn=a(b)', 6, ')'],
    ['(cn=a\\2)', 6, ')'],
    ['(cn=a\\zz)', 6, ')'],
    ['(cn=a**b)', 9, 'text between two asterisks'],
    ['(cn>=a*)', 7, ')'],
    ['(!(a=b)(c=d))', 8, ')'],
    ['(:=x)', 2, 'an attribute or a matching rule'],
    ['(cn::=x)', 5, 'a matching rule'],
  ])('%s: at character %i, expected %s', (text, position, expected) => {
    const read = () => parseFilter(text);

    expect(read).toThrow(FilterSyntaxError);
    expect(read).toThrow(expect.objectContaining({ position }));
    expect(read).toThrow(expected);
  });

  test('any text at all is read or refused, never more', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'(&|!)=*:<>~\\c3a \u00e9\0') }), (text) => {
        try {
          parseFilter(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FilterSyntaxError);
        }
      }),
    );
  });
});

const attribute = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,8}$/).filter((name) => name.toLowerCase() !== 'dn');
const value: fc.Arbitrary<FilterValue> = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text).toString()),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);
const part = value.filter((text) => text.length > 0);
const parts = fc
  .record({ initial: part, any: fc.array(part, { minLength: 1, maxLength: 3 }), final: part }, { requiredKeys: [] })
  .filter((found) => Object.keys(found).length > 0);

const { filter: anyFilter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    attribute.map(present),
    fc.tuple(attribute, value).map(([name, text]) => equal(name, text)),
    fc.tuple(attribute, value).map(([name, text]) => greaterOrEqual(name, text)),
    fc.tuple(attribute, value).map(([name, text]) => lessOrEqual(name, text)),
    fc.tuple(attribute, parts).map(([name, text]) => substring(name, text)),
    fc.record({
      kind: fc.constant('extensible' as const),
      attribute,
      rule: attribute,
      dnAttributes: fc.boolean(),
      value,
    }),
    fc.array(tie('filter'), { maxLength: 3 }).map((filters) => and(...filters)),
    fc.array(tie('filter'), { maxLength: 3 }).map((filters) => or(...filters)),
    tie('filter').map(not),
  ),
}));

/** The same filter with every value as its bytes: text and its UTF-8 mean the same. */
function inBytes(filter: Filter): unknown {
  return JSON.parse(JSON.stringify(filter, (key, found) => (isValueKey(key) ? bytesOf(found) : found)));
}

function isValueKey(key: string): boolean {
  return ['value', 'initial', 'final'].includes(key) || /^\d+$/.test(key);
}

function bytesOf(found: unknown): unknown {
  if (typeof found === 'string') return Buffer.from(found).toString('hex');
  if (isSerializedBuffer(found)) return Buffer.from(found.data).toString('hex');
  return found;
}

function isSerializedBuffer(found: unknown): found is { readonly data: number[] } {
  return typeof found === 'object' && found !== null && 'type' in found && found.type === 'Buffer';
}
