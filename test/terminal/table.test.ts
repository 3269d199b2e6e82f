import { expect, test } from 'vitest';
import { asciiSigns, createStyle } from '../../src/terminal/style.ts';
import { table } from '../../src/terminal/table.ts';
import { displayWidth } from '../../src/terminal/text-width.ts';

test('columns are as wide as their widest cell, in any script', () => {
  expect(
    table(
      [
        ['de', 'E-Mail-Adresse:', '12'],
        ['ja', '電子メール アドレス:', '3'],
        ['th', 'ที่อยู่อีเมล:', '140'],
      ],
      [{}, {}, { align: 'right' }],
      80,
    ),
  ).toEqual(['de  E-Mail-Adresse:        12', 'ja  電子メール アドレス:    3', 'th  ที่อยู่อีเมล:              140']);
});

test('a cell longer than its column may be is cut', () => {
  expect(table([['a-long-name', 'x']], [{ maxWidth: 6 }, {}], 80)).toEqual(['a-lon…  x']);
});

test('where the whole does not fit, the widest column gives way', () => {
  const rows = [['DC1', 'CN=Configuration,DC=corp,DC=example,DC=com', 'ok']];
  const [line] = table(rows, [{}, {}, {}], 30);
  expect(line).toBe('DC1  CN=Configuration,DC=…  ok');
  expect(displayWidth(line ?? '')).toBeLessThanOrEqual(30);
});

test('the last column wraps', () => {
  const rows = [
    ['dc1', 'has it', '180, written on DC1 at 2026-11-22T11:57:09.000Z'],
    ['dc2', 'not yet', '60'],
  ];
  expect(table(rows, [{}, {}, {}], 38)).toEqual([
    'dc1  has it   180, written on DC1 at',
    '              2026-11-22T11:57:09.000Z',
    'dc2  not yet  60',
  ]);
});

test('the last column is cut where it would be but a ladder of words', () => {
  expect(table([['dc1', 'written on DC1 at noon']], [{}, {}], 20)).toEqual(['dc1  written on DC1…']);
});

test('no column is squeezed to nothing', () => {
  expect(table([['abcdef', 'ghijkl']], [{}, {}], 6)).toEqual(['a…  g…']);
});

test('a style colours the text, not the space around it', () => {
  const { blocker, note } = createStyle(true);
  const [line] = table(
    [
      [{ text: 'ab', style: note }, 'c'],
      ['abcd', { text: 'd', style: blocker }],
    ],
    [{}, {}],
    80,
  );
  expect(line).toBe('\x1b[36mab\x1b[39m    c');
});

test('control characters in cells are made visible', () => {
  expect(table([['a\x1b[2J', 'b']], [{}, {}], 80)).toEqual(['a<U+001B>[2J  b']);
});

test('a missing cell is an empty one', () => {
  expect(table([['a'], ['b', 'c']], [{}, {}], 80)).toEqual(['a', 'b  c']);
});

test('cuts with the ellipsis of the terminal', () => {
  expect(table([['corp.example.com', 'DC1']], [{}, {}], 15, asciiSigns)).toEqual(['corp.ex...  DC1']);
});
