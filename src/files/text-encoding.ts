/**
 * Text encodings of Windows text files: finding the one a file is in, and going from bytes to text and back without ever
 * writing a character that the encoding lacks. With the ANSI code pages of Windows, and which one the files of a language
 * are in if nothing else shows it.
 */

import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';

type UnicodeEncoding = 'utf-8' | 'utf-8 with BOM' | 'utf-16le' | 'utf-16le with BOM' | 'utf-16be' | 'utf-16be with BOM';
/** The encodings that a file may be in. */
export type TextEncoding = 'ascii' | UnicodeEncoding | `windows-${CodePage}`;

/** What a file's bytes are, or why that is not known. */
export type DetectedEncoding =
  | { readonly kind: 'text'; readonly encoding: TextEncoding }
  | { readonly kind: 'empty' }
  | { readonly kind: 'binary'; readonly reason: string }
  | { readonly kind: 'damaged'; readonly reason: string }
  /** Neither Unicode nor ASCII, and no code page was given. */
  | { readonly kind: 'code-page-unknown' };

/** A text as bytes, or why the encoding cannot hold it. */
export type EncodedText =
  | { readonly kind: 'encoded'; readonly bytes: Buffer }
  /** The characters of the text, each once, that the encoding cannot hold. */
  | { readonly kind: 'lacking'; readonly characters: readonly string[] };

const utf8Mark = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Finds a file's encoding: by its byte order mark, else by where its NULs are, else as strict UTF-8, else the
 * code page of its language. Only ASCII bytes is 'ascii', unless a code page was asked for by name.
 *
 * @param ansiCodePage the code page of the file's language, if the language has one
 * @param forced a code page or UTF-8 that the user named for files whose bytes don't show it: a byte order mark, the NULs
 * of UTF-16 and UTF-8 beyond ASCII still win, so that one page can be named for a language whose files are mixed
 */
export function detectEncoding(
  bytes: Buffer,
  ansiCodePage: CodePage | undefined,
  forced?: TextEncoding,
): DetectedEncoding {
  if (bytes.length === 0) return { kind: 'empty' };
  if (bytes.subarray(0, 3).equals(utf8Mark)) {
    if (bytes.length === 3) return { kind: 'empty' };
    return isUtf8(bytes)
      ? textWithoutNul(bytes, 3, 'utf-8 with BOM')
      : { kind: 'damaged', reason: `invalid UTF-8 at byte ${firstInvalidUtf8(bytes)}, after a UTF-8 byte order mark` };
  }
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return detectUtf16(bytes, 'utf-16le with BOM');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return detectUtf16(bytes, 'utf-16be with BOM');
  const nul = bytes.indexOf(0);
  if (nul !== -1) {
    const byPattern = utf16ByNuls(bytes);
    if (byPattern !== undefined) return detectUtf16(bytes, byPattern);
    return { kind: 'binary', reason: `a NUL at byte ${nul}, and not as UTF-16 has them` };
  }
  return detectByteText(bytes, ansiCodePage, forced);
}

/** Text of no NUL and no byte order mark. */
function detectByteText(
  bytes: Buffer,
  ansiCodePage: CodePage | undefined,
  forced: TextEncoding | undefined,
): DetectedEncoding {
  if (isAscii(bytes)) return { kind: 'text', encoding: forced ?? 'ascii' };
  if (isUtf8(bytes)) return { kind: 'text', encoding: 'utf-8' };
  if (forced === 'utf-8') return { kind: 'damaged', reason: `invalid UTF-8 at byte ${firstInvalidUtf8(bytes)}` };
  if (forced !== undefined) return { kind: 'text', encoding: forced };
  const { valid, invalid, firstInvalid } = countUtf8Sequences(bytes);
  // In a single-byte page a lead byte followed by its right continuation is mojibake, rare by chance. In the
  // double-byte pages pairs like that come up in every other word, so more of them are asked for.
  const chance = isDoubleByte(ansiCodePage) ? 2 : 1;
  if (valid > 0 && valid >= invalid * chance) {
    return {
      kind: 'damaged',
      reason: `invalid UTF-8 at byte ${firstInvalid}, after ${valid} valid sequence${valid === 1 ? '' : 's'}`,
    };
  }
  return ansiCodePage === undefined
    ? { kind: 'code-page-unknown' }
    : { kind: 'text', encoding: `windows-${ansiCodePage}` };
}

