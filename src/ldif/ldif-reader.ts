/**
 * Reads the entries of an LDIF file (RFC 2849) as a stream: exports of ldifde (also UTF-16) and the output of ldapsearch
 * and ldbsearch.
 *
 * Lines are text with one character per byte, so that values keep their bytes in any encoding.
 */

import { TextDecoder } from 'node:util';
import { attributeDescriptionPattern, type LdifAttribute, type LdifContentRecord, LdifSyntaxError } from './ldif.ts';

/** The whole text or its chunks, as bytes or text. */
export type LdifInput = Uint8Array | string | AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/** An entry of an export with the 1-based line of its dn. */
export type LocatedLdifEntry = LdifContentRecord & { readonly line: number };

/**
 * The entries of an export as they arrive: content records, and the records with `changetype: add` that ldifde writes.
 * References (`ref:`) and the summary that ldapsearch prints are skipped; a summary of a search that was cut short is an
 * error. UTF-8 with or without byte order mark, or UTF-16; several files may be joined to one. Throws LdifSyntaxError,
 * also for any other change record, and whatever the input throws.
 *
 * @param source names the file in messages
 */
export async function* readLdifEntries(
  input: LdifInput,
  source: string,
): AsyncGenerator<LocatedLdifEntry, void, undefined> {
  for await (const lines of recordLines(input, source)) {
    const entry = entryOf(lines);
    if (entry !== undefined) yield entry;
  }
}

/** The lines of each record. Throws LdifSyntaxError, and whatever the input throws. */
export async function* recordLines(input: LdifInput, source: string): AsyncGenerator<RecordLines, void, undefined> {
  const lines = new LineReader(source);
  const bytes = new Utf8Bytes(source, () => lines.lineNumber);
  const recordsIn = function* (blocks: Iterable<readonly LdifLine[]>): Generator<RecordLines> {
    for (const block of blocks) yield new RecordLines(block, source);
  };
  for await (const chunk of typeof input === 'string' || input instanceof Uint8Array ? [input] : input) {
    yield* recordsIn(lines.push(bytes.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)));
  }
  yield* recordsIn(lines.push(bytes.end()));
  yield* recordsIn(lines.end());
}

