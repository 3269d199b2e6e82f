import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { parseDays } from '../../../src/remedies/tombstone/options.ts';

describe('the number of --days', () => {
  test.each(['3', '36', '60', '180', '36500'])('%s is taken', (text) => {
    expect(parseDays(text)).toBe(Number(text));
  });

  test.each([
    ['abc', 'no whole number'],
    ['', 'no whole number'],
    ['1e9', 'no whole number'],
    ['180.5', 'no whole number'],
    ['180 days', 'no whole number'],
    ['0x40', 'no whole number'],
    ['0', 'less than 3 days'],
    ['2', 'less than 3 days'],
    ['-1', 'less than 3 days'],
    ['1000000000', 'longer than a hundred years'],
    ['2147483647', 'longer than a hundred years'],
    ['2147483648', '32 bits'],
    ['99999999999999999999', '32 bits'],
  ])('%s is refused: %s', (text, reason) => {
    expect(() => parseDays(text)).toThrow(UsageError);
    expect(() => parseDays(text)).toThrow(reason);
  });
});
