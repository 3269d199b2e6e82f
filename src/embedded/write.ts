/**
 * What a client writes: adding, modifying and deleting entries (RFC 4511 4.6 to 4.8, MS-ADTS 3.1.1.5.2, 3 and 5) and
 * undeleting them (3.1.1.5.3.7.3).
 *
 * Without the Recycle Bin a deleted entry becomes a tombstone: it loses most attributes, and every link from and to it.
 * With the Recycle Bin it loses nothing; the entry and its links are hidden. In both cases DN values that are no links
 * stay and show the new name, because they refer to the entry.
 */

import { formatDn, parseDn, type RdnAttribute, rdnOf } from '../ad/dn.ts';
import { formatGeneralizedTime, formatGuid } from '../ad/entry.ts';
import type { NewAttribute } from '../ldap/session.ts';
import type { Replica } from './domain-controller.ts';
import {
  foldedText,
  isDeletedObjectsContainer,
  isWellFormed,
  Reference,
  type StoredEntry,
  toValue,
  type Value,
  valueKey,
} from './entry.ts';
import { refuse } from './refusal.ts';
import { type AttributeType, attributeType, classType, wholeChain } from './schema.ts';
import { refusingBadName, resolveEntry, resolvePlace } from './search.ts';
import { allSecurityParts, defaultDescriptor, replaceParts } from './security-descriptor.ts';
import type { Store } from './store.ts';
import { isExport, type Requester } from './visibility.ts';

/** One change of a modify request. */
export interface AttributeChange {
  readonly operation: 'add' | 'delete' | 'replace';
  readonly attribute: string;
  readonly values: readonly Buffer[];
}

/** A write, as a client asks for it. */
export type WriteRequest =
  | { readonly kind: 'modify'; readonly dn: string; readonly changes: readonly AttributeChange[] }
  | { readonly kind: 'add'; readonly dn: string; readonly attributes: readonly NewAttribute[] }
  /** After `atMost` entries a tree delete answers "not finished, ask again". */
  | { readonly kind: 'delete'; readonly dn: string; readonly atMost?: number };

/** Carries out a write on this DC alone. Throws Refusal; a tree delete may then be done in part. */
export function carryOut(request: WriteRequest, writer: Requester): void {
  assertMayWrite(request.dn, writer);
  switch (request.kind) {
    case 'modify':
      modify(request.dn, request.changes, writer);
      break;
    case 'add':
      addEntry(request.dn, request.attributes, writer);
      break;
    case 'delete':
      deleteEntry(request.dn, writer, request.atMost);
      break;
  }
}

/** Throws Refusal unless the writer may write, and on this DC: a read-only DC refers to another one. */
export function assertMayWrite(dn: string, { replica, rights, wholeForest }: Requester): void {
  // The port of a global catalog takes no writes.
  if (wholeForest) throw refuse.unwilling();
  if (replica.domainController.isReadOnly) throw refuse.referral(replica.surroundings.writableHost, dn);
  if (!rights.mayWrite) throw refuse.access();
}

