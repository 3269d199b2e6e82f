/**
 * From LDIF to a store; either
 * - a forest: complete, where the server supplies what AD would have (GUIDs, USNs, security descriptors, all classes).
 *   When an attribute was last written, and how often, may stand in one that no real directory has:
 *     practiceStamp: ATTRIBUTE VERSION TIME [USN [NTDS SETTINGS]]
 *   What a DC knows of replication is in replication-statements.ts, how to write points in time in placeholders.ts.
 * - an export: what somebody saw of a directory, to which nothing is added.
 *
 * A record with an empty DN is a rootDSE; in a forest its dnsHostName says of which DC.
 */

import { parseGeneralizedTime } from '../ad/values.ts';
import { type LdifContentRecord, LdifSyntaxError } from '../ldif/ldif.ts';
import { type LdifInput, type LocatedLdifEntry, readLdifEntries } from '../ldif/ldif-reader.ts';
import { fillIn } from './placeholders.ts';
import type { RootDseRecord } from './root-dse.ts';
import { attributeType } from './schema.ts';
import { Store, type StoredEntry } from './store.ts';
import { isNamingContextHead, Supplies } from './supplies.ts';
import { textOf, toValue, type Value } from './value.ts';

export interface LdifSource {
  /** For messages: a path. */
  readonly name: string;
  readonly content: LdifInput;
}

export interface Loaded {
  readonly store: Store;
  readonly rootDseRecords: readonly RootDseRecord[];
  /** The same records with their placeholders. */
  readonly rootDses: readonly LdifContentRecord[];
}

/** The attribute that says when another was last written. */
export const stampStatement = 'practiceStamp';

/** A complete forest, with its placeholders filled in. Throws LdifSyntaxError, also if an entry's parent is missing. */
export async function loadForest(sources: readonly LdifSource[], now: Date): Promise<Loaded> {
  const store = new Store();
  const rootDses: LdifContentRecord[] = [];
  const placed: { readonly entry: StoredEntry; readonly source: string; readonly line: number }[] = [];
  for await (const { record, source } of recordsOf(sources)) {
    if (record.dn === '') {
      rootDses.push(record);
      continue;
    }
    const entry = place(store, withoutBackLinks(withPlaceholders(record, now)));
    keepUsnAhead(store, entry);
    if (isNamingContextHead(entry)) store.markNamingContext(entry);
    placed.push({ entry, source, line: record.line });
  }
  const supplies = new Supplies(store, now);
  for (const { entry } of placed) supplies.complete(entry);
  const stray = placed.find(({ entry }) => !entry.isNamingContext && entry.parent?.present !== true);
  if (stray !== undefined) {
    throw new LdifSyntaxError(stray.source, stray.line, `the parent of ${stray.entry.dn} is not in the data`);
  }
  return { store, rootDses, rootDseRecords: rootDses.map((record) => rootDseRecord(withPlaceholders(record, now))) };
}

/** What an export shows, and naming contexts as far as its DNs tell. Throws LdifSyntaxError. */
export async function loadExport(sources: readonly LdifSource[]): Promise<Loaded> {
  const store = new Store();
  const rootDses: LdifContentRecord[] = [];
  for await (const { record } of recordsOf(sources)) {
    if (record.dn === '') {
      rootDses.push(record);
      continue;
    }
    const entry = place(store, record);
    const head = headAbove(entry);
    if (head !== undefined) store.markNamingContext(head);
    keepUsnAhead(store, entry);
  }
  return { store, rootDses, rootDseRecords: rootDses.map(rootDseRecord) };
}

/** New writes get higher USNs than all that the data has. */
function keepUsnAhead(store: Store, entry: StoredEntry): void {
  const usn = entry.text('uSNChanged') ?? '';
  if (/^\d+$/.test(usn) && BigInt(usn) > store.usn) store.usn = BigInt(usn);
}

async function* recordsOf(
  sources: readonly LdifSource[],
): AsyncGenerator<{ readonly record: LocatedLdifEntry; readonly source: string }> {
  for (const { name, content } of sources) {
    for await (const record of readLdifEntries(content, name)) yield { record, source: name };
  }
}

function withPlaceholders(record: LdifContentRecord, now: Date): LdifContentRecord {
  const attributes = record.attributes.map(({ name, values }) => ({
    name,
    values: values.map((value) => (value.includes('{{') ? Buffer.from(fillIn(value.toString('utf8'), now)) : value)),
  }));
  return { ...record, attributes };
}

/** A forest has all the forward links that make them. */
function withoutBackLinks({ attributes, ...record }: LdifContentRecord): LdifContentRecord {
  return { ...record, attributes: attributes.filter(({ name }) => attributeType(name).link.direction !== 'back') };
}

function rootDseRecord({ attributes }: LdifContentRecord): RootDseRecord {
  return new Map(attributes.map((attribute) => [attribute.name.toLowerCase(), attribute]));
}

/** Puts the entry into the store; one that is there already (an export in several parts) gets the attributes besides. */
function place(store: Store, { dn, attributes }: LdifContentRecord): StoredEntry {
  const entry = store.insert(dn);
  for (const { name, values } of attributes) {
    if (name.toLowerCase() === stampStatement.toLowerCase()) {
      for (const value of values) stamp(entry, value.toString('utf8'));
      continue;
    }
    const type = attributeType(name);
    // The DN says it; kept as a value, it would go stale with the first rename.
    if (type.name === 'distinguishedName') continue;
    store.set(
      entry,
      type,
      values.map((bytes) => valueAsFound(type, bytes, store)),
    );
  }
  return entry;
}

/** A value that does not fit its syntax is kept as it is: it may be just what somebody has to find. */
function valueAsFound(type: ReturnType<typeof attributeType>, bytes: Buffer, store: Store): Value {
  return toValue(type, bytes, (dn) => store.reach(dn)) ?? textOf(bytes) ?? Buffer.from(bytes);
}

/** `ATTRIBUTE VERSION TIME [USN [DN of the NTDS Settings]]` */
function stamp(entry: StoredEntry, text: string): void {
  const [attribute = '', version = '1', time = '', usn = '0', ...origin] = text.split(' ');
  entry.stamps.set(attributeType(attribute), {
    version: Number(version),
    time: parseGeneralizedTime(time),
    usn: BigInt(usn),
    ...(origin.length === 0 ? {} : { origin: origin.join(' ') }),
  });
}

/** The head of the naming context that an exported entry is in: CN=Schema, CN=Configuration, or the nearest DC=. */
function headAbove(entry: StoredEntry): StoredEntry | undefined {
  let at: StoredEntry | undefined = entry;
  while (at !== undefined && at.parent !== undefined) {
    const rdn = at.rdn.toLowerCase();
    const isForestWide = rdn === 'cn=configuration' || (rdn === 'cn=schema' && isConfiguration(at.parent));
    if ((isForestWide || rdn.startsWith('dc=')) && isDomainPath(at.parent)) return at;
    at = at.parent;
  }
  return undefined;
}

function isConfiguration({ rdn }: StoredEntry): boolean {
  return rdn.toLowerCase() === 'cn=configuration';
}

/** Whether the place and all above it are of DNS names (or CN=Configuration, for the schema below it). */
function isDomainPath(place: StoredEntry): boolean {
  if (place.parent === undefined) return true;
  return (place.rdn.toLowerCase().startsWith('dc=') || isConfiguration(place)) && isDomainPath(place.parent);
}
