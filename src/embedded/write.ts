/**
 * Adding and modifying entries (RFC 4511 4.6 and 4.7, MS-ADTS 3.1.1.5.2 and 3.1.1.5.3), and what all writes share: the
 * right to write, values from a client, and the marks that a write leaves on an entry.
 */

import { formatDn, parseDn, type RdnAttribute, rdnOf } from '../ad/dn.ts';
import { formatGeneralizedTime } from '../ad/entry.ts';
import type { NewAttribute } from '../ldap/session.ts';
import type { Replica } from './domain-controller.ts';
import { foldedText, isWellFormed, Reference, type StoredEntry, toValue, type Value, valueKey } from './entry.ts';
import { refuse } from './refusal.ts';
import { type AttributeType, attributeType, classType, wholeChain } from './schema.ts';
import { refusingBadName, resolveEntry, resolvePlace } from './search.ts';
import { allSecurityParts, defaultDescriptor, replaceParts } from './security-descriptor.ts';
import type { Store } from './store.ts';
import { isExport, type Reader } from './view.ts';

/** Who writes, on which DC, and with which options. */
export interface Writer extends Reader {
  readonly replica: Replica;
  /** Whether the permissive-modify and tree-delete controls were sent. */
  readonly permissive: boolean;
  readonly treeDelete: boolean;
}

/** Throws Refusal unless the writer may write, and on this DC: a read-only DC refers to another one. */
export function assertMayWrite(dn: string, { domainController, replica, rights, wholeForest }: Writer): void {
  // The port of a global catalog takes no writes.
  if (wholeForest) throw refuse.unwilling();
  if (domainController.isReadOnly) throw refuse.referral(replica.surroundings.writableHost, dn);
  if (!rights.mayWrite) throw refuse.access();
}

/** Sets attributes as an originating write of this DC: stamps them, and sets uSNChanged and whenChanged. */
export function commit(
  entry: StoredEntry,
  changes: ReadonlyMap<AttributeType, readonly Value[]>,
  replica: Replica,
): void {
  const { store, now } = replica;
  const usn = store.nextUsn();
  for (const [type, values] of changes) {
    const version = (store.stampOf(entry, type)?.version ?? 0) + 1;
    entry.stamps.set(type, { version, time: now, origin: replica.invocationId, originUsn: usn, usn });
    store.set(entry, type, values);
  }
  markWritten(entry, store, usn, now);
}

/** Gives the entry the marks of a write under this number, and notes it for the other DCs. */
export function markWritten(entry: StoredEntry, store: Store, usn: bigint, time: Date): void {
  if (entry.values('uSNCreated').length === 0) store.set(entry, uSNCreated, [usn.toString()]);
  store.set(entry, whenChanged, [formatGeneralizedTime(time)]);
  store.set(entry, uSNChanged, [usn.toString()]);
  store.writes.push(entry);
}

const whenChanged = attributeType('whenChanged');
const uSNChanged = attributeType('uSNChanged');
const uSNCreated = attributeType('uSNCreated');

/** The value of objectCategory that the server supplies; [] in an export that shows no schema. */
export function categoryOf(objectClass: readonly Value[], store: Store): Value[] {
  const schema = store.schema?.dn;
  const classes = objectClass.map((name) => classType(name.toString()));
  const mostSpecific = classes.toSorted((one, other) => other.chain.length - one.chain.length)[0];
  if (schema === undefined || mostSpecific === undefined) return [];
  return [new Reference(store.reach(`CN=${mostSpecific.category},${schema}`), '')];
}

/** A client's values for an attribute. Throws Refusal: wrong syntax, a text that is no DN, the same value twice. */
function valuesFrom(type: AttributeType, given: readonly Buffer[], { store }: Writer): Value[] {
  const values = given.map((bytes) => {
    const value = toValue(type, bytes, (dn) => store.reach(dn));
    if (value === undefined) throw refuse.badName(bytes.toString('utf8'));
    if (!isWellFormed(type, value)) throw refuse.syntax();
    return value;
  });
  if (new Set(values.map((value) => valueKey(type, value))).size < values.length) throw refuse.valueExists(type.name);
  return values;
}

