/**
 * LDAP responses, read from bytes (RFC 4511).
 *
 * The parser of ldapts is not used: it decodes every value as text and keeps all entries of an answer, which takes three
 * times as long as ldapsearch and too much memory; it drops referrals, the controls of errors and the notice of
 * disconnection; and it waits forever for bytes that are not LDAP.
 */

import type { Attribute } from '../ad/entry.ts';
import type { LdapResult } from './diagnostics.ts';
import { controlOid } from './session.ts';

/** An attribute whose values the server sent in part; the rest begins at value number `next`, counted from 0. */
export interface PartialAttribute {
  readonly name: string;
  readonly next: number;
}

/** One message of the server. */
export type Response =
  | {
      readonly kind: 'entry';
      readonly messageId: number;
      readonly dn: string;
      readonly attributes: Map<string, Attribute>;
      /** The incomplete ones of `attributes`; none in most entries. */
      readonly partial: readonly PartialAttribute[];
    }
  /** An entry that the request does not want, not read any further. */
  | { readonly kind: 'unwanted'; readonly messageId: number }
  | { readonly kind: 'reference'; readonly messageId: number }
  | {
      readonly kind: 'result';
      readonly messageId: number;
      readonly result: LdapResult;
      /** The cookie for the next page (RFC 2696); undefined after the last. */
      readonly pageCookie: Buffer | undefined;
      /** The server's token in the answer to a SASL bind (RFC 4511 section 4.2.2); else empty. */
      readonly saslToken: Buffer;
    };

/** The bytes are not valid by RFC 4511; `bytes` is the beginning of what was received. */
export class NotLdapError extends Error {
  readonly bytes: Buffer;

  constructor(why: string, bytes: Buffer) {
    super(why);
    this.name = 'NotLdapError';
    this.bytes = bytes;
  }
}

/** The server announces a message that is longer than any that it should send. */
export class MessageTooLongError extends Error {
  override readonly name = 'MessageTooLongError';

  constructor(length: number, longest: number) {
    super(`the server announces a message of ${length} bytes, where at most ${longest} are accepted`);
  }
}

const tag = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
  searchEntry: 0x64,
  searchReference: 0x73,
  /** In an LDAPMessage the controls, in an LDAPResult … */
  controls: 0xa0,
  /** … the referral. */
  referral: 0xa3,
  /** In a BindResponse. */
  saslToken: 0x87,
} as const;

// BindResponse, SearchResultDone, Modify-, Add-, Del-, ModifyDN-, Compare- and ExtendedResponse
const resultTags: ReadonlySet<number> = new Set([0x61, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x78]);

/**
 * The longest message that is accepted, in bytes: before the logon, when anyone may be answering, and after it, where one
 * entry with many large values is one message.
 */
export const longestMessage = { beforeLogon: 0x1_0000, afterLogon: 0x400_0000 } as const;

/** Splits a stream of bytes into LDAP messages. */
export class MessageSplitter {
  /** In bytes; a longer message is refused as soon as its length is known. */
  longest: number = longestMessage.beforeLogon;
  #parts: Buffer[] = [];
  #length = 0;
  /** Length of the message being collected; 0 until enough of its header has arrived. */
  #wanted = 0;

  /** Whether bytes of an unfinished message are held. */
  get isMidway(): boolean {
    return this.#length > 0;
  }

