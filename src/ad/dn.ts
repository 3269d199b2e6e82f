/**
 * Distinguished names as Active Directory uses them: comparing, walking up and down, the names of deleted and conflicting
 * entries; as text and back (RFC 4514), as Active Directory prints them and more tolerant in what is read. The program
 * passes DNs as text.
 */

import { DirectoryError } from '../errors.ts';

/**
 * A key for maps and sets: the same for every spelling of one DN, and itself a DN.
 * Attribute types and values are compared without regard to case, runs of spaces count as one, outer spaces as none.
 * AD also disregards accents and character width (MS-ADTS 6.5.1); here such names remain different, so that no entry is
 * mistaken for a similar one. Throws DnSyntaxError.
 */
export function normalizedDn(text: string): string {
  return normalizedRdns(text).join(',');
}

/** Whether two DNs name the same entry, by normalizedDn. Throws DnSyntaxError. */
export function sameDn(one: string, other: string): boolean {
  return one === other || normalizedDn(one) === normalizedDn(other);
}

/** The DN in a value of any DN syntax: `B:8:01020304:CN=…`, `S:4:text:CN=…`, `CN=…`. */
export function dnIn(value: string): string {
  return value.replace(/^[BS]:\d+:[^:]*:/, '');
}

/** Whether a value is a DN that passes the test; false for a value that is no DN: it names no entry. */
export function isDnThat(value: string, test: (dn: string) => boolean): boolean {
  try {
    return test(value);
  } catch (error) {
    if (error instanceof DnSyntaxError) return false;
    throw error;
  }
}

/** The DN one level up; "" above a DN of one level; undefined above the empty DN. Throws DnSyntaxError. */
export function parentDn(text: string): string | undefined {
  const dn = parseDn(text);
  return dn.length === 0 ? undefined : formatDn(dn.slice(1));
}

/** Attribute type and unescaped value of the leaf (the first, should it have several). Throws DnSyntaxError. */
export function rdnOf(text: string): RdnAttribute {
  const leaf = parseDn(text)[0];
  if (leaf === undefined) throw new DnSyntaxError(text, 1, 'an entry below the rootDSE');
  return leaf[0];
}

/** How many levels the DN has; 0 for the empty DN. Throws DnSyntaxError. */
export function dnDepth(text: string): number {
  return parseDn(text).length;
}

/** Whether the entry lies below the ancestor, at any depth. Throws DnSyntaxError. */
export function isBelow(text: string, ancestor: string): boolean {
  const rdns = normalizedRdns(text);
  const above = normalizedRdns(ancestor);
  const levels = rdns.length - above.length;
  return levels > 0 && above.every((rdn, index) => rdn === rdns[levels + index]);
}

/** Whether the entry is the ancestor itself or lies below it. Throws DnSyntaxError. */
export function isSameOrBelow(text: string, ancestor: string): boolean {
  return sameDn(text, ancestor) || isBelow(text, ancestor);
}

/** The DN of a child, from the unescaped value of its RDN: childDn('DC=example,DC=com', 'CN', 'Lee, Kim'). */
export function childDn(parent: string, type: string, value: string): string {
  return joinDn(formatDn([[{ type, value }]]), parent);
}

/** DNs put one above the other, the leaf first: joinDn('CN=Services', configurationNamingContext). */
export function joinDn(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(',');
}

/** The parts of the RDN that AD gave a deleted or a conflicting entry. */
interface MangledRdn extends RdnAttribute {
  /** The value before the mangling; AD may have cut it short to make room. */
  readonly value: string;
  /** objectGUID of the entry, lower case. */
  readonly guid: string;
}

/** Name and objectGUID of a deleted entry (`CN=name\0ADEL:guid,…`); undefined for any other. Throws DnSyntaxError. */
export function deletedRdnOf(text: string): MangledRdn | undefined {
  return mangledRdnOf(text, 'DEL');
}

/**
 * Whether the DN is that of a deleted entry (MS-ADTS 3.1.1.5.5.1.1: `\0ADEL:` and its objectGUID in the RDN). Throws
 * DnSyntaxError.
 */
export function isDeletedDn(text: string): boolean {
  return deletedRdnOf(text) !== undefined;
}

