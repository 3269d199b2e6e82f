import { displayWidth, pad, truncate } from './text-width.ts';
import { visible } from './visible.ts';
import { wrapped } from './wrapped.ts';

/** Plain text of any origin, or such text with the style to set it in once it has been fitted. */
export type Cell = string | { readonly text: string; readonly style: (text: string) => string };

export interface Column {
  readonly align?: 'left' | 'right';
  /** In terminal columns; longer cells are cut, in the last column too. */
  readonly maxWidth?: number;
}

const gap = 2;

/** A last column narrower than this would be a ladder of words: it is cut like the others. */
const leastWrapped = 20;

const textOf = (cell: Cell): string => visible(typeof cell === 'string' ? cell : cell.text);

/** Takes columns from the widest, one by one, until the row fits; no column goes below one. */
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

/** What a column shows of a cell: one line, or in the last column, which nothing stands behind, all of the text. */
function cellLines(text: string, width: number, column: Column, isLast: boolean): readonly string[] {
  const wraps = isLast && column.align !== 'right' && column.maxWidth === undefined && width >= leastWrapped;
  return (wraps ? wrapped(text, width, 0) : [text]).map((line) => truncate(line, width));
}

/**
 * Rows of cells as lines of at most `totalWidth` terminal columns, two spaces between columns. Columns are as wide as
 * their widest cell; where the whole does not fit, the widest ones give way: they are cut, but for the last one, which
 * goes on below itself. Control characters in cells are made visible.
 */
export function table(
  rows: readonly (readonly Cell[])[],
  columns: readonly Column[],
  totalWidth: number,
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
      return cellLines(textOf(cell), width, column, index === columns.length - 1).map((fitted) => {
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
