/** Text in the columns of a terminal: made visible, measured, cut, padded, wrapped, and in tables. */

import { stripVTControlCharacters } from 'node:util';
import { unseen } from '../quoting.ts';

const everyUnseen = new RegExp(unseen, 'gu');

/**
 * Text from a directory or a file, made safe to show: what is not seen becomes `<U+200E>`, in labels too, of which Persian,
 * Hebrew and Arabic ones hold some: a review shows that they come or go. This form is never part of a path or a DN, because
 * `<` and `>` are not allowed or escaped there.
 */
export function visible(text: string): string {
  return text.replace(everyUnseen, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    return `<U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}>`;
  });
}

/** Made when it is first used: it takes longer than our start-up may. */
let segmenter: Intl.Segmenter | undefined;

const plainAscii = /^[\x20-\x7e]*$/;

/**
 * Text in which every character is a grapheme: Latin, Greek, Cyrillic, kana, Chinese and Korean without combining marks,
 * punctuation, arrows, lines and blocks. The segmenter takes several microseconds for each character.
 */
const simple =
  /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u203b\u2190-\u22ff\u2500-\u25fc\u3041-\u3096\u30a1-\u30ff\u4e00-\u9fff\uac00-\ud7a3]*$/;

const emoji = /^\p{Emoji_Presentation}|\ufe0f/u;

/** Combining marks, format characters, and Hangul vowels and finals, which join the letter before them. */
const zeroWidth = /[\p{Mn}\p{Me}\p{Cc}\u1160-\u11ff\ud7b0-\ud7ff]|(?![\u00ad\u0600-\u0605\u06dd])\p{Cf}/u;

/** East Asian Wide and Fullwidth (Unicode Standard Annex 11), and the emoji. */
const wide = new RegExp(
  '[\\u1100-\\u115f\\u2329\\u232a\\u2e80-\\u303e\\u3041-\\ua4cf\\ua960-\\ua97f' +
    '\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe10-\\ufe19\\ufe30-\\ufe6b\\uff01-\\uff60\\uffe0-\\uffe6' +
    '\\u{16fe0}-\\u{18d08}\\u{1aff0}-\\u{1b2fb}\\u{1f200}-\\u{1f2ff}\\u{20000}-\\u{3fffd}]',
  'u',
);

/** The characters of a text as a reader counts them: a letter together with its marks is one. */
export function graphemesOf(text: string): readonly string[] {
  if (simple.test(text)) return [...text];
  segmenter ??= new Intl.Segmenter('und', { granularity: 'grapheme' });
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

function widthOfGrapheme(grapheme: string): number {
  if (plainAscii.test(grapheme)) return grapheme.length;
  if (emoji.test(grapheme)) return 2;
  let width = 0;
  for (const character of grapheme) {
    if (!zeroWidth.test(character)) width += wide.test(character) ? 2 : 1;
  }
  return width;
}

/** The columns that a text takes on a terminal. Colour sequences take none. */
export function displayWidth(text: string): number {
  if (plainAscii.test(text)) return text.length;
  const plain = stripVTControlCharacters(text);
  if (plainAscii.test(plain)) return plain.length;
  return graphemesOf(plain).reduce((sum, grapheme) => sum + widthOfGrapheme(grapheme), 0);
}

/** The largest of these numbers, and not below the least: Math.max takes no more of them than the stack has room for. */
export function largest(least: number, numbers: Iterable<number>): number {
  let found = least;
  for (const number of numbers) if (number > found) found = number;
  return found;
}

/** The longest start of a text without colour that fits into the columns. */
export function startOf(text: string, columns: number): string {
  let width = 0;
  let start = '';
  for (const grapheme of graphemesOf(text)) {
    width += widthOfGrapheme(grapheme);
    if (width > columns) break;
    start += grapheme;
  }
  return start;
}

/** A text without colour, cut to the columns; a cut text ends with the ellipsis. */
export function truncate(text: string, columns: number, ellipsis = '…'): string {
  if (displayWidth(text) <= columns) return text;
  const room = columns - displayWidth(ellipsis);
  return room < 0 ? startOf(text, columns) : startOf(text, room) + ellipsis;
}

/** A text padded with spaces to the columns; a longer text is returned as it is. */
export function pad(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, columns - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
}

interface WrapOptions {
  /** Indent of the first line, in columns. */
  readonly indent?: number;
  /** Indent of all other lines, in columns. */
  readonly hangingIndent?: number;
}

/** One paragraph in lines without indents; `roomOf` gives the columns of each line. */
function wrapParagraph(paragraph: string, roomOf: (line: number) => number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ').filter((piece) => piece !== '')) {
    const joined = line === '' ? word : `${line} ${word}`;
    const fits = displayWidth(joined) <= roomOf(lines.length);
    if (!fits && line !== '') lines.push(line);
    line = fits ? joined : word;
    while (displayWidth(line) > roomOf(lines.length)) {
      const piece = startOf(line, roomOf(lines.length)) || (graphemesOf(line)[0] ?? line);
      lines.push(piece);
      line = line.slice(piece.length);
    }
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line];
}