function textWithoutNul(bytes: Buffer, from: number, encoding: TextEncoding): DetectedEncoding {
  const nul = bytes.indexOf(0, from);
  return nul === -1 ? { kind: 'text', encoding } : { kind: 'binary', reason: `a NUL at byte ${nul} of UTF-8 text` };
}

const unpairedSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function detectUtf16(bytes: Buffer, encoding: UnicodeEncoding): DetectedEncoding {
  if (bytes.length % 2 === 1) {
    return { kind: 'damaged', reason: `truncated UTF-16: ${bytes.length} bytes, an odd number` };
  }
  if (bytes.length === 2) return { kind: 'empty' };
  const highFirst = encoding.startsWith('utf-16be') ? 0 : 1;
  const byNuls = startsSwapped(bytes, highFirst) ? utf16ByNuls(bytes) : undefined;
  if (byNuls !== undefined && !encoding.startsWith(byNuls) && /[a-z]\w{3,}[ \t]*=/i.test(byteUnits(bytes, byNuls))) {
    return { kind: 'damaged', reason: `its byte order mark says ${encoding.slice(0, 8)}, its bytes ${byNuls}` };
  }
  const appended = singleBytesIn(bytes);
  if (appended !== -1) {
    return { kind: 'damaged', reason: `UTF-16 with text in another encoding at byte ${appended}` };
  }
  let hasSurrogates = false;
  // Byte by byte, without a string: most text has neither NULs nor surrogates.
  for (let at = highFirst; at < bytes.length; at += 2) {
    const high = bytes[at] ?? 0;
    if (high === 0 && bytes[at ^ 1] === 0) {
      return { kind: 'binary', reason: `a NUL character at byte ${at - highFirst} of UTF-16 text` };
    }
    if ((high & 0xf8) === 0xd8) hasSurrogates = true;
    // No text has U+0A00 and U+0A0D: a line feed is one byte off, as where CRLF was put for the byte LF.
    else if (high === lineFeed && (bytes[at ^ 1] === 0 || bytes[at ^ 1] === carriageReturn)) {
      return { kind: 'damaged', reason: `UTF-16 that is shifted by one byte at byte ${at - highFirst}` };
    }
  }
  const unpaired = hasSurrogates ? byteUnits(bytes, encoding).search(unpairedSurrogate) : -1;
  return unpaired === -1
    ? { kind: 'text', encoding }
    : { kind: 'damaged', reason: `an unpaired surrogate at byte ${unpaired * 2}` };
}

/** Whether the first units look like those of the other byte order: every file is looked at, so these few decide. */
function startsSwapped(bytes: Buffer, highFirst: 0 | 1): boolean {
  let swapped = 0;
  for (let at = 2 + highFirst; at < 34; at += 2) {
    if (bytes[at] === 0) return false;
    if (bytes[at ^ 1] === 0) swapped += 1;
  }
  return swapped > 4;
}

export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;

/** Where a key lies in UTF-16 with one byte a letter, as where a line in another encoding was appended; else -1. */
function singleBytesIn(bytes: Buffer): number {
  for (let at = bytes.indexOf('L_', 0, 'latin1'); at !== -1; at = bytes.indexOf('L_', at + 1, 'latin1')) {
    if (/^L_\w{3,}[ \t]*=/.test(bytes.toString('latin1', at, at + 100))) return at;
  }
  return -1;
}

/**
 * UTF-16 without a byte order mark: most NULs are on one side of the pairs. Not all do: the ideographic space (3000)
 * and 一 (4E00) have theirs on the other.
 */
function utf16ByNuls(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const sample = bytes.subarray(0, 4096);
  let even = 0;
  let odd = 0;
  for (let index = sample.indexOf(0); index !== -1; index = sample.indexOf(0, index + 1)) {
    if (index % 2 === 0) even += 1;
    else odd += 1;
  }
  const enough = sample.length / 10;
  if (odd >= enough && even * 4 <= odd) return 'utf-16le';
  if (even >= enough && odd * 4 <= even) return 'utf-16be';
  return undefined;
}

interface Utf8Count {
  readonly valid: number;
  readonly invalid: number;
  readonly firstInvalid: number;
}

/** Counts well-formed multi-byte sequences and bytes that belong to none (Unicode 15, table 3-7). */
function countUtf8Sequences(bytes: Buffer): Utf8Count {
  let valid = 0;
  let invalid = 0;
  let firstInvalid = -1;
  for (let index = 0; index < bytes.length; ) {
    const lead = bytes[index] ?? 0;
    if (lead < 0x80) {
      index += 1;
      continue;
    }
    const length = sequenceLength(bytes, index);
    if (length > 0) valid += 1;
    else {
      if (firstInvalid === -1) firstInvalid = index;
      invalid += 1;
    }
    index += Math.max(length, 1);
  }
  return { valid, invalid, firstInvalid };
}