/** Throws Refusal where a DN value names no entry, or a deleted one. An export may lack entries that exist. */
function assertTargetsExist(type: AttributeType, values: readonly Value[], writer: Writer): void {
  if (isExport(writer)) return;
  const dangling = (value: Value): boolean =>
    value instanceof Reference && (!value.target.present || value.target.isDeleted);
  if (values.some(dangling)) throw refuse.nameReference(type.name);
}

/** Throws Refusal if a client may not write the attribute, or not with so many values. */
function assertWritable(type: AttributeType, values: readonly Value[]): void {
  if (type.systemOnly) throw refuse.systemOnly(type.name);
  if (type.single && values.length > 1) throw refuse.singleValue(type.name);
}

/** Adds an entry with these attributes. Throws Refusal. */
export function addEntry(dn: string, attributes: readonly NewAttribute[], writer: Writer): void {
  assertMayWrite(dn, writer);
  const { rdn, parentDn } = placeOf(dn);
  const parent = resolveEntry(parentDn, { ...writer, shows: { deleted: false, recycled: false } });
  if (resolvePlace(dn, writer)?.present === true) throw refuse.exists();
  const given = givenValues(attributes, rdn, writer);
  const objectClass = wholeChain((given.get(attributeType('objectClass')) ?? []).map((value) => value.toString()));
  if (objectClass.length === 0) throw refuse.objectClass('0000207B');
  for (const name of objectClass.flatMap((value) => classType(value).mandatory)) {
    if (!given.has(attributeType(name))) throw refuse.objectClass('0000207C');
  }
  const { store, replica } = writer;
  const supplied: readonly (readonly [string, readonly Value[]])[] = [
    ['objectCategory', categoryOf(objectClass, store)],
    ['nTSecurityDescriptor', [defaultDescriptor()]],
    ...[...given].map(([type, values]) => [type.name, values] as const),
    ['objectClass', objectClass],
    ['instanceType', ['4']],
    ['name', [rdn.value]],
    ['whenCreated', [formatGeneralizedTime(replica.now)]],
  ];
  const entry = store.insert(`${formatDn([[rdn]])},${parent.dn}`);
  store.set(entry, attributeType('objectGUID'), [replica.surroundings.newGuid()]);
  commit(entry, new Map(supplied.map(([name, values]) => [attributeType(name), values])), replica);
}

function placeOf(dn: string): { rdn: RdnAttribute; parentDn: string } {
  const [leaf, ...above] = refusingBadName(dn, parseDn);
  if (leaf === undefined || leaf.length > 1) throw refuse.naming();
  return { rdn: leaf[0], parentDn: formatDn(above) };
}

/** A client may give instanceType, but the server decides it. */
const ignored = new Set(['instancetype']);

function givenValues(
  attributes: readonly NewAttribute[],
  rdn: RdnAttribute,
  writer: Writer,
): Map<AttributeType, readonly Value[]> {
  const given = new Map<AttributeType, readonly Value[]>();
  for (const { name, values } of attributes) {
    const type = attributeType(name);
    if (ignored.has(type.name.toLowerCase())) continue;
    const read = valuesFrom(type, values, writer);
    if (read.length === 0 || given.has(type)) throw refuse.noAttribute(type.name);
    assertWritable(type, read);
    assertTargetsExist(type, read, writer);
    given.set(type, read);
  }
  const naming = attributeType(rdn.type);
  const named = given.get(naming) ?? [rdn.value];
  if (!named.some((value) => foldedText(value.toString()) === foldedText(rdn.value))) throw refuse.naming();
  return given.set(naming, named);
}

/** One change of a modify request. */
export interface AttributeChange {
  readonly operation: 'add' | 'delete' | 'replace';
  readonly attribute: string;
  readonly values: readonly Buffer[];
}

/** Operations that a client starts by writing to the rootDSE; here they do nothing (MS-ADTS 3.1.1.3.3). */
const rootDseOperations = new Set(['schemaupdatenow', 'dogarbagecollection']);

