/** An entry as the server sent it, and small typed readers of its attributes. */

import { DirectoryError } from '../errors.ts';

export interface Attribute {
  /** As the server spelled it, without its range option: `member`, `userCertificate;binary`. */
  readonly name: string;
  /** In the order of the server. */
  readonly values: readonly Buffer[];
}

export interface Entry {
  readonly dn: string;
  /** By the attribute's name in lower case, without its range option. */
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** An entry from attributes written down as text or bytes, for whoever does not read it from a server. */
export function makeEntry(dn: string, attributes: Readonly<Record<string, readonly (string | Buffer)[]>>): Entry {
  return {
    dn,
    attributes: new Map(
      Object.entries(attributes).map(([name, values]) => [
        name.toLowerCase(),
        { name, values: values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value)) },
      ]),
    ),
  };
}

/** Every value as bytes; [] if the entry lacks the attribute, or if we may not read it: LDAP tells no difference. */
export function allBytesOf(entry: Entry, attribute: string): readonly Buffer[] {
  return entry.attributes.get(attribute.toLowerCase())?.values ?? [];
}

/** The first value as bytes. */
export function bytesOf(entry: Entry, attribute: string): Buffer | undefined {
  return allBytesOf(entry, attribute)[0];
}

/** Every value as text (UTF-8, a leading U+FEFF kept). */
export function textsOf(entry: Entry, attribute: string): readonly string[] {
  return allBytesOf(entry, attribute).map((value) => value.toString('utf8'));
}

/** The first value as text (UTF-8, a leading U+FEFF kept). */
export function textOf(entry: Entry, attribute: string): string | undefined {
  return bytesOf(entry, attribute)?.toString('utf8');
}

/**
 * The first value as an integer of up to 64 bits (syntaxes Integer, Enumeration and LargeInteger, MS-ADTS 3.1.1.2.2.2).
 * Throws DirectoryError if there is a value that is not one.
 */
export function bigIntegerOf(entry: Entry, attribute: string): bigint | undefined {
  const text = textOf(entry, attribute);
  if (text === undefined) return undefined;
  if (!/^-?\d{1,19}$/.test(text)) throw notA('whole number', entry, attribute, text);
  return BigInt(text);
}

/** The first value as a number; for LargeInteger use bigIntegerOf. Throws DirectoryError if it is not a safe integer. */
export function integerOf(entry: Entry, attribute: string): number | undefined {
  const value = bigIntegerOf(entry, attribute);
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(Number(value))) throw notA('number below 2^53', entry, attribute, value.toString());
  return Number(value);
}

/** The first value as a truth value (RFC 4517 3.3.3). Throws DirectoryError if it is neither TRUE nor FALSE. */
export function booleanOf(entry: Entry, attribute: string): boolean | undefined {
  const text = textOf(entry, attribute);
  if (text === undefined) return undefined;
  if (text !== 'TRUE' && text !== 'FALSE') throw notA('truth value', entry, attribute, text);
  return text === 'TRUE';
}

function notA(what: string, entry: Entry, attribute: string, text: string): DirectoryError {
  return new DirectoryError({
    attempted: `read ${attribute}`,
    on: entry.dn,
    cameBack: `"${text}" is not a ${what}`,
    next: 'Look at the attribute with another tool; the server holds a value that its schema should not allow.',
  });
}
