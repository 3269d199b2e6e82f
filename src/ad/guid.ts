/** GUIDs (MS-DTYP 2.3.4): 16 bytes in the directory, text everywhere else. Text is in lower case, without braces. */

import { ValueSyntaxError } from './value-syntax-error.ts';

const textPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The text of an objectGUID: "9c04206a-9a46-41df-b23b-f2b402ba789f". Throws ValueSyntaxError unless it is 16 bytes. */
export function formatGuid(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new ValueSyntaxError('the GUID', bytes, '16 bytes');
  const hex = swapped(Buffer.from(bytes)).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The 16 bytes of a GUID's text, in either case and with or without braces. Throws ValueSyntaxError. */
export function guidFromText(text: string): Buffer {
  return swapped(Buffer.from(normalizedGuid(text).replaceAll('-', ''), 'hex'));
}

/** A GUID's text in lower case and without braces. Throws ValueSyntaxError. */
export function normalizedGuid(text: string): string {
  const bare = text.replace(/^\{(.*)\}$/s, '$1');
  if (!textPattern.test(bare)) {
    throw new ValueSyntaxError('the GUID', text, '32 hex digits as xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx');
  }
  return bare.toLowerCase();
}

/** `<GUID=…>`: stands for the entry's DN in any request, and stays right when the entry is moved (MS-ADTS 3.1.1.3.1.2.4). */
export function guidBase(guid: string): string {
  return `<GUID=${normalizedGuid(guid)}>`;
}

/** The first three fields are little-endian in bytes and big-endian in text. */
function swapped(bytes: Buffer): Buffer {
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
