/**
 * Reads LDIF as a stream: content and change records of RFC 2849, exports of ldifde (also UTF-16) and the output of
 * ldapsearch and ldbsearch.
 */

import { TextDecoder } from 'node:util';
import {
  attributeDescriptionPattern,
  type LdifAttribute,
  type LdifChangeRecord,
  type LdifContentRecord,
  type LdifControl,
  type LdifEdit,
  type LdifRecord,
  type LdifRenameRecord,
  LdifSyntaxError,
} from './ldif.ts';
import { type LdifLine, LineReader, Utf8Bytes } from './ldif-lines.ts';

export type LdifInput = Uint8Array | string | AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/** A record with the 1-based line on which its dn stands. */
export type LocatedLdifRecord = LdifRecord & { readonly line: number };

/** An entry of an export with the 1-based line on which its dn stands. */
export type LocatedLdifEntry = LdifContentRecord & { readonly line: number };

/**
 * The records of an LDIF file, as they arrive. References (`ref:`) and the summary that ldapsearch prints are skipped;
 * a summary that tells of a search cut short is an error. `source` names the file in messages.
 * UTF-8 with or without byte order mark, or UTF-16. Throws LdifSyntaxError, and whatever the input throws.
 */
export async function* readLdif(input: LdifInput, source: string): AsyncGenerator<LocatedLdifRecord, void, undefined> {
  const lines = new LineReader(source);
  const bytes = new Utf8Bytes(source, () => lines.lineNumber);
  for await (const chunk of typeof input === 'string' || input instanceof Uint8Array ? [input] : input) {
    yield* recordsOf(lines.push(bytes.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)), source);
  }
  yield* recordsOf(lines.push(bytes.end()), source);
  yield* recordsOf(lines.end(), source);
}

/**
 * The entries of an export: content records, and the records with `changetype: add` that ldifde writes.
 * Throws LdifSyntaxError, also on any other change record.
 */
export async function* readLdifEntries(
  input: LdifInput,
  source: string,
): AsyncGenerator<LocatedLdifEntry, void, undefined> {
  for await (const record of readLdif(input, source)) {
    if (record.kind !== 'content' && record.kind !== 'add') {
      throw new LdifSyntaxError(source, record.line, `expected an entry, found a change (${record.kind})`);
    }
    yield { kind: 'content', dn: record.dn, attributes: record.attributes, line: record.line };
  }
}

