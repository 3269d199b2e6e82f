/** Pictures with more rows than a call takes arguments: a plan that was handed over may hold them. */

import { expect, test } from 'vitest';
import type { Exhibit } from '../../src/change/exhibits.ts';
import { exhibitHtml } from '../../src/review/exhibit-html.ts';
import { exhibitLines } from '../../src/review/exhibit-text.ts';
import { createStyle } from '../../src/terminal/style.ts';

const rows = <T>(row: T): readonly T[] => Array.from({ length: 150_000 }, () => row);
const head = { id: 'many', title: 'Many' } as const;
const exhibits: readonly Exhibit[] = [
  { ...head, kind: 'properties', rows: rows({ name: 'a', value: 'b' }) },
  { ...head, kind: 'table', columns: [{ heading: 'a' }], groups: [{ heading: '', rows: rows({ cells: ['b'] }) }] },
  { ...head, kind: 'bars', unit: 'days', limit: 1, rows: rows({ name: 'a', text: 'b', value: 1, mark: 'good' }) },
  { ...head, kind: 'histogram', unit: 'days', buckets: rows({ from: 0, to: 1, count: 1 }), limits: [] },
  { ...head, kind: 'tree', nodes: rows({ depth: 1, text: 'a', notes: [] }) },
  { ...head, kind: 'matrix', columns: ['a'], rows: rows({ name: 'b', cells: [{ text: 'c' }] }) },
];

test.each(exhibits)('$kind is drawn with 150,000 rows', (exhibit) => {
  let lines = 0;
  for (const _ of exhibitLines(exhibit, { style: createStyle(false), width: 100 })) lines += 1;
  for (const _ of exhibitHtml(exhibit)) lines += 1;
  expect(lines).toBeGreaterThan(150_000);
});
