/** The content of one strings.txt: its encoding and the values of the keys, from its bytes alone. */

import { isUtf8 } from 'node:buffer';
import type { FileFingerprint } from '../../change/plan.ts';
import { findValues, isIsa2004Format, linesWith, runsOf } from '../../files/strings-file.ts';
import type { CodePage } from '../../files/text-encoding.ts';
import {
  byteUnits,
  type DetectedEncoding,
  decodeText,
  detectEncoding,
  encodeText,
  possibleBytesOf,
  type TextEncoding,
  unitLength,
} from '../../files/text-encoding.ts';
import { distinct, remembered } from '../../words.ts';

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
  readonly flaw?: 'undecodable' | 'typographic';
  /** Whether it was saved in a wrong encoding before. */
  readonly isGarbled?: true;
}

/** A value whose end is not known. */
interface FlawedValue {
  readonly key: string;
  /** From 1. */
  readonly line: number;
  readonly text?: undefined;
  readonly flaw: 'unterminated' | 'ambiguous' | 'joined' | 'typographic';
}

interface ReadContent {
  /** All bytes of the file. */
  readonly bytes: () => Buffer;
  readonly fingerprint: FileFingerprint;
}

/** A strings.txt that can be read. */
export interface Strings extends ReadContent {
  readonly kind: 'strings';
  readonly encoding: TextEncoding;
  /** Of the keys that were looked for, key by key. */
  readonly values: readonly LabelValue[];
  /** Places in the whole file where letters seem to be lost to question marks. */
  readonly lostLetters: number;
  /** The keys whose texts name the domain. */
  readonly domainKeys: readonly string[];
}

/** The content of a strings.txt, or why its text is not known. */
export type FileContent =
  | (ReadContent & { readonly kind: 'not-text'; readonly detected: Exclude<DetectedEncoding, { kind: 'text' }> })
  | (ReadContent & { readonly kind: 'isa-2004' })
  | Strings;

/** The hints for reading the files of a language. */
export interface ExpectedText {
  /** The code page of the language, for files whose bytes show no encoding. */
  readonly codePage?: CodePage | undefined;
  /** The encoding that the user named for it, which goes first. */
  readonly named?: TextEncoding | undefined;
  /** The beginning of its word for a domain. */
  readonly domainStem?: string | undefined;
}

/**
 * Reads a strings.txt.
 *
 * @param lent its bytes, which are looked at now
 * @param bytes gives the same bytes later
 * @param decode one for all files that are read
 */
export function readStrings(
  lent: Buffer,
  { bytes, fingerprint }: ReadContent,
  keys: readonly string[],
  { codePage, named, domainStem }: ExpectedText,
  decode = valueDecoder(),
): FileContent {
  const detected = detectEncoding(lent, codePage, named);
  if (detected.kind !== 'text') return { kind: 'not-text', bytes, fingerprint, detected };
  const { encoding } = detected;
  const values = valuesIn(lent, encoding, keys, (value) => decode(value, encoding, codePage));
  if (values.length === 0 && isIsa2004Format(lent, encoding)) return { kind: 'isa-2004', bytes, fingerprint };
  return {
    kind: 'strings',
    bytes,
    fingerprint,
    encoding,
    values,
    lostLetters: lostLettersOf(lent, encoding),
    domainKeys: domainKeysIn(lent, encoding, values, domainStem),
  };
}

/** The text of any key, if the file has one that can be read. */
export function textOfKey({ bytes, encoding }: Strings, key: string): string | undefined {
  const decode = valueDecoder();
  const [value] = valuesIn(bytes(), encoding, [key], (read) => decode(read, encoding));
  return value?.flaw === undefined ? value?.text : undefined;
}

function valuesIn(
  bytes: Buffer,
  encoding: TextEncoding,
  keys: readonly string[],
  decode: (value: Buffer) => DecodedValue,
): readonly LabelValue[] {
  return [...new Set(keys)].flatMap((key) =>
    findValues(bytes, encoding, key).map((found): LabelValue => {
      if (found.kind !== 'value') return { key, line: found.line, flaw: found.kind };
      const { kind: _, ...run } = found;
      const value = { key, ...run, ...decode(bytes.subarray(found.offset, found.offset + found.length)) };
      return !value.isQuoted && /^[“”„‟″«]|^[‘’‚‛′‹].*[‘’‚‛′›]$/u.test(value.text)
        ? { ...value, flaw: 'typographic' }
        : value;
    }),
  );
}

