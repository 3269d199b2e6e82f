/**
 * The entries that one DC has, as a tree. DN values are references to entries, as in AD's own database: when the target
 * is renamed, moved or deleted, every value that names it shows the new DN. A target that is not in the store is a
 * phantom: a place in the tree without an entry.
 *
 * All changes go through the methods of Store, which keep the references and the indexes right.
 */

import { childDn, DnSyntaxError, dnsNameOfDn, formatDn, normalizedDn, parseDn, type Rdn } from '../ad/dn.ts';
import { parseGeneralizedTime } from '../ad/entry.ts';
import { type AttributeStamp, Reference, StoredEntry, type Value, valueKey } from './entry.ts';
import { type AttributeType, attributeType } from './schema.ts';

type Index = Map<string, Set<StoredEntry>>;

/** The data of one DC. */
export class Store {
  readonly root = new StoredEntry(0, '', undefined);
  #lastId = 0;
  /** The last update sequence number given out. */
  usn = 0n;
  /** invocationId of the DC that wrote what no stamp says otherwise of; "" for an export. */
  defaultOrigin = '';
  /** The entries written since the store was loaded, in the order of the writes. */
  readonly writes: StoredEntry[] = [];
  readonly #namingContexts: StoredEntry[] = [];
  readonly #indexes = new Map<AttributeType, Index>();
  /** DN text as it came → place; forgotten whenever an entry moves. */
  readonly #located = new Map<string, StoredEntry>();

  /** The place that the DN names, also if it is a phantom's. Throws DnSyntaxError. */
  find(dn: string): StoredEntry | undefined {
    const known = this.#located.get(dn);
    if (known !== undefined) return known;
    let at: StoredEntry | undefined = this.root;
    for (const rdn of parseDn(dn).toReversed()) at = at?.children.get(normalizedDn(formatDn([rdn])));
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
  placeAt(dn: string): StoredEntry {
    const known = this.#located.get(dn);
    if (known !== undefined) return known;
    const [leaf, ...above] = parseDn(dn);
    const place = leaf === undefined ? this.root : this.#childAt(this.placeAt(formatDn(above)), leaf);
    this.#located.set(dn, place);
    return place;
  }

  #childAt(parent: StoredEntry, rdn: Rdn): StoredEntry {
    const text = formatDn([rdn]);
    const key = normalizedDn(text);
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
    const place = this.#childAt(this.placeAt(formatDn(above)), leaf);
    place.rdn = formatDn([leaf]);
    place.present = true;
    return place;
  }

  /** Gives the entry another RDN or parent, or both; everything below goes with it. */
  move(entry: StoredEntry, parent: StoredEntry, type: string, value: string): void {
    const rdn = childDn('', type, value);
    entry.parent?.children.delete(normalizedDn(entry.rdn));
    // A phantom at the new place stays what its referrers name, but out of the tree: the name is taken now.
    parent.children.set(normalizedDn(rdn), entry);
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

  /** The heads of the naming contexts, in the order of the data. */
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

  /** The number for the next write. */
  nextUsn(): bigint {
    this.usn += 1n;
    return this.usn;
  }

  /** Notes as written what has a higher uSNChanged: for a DC that the data states to be behind. */
  offerWritesSince(usn: bigint): void {
    const numbered = [...this.entries()].map((entry) => ({ entry, usn: BigInt(entry.text('uSNChanged') ?? 0) }));
    const later = numbered.filter((one) => one.usn > usn);
    this.writes.push(...later.toSorted((one, other) => Number(one.usn - other.usn)).map(({ entry }) => entry));
  }

  byGuid(guid: Buffer): StoredEntry | undefined {
    const [entry] = this.holders(objectGuid, valueKey(objectGuid, guid));
    return entry;
  }

  /** The last write of an attribute: as stated, else as the creation of the entry. Undefined if it never had a value. */
  stampOf(entry: StoredEntry, type: AttributeType): AttributeStamp | undefined {
    return entry.stamps.get(type) ?? (entry.attributes.has(type) ? this.#creationOf(entry) : undefined);
  }

  /** The stamps of all replicated attributes; one that was removed keeps its stamp. */
  stampsOf(entry: StoredEntry): [AttributeType, AttributeStamp][] {
    const stamps = new Map(entry.stamps);
    const creation = this.#creationOf(entry);
    if (creation !== undefined) {
      for (const type of entry.attributes.keys()) if (!stamps.has(type)) stamps.set(type, creation);
    }
    return [...stamps].filter(([type]) => type.replicated);
  }

  /** Undefined in an export, which says nothing of writes before it was read. */
  #creationOf(entry: StoredEntry): AttributeStamp | undefined {
    if (this.defaultOrigin === '') return undefined;
    const created = entry.text('whenCreated');
    const usn = BigInt(entry.text('uSNCreated') ?? 0);
    const time = created === undefined ? new Date(0) : parseGeneralizedTime(created);
    return { version: 1, time, origin: this.defaultOrigin, originUsn: usn, usn };
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
    const twinValue = (value: Value): Value =>
      value instanceof Reference ? new Reference(twinOf(value.target), value.prefix) : value;
    const copyPlace = (entry: StoredEntry): void => {
      const twin = twinOf(entry);
      twin.present = entry.present;
      for (const [type, stamp] of entry.stamps) twin.stamps.set(type, stamp);
      for (const [type, values] of entry.attributes) {
        // Other values are never changed in place, so that both stores can hold them.
        if (values.some((value) => value instanceof Reference)) copy.set(twin, type, values.map(twinValue));
        else twin.attributes.set(type, values);
      }
      if (entry.isNamingContext) copy.markNamingContext(twin);
      for (const [key, child] of entry.children) {
        twin.children.set(key, twinOf(child));
        copyPlace(child);
      }
    };
    copyPlace(this.root);
    copy.usn = this.usn;
    copy.defaultOrigin = this.defaultOrigin;
    return copy;
  }
}

const objectGuid = attributeType('objectGUID');

function addTo<K>(map: Map<K, Set<StoredEntry>>, key: K, entry: StoredEntry): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([entry]));
  else set.add(entry);
}
