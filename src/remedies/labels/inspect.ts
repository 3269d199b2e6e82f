/** What one strings.txt holds and what its change would be: pure, over the file's bytes. */

import { fileFingerprint } from '../../change/fingerprint.ts';
import type { FileFingerprint, Splice } from '../../change/plan.ts';
import { findValues, isIsa2004Format, spliceBytes, type ValueRun, writtenInPlaceOf } from '../../files/strings-file.ts';
import {
  byteUnits,
  type DetectedEncoding,
  decodeText,
  detectEncoding,
  encodeText,
  type TextEncoding,
} from '../../files/text-encoding.ts';
import { codePageOf, encodingNamedFor, type LabelsOptions, newTextFor } from './options.ts';
import type { WordingLookup } from './wording.ts';

/** A value of one of the keys as it stands in the file. */
export interface LabelValue {
  readonly key: string;
  /** From 1. */
  readonly line: number;
  /** Undefined where the value's end can't be told. */
  readonly text: string | undefined;
  readonly flaw?: 'unterminated' | 'ambiguous' | 'undecodable';
}

/** What would have to be done to the file to give it the new label. */
export type ProposedEdit =
  /** Nobody has said what the label shall be. */
  | { readonly kind: 'none-asked' }
  | { readonly kind: 'no-wording'; readonly reason: Extract<WordingLookup, { kind: 'no-wording' }>['reason'] }
  | { readonly kind: 'already-right' }
  | { readonly kind: 'not-encodable'; readonly text: string; readonly characters: readonly string[] }
  | {
      readonly kind: 'splices';
      readonly text: string;
      readonly splices: readonly Splice[];
      readonly after: FileFingerprint;
    };

export type FileContent =
  | { readonly kind: 'not-text'; readonly detected: Exclude<DetectedEncoding, { kind: 'text' }> }
  | { readonly kind: 'isa-2004' }
  | {
      readonly kind: 'strings';
      readonly encoding: TextEncoding;
      readonly values: readonly LabelValue[];
      readonly edit: ProposedEdit;
      /** A word of the old label that names the domain and that stands elsewhere in the file too. */
      readonly domainWordElsewhere: string | undefined;
    };

/** Reads a strings.txt of the given language folder. */
export function inspectContent(
  bytes: Buffer,
  language: string,
  options: Pick<LabelsOptions, 'keys' | 'newLabel' | 'encodings'>,
): FileContent {
  const detected = detectEncoding(bytes, codePageOf(language), encodingNamedFor(language, options.encodings));
  if (detected.kind !== 'text') return { kind: 'not-text', detected };
  const { encoding } = detected;
  const located = [...new Set(options.keys)].flatMap((key) =>
    findValues(bytes, encoding, key).map((found) => ({ key, found })),
  );
  if (located.length === 0 && isIsa2004Format(bytes, encoding)) return { kind: 'isa-2004' };

  const read = valueReader(bytes, encoding);
  const runs: ValueRunRead[] = [];
  const values: LabelValue[] = [];
  for (const { key, found } of located) {
    if (found.kind !== 'value') {
      values.push({ key, line: found.line, text: undefined, flaw: found.kind });
      continue;
    }
    const old = read(found);
    values.push({ key, line: found.line, text: old.text, ...(old.isWhole ? {} : { flaw: 'undecodable' as const }) });
    runs.push({ key, line: found.line, offset: found.offset, old, isQuoted: found.isQuoted });
  }
  return {
    kind: 'strings',
    encoding,
    values,
    edit: proposeEdit(bytes, encoding, runs, newTextFor(options.newLabel, language)),
    domainWordElsewhere: domainWordElsewhere(bytes, encoding, values),
  };
}

/** The bytes of a value and what they mean. */
interface ReadValue {
  readonly bytes: Buffer;
  readonly base64: string;
  readonly text: string;
  /** Whether every byte means a character in the file's encoding. */
  readonly isWhole: boolean;
}

interface ValueRunRead {
  readonly key: string;
  readonly line: number;
  readonly offset: number;
  readonly old: ReadValue;
  readonly isQuoted: boolean;
}

