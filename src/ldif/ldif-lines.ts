/**
 * From the bytes of an LDIF file to its lines (RFC 2849): encoding, folding, comments, and the blank lines between records.
 *
 * Lines are handled as text with one character per byte, so that values keep their bytes whatever these are.
 */

import { TextDecoder } from 'node:util';
import { LdifSyntaxError } from './ldif.ts';

/** A line with its continuations, one character per byte. */
export interface LdifLine {
  readonly number: number;
  readonly text: string;
}

/** Turns the file's encoding into UTF-8, one chunk after the other. */
export class Utf8Bytes {
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
    // Three bytes tell the encoding.
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
      // The decoder's own message does not tell where.
      throw new LdifSyntaxError(this.#source, this.#lineNumber(), 'expected UTF-16 text, found a broken character');
    }
  }
}

/** By byte order mark; without one by the NUL beside the first character, which is always ASCII. */
function utf16Of(start: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const [first, second] = start;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return undefined;
}

/** Cuts the text into records: the lines between blank lines, unfolded and without comments. */
export class LineReader {
  readonly #source: string;
  #rest = '';
  #number = 0;
  #line: { readonly number: number; readonly parts: string[] } | undefined;
  #record: LdifLine[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  /** The last line that was begun, 1-based. */
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

  /** Text without a line end at the end of the file passes as typed by hand, unless only a program writes such lines. */
  *end(): Generator<readonly LdifLine[]> {
    const isFolded = this.#line !== undefined && this.#line.parts[0]?.startsWith('#') !== true;
    if ((this.#rest.startsWith(' ') && isFolded) || /^[^ #:][^:]*::/.test(this.#rest)) {
      throw new LdifSyntaxError(this.#source, this.lineNumber, 'found the end of the file in the middle of a value');
    }
    for (const record of [this.#physicalLine(this.#rest), this.#endOfRecord()]) if (record.length > 0) yield record;
  }

  /** The record that the line ends, [] if it ends none. */
  #physicalLine(withReturn: string): readonly LdifLine[] {
    this.#number++;
    const text = withReturn.endsWith('\r') ? withReturn.slice(0, -1) : withReturn;
    if (text.startsWith(' ') && this.#line !== undefined) {
      this.#line.parts.push(text.slice(1));
      return [];
    }
    // ldapsearch puts the name of a deleted or conflicting entry into a comment with its newline as it is.
    if (/^(?:DEL|CNF):/.test(text) && this.#line?.parts[0]?.startsWith('#')) return [];
    this.#endOfLine();
    if (text.trim() === '') return this.#endOfRecord();
    if (text.startsWith(' ')) {
      throw new LdifSyntaxError(this.#source, this.#number, 'found a continuation with no line before it');
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
