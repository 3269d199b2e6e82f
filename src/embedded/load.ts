/**
 * From LDIF to stores, and back; the LDIF is either
 * - a forest: complete. What AD would have and the LDIF leaves out is supplied (GUIDs, USNs, security descriptors, all
 *   classes). practice-statements.ts lists what it may state beyond a real directory's attributes.
 * - an export: part of a directory, as it was read. Nothing is added to it.
 *
 * A record with an empty DN is a rootDSE; in a forest its dnsHostName says of which DC.
 */

import { createHash } from 'node:crypto';
import { deletedRdnOf, rdnOf } from '../ad/dn.ts';
import { formatGeneralizedTime, formatGuid, guidFromText, sidFromText } from '../ad/entry.ts';
import { type LdifContentRecord, LdifSyntaxError } from '../ldif/ldif.ts';
import { type LdifInput, type LocatedLdifEntry, readLdifEntries } from '../ldif/ldif-reader.ts';
import { day } from '../words.ts';
import {
  type DomainController,
  domainControllersIn,
  exportedFrom,
  hostOfRootDse,
  type Replica,
  type RootDseRecord,
} from './domain-controller.ts';
import { type StoredEntry, textOf, toText, toValue, type Value } from './entry.ts';
import {
  hostsOf,
  isStatement,
  onlyOnStatement,
  readStamp,
  stampStatement,
  stampText,
  withTimes,
} from './practice-statements.ts';
import { type AttributeType, attributeType, wholeChain } from './schema.ts';
import { defaultDescriptor } from './security-descriptor.ts';
import { Store } from './store.ts';
import { categoryOf } from './write.ts';

/** LDIF with its name. */
export interface LdifSource {
  /** For messages: a path. */
  readonly name: string;
  readonly content: LdifInput;
}

/** What was read of one DC. */
interface LoadedController {
  readonly domainController: DomainController;
  readonly store: Store;
  /** With what it states of replication. */
  readonly rootDseRecord: RootDseRecord | undefined;
}

/** What was read of a forest. */
export interface LoadedForest {
  readonly controllers: readonly LoadedController[];
  /** The rootDSE records, their points in time not filled in. */
  readonly rootDses: readonly LdifContentRecord[];
}

interface Located {
  readonly record: LocatedLdifEntry;
  readonly source: string;
}

interface Placed extends Located {
  readonly store: Store;
  readonly entry: StoredEntry;
}

/** A complete forest with a store for each of its DCs. Throws LdifSyntaxError, also if an entry's parent is missing. */
export async function loadForest(sources: readonly LdifSource[], now: Date): Promise<LoadedForest> {
  const rootDses: LdifContentRecord[] = [];
  const ofAll: Located[] = [];
  const ofSome: Located[] = [];
  for await (const { record, source } of recordsOf(sources)) {
    if (record.dn === '') rootDses.push(record);
    else (isOfSome(record) ? ofSome : ofAll).push({ record: withTimes(withoutBackLinks(record), now), source });
  }
  const supplies = new Supplies(now);
  const add = (store: Store, ones: readonly Located[]): readonly Placed[] => {
    const placed = ones.map((one) => ({ ...one, store, entry: place(store, one.record) }));
    for (const { entry } of placed) if (isNamingContextHead(entry)) store.markNamingContext(entry);
    for (const { entry } of placed) supplies.complete(entry, store);
    return placed;
  };
  const common = new Store();
  const onAll = add(common, ofAll);
  const domainControllers = domainControllersIn(common);
  const first = domainControllers[0]?.invocationId;
  common.defaultOrigin = first === undefined ? '' : formatGuid(first);
  for (const one of onAll) setStamps(one);
  const rootDseRecords = rootDses.map((record) => rootDseRecordOf(withTimes(record, now)));
  const controllers = domainControllers.map((domainController, index) => ({
    domainController,
    store: index === 0 ? common : common.clone(),
    rootDseRecord: rootDseRecords.find((record) => hostOfRootDse(record) === domainController.host),
  }));
  const stores = new Map(controllers.map(({ domainController, store }) => [domainController.host, store]));
  const onSome = ofSome.flatMap((one) =>
    hostsOf(one.record, domainControllers).flatMap((host) => add(stores.get(host) ?? common, [one])),
  );
  for (const one of onSome) setStamps(one);
  refuseStray([...onAll, ...onSome]);
  return { controllers, rootDses };
}

/** What an export shows, and naming contexts as far as its DNs show them. Throws LdifSyntaxError. */
export async function loadExport(sources: readonly LdifSource[]): Promise<LoadedForest> {
  const store = new Store();
  const rootDseRecords: RootDseRecord[] = [];
  for await (const { record } of recordsOf(sources)) {
    if (record.dn === '') {
      rootDseRecords.push(rootDseRecordOf(record));
      continue;
    }
    const head = headAbove(place(store, record));
    if (head !== undefined) store.markNamingContext(head);
  }
  const [rootDseRecord] = rootDseRecords;
  return { controllers: [{ domainController: exportedFrom(rootDseRecord), store, rootDseRecord }], rootDses: [] };
}

