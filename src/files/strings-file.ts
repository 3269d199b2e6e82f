/**
 * The strings.txt of a form set: lines of KEY="value", found and replaced as runs of bytes.
 *
 * It is not documented how these files escape a quote or whether text may follow a value, so the reader accepts what it can
 * read with certainty and reports the rest.
 */

import {
  bytesOfUnits,
  byteUnits,
  carriageReturn,
  decodeText,
  lineFeed,
  type TextEncoding,
  unitLength,
} from './text-encoding.ts';

/** A value's bytes within the file: `length` bytes from `offset`, without its quotes. `line` counts from 1. */
export interface ValueRun {
  readonly offset: number;
  readonly length: number;
  readonly line: number;
  readonly isQuoted: boolean;
}

/** A place that gives a key a value: its run of bytes, or why the run is not known. */
export type FoundValue =
  | ({ readonly kind: 'value' } & ValueRun)
  | { readonly kind: 'unterminated'; readonly line: number }
  /** Another key of the forms is on the same line: a line break is lost. */
  | { readonly kind: 'joined'; readonly line: number }
  /** One of the quotes around it is typographic, the other one is straight. */
  | { readonly kind: 'typographic'; readonly line: number }
  /** More than one quote could be the closing one. */
  | { readonly kind: 'ambiguous'; readonly line: number };

/** Every place of the file that gives `key` a value, in the file's order. */
export function findValues(bytes: Buffer, encoding: TextEncoding, key: string): readonly FoundValue[] {
  if (key === '') return [];
  const found: FoundValue[] = [];
  let number = 1;
  let counted = 0;
  for (const line of linesWith(bytes, encoding, bytesOfUnits(key, encoding))) {
    const { units, offset } = line;
    for (let at = units.indexOf(key); at !== -1; at = units.indexOf(key, at + key.length)) {
      const isFirst = startsLine(line, at, encoding);
      if (!isFirst && !followsQuote(units, at)) continue;
      const equals = skipSpaces(units, at + key.length);
      if (units[equals] !== '=') continue;
      number += lineEndsIn(bytes.subarray(counted, offset), encoding);
      counted = offset;
      found.push(isFirst ? readValue(line, equals + 1, number, encoding) : { kind: 'joined', line: number });
    }
  }
  return found;
}

/** A line of a file in code units, without its end, and the byte that it begins at. */
export interface Line {
  readonly units: string;
  readonly offset: number;
}

/** The lines that hold these bytes of text: looked for in the bytes, as nearly all lines do not. */
export function* linesWith(bytes: Buffer, encoding: TextEncoding, text: Buffer): Generator<Line> {
  for (let at = indexOfText(bytes, encoding, text, 0); at !== -1; ) {
    const [start, end] = lineAround(bytes, at, encoding);
    yield { units: byteUnits(bytes.subarray(start, end), encoding), offset: start };
    at = indexOfText(bytes, encoding, text, end);
  }
}

/** The first byte of these bytes of text from a byte on; never from the middle of a unit. */
function indexOfText(bytes: Buffer, encoding: TextEncoding, text: Buffer, from: number): number {
  return bytes.indexOf(text, from, unitLength(encoding) === 2 ? 'utf16le' : 'latin1');
}

/** The runs of one character: the first byte of each, and the byte behind it. */
export function* runsOf(
  bytes: Buffer,
  encoding: TextEncoding,
  character: string,
): Generator<readonly [number, number]> {
  const text = bytesOfUnits(character, encoding);
  for (let at = indexOfText(bytes, encoding, text, 0); at !== -1; ) {
    let end = at + text.length;
    while (end + text.length <= bytes.length && text.compare(bytes, end, end + text.length) === 0) end += text.length;
    yield [at, end];
    at = indexOfText(bytes, encoding, text, end);
  }
}

function lineAround(bytes: Buffer, at: number, encoding: TextEncoding): readonly [start: number, end: number] {
  const unit = unitLength(encoding);
  const low = lowByte(encoding);
  let start = at;
  while (start > 0 && !isLineEnd(bytes, start - unit, unit, low)) start -= unit;
  let end = at;
  while (end < bytes.length && !isLineEnd(bytes, end, unit, low)) end += unit;
  return [start, end];
}

/** Where a unit has its low byte. */
function lowByte(encoding: TextEncoding): 0 | 1 {
  return encoding.startsWith('utf-16be') ? 1 : 0;
}

