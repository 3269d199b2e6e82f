/**
 * An entry in the store, and its values: from bytes to what the store keeps, and what makes two of them the same
 * (MS-ADTS 3.1.1.2.2.4).
 */

import { isUtf8 } from 'node:buffer';
import { DnSyntaxError, dnBesideBinary } from '../ad/dn.ts';
import {
  guidFromText,
  parseBoolean,
  parseGeneralizedTime,
  parseInteger32,
  parseLargeInteger,
  sidFromText,
  ValueSyntaxError,
} from '../ad/entry.ts';
import { type AttributeType, attributeType, type Syntax } from './schema.ts';

/** A value of syntax DN or DN-Binary; `prefix` is the part before the DN: "" or `B:32:<hex>:`. */
export class Reference {
  readonly target: StoredEntry;
  readonly prefix: string;

  constructor(target: StoredEntry, prefix: string) {
    this.target = target;
    this.prefix = prefix;
  }

  toString(): string {
    return this.prefix + this.target.dn;
  }
}

/** Text as text, binary as bytes, DNs as references. */
export type Value = string | Buffer | Reference;

/** The last originating write of an attribute (MS-DRSR 5.163, PROPERTY_META_DATA_EXT). */
export interface AttributeStamp {
  readonly version: number;
  readonly time: Date;
  /** invocationId of the DC that wrote it, as text. */
  readonly origin: string;
  /** The write's update sequence number on that DC. */
  readonly originUsn: bigint;
  /** The update sequence number under which this store took it. */
  readonly usn: bigint;
}

/** A place in the tree, and the entry in it, if there is one. Only the Store changes it. */
export class StoredEntry {
  /** Unique within the store; unlike the DN it never changes. */
  readonly id: number;
  /** As printed: `CN=Lee\, Kim`; "" for the root. */
  rdn: string;
  parent: StoredEntry | undefined;
  /** False for a phantom: only a name that others refer to or lie below. */
  present = false;
  isNamingContext = false;
  readonly children = new Map<string, StoredEntry>();
  readonly attributes = new Map<AttributeType, readonly Value[]>();
  /** Stamps of writes; Store.stampOf knows those that the data does not state too. */
  readonly stamps = new Map<AttributeType, AttributeStamp>();
  /** Who names this entry, by attribute. */
  readonly referrers = new Map<AttributeType, Set<StoredEntry>>();

  constructor(id: number, rdn: string, parent: StoredEntry | undefined) {
    this.id = id;
    this.rdn = rdn;
    this.parent = parent;
  }

  get dn(): string {
    let dn = this.rdn;
    for (let at = this.parent; at !== undefined && at.rdn !== ''; at = at.parent) dn += `,${at.rdn}`;
    return dn;
  }

  values(name: string): readonly Value[] {
    return this.attributes.get(attributeType(name)) ?? [];
  }

  /** The first value as text; undefined if there is none or if it is binary. */
  text(name: string): string | undefined {
    const [value] = this.values(name);
    return value === undefined || Buffer.isBuffer(value) ? undefined : value.toString();
  }

  bytes(name: string): Buffer | undefined {
    const [value] = this.values(name);
    return Buffer.isBuffer(value) ? value : undefined;
  }

  /** The first value as a number of at most 32 bits; 0 if there is none. */
  number(name: string): number {
    return Number(this.text(name) ?? 0);
  }

  isTrue(name: string): boolean {
    return this.text(name) === 'TRUE';
  }

  get isDeleted(): boolean {
    return this.isTrue('isDeleted');
  }

  hasClass(name: string): boolean {
    return this.values('objectClass').some((value) => value.toString().toLowerCase() === name.toLowerCase());
  }

  /** The entries directly below, without phantoms. */
  get presentChildren(): StoredEntry[] {
    return [...this.children.values()].filter(({ present }) => present);
  }

  /** Whether this is the other entry or lies below it. */
  isAtOrBelow(other: StoredEntry): boolean {
    for (let at: StoredEntry | undefined = this; at !== undefined; at = at.parent) if (at === other) return true;
    return false;
  }

  /** The head of the naming context that the entry is in; undefined above all of them. */
  get namingContext(): StoredEntry | undefined {
    for (let at: StoredEntry | undefined = this; at !== undefined; at = at.parent) if (at.isNamingContext) return at;
    return undefined;
  }
}

/** Whether the entry is where deleted entries of its naming context go. */
export function isDeletedObjectsContainer(entry: StoredEntry): boolean {
  return entry.parent?.isNamingContext === true && entry.rdn.toLowerCase() === 'cn=deleted objects';
}

/** Finds or makes the place that a DN names. */
type Locate = (dn: string) => StoredEntry | undefined;

/** The bytes as text, if they are clean UTF-8. */
export function textOf(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
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
    const dn = type.syntax === 'dn' ? text : dnBesideBinary(text);
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

/** Whether an attribute's value is at least an asserted one, both as keys; undefined if the syntax has no order. */
export function isAtLeast(type: AttributeType, one: string, other: string): boolean | undefined {
  if (isDnSyntax(type)) return undefined;
  if (type.syntax !== 'integer' && type.syntax !== 'largeInteger' && type.syntax !== 'time') return one >= other;
  // An export may hold what the syntax does not allow.
  return isNumber(one) && isNumber(other) ? BigInt(one) >= BigInt(other) : undefined;
}

function isNumber(key: string): boolean {
  return /^-?\d+$/.test(key);
}

/** The value as a client sees it: a reference as its DN. */
export function toText(value: Value): string | Buffer {
  return value instanceof Reference ? value.toString() : value;
}
