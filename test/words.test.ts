import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { counted, distinct, listed } from '../src/words.ts';

describe('counted', () => {
  test('puts the noun in the singular for 1 only', () => {
    expect([0, 1, 2].map((count) => counted(count, 'file'))).toEqual(['0 files', '1 file', '2 files']);
  });

  test('separates thousands', () => {
    expect(counted(1284, 'file')).toBe('1,284 files');
  });

  test('takes a plural that is not the noun with an s', () => {
    expect(counted(2, 'entry', 'entries')).toBe('2 entries');
  });
});

describe('listed', () => {
  test('joins items as in a sentence', () => {
    expect(listed([])).toBe('');
    expect(listed(['a'])).toBe('a');
    expect(listed(['a', 'b'])).toBe('a and b');
    expect(listed(['a', 'b', 'c'])).toBe('a, b and c');
  });

  test('counts the items that it leaves out', () => {
    expect(listed(['a', 'b', 'c', 'd', 'e'], 2)).toBe('a, b and 3 more');
    expect(listed(['a', 'b', 'c'], 3)).toBe('a, b and c');
    expect(
      listed(
        Array.from({ length: 1285 }, () => 'a'),
        1,
      ),
    ).toBe('a and 1,284 more');
  });

  test('shows at least one item', () => {
    expect(listed(['a', 'b'], 0)).toBe('a and 1 more');
  });
});

describe('distinct', () => {
  test('keeps each value once, in the order of the first', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (values) => {
        expect(distinct(values)).toEqual(values.filter((value, index) => values.indexOf(value) === index));
      }),
    );
  });

  test('keeps the first of the values with the same key', () => {
    expect(distinct(['EX1', 'ex1', 'EX2'], (name) => name.toLowerCase())).toEqual(['EX1', 'EX2']);
  });
});