function isLineEnd(bytes: Buffer, at: number, unit: 1 | 2, low: 0 | 1): boolean {
  const byte = bytes[at + low];
  return (byte === lineFeed || byte === carriageReturn) && (unit === 1 || bytes[at + 1 - low] === 0);
}

/** The line ends (CRLF, LF or CR) in these bytes, which begin with a line; in the largest files no list of them is made. */
function lineEndsIn(bytes: Buffer, encoding: TextEncoding): number {
  const unit = unitLength(encoding);
  const low = lowByte(encoding);
  let count = 0;
  for (const byte of [lineFeed, carriageReturn]) {
    for (let at = bytes.indexOf(byte); at !== -1; at = bytes.indexOf(byte, at + 1)) {
      const start = at - (at % unit);
      if (at !== start + low || !isLineEnd(bytes, start, unit, low)) continue;
      // A line feed behind a carriage return ends no other line.
      const isSecond =
        byte === lineFeed && bytes[at - unit] === carriageReturn && isLineEnd(bytes, start - unit, unit, low);
      if (!isSecond) count += 1;
    }
  }
  return count;
}

/** The keys that the file gives a value, each once, in the file's order. */
export function keysOf(bytes: Buffer, encoding: TextEncoding): readonly string[] {
  const keys = byteUnits(bytes, encoding).matchAll(/(?:^|[\r\n])[^\w\r\n;"=]*(\w+)[ \t]*=/g);
  return [...new Set([...keys].map(([, key = '']) => key))];
}

/** The text before the key on its line may only be spaces, or the byte order mark at the file's start. */
function startsLine({ units, offset }: Line, at: number, encoding: TextEncoding): boolean {
  let index = at - 1;
  while (units[index] === ' ' || units[index] === '\t') index -= 1;
  const mark = encoding === 'utf-8 with BOM' ? 3 : encoding.endsWith('with BOM') ? 1 : 0;
  return index === -1 || (offset === 0 && index === mark - 1);
}

/** Whether a value ends right before this place, as where the line break between two keys is lost. */
function followsQuote(units: string, at: number): boolean {
  const index = at - 1 - (/[^\x21-\x7e]*$/.exec(units.slice(Math.max(0, at - longestGap), at))?.[0].length ?? 0);
  // The quote after an equals sign begins a value.
  return units[index] === '"' && units[index - 1] !== '=';
}

/** What may be left of a lost line break: spaces, or a separator of lines that the forms do not know (U+2028). */
const longestGap = 16;

function skipSpaces(units: string, from: number): number {
  let index = from;
  while (units[index] === ' ' || units[index] === '\t') index += 1;
  return index;
}

function readValue({ units, offset }: Line, afterEquals: number, line: number, encoding: TextEncoding): FoundValue {
  const start = skipSpaces(units, afterEquals);
  const rest = units.slice(start);
  const isQuoted = rest.startsWith('"');
  const run = (from: number, length: number): FoundValue => ({
    kind: 'value',
    offset: offset + from * unitLength(encoding),
    length: length * unitLength(encoding),
    line,
    isQuoted,
  });
  const textOf = (part: string): string => decodeText(bytesOfUnits(part, encoding), encoding);
  if (!isQuoted) {
    const value = withoutSpacesAtEnd(rest);
    if (/[^\x21-\x7e]L_\w+[ \t]*=/.test(value)) return { kind: 'joined', line };
    const quotes = value.split('"').length - 1;
    if (quotes % 2 === 1 && /^[“”„‟″«][^"]*"$/u.test(textOf(value))) return { kind: 'typographic', line };
    return /[ \t];/.test(value) || quotes % 2 === 1 ? { kind: 'ambiguous', line } : run(start, value.length);
  }
  const body = rest.slice(1);
  if (/"[^\x21-\x7e]*L_\w+[ \t]*=/.test(body)) return { kind: 'joined', line };
  const end = closingQuote(body);
  if (end === 'none')
    return { kind: /[“”„‟″»]$/u.test(textOf(withoutSpacesAtEnd(body))) ? 'typographic' : 'unterminated', line };
  if (end === 'ambiguous') return { kind: 'ambiguous', line };
  return run(start + 1, end);
}

/** How a text is written in the place of a value: in quotes if there are none and it would not be read back whole. */
export function writtenInPlaceOf(value: Pick<ValueRun, 'isQuoted'>, text: string): string {
  return value.isQuoted || !/^[ \t]|[ \t](?:;|$)/.test(text) ? text : `"${text}"`;
}

/** Only these two are spaces: as a unit, the last byte of a character may look like any other white space. */
function withoutSpacesAtEnd(units: string): string {
  let end = units.length;
  while (units[end - 1] === ' ' || units[end - 1] === '\t') end -= 1;
  return units.slice(0, end);
}

/**
 * The index of the closing quote. Quotes inside a value are not escaped in any way that we know of, so it is the one
 * quote that has only spaces or a comment behind it, or the only quote that there is, whatever follows it.
 */
function closingQuote(body: string): number | 'none' | 'ambiguous' {
  const first = body.indexOf('"');
  if (first === -1) return 'none';
  if (first === body.lastIndexOf('"')) return first;
  const [candidate, ...others] = body.matchAll(/"(?=[ \t]*$|[ \t]+;)/g);
  return candidate === undefined || others.length > 0 ? 'ambiguous' : candidate.index;
}

/** Whether the file is of the older kind of ISA Server 2004, whose keys are numbers (`19=Domain\user name:`). */
export function isIsa2004Format(bytes: Buffer, encoding: TextEncoding): boolean {
  const units = byteUnits(bytes, encoding);
  return lineStart('\\d+').test(units) && !lineStart('L_\\w+').test(units);
}

/** A key that begins a line, the first one with or without its byte order mark (as one unit, or as the bytes of UTF-8). */
function lineStart(key: string): RegExp {
  return new RegExp(`(?:^(?:\\u{feff}|\\u{ef}\\u{bb}\\u{bf})?|[\\r\\n])[ \\t]*${key}[ \\t]*=`, 'u');
}

/** A run of bytes that is replaced: `old` is at `offset`, `new` takes its place. */
export interface ByteSplice {
  readonly offset: number;
  readonly old: Buffer;
  readonly new: Buffer;
}

/** The bytes with every splice done; the splices are in ascending order and none overlaps the one before it. */
export function spliceBytes(bytes: Buffer, splices: readonly ByteSplice[]): Buffer {
  return Buffer.concat(splicedParts(bytes, splices));
}

/** The same in parts, so that no second copy of a file is made where they are only looked at. */
export function splicedParts(bytes: Buffer, splices: readonly ByteSplice[]): readonly Buffer[] {
  const parts: Buffer[] = [];
  let at = 0;
  for (const splice of splices) {
    parts.push(bytes.subarray(at, splice.offset), splice.new);
    at = splice.offset + splice.old.length;
  }
  parts.push(bytes.subarray(at));
  return parts;
}

/** Where bytes of a file are replaced: old ones by new ones, as the value of a key. */
export interface KeySplice extends ByteSplice {
  readonly key: string;
}

/**
 * Whether each splice replaces the whole value of its key, with its quotes or without them, and gives the key a value
 * again that is exactly the new bytes. Ascending, none overlapping.
 *
 * @param bytes the file before
 */
export function replaceValuesOnly(bytes: Buffer, encoding: TextEncoding, splices: readonly KeySplice[]): boolean {
  const isInOrder = splices.every(({ offset }, index) => {
    const before = splices[index - 1];
    return before === undefined || offset >= before.offset + before.old.length;
  });
  if (!isInOrder) return false;
  let shift = 0;
  const placed = splices.map((splice) => {
    const offset = splice.offset + shift;
    shift += splice.new.length - splice.old.length;
    return { ...splice, offset, old: splice.new };
  });
  return areValues(bytes, encoding, splices) && areValues(spliceBytes(bytes, splices), encoding, placed);
}

/** Whether the old bytes of each splice are there, and are the value of its key. */
function areValues(bytes: Buffer, encoding: TextEncoding, splices: readonly KeySplice[]): boolean {
  const unit = unitLength(encoding);
  const runs = new Map<string, ReadonlySet<string>>();
  const runsOf = (key: string): ReadonlySet<string> => {
    const known = runs.get(key);
    if (known !== undefined) return known;
    const places = findValues(bytes, encoding, key).flatMap((value) => {
      if (value.kind !== 'value') return [];
      const { offset, length, isQuoted } = value;
      const bare = `${offset} ${length}`;
      return isQuoted ? [bare, `${offset - unit} ${length + 2 * unit}`] : [bare];
    });
    const found = new Set(places);
    runs.set(key, found);
    return found;
  };
  return splices.every(
    ({ key, offset, old }) =>
      bytes.subarray(offset, offset + old.length).equals(old) && runsOf(key).has(`${offset} ${old.length}`),
  );
}
