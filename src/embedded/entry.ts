/** An entry in the store, and its values. */

import { type AttributeType, attributeType } from './schema.ts';

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
