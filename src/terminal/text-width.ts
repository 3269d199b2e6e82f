import { stripVTControlCharacters } from 'node:util';

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

/** East Asian Wide and Fullwidth (Unicode Standard Annex 11) beside the emoji. */
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

export interface WrapOptions {
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
 * A text without colour broken at its spaces into lines of at most so many columns, indents included. Line breaks in the
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
