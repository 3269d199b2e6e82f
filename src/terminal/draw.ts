/** Pictures of facts as lines of text, readable in ASCII too: tree, matrix, properties, remarks. Bars are in bar.ts. */

import { largest } from '../largest.ts';
import type { Signs, Style } from './style.ts';
import { table } from './table.ts';
import { displayWidth, pad } from './text-width.ts';
import { visible } from './visible.ts';
import { wrapped } from './wrapped.ts';

/** How a value is to be judged. Where there is no colour, `watch` and `bad` also show as a word or a sign. */
export type Mark = 'good' | 'watch' | 'bad' | 'unknown';

/** The space for a picture; no line is wider, but for a word that can't be broken. */
export interface Canvas {
  /** In columns. */
  readonly width: number;
  readonly style: Style;
}

/** Parents before their children; a child is one deeper than its parent. */
export interface Tree {
  readonly title: string;
  readonly nodes: readonly { readonly depth: number; readonly text: string; readonly notes: readonly string[] }[];
}

export interface Matrix {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly name: string;
    readonly cells: readonly { readonly text: string; readonly mark?: Mark }[];
  }[];
}

export const gap = '  ';

export const paintOf = ({ blocker, dim, warning }: Style, mark: Mark | undefined): ((text: string) => string) =>
  mark === undefined || mark === 'good' ? (text) => text : { watch: warning, bad: blocker, unknown: dim }[mark];

export const widest = (texts: readonly string[]): number =>
  largest(
    0,
    texts.map((text) => displayWidth(visible(text))),
  );

/** The text in lines of at most so many columns, below each other from the margin on. */
export function paragraph(
  text: string,
  margin: number,
  { width, style }: Canvas,
  paint = style.dim,
): readonly string[] {
  const room = Math.max(1, width - margin);
  return wrapped(visible(text), room, 0).map((line) => ' '.repeat(margin) + paint(line));
}

export function* titleLines(title: string, canvas: Canvas): Generator<string> {
  if (title !== '') yield* paragraph(title, 0, canvas, canvas.style.bold);
}

/** The columns of one level: fewer in a deep tree, so that at least half of the width is left for the texts. */
function indentOf(deepest: number, width: number): number {
  return [3, 2].find((columns) => columns * deepest <= width / 2) ?? 1;
}

/** For each node: whether a sibling follows it. */
function siblingsFollow(nodes: Tree['nodes']): readonly boolean[] {
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
export function* treeLines({ title, nodes }: Tree, canvas: Canvas): Generator<string> {
  const { width, style } = canvas;
  const deepest = largest(
    0,
    nodes.map(({ depth }) => depth),
  );
  const indent = indentOf(deepest, width);
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
      for (const line of wrapped(visible(note), Math.max(1, width - displayWidth(below)), 0)) {
        yield style.dim(below + line);
      }
    }
  }
}

const cellSigns: Readonly<Record<Mark, string>> = { good: '', watch: ' !', bad: ' !!', unknown: '' };

/** A row for each name. Where the columns do not fit, each row is a paragraph with a line for each column. */
export function* matrixLines({ title, columns, rows }: Matrix, canvas: Canvas): Generator<string> {
  const { width, style } = canvas;
  const cellOf = (cell: Matrix['rows'][number]['cells'][number] | undefined) => ({
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

/** Names with their values, and a note behind each value. */
export function* propertyLines(
  { title, rows }: { readonly title: string; readonly rows: readonly { name: string; value: string; note?: string }[] },
  canvas: Canvas,
): Generator<string> {
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

/** Sentences, with the colour of their mark. */
export function* remarkLines(
  { title, rows }: { readonly title: string; readonly rows: readonly { text: string; mark?: Mark }[] },
  canvas: Canvas,
): Generator<string> {
  yield* titleLines(title, canvas);
  for (const { text, mark } of rows) {
    const paint = paintOf(canvas.style, mark);
    for (const line of wrapped(visible(text), canvas.width, 2)) yield paint(line);
  }
}
