import { displayWidth, largest, pad, wrap, wrapped } from './text-width.ts';
import { visible } from './visible.ts';

/** Plain text, or plain text with a style that is applied after the text has been fitted. */
type Cell = string | { readonly text: string; readonly style: (text: string) => string };

interface Column {
  readonly align?: 'left' | 'right';
}

const gap = 2;

const textOf = (cell: Cell): string => visible(typeof cell === 'string' ? cell : cell.text);

const widestOf = (texts: readonly string[]): number => largest(0, texts.map(displayWidth));

/** Narrows the widest column by 1 until the row fits, no column below its longest word while another still has room. */
function shrinkToFit(widths: readonly number[], words: readonly number[], room: number): readonly number[] {
  const shrunk = [...widths];
  let excess = shrunk.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const spare = shrunk.filter((width, index) => width > (words[index] ?? 0));
    const widest = largest(0, spare.length > 0 ? spare : shrunk);
    if (widest <= 1) break;
    const isWhole = spare.length > 0;
    const at = shrunk.findIndex((width, index) => width === widest && (!isWhole || width > (words[index] ?? 0)));
    shrunk[at] = widest - 1;
    excess -= 1;
  }
  return shrunk;
}

/** The whole text in lines; what has no place to break is broken anywhere. */
function cellLines(text: string, width: number): readonly string[] {
  return wrapped(text, width, 0).flatMap((line) => (displayWidth(line) > width ? wrap(line, width) : [line]));
}

/** A table as one list of lines. */
export function table(
  rows: readonly (readonly Cell[])[],
  columns: readonly Column[],
  totalWidth: number,
): readonly string[] {
  return tableRows(rows, columns, totalWidth).flat();
}

/**
 * The lines of each row of cells, of at most `totalWidth` terminal columns, two spaces between columns. Columns are as
 * wide as their widest cell. If the row does not fit, the widest columns are narrowed and their cells wrap: no cell is
 * cut. Control characters in cells are made visible.
 */
export function tableRows(
  rows: readonly (readonly Cell[])[],
  columns: readonly Column[],
  totalWidth: number,
): readonly (readonly string[])[] {
  const texts = columns.map((_, index) => rows.map((row) => textOf(row[index] ?? '')));
  const natural = texts.map(widestOf);
  const words = texts.map((all) => widestOf(all.flatMap((text) => text.split(' '))));
  const widths = shrinkToFit(natural, words, totalWidth - gap * (columns.length - 1));
  return rows.map((row) => {
    const cells = columns.map((column, index) => {
      const cell = row[index] ?? '';
      const width = widths[index] ?? 0;
      return cellLines(textOf(cell), width).map((fitted) => {
        const filler = pad('', width - displayWidth(fitted));
        const styled = typeof cell === 'string' ? fitted : cell.style(fitted);
        return column.align === 'right' ? filler + styled : styled + filler;
      });
    });
    const height = largest(
      0,
      cells.map((lines) => lines.length),
    );
    return Array.from({ length: height }, (_, line) =>
      cells
        .map((lines, index) => lines[line] ?? ' '.repeat(widths[index] ?? 0))
        .join(' '.repeat(gap))
        .trimEnd(),
    );
  });
}
