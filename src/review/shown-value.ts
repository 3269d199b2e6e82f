/** Values of a plan as a reader sees them: text as text, bytes that are no text by their digits. */

import { createHash } from 'node:crypto';
import { parseDnsRecord } from '../ad/dns-record.ts';
import type { PlanValue } from '../change/plan.ts';
import { decodeText, encodingOfCodePage, type TextEncoding } from '../files/text-encoding.ts';

export interface ShownValue {
  readonly text: string;
  /** False for words about the value: that it is base64 in the plan, or how long it is. */
  readonly isPlain: boolean;
}

/** Binary values up to this many bytes are shown as they are: a GUID, a SID. */
const shortBinary = 32;

/**
 * A value of the attribute. One that is base64 in the plan although it is clean text is shown as that text, and marked; a
 * DNS record as what it says, with its bytes.
 */
export function shownValue(value: PlanValue, attribute = ''): ShownValue {
  if (typeof value === 'string') return { text: value, isPlain: true };
  const bytes = Buffer.from(value.base64, 'base64');
  const record = attribute.toLowerCase() === 'dnsrecord' ? parseDnsRecord(bytes) : undefined;
  if (record !== undefined) {
    const says = 'target' in record ? record.target : record.address;
    return { text: `${record.type} ${says} ${inDigits(bytes)}`, isPlain: false };
  }
  const text = cleanText(bytes);
  return { text: text === undefined ? inDigits(bytes) : `${text} (base64 in the plan)`, isPlain: false };
}

/** The bytes as text if they are UTF-8 without control characters. */
function cleanText(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  const isText = bytes.length > 0 && Buffer.from(text).equals(bytes) && !/(?![\t\r\n])\p{Cc}/u.test(text);
  return isText ? text : undefined;
}

function inDigits(bytes: Buffer): string {
  const length = `${bytes.length.toLocaleString('en')} ${bytes.length === 1 ? 'byte' : 'bytes'}`;
  return bytes.length <= shortBinary
    ? `(${length}: ${bytes.toString('hex')})`
    : `(${length}, SHA-256 ${createHash('sha256').update(bytes).digest('hex')})`;
}

/** The text of a file in its encoding; of bytes that the encoding has no characters for, their digits. */
export function shownText(base64: string, encoding: string): string {
  const bytes = Buffer.from(base64, 'base64');
  if (!isKnown(encoding)) return inDigits(bytes);
  // windows-1258 spells Vietnamese with combining marks: the same text as other encodings have.
  const decoded = decodeText(bytes, encoding);
  const text = encoding === 'windows-1258' ? decoded.normalize('NFC') : decoded;
  return isWhole(bytes, text, encoding) ? text : inDigits(bytes);
}

/** Whether the text says what all of the bytes are. */
function isWhole(bytes: Buffer, text: string, encoding: TextEncoding): boolean {
  if (encoding.startsWith('utf-16')) return bytes.length % 2 === 0;
  if (encoding.startsWith('utf-8')) return Buffer.from(text).equals(bytes);
  return !text.includes('\ufffd');
}

const unicode = /^(?:ascii|utf-8|utf-16[lb]e)(?: with BOM)?$/;

function isKnown(encoding: string): encoding is TextEncoding {
  const page = /^windows-(\d{1,5})$/.exec(encoding)?.[1];
  return page === undefined ? unicode.test(encoding) : encodingOfCodePage(Number(page)) === encoding;
}
