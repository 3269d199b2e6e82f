import { expect, test } from 'vitest';
import { createStyle } from '../../src/terminal/style.ts';
import { table } from '../../src/terminal/text-layout.ts';

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

test('where the whole does not fit, the widest column gives way and its cells wrap: nothing is cut', () => {
  const rows = [
    ['DC', 'Oldest news of the others', 'Roles'],
    ['DC4', 'does not answer: no route to host', 'PDC'],
  ];
  expect(table(rows, [{}, {}, {}], 30)).toEqual([
    'DC   Oldest news of the  Roles',
    '     others',
    'DC4  does not answer:    PDC',
    '     no route to host',
  ]);
});

test('a column of numbers wraps its heading at the right', () => {
  const rows = [
    ['DC', 'Failures in a row'],
    ['DC1', '6,812'],
  ];
  expect(table(rows, [{}, { align: 'right' }], 16)).toEqual([
    'DC   Failures in',
    '           a row',
    'DC1        6,812',
  ]);
});

test('a word is broken only where no column has room left', () => {
  expect(table([['dc1', 'corp.example.com', 'of the forest']], [{}, {}, {}], 31)).toEqual([
    'dc1  corp.example.com  of the',
    '                       forest',
  ]);
  expect(table([['dc1', 'corp.example.com']], [{}, {}], 13)).toEqual(['dc1  corp.exa', '     mple.com']);
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

test('no column is squeezed to nothing', () => {
  expect(table([['ab', 'gh']], [{}, {}], 4)).toEqual(['a  g', 'b  h']);
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
