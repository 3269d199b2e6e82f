import { describe, expect, test } from 'vitest';
import type { BarsExhibit, HistogramExhibit } from '../../src/change/exhibits.ts';
import { bar } from '../../src/terminal/progress.ts';
import { asciiSigns, createStyle } from '../../src/terminal/style.ts';
import { barLines, histogramLines } from './pictures.ts';

test.each([
  [0, '                    '],
  [0.001, '▏                   '],
  [50, '██████████          '],
  [78.3, '███████████████▋    '],
  [99.9, '███████████████████▉'],
  [100, '████████████████████'],
  [340, '████████████████████'],
  [-5, '                    '],
])('%d %% is an eighth-exact bar of constant width', (percent, expected) => {
  expect(bar(percent, 20)).toBe(expected);
});

test.each([
  [0, '....................'],
  [0.001, '#...................'],
  [50, '##########..........'],
  [78.3, '################....'],
  [99.9, '###################.'],
  [100, '####################'],
])('%d %% is a bar of whole columns in ASCII', (percent, expected) => {
  expect(bar(percent, 20, asciiSigns)).toBe(expected.replaceAll('.', ' '));
});

const unicode = createStyle(false);
const ascii = createStyle(false, asciiSigns);

describe('bars against a limit', () => {
  const bars: Omit<BarsExhibit, 'id' | 'kind'> = {
    title: 'Replication',
    unit: 'days',
    limit: 60,
    rows: [
      { name: 'DC1', place: 'Amsterdam', text: '2 minutes', value: 0.001, mark: 'good' },
      { name: 'DC3', place: 'Utrecht', text: '47 days', value: 47, mark: 'watch' },
      {
        name: 'DC4',
        place: 'Paramaribo',
        text: 'cut off: does not answer; last heard of 71 days ago',
        value: 71,
        mark: 'bad',
      },
      { name: 'RODC5', text: 'not known', mark: 'unknown', note: 'read-only: nothing replicates from it' },
    ],
  };

  test('are a table at 80 columns', () => {
    expect([...barLines(bars, { width: 80, style: unicode })]).toEqual([
      'Replication                                          of 60 days',
      'DC1    Amsterdam   2 minutes  ▏                             0 %',
      'DC3    Utrecht     47 days    ██████████████████▊          78 %  watch',
      'DC4    Paramaribo  cut off: does not answer; last       > 100 %',
      '                   heard of 71 days ago',
      'RODC5              not known',
      '                   read-only: nothing replicates from it',
    ]);
  });

  test('set names on a line of their own at 40 columns', () => {
    expect([...barLines(bars, { width: 40, style: unicode })]).toEqual([
      'Replication            of 60 days',
      'DC1  Amsterdam',
      '  2 minutes  ▏                0 %',
      'DC3  Utrecht',
      '  47 days    ████████▋       78 %  watch',
      'DC4  Paramaribo',
      '  cut off: does not       > 100 %',
      '  answer; last heard of',
      '  71 days ago',
      'RODC5',
      '  not known',
      '  read-only: nothing replicates from it',
    ]);
  });

  test('show a short note behind the percentage, in place of the mark', () => {
    const rows = bars.rows.map((row) => ({ ...row, note: row.mark === 'bad' ? 'past lifetime' : 'on watch' }));
    expect([...barLines({ ...bars, rows }, { width: 80, style: unicode })].slice(2, 4)).toEqual([
      'DC3    Utrecht     47 days    ██████████████████▊          78 %  on watch',
      'DC4    Paramaribo  cut off: does not answer; last       > 100 %  past lifetime',
    ]);
  });

  test('show in ASCII', () => {
    const lines = [...barLines(bars, { width: 40, style: ascii })];
    expect(lines[4]).toBe('  47 days    #########       78 %  watch');
    expect(lines.join('')).toMatch(/^[ -~]+$/);
  });

  test('show a percentage rounded down, so that 100 % means the limit', () => {
    const percents = [0, 0.57, 59.99, 60, 60.01].map((value) => {
      const rows = [{ name: 'DC1', text: 'x', value, mark: 'good' as const }];
      return [...barLines({ ...bars, rows }, { width: 80, style: unicode })][1]?.slice(-7).trim();
    });
    expect(percents).toEqual(['0 %', '0 %', '99 %', '100 %', '> 100 %']);
  });

  test('colour the bar by its mark', () => {
    const style = createStyle(true);
    const lines = [...barLines(bars, { width: 80, style })];
    expect(lines[2]).toContain(style.warning('██████████████████▊          78 %  watch'));
    expect(lines[1]).not.toContain('\x1b');
  });

  test('show control characters of names', () => {
    const rows = [{ name: 'DC\x1b[2J', text: '1 day', value: 1, mark: 'good' as const }];
    expect([...barLines({ ...bars, rows }, { width: 80, style: unicode })].join('')).toContain('DC<U+001B>[2J');
  });
});

describe('a histogram', () => {
  const histogram: Omit<HistogramExhibit, 'id' | 'kind'> = {
    title: 'Deleted objects by age in days',
    unit: 'days',
    buckets: [
      { from: 0, to: 29, count: 1204 },
      { from: 30, to: 59, count: 310 },
      { from: 60, to: 89, count: 2 },
      { from: 150, to: 179, count: 0 },
    ],
    limits: [
      { at: 60, text: 'in force today' },
      { at: 180, text: 'the new limit' },
    ],
  };

  test('notes limits at their range, or on a line of their own', () => {
    expect([...histogramLines(histogram, { width: 80, style: unicode })]).toEqual([
      'Deleted objects by age in days',
      '     0–29  1,204  ██████████████████████████████',
      '    30–59    310  ███████▊',
      '    60–89      2  ▏  ← 60 days: in force today',
      '… 150–179      0',
      '      180           ← 180 days: the new limit',
    ]);
  });

  test('notes limits below their range at 40 columns, here in ASCII', () => {
    expect([...histogramLines(histogram, { width: 40, style: ascii })]).toEqual([
      'Deleted objects by age in days',
      '       0-29  1,204  ####################',
      '      30-59    310  #####',
      '      60-89      2  #',
      '             <- 60 days: in force today',
      '... 150-179      0',
      '        180',
      '             <- 180 days: the new limit',
    ]);
  });

  test('has no bars without any count', () => {
    const empty = { ...histogram, buckets: [{ from: 0, to: 0, count: 0 }], limits: [] };
    expect([...histogramLines(empty, { width: 80, style: unicode })]).toEqual([
      'Deleted objects by age in days',
      '0  0',
    ]);
  });
});
