/** Exhibits as lines of text, readable in ASCII too, for the terminal and review.txt. */

import type {
  BarsExhibit,
  Exhibit,
  HistogramExhibit,
  Mark,
  MatrixExhibit,
  PropertiesExhibit,
  RemarksExhibit,
  TableExhibit,
  TreeExhibit,
} from '../change/exhibits.ts';
import { bar } from '../terminal/progress.ts';
import type { Signs, Style } from '../terminal/style.ts';
import { displayWidth, largest, pad, table, tableRows, visible, wrapped } from '../terminal/text-layout.ts';

/** The space for a picture; no line is wider, except for a word that can't be broken. */
export interface Canvas {
  /** In columns. */
  readonly width: number;
  readonly style: Style;
}

interface ExhibitOptions extends Canvas {
  /** The columns of the terminal, which tables are fitted to. Left out for a file or a pipe, where every cell is one line. */
  readonly columns?: number | undefined;
}

const margin = '  ';

/** One exhibit, set in by two columns. */
export function* exhibitLines(exhibit: Exhibit, { style, width, columns }: ExhibitOptions): Generator<string> {
  const canvas = { style, width: width - margin.length };
  const uncut = { style, width: (columns ?? Number.POSITIVE_INFINITY) - margin.length };
  for (const line of pictureLines(exhibit, canvas, uncut)) yield (margin + line).trimEnd();
}

/** One exhibit from the margin on; its table or matrix on the uncut canvas. */
export function pictureLines(exhibit: Exhibit, canvas: Canvas, uncut = canvas): Iterable<string> {
  switch (exhibit.kind) {
    case 'remarks':
      return remarkLines(exhibit, canvas);
    case 'properties':
      return propertyLines(exhibit, canvas);
    case 'table':
      return tableLines(exhibit, canvas, uncut);
    case 'bars':
      return barLines(exhibit, canvas);
    case 'histogram':
      return histogramLines(exhibit, canvas);
    case 'tree':
      return treeLines(exhibit, canvas);
    case 'matrix':
      return matrixLines(exhibit, uncut);
  }
}

/** Names with their values, each value a line in a file; a note that does not fit behind its value goes below it. */
export function* headLines(
  rows: PropertiesExhibit['rows'],
  { style, width, columns = Number.POSITIVE_INFINITY }: ExhibitOptions,
): Generator<string> {
  const names = widest(rows.map(({ name }) => name));
  const indent = names + 2 * margin.length;
  for (const { name, value, note = '' } of rows) {
    const line = `${margin}${pad(visible(name), names)}${gap}${visible(value)}`;
    const isBeside = displayWidth(line + gap + visible(note)) <= width;
    const remark = style.dim(visible(note));
    yield* wrapped(note !== '' && isBeside ? line + gap + remark : line, columns, indent);
    if (note !== '' && !isBeside) yield* wrapped(' '.repeat(indent) + remark, columns, indent);
  }
}

function* tableLines({ title, columns, groups }: TableExhibit, canvas: Canvas, uncut: Canvas): Generator<string> {
  const { style, width } = canvas;
  const head = columns.map(({ heading: text }) => ({ text, style: style.dim }));
  const cells = groups.flatMap((group) =>
    group.rows.map((row) => row.cells.map((text) => ({ text, style: paintOf(style, row.mark) }))),
  );
  // One table, so that all groups have the same columns.
  const [first = [], ...rows] = tableRows([head, ...cells], columns, uncut.width);
  const left = rows.values();
  yield* titleLines(title, canvas);
  if (columns.some(({ heading }) => heading !== '')) yield* first;
  for (const group of groups) {
    if (group.heading !== '') yield* wrapped(style.bold(visible(group.heading)), width, 2);
    for (const { details = [] } of group.rows) {
      yield* left.next().value ?? [];
      for (const detail of details) yield* wrapped(`    ${style.dim(visible(detail))}`, width, 6);
    }
  }
}

function* titleLines(title: string, canvas: Canvas): Generator<string> {
  if (title !== '') yield* paragraph(title, 0, canvas, canvas.style.bold);
}

/** The text in lines of at most this many columns, below each other from the margin on. */
function paragraph(text: string, margin: number, { width, style }: Canvas, paint = style.dim): readonly string[] {
  const room = Math.max(1, width - margin);
  return wrapped(visible(text), room, 0).map((line) => ' '.repeat(margin) + paint(line));
}

const gap = '  ';

