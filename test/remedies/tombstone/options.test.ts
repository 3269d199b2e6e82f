import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { type GivenFlags, parseDays, readOptions } from '../../../src/remedies/tombstone/options.ts';
import { noWaiting } from '../../support/fixed-world.ts';

describe('the number of --days', () => {
  test.each(['3', '36', '60', '180', '36500'])('%s is taken', (text) => {
    expect(parseDays(text)).toBe(Number(text));
  });

  test.each([
    ['abc', 'not a whole number'],
    ['', 'not a whole number'],
    ['1e9', 'not a whole number'],
    ['180.5', 'not a whole number'],
    ['180 days', 'not a whole number'],
    ['0x40', 'not a whole number'],
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

describe('flags', () => {
  const nothing: GivenFlags = {
    days: undefined,
    unset: false,
    'recycle-days': undefined,
    'strict-new-dcs': false,
    showrepl: [],
    evidence: undefined,
    accept: [],
  };

  const read = (given: GivenFlags) => readOptions(given, { currentFolder: '/', patience: noWaiting });

  test('without a lifetime leave it open, to be asked about', async () => {
    expect((await read(nothing)).lifetime).toEqual({ kind: 'open' });
  });

  test('that change something else leave the lifetime as it is', async () => {
    expect(await read({ ...nothing, 'recycle-days': '200' })).toMatchObject({
      lifetime: { kind: 'as-is' },
      recycleDays: 200,
    });
    expect((await read({ ...nothing, 'strict-new-dcs': true })).lifetime).toEqual({ kind: 'as-is' });
  });

  test('for the Recycle Bin fall under the same limits', async () => {
    await expect(read({ ...nothing, 'recycle-days': '2' })).rejects.toThrow('less than 3 days');
  });

  test('that set and remove the value at once are refused', async () => {
    await expect(read({ ...nothing, days: '180', unset: true })).rejects.toThrow('one sets the value');
  });

  test('that name a file which is not there are refused with its name', async () => {
    const given = { ...nothing, days: '180', showrepl: ['none.csv'] };
    await expect(read(given)).rejects.toMatchObject({ trouble: { on: 'none.csv' }, code: 'usage' });
  });
});
