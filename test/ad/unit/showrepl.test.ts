import { describe, expect, test } from 'vitest';
import { parseShowrepl, showreplArgument } from '../../../src/ad/showrepl.ts';
import { UsageError } from '../../../src/errors.ts';

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
        lastAttempt: new Date('2026-11-22T07:15:00Z'),
        lastResult: 8614,
        consecutiveFailures: 12,
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

  test.each([
    ['C:\\showrepl.csv', 'C:\\showrepl.csv', undefined],
    ['f.csv=+01:00', 'f.csv', 60],
    ['f.csv=-03:30', 'f.csv', -210],
    ['a=b.csv', 'a=b.csv', undefined],
  ])('%s names the file %s with the offset %s', (argument, file, offset) => {
    expect(showreplArgument(argument)).toEqual({ file, offset });
  });
});