/** undefined for a record that is no entry: a lone version line, a reference, the summary of ldapsearch. */
function entryOf(lines: RecordLines): LocatedLdifEntry | undefined {
  const first = lines.start();
  if (first === undefined) return undefined;
  const dn = lines.textOf('dn');
  if (lines.nextIs('control')) throw lines.unexpected('an entry, not a change');
  if (lines.nextIs('changetype')) {
    const kind = lines.textOf('changetype').trim();
    if (kind.toLowerCase() !== 'add') throw lines.wrong(first.number, `expected an entry, found a change (${kind})`);
    if (lines.peek() === undefined) throw lines.unexpected('the attributes of the new entry');
  }
  return { kind: 'content', dn, attributes: lines.attributes(), line: first.number };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Searches for a wrong character: a pattern for the whole value would overflow the stack at some megabytes. */
function isWholeBase64(text: string): boolean {
  return text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(text.replace(/={1,2}$/, ''));
}

/** A line taken apart: name, and the bytes of its value. */
interface Field {
  readonly line: LdifLine;
  readonly name: string;
  readonly value: Buffer;
}

/** A cursor over the lines of one record. Its methods throw LdifSyntaxError. */
export class RecordLines {
  readonly #lines: readonly LdifLine[];
  readonly #source: string;
  #at = 0;

  constructor(lines: readonly LdifLine[], source: string) {
    this.#lines = lines;
    this.#source = source;
  }

  /** The first line of the record after its version line; undefined for a reference or the summary of ldapsearch. */
  start(): LdifLine | undefined {
    const top = this.peek();
    if (this.nextIs('version') && this.textOf('version').trim() !== '1') throw this.unexpected('version: 1', top);
    const first = this.peek();
    if (first === undefined || this.nextIs('ref')) return undefined;
    if (this.nextIs('search') || this.nextIs('result')) {
      this.#searchSummary();
      return undefined;
    }
    return first;
  }

  /** The rest of the record, each attribute once, also where its values are not together. */
  attributes(): LdifAttribute[] {
    const attributes = new Map<string, { readonly name: string; readonly values: Buffer[] }>();
    while (this.peek() !== undefined) {
      const { name, value } = this.field('an attribute and its value');
      const key = name.toLowerCase();
      const known = attributes.get(key);
      if (known === undefined) attributes.set(key, { name, values: [value] });
      else known.values.push(value);
    }
    return [...attributes.values()];
  }

  /** The next line; undefined at the end of the record. */
  peek(): LdifLine | undefined {
    return this.#lines[this.#at];
  }

  nextIs(name: string): boolean {
    return (
      this.peek()
        ?.text.slice(0, name.length + 1)
        .toLowerCase() === `${name}:`
    );
  }

  /** Steps over the next line. */
  take(expected: string): LdifLine {
    const line = this.peek();
    if (line === undefined) throw this.unexpected(expected);
    this.#at++;
    return line;
  }

  /** The value of the next line, which must have that name, as text. */
  textOf(name: string): string {
    if (!this.nextIs(name)) throw this.unexpected(`${name}:`);
    const { line, value } = this.field(`${name}:`);
    try {
      return utf8.decode(value);
    } catch {
      // The decoder's own message does not say where.
      throw this.unexpected(`${name}: as UTF-8 text`, line);
    }
  }

  /** Steps over the next line, which must be a name and a value. */
  field(expected: string): Field {
    const line = this.take(expected);
    const [start = '', name, marker] = /^([^:]+):([:<]?) */.exec(line.text) ?? [];
    if (name === undefined || !attributeDescriptionPattern.test(name)) throw this.unexpected(expected, line);
    if (marker === '<') throw this.unexpected('the value itself (a URL after :< is not read)', line);
    return { line, name, value: this.bytes(line.text.slice(start.length), marker === ':', line) };
  }

  /** The bytes of a value as the line has it. */
  bytes(written: string, isBase64: boolean, line: LdifLine): Buffer {
    if (!isBase64) return Buffer.from(written, 'latin1');
    const text = written.trimEnd();
    if (!isWholeBase64(text)) throw this.unexpected('base64 in whole groups of four characters', line);
    return Buffer.from(text, 'base64');
  }

  /** The error for a line, default the next; it shows only the name, as values can be secrets. */
  unexpected(expected: string, line = this.peek()): LdifSyntaxError {
    if (line === undefined) {
      const last = this.#lines.at(-1)?.number ?? 0;
      return new LdifSyntaxError(this.#source, last + 1, `expected ${expected}, found the end of the record`);
    }
    const [start = ''] = /^[^:]{0,40}:*/.exec(Buffer.from(line.text, 'latin1').toString()) ?? [];
    return new LdifSyntaxError(this.#source, line.number, `expected ${expected}, found "${start}"`);
  }

  wrong(line: number, found: string): LdifSyntaxError {
    return new LdifSyntaxError(this.#source, line, found);
  }

  /** The output of a search that did not end with success is incomplete. */
  #searchSummary(): void {
    const result = this.#lines.find(({ text }) => /^result:/i.test(text));
    if (result !== undefined && !/^result: *0\b/i.test(result.text)) {
      throw this.wrong(result.number, `the search that wrote it was cut short: ${result.text}`);
    }
  }
}

/** A line with its continuations, one character per byte. */
export interface LdifLine {
  readonly number: number;
  readonly text: string;
}

/** Converts the file's encoding to UTF-8, chunk by chunk. */
class Utf8Bytes {
  readonly #source: string;
  readonly #lineNumber: () => number;
  #start: Uint8Array | undefined = Buffer.alloc(0);
  #decoder: TextDecoder | undefined;

  constructor(source: string, lineNumber: () => number) {
    this.#source = source;
    this.#lineNumber = lineNumber;
  }

  /** The bytes so far in UTF-8, one character per byte. */
  push(chunk: Uint8Array): string {
    if (this.#start === undefined) return this.#decoded(chunk);
    const start = Buffer.concat([this.#start, chunk]);
    // Three bytes determine the encoding.
    if (start.length < 3) {
      this.#start = start;
      return '';
    }
    return this.#begin(start);
  }

  end(): string {
    const rest = this.#start === undefined ? '' : this.#begin(Buffer.from(this.#start));
    if (this.#decoder === undefined) return rest;
    return rest + this.#transcoded(() => this.#decoder?.decode() ?? '');
  }

  #begin(start: Buffer): string {
    this.#start = undefined;
    const encoding = utf16Of(start);
    if (encoding !== undefined) this.#decoder = new TextDecoder(encoding, { fatal: true });
    const hasUtf8Mark = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf;
    return this.#decoded(hasUtf8Mark ? start.subarray(3) : start);
  }

  #decoded(chunk: Uint8Array): string {
    const decoder = this.#decoder;
    if (decoder === undefined) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
    return this.#transcoded(() => decoder.decode(chunk, { stream: true }));
  }

  #transcoded(decode: () => string): string {
    try {
      return Buffer.from(decode()).toString('latin1');
    } catch {
      // The decoder's own message does not name the place.
      throw new LdifSyntaxError(
        this.#source,
        this.#lineNumber(),
        'expected UTF-16 text, found an incomplete character',
      );
    }
  }
}

/** By byte order mark; without one by the NUL next to the first character, which is always ASCII. */
function utf16Of(start: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const [first, second] = start;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return undefined;
}

/** In UTF-8, one character per byte. Within a file it is where another file was joined to it. */
const byteOrderMark = '\xef\xbb\xbf';

/** Splits the text into records: the lines between blank lines, unfolded and without comments. */
class LineReader {
  readonly #source: string;
  #rest = '';
  #number = 0;
  #line: { readonly number: number; readonly parts: string[] } | undefined;
  #record: LdifLine[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  /** The current line, 1-based. */
  get lineNumber(): number {
    return this.#number + 1;
  }

  *push(text: string): Generator<readonly LdifLine[]> {
    const lines = text.split('\n');
    lines[0] = this.#rest + lines[0];
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const record = this.#physicalLine(line);
      if (record.length > 0) yield record;
    }
  }

  /** A last line without line end is accepted as typed by hand, unless it is folded or base64: then the file is truncated. */
  *end(): Generator<readonly LdifLine[]> {
    const isFolded = this.#line !== undefined && this.#line.parts[0]?.startsWith('#') !== true;
    if ((this.#rest.startsWith(' ') && isFolded) || /^[^ #:][^:]*::/.test(this.#rest)) {
      throw new LdifSyntaxError(this.#source, this.lineNumber, 'found the end of the file in the middle of a value');
    }
    for (const record of [this.#physicalLine(this.#rest), this.#endOfRecord()]) if (record.length > 0) yield record;
  }

  /** The record that this line ends; [] if it ends none. */
  #physicalLine(withReturn: string): readonly LdifLine[] {
    this.#number++;
    const text = withReturn.endsWith('\r') ? withReturn.slice(0, -1) : withReturn;
    if (text.startsWith(byteOrderMark)) {
      const record = this.#endOfRecord();
      this.#line = { number: this.#number, parts: [text.slice(byteOrderMark.length)] };
      return record;
    }
    if (text.startsWith(' ') && this.#line !== undefined) {
      this.#line.parts.push(text.slice(1));
      return [];
    }
    // ldapsearch writes the name of a deleted or conflicting entry into a comment with the newline in it.
    if (/^(?:DEL|CNF):/.test(text) && this.#line?.parts[0]?.startsWith('#')) return [];
    this.#endOfLine();
    if (text.trim() === '') return this.#endOfRecord();
    if (text.startsWith(' ')) {
      throw new LdifSyntaxError(this.#source, this.#number, 'found a continuation without a line before it');
    }
    this.#line = { number: this.#number, parts: [text] };
    return [];
  }

  #endOfLine(): void {
    const line = this.#line;
    this.#line = undefined;
    if (line === undefined || line.parts[0]?.startsWith('#')) return;
    this.#record.push({ number: line.number, text: line.parts.join('') });
  }

  #endOfRecord(): readonly LdifLine[] {
    this.#endOfLine();
    const record = this.#record;
    this.#record = [];
    return record;
  }
}
