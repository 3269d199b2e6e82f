/** Distinguished names as text and back (RFC 4514), as Active Directory prints them and more tolerant in what is read. */

import { DirectoryError } from '../errors.ts';

/** One `type=value` of an RDN; `value` is unescaped. */
export interface RdnAttribute {
  /** As AD prints it: the well-known ones (CN, OU, DC, O, L, C) in upper case and by name instead of OID. */
  readonly type: string;
  readonly value: string;
}

/** One level of a DN. AD has one attribute per RDN; other directories may have several. */
export type Rdn = readonly [RdnAttribute, ...RdnAttribute[]];

/** The leaf first, as in the text; the empty DN (the rootDSE) is []. */
export type Dn = readonly Rdn[];

/** Text that is not a DN; `position` is the 1-based character where reading stopped. */
export class DnSyntaxError extends DirectoryError {
  readonly position: number;

  constructor(text: string, position: number, expected: string) {
    super({
      attempted: 'read the distinguished name',
      on: text,
      cameBack: `at character ${position}: expected ${expected}`,
      next: 'Check the DN; put a backslash before the characters , + " \\ < > ; and before a leading # or space.',
    });
    this.position = position;
  }
}

/**
 * The RDNs of a DN. Accepts RFC 4514; from RFC 2253 section 4 quoted values, `;` as separator, spaces around separators
 * and `OID.`; and `\/` from ADSI paths. `#hex` values are decoded if they hold a BER string.
 * Throws DnSyntaxError.
 */
export function parseDn(text: string): Dn {
  return plainDn(text) ?? new DnReader(text).dn();
}

