import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalForm, canonicalText } from '../../src/change/seal.ts';

const reversedMembers = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversedMembers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversedMembers(member)]),
  );
};

/** Without members of the name __proto__, which an object literal can't have. */
const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'));

test('the canonical form is JSON of the same data, without white space', () => {
  fc.assert(
    fc.property(json, (value) => {
      const form = canonicalText(value);
      expect(JSON.parse(form)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(form.length).toBe(JSON.stringify(value).length);
    }),
  );
});

test('the order of members makes no difference', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(canonicalText(reversedMembers(value))).toBe(canonicalText(value));
    }),
  );
  expect(canonicalText({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
});

test('the order of array items does', () => {
  expect(canonicalText([1, 2])).not.toBe(canonicalText([2, 1]));
});

test('different data has a different form', () => {
  fc.assert(
    fc.property(json, json, (one, other) => {
      expect(canonicalText(one) === canonicalText(other)).toBe(
        JSON.stringify(reversedMembers(sorted(one))) === JSON.stringify(reversedMembers(sorted(other))),
      );
    }),
  );
  for (const [one, other] of [
    [{ a: '1' }, { a: 1 }],
    [{ a: null }, {}],
    [['a', 'b'], ['a,b']],
    [{ a: 'b","c":"d' }, { a: 'b', c: 'd' }],
    ['\ud800', '\ufffd'],
  ]) {
    expect(canonicalText(one)).not.toBe(canonicalText(other));
  }
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(Reflect.get(value, name))]));
}

test('members that are undefined are left out, as JSON does', () => {
  expect(canonicalText({ a: undefined, b: 1 })).toBe('{"b":1}');
});

test('the pieces joined are the whole', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), (value) => {
      expect([...canonicalForm(value)].join('')).toBe(canonicalText(value));
    }),
  );
});
