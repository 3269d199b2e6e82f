import { stripVTControlCharacters } from 'node:util';
import { displayWidth } from './text-width.ts';

const colour = '(?:\\x1b\\[[\\d;]*m)*';

/**
 * A command to be pasted, up to the end of its sentence: a known program or a cmdlet with arguments and no gaps to fill, at
 * the start of the text or behind a colon.
 */
const command = new RegExp(
  `(?<=^ *|: )${colour}(?:(?:adsi-remedy|repadmin|ldifde|ldapmodify) |[A-Z][a-z]+-[A-Z]\\w+ (?=[-"|]))` +
    '[^<…]+?(?=\\.? {2}|\\. [A-Z]|; |$)',
  'gu',
);

/** A distinguished name of more than one part; spaces may stand in all but its last. */
const dn = new RegExp(`(?<=^| )${colour}(?:(?:CN|OU|DC)=(?:[^,\\\\]|\\\\.)+,)+(?:CN|OU|DC)=[^\\s,;"]+`, 'giu');

const nowhere = /(?!)/u;

const behindComma = /(?<=(?<!\\),)(?!$|\x1b)/u;

/** Behind a comma of a DN, behind a separator of a path, and within Chinese and Japanese. */
const withinWord = new RegExp(
  `${behindComma.source}|(?<=[/\\\\])(?![/\\\\,]|$|\\x1b)` +
    '|(?<=[\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}])(?=[\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}])',
  'u',
);

interface Piece {
  /** Before it, and left out where it begins a line. */
  readonly space: string;
  readonly text: string;
}

/** The text in the pieces that stay whole; what is no wider than `room` is one, whatever stands in it. */
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
    const space = /^ */.exec(text.slice(at))?.[0] ?? '';
    const from = at + space.length;
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
 * A text broken at its spaces into lines of at most so many columns; every line but the first is set in by `indent`
 * columns. A text that fits stays as it is. DNs and paths that are longer than a line are broken behind a comma or a
 * separator. Commands, and words that offer no such place, stay whole however long they are, so that they can be copied.
 * Colour goes on from line to line and leaves the indent alone. No-break spaces do not break.
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

/** The code that ends what another one begins (ECMA-48, 8.3.117); undefined for those that end something. */
function endOf(code: number): number | undefined {
  if (code === 1 || code === 2) return 22;
  if (code > 2 && code < 10) return code + 20;
  if ((code >= 30 && code <= 38) || (code >= 90 && code <= 97)) return 39;
  return code >= 40 && code <= 48 ? 49 : undefined;
}

/** The lines with the colour that is open at the end of one closed there and opened again behind the next one's indent. */
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

/** A column of text further right than this would leave too little of a line. */
const widestMargin = 40;

/** Where the further lines of a printed line begin: below its first word, behind a number, a bullet or its labels. */
function hangingIndentOf(line: string, columns: number): number {
  const plain = stripVTControlCharacters(line);
  const behindLabels = [...plain.matchAll(/(?<=\S) {2,}(?=\S)/gu)]
    .map((gap) => displayWidth(plain.slice(0, gap.index) + gap[0]))
    .filter((margin) => margin <= Math.min(widestMargin, columns / 2));
  return behindLabels.at(-1) ?? /^ *(?:(?:\d+\.|[-•]) +)?/.exec(plain)?.[0].length ?? 0;
}

/** What is printed, in lines for a terminal of so many columns. */
export function fitted(text: string, columns: number): string {
  return text
    .split('\n')
    .flatMap((line) => wrapped(line, columns, hangingIndentOf(line, columns)))
    .join('\n');
}