const specialCharacter = /[\\;+"<>\0]/;
const plainRdn = /^([A-Z][A-Z0-9-]*)=((?![ #])[^,]*[^ ,])$/i;

/** The RDNs of a DN as nearly all are, without escapes or spaces at the ends: some five times faster. Else undefined. */
function plainDn(text: string): Dn | undefined {
  if (specialCharacter.test(text)) return undefined;
  const rdns: Rdn[] = [];
  for (const part of text.split(',')) {
    const [, type, value] = plainRdn.exec(part) ?? [];
    if (type === undefined || value === undefined) return undefined;
    rdns.push([{ type: canonicalType(type), value }]);
  }
  return rdns;
}

/** The DN as AD prints it: no spaces around separators, the least escaping, newline as `\0A`. */
export function formatDn(dn: Dn): string {
  return dn.map((rdn) => rdn.map(({ type, value }) => `${type}=${escapeValue(value)}`).join('+')).join(',');
}

/** The tokens of a DN; sticky, so that each matches only at the current position. */
const syntax = {
  spaces: / */y,
  type: /(?:OID\.)?\d+(?:\.\d+)+|[A-Z][A-Z0-9-]*/iy,
  equals: /=/y,
  plus: /\+/y,
  separator: /[,;]/y,
  plainText: /[^\\,;+"<>\0]+/y,
  quotedText: /[^"\\]+/y,
  quote: /"/y,
  hash: /#/y,
  hexDigits: /(?:[0-9A-F]{2})+/iy,
  escapedBytes: /(?:\\[0-9A-F]{2})+/iy,
  escapedCharacter: /\\[ ,;+"<>=#\\/]/y,
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf16be = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true });

/** A cursor over the text of one DN. */
class DnReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  dn(): Dn {
    const rdns: Rdn[] = [];
    this.#take(syntax.spaces);
    if (this.#atEnd()) return rdns;
    do rdns.push(this.#rdn());
    while (this.#take(syntax.separator) !== '');
    if (!this.#atEnd()) throw this.#expected('a separator, or a backslash before this character');
    return rdns;
  }

  #rdn(): Rdn {
    const first = this.#attribute();
    const more: RdnAttribute[] = [];
    while (this.#take(syntax.plus) !== '') more.push(this.#attribute());
    return [first, ...more];
  }

  #attribute(): RdnAttribute {
    this.#take(syntax.spaces);
    const type = this.#take(syntax.type).replace(/^OID\./i, '');
    if (type === '') throw this.#expected('an attribute type such as CN');
    this.#take(syntax.spaces);
    if (this.#take(syntax.equals) === '') throw this.#expected('"=" after the attribute type');
    this.#take(syntax.spaces);
    const value = this.#value();
    this.#take(syntax.spaces);
    return { type: canonicalType(type), value };
  }

  #value(): string {
    if (this.#take(syntax.hash) !== '') return this.#berString();
    if (this.#take(syntax.quote) !== '') return this.#quotedString();
    return this.#string();
  }

  /** Trailing spaces are part of the value only if they are escaped. */
  #string(): string {
    let value = '';
    let escapedUpTo = 0;
    for (;;) {
      value += this.#take(syntax.plainText);
      if (this.#text[this.#at] !== '\\') break;
      value += this.#escaped();
      escapedUpTo = value.length;
    }
    return value.slice(0, escapedUpTo) + value.slice(escapedUpTo).replace(/ +$/, '');
  }

  #quotedString(): string {
    let value = '';
    while (this.#take(syntax.quote) === '') {
      value += this.#take(syntax.quotedText);
      if (this.#atEnd()) throw this.#expected('a closing quotation mark');
      if (this.#text[this.#at] === '\\') value += this.#escaped();
    }
    return value;
  }

  /** One escaped character, or the run of hex pairs that together are UTF-8. */
  #escaped(): string {
    const start = this.#at;
    const hex = this.#take(syntax.escapedBytes).replaceAll('\\', '');
    if (hex !== '') return this.#decoded(Buffer.from(hex, 'hex'), utf8, start);
    const pair = this.#take(syntax.escapedCharacter);
    if (pair === '') throw this.#expected('two hex digits or one of , + " \\ < > ; = # and space after the backslash');
    return pair.slice(1);
  }

  /** RFC 4514 2.4: the BER encoding of the value, in hex. */
  #berString(): string {
    const start = this.#at;
    const ber = Buffer.from(this.#take(syntax.hexDigits), 'hex');
    const [tag, length] = [ber[0], ber[1]];
    // 0x81: the length is in the next byte; longer values are not names.
    const content = length === 0x81 ? ber.subarray(3) : ber.subarray(2);
    if (tag === undefined || content.length !== (length === 0x81 ? ber[2] : length)) {
      throw this.#expected('the BER encoding of a string, in hex', start);
    }
    switch (tag) {
      case 0x04: // OCTET STRING
      case 0x0c: // UTF8String
      case 0x13: // PrintableString
      case 0x16: // IA5String
        return this.#decoded(content, utf8, start);
      case 0x1e: // BMPString
        return this.#decoded(content, utf16be, start);
      default:
        throw this.#expected('a BER value that is a string', start);
    }
  }

  #decoded(bytes: Uint8Array, decoder: { decode(bytes: Uint8Array): string }, start: number): string {
    try {
      return decoder.decode(bytes);
    } catch {
      // The decoder only says "invalid"; our error gives the position.
      throw this.#expected('bytes that are text', start);
    }
  }

  /** The text that the sticky pattern matches here; "" if it doesn't. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return '';
    const taken = this.#text.slice(this.#at, pattern.lastIndex);
    this.#at = pattern.lastIndex;
    return taken;
  }

  #atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  #expected(what: string, at = this.#at): DnSyntaxError {
    return new DnSyntaxError(this.#text, at + 1, what);
  }
}

/** A map, not an object: a type of user text may be "constructor". */
const namesOfOids: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
]);
const wellKnownTypes: ReadonlySet<string> = new Set(namesOfOids.values());

function canonicalType(type: string): string {
  if (wellKnownTypes.has(type)) return type;
  const upper = type.toUpperCase();
  return wellKnownTypes.has(upper) ? upper : (namesOfOids.get(type) ?? type);
}

/** The value of an RDN as written in a DN. */
export function escapeValue(value: string): string {
  return value.replace(/[\0\n\r,+"\\<>;=]|^[ #]| $/g, (character) =>
    character < ' ' ? `\\${hexPair(character.charCodeAt(0))}` : `\\${character}`,
  );
}

function hexPair(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
