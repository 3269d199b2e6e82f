/** Exhibits as lines of text, for the terminal and review.txt. */

import type { Exhibit, TableExhibit } from '../change/exhibits.ts';
import {
  propertyLines as alignedPropertyLines,
  barLines,
  type Canvas,
  histogramLines,
  matrixLines,
  paintOf,
  remarkLines,
  titleLines,
  treeLines,
} from '../terminal/draw.ts';
import { table } from '../terminal/table.ts';
import { displayWidth, largest, pad, wrapped } from '../terminal/text-width.ts';
import { visible } from '../terminal/visible.ts';

interface ExhibitOptions extends Canvas {
  /** The columns of the terminal, which tables are fitted to. Left out for a file or a pipe, where every cell is one line. */
  readonly columns?: number | undefined;
}

const margin = '  ';

/** One exhibit, set in by two columns. */
export function* exhibitLines(exhibit: Exhibit, { style, width, columns }: ExhibitOptions): Generator<string> {
  const canvas = { style, width: width - margin.length };
  const uncut = { style, width: (columns ?? Number.POSITIVE_INFINITY) - margin.length };
  for (const line of drawn(exhibit, canvas, uncut)) yield (margin + line).trimEnd();
}

function drawn(exhibit: Exhibit, canvas: Canvas, uncut: Canvas): Iterable<string> {
  switch (exhibit.kind) {
    case 'remarks':
      return remarkLines(exhibit, canvas);
    case 'properties':
      return alignedPropertyLines(exhibit, canvas);
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

function* tableLines({ title, columns, groups }: TableExhibit, canvas: Canvas, uncut: Canvas): Generator<string> {
  const { style, width } = canvas;
  const head = columns.map(({ heading: text }) => ({ text, style: style.dim }));
  const layout = columns.map(({ align }) => (align === undefined ? {} : { align }));
  const cells = groups.flatMap((group) =>
    group.rows.map((row) => row.cells.map((text) => ({ text, style: paintOf(style, row.mark) }))),
  );
  // One table, so that all groups have the same columns; empty lines part its rows, as cells may wrap.
  const [first = [], ...rows] = parted(
    table(
      [head, ...cells].flatMap((row) => [row, []]),
      layout,
      uncut.width,
    ),
  );
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

/** Lines in blocks, each ended by an empty line. */
function parted(lines: readonly string[]): readonly (readonly string[])[] {
  const blocks: string[][] = [[]];
  for (const line of lines) {
    if (line === '') blocks.push([]);
    else blocks.at(-1)?.push(line);
  }
  return blocks;
}

/** Names with their values, each value a line in a file; a note that does not fit behind its value goes below it. */
export function* propertyLines(
  properties: readonly { readonly name: string; readonly value: string; readonly note?: string }[],
  { style, width, columns = Number.POSITIVE_INFINITY }: ExhibitOptions,
): Generator<string> {
  const names = largest(
    0,
    properties.map(({ name }) => displayWidth(visible(name))),
  );
  const indent = names + 2 * margin.length;
  for (const { name, value, note = '' } of properties) {
    const line = `${margin}${pad(visible(name), names)}${margin}${visible(value)}`;
    const isBeside = displayWidth(line) + margin.length + displayWidth(visible(note)) <= width;
    const remark = style.dim(visible(note));
    yield* wrapped(note !== '' && isBeside ? line + margin + remark : line, columns, indent);
    if (note !== '' && !isBeside) yield* wrapped(' '.repeat(indent) + remark, columns, indent);
  }
}
