/**
 * The entries of one copy of the forest, as a tree. DN values are references to entries, as in AD's own database: a
 * renamed, moved or deleted target therefore shows in every value that names it, without anybody rewriting the value.
 * A target that isn't there (yet) is a phantom: a place in the tree with no entry in it.
 *
 * All changes go through the methods of Store, which keep the references and the indexes right.
 */

import { childDn, DnSyntaxError, dnsNameOfDn, formatDn, joinDn, normalizedDn, parseDn, type Rdn } from '../ad/dn.ts';
import { type AttributeType, attributeType } from './schema.ts';
import { Reference, type Value, valueKey } from './value.ts';

/** When and by which DC an attribute was last written (MS-DRSR 4.1.13.2, PROPERTY_META_DATA). */
export interface AttributeStamp {
  readonly version: number;
  readonly time: Date;
  readonly usn: bigint;
  /** DN of the NTDS Settings of the DC that wrote it; undefined where the data does not say. */
  readonly origin?: string;
}

/** A place in the tree, and the entry in it, if there is one. To be changed by the Store alone. */
export class StoredEntry {
  /** Of its own within the store and, unlike the DN, the same for as long as the store is there. */
  readonly id: number;
  /** As printed: `CN=Lee\, Kim`; "" for the root. */
  rdn: string;
  parent: StoredEntry | undefined;
  /** False for a phantom: no entry, only a name that others refer to or are below of. */
  present = false;
  isNamingContext = false;
  readonly children = new Map<string, StoredEntry>();
  readonly attributes = new Map<AttributeType, readonly Value[]>();
  readonly stamps = new Map<AttributeType, AttributeStamp>();
  /** Who names this entry, by attribute. */
  readonly referrers = new Map<AttributeType, Set<StoredEntry>>();

  constructor(id: number, rdn: string, parent: StoredEntry | undefined) {
    this.id = id;
    this.rdn = rdn;
    this.parent = parent;
  }

  get dn(): string {
    return this.parent === undefined ? this.rdn : joinDn(this.rdn, this.parent.dn);
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

type Index = Map<string, Set<StoredEntry>>;

/** One copy of the forest's data. */
export class Store {
  readonly root = new StoredEntry(0, '', undefined);
  #lastId = 0;
  /** The last update sequence number given out. */
  usn = 0n;
  readonly #namingContexts: StoredEntry[] = [];
  readonly #indexes = new Map<AttributeType, Index>();
  /** DN text as it came → place; forgotten whenever an entry moves. */
  readonly #located = new Map<string, StoredEntry>();

  /** The place that the DN names, also if it is a phantom's. Throws DnSyntaxError. */
  find(dn: string): StoredEntry | undefined {
    const known = this.#located.get(dn);
    if (known !== undefined) return known;
    let at: StoredEntry | undefined = this.root;
    for (const rdn of parseDn(dn).toReversed()) at = at?.children.get(rdnKey(formatDn([rdn])));
    return at;
  }

  /** Like find, but text that is no DN names no place. */
  findIfDn(text: string): StoredEntry | undefined {
    try {
      return this.find(text);
    } catch (error) {
      if (error instanceof DnSyntaxError) return undefined;
      throw error;
    }
  }

  /** The place that the DN names, made if there is none yet. Throws DnSyntaxError. */
  reach(dn: string): StoredEntry {
    const known = this.#located.get(dn);
    if (known !== undefined) return known;
    const [leaf, ...above] = parseDn(dn);
    const place = leaf === undefined ? this.root : this.#reachChild(this.reach(formatDn(above)), leaf);
    this.#located.set(dn, place);
    return place;
  }

  #reachChild(parent: StoredEntry, rdn: Rdn): StoredEntry {
    const text = formatDn([rdn]);
    const key = rdnKey(text);
    let child = parent.children.get(key);
    if (child === undefined) {
      child = this.#newEntry(text, parent);
      parent.children.set(key, child);
    }
    return child;
  }

  #newEntry(rdn: string, parent: StoredEntry): StoredEntry {
    this.#lastId += 1;
    return new StoredEntry(this.#lastId, rdn, parent);
  }

  /** Puts an entry, still without attributes, at the DN, spelled as given. Throws DnSyntaxError. */
  insert(dn: string): StoredEntry {
    const [leaf, ...above] = parseDn(dn);
    if (leaf === undefined) return this.root;
    const place = this.#reachChild(this.reach(formatDn(above)), leaf);
    place.rdn = formatDn([leaf]);
    place.present = true;
    return place;
  }

  /** Gives the entry another RDN or parent, or both; everything below goes with it. */
  move(entry: StoredEntry, parent: StoredEntry, type: string, value: string): void {
    const rdn = childDn('', type, value);
    entry.parent?.children.delete(rdnKey(entry.rdn));
    // A phantom at the new place stays what its referrers name, but out of the tree: the name is taken now.
    parent.children.set(rdnKey(rdn), entry);
    entry.rdn = rdn;
    entry.parent = parent;
    this.#located.clear();
  }

  /** Sets all values of an attribute; [] removes it. */
  set(entry: StoredEntry, type: AttributeType, values: readonly Value[]): void {
    const old = entry.attributes.get(type) ?? [];
    for (const value of old) if (value instanceof Reference) value.target.referrers.get(type)?.delete(entry);
    for (const value of values) if (value instanceof Reference) addTo(value.target.referrers, type, entry);
    const index = this.#indexes.get(type);
    if (index !== undefined) {
      for (const value of old) index.get(valueKey(type, value))?.delete(entry);
      for (const value of values) addTo(index, valueKey(type, value), entry);
    }
    if (values.length === 0) entry.attributes.delete(type);
    else entry.attributes.set(type, values);
  }

  /**
   * The entries that have the value (as a key of valueKey).
   * The first call for an attribute goes through all entries.
   */
  holders(type: AttributeType, key: string): ReadonlySet<StoredEntry> {
    let index = this.#indexes.get(type);
    if (index === undefined) {
      index = new Map();
      for (const entry of this.entries()) {
        for (const value of entry.attributes.get(type) ?? []) addTo(index, valueKey(type, value), entry);
      }
      this.#indexes.set(type, index);
    }
    return index.get(key) ?? new Set();
  }

  /** All entries at and below a place, each before those below it; what `enter` declines is left out with all below. */
  *entries(from: StoredEntry = this.root, enter: (place: StoredEntry) => boolean = () => true): Generator<StoredEntry> {
    const open = [from];
    for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
      if (!enter(entry)) continue;
      if (entry.present) yield entry;
      for (const child of [...entry.children.values()].reverse()) open.push(child);
    }
  }