type DecodedValue = Pick<ReadableValue, 'text' | 'flaw' | 'isGarbled'>;
/** Gives the text of a value, and what is wrong with it in a file of the language of this code page. */
export type ValueDecoder = (value: Buffer, encoding: TextEncoding, codePage?: CodePage) => DecodedValue;

/** Decodes values, each once: members have the same ones, and a damaged file may repeat one half a million times. */
export function valueDecoder(): ValueDecoder {
  const known = new Map<string, DecodedValue>();
  return (value, encoding, codePage) => {
    const name = `${encoding} ${codePage} ${value.toString('latin1')}`;
    const before = known.get(name);
    if (before !== undefined) return before;
    const text = decodeText(value, encoding);
    const decoded = { text, ...faultsOf(value, text, encoding, codePage) };
    known.set(name, decoded);
    return decoded;
  };
}

/** No code page can be named for Unicode: letters that it lacks were lost before, when the file was saved. */
function faultsOf(
  value: Buffer,
  text: string,
  encoding: TextEncoding,
  codePage: CodePage | undefined,
): Omit<DecodedValue, 'text'> {
  if (encoding.startsWith('utf-')) return isGarbled(text, codePage) ? { isGarbled: true } : {};
  return survivesDecoding(value, text, encoding) ? {} : { flaw: 'undecodable' };
}

/**
 * Whether a text was read in another encoding than it had: "Dom\ufffdne", or "DomÃ¤ne" of UTF-8 as an ANSI code page.
 *
 * @param codePage that of its language, for texts that were read in the page of another one: "Èìÿ" for "Имя"
 */
export function isGarbled(text: string, codePage?: CodePage): boolean {
  if (!/[^\0-\x7f]/.test(text)) return false;
  return (
    /[\ufffd\u0080-\u009f]/.test(text) ||
    ansiPages.some((page) => isReadAs(page, text)) ||
    (codePage !== undefined && isReadInsteadOf(codePage, text))
  );
}

const ansiPages = ['windows-1252', 'windows-1250', 'windows-1251', 'windows-1253', 'windows-1254'] as const;

const bytesOf = remembered(
  (page: TextEncoding) =>
    new Map(Array.from({ length: 0x80 }, (_, index) => [decodeText(Buffer.from([0x80 + index]), page), 0x80 + index])),
);

/**
 * Letters of today's languages and the characters between them; "É" before a no-break space gives none of these, nor do
 * DĹŽKA, PAMĚŤ and НІ.
 */
const likelyText =
  /^[\0-\x7f\u00a0-\u014d\u0150-\u017f\u01a0\u01a1\u01af\u01b0\u0218-\u021b\u0259\u02b0-\u030c\u0384-\u03ce\u0400-\u045f\u048a-\u04f9\u0531-\u1fff\u2000-\u206f\u3000-\ud7af\uff00-\uffef]+$/;

/** No word: letters of two scripts in one, or a small letter among capitals, as "PAMÄŤ" would be "PAMč" in Windows-1250. */
const unlikelyWord =
  /\p{sc=Latn}[\u0370-\u07ff]|[\u0370-\u07ff]\p{sc=Latn}|[a-z]\p{sc=Hang}[a-z]|[A-Z]{2}(?=[\u00df-\u017f])\p{Ll}|(?=[\u00df-\u017f])\p{Ll}[A-Z]/u;