function* recordsOf(blocks: Iterable<readonly LdifLine[]>, source: string): Generator<LocatedLdifRecord> {
  for (const block of blocks) {
    const record = new RecordReader(block, source).record();
    if (record !== undefined) yield record;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Searches for what is wrong: a pattern for the whole would overflow on a value of some megabytes. */
function isWholeBase64(text: string): boolean {
  return text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(text.replace(/={1,2}$/, ''));
}

/** A line taken apart: name, and the bytes that its value stands for. */
interface Field {
  readonly line: LdifLine;
  readonly name: string;
  readonly value: Buffer;
}

/** A cursor over the lines of one record. */
class RecordReader {
  readonly #lines: readonly LdifLine[];
  readonly #source: string;
  #at = 0;

  constructor(lines: readonly LdifLine[], source: string) {
    this.#lines = lines;
    this.#source = source;
  }

  /** undefined for what is no record: a lone version line, a reference, the summary of ldapsearch. */
  record(): LocatedLdifRecord | undefined {
    if (this.#nextIs('version')) this.#version();
    const first = this.#peek();
    if (first === undefined || this.#nextIs('ref')) return undefined;
    if (this.#nextIs('search') || this.#nextIs('result')) return this.#searchSummary();
    const dn = this.#textOf('dn');
    const controls = this.#controls();
    if (this.#nextIs('changetype')) return { ...this.#change(dn, controls), line: first.number };
    if (controls.length > 0) throw this.#unexpected('changetype: after control:');
    return { kind: 'content', dn, attributes: this.#attributes(), line: first.number };
  }

  #version(): void {
    const line = this.#peek();
    if (this.#textOf('version').trim() !== '1') throw this.#unexpected('version: 1', line);
  }

  /** A search that did not end with success left entries out: its output is no export to build on. */
  #searchSummary(): undefined {
    const result = this.#lines.find(({ text }) => /^result:/i.test(text));
    if (result !== undefined && !/^result: *0\b/i.test(result.text)) {
      const found = `the search that wrote it was cut short: ${result.text}`;
      throw new LdifSyntaxError(this.#source, result.number, found);
    }
    return undefined;
  }

  #controls(): LdifControl[] {
    const controls: LdifControl[] = [];
    while (this.#nextIs('control')) {
      const line = this.#take('control:');
      const [, oid, critical, marker, value = ''] =
        /^control: *(\d+(?:\.\d+)*)(?: +(true|false))?(?:(::?) *(.*))?$/i.exec(line.text) ?? [];
      if (oid === undefined) throw this.#unexpected('control: OID, true or false, and the value', line);
      const isCritical = critical?.toLowerCase() === 'true';
      controls.push({
        oid,
        critical: isCritical,
        ...(marker === undefined ? {} : { value: this.#bytes(value, marker === '::', line) }),
      });
    }
    return controls;
  }

  #change(dn: string, controls: readonly LdifControl[]): LdifChangeRecord {
    const line = this.#peek();
    const changeType = this.#textOf('changetype').trim().toLowerCase();
    switch (changeType) {
      case 'add':
        if (this.#peek() === undefined) throw this.#unexpected('the attributes of the new entry');
        return { kind: 'add', dn, controls, attributes: this.#attributes() };
      case 'modify':
        return { kind: 'modify', dn, controls, edits: this.#edits() };
      case 'delete':
        if (this.#peek() !== undefined) throw this.#unexpected('a blank line after changetype: delete');
        return { kind: 'delete', dn, controls };
      case 'modrdn':
      case 'moddn':
        return { kind: 'rename', dn, controls, ...this.#newName() };
      default:
        throw this.#unexpected('changetype: add, delete, modify, modrdn or moddn', line);
    }
  }

  /** The rest of the record, each attribute once, also where its values don't stand together. */
  #attributes(): LdifAttribute[] {
    const attributes = new Map<string, { readonly name: string; readonly values: Buffer[] }>();
    while (this.#peek() !== undefined) {
      const { name, value } = this.#field('an attribute and its value');
      const key = name.toLowerCase();
      const known = attributes.get(key);
      if (known === undefined) attributes.set(key, { name, values: [value] });
      else known.values.push(value);
    }
    return [...attributes.values()];
  }

  #edits(): LdifEdit[] {
    const edits: LdifEdit[] = [];
    do edits.push(this.#edit());
    while (this.#peek() !== undefined);
    return edits;
  }

  #edit(): LdifEdit {
    const start = this.#field('add:, delete:, replace: or increment:');
    const operation = operations.get(start.name.toLowerCase());
    const name = start.value.toString('latin1').trim();
    if (operation === undefined || !attributeDescriptionPattern.test(name)) {
      throw this.#unexpected('add:, delete:, replace: or increment:, and the name of an attribute', start.line);
    }
    const values: Buffer[] = [];
    while (this.#peek()?.text.trimEnd() !== '-') {
      const expected = `a value of ${name}, or a line with - alone`;
      const field = this.#field(expected);
      if (field.name.toLowerCase() !== name.toLowerCase()) throw this.#unexpected(expected, field.line);
      values.push(field.value);
    }
    this.#take('-');
    return { operation, name, values };
  }

  #newName(): Pick<LdifRenameRecord, 'newRdn' | 'deleteOldRdn' | 'newSuperior'> {
    const newRdn = this.#textOf('newrdn');
    const line = this.#peek();
    const deleteOldRdn = this.#textOf('deleteoldrdn').trim();
    if (!/^[01]$/.test(deleteOldRdn)) throw this.#unexpected('deleteoldrdn: 0 or 1', line);
    const newSuperior = this.#nextIs('newsuperior') ? { newSuperior: this.#textOf('newsuperior') } : {};
    if (this.#peek() !== undefined) throw this.#unexpected('a blank line after the new name');
    return { newRdn, deleteOldRdn: deleteOldRdn === '1', ...newSuperior };
  }

  #peek(): LdifLine | undefined {
    return this.#lines[this.#at];
  }

  #nextIs(name: string): boolean {
    return (
      this.#peek()
        ?.text.slice(0, name.length + 1)
        .toLowerCase() === `${name}:`
    );
  }

  #take(expected: string): LdifLine {
    const line = this.#peek();
    if (line === undefined) throw this.#unexpected(expected);
    this.#at++;
    return line;
  }

  /** The value of the next line, which has to have that name, as text. */
  #textOf(name: string): string {
    if (!this.#nextIs(name)) throw this.#unexpected(`${name}:`);
    const { line, value } = this.#field(`${name}:`);
    try {
      return utf8.decode(value);
    } catch {
      // The decoder's own message does not tell where.
      throw this.#unexpected(`${name}: as UTF-8 text`, line);
    }
  }

  #field(expected: string): Field {
    const line = this.#take(expected);
    const [start = '', name, marker] = /^([^:]+):([:<]?) */.exec(line.text) ?? [];
    if (name === undefined || !attributeDescriptionPattern.test(name)) throw this.#unexpected(expected, line);
    if (marker === '<') throw this.#unexpected('the value itself (a URL after :< is not followed)', line);
    return { line, name, value: this.#bytes(line.text.slice(start.length), marker === ':', line) };
  }

  #bytes(written: string, isBase64: boolean, line: LdifLine): Buffer {
    if (!isBase64) return Buffer.from(written, 'latin1');
    const text = written.trimEnd();
    if (!isWholeBase64(text)) throw this.#unexpected('base64 in whole groups of four characters', line);
    return Buffer.from(text, 'base64');
  }

  /** An error about a line, by default the next; of the line only the name is shown: values can be secrets. */
  #unexpected(expected: string, line = this.#peek()): LdifSyntaxError {
    if (line === undefined) {
      const last = this.#lines.at(-1)?.number ?? 0;
      return new LdifSyntaxError(this.#source, last + 1, `expected ${expected}, found the end of the record`);
    }
    const [start = ''] = /^[^:]{0,40}:*/.exec(Buffer.from(line.text, 'latin1').toString()) ?? [];
    return new LdifSyntaxError(this.#source, line.number, `expected ${expected}, found "${start}"`);
  }
}

const operations: ReadonlyMap<string, LdifEdit['operation']> = new Map([
  ['add', 'add'],
  ['delete', 'delete'],
  ['replace', 'replace'],
  ['increment', 'increment'],
]);
