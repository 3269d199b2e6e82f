/**
 * BER (X.690) as far as LDAP uses it (RFC 4511 5.1): definite lengths, one-byte tags.
 * Not ldapts's reader and writer: those take a cut-off value for an absent one, and the server should share no code
 * with the client that is tested against it.
 */

/** Tags of the universal types (X.690 8.2 to 8.11). */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Bytes that are no BER, or not the BER that the protocol has at this place. */
export class BerError extends Error {
  override readonly name = 'BerError';
}

/** One element as read; `content` is a view into the buffer that was read. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** An element to be written: a primitive with its content, or a constructed one with its parts. */
export interface Encodable {
  readonly tag: number;
  readonly content: string | Uint8Array | readonly Encodable[];
  /** Of the content, in bytes. */
  readonly length: number;
}

/** Bytes of the first element in the buffer, header included; undefined while the header is incomplete. Throws BerError. */
export function elementSize(buffer: Buffer): number | undefined {
  const header = readHeader(buffer, 0);
  return header && header.start + header.length;
}

/** The one element that the buffer holds. Throws BerError if it holds less or more. */
export function decode(buffer: Buffer): Element {
  const [element, ...rest] = elementsOf(buffer);
  if (element === undefined || rest.length > 0) throw new BerError('expected exactly one element');
  return element;
}

/** The elements in the content of a constructed one. Throws BerError. */
export function elementsOf(content: Buffer): Element[] {
  const elements: Element[] = [];
  let offset = 0;
  while (offset < content.length) {
    const header = readHeader(content, offset);
    if (header === undefined || header.start + header.length > content.length) throw new BerError('element cut short');
    const end = header.start + header.length;
    elements.push({ tag: header.tag, content: content.subarray(header.start, end) });
    offset = end;
  }
  return elements;
}

function readHeader(buffer: Buffer, offset: number): { tag: number; start: number; length: number } | undefined {
  const tag = buffer[offset];
  const first = buffer[offset + 1];
  if (tag === undefined || first === undefined) return undefined;
  if ((tag & 0x1f) === 0x1f) throw new BerError('tag of more than one byte');
  if (first < 0x80) return { tag, start: offset + 2, length: first };
  const lengthBytes = first & 0x7f;
  if (lengthBytes === 0) throw new BerError('indefinite length');
  if (lengthBytes > 4) throw new BerError('length of more than four bytes');
  const start = offset + 2 + lengthBytes;
  if (start > buffer.length) return undefined;
  return { tag, start, length: buffer.readUIntBE(offset + 2, lengthBytes) };
}

/** The number in an INTEGER or ENUMERATED of at most 32 bits. Throws BerError. */
export function readInteger(element: Element): number {
  const { content } = element;
  if (content.length < 1 || content.length > 4) throw new BerError('expected an integer of one to four bytes');
  return content.readIntBE(0, content.length);
}

/** The truth value of a BOOLEAN: any byte but zero is true. Throws BerError. */
export function readBoolean(element: Element): boolean {
  if (element.content.length !== 1) throw new BerError('expected a boolean of one byte');
  return element.content[0] !== 0;
}

/** An OCTET STRING of these bytes, or of the UTF-8 of a text. */
export function octets(content: string | Uint8Array, tag: number = tags.octetString): Encodable {
  return { tag, content, length: typeof content === 'string' ? Buffer.byteLength(content) : content.length };
}

/** An INTEGER, or with another tag an ENUMERATED, of at most 32 bits. */
export function integer(value: number, tag: number = tags.integer): Encodable {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  let skip = 0;
  // The shortest form: a leading byte that only repeats the sign is left out (X.690 8.3.2).
  while (skip < 3 && bytes.readInt8(skip) === bytes.readInt8(skip + 1) >> 7) skip += 1;
  return octets(bytes.subarray(skip), tag);
}

/** A BOOLEAN. */
export function boolean(value: boolean, tag: number = tags.boolean): Encodable {
  return octets(Buffer.of(value ? 0xff : 0), tag);
}

/** A SEQUENCE, or what else has parts. */
export function constructed(content: readonly Encodable[], tag: number = tags.sequence): Encodable {
  return { tag, content, length: content.reduce((sum, part) => sum + encodedSize(part), 0) };
}

/** The bytes of the element and all its parts, in one buffer. */
export function encode(root: Encodable): Buffer {
  const buffer = Buffer.allocUnsafe(encodedSize(root));
  write(root, buffer, 0);
  return buffer;
}

function encodedSize({ length }: Encodable): number {
  return 1 + lengthSize(length) + length;
}

function lengthSize(length: number): number {
  if (length < 0x80) return 1;
  return 1 + bytesOf(length);
}

function bytesOf(length: number): number {
  if (length < 0x100) return 1;
  if (length < 0x10000) return 2;
  return length < 0x1000000 ? 3 : 4;
}

function write(element: Encodable, buffer: Buffer, offset: number): number {
  const { tag, content, length } = element;
  let at = buffer.writeUInt8(tag, offset);
  if (length < 0x80) {
    at = buffer.writeUInt8(length, at);
  } else {
    at = buffer.writeUInt8(0x80 | bytesOf(length), at);
    at = buffer.writeUIntBE(length, at, bytesOf(length));
  }
  if (typeof content === 'string') return at + buffer.write(content, at);
  if (content instanceof Uint8Array) {
    buffer.set(content, at);
    return at + content.length;
  }
  return content.reduce((next, part) => write(part, buffer, next), at);
}