/** Adds an entry with these attributes. Throws Refusal. */
function addEntry(dn: string, attributes: readonly NewAttribute[], writer: Requester): void {
  const { rdn, parentDn } = placeOf(dn);
  const parent = resolveEntry(parentDn, { ...writer, showDeleted: false, showRecycled: false });
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
  writer: Requester,
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

/** Operations that a client starts by writing to the rootDSE; here they do nothing (MS-ADTS 3.1.1.3.3). */
const rootDseOperations = new Set(['schemaupdatenow', 'dogarbagecollection']);

function modify(dn: string, given: readonly AttributeChange[], writer: Requester): void {
  if (dn === '') {
    if (!given.every(({ attribute }) => rootDseOperations.has(attribute.toLowerCase()))) throw refuse.unwilling();
    return;
  }
  const entry = resolveEntry(dn, writer);
  if (isUndelete(given)) {
    undelete(entry, given, writer);
    return;
  }
  if (entry.isDeleted) throw refuse.unwilling();
  const changes = changedValues(entry, given, writer);
  assertMandatory(entry, changes);
  commit(entry, changes, writer.replica);
}

/** The values of every attribute that the changes touch, as they are after all of them. Throws Refusal. */
function changedValues(
  entry: StoredEntry,
  changes: readonly AttributeChange[],
  writer: Requester,
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
  writer: Requester,
): readonly Value[] {
  const given = valuesFrom(type, values, writer);
  if (operation !== 'delete') assertTargetsExist(type, given, writer);
  if (type.syntax === 'securityDescriptor') return [newDescriptor(before, given, writer)];
  switch (operation) {
    case 'replace':
      return given;
    case 'add':
      return withAdded(type, before, given, writer);
    case 'delete':
      return withDeleted(type, before, given, writer);
  }
}

function withAdded(
  type: AttributeType,
  before: readonly Value[],
  given: readonly Value[],
  { permissive }: Requester,
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
  { permissive }: Requester,
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
function newDescriptor(before: readonly Value[], given: readonly Value[], { securityParts }: Requester): Buffer {
  const [old] = before;
  const [replacement] = given;
  const joined =
    Buffer.isBuffer(replacement) && given.length === 1
      ? replaceParts(Buffer.isBuffer(old) ? old : undefined, replacement, securityParts ?? allSecurityParts)
      : undefined;
  if (joined === undefined) throw refuse.syntax();
  return joined;
}

/** A client's values for an attribute. Throws Refusal: wrong syntax, a text that is no DN, the same value twice. */
function valuesFrom(type: AttributeType, given: readonly Buffer[], { store }: Requester): Value[] {
  const values = given.map((bytes) => {
    const value = toValue(type, bytes, (dn) => store.placeAt(dn));
    if (value === undefined) throw refuse.badName(bytes.toString('utf8'));
    if (!isWellFormed(type, value)) throw refuse.syntax();
    return value;
  });
  if (new Set(values.map((value) => valueKey(type, value))).size < values.length) throw refuse.valueExists(type.name);
  return values;
}

/** Throws Refusal if a DN value names no entry, or a deleted one. An export may lack entries that exist. */
function assertTargetsExist(type: AttributeType, values: readonly Value[], writer: Requester): void {
  if (isExport(writer)) return;
  const dangling = (value: Value): boolean =>
    value instanceof Reference && (!value.target.present || value.target.isDeleted);
  if (values.some(dangling)) throw refuse.nameReference(type.name);
}

/** Throws Refusal if a client may not write the attribute, or not with this many values. */
function assertWritable(type: AttributeType, values: readonly Value[]): void {
  if (type.systemOnly) throw refuse.systemOnly(type.name);
  if (type.single && values.length > 1) throw refuse.singleValue(type.name);
}

/** Throws Refusal if the entry would lack an attribute that its classes require. */
function assertMandatory(entry: StoredEntry, changes: ReadonlyMap<AttributeType, readonly Value[]>): void {
  const after = (name: string): readonly Value[] => changes.get(attributeType(name)) ?? entry.values(name);
  const required = after('objectClass').flatMap((name) => classType(name.toString()).mandatory);
  if (required.some((name) => after(name).length === 0)) throw refuse.objectClass('0000207C');
  if (after('objectClass').length === 0) throw refuse.objectClass('0000207B');
}

/** The value of objectCategory that the server supplies; [] in an export that shows no schema. */
export function categoryOf(objectClass: readonly Value[], store: Store): Value[] {
  const schema = store.schema?.dn;
  const classes = objectClass.map((name) => classType(name.toString()));
  const mostSpecific = classes.toSorted((one, other) => other.chain.length - one.chain.length)[0];
  if (schema === undefined || mostSpecific === undefined) return [];
  return [new Reference(store.placeAt(`CN=${mostSpecific.category},${schema}`), '')];
}

/** Whether a modify is of the one form that brings an entry back: it removes isDeleted and gives a DN. */
function isUndelete(changes: readonly AttributeChange[]): boolean {
  const has = (attribute: string): boolean => changes.some((change) => change.attribute.toLowerCase() === attribute);
  return has('isdeleted') && has('distinguishedname');
}

/** Brings a deleted entry back under its old objectGUID, with the attributes that the request gives. Throws Refusal. */
function undelete(entry: StoredEntry, given: readonly AttributeChange[], writer: Requester): void {
  const isRecycled = entry.isTrue('isRecycled') && writer.recycleBin;
  if (!entry.isDeleted || isDeletedObjectsContainer(entry) || isRecycled) throw refuse.unwilling();
  const newDn = newDnOf(given);
  const { parent, type, value } = newPlace(newDn, entry, writer);
  const others = given.filter(({ attribute }) => !/^(isDeleted|distinguishedName)$/i.test(attribute));
  const changes = new Map(changedValues(entry, others, { ...writer, permissive: true }));
  for (const gone of ['isDeleted', 'isRecycled', 'lastKnownParent', 'msDS-LastKnownRDN'])
    changes.set(attributeType(gone), []);
  changes.set(attributeType('name'), [value]);
  changes.set(attributeType(type), [value]);
  if (entry.values('objectCategory').length === 0) {
    changes.set(attributeType('objectCategory'), categoryOf(entry.values('objectClass'), writer.store));
  }
  assertMandatory(entry, changes);
  commit(entry, changes, writer.replica);
  writer.store.move(entry, parent, type, value);
}

function newDnOf(changes: readonly AttributeChange[]): string {
  const removal = changes.find(({ attribute }) => attribute.toLowerCase() === 'isdeleted');
  const naming = changes.find(({ attribute }) => attribute.toLowerCase() === 'distinguishedname');
  const [dn] = naming?.values ?? [];
  const removes = removal?.operation === 'delete' || (removal?.operation === 'replace' && removal.values.length === 0);
  if (!removes || naming?.operation !== 'replace' || dn === undefined) throw refuse.unwilling();
  return dn.toString('utf8');
}

function newPlace(
  dn: string,
  entry: StoredEntry,
  writer: Requester,
): { parent: StoredEntry; type: string; value: string } {
  const [leaf, ...above] = refusingBadName(dn, parseDn);
  if (leaf === undefined) throw refuse.badName(dn);
  const parent = resolveEntry(formatDn(above), { ...writer, showDeleted: false, showRecycled: false });
  if (parent.namingContext !== entry.namingContext) throw refuse.unwilling();
  const taken = writer.store.find(dn);
  if (taken?.present === true && taken !== entry) throw refuse.exists();
  return { parent, ...leaf[0] };
}

/** Bits of systemFlags (MS-ADTS 2.2.10). */
const disallowDelete = 0x8000_0000;
const disallowMoveOnDelete = 0x0200_0000;

/** AD cuts the name of a deleted entry to make room for the mark and the GUID. */
const longestRdn = 255;

/**
 * Deletes an entry; with the tree-delete control entry by entry, leaves first, as Windows does it. `atMost` entries are
 * deleted then: after that the answer is "not finished, ask again". Throws Refusal.
 */
function deleteEntry(dn: string, writer: Requester, atMost = Number.POSITIVE_INFINITY): void {
  const top = resolveEntry(dn, writer);
  if (top.isDeleted) throw refuse.unwilling();
  if (!writer.treeDelete && liveChildren(top).length > 0) throw refuse.nonLeaf();
  if (writer.treeDelete && top.isTrue('isCriticalSystemObject')) throw refuse.unwilling();
  for (const [deleted, entry] of leavesFirst(top).entries()) {
    if (writer.treeDelete && deleted === atMost) throw refuse.treeDeleteNotFinished();
    assertDeletable(entry, writer);
    toDeleted(entry, writer);
  }
}

function liveChildren(entry: StoredEntry): StoredEntry[] {
  return entry.presentChildren.filter(({ isDeleted }) => !isDeleted);
}

function leavesFirst(top: StoredEntry): StoredEntry[] {
  return [...liveChildren(top).flatMap(leavesFirst), top];
}

function assertDeletable(entry: StoredEntry, { rights, store }: Requester): void {
  if (rights.mayNotDelete.some((dn) => store.find(dn) === entry)) throw refuse.access();
  const flags = entry.number('systemFlags');
  if ((flags & disallowDelete) !== 0 || entry.isNamingContext) throw refuse.cannotDelete();
}

function toDeleted(entry: StoredEntry, writer: Requester): void {
  const { store, replica } = writer;
  const parent = entry.parent;
  if (parent === undefined) throw refuse.cannotDelete();
  const keepsAll = writer.recycleBin;
  const name = rdnOf(entry.rdn);
  const changes = new Map<AttributeType, readonly Value[]>();
  if (!keepsAll) {
    for (const type of entry.attributes.keys()) {
      if (!type.keptByTombstone && type.replicated) changes.set(type, []);
    }
  }
  const guid = entry.bytes('objectGUID') ?? replica.surroundings.newGuid();
  const mark = `\nDEL:${formatGuid(guid)}`;
  const deletedName = name.value.slice(0, longestRdn - mark.length) + mark;
  changes.set(attributeType('isDeleted'), ['TRUE']);
  changes.set(attributeType('lastKnownParent'), [new Reference(parent, '')]);
  changes.set(attributeType('name'), [deletedName]);
  changes.set(attributeType(name.type), [deletedName]);
  // From Windows Server 2008 R2 on, tombstones carry the mark too: there is nothing left in them to recover.
  if (keepsAll) changes.set(attributeType('msDS-LastKnownRDN'), [name.value]);
  else changes.set(attributeType('isRecycled'), ['TRUE']);
  const stays = (entry.number('systemFlags') & disallowMoveOnDelete) !== 0;
  // An export may lack the container.
  const deletedObjects = entry.namingContext?.presentChildren.find(isDeletedObjectsContainer);
  const container = stays ? parent : (deletedObjects ?? parent);
  commit(entry, changes, replica);
  if (!keepsAll) strip(entry, store);
  store.move(entry, container, name.type, deletedName);
}

/** Takes from a tombstone what it does not keep, and every link to it. */
export function strip(entry: StoredEntry, store: Store): void {
  const naming = attributeType(rdnOf(entry.rdn).type);
  for (const type of [...entry.attributes.keys()]) {
    if (!type.keptByTombstone && type !== naming) store.set(entry, type, []);
  }
  for (const [type, holders] of entry.referrers) {
    if (type.link.direction !== 'forward') continue;
    for (const holder of [...holders]) {
      const values = holder.attributes.get(type) ?? [];
      const left = values.filter((value) => !(value instanceof Reference && value.target === entry));
      store.set(holder, type, left);
    }
  }
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