/**
 * The state of a forest as LDIF records that loadForest reads again: the rootDSE records as they came, then every entry
 * with all its attributes, parents first. Links that were cut are whole again after loading.
 */
export function* dump(
  replicas: readonly Pick<Replica, 'host' | 'store'>[],
  rootDses: readonly LdifContentRecord[],
): Generator<LdifContentRecord> {
  yield* rootDses;
  const versionsByDn = new Map<string, { readonly entry: StoredEntry; readonly hosts: string[] }[]>();
  for (const { host, store } of replicas) {
    for (const entry of store.entries()) {
      const { dn } = entry;
      const versions = versionsByDn.get(dn);
      const same = versions?.find((version) => holdTheSame(version.entry, entry));
      if (same !== undefined) same.hosts.push(host);
      else if (versions !== undefined) versions.push({ entry, hosts: [host] });
      else versionsByDn.set(dn, [{ entry, hosts: [host] }]);
    }
  }
  for (const [dn, versions] of versionsByDn) {
    for (const { entry, hosts } of versions) {
      const onlyOn = { name: onlyOnStatement, values: [Buffer.from(hosts.join(' '))] };
      const attributes = attributesOf(entry);
      yield {
        kind: 'content',
        dn,
        attributes: hosts.length === replicas.length ? attributes : [...attributes, onlyOn],
      };
    }
  }
}

/** Whether two DCs' entries of one DN have the same values and stamps. */
function holdTheSame(one: StoredEntry, other: StoredEntry): boolean {
  return (
    haveSame(one.attributes, other.attributes, (values, others) => {
      return values.length === others.length && values.every((value, index) => isSameValue(value, others[index]));
    }) && haveSame(one.stamps, other.stamps, (stamp, otherStamp) => stampText('', stamp) === stampText('', otherStamp))
  );
}

function haveSame<T>(
  one: ReadonlyMap<AttributeType, T>,
  other: ReadonlyMap<AttributeType, T>,
  isSame: (value: T, otherValue: T) => boolean,
): boolean {
  return (
    one.size === other.size &&
    [...one].every(([type, value]) => {
      const otherValue = other.get(type);
      // What was copied from one DC to another is the same object in both.
      return otherValue !== undefined && (value === otherValue || isSame(value, otherValue));
    })
  );
}

function isSameValue(value: Value, other: Value | undefined): boolean {
  if (Buffer.isBuffer(value)) return Buffer.isBuffer(other) && value.equals(other);
  return other !== undefined && !Buffer.isBuffer(other) && value.toString() === other.toString();
}

/** Sorted: stores that took the same changes in another order hold the same. */
function attributesOf(entry: StoredEntry): LdifContentRecord['attributes'] {
  const stored = [...entry.attributes].toSorted(byName).map(([{ name }, values]) => ({
    name,
    values: values.map((value) => Buffer.from(toText(value))),
  }));
  const stamps = [...entry.stamps].toSorted(byName).map(([{ name }, stamp]) => Buffer.from(stampText(name, stamp)));
  return stamps.length === 0 ? stored : [...stored, { name: stampStatement, values: stamps }];
}

function byName([one]: readonly [AttributeType, unknown], [other]: readonly [AttributeType, unknown]): number {
  return one.name < other.name ? -1 : 1;
}

async function* recordsOf(sources: readonly LdifSource[]): AsyncGenerator<Located> {
  for (const { name, content } of sources) {
    for await (const record of readLdifEntries(content, name)) yield { record, source: name };
  }
}

function isOfSome({ attributes }: LdifContentRecord): boolean {
  return attributes.some(({ name }) => isStatement(name, onlyOnStatement));
}

function refuseStray(placed: readonly Placed[]): void {
  const stray = placed.find(({ entry }) => !entry.isNamingContext && entry.parent?.present !== true);
  if (stray === undefined) return;
  throw new LdifSyntaxError(stray.source, stray.record.line, `the parent of ${stray.entry.dn} is not in the data`);
}

function setStamps({ store, entry, record }: Placed): void {
  const originOf = (origin: string | undefined): string => {
    if (origin === undefined) return store.defaultOrigin;
    const invocationId = store.findIfDn(origin)?.bytes('invocationId');
    return invocationId === undefined ? origin : formatGuid(invocationId);
  };
  for (const { name, values } of record.attributes) {
    if (!isStatement(name, stampStatement)) continue;
    for (const value of values) {
      const { attribute, stamp } = readStamp(value.toString('utf8'), originOf);
      entry.stamps.set(attributeType(attribute), stamp);
    }
  }
}

