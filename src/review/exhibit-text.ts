/** Exhibits as lines of text, for the terminal and review.txt. */

import type { Exhibit, Mark } from '../change/exhibits.ts';
import { bar } from '../terminal/bar.ts';
import type { Style } from '../terminal/style.ts';
import { type Cell, table } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';
import { wrapped } from '../terminal/wrapped.ts';

export interface ExhibitOptions {
  readonly style: Style;
  /** In columns. */
  readonly width: number;
}

/** One exhibit, set in by two columns. */
export function* exhibitLines(exhibit: Exhibit, options: ExhibitOptions): Generator<string> {
  if (exhibit.title !== '') yield `  ${options.style.bold(visible(exhibit.title))}`;
  yield* bodyOf(exhibit, options);
}

function* bodyOf(exhibit: Exhibit, options: ExhibitOptions): Generator<string> {
  const { style, width } = options;
  switch (exhibit.kind) {
    case 'remarks':
      for (const { text, mark } of exhibit.rows) yield* wrapped(`  ${paintedBy(mark, style)(visible(text))}`, width, 4);
      return;
    case 'properties':
      return yield* propertyLines(exhibit.rows, options);
    case 'table':
      return yield* tableLines(exhibit, options);
    case 'bars':
      return yield* barLines(exhibit, options);
    case 'histogram':
      return yield* histogramLines(exhibit, options);
    case 'tree':
      return yield* treeLines(exhibit, options);
    case 'matrix':
      return yield* matrixLines(exhibit, options);
  }
}

type Of<K extends Exhibit['kind']> = Extract<Exhibit, { kind: K }>;

function rows(
  cells: readonly (readonly Cell[])[],
  columns: Parameters<typeof table>[1],
  { width }: ExhibitOptions,
): readonly string[] {
  return table(cells, columns, width - 2).map((line) => `  ${line}`);
}

function* tableLines({ columns, groups }: Of<'table'>, options: ExhibitOptions): Generator<string> {
  const { style, width } = options;
  const heading = columns.map(({ heading: text }): Cell => ({ text, style: style.dim }));
  const layout = columns.map(({ align }) => ({ maxWidth: width, ...(align === undefined ? {} : { align }) }));
  const all = groups.flatMap((group) =>
    group.rows.map(({ cells, mark }) => cells.map((text): Cell => ({ text, style: paintedBy(mark, style) }))),
  );
  const [first = '', ...lines] = rows([heading, ...all], layout, options);
  const left = lines.values();
  yield first;
  for (const group of groups) {
    if (group.heading !== '') yield* wrapped(`  ${style.bold(visible(group.heading))}`, width, 4);
    for (const { details = [] } of group.rows) {
      yield left.next().value ?? '';
      for (const detail of details) yield* wrapped(`      ${style.dim(visible(detail))}`, width, 8);
    }
  }
}

function* barLines({ rows: bars, limit }: Of<'bars'>, options: ExhibitOptions): Generator<string> {
  const { style } = options;
  const lines = bars.map(({ name, place = '', text, value, mark, note = '' }): readonly Cell[] => [
    name,
    place,
    text,
    value === undefined ? '' : bar((100 * value) / limit, barWidth),
    { text: value === undefined ? '' : `${Math.round((100 * value) / limit)} %`, style: paintedBy(mark, style) },
    { text: note, style: style.dim },
  ]);
  yield* rows(lines, [{}, {}, {}, {}, { align: 'right' }, {}], options);
}

function* histogramLines({ buckets, limits, unit }: Of<'histogram'>, options: ExhibitOptions): Generator<string> {
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  const lines = buckets.map(({ from, to, count }) => [
    `${from} to ${to} ${unit}`,
    bar((100 * count) / most, barWidth),
    count.toLocaleString('en'),
  ]);
  yield* rows(lines, [{ align: 'right' }, {}, { align: 'right' }], options);
  for (const { at, text } of limits) yield `  ${options.style.dim(visible(`${text}: ${at} ${unit}`))}`;
}

function* treeLines({ nodes }: Of<'tree'>, { style, width }: ExhibitOptions): Generator<string> {
  for (const { depth, text, notes } of nodes) {
    const indent = 2 + 2 * depth;
    yield* wrapped(' '.repeat(indent) + visible(text), width, indent + 2);
    for (const note of notes) yield* wrapped(' '.repeat(indent + 4) + style.dim(visible(note)), width, indent + 6);
  }
}

function* matrixLines({ columns, rows: all }: Of<'matrix'>, options: ExhibitOptions): Generator<string> {
  const { style } = options;
  const heading = ['', ...columns].map((text): Cell => ({ text, style: style.dim }));
  const lines = all.map(({ name, cells }): readonly Cell[] => [
    name,
    ...cells.map(({ text, mark }): Cell => ({ text, style: paintedBy(mark, style) })),
  ]);
  yield* rows([heading, ...lines], [{}, ...columns.map(() => ({}))], options);
}

const barWidth = 20;

/** Names with their values, in two columns. */
export function* propertyLines(
  properties: readonly { readonly name: string; readonly value: string; readonly note?: string }[],
  { style, width }: ExhibitOptions,
): Generator<string> {
  const column = Math.max(0, ...properties.map(({ name }) => name.length));
  for (const { name, value, note } of properties) {
    const remark = note === undefined || note === '' ? '' : `  ${style.dim(visible(note))}`;
    yield* wrapped(`  ${visible(name.padEnd(column))}  ${visible(value)}${remark}`, width, column + 4);
  }
}

function paintedBy(mark: Mark | undefined, style: Style): (text: string) => string {
  switch (mark) {
    case 'good':
      return style.added;
    case 'watch':
    case 'unknown':
      return style.warning;
    case 'bad':
      return style.blocker;
    case undefined:
      return (text) => text;
  }
}
