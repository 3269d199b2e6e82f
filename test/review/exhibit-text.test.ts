import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MatrixExhibit, TreeExhibit } from '../../src/change/exhibits.ts';
import type { Canvas } from '../../src/review/exhibit-text.ts';
import { asciiSigns, createStyle, unicodeSigns } from '../../src/terminal/style.ts';
import { displayWidth } from '../../src/terminal/text-layout.ts';
import { barLines, histogramLines, matrixLines, propertyLines, remarkLines, treeLines } from './pictures.ts';

const wide: Canvas = { width: 80, style: createStyle(false) };
const narrow: Canvas = { width: 40, style: createStyle(false) };
const narrowAscii: Canvas = { width: 40, style: createStyle(false, asciiSigns) };

describe('a tree', () => {
  const tree: Omit<TreeExhibit, 'id' | 'kind'> = {
    title: 'To delete',
    nodes: [
      { depth: 0, text: 'CN=EX01', notes: ['referred to by CN=Smtp (msExchHomeServerName)'] },
      { depth: 1, text: 'CN=InformationStore', notes: [] },
      { depth: 2, text: 'CN=First Storage Group', notes: ['2 references'] },
      { depth: 1, text: 'CN=Protocols', notes: ['protocol settings'] },
      { depth: 2, text: 'CN=HTTP', notes: [] },
      { depth: 2, text: 'CN=SMTP', notes: [] },
    ],
  };

  test('joins children to their parents, with notes below', () => {
    expect([...treeLines(tree, wide)]).toEqual([
      'To delete',
      'CN=EX01',
      '│  ← referred to by CN=Smtp (msExchHomeServerName)',
      '├─ CN=InformationStore',
      '│  └─ CN=First Storage Group',
      '│        ← 2 references',
      '└─ CN=Protocols',
      '   │  ← protocol settings',
      '   ├─ CN=HTTP',
      '   └─ CN=SMTP',
    ]);
  });

  test('wraps its texts at 40 columns, here in ASCII', () => {
    expect([...treeLines(tree, narrowAscii)].slice(0, 5)).toEqual([
      'To delete',
      'CN=EX01',
      '|  <- referred to by CN=Smtp',
      '|    (msExchHomeServerName)',
      '+- CN=InformationStore',
    ]);
  });

  test('leaves half of the width to the texts, however deep it is', () => {
    const nodes = Array.from({ length: 20 }, (_, depth) => ({ depth, text: 'CN=x', notes: [] }));
    expect([...treeLines({ title: '', nodes }, narrow)].at(-1)).toBe(`${' '.repeat(18)}└CN=x`);
    expect([...treeLines({ title: '', nodes: nodes.slice(0, 9) }, narrow)].at(-1)).toBe(`${' '.repeat(14)}└ CN=x`);
  });

  test('draws several roots', () => {
    const roots = ['CN=EX01', 'CN=EX02'].map((text) => ({ depth: 0, text, notes: [] }));
    expect([...treeLines({ title: '', nodes: roots }, wide)]).toEqual(['CN=EX01', 'CN=EX02']);
  });
});

describe('a matrix', () => {
  const matrix: Omit<MatrixExhibit, 'id' | 'kind'> = {
    title: 'Replication by partition',
    columns: ['Schema', 'Configuration', 'corp.example.com'],
    rows: [
      {
        name: 'DC1',
        cells: [{ text: '2 minutes' }, { text: '47 days', mark: 'watch' }, { text: '71 days', mark: 'bad' }],
      },
      { name: 'DC2', cells: [{ text: 'not held', mark: 'unknown' }, { text: '1 hour' }] },
    ],
  };

  test('is a table if it fits', () => {
    expect([...matrixLines(matrix, wide)]).toEqual([
      'Replication by partition',
      '     Schema     Configuration  corp.example.com',
      'DC1  2 minutes  47 days !      71 days !!',
      'DC2  not held   1 hour',
      '! watch  !! critical',
    ]);
  });

  test('is a paragraph for each row at 40 columns', () => {
    expect([...matrixLines(matrix, narrow)]).toEqual([
      'Replication by partition',
      'DC1',
      '  Schema            2 minutes',
      '  Configuration     47 days !',
      '  corp.example.com  71 days !!',
      'DC2',
      '  Schema            not held',
      '  Configuration     1 hour',
      '  corp.example.com',
      '! watch  !! critical',
    ]);
  });

  test('explains only the signs that it shows', () => {
    const plain = { ...matrix, rows: [{ name: 'DC2', cells: [{ text: '1 hour' }] }] };
    expect([...matrixLines(plain, wide)].at(-1)).toBe('DC2  1 hour');
  });
});