/**
 * A text without colour broken at its spaces into lines of at most this many columns, indents included. Line breaks in the
 * text are kept. A word that is longer than a line is cut: use this for drawings that are redrawn, which a longer line
 * would destroy, and `wrapped` for text that is read and copied. No-break spaces do not break.
 */
export function wrap(text: string, columns: number, options: WrapOptions = {}): readonly string[] {
  const marginOf = (line: number): number => (line === 0 ? options.indent : options.hangingIndent) ?? 0;
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    const start = lines.length;
    lines.push(...wrapParagraph(paragraph, (line) => Math.max(1, columns - marginOf(start + line))));
  }
  return lines.map((line, index) => (line === '' ? '' : ' '.repeat(marginOf(index)) + line));
}

const colour = '(?:\\x1b\\[[\\d;]*m)*';

/** Before a command of this tool that is shown among text which is not its own. */
export const commandMark = 'run';

/**
 * A command that can be copied: all that follows the mark, with it; else a known program or a cmdlet with arguments and
 * without placeholders, at the start of the text or after a colon, up to the end of its sentence.
 */
const command = new RegExp(
  `(?<=^ *|: )${colour}(?:(?:(?:npx )?adsi-remedy(?:@\\S+)?|repadmin|ldifde|ldapmodify|ntdsutil) |[A-Z][a-z]+-[A-Z]\\w+ (?=[-"|])|` +
    `node (?:"[^"]*adsi-remedy[^"]*"|'[^']*adsi-remedy[^']*'|\\S*adsi-remedy\\S*) )` +
    '[^<…]+?(?=\\.? {2}|\\. [A-Z]|; |$)' +
    `|(?<=^ *)${colour}${commandMark} +${colour}\\S.*$`,
  'gu',
);

/** A distinguished name of more than one part; all parts but the last may contain spaces. */
const dn = new RegExp(`(?<=^| )${colour}(?:(?:CN|OU|DC)=(?:[^,\\\\]|\\\\.)+,)+(?:CN|OU|DC)=[^\\s,;"]+`, 'giu');

const nowhere = /(?!)/u;

const behindComma = /(?<=(?<!\\),)(?!$|\x1b)/u;

/** After a comma of a DN, after a separator of a path, and within Chinese and Japanese. */
const withinWord = new RegExp(
  `${behindComma.source}|(?<=[/\\\\])(?![/\\\\,]|$|\\x1b)` +
    '|(?<=[\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}])(?=[\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}])',
  'u',
);

interface Piece {
  /** The spaces before it, left out at the start of a line. */
  readonly space: string;
  readonly text: string;
}

/** The pieces of the text that must not be broken. Anything that fits into `room` columns is one piece. */
function piecesOf(text: string, room: number): readonly Piece[] {
  const phrases = new Map(
    [dn, command].flatMap((pattern) =>
      [...text.matchAll(pattern)].map((match) => [
        match.index,
        { length: match[0].length, breaks: pattern === dn ? behindComma : nowhere },
      ]),
    ),
  );
  const pieces: Piece[] = [];
  let at = 0;
  while (at < text.length) {
    let from = at;
    while (text[from] === ' ') from += 1;
    const space = text.slice(at, from);
    const phrase = phrases.get(from);
    const blank = text.indexOf(' ', from + (phrase?.length ?? 0));
    at = blank === -1 ? text.length : blank;
    const word = text.slice(from, at);
    const parts = displayWidth(word) <= room ? [word] : word.split(phrase?.breaks ?? withinWord);
    const [first, ...more] = parts.flatMap((part) =>
      part === word || displayWidth(part) <= room ? { space: '', text: part } : piecesOf(part, room),
    );
    if (first !== undefined) pieces.push({ ...first, space }, ...more);
  }
  return pieces;
}

