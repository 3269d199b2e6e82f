/** What one strings.txt holds: its encoding and the values of the keys, from its bytes alone. */

import type { FileFingerprint } from '../../change/plan.ts';
import type { CodePage } from '../../files/code-pages.ts';
import { findValues, isIsa2004Format } from '../../files/strings-file.ts';
import {
  byteUnits,
  type DetectedEncoding,
  decodeText,
  detectEncoding,
  encodeText,
  type TextEncoding,
} from '../../files/text-encoding.ts';

/** A value of one of the keys. */
export type LabelValue = ReadableValue | FlawedValue;

/** A value whose bytes are known: `length` of them from `offset`, without quotes. */
export interface ReadableValue {
  readonly key: string;
  /** From 1. */
  readonly line: number;
  readonly offset: number;
  readonly length: number;
  readonly isQuoted: boolean;
  readonly text: string;
  readonly flaw?: 'undecodable';
}

/** A value whose end is not known. */
interface FlawedValue {
  readonly key: string;
  /** From 1. */
  readonly line: number;
  readonly text?: undefined;
  readonly flaw: 'unterminated' | 'ambiguous';
}

interface ReadContent {
  readonly bytes: Buffer;
  readonly fingerprint: FileFingerprint;
}

export interface Strings extends ReadContent {
  readonly kind: 'strings';
  readonly encoding: TextEncoding;
  /** Of the keys that were looked for, key by key. */
  readonly values: readonly LabelValue[];
  /** A word of an old label that names the domain, and the keys of the file whose texts hold it. */
  readonly domainWord: { readonly word: string; readonly keys: readonly string[] } | undefined;
}

export type FileContent =
  | (ReadContent & { readonly kind: 'not-text'; readonly detected: Exclude<DetectedEncoding, { kind: 'text' }> })
  | (ReadContent & { readonly kind: 'isa-2004' })
  | Strings;

/** The encoding that the files of a language may have where their bytes show none. */
export interface ExpectedEncoding {
  /** The code page of the language. */
  readonly codePage?: CodePage | undefined;
  /** The encoding that the user named for it, which goes first. */
  readonly named?: TextEncoding | undefined;
}

/** Reads a strings.txt. */
export function readStrings(
  bytes: Buffer,
  fingerprint: FileFingerprint,
  keys: readonly string[],
  { codePage, named }: ExpectedEncoding,
): FileContent {
  const detected = detectEncoding(bytes, codePage, named);
  if (detected.kind !== 'text') return { kind: 'not-text', bytes, fingerprint, detected };
  const { encoding } = detected;
  const values = valuesOf(bytes, encoding, keys);
  if (values.length === 0 && isIsa2004Format(bytes, encoding)) return { kind: 'isa-2004', bytes, fingerprint };
  return { kind: 'strings', bytes, fingerprint, encoding, values, domainWord: domainWordIn(bytes, encoding, values) };
}

function valuesOf(bytes: Buffer, encoding: TextEncoding, keys: readonly string[]): readonly LabelValue[] {
  const read = valueReader(bytes, encoding);
  return [...new Set(keys)].flatMap((key) =>
    findValues(bytes, encoding, key).map((found): LabelValue => {
      if (found.kind !== 'value') return { key, line: found.line, flaw: found.kind };
      const { kind: _, ...run } = found;
      return { key, ...run, ...read(found.offset, found.length) };
    }),
  );
}

/** Reads values; equal ones are decoded and kept once, for a damaged file may repeat one half a million times. */
function valueReader(
  bytes: Buffer,
  encoding: TextEncoding,
): (offset: number, length: number) => Pick<ReadableValue, 'text' | 'flaw'> {
  const known = new Map<string, Pick<ReadableValue, 'text' | 'flaw'>>();
  return (offset, length) => {
    const name = bytes.toString('latin1', offset, offset + length);
    const before = known.get(name);
    if (before !== undefined) return before;
    const value = bytes.subarray(offset, offset + length);
    const text = decodeText(value, encoding);
    const read = survivesDecoding(value, text, encoding) ? { text } : { text, flaw: 'undecodable' as const };
    known.set(name, read);
    return read;
  };
}

/** Whether every byte of a value means a character in its encoding. */
function survivesDecoding(bytes: Buffer, text: string, encoding: TextEncoding): boolean {
  if (/[\ufffd\u0080-\u009f]/.test(text)) return false;
  const again = encodeText(text, encoding);
  return encoding === 'windows-1258' || (again.kind === 'encoded' && again.bytes.equals(bytes));
}

/**
 * The word before `\` or `/` in a label like "Domäne\Benutzername:", and the keys whose values have it: texts that may
 * go on asking for the domain after the label no longer does.
 */
function domainWordIn(bytes: Buffer, encoding: TextEncoding, values: readonly LabelValue[]): Strings['domainWord'] {
  const word = values.map((value) => domainWordOf(value.text ?? '')).find((found) => found !== undefined);
  if (word === undefined) return undefined;
  const units = byteUnits(bytes, encoding);
  const keys = new Set<string>();
  for (const spelling of new Set([word, word.toLowerCase(), capitalised(word)])) {
    const encoded = encodeText(spelling, encoding);
    if (encoded.kind === 'lacking') continue;
    const needle = byteUnits(encoded.bytes, encoding);
    for (const line of linesWith(units, needle)) {
      const [, key, value] = /^[ \t\ufeff]*(L_\w+)[ \t]*=(.*)$/s.exec(line) ?? [];
      if (key !== undefined && value?.includes(needle) === true) keys.add(key);
    }
  }
  return { word, keys: [...keys] };
}

/** The lines that hold a text: found by it, as nearly all lines do not. */
function* linesWith(units: string, needle: string): Generator<string> {
  const isEnd = (at: number): boolean => units[at] === '\n' || units[at] === '\r';
  for (let at = units.indexOf(needle); at >= 0; ) {
    let start = at;
    while (start > 0 && !isEnd(start - 1)) start -= 1;
    let end = at;
    while (end < units.length && !isEnd(end)) end += 1;
    yield units.slice(start, end);
    at = units.indexOf(needle, end);
  }
}

function domainWordOf(label: string): string | undefined {
  const [, before] = /^([^\\/]*)[\\/]/.exec(label) ?? [];
  return before?.match(/\p{L}[\p{L}\p{M}]+/u)?.[0];
}

function capitalised(word: string): string {
  const [first = '', ...rest] = word;
  return first.toUpperCase() + rest.join('').toLowerCase();
}