  /** The bytes of an unfinished message, which are then no longer held. */
  takeRest(): Buffer {
    const rest = Buffer.concat(this.#parts, this.#length);
    this.#parts = [];
    this.#length = 0;
    this.#wanted = 0;
    return rest;
  }

  /** The messages that this chunk completes. Throws NotLdapError at the first byte that cannot begin a message. */
  push(chunk: Buffer): Buffer[] {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#wanted) return [];

    const [first = chunk, ...rest] = this.#parts;
    const data = rest.length === 0 ? first : Buffer.concat(this.#parts, this.#length);
    const messages: Buffer[] = [];
    let start = 0;
    for (;;) {
      this.#wanted = messageLength(data, start);
      if (this.#wanted > this.longest) throw new MessageTooLongError(this.#wanted, this.longest);
      if (this.#wanted === 0 || start + this.#wanted > data.length) break;
      messages.push(data.subarray(start, start + this.#wanted));
      start += this.#wanted;
    }
    this.#length = data.length - start;
    this.#parts = this.#length === 0 ? [] : [data.subarray(start)];
    return messages;
  }
}

/** Length of the message at `start`, header included; 0 if its header is incomplete. */
function messageLength(data: Buffer, start: number): number {
  const first = data[start];
  if (first === undefined) return 0;
  if (first !== tag.sequence) throw new NotLdapError('not an LDAP message', data.subarray(start, start + 64));
  const second = data[start + 1];
  if (second === undefined) return 0;
  if (second < 0x80) return 2 + second;
  const lengthBytes = second & 0x7f;
  // RFC 4511 5.1: definite lengths only. Four bytes are more than any server sends.
  if (lengthBytes === 0 || lengthBytes > 4)
    throw new NotLdapError('not an LDAP message', data.subarray(start, start + 64));
  if (start + 2 + lengthBytes > data.length) return 0;
  return 2 + lengthBytes + data.readUIntBE(start + 2, lengthBytes);
}

/** Reads messages; one per connection, as it caches the names of attributes. */
export class ResponseReader {
  readonly #names = new Map<string, AttributeName>();

  /**
   * Reads one whole message; the values are views of its bytes, not copies. Throws NotLdapError.
   *
   * @param isWanted by the id and the bytes of an entry's message; an entry with values sent in part is always read
   */
  read(message: Buffer, isWanted: (messageId: number, message: Buffer) => boolean = () => true): Response {
    const ber = new BerCursor(message);
    ber.enter(tag.sequence);
    const messageId = ber.integer(tag.integer);
    const operation = ber.peek();
    const end = ber.enter(operation);
    if (operation === tag.searchEntry) {
      const isRead = isWanted(messageId, message) || message.includes(rangeOption);
      return isRead ? this.#entry(messageId, ber, end) : { kind: 'unwanted', messageId };
    }
    if (operation === tag.searchReference) return { kind: 'reference', messageId };
    if (resultTags.has(operation)) return result(messageId, ber, end);
    throw ber.malformed();
  }

  #entry(messageId: number, ber: BerCursor, end: number): Response {
    const dn = ber.text(tag.octetString);
    const attributes = new Map<string, Attribute>();
    let partial: PartialAttribute[] = noneParted;
    ber.enter(tag.sequence);
    while (ber.position < end) {
      ber.enter(tag.sequence);
      const { name, key, next } = this.#name(ber.latin1(tag.octetString));
      const values: Buffer[] = [];
      const valuesEnd = ber.enter(tag.set);
      while (ber.position < valuesEnd) values.push(ber.bytes(tag.octetString));
      // AD sends `member` without values next to `member;range=0-1499`.
      if (values.length > 0 || !attributes.has(key)) attributes.set(key, { name, values });
      if (next !== undefined) partial = [...partial, { name, next }];
    }
    return { kind: 'entry', messageId, dn, attributes, partial };
  }

  #name(sent: string): AttributeName {
    const known = this.#names.get(sent);
    if (known !== undefined) return known;
    const name = attributeName(sent);
    this.#names.set(sent, name);
    return name;
  }
}

const noneParted: PartialAttribute[] = [];

/** In the name of an attribute whose values were sent in part: the rest may hold anything. */
const rangeOption = Buffer.from(';range=');

interface AttributeName {
  readonly name: string;
  readonly key: string;
  /** Where the rest of the values begins, if the server sent them in part. */
  readonly next: number | undefined;
}

/** `member;range=0-1499` holds a part, `member;range=1500-*` the last one (MS-ADTS 3.1.1.3.1.3.3). */
function attributeName(sent: string): AttributeName {
  const range = /;range=\d+-(\d+|\*)/i.exec(sent);
  if (range === null) return { name: sent, key: sent.toLowerCase(), next: undefined };
  const name = sent.replace(range[0], '');
  return { name, key: name.toLowerCase(), next: range[1] === '*' ? undefined : Number(range[1]) + 1 };
}

const noToken = Buffer.alloc(0);

function result(messageId: number, ber: BerCursor, end: number): Response {
  const code = ber.integer(tag.enumerated);
  const matchedDn = ber.text(tag.octetString);
  const diagnostic = ber.text(tag.octetString);
  let referrals: readonly string[] = [];
  let saslToken: Buffer = noToken;
  while (ber.position < end) {
    const next = ber.peek();
    if (next === tag.referral) referrals = texts(ber, ber.enter(next));
    else if (next === tag.saslToken) saslToken = ber.bytes(next);
    else ber.bytes(next);
  }
  const pageCookie = ber.position < ber.end && ber.peek() === tag.controls ? nextPageCookie(ber) : undefined;
  return {
    kind: 'result',
    messageId,
    result: { resultCode: code, matchedDn, diagnostic, referrals },
    pageCookie,
    saslToken,
  };
}

function nextPageCookie(ber: BerCursor): Buffer | undefined {
  let cookie: Buffer | undefined;
  const end = ber.enter(tag.controls);
  while (ber.position < end) {
    const controlEnd = ber.enter(tag.sequence);
    const oid = ber.text(tag.octetString);
    if (ber.position < controlEnd && ber.peek() === tag.boolean) ber.bytes(tag.boolean);
    const value = ber.position < controlEnd ? ber.bytes(tag.octetString) : undefined;
    if (oid === controlOid.pagedResults && value !== undefined) cookie = cookieOf(new BerCursor(value));
  }
  return cookie;
}

/** realSearchControlValue ::= SEQUENCE { size INTEGER, cookie OCTET STRING } (RFC 2696) */
function cookieOf(ber: BerCursor): Buffer | undefined {
  ber.enter(tag.sequence);
  ber.integer(tag.integer);
  const cookie = ber.bytes(tag.octetString);
  return cookie.length === 0 ? undefined : cookie;
}

function texts(ber: BerCursor, end: number): string[] {
  const found: string[] = [];
  while (ber.position < end) found.push(ber.text(tag.octetString));
  return found;
}

/** A position in BER bytes (X.690 with the limits of RFC 4511 5.1). Every step stays within the bytes or throws. */
class BerCursor {
  readonly #data: Buffer;
  readonly end: number;
  position = 0;

  constructor(data: Buffer) {
    this.#data = data;
    this.end = data.length;
  }

  peek(): number {
    const found = this.#data[this.position];
    if (found === undefined) throw this.malformed();
    return found;
  }

  /** Moves past tag and length to the content; returns the position after the content. */
  enter(expected: number): number {
    const data = this.#data;
    let position = this.position;
    let length = data[position + 1];
    if (data[position] !== expected || length === undefined) throw this.malformed();
    position += 2;
    if (length >= 0x80) {
      const lengthBytes = length & 0x7f;
      if (lengthBytes === 0 || lengthBytes > 4 || position + lengthBytes > data.length) throw this.malformed();
      length = data.readUIntBE(position, lengthBytes);
      position += lengthBytes;
    }
    const end = position + length;
    if (end > data.length) throw this.malformed();
    this.position = position;
    return end;
  }

  bytes(expected: number): Buffer {
    const end = this.enter(expected);
    const value = this.#data.subarray(this.position, end);
    this.position = end;
    return value;
  }

  text(expected: number): string {
    const end = this.enter(expected);
    const value = this.#data.toString('utf8', this.position, end);
    this.position = end;
    return value;
  }

  latin1(expected: number): string {
    const end = this.enter(expected);
    const value = this.#data.toString('latin1', this.position, end);
    this.position = end;
    return value;
  }

  /** Up to 32 bits: message ids, result codes, page sizes. */
  integer(expected: number): number {
    const value = this.bytes(expected);
    if (value.length === 0 || value.length > 5) throw this.malformed();
    return value.readIntBE(0, value.length);
  }

  malformed(): NotLdapError {
    return new NotLdapError(`malformed LDAP message at byte ${this.position}`, this.#data.subarray(0, 64));
  }
}