const paintOf = ({ blocker, dim, warning }: Style, mark: Mark | undefined): ((text: string) => string) =>
  mark === undefined || mark === 'good' ? (text) => text : { watch: warning, bad: blocker, unknown: dim }[mark];

const widest = (texts: readonly string[]): number =>
  largest(
    0,
    texts.map((text) => displayWidth(visible(text))),
  );

/** Sentences, with the colour of their mark. */
function* remarkLines({ title, rows }: RemarksExhibit, canvas: Canvas): Generator<string> {
  yield* titleLines(title, canvas);
  for (const { text, mark } of rows) {
    const paint = paintOf(canvas.style, mark);
    for (const line of wrapped(visible(text), canvas.width, 2)) yield paint(line);
  }
}

/** Names with their values, and a note behind each value. */
function* propertyLines({ title, rows }: PropertiesExhibit, canvas: Canvas): Generator<string> {
  const { width, style } = canvas;
  yield* titleLines(title, canvas);
  const names = widest(rows.map(({ name }) => name));
  const values = widest(rows.map(({ value }) => value));
  const margin = names + 2 + values + 2;
  // Where a note would have less than 20 columns, it goes below its value.
  const isWide = width - margin >= 20;
  for (const { name, value, note = '' } of rows) {
    const [first = '', ...more] = isWide && note !== '' ? wrapped(visible(note), width - margin, 0) : [];
    const room = Math.max(1, width - names - 2);
    const [line = '', ...rest] = wrapped(visible(value), room, 0);
    const shown = `${pad(visible(name), names)}${gap}${line}`;
    yield first === '' ? shown.trimEnd() : pad(shown, margin) + style.dim(first);
    for (const next of rest) yield ' '.repeat(names + 2) + next;
    for (const next of more) yield ' '.repeat(margin) + style.dim(next);
    if (!isWide && note !== '') yield* paragraph(note, names + 2, canvas);
  }
}

/** The columns of one level: fewer in a deep tree, so that at least half of the width is left for the texts. */
function indentOf(deepest: number, width: number): number {
  return [3, 2].find((columns) => columns * deepest <= width / 2) ?? 1;
}

/** For each node: whether a sibling follows it. */
function siblingsFollow(nodes: TreeExhibit['nodes']): readonly boolean[] {
  const follows: boolean[] = [];
  // Whether a node of the depth comes later, below the same parent.
  const later: boolean[] = [];
  for (const { depth } of nodes.toReversed()) {
    follows.push(later[depth] ?? false);
    later.length = depth;
    later[depth] = true;
  }
  return follows.reverse();
}

/** The lines before a node of this depth whose ancestors, from depth 1 on, are followed by a sibling or not. */
function branches(
  ancestors: readonly boolean[],
  depth: number,
  follows: boolean,
  indent: number,
  { branch, last, line, dash }: Signs['tree'],
): { readonly first: string; readonly rest: string } {
  const trunk = Array.from({ length: Math.max(0, depth - 1) }, (_, level) =>
    (ancestors[level + 1] ? line : ' ').padEnd(indent),
  ).join('');
  if (depth === 0) return { first: '', rest: '' };
  const twig = ((follows ? branch : last) + dash.repeat(Math.max(0, indent - 2))).padEnd(indent);
  return { first: trunk + twig, rest: trunk + (follows ? line : ' ').padEnd(indent) };
}

/** A line for each node, its notes below it. */
function* treeLines({ title, nodes }: TreeExhibit, canvas: Canvas): Generator<string> {
  const { width, style } = canvas;
  const depths = nodes.map(({ depth }) => depth);
  const indent = indentOf(largest(0, depths), width);
  const follows = siblingsFollow(nodes);
  const ancestors: boolean[] = [];
  yield* titleLines(title, canvas);
  for (const [index, { depth, text, notes }] of nodes.entries()) {
    const isFollowed = follows[index] ?? false;
    const { first, rest } = branches(ancestors, depth, isFollowed, indent, style.signs.tree);
    ancestors[depth] = isFollowed;
    const hasChild = (nodes[index + 1]?.depth ?? 0) > depth;
    const below = rest + (hasChild ? style.signs.tree.line : ' ').padEnd(indent);
    const lines = wrapped(visible(text), Math.max(1, width - displayWidth(first)), 0);
    for (const [at, line] of lines.entries()) yield style.dim(at === 0 ? first : rest) + line;
    for (const note of notes) {
      const remark = `${style.signs.arrow} ${visible(note)}`;
      for (const line of wrapped(remark, Math.max(1, width - displayWidth(below)), 2)) yield style.dim(below + line);
    }
  }
}

