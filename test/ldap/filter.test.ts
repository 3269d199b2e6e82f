import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  and,
  equal,
  everything,
  extensible,
  type Filter,
  type FilterValue,
  matchingRule,
  not,
  or,
  present,
} from '../../src/ldap/filter.ts';
import { formatFilter } from '../support/filter-text.ts';

describe('as RFC 4515 text', () => {
  test.each<[Filter, string]>([
    [everything, '(objectClass=*)'],
    [equal('cn', 'Lee, Kim'), '(cn=Lee, Kim)'],
    [equal('cn', 'Müller (EU) * \\ \0'), '(cn=Müller \\28EU\\29 \\2a \\5c \\00)'],
    [equal('objectGUID', Buffer.from('00ff2a41', 'hex')), '(objectGUID=\\00\\ff\\2aA)'],
    [
      { kind: 'greaterOrEqual', attribute: 'whenChanged', value: '20261122000000.0Z' },
      '(whenChanged>=20261122000000.0Z)',
    ],
    [{ kind: 'lessOrEqual', attribute: 'uSNChanged', value: '4026' }, '(uSNChanged<=4026)'],
    [{ kind: 'approximate', attribute: 'sn', value: 'lee' }, '(sn~=lee)'],
    [{ kind: 'substring', attribute: 'cn', initial: 'a', any: ['b', 'c'], final: 'd' }, '(cn=a*b*c*d)'],
    [{ kind: 'substring', attribute: 'cn', any: ['x*y'] }, '(cn=*x\\2ay*)'],
    [extensible('options', matchingRule.bitAnd, '1'), '(options:1.2.840.113556.1.4.803:=1)'],
    [{ kind: 'extensible', rule: 'caseExactMatch', dnAttributes: true, value: 'x' }, '(:dn:caseExactMatch:=x)'],
    [{ kind: 'extensible', attribute: 'ou', dnAttributes: true, value: 'x' }, '(ou:dn:=x)'],
    [
      and(equal('objectClass', 'user'), or(present('mail'), present('proxyAddresses')), not(equal('cn', 'x'))),
      '(&(objectClass=user)(|(mail=*)(proxyAddresses=*))(!(cn=x)))',
    ],
    [and(), '(&)'],
    [or(), '(|)'],
  ])('%j → %s', (filter, text) => {
    expect(formatFilter(filter)).toBe(text);
  });

  test('is plain printable text, whatever the values hold', () => {
    fc.assert(
      fc.property(anyFilter, (filter) => {
        expect(formatFilter(filter)).not.toMatch(/[\0-\x1f\x7f]/);
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
    fc.record({ kind: fc.constantFrom('greaterOrEqual' as const, 'lessOrEqual' as const), attribute, value }),
    fc.tuple(attribute, parts).map(([name, given]) => ({ kind: 'substring' as const, attribute: name, ...given })),
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