/** Throws Refusal for an operation of the rootDSE that is not known. */
export function operateRootDse(changes: readonly AttributeChange[]): void {
  if (!changes.every(({ attribute }) => rootDseOperations.has(attribute.toLowerCase()))) throw refuse.unwilling();
}

/** Changes the attributes of an entry that is not deleted. Throws Refusal. */
export function modifyEntry(entry: StoredEntry, given: readonly AttributeChange[], writer: Writer): void {
  if (entry.isDeleted) throw refuse.unwilling();
  const changes = changedValues(entry, given, writer);
  assertMandatory(entry, changes);
  commit(entry, changes, writer.replica);
}

/** The values of every attribute that the changes touch, as they are after all of them. Throws Refusal. */
export function changedValues(
  entry: StoredEntry,
  changes: readonly AttributeChange[],
  writer: Writer,
): ReadonlyMap<AttributeType, readonly Value[]> {
  const after = new Map<AttributeType, readonly Value[]>();
  for (const change of changes) {
    const type = attributeType(change.attribute);
    if (isNaming(entry, type)) throw refuse.onRdn();
    const before = after.get(type) ?? entry.attributes.get(type) ?? [];
    const values = changedOnce(type, before, change, writer);
    assertWritable(type, values);
    after.set(type, values);
  }
  return after;
}

function isNaming(entry: StoredEntry, type: AttributeType): boolean {
  return type.name === 'distinguishedName' || type.name.toLowerCase() === rdnOf(entry.rdn).type.toLowerCase();
}

function changedOnce(
  type: AttributeType,
  before: readonly Value[],
  { operation, values }: AttributeChange,
  writer: Writer,
): readonly Value[] {
  const given = valuesFrom(type, values, writer);
  if (operation !== 'delete') assertTargetsExist(type, given, writer);
  if (type.syntax === 'securityDescriptor') return [newDescriptor(before, given, writer)];
  switch (operation) {
    case 'replace':
      return given;
    case 'add':
      return withAdded(type, before, given, writer.permissive);
    case 'delete':
      return withDeleted(type, before, given, writer.permissive);
  }
}

function withAdded(
  type: AttributeType,
  before: readonly Value[],
  given: readonly Value[],
  permissive: boolean,
): Value[] {
  const held = new Set(before.map((value) => valueKey(type, value)));
  const added = given.filter((value) => !held.has(valueKey(type, value)));
  if (added.length < given.length && !permissive) throw refuse.valueExists(type.name);
  if (type.single && before.length > 0 && added.length > 0) throw refuse.attributeExists(type.name);
  return [...before, ...added];
}

function withDeleted(
  type: AttributeType,
  before: readonly Value[],
  given: readonly Value[],
  permissive: boolean,
): Value[] {
  if (given.length === 0) {
    if (before.length === 0 && !permissive) throw refuse.noAttribute(type.name);
    return [];
  }
  const gone = new Set(given.map((value) => valueKey(type, value)));
  const kept = before.filter((value) => !gone.has(valueKey(type, value)));
  if (before.length - kept.length < gone.size && !permissive) throw refuse.noValue(type.name);
  return kept;
}

/** A descriptor is written in the parts that the SD flags control names, whatever the operation. */
function newDescriptor(before: readonly Value[], given: readonly Value[], { securityParts }: Writer): Buffer {
  const [old] = before;
  const [replacement] = given;
  const joined =
    Buffer.isBuffer(replacement) && given.length === 1
      ? replaceParts(Buffer.isBuffer(old) ? old : undefined, replacement, securityParts ?? allSecurityParts)
      : undefined;
  if (joined === undefined) throw refuse.syntax();
  return joined;
}

/** Throws Refusal if the entry would lack an attribute that its classes require. */
export function assertMandatory(entry: StoredEntry, changes: ReadonlyMap<AttributeType, readonly Value[]>): void {
  const after = (name: string): readonly Value[] => changes.get(attributeType(name)) ?? entry.values(name);
  const required = after('objectClass').flatMap((name) => classType(name.toString()).mandatory);
  if (required.some((name) => after(name).length === 0)) throw refuse.objectClass('0000207C');
  if (after('objectClass').length === 0) throw refuse.objectClass('0000207B');
}
