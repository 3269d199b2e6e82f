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

import { createHash } from 'node:crypto';
import { deletedRdnOf, rdnOf } from '../../directory/dn.ts';
import { type LdifContentRecord, LdifSyntaxError } from '../../directory/ldif.ts';
import { type LdifInput, type LocatedLdifEntry, readLdifEntries } from '../../directory/ldif-reader.ts';
import { formatGeneralizedTime, guidFromText, parseGeneralizedTime, sidFromText } from '../../directory/values.ts';
import { fillIn } from './placeholders.ts';
import type { RootDseRecord } from './root-dse.ts';
import { attributeType, wholeChain } from './schema.ts';
import { defaultDescriptor } from './security-descriptor.ts';
import { Store, type StoredEntry } from './store.ts';
import { textOf, toValue, type Value } from './value.ts';
import { categoryOf } from './writer.ts';

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

const headClasses = ['domainDNS', 'configuration', 'dMD'];
/** IT_NC_HEAD of instanceType (MS-ADTS 3.1.1.2.3.5). */
const namingContextHead = 1;

function isNamingContextHead(entry: StoredEntry): boolean {
  return headClasses.some((name) => entry.hasClass(name)) || (entry.number('instanceType') & namingContextHead) !== 0;
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

/** Of no real domain. */
const domainSid = 'S-1-5-21-2711403325-1406293391-3902145076';

/** What AD would have given each entry of a forest, where the LDIF does not say it. */
class Supplies {
  readonly #store: Store;
  /** When entries were created that do not say it. */
  readonly #born: string;
  readonly #descriptor = defaultDescriptor();
  #rid = 1104;

  constructor(store: Store, now: Date) {
    this.#store = store;
    this.#born = formatGeneralizedTime(new Date(now.getTime() - 900 * 86_400_000));
  }

  complete(entry: StoredEntry): void {
    const { dn } = entry;
    const deleted = deletedRdnOf(dn);
    const { type, value } = rdnOf(entry.rdn);
    const created = entry.text('whenCreated') ?? this.#born;
    const objectClass = wholeChain(entry.values('objectClass').map((name) => name.toString()));
    this.#store.set(entry, attributeType('objectClass'), objectClass);
    this.#supply(entry, type, [value]);
    this.#supply(entry, 'name', [value]);
    this.#supply(entry, 'objectGUID', [deleted === undefined ? guidOf(dn) : guidFromText(deleted.guid)]);
    if (entry.hasClass('nTDSDSA')) this.#supply(entry, 'invocationId', [guidOf(`invocation of ${dn}`)]);
    this.#supply(entry, 'instanceType', [isNamingContextHead(entry) ? '5' : '4']);
    this.#supply(entry, 'whenCreated', [created]);
    this.#supply(entry, 'whenChanged', [created]);
    if (entry.values('uSNCreated').length === 0) {
      const usn = this.#store.nextUsn().toString();
      this.#supply(entry, 'uSNCreated', [usn]);
      this.#supply(entry, 'uSNChanged', [usn]);
    }
    this.#supply(entry, 'nTSecurityDescriptor', [this.#descriptor]);
    if (deleted !== undefined) this.#supply(entry, 'isDeleted', ['TRUE']);
    else this.#supply(entry, 'objectCategory', categoryOf(objectClass, this.#store));
    if (entry.hasClass('domainDNS')) this.#supply(entry, 'objectSid', [sidFromText(domainSid)]);
    if (entry.hasClass('user') || entry.hasClass('group')) {
      this.#supply(entry, 'objectSid', [sidFromText(`${domainSid}-${this.#rid++}`)]);
    }
  }

  #supply(entry: StoredEntry, name: string, values: readonly Value[]): void {
    if (entry.values(name).length === 0) this.#store.set(entry, attributeType(name), values);
  }
}

/** The same for the same DN on every run, so that a plan made on a practice forest can be applied on the next one. */
function guidOf(text: string): Buffer {
  return createHash('sha256').update(text.toLowerCase()).digest().subarray(0, 16);
}