  /** The heads of the naming contexts, in the order in which they were named. */
  get namingContexts(): readonly StoredEntry[] {
    return this.#namingContexts;
  }

  /** Makes a place, which may be a phantom's, the head of a naming context. */
  markNamingContext(head: StoredEntry): void {
    if (head.isNamingContext) return;
    head.isNamingContext = true;
    this.#namingContexts.push(head);
  }

  get configuration(): StoredEntry | undefined {
    return this.#namingContexts.find(({ rdn }) => rdn.toLowerCase() === 'cn=configuration');
  }

  get schema(): StoredEntry | undefined {
    return this.#namingContexts.find(({ rdn }) => rdn.toLowerCase() === 'cn=schema');
  }

  /** Whether the Recycle Bin is on: the forest's Partitions container names the feature (MS-ADTS 3.1.1.9.1). */
  get recycleBin(): boolean {
    const partitions = this.configuration?.presentChildren.find(({ rdn }) => rdn.toLowerCase() === 'cn=partitions');
    const enabled = partitions?.values('msDS-EnabledFeature') ?? [];
    return enabled.some((feature) => /^CN=Recycle Bin Feature,/i.test(feature.toString()));
  }

  /** The head of the forest's root domain, above the Configuration naming context. */
  get rootDomain(): StoredEntry | undefined {
    return this.configuration?.parent ?? this.#namingContexts.find(({ rdn }) => /^dc=/i.test(rdn));
  }

  /** `corp.example.com`; "" if the data names no domain. */
  get forestDnsName(): string {
    return dnsNameOfDn(this.rootDomain?.dn ?? '') ?? '';
  }

  /** Who has the entry in the forward link `attribute`, deleted holders left out. */
  holdersOfLink(entry: StoredEntry, attribute: string): StoredEntry[] {
    return [...(entry.referrers.get(attributeType(attribute)) ?? [])].filter(({ isDeleted }) => !isDeleted);
  }

  nextUsn(): bigint {
    this.usn += 1n;
    return this.usn;
  }

  /** A copy that shares nothing that changes. */
  clone(): Store {
    const copy = new Store();
    const twins = new Map<StoredEntry, StoredEntry>();
    const twinOf = (entry: StoredEntry): StoredEntry => {
      let twin = twins.get(entry);
      if (twin === undefined) {
        twin = entry.parent === undefined ? copy.root : copy.#newEntry(entry.rdn, twinOf(entry.parent));
        twins.set(entry, twin);
      }
      return twin;
    };
    const copyPlace = (entry: StoredEntry): void => {
      const twin = twinOf(entry);
      twin.present = entry.present;
      for (const [type, stamp] of entry.stamps) twin.stamps.set(type, stamp);
      for (const [type, values] of entry.attributes) {
        const copies = values.map((value) =>
          value instanceof Reference ? new Reference(twinOf(value.target), value.prefix) : value,
        );
        copy.set(twin, type, copies);
      }
      if (entry.isNamingContext) copy.markNamingContext(twin);
      for (const [key, child] of entry.children) {
        twin.children.set(key, twinOf(child));
        copyPlace(child);
      }
    };
    copyPlace(this.root);
    copy.usn = this.usn;
    return copy;
  }
}

function rdnKey(rdn: string): string {
  return normalizedDn(rdn);
}

function addTo<K>(map: Map<K, Set<StoredEntry>>, key: K, entry: StoredEntry): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([entry]));
  else set.add(entry);
}