/**
 * Name and objectGUID of the entry that lost a naming conflict (`CN=name\0ACNF:guid,…`); undefined for any other. Throws
 * DnSyntaxError.
 */
export function conflictRdnOf(text: string): MangledRdn | undefined {
  return mangledRdnOf(text, 'CNF');
}

/** Whether the entry lost a naming conflict between DCs (`\0ACNF:` in the RDN). Throws DnSyntaxError. */
export function isConflictDn(text: string): boolean {
  return conflictRdnOf(text) !== undefined;
}

/** The DNS name that the DC= components at the end of the DN spell; undefined if there are none. Throws DnSyntaxError. */
export function dnsNameOfDn(text: string): string | undefined {
  const dn = parseDn(text);
  const domain = dn.slice(dn.findLastIndex(([{ type }]) => type !== 'DC') + 1);
  return domain.length === 0 ? undefined : domain.map(([{ value }]) => value).join('.');
}

/** The value of the RDN; of what is no DN, as a plan that is not trusted may have it, the text. */
export function leafNameOf(text: string): string {
  try {
    return rdnOf(text).value;
  } catch (error) {
    if (error instanceof DnSyntaxError) return text;
    throw error;
  }
}

/**
 * The DN in a value of syntax Object(DN-Binary), such as otherWellKnownObjects: `B:<number of hex digits>:<hex>:<dn>`
 * (MS-ADTS 3.1.1.2.2.2.4). Throws DnSyntaxError.
 */
export function dnBesideBinary(text: string): string {
  const [, count, hex = '', dn = ''] = /^B:(\d+):([0-9A-Fa-f]*):(.*)$/s.exec(text) ?? [];
  if (count === undefined) throw new DnSyntaxError(text, 1, 'B:<number of hex digits>:<hex>:<dn>');
  if (hex.length !== Number(count) || hex.length % 2 !== 0) throw new DnSyntaxError(text, 3, `${count} hex digits`);
  parseDn(dn);
  return dn;
}

/** A DN as nearly all are: nothing to unescape, to trim or to escape. */
const simpleRdn = String.raw`[a-z][a-z0-9-]*=(?!#)[^ ,\\;+"<>=\0\n\r]+(?: [^ ,\\;+"<>=\0\n\r]+)*`;
const simpleDn = new RegExp(`^${simpleRdn}(?:,${simpleRdn})*$`, 'i');

function normalizedRdns(text: string): string[] {
  // Some five times faster, and every value of a directory may come here.
  if (simpleDn.test(text)) return foldedValue(text).split(',');
  return parseDn(text).map((rdn) =>
    rdn
      .map(({ type, value }) => `${type.toLowerCase()}=${escapeValue(foldedValue(value))}`)
      .sort()
      .join('+'),
  );
}

/** The final sigma is the only letter that toLowerCase folds by its position in the word. */
function foldedValue(value: string): string {
  return value.toLowerCase().replaceAll('ς', 'σ').replace(/ +/g, ' ').replace(/^ | $/g, '');
}

function mangledRdnOf(text: string, kind: 'DEL' | 'CNF'): MangledRdn | undefined {
  // Most DNs are of live entries: don't parse those.
  if (!text.toUpperCase().includes(`${kind}:`)) return undefined;
  const leaf = parseDn(text)[0]?.[0];
  const [, marker, guid] = /\n(DEL|CNF):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(leaf?.value ?? '') ?? [];
  if (leaf === undefined || marker?.toUpperCase() !== kind || guid === undefined) return undefined;
  const markerLength = '\nDEL:'.length + guid.length;
  return { type: leaf.type, value: leaf.value.slice(0, -markerLength), guid: guid.toLowerCase() };
}

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

/** Text that is not a DN; characters count from 1. */
export class DnSyntaxError extends DirectoryError {
  constructor(text: string, position: number, expected: string) {
    super({
      attempted: 'read the distinguished name',
      on: text,
      cameBack: `at character ${position}: expected ${expected}`,
      next: 'Check the DN; put a backslash before the characters , + " \\ < > ; and before a leading # or space.',
    });
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
function escapeValue(value: string): string {
  return value.replace(/[\0\n\r,+"\\<>;=]|^[ #]| $/g, (character) =>
    character < ' ' ? `\\${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}` : `\\${character}`,
  );
}