describe('properties', () => {
  const rows = [
    {
      name: 'tombstoneLifetime',
      value: '60 days',
      note: 'not set: forests made before 2003 SP1 have 60 days in force',
    },
    { name: 'Recycle Bin', value: 'off' },
  ];

  test('have their notes behind them', () => {
    expect([...propertyLines({ title: '', rows }, wide)]).toEqual([
      'tombstoneLifetime  60 days  not set: forests made before 2003 SP1 have 60 days',
      '                            in force',
      'Recycle Bin        off',
    ]);
  });

  test('have their notes below them at 40 columns', () => {
    expect([...propertyLines({ title: '', rows }, narrow)]).toEqual([
      'tombstoneLifetime  60 days',
      '                   not set: forests made',
      '                   before 2003 SP1 have',
      '                   60 days in force',
      'Recycle Bin        off',
    ]);
  });
});

test('a remark is wrapped and has the colour of its mark', () => {
  const style = createStyle(true);
  const rows = [{ text: 'DC4 does not answer', mark: 'bad' as const }, { text: 'All other DCs do' }];
  expect([...remarkLines({ title: '', rows }, { width: 80, style })]).toEqual([
    style.blocker('DC4 does not answer'),
    'All other DCs do',
  ]);
});

test('no picture is wider than its space', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'é', '日'), minLength: 1, maxLength: 5 });
  const text = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(' '));
  const mark = fc.constantFrom('good', 'watch', 'bad', 'unknown');
  const value = fc.option(fc.nat({ max: 100 }), { nil: undefined });
  const facts = fc.record({
    width: fc.integer({ min: 40, max: 120 }),
    signs: fc.constantFrom(unicodeSigns, asciiSigns),
    title: text,
    rows: fc.array(fc.record({ name: word, place: word, text, value, mark, note: text }), { maxLength: 5 }),
    limit: fc.integer({ min: 1, max: 60 }),
  });
  fc.assert(
    fc.property(facts, ({ width, signs, title, rows, limit }) => {
      const canvas = { width, style: createStyle(false, signs) };
      const known = rows.map(({ value: known, ...row }) => (known === undefined ? row : { ...row, value: known }));
      const lines = [
        ...barLines({ title, unit: 'days', limit, rows: known }, canvas),
        ...histogramLines(
          {
            title,
            unit: 'days',
            buckets: rows.map(({ value: count = 0 }, index) => ({ from: index * 20, to: index * 20 + 9, count })),
            limits: rows.map((row, index) => ({ at: index * 7, text: row.note })),
          },
          canvas,
        ),
        ...treeLines(
          { title, nodes: rows.map((row, depth) => ({ depth, text: row.text, notes: [row.note] })) },
          canvas,
        ),
        ...matrixLines(
          { title, columns: rows.map(({ place }) => place), rows: rows.map(({ name }) => ({ name, cells: rows })) },
          canvas,
        ),
        ...propertyLines(
          { title, rows: rows.map(({ name, text: given, note }) => ({ name, value: given, note })) },
          canvas,
        ),
        ...remarkLines({ title, rows }, canvas),
      ];
      expect(lines.filter((line) => displayWidth(line) > width)).toEqual([]);
      expect(lines.length).toBeGreaterThan(0);
    }),
  );
});