const cellSigns: Readonly<Record<Mark, string>> = { good: '', watch: ' !', bad: ' !!', unknown: '' };

/** A row for each name. Where the columns do not fit, each row is a paragraph with a line for each column. */
function* matrixLines({ title, columns, rows }: MatrixExhibit, canvas: Canvas): Generator<string> {
  const { width, style } = canvas;
  const cellOf = (cell: MatrixExhibit['rows'][number]['cells'][number] | undefined) => ({
    text: cell === undefined ? '' : `${cell.text}${cellSigns[cell.mark ?? 'good']}`,
    style: paintOf(style, cell?.mark),
  });
  const marks = new Set(rows.flatMap(({ cells }) => cells.map(({ mark }) => mark)));
  const legend = [...(marks.has('watch') ? ['! watch'] : []), ...(marks.has('bad') ? ['!! critical'] : [])];
  const columnWidth = (index: number): number =>
    widest([columns[index] ?? '', ...rows.map(({ cells }) => cellOf(cells[index]).text)]);
  const total = columns.reduce((sum, _, index) => sum + 2 + columnWidth(index), widest(rows.map(({ name }) => name)));
  yield* titleLines(title, canvas);
  if (total <= width) {
    const head = ['', ...columns.map((text) => ({ text, style: style.dim }))];
    const body = rows.map(({ name, cells }) => [name, ...columns.map((_, index) => cellOf(cells[index]))]);
    yield* table([head, ...body], Array(columns.length + 1).fill({}), width);
  } else {
    for (const { name, cells } of rows) {
      yield* wrapped(visible(name), width, 2);
      const body = columns.map((column, index) => [{ text: column, style: style.dim }, cellOf(cells[index])]);
      for (const line of table(body, [{}, {}], Math.max(1, width - 2))) yield gap + line;
    }
  }
  if (legend.length > 0) yield style.dim(legend.join(gap));
}

type BarRow = BarsExhibit['rows'][number];

/** "78 %"; more than the limit is "> 100 %". */
function percentOf({ value }: BarRow, limit: number): string {
  if (value === undefined || limit <= 0) return '';
  return value > limit ? '> 100 %' : `${Math.floor((value * 100) / limit)} %`;
}

/** Longer notes go below their bar. */
const longestWord = 16;

const isWord = (note: string | undefined): note is string =>
  note !== undefined && displayWidth(visible(note)) <= longestWord;

/** What follows the percentage: a short note, or the mark in a word if nothing else says it. */
function wordOf({ note, value, mark }: BarRow, limit: number): string {
  if (isWord(note)) return visible(note);
  if (value !== undefined && value > limit) return '';
  return { good: '', watch: 'watch', bad: 'critical', unknown: '' }[mark];
}

const percentColumns = '> 100 %'.length;
const longestBar = 24;
const shortestBar = 8;
/** Of a bar below its name. */
const shortestBarBelow = 4;
/** Longer values take the place of the bar. */
const longestText = 20;

/** The value, the bar and the percentage, in lines that start behind the margin. */
function valueLines(
  row: BarRow,
  limit: number,
  columns: { readonly text: number; readonly bar: number },
  { style }: Canvas,
): readonly string[] {
  const paint = paintOf(style, row.mark);
  const text = visible(row.text);
  const percent = percentOf(row, limit).padStart(percentColumns);
  const word = wordOf(row, limit);
  const end = `${percent}${word === '' ? '' : gap + word}`;
  if (row.value !== undefined && displayWidth(text) <= columns.text) {
    const drawn = bar(limit <= 0 ? 0 : (row.value / limit) * 100, columns.bar, style.signs);
    return [`${pad(text, columns.text)}${gap}${paint(drawn + gap + end)}`];
  }
  const room = columns.text + displayWidth(gap) + columns.bar;
  const [first = '', ...more] = wrapped(text, room, 0);
  return [paint((pad(first, room) + gap + end).trimEnd()), ...more.map((line) => paint(line))];
}

/**
 * A line for each value: name, place, value in words, bar, percentage of the limit, note or mark. Where the bar would
 * get too short for that, name and place get a separate line. A value that is not known, or long in words, takes the
 * place of the bar.
 */
