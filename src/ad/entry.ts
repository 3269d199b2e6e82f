/** An entry as the server sent it, and small typed readers of its attributes. */

import { formatGuid, parseBoolean, parseGeneralizedTime, parseInteger32, parseLargeInteger } from './values.ts';

export interface Attribute {
  /** As the server spells it, without its range option: `member`, `userCertificate;binary`. */
  readonly name: string;
  /** In the order of the server. */
  readonly values: readonly Buffer[];
}

export interface Entry {
  readonly dn: string;
  /** By the attribute's name in lower case, without its range option. */
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** Every value as bytes; [] if the entry lacks the attribute or the user may not read it: LDAP does not distinguish the two. */
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

/** The first value as an integer of 32 bits. Throws ValueSyntaxError if it is not one. */
export function integerOf(entry: Entry, attribute: string): number | undefined {
  const text = textOf(entry, attribute);
  return text === undefined ? undefined : parseInteger32(text);
}

/** The first value as an integer of 64 bits (LargeInteger). Throws ValueSyntaxError if it is not one. */
export function largeIntegerOf(entry: Entry, attribute: string): bigint | undefined {
  const text = textOf(entry, attribute);
  return text === undefined ? undefined : parseLargeInteger(text);
}

/** The first value as a truth value. Throws ValueSyntaxError if it is neither TRUE nor FALSE. */
export function booleanOf(entry: Entry, attribute: string): boolean | undefined {
  const text = textOf(entry, attribute);
  return text === undefined ? undefined : parseBoolean(text);
}

/** The first value as a GeneralizedTime: whenCreated, currentTime. Throws ValueSyntaxError if it is not one. */
export function generalizedTimeOf(entry: Entry, attribute: string): Date | undefined {
  const text = textOf(entry, attribute);
  return text === undefined ? undefined : parseGeneralizedTime(text);
}

/** The first value as the text of a GUID: objectGUID, invocationId. Throws ValueSyntaxError if it is not 16 bytes. */
export function guidOf(entry: Entry, attribute: string): string | undefined {
  const bytes = bytesOf(entry, attribute);
  return bytes === undefined ? undefined : formatGuid(bytes);
}