/** "Её" and "ДІЛІ" in Windows-1251 have bytes of UTF-8 by chance. A garbled word has signs, rare letters, or a capital within it. */
const onlyCyrillic = /^(?!.*\p{Ll}\p{Lu})[\0-@[-`{-\x7fА-яЁЄІЇёєії]*$/su;

/** Whether a text is UTF-8 whose bytes were read as those of a code page. */
function isReadAs(page: TextEncoding, text: string): boolean {
  if (page === 'windows-1251' && onlyCyrillic.test(text)) return false;
  const known = bytesOf(page);
  const bytes: number[] = [];
  for (const character of text) {
    const byte = character < '\x80' ? character.charCodeAt(0) : known.get(character);
    if (byte === undefined) return false;
    bytes.push(byte);
  }
  const read = Buffer.from(bytes);
  if (!isUtf8(read)) return false;
  const decoded = read.toString();
  return (
    likelyText.test(decoded) && !unlikelyWord.test(decoded) && !/[^\0-\x7f]/.test(decoded.replace(/[^\p{N}]/gu, ''))
  );
}

/** The letters of the languages of a code page, where they are not Latin. */
const ownLetters: Readonly<Partial<Record<CodePage, string>>> = {
  874: '\\u0e01-\\u0e3a\\u0e40-\\u0e4e',
  932: '\\u3005-\\u3007\\u3041-\\u30ff\\u3400-\\u9fff',
  936: '\\u3400-\\u9fff',
  949: '\\uac00-\\ud7a3',
  950: '\\u3400-\\u9fff',
  1251: '\\u0400-\\u04ff',
  1253: '\\u0386-\\u03ce',
  1255: '\\u05b0-\\u05c7\\u05d0-\\u05ea',
  1256: '\\u0621-\\u0652\\u0670-\\u06d3',
};

/** What texts in all of these have between their words, and words in ASCII. */
const common = '\\0-\\x7f\\u00a0«»‹›\\u2010-\\u201f…№،؟\\u3000-\\u303f\\uff01-\\uff5e';

const writingIn = remembered((own: string) => ({
  letter: new RegExp(`[${own}]`, 'u'),
  /** Three letters at least: fewer come out of Latin ones by chance, as "öö" gives "цц". */
  text: new RegExp(`^(?=(?:[^${own}]*[${own}]){3})[${common}${own}]+$`, 'u'),
  /** "Größe" would give "GrцЯe". */
  unlikely: new RegExp(`[A-Za-z][${own}]|[${own}][A-Za-z]|(?![a-z])\\p{Ll}\\p{Lu}`, 'u'),
}));

/** A letter of another writing than Latin. */
const otherLetter = /[\u0370-\u1dff\u2e80-\ud7af\uff66-\uffdc]/;
/** What a healthy text in another writing lacks: two writings in a word, a capital within it, signs and frames. */
const oddSigns =
  /\p{Ll}\p{Lu}|\p{sc=Latn}[\u0370-\u1dff\u2e80-\ud7af]|[\u0370-\u1dff\u2e80-\ud7af]\p{sc=Latn}|[¤¦§©¬®°±¶\u2500-\u25a0]/u;

/**
 * Whether a text was read in another code page than this one of its language: it has none of the language's letters, but
 * its bytes are words of them. A text that was copied from another language has words with ASCII letters in them if it is
 * in Latin letters, and no odd signs if it is in others.
 */
function isReadInsteadOf(page: CodePage, text: string): boolean {
  const own = ownLetters[page];
  if (own === undefined) return false;
  const writing = writingIn(own);
  if (writing.letter.test(text)) return false;
  if (otherLetter.test(text) && !oddSigns.test(text)) return false;
  for (const bytes of possibleBytesOf(text)) {
    const read = decodeText(bytes, `windows-${page}`);
    if (writing.text.test(read) && !writing.unlikely.test(read)) return true;
  }
  return false;
}

/**
 * Places where letters seem to be lost to question marks, as in a file that was saved in an encoding without them:
 * "Dom?ne", "?????". A question mark between two letters of an address ("logon.htm?url=") is none.
 */
export function lostLettersIn(text: string): number {
  let places = 0;
  for (let at = text.indexOf('?'); at !== -1; ) {
    let end = at + 1;
    while (text[end] === '?') end += 1;
    if (areLetters(text, at, end)) places += 1;
    at = text.indexOf('?', end);
  }
  return places;
}

/** Whether question marks in a text replace lost letters. */
function areLetters(text: string, start: number, end: number): boolean {
  if (end - start > 2) return true;
  const isBetweenLetters = /[a-z]/i.test(text[start - 1] ?? '') && /[a-z]/i.test(text[end] ?? '');
  return isBetweenLetters && !/^\w*=/.test(text.slice(end, end + longestName));
}

/** The longest name of a parameter in an address, with its equals sign. */
const longestName = 40;

/**
 * What `lostLettersIn` gives, for the bytes of a file. No string is made of question marks without a letter before
 * them, as most are.
 */
function lostLettersOf(bytes: Buffer, encoding: TextEncoding): number {
  const unit = unitLength(encoding);
  let places = 0;
  for (const [start, end] of runsOf(bytes, encoding, '?')) {
    const isShort = end - start <= 2 * unit;
    if (isShort && !mayBeLetter(bytes[start - unit]) && !mayBeLetter(bytes[start - 1])) continue;
    const from = Math.max(0, start - unit);
    const around = byteUnits(bytes.subarray(from, end + longestName * unit), encoding);
    if (areLetters(around, (start - from) / unit, (end - from) / unit)) places += 1;
  }
  return places;
}

/** Whether a byte is that of an ASCII letter; in UTF-16 it may be half of another one. */
function mayBeLetter(byte = 0): boolean {
  const small = byte | 0x20;
  return small >= 0x61 && small <= 0x7a;
}

/** Whether every byte of a value means a character in its encoding. */
function survivesDecoding(bytes: Buffer, text: string, encoding: TextEncoding): boolean {
  if (/[\ufffd\u0080-\u009f]/.test(text)) return false;
  const again = encodeText(text, encoding);
  return encoding === 'windows-1258' || (again.kind === 'encoded' && again.bytes.equals(bytes));
}

/**
 * The keys whose texts name the domain: by the word of the language, or, where none is known, by what is before `\` or
 * `/` in the label.
 */
function domainKeysIn(
  bytes: Buffer,
  encoding: TextEncoding,
  values: readonly LabelValue[],
  stem: string | undefined,
): readonly string[] {
  const word = stem ?? values.map((value) => domainWordOf(value.text ?? '')).find((found) => found !== undefined);
  if (word === undefined) return [];
  const keys = new Set<string>();
  for (const spelled of spellingsOf(encoding)(word)) {
    for (const { units } of linesWith(bytes, encoding, spelled)) {
      const [, key, value] = /^[ \t\ufeff]*(L_\w+)[ \t]*=(.*)$/s.exec(units) ?? [];
      if (key !== undefined && value?.includes(byteUnits(spelled, encoding)) === true) keys.add(ownString(key));
    }
  }
  return [...keys];
}

/** A word in small letters, capitalised and as it is, in an encoding; without those that it lacks. */
const spellingsOf = remembered((encoding: TextEncoding) =>
  remembered((word: string): readonly Buffer[] =>
    distinct([word, word.toLowerCase(), titleCased(word)]).flatMap((spelling) => {
      const encoded = encodeText(spelling, encoding);
      return encoded.kind === 'lacking' ? [] : [encoded.bytes];
    }),
  ),
);

/** A substring keeps its whole line in memory; a separate string does not. */
function ownString(part: string): string {
  return Buffer.from(part).toString();
}

function domainWordOf(label: string): string | undefined {
  const [, before] = /^([^\\/]*)[\\/]/.exec(label) ?? [];
  return before?.match(/\p{L}[\p{L}\p{M}]+/u)?.[0];
}

function titleCased(word: string): string {
  const [first = '', ...rest] = word;
  return first.toUpperCase() + rest.join('').toLowerCase();
}

const block = 1024;

/**
 * Keeps the bytes of many files, which are lent to it. Files of one name are nearly alike on all members: of the later
 * ones only what differs from the first is kept, so that ten thousand do not take a hundred megabytes.
 */
export function keeper(): (name: string, bytes: Buffer) => () => Buffer {
  const firsts = new Map<string, Buffer>();
  return (name, bytes) => {
    const first = firsts.get(name);
    if (first === undefined) {
      const own = Buffer.from(bytes);
      firsts.set(name, own);
      return () => own;
    }
    const shorter = Math.min(first.length, bytes.length);
    let head = 0;
    while (head + block <= shorter && first.compare(bytes, head, head + block, head, head + block) === 0) head += block;
    while (head < shorter && first[head] === bytes[head]) head += 1;
    let tail = 0;
    const isTailAlike = (length: number): boolean =>
      first.compare(bytes, bytes.length - length, bytes.length - tail, first.length - length, first.length - tail) ===
      0;
    while (head + tail + block <= shorter && isTailAlike(tail + block)) tail += block;
    while (head + tail < shorter && first[first.length - 1 - tail] === bytes[bytes.length - 1 - tail]) tail += 1;
    const middle = Buffer.from(bytes.subarray(head, bytes.length - tail));
    return () => Buffer.concat([first.subarray(0, head), middle, first.subarray(first.length - tail)]);
  };
}