function* barLines({ title, unit, limit, rows }: BarsExhibit, canvas: Canvas): Generator<string> {
  const { width, style } = canvas;
  const names = widest(rows.map(({ name }) => name));
  const places = widest(rows.map(({ place }) => place ?? ''));
  const words = widest(rows.map((row) => wordOf(row, limit)));
  const percentAndWord = 2 + percentColumns + (words === 0 ? 0 : 2 + words);
  const texts = rows.filter(({ value }) => value !== undefined).map((row) => visible(row.text));
  const textColumn = (most: number): number => widest(texts.filter((text) => displayWidth(text) <= most));
  const besideNames = names + 2 + (places === 0 ? 0 : places + 2);
  const isWide = width - besideNames - textColumn(longestText) - 2 - percentAndWord >= shortestBar;
  const margin = isWide ? besideNames : 2;
  const room = width - margin - 2 - percentAndWord;
  const text = textColumn(Math.min(longestText, room - (isWide ? shortestBar : shortestBarBelow)));
  const columns = { text, bar: Math.max(1, Math.min(longestBar, room - text)) };

  const ofLimit = `of ${limit.toLocaleString('en')} ${unit}`;
  const end = margin + text + 2 + columns.bar + 2 + percentColumns;
  if (displayWidth(visible(title)) + 2 + displayWidth(ofLimit) <= end) {
    yield `${style.bold(visible(title))}${style.dim(ofLimit.padStart(end - displayWidth(visible(title))))}`;
  } else {
    yield* titleLines(title, canvas);
    yield style.dim(ofLimit.padStart(end));
  }
  for (const row of rows) {
    const [first = '', ...more] = valueLines(row, limit, columns, canvas);
    const place = row.place ?? '';
    if (isWide) {
      yield `${pad(visible(row.name), names)}${gap}${places === 0 ? '' : pad(visible(place), places) + gap}${first}`;
    } else {
      yield* paragraph(place === '' ? row.name : `${row.name}${gap}${place}`, 0, canvas, (line) => line);
      yield ' '.repeat(margin) + first;
    }
    for (const line of more) yield ' '.repeat(margin) + line;
    if (row.note !== undefined && !isWord(row.note)) yield* paragraph(row.note, margin, canvas);
  }
}

const longestCountBar = 30;

/** A line for each range: range, count, bar. A limit is noted at its range, or gets a separate line between two. */
function* histogramLines({ title, unit, buckets, limits }: HistogramExhibit, canvas: Canvas): Generator<string> {
  const { width, style } = canvas;
  const { ellipsis, to } = style.signs;
  const holds = (bucket: HistogramExhibit['buckets'][number], at: number): boolean =>
    at >= bucket.from && at <= bucket.to;
  const outside = limits.filter(({ at }) => !buckets.some((bucket) => holds(bucket, at)));
  const rows = [
    ...buckets.map((bucket, index) => {
      const isAfterGap = index > 0 && bucket.from > (buckets[index - 1]?.to ?? 0) + 1;
      const range = bucket.from === bucket.to ? `${bucket.from}` : `${bucket.from}${to}${bucket.to}`;
      return {
        from: bucket.from,
        label: isAfterGap ? `${ellipsis} ${range}` : range,
        count: bucket.count,
        remarks: limits.filter(({ at }) => holds(bucket, at)),
      };
    }),
    ...outside.map((limit) => ({ from: limit.at, label: `${limit.at}`, count: undefined, remarks: [limit] })),
  ].sort((one, other) => one.from - other.from);

  const countOf = (count: number | undefined): string => count?.toLocaleString('en') ?? '';
  const labelWidth = widest(rows.map(({ label }) => label));
  const counts = widest(rows.map(({ count }) => countOf(count)));
  const margin = labelWidth + 2 + counts + 2;
  const barColumns = Math.max(1, Math.min(longestCountBar, width - margin));
  const all = buckets.map(({ count }) => count);
  const most = largest(0, all);
  yield* titleLines(title, canvas);
  for (const { label, count, remarks } of rows) {
    const drawn = bar(most === 0 ? 0 : ((count ?? 0) / most) * 100, barColumns, style.signs).trimEnd();
    const line = `${pad(label, labelWidth, 'right')}${gap}${pad(countOf(count), counts, 'right')}${gap}${style.dim(drawn)}`;
    const texts = remarks.map(({ at, text }) => `${style.signs.arrow} ${at} ${unit}: ${visible(text)}`);
    const remark = texts.join(gap);
    const behind = margin + displayWidth(drawn) + 2;
    if (remark !== '' && behind + displayWidth(remark) <= width) {
      yield `${line}${gap}${style.warning(remark)}`;
    } else {
      yield line.trimEnd();
      for (const text of texts) yield* paragraph(text, labelWidth + 2, canvas, style.warning);
    }
  }
}
