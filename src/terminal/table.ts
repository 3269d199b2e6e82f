import { type Signs, unicodeSigns } from './style.ts';
import { displayWidth, pad, truncate } from './text-width.ts';
import { visible } from './visible.ts';
import { wrapped } from './wrapped.ts';

/** Plain text, or plain text with a style that is applied after the text has been fitted. */
export type Cell = string | { readonly text: string; readonly style: (text: string) => string };

export interface Column {
  readonly align?: 'left' | 'right';
  /** In terminal columns; longer cells are cut, in the last column too. */
  readonly maxWidth?: number;
}

const gap = 2;

/** Wrapping a last column narrower than this gives one word a line: it is cut like the others. */
const leastWrapped = 20;

const textOf = (cell: Cell): string => visible(typeof cell === 'string' ? cell : cell.text);

/** Narrows the widest column by 1 until the row fits; no column gets narrower than 1. */
function shrinkToFit(widths: readonly number[], room: number): readonly number[] {
  const shrunk = [...widths];
  let excess = shrunk.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = Math.max(...shrunk);
    if (widest <= 1) break;
    shrunk[shrunk.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return shrunk;
}

/** The lines of a cell: one line that may be cut, or in the last column the whole text. */
function cellLines(text: string, width: number, column: Column, isLast: boolean, signs: Signs): readonly string[] {
  const wraps = isLast && column.align !== 'right' && column.maxWidth === undefined && width >= leastWrapped;
  return (wraps ? wrapped(text, width, 0) : [text]).map((line) => truncate(line, width, signs.ellipsis));
}

/**
 * Rows of cells as lines of at most `totalWidth` terminal columns, two spaces between columns. Columns are as wide as
 * their widest cell. If the row does not fit, the widest columns are narrowed: their cells are cut, but cells of the last
 * column wrap. Control characters in cells are made visible.
 */
export function table(
  rows: readonly (readonly Cell[])[],
  columns: readonly Column[],
  totalWidth: number,
  signs: Signs = unicodeSigns,
): readonly string[] {
  const natural = columns.map((column, index) => {
    const widest = Math.max(0, ...rows.map((row) => displayWidth(textOf(row[index] ?? ''))));
    return Math.min(widest, column.maxWidth ?? Number.POSITIVE_INFINITY);
  });
  const widths = shrinkToFit(natural, totalWidth - gap * (columns.length - 1));
  return rows.flatMap((row) => {
    const cells = columns.map((column, index) => {
      const cell = row[index] ?? '';
      const width = widths[index] ?? 0;
      return cellLines(textOf(cell), width, column, index === columns.length - 1, signs).map((fitted) => {
        const filler = pad('', width - displayWidth(fitted));
        const styled = typeof cell === 'string' ? fitted : cell.style(fitted);
        return column.align === 'right' ? filler + styled : styled + filler;
      });
    });
    const height = Math.max(0, ...cells.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) =>
      cells
        .map((lines, index) => lines[line] ?? ' '.repeat(widths[index] ?? 0))
        .join(' '.repeat(gap))
        .trimEnd(),
    );
  });
}
