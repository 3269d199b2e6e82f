import { displayWidth, pad, truncate } from './text-width.ts';
import { visible } from './visible.ts';

/** Plain text of any origin, or such text with the style to set it in once it has been fitted. */
export type Cell = string | { readonly text: string; readonly style: (text: string) => string };

export interface Column {
  readonly align?: 'left' | 'right';
  /** In terminal columns; longer cells are cut. */
  readonly maxWidth?: number;
}

const gap = 2;

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

/**
 * Rows of cells as lines of at most `totalWidth` terminal columns, two spaces between columns. Columns are as wide as
 * their widest cell; where the whole does not fit, the widest ones give way. Control characters in cells are made visible.
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
  return rows.map((row) =>
    columns
      .map((column, index) => {
        const cell = row[index] ?? '';
        const width = widths[index] ?? 0;
        const fitted = truncate(textOf(cell), width);
        const filler = pad('', width - displayWidth(fitted));
        const styled = typeof cell === 'string' ? fitted : cell.style(fitted);
        return column.align === 'right' ? filler + styled : styled + filler;
      })
      .join(' '.repeat(gap))
      .trimEnd(),
  );
}