/** Reads values; equal ones are decoded and kept once, for a damaged file may repeat one half a million times. */
function valueReader(bytes: Buffer, encoding: TextEncoding): (run: Pick<ValueRun, 'offset' | 'length'>) => ReadValue {
  const known = new Map<string, ReadValue>();
  return ({ offset, length }) => {
    const name = bytes.toString('latin1', offset, offset + length);
    const before = known.get(name);
    if (before !== undefined) return before;
    const old = bytes.subarray(offset, offset + length);
    const text = decodeText(old, encoding);
    const isWhole = survivesDecoding(old, text, encoding);
    const value = { bytes: old, base64: old.toString('base64'), text, isWhole };
    known.set(name, value);
    return value;
  };
}

function proposeEdit(
  bytes: Buffer,
  encoding: TextEncoding,
  runs: readonly ValueRunRead[],
  wanted: WordingLookup | undefined,
): ProposedEdit {
  if (wanted === undefined) return { kind: 'none-asked' };
  if (wanted.kind === 'no-wording') return wanted;
  const { text } = wanted;
  const encoded = encodeText(text, encoding);
  if (encoded.kind === 'lacking') return { kind: 'not-encodable', text, characters: encoded.characters };
  const [quoted, bare] = [true, false].map((isQuoted) => newValue(text, isQuoted, encoding));
  const edits = runs
    .flatMap(({ isQuoted, ...run }) => {
      const written = isQuoted ? quoted : bare;
      return written === undefined || written.base64 === run.old.base64 ? [] : [{ ...run, new: written }];
    })
    .sort((one, other) => one.offset - other.offset);
  if (edits.length === 0) return { kind: 'already-right' };
  return {
    kind: 'splices',
    text,
    after: fileFingerprint(
      spliceBytes(
        bytes,
        edits.map((edit) => ({ offset: edit.offset, old: edit.old.bytes, new: edit.new.bytes })),
      ),
    ),
    splices: edits.map(({ key, line, offset, old, new: now }) => ({
      key,
      line,
      offset,
      old: old.base64,
      new: now.base64,
    })),
  };
}

/** The bytes that give a value the text; undefined if the encoding lacks what they need. */
function newValue(
  text: string,
  isQuoted: boolean,
  encoding: TextEncoding,
): Pick<ReadValue, 'bytes' | 'base64'> | undefined {
  const written = encodeText(writtenInPlaceOf({ isQuoted }, text), encoding);
  return written.kind === 'lacking' ? undefined : { bytes: written.bytes, base64: written.bytes.toString('base64') };
}

/** Whether every byte of a value means a character in its encoding. */
function survivesDecoding(bytes: Buffer, text: string, encoding: TextEncoding): boolean {
  if (/[\ufffd\u0080-\u009f]/.test(text)) return false;
  const again = encodeText(text, encoding);
  return encoding === 'windows-1258' || (again.kind === 'encoded' && again.bytes.equals(bytes));
}

/**
 * The word before `\` or `/` in a label like "Domäne\Benutzername:", if other values of the file have it as well:
 * texts that still ask for the domain after the label no longer does.
 */
function domainWordElsewhere(bytes: Buffer, encoding: TextEncoding, values: readonly LabelValue[]): string | undefined {
  const word = values.map((value) => domainWordOf(value.text ?? '')).find((found) => found !== undefined);
  if (word === undefined) return undefined;
  const units = byteUnits(bytes, encoding);
  const labelKeys = new Set(values.map((value) => value.key));
  const needles = [...new Set([word, word.toLowerCase(), capitalised(word)])].flatMap((spelling) => {
    const encoded = encodeText(spelling, encoding);
    return encoded.kind === 'encoded' ? [byteUnits(encoded.bytes, encoding)] : [];
  });
  const isAnotherValue = (line: string, needle: string): boolean => {
    const [, key, value] = /^[ \t\ufeff]*(L_\w+)[ \t]*=(.*)$/s.exec(line) ?? [];
    return key !== undefined && !labelKeys.has(key) && value?.includes(needle) === true;
  };
  for (const needle of needles) {
    for (const line of linesWith(units, needle)) if (isAnotherValue(line, needle)) return word;
  }
  return undefined;
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