/** A forest has all the forward links that make them. */
function withoutBackLinks({ attributes, ...record }: LocatedLdifEntry): LocatedLdifEntry {
  return { ...record, attributes: attributes.filter(({ name }) => attributeType(name).link.direction !== 'back') };
}

function rootDseRecordOf({ attributes }: LdifContentRecord): RootDseRecord {
  return new Map(attributes.map((attribute) => [attribute.name.toLowerCase(), attribute]));
}

/** Puts the entry into the store; one that is there already (an export in several parts) gets the attributes too. */
function place(store: Store, { dn, attributes }: LdifContentRecord): StoredEntry {
  const entry = store.insert(dn);
  for (const { name, values } of attributes) {
    if (isStatement(name, stampStatement) || isStatement(name, onlyOnStatement)) continue;
    const type = attributeType(name);
    // The DN says it; as a stored value it would be outdated by the first rename.
    if (type.name === 'distinguishedName') continue;
    store.set(
      entry,
      type,
      values.map((bytes) => valueAsFound(type, bytes, store)),
    );
  }
  keepUsnAhead(store, entry);
  return entry;
}

/** New writes get higher USNs than any in the data. */
function keepUsnAhead(store: Store, entry: StoredEntry): void {
  const usn = entry.text('uSNChanged') ?? '';
  if (/^\d+$/.test(usn) && BigInt(usn) > store.usn) store.usn = BigInt(usn);
}

/** A value that does not fit its syntax is kept as it is: it may be just what a remedy has to find. */
function valueAsFound(type: AttributeType, bytes: Buffer, store: Store): Value {
  return toValue(type, bytes, (dn) => store.placeAt(dn)) ?? textOf(bytes) ?? Buffer.from(bytes);
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

const headClasses = ['domainDNS', 'configuration', 'dMD'];
/** IT_NC_HEAD of instanceType (MS-ADTS 3.1.1.2.3.5). */
const namingContextHead = 1;

/** Whether an entry is the head of a naming context, by its class or its instanceType. */
function isNamingContextHead(entry: StoredEntry): boolean {
  return headClasses.some((name) => entry.hasClass(name)) || (entry.number('instanceType') & namingContextHead) !== 0;
}

/** Made up. */
const domainSid = 'S-1-5-21-2711403325-1406293391-3902145076';

/** Completes the entries of one forest; SIDs are numbered from entry to entry. */
class Supplies {
  /** When entries were created that do not say it. */
  readonly #created: string;
  readonly #descriptor = defaultDescriptor();
  /** By objectGUID: an entry has the same SID on every DC. */
  readonly #sids = new Map<string, Buffer>();

  constructor(now: Date) {
    this.#created = formatGeneralizedTime(new Date(now.getTime() - 900 * day));
  }

  complete(entry: StoredEntry, store: Store): void {
    const supply = (name: string, values: readonly Value[]): void => {
      if (entry.values(name).length === 0) store.set(entry, attributeType(name), values);
    };
    const { dn } = entry;
    const deleted = deletedRdnOf(dn);
    const { type, value } = rdnOf(entry.rdn);
    const created = entry.text('whenCreated') ?? this.#created;
    const objectClass = wholeChain(entry.values('objectClass').map((name) => name.toString()));
    store.set(entry, attributeType('objectClass'), objectClass);
    supply(type, [value]);
    supply('name', [value]);
    supply('objectGUID', [deleted === undefined ? steadyGuid(dn.toLowerCase()) : guidFromText(deleted.guid)]);
    if (entry.hasClass('nTDSDSA')) supply('invocationId', [steadyGuid(`invocation of ${dn}`.toLowerCase())]);
    supply('instanceType', [isNamingContextHead(entry) ? '5' : '4']);
    supply('whenCreated', [created]);
    supply('whenChanged', [created]);
    if (entry.values('uSNCreated').length === 0) {
      const usn = store.nextUsn().toString();
      supply('uSNCreated', [usn]);
      supply('uSNChanged', [usn]);
    }
    supply('nTSecurityDescriptor', [this.#descriptor]);
    if (deleted !== undefined) supply('isDeleted', ['TRUE']);
    else supply('objectCategory', categoryOf(objectClass, store));
    if (entry.hasClass('domainDNS')) supply('objectSid', [sidFromText(domainSid)]);
    if (entry.hasClass('user') || entry.hasClass('group')) {
      supply('objectSid', [this.#sidOf(entry.bytes('objectGUID'))]);
    }
  }

  #sidOf(guid: Buffer | undefined): Buffer {
    const key = guid?.toString('hex') ?? '';
    const sid = this.#sids.get(key) ?? sidFromText(`${domainSid}-${1104 + this.#sids.size}`);
    this.#sids.set(key, sid);
    return sid;
  }
}

/** The 16 bytes of a GUID, the same for the same text on every run: a plan made on one practice forest fits the next. */
function steadyGuid(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 16);
}
