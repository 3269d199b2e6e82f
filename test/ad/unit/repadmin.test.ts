import { describe, expect, test } from 'vitest';
import { differencesFrom, parseShowrepl, type ShowreplLink, showreplArgument } from '../../../src/ad/repadmin.ts';
import { UsageError } from '../../../src/errors.ts';
import { answering, configuration, daysAgo, dc, link } from '../../remedies/tombstone/support/facts.ts';

const heading =
  'showrepl_COLUMNS,Destination DSA Site,Destination DSA,Naming Context,Source DSA Site,Source DSA,Transport Type,Number of Failures,Last Failure Time,Last Success Time,Last Failure Status';
const row =
  'showrepl_INFO,Paramaribo,DC4,"CN=Configuration,DC=corp,DC=example,DC=com",Amsterdam,DC1,RPC,12,2026-11-22 08:15:00,2026-09-12 10:00:00,8614';

describe('a file of repadmin /showrepl * /csv', () => {
  test('gives each inbound link, its times moved to UTC by the zone of the computer that ran it', () => {
    expect(parseShowrepl([heading, row, ''].join('\r\n'), 60, 'f.csv')).toEqual([
      {
        destination: 'DC4',
        source: 'DC1',
        namingContext: 'CN=Configuration,DC=corp,DC=example,DC=com',
        lastSuccess: new Date('2026-09-12T09:00:00Z'),
        lastResult: 8614,
        consecutiveFailures: 12,
        laterBy: 0,
      },
    ]);
  });

  test('without a zone has each time 14 hours older than it reads', () => {
    const [link] = parseShowrepl([heading, row].join('\n'), undefined, 'f.csv');
    expect(link?.lastSuccess).toEqual(new Date('2026-09-11T20:00:00Z'));
  });

  test('takes columns in any order, and 0 for never', () => {
    const columns = heading.split(',');
    const cells = ['showrepl_INFO', 'S', 'DC1', 'DC=x', 'S', 'DC2', 'RPC', '0', '0', '0', '0'];
    const reversed = (all: readonly string[]) => [all[0], ...all.slice(1).reverse()].join(',');
    const [link] = parseShowrepl([reversed(columns), reversed(cells)].join('\n'), 0, 'f.csv');
    expect(link).toMatchObject({ destination: 'DC1', source: 'DC2', lastSuccess: 'never', lastResult: 0 });
  });

  test('says nothing of the links of a DC that repadmin could not reach', () => {
    expect(parseShowrepl([heading, 'showrepl_ERROR,,DC9,,,,,,,,1722'].join('\n'), 0, 'f.csv')).toEqual([]);
  });

  test.each([
    ['', 'does not begin with showrepl_COLUMNS'],
    [heading.replace('Source DSA,', 'Quell-DSA,'), 'no column named "Source DSA"'],
    [
      [heading, row.replace('2026-09-12 10:00:00', '12.09.2026 10:00')].join('\n'),
      'line 2: Last Success Time is "12.09.2026 10:00"',
    ],
    [[heading, row.replace(',12,', ',many,')].join('\n'), 'line 2: Number of Failures is "many"'],
    [[heading, 'nonsense'].join('\n'), 'line 2: it begins with "nonsense"'],
  ])('%j is refused: %s', (text, reason) => {
    expect(() => parseShowrepl(text, 0, 'f.csv')).toThrow(UsageError);
    expect(() => parseShowrepl(text, 0, 'f.csv')).toThrow(reason);
  });

  test.each(['+99:99', '+14:01', '-15:00', '+01:60', '+1:00', '+0100'])(
    'the zone %s is refused, as none is so',
    (zone) => {
      expect(() => showreplArgument(`f.csv=${zone}`)).toThrow(`${zone} is not the offset of a time zone`);
    },
  );

  test.each([
    ['C:\\showrepl.csv', 'C:\\showrepl.csv', undefined],
    ['f.csv=+01:00', 'f.csv', 60],
    ['f.csv=-03:30', 'f.csv', -210],
    ['f.csv=+14:00', 'f.csv', 840],
    ['f.csv=-14:00', 'f.csv', -840],
    ['a=b.csv', 'a=b.csv', undefined],
  ])('%s names the file %s with the offset %s', (argument, file, offset) => {
    expect(showreplArgument(argument)).toEqual({ file, offset });
  });
});

describe('a file and a DC that was asked', () => {
  const hoursAgo = (count: number): Date => daysAgo(count / 24);
  const onDc = [link(2, configuration, 0)];
  const states = [answering(dc(1), onDc), answering(dc(2), [])];
  const inFile: ShowreplLink = {
    destination: 'DC1',
    source: 'DC2',
    namingContext: configuration,
    lastSuccess: daysAgo(0),
    lastResult: 0,
    consecutiveFailures: 0,
    laterBy: 0,
  };
  const where = `DC1 from DC2, ${configuration}`;

  test('that show the same do not differ', () => {
    expect(differencesFrom(states, [inFile])).toEqual([]);
  });

  test('differ in a result, in failures in a row and in the time of the last success', () => {
    const other = {
      ...inFile,
      lastResult: 1722,
      consecutiveFailures: 9,
      lastSuccess: new Date('2026-11-20T09:00:00Z'),
    };
    expect(differencesFrom(states, [other])).toEqual([
      `${where}: result 1722 in the file, 0 on the DC; failures in a row 9 in the file, 0 on the DC; last success 2026-11-20T09:00:00.000Z in the file, ${daysAgo(0).toISOString()} on the DC`,
    ]);
  });

  test('differ in links that only one of the two has', () => {
    const further = { ...inFile, source: 'DC9' };
    expect(differencesFrom(states, [further])).toEqual([
      `${where}: on the DC only`,
      `DC1 from DC9, ${configuration}: in the file only`,
    ]);
  });

  test('are compared only where the file shows the DC', () => {
    expect(differencesFrom(states, [{ ...inFile, destination: 'DC9' }])).toEqual([]);
  });

  test('do not differ in a time that the unknown zone of the file explains', () => {
    const widened = { ...inFile, lastSuccess: hoursAgo(26), laterBy: 26 * 3_600_000 };
    expect(differencesFrom(states, [widened])).toEqual([]);
    expect(differencesFrom(states, [{ ...widened, lastSuccess: hoursAgo(27) }])).toHaveLength(1);
  });
});
