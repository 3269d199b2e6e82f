/**
 * Deletion and undeletion (MS-ADTS 3.1.1.5.5 and 3.1.1.5.3.7.3).
 *
 * Without the Recycle Bin a deleted entry becomes a tombstone: it loses most attributes, and every link from and to it.
 * With the Recycle Bin it loses nothing; the entry and its links are hidden. In both cases DN values that are no links
 * stay and show the new name, because they refer to the entry.
 */

import { formatDn, parseDn, rdnOf } from '../ad/dn.ts';
import { formatGuid } from '../ad/entry.ts';
import { isDeletedObjectsContainer, Reference, type StoredEntry, type Value } from './entry.ts';
import { refuse } from './refusal.ts';
import { type AttributeType, attributeType } from './schema.ts';
import { refusingBadName, resolveEntry } from './search.ts';
import type { Store } from './store.ts';
import {
  type AttributeChange,
  assertMandatory,
  assertMayWrite,
  categoryOf,
  changedValues,
  commit,
  type Writer,
} from './write.ts';

/** Bits of systemFlags (MS-ADTS 2.2.10). */
const disallowDelete = 0x8000_0000;
const disallowMoveOnDelete = 0x0200_0000;

/** AD cuts the name of a deleted entry to make room for the mark and the GUID. */
const longestRdn = 255;

/**
 * The delete operation (RFC 4511 4.8); with the tree-delete control entry by entry, leaves first, as Windows does it.
 * `atMost` entries are deleted: after that the answer is "not finished, ask again". Throws Refusal.
 */
export function deleteEntry(dn: string, writer: Writer, atMost = Number.POSITIVE_INFINITY): void {
  assertMayWrite(dn, writer);
  const top = resolveEntry(dn, writer);
  if (top.isDeleted) throw refuse.unwilling();
  if (!writer.treeDelete) {
    if (liveChildren(top).length > 0) throw refuse.nonLeaf();
    assertDeletable(top, writer);
    toDeleted(top, writer);
    return;
  }
  if (top.isTrue('isCriticalSystemObject')) throw refuse.unwilling();
  let deleted = 0;
  for (const entry of leavesFirst(top)) {
    if (deleted === atMost) throw refuse.treeDeleteNotFinished();
    assertDeletable(entry, writer);
    toDeleted(entry, writer);
    deleted += 1;
  }
}

function liveChildren(entry: StoredEntry): StoredEntry[] {
  return entry.presentChildren.filter(({ isDeleted }) => !isDeleted);
}

function leavesFirst(top: StoredEntry): StoredEntry[] {
  return [...liveChildren(top).flatMap(leavesFirst), top];
}

function assertDeletable(entry: StoredEntry, { rights, store }: Writer): void {
  if (rights.mayNotDelete.some((dn) => store.find(dn) === entry)) throw refuse.access();
  const flags = entry.number('systemFlags');
  if ((flags & disallowDelete) !== 0 || entry.isNamingContext) throw refuse.cannotDelete();
}

function toDeleted(entry: StoredEntry, writer: Writer): void {
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
  const container = stays ? parent : (deletedObjectsOf(entry) ?? parent);
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

/** CN=Deleted Objects of the entry's naming context; undefined if the export does not contain it. */
function deletedObjectsOf(entry: StoredEntry): StoredEntry | undefined {
  return entry.namingContext?.presentChildren.find(isDeletedObjectsContainer);
}

/** Whether a modify is of the one form that brings an entry back: it removes isDeleted and gives a DN. */
export function isUndelete(changes: readonly AttributeChange[]): boolean {
  const has = (attribute: string): boolean => changes.some((change) => change.attribute.toLowerCase() === attribute);
  return has('isdeleted') && has('distinguishedname');
}

/** Brings a deleted entry back under its old objectGUID, with the attributes that the request gives. Throws Refusal. */
export function undelete(entry: StoredEntry, given: readonly AttributeChange[], writer: Writer): void {
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
  writer: Writer,
): { parent: StoredEntry; type: string; value: string } {
  const [leaf, ...above] = refusingBadName(dn, parseDn);
  if (leaf === undefined) throw refuse.badName(dn);
  const parent = resolveEntry(formatDn(above), { ...writer, shows: { deleted: false, recycled: false } });
  if (parent.namingContext !== entry.namingContext) throw refuse.unwilling();
  const taken = writer.store.find(dn);
  if (taken?.present === true && taken !== entry) throw refuse.exists();
  return { parent, ...leaf[0] };
}