/** The length of the well-formed multi-byte sequence that begins here, in bytes; 0 if none does. */
function sequenceLength(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  // Those that would say in more bytes what fewer can, surrogates, and what is beyond Unicode are not well-formed.
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  for (let next = at + 2; next < at + length; next += 1) {
    if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

function firstInvalidUtf8(bytes: Buffer): number {
  return countUtf8Sequences(bytes).firstInvalid;
}

function isDoubleByte(page: CodePage | undefined): boolean {
  return page === 932 || page === 936 || page === 949 || page === 950;
}

/** The bytes that one code unit of the encoding takes: 2 in UTF-16, else 1. */
export function unitLength(encoding: TextEncoding): 1 | 2 {
  return encoding.startsWith('utf-16') ? 2 : 1;
}

/**
 * The bytes as a string of code units: character i is the bytes from i × unitLength. ASCII characters can be
 * looked for in it and what is found has an exact byte offset, whatever the rest of the file holds. In the
 * double-byte code pages a trail byte is never a quote, a line end or a space (0x40 and above).
 */
export function byteUnits(bytes: Buffer, encoding: TextEncoding): string {
  switch (encoding) {
    case 'utf-16le':
    case 'utf-16le with BOM':
      return bytes.toString('utf16le');
    case 'utf-16be':
    case 'utf-16be with BOM':
      return swapped(bytes).toString('utf16le');
    default:
      return bytes.toString('latin1');
  }
}

function swapped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2))).swap16();
}

/** The bytes of a string of code units: the way back of `byteUnits`. */
export function bytesOfUnits(units: string, encoding: TextEncoding): Buffer {
  const bytes = Buffer.from(units, unitLength(encoding) === 2 ? 'utf16le' : 'latin1');
  return encoding.startsWith('utf-16be') ? bytes.swap16() : bytes;
}

/**
 * Bytes to text. A byte order mark, if the bytes begin with one, stays as U+FEFF.
 * Bytes that a code page leaves undefined come out as U+FFFD or as control characters: never encode such text back.
 */
export function decodeText(bytes: Buffer, encoding: TextEncoding): string {
  switch (encoding) {
    case 'ascii':
      return bytes.toString('latin1');
    case 'utf-8':
    case 'utf-8 with BOM':
      return bytes.toString('utf8');
    case 'utf-16le':
    case 'utf-16le with BOM':
    case 'utf-16be':
    case 'utf-16be with BOM':
      return byteUnits(bytes, encoding);
    default:
      return iconv.decode(bytes, encoding, { stripBOM: false });
  }
}

/**
 * Text to bytes without a byte order mark, or the characters that the encoding lacks. What comes back decodes to the
 * same text; in windows-1258, which keeps Vietnamese tones as combining marks, to canonically equal text.
 */
export function encodeText(text: string, encoding: TextEncoding): EncodedText {
  const spell = encoding === 'windows-1258' ? spelledForVietnamese : (asItIs: string): string => asItIs;
  const spelled = spell(text);
  const bytes = rawEncode(spelled, encoding);
  // The replacement character marks lost characters: iconv-lite uses it for bytes that the page leaves undefined.
  const isLost = encoding.startsWith('windows') && spelled.includes('\ufffd');
  if (!isLost && decodeText(bytes, encoding) === spelled) return { kind: 'encoded', bytes };
  const characters = encoding === 'windows-1258' ? text.normalize('NFC') : text;
  const lacking = new Set<string>();
  for (const character of characters) {
    if (!survives(spell(character), encoding)) lacking.add(character);
  }
  return { kind: 'lacking', characters: [...lacking] };
}

function survives(text: string, encoding: TextEncoding): boolean {
  if (text === '\ufffd' && encoding.startsWith('windows')) return false;
  return decodeText(rawEncode(text, encoding), encoding) === text;
}

function rawEncode(text: string, encoding: TextEncoding): Buffer {
  switch (encoding) {
    case 'ascii':
      // latin1 would let é through: anything above 0x7F becomes a '?', which the caller's comparison then finds.
      return Buffer.from(text.replace(/[^\0-\x7f]/gu, '?'), 'latin1');
    case 'utf-8':
    case 'utf-8 with BOM':
      return Buffer.from(text, 'utf8');
    case 'utf-16le':
    case 'utf-16le with BOM':
      return Buffer.from(text, 'utf16le');
    case 'utf-16be':
    case 'utf-16be with BOM':
      return Buffer.from(text, 'utf16le').swap16();
    default:
      return iconv.encode(text, encoding);
  }
}

