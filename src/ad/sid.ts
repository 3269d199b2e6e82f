/** Security identifiers: bytes in the directory (MS-DTYP 2.4.2.2), `S-1-…` as text (2.4.2.1). */

import { ValueSyntaxError } from './value-syntax-error.ts';

const headerLength = 8;
const mostSubAuthorities = 15;
const kind = 'the security identifier';

/** "S-1-5-21-…" of an objectSid. Throws ValueSyntaxError if the length does not agree with the bytes' own count. */
export function formatSid(value: Uint8Array): string {
  const bytes = Buffer.from(value);
  const count = bytes[1] ?? 0;
  if (bytes[0] !== 1 || count > mostSubAuthorities || bytes.length !== headerLength + 4 * count) {
    throw new ValueSyntaxError(kind, value, 'revision 1, a count, 6 bytes and 4 bytes for each of the count');
  }
  const authority = bytes.readUIntBE(2, 6);
  const subAuthorities = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(headerLength + 4 * index));
  return ['S', 1, authorityText(authority), ...subAuthorities].join('-');
}

/** The bytes of "S-1-5-21-…". Throws ValueSyntaxError. */
export function sidFromText(text: string): Buffer {
  const [, authorityPart = '', rest = ''] = /^S-1-(\d+|0x[0-9a-f]{1,12})((?:-\d+)*)$/i.exec(text) ?? [];
  const authority = Number(authorityPart);
  const subAuthorities = rest.split('-').slice(1).map(Number);
  const tooLarge = authority >= 2 ** 48 || subAuthorities.some((part) => part >= 2 ** 32);
  if (authorityPart === '' || tooLarge || subAuthorities.length > mostSubAuthorities) {
    throw new ValueSyntaxError(kind, text, 'S-1-, an authority and up to 15 numbers below 2^32');
  }
  const bytes = Buffer.alloc(headerLength + 4 * subAuthorities.length);
  bytes.writeUInt8(1, 0);
  bytes.writeUInt8(subAuthorities.length, 1);
  bytes.writeUIntBE(authority, 2, 6);
  for (const [index, part] of subAuthorities.entries()) bytes.writeUInt32LE(part, headerLength + 4 * index);
  return bytes;
}

/** Decimal below 2^32, else twelve hex digits. */
function authorityText(authority: number): string {
  return authority < 2 ** 32 ? authority.toString() : `0x${authority.toString(16).toUpperCase().padStart(12, '0')}`;
}
