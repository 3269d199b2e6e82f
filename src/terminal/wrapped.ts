import { stripVTControlCharacters } from 'node:util';
import { displayWidth } from './text-width.ts';

const colour = '(?:\\x1b\\[[\\d;]*m)*';

/**
 * A command that can be copied, up to the end of its sentence: a known program or a cmdlet with arguments and without
 * placeholders, at the start of the text or after a colon.
 */
const command = new RegExp(
  `(?<=^ *|: )${colour}(?:(?:(?:npx )?adsi-remedy(?:@\\S+)?|repadmin|ldifde|ldapmodify|ntdsutil) |[A-Z][a-z]+-[A-Z]\\w+ (?=[-"|])|` +
    `node (?:"[^"]*adsi-remedy[^"]*"|'[^']*adsi-remedy[^']*'|\\S*adsi-remedy\\S*) )` +
    '[^<…]+?(?=\\.? {2}|\\. [A-Z]|; |$)',
  'gu',
);

/** Whether the whole text is a command that can be copied. */
export function isCommand(text: string): boolean {
  return [...text.matchAll(command)].some((match) => match.index === 0 && match[0].length === text.length);
}

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
 * A text broken at its spaces into lines of at most so many columns; every line but the first is indented by `indent`
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

/** The indent of continuation lines: below the first word, or the text after a number, a bullet or labels. */
function hangingIndentOf(line: string, columns: number): number {
  const plain = stripVTControlCharacters(line);
  const behindLabels = [...plain.matchAll(/(?<=\S) {2,}(?=\S)/gu)]
    .map((gap) => displayWidth(plain.slice(0, gap.index) + gap[0]))
    .filter((margin) => margin <= Math.min(widestMargin, columns / 2));
  return behindLabels.at(-1) ?? /^ *(?:(?:\d+\.|[-•]) +)?/.exec(plain)?.[0].length ?? 0;
}

/** Printed text in lines for a terminal of so many columns; 80 if the terminal reports no width, or 0. */
export function fitted(text: string, columns: number | undefined): string {
  const width = columns || 80;
  return text
    .split('\n')
    .flatMap((line) => wrapped(line, width, hangingIndentOf(line, width)))
    .join('\n');
}