/**
 * The bytes that a text may have been read from, page by page: for the pages of Windows, and those of its console in
 * Western languages, that have all its characters.
 */
export function* possibleBytesOf(text: string): Generator<Buffer> {
  for (const name of [...codePages.map((page) => `windows-${page}`), 'cp437', 'cp850']) {
    const bytes = iconv.encode(text, name);
    if (iconv.decode(bytes, name) === text) yield bytes;
  }
}

/** Grave, acute, tilde, hook above and dot below: the marks that windows-1258 has as separate characters. */
const vietnameseTones = new Set(['\u0300', '\u0301', '\u0303', '\u0309', '\u0323']);

/** Takes apart only what windows-1258 lacks: ị becomes i + dot below, ệ becomes ê + dot below, é stays é. */
function spelledForVietnamese(text: string): string {
  let spelled = '';
  for (const character of text.normalize('NFC')) {
    if (survives(character, 'windows-1258')) {
      spelled += character;
      continue;
    }
    const parts = [...character.normalize('NFD')];
    const letter = parts.filter((part) => !vietnameseTones.has(part)).join('');
    const tones = parts.filter((part) => vietnameseTones.has(part)).join('');
    spelled += letter.normalize('NFC') + tones;
  }
  return spelled;
}

/** The encoding for a code page number as users write it: an ANSI page of ours, 65001 for UTF-8, 20127 for ASCII. */
export function encodingOfCodePage(page: number): TextEncoding | undefined {
  if (page === 65001) return 'utf-8';
  if (page === 20127) return 'ascii';
  const known = codePages.find((candidate) => candidate === page);
  return known === undefined ? undefined : `windows-${known}`;
}

const unicodeEncodings: readonly UnicodeEncoding[] = [
  'utf-8',
  'utf-8 with BOM',
  'utf-16le',
  'utf-16le with BOM',
  'utf-16be',
  'utf-16be with BOM',
];

/** Whether a value read from elsewhere is the name of an encoding. */
export function isTextEncoding(value: unknown): value is TextEncoding {
  return [...unicodeEncodings, 'ascii', ...codePages.map((page) => `windows-${page}`)].some((name) => name === value);
}

/** The pages that a form set's language can have. */
export const codePages = [874, 932, 936, 949, 950, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258] as const;
/** The number of an ANSI code page of Windows. */
export type CodePage = (typeof codePages)[number];

/** Languages by page; with the script where the language is written in more than one. */
const languagesOfPage: Readonly<Record<CodePage, string>> = {
  1250: 'bs-Latn cs hr hu pl ro sk sl sq sr-Latn',
  1251: 'az-Cyrl be bg bs-Cyrl kk mk ru sr-Cyrl uk uz-Cyrl',
  1252: 'ca da de en es eu fi fr gl id is it ms nb nl nn no pt sv',
  1253: 'el',
  1254: 'az-Latn tr uz-Latn',
  1255: 'he',
  1256: 'ar fa ur',
  1257: 'et lt lv',
  1258: 'vi',
  874: 'th',
  932: 'ja',
  936: 'zh-Hans',
  949: 'ko',
  950: 'zh-Hant',
};

/** Earlier results: a fleet has the same fifty languages in thousands of folders. */
const writings = new Map<string, string>();

const pageOfWriting = new Map(
  codePages.flatMap((page) => languagesOfPage[page].split(' ').map((language) => [writingOf(language), page] as const)),
);

/**
 * The ANSI code page that Windows gives a culture (LOCALE_IDEFAULTANSICODEPAGE of its locale), by its language and
 * script: that of another script is never taken. Undefined where none is known: Windows has none for hi, ta, te, ka
 * and hy, whose files can only be Unicode.
 *
 * @param culture a tag of BCP 47 ("de-AT", "sr-Cyrl-RS", "zh-TW"), in any letter case
 * @throws RangeError if it is none
 */
export function ansiCodePageOf(culture: string): CodePage | undefined {
  return pageOfWriting.get(writingOf(culture));
}

/** The language with the script that it is written in, spelled out: cs-Latn, zh-Hant of zh-TW. */
function writingOf(culture: string): string {
  const known = writings.get(culture);
  if (known !== undefined) return known;
  const { language, script } = new Intl.Locale(culture).maximize();
  const writing = `${language}-${script}`;
  writings.set(culture, writing);
  return writing;
}