/**
 * A text broken at its spaces into lines of at most this many columns; every line but the first is indented by `indent`
 * columns. A text that fits is returned as it is. DNs and paths that are longer than a line are broken after a comma or a
 * separator. Commands and other long words are never broken, so that they can be copied. Colour continues from line to
 * line, without the indent. No-break spaces do not break.
 */
export function wrapped(text: string, width: number, indent: number): readonly string[] {
  if (displayWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const { space, text: piece } of piecesOf(text, width - indent)) {
    const joined = line + space + piece;
    const fits = displayWidth(piece) === 0 || displayWidth(joined) <= width - (lines.length === 0 ? 0 : indent);
    const isFirst = stripVTControlCharacters(line).trim() === '';
    if (!fits && !isFirst) lines.push(line);
    line = fits || isFirst ? joined : piece;
  }
  return withColour([...lines, line], ' '.repeat(indent));
}

/** The code that ends the effect of another code (ECMA-48, 8.3.117); undefined for codes that end an effect. */
function endOf(code: number): number | undefined {
  if (code === 1 || code === 2) return 22;
  if (code > 2 && code < 10) return code + 20;
  if ((code >= 30 && code <= 38) || (code >= 90 && code <= 97)) return 39;
  return code >= 40 && code <= 48 ? 49 : undefined;
}

/** Closes open colour at the end of each line and opens it again after the indent of the next line. */
function withColour(lines: readonly string[], margin: string): readonly string[] {
  const open = new Map<number, string>();
  return lines.map((line, index) => {
    const before = index === 0 ? '' : margin + [...open.values()].join('');
    for (const [sequence, codes = ''] of line.matchAll(/\x1b\[([\d;]*)m/gu)) {
      const code = Number(codes.split(';')[0]);
      const end = endOf(code);
      if (end !== undefined) open.set(end, sequence);
      else open.delete(code);
    }
    const after = [...open.keys()].reverse().map((code) => `\x1b[${code}m`);
    return before + line + after.join('');
  });
}

/** A larger indent would leave too little of a line. */
const widestMargin = 40;

/** Printed text in lines for a terminal of this width in columns; 80 if the terminal reports no width, or 0. */
export function fitted(text: string, columns: number | undefined): string {
  const width = columns || 80;
  return text
    .split('\n')
    .flatMap((line) => wrapped(line, width, hangingIndentOf(line, width)))
    .join('\n');
}

/** The indent of continuation lines: below the first word, or the text after a number, a bullet or labels. */
function hangingIndentOf(line: string, columns: number): number {
  const plain = stripVTControlCharacters(line);
  const behindNames = [...plain.matchAll(/(?<=\S) {2,}(?=\S)/gu)]
    .map((gap) => displayWidth(plain.slice(0, gap.index) + gap[0]))
    .filter((margin) => margin <= Math.min(widestMargin, columns / 2));
  return behindNames.at(-1) ?? /^ *(?:(?:\d+\.|[-•]) +)?/.exec(plain)?.[0].length ?? 0;
}

/** Plain text, or plain text with a style that is applied after the text has been fitted. */
type Cell = string | { readonly text: string; readonly style: (text: string) => string };

interface Column {
  readonly align?: 'left' | 'right';
}

const columnGap = '  ';

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
  const widths = shrinkToFit(natural, words, totalWidth - columnGap.length * (columns.length - 1));
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
    const heights = cells.map((lines) => lines.length);
    return Array.from({ length: largest(0, heights) }, (_, line) =>
      cells
        .map((lines, index) => lines[line] ?? ' '.repeat(widths[index] ?? 0))
        .join(columnGap)
        .trimEnd(),
    );
  });
}
