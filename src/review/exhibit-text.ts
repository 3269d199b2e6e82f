/** Exhibits as lines of text, for the terminal and review.txt. */

import type { Exhibit, Mark } from '../change/exhibits.ts';
import { bar } from '../terminal/bar.ts';
import type { Style } from '../terminal/style.ts';
import { type Cell, table } from '../terminal/table.ts';
import { displayWidth, pad } from '../terminal/text-width.ts';
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

/** A row a bar. Bars give way to words down to ten columns, then words go on below themselves: none of them is cut. */
function* barLines({ rows: bars, limit, unit }: Of<'bars'>, { style, width }: ExhibitOptions): Generator<string> {
  const shares = bars.map(({ value }) => (value === undefined ? undefined : (100 * value) / limit));
  const percents = shares.map((share) =>
    share === undefined ? '' : share > 100 ? '> 100 %' : `${Math.floor(share)} %`,
  );
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => displayWidth(visible(text))));
  const [names, places] = [widest(bars.map(({ name }) => name)), widest(bars.map(({ place = '' }) => place))];
  const [percent, notes] = [widest(percents), widest(bars.map(({ note = '' }) => note))];
  // Two columns before each of the six, and the margin.
  const room = width - names - places - percent - notes - 12;
  const words = Math.min(widest(bars.map(({ text }) => text)), Math.max(leastWords, room - leastBar));
  const columns = room - words < leastBar ? 0 : Math.min(barWidth, room - words);
  const heading = `of ${limit.toLocaleString('en')} ${unit}`;
  yield ' '.repeat(4 + names + 2 + places + 2 + words) + style.dim(heading.padStart(columns + percent));
  for (const [index, { name, place = '', text, mark, note = '' }] of bars.entries()) {
    const paint = paintedBy(mark, style);
    const [first = '', ...more] = wrapped(visible(text), words, 0);
    const share = shares[index];
    const drawn = columns === 0 ? '' : `  ${share === undefined ? ' '.repeat(columns) : paint(bar(share, columns))}`;
    const left = `  ${pad(visible(name), names)}  ${pad(visible(place), places)}  ${pad(first, words)}`;
    const right = `  ${paint((percents[index] ?? '').padStart(percent))}  ${paint(visible(note))}`;
    yield (left + drawn + right).trimEnd();
    for (const line of more) yield ' '.repeat(6 + names + places) + line;
  }
}

const leastWords = 20;
const leastBar = 10;

function* histogramLines({ buckets, limits, unit }: Of<'histogram'>, options: ExhibitOptions): Generator<string> {
  const [first] = buckets;
  const step = first === undefined ? 1 : first.to - first.from + 1;
  const counts = new Map(buckets.map(({ from, count }) => [from, count]));
  const most = Math.max(1, ...counts.values());
  const startOf = (at: number): number => Math.floor(at / step) * step;
  const starts = [...new Set([...counts.keys(), ...limits.map(({ at }) => startOf(at))])].sort(
    (one, other) => one - other,
  );
  const lines = starts.map((start): readonly Cell[] => {
    const count = counts.get(start) ?? 0;
    const isAfterGap = start > 0 && !starts.includes(start - step);
    const marks = limits.filter(({ at }) => startOf(at) === start).map(({ at, text }) => `← ${at} ${unit}: ${text}`);
    return [
      `${isAfterGap ? '… ' : ''}${start} to ${start + step - 1} ${unit}`,
      bar((100 * count) / most, barWidth),
      count.toLocaleString('en'),
      { text: marks.join('  '), style: options.style.warning },
    ];
  });
  yield* rows(lines, [{ align: 'right' }, {}, { align: 'right' }, {}], options);
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
