/** From bytes to the values that the store keeps, and what makes two of them the same (MS-ADTS 3.1.1.2.2.4). */

import { DnSyntaxError, parseDnWithBinary } from '../ad/dn.ts';
import {
  guidFromText,
  parseBoolean,
  parseGeneralizedTime,
  parseInteger32,
  parseLargeInteger,
  sidFromText,
  ValueSyntaxError,
} from '../ad/values.ts';
import { Reference, type StoredEntry, type Value } from './entry.ts';
import type { AttributeType } from './schema.ts';
import type { Syntax } from './schema-tables.ts';

/** Finds or makes the place that a DN names. */
export type Locate = (dn: string) => StoredEntry | undefined;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes as text, if they are clean UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    // The decoder's only failure: these bytes are no text.
    return undefined;
  }
}

/**
 * Bytes from a client or a file as a value of the attribute; undefined for a DN syntax whose DN cannot be read or is
 * unknown to `locate`. Use isWellFormed to check numbers, times and truth values.
 */
export function toValue(type: AttributeType, bytes: Buffer, locate: Locate): Value | undefined {
  switch (type.syntax) {
    case 'octets':
    case 'guid':
    case 'sid':
    case 'securityDescriptor':
      return Buffer.from(bytes);
    case 'dn':
    case 'dnWithBinary':
      return toReference(type, textOf(bytes) ?? '', locate);
    default:
      return textOf(bytes) ?? Buffer.from(bytes);
  }
}

/** Whether the value is what the attribute's syntax allows. */
export function isWellFormed({ syntax }: AttributeType, value: Value): boolean {
  if (isCompared(syntax)) return typeof value === 'string' && canonicalText(syntax, value) !== undefined;
  if (syntax === 'guid') return Buffer.isBuffer(value) && value.length === 16;
  return true;
}

/** Whether values of this type name entries. */
export function isDnSyntax({ syntax }: AttributeType): boolean {
  return syntax === 'dn' || syntax === 'dnWithBinary';
}

function toReference(type: AttributeType, text: string, locate: Locate): Reference | undefined {
  return unlessMalformed(() => {
    const dn = type.syntax === 'dn' ? text : parseDnWithBinary(text).dn;
    // The empty DN is the rootDSE's, which no value names.
    const target = dn === '' ? undefined : locate(dn);
    return target && new Reference(target, text.slice(0, text.length - dn.length));
  });
}

type ComparedSyntax = 'integer' | 'largeInteger' | 'boolean' | 'time';

function isCompared(syntax: Syntax): syntax is ComparedSyntax {
  return syntax in canonical;
}

/** Gives a text that is the same for equal values. Throws ValueSyntaxError for text that is no value of the syntax. */
const canonical: Readonly<Record<ComparedSyntax, (text: string) => string>> = {
  integer: (text) => parseInteger32(text).toString(),
  largeInteger: (text) => parseLargeInteger(text).toString(),
  boolean: (text) => String(parseBoolean(text)),
  time: (text) => parseGeneralizedTime(text).getTime().toString(),
};

/** The canonical text of a value, or undefined if it does not fit the syntax. */
function canonicalText(syntax: ComparedSyntax, text: string): string | undefined {
  return unlessMalformed(() => canonical[syntax](text));
}

function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ValueSyntaxError || error instanceof DnSyntaxError) return undefined;
    throw error;
  }
}

/** A key that two values of one attribute share exactly when they are equal. */
export function valueKey(type: AttributeType, value: Value): string {
  if (value instanceof Reference) return `${value.prefix.toLowerCase()}#${value.target.id}`;
  if (Buffer.isBuffer(value)) return value.toString('hex');
  return (isCompared(type.syntax) ? canonicalText(type.syntax, value) : undefined) ?? foldedText(value);
}

/** The key of the value that a filter or a compare asserts; undefined if no value can be equal to it. */
export function assertionKey(type: AttributeType, asserted: Buffer | string, locate: Locate): string | undefined {
  const bytes = typeof asserted === 'string' ? Buffer.from(asserted) : asserted;
  const value = toValue(type, identityBytes(type, bytes) ?? bytes, locate);
  return value === undefined || !isWellFormed(type, value) ? undefined : valueKey(type, value);
}

/** AD takes a GUID or SID in a filter as bytes or in its text form (MS-ADTS 3.1.1.3.1.3.1). */
function identityBytes({ syntax }: AttributeType, bytes: Buffer): Buffer | undefined {
  if (syntax === 'guid') return unlessMalformed(() => guidFromText(bytes.toString('latin1')));
  if (syntax === 'sid') return unlessMalformed(() => sidFromText(bytes.toString('latin1')));
  return undefined;
}

/** As AD compares text: without regard to case. */
export function foldedText(text: string): string {
  return text.toLowerCase();
}

/** -1, 0 or 1 for an attribute's value against an asserted one, both as keys; undefined where the syntax has no order. */
export function compareKeys(type: AttributeType, one: string, other: string): number | undefined {
  if (isDnSyntax(type)) return undefined;
  if (type.syntax === 'integer' || type.syntax === 'largeInteger' || type.syntax === 'time') {
    // An export may hold what the syntax does not allow.
    if (!isNumber(one) || !isNumber(other)) return undefined;
    const difference = BigInt(one) - BigInt(other);
    return difference === 0n ? 0 : difference < 0n ? -1 : 1;
  }
  return one === other ? 0 : one < other ? -1 : 1;
}

function isNumber(key: string): boolean {
  return /^-?\d+$/.test(key);
}

/** The value as a client sees it: a reference as its DN. */
export function toText(value: Value): string | Buffer {
  return value instanceof Reference ? value.toString() : value;
}
