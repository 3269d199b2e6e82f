/** Restores entries: from their tombstones under the old objectGUID, or as new entries. */

import { rdnOf, sameDn } from '../ad/dn.ts';
import { allBytesOf, booleanOf, bytesOfWrittenValue, type Entry, guidBase } from '../ad/entry.ts';
import { type DirectorySession, deletedObjectsControl, type Modification, showDeleted } from '../ldap/session.ts';
import type { ChangeOutcome } from './apply.ts';
import { isRestorable, isSecurityDescriptor } from './attribute-kinds.ts';
import { hasExactly, otherClass, otherTombstone, wholeEntry, withoutSacl } from './entry-content.ts';
import { type EntryAccess, type Look, lookAndWrite } from './look-and-write.ts';
import type { AddChange, PlanAttribute, UndeleteChange } from './plan.ts';

/** The object to write: a tombstone, or a restored entry that lacks something. */
type Found = { readonly kind: 'deleted' | 'incomplete'; readonly entry: Entry };

/** Undeletes the entry with what its tombstone has lost, and then writes what is still missing. */
export function writeUndelete(
  change: UndeleteChange,
  access: EntryAccess,
  intent: () => Promise<void>,
): Promise<ChangeOutcome> {
  return lookAndWrite(access, intent, {
    look: (session) => lookAtDeleted(change, session),
    write: async ({ kind, entry }, session) => {
      if (kind === 'deleted') await undelete(change, entry, session);
      await complete(guidBase(change.guid), change.attributes, session);
    },
  });
}

async function lookAtDeleted(change: UndeleteChange, session: DirectorySession): Promise<Look<Found>> {
  const base = guidBase(change.guid);
  const live = await session.readEntry(base, wholeEntry, [withoutSacl]);
  if (live !== undefined) {
    const other = otherClass(change, live);
    return other === undefined ? lookAtReturned(change, live) : { kind: 'drifted', what: other };
  }
  const control = deletedObjectsControl(session.rootDse.supportedControls);
  const deleted = await session.readEntry(base, ['*'], [control]);
  if (deleted === undefined || booleanOf(deleted, 'isDeleted') !== true) {
    return { kind: 'out-of-sight', what: 'its tombstone is gone: plan the undo again, which then creates a new entry' };
  }
  // The rights that a tombstone has kept come back with it: it has to be the one of the entry that was shown.
  const other = otherTombstone(change, deleted);
  if (other !== undefined) return { kind: 'drifted', what: other };
  if ((await session.readEntry(change.dn, ['1.1'])) !== undefined) {
    return { kind: 'drifted', what: 'another entry has this name' };
  }
  return { kind: 'as-planned', planned: { kind: 'deleted', entry: deleted } };
}

/**
 * An entry that is back is only completed, never overwritten: a value that differs was written by another user. The
 * security descriptor always exists, and is corrected.
 */
function lookAtReturned(change: UndeleteChange | AddChange, live: Entry): Look<Found> {
  if (!sameDn(live.dn, change.dn)) return { kind: 'drifted', what: `it already exists in another place: ${live.dn}` };
  const different = change.attributes.filter((attribute) => !hasExactly(live, attribute));
  const edited = different.find(({ name }) => !isSecurityDescriptor(name) && allBytesOf(live, name).length > 0);
  if (edited !== undefined) return { kind: 'drifted', what: `it already exists with another ${edited.name}` };
  return different.length === 0
    ? { kind: 'already-done' }
    : { kind: 'as-planned', planned: { kind: 'incomplete', entry: live } };
}

/** MS-ADTS 3.1.1.5.3.7: one modify that removes isDeleted, gives the DN, and what the class demands. */
async function undelete(change: UndeleteChange, deleted: Entry, session: DirectorySession): Promise<void> {
  const lost = keepsAll(deleted) ? [] : change.attributes.filter((attribute) => !hasExactly(deleted, attribute));
  const modifications: Modification[] = [
    { attribute: 'isDeleted', remove: 'all', add: [] },
    { attribute: 'distinguishedName', replace: [Buffer.from(change.dn)] },
    ...lost.filter(({ name }) => !isSecurityDescriptor(name) && !isPrimaryGroup(name)).map(replacement),
  ];
  // By its DN: Samba finds a tombstone to be undeleted only so.
  await session.modify(deleted.dn, modifications, [showDeleted]);
}

/** The server derives it from userAccountControl (MS-SAMR 3.1.1.8.1), and Samba accepts no other value next to its own. */
function isPrimaryGroup(name: string): boolean {
  return name.toLowerCase() === 'primarygroupid';
}

/** With the Recycle Bin a deleted object still has everything, and its links come back with it. */
function keepsAll(deleted: Entry): boolean {
  return deleted.attributes.has('objectcategory') && booleanOf(deleted, 'isRecycled') !== true;
}

/** Writes what an entry lacks of the plan. */
async function complete(base: string, attributes: readonly PlanAttribute[], session: DirectorySession): Promise<void> {
  const live = await session.readEntry(base, wholeEntry, [withoutSacl]);
  if (live === undefined) return;
  const missing = attributes.filter((attribute) => !hasExactly(live, attribute));
  if (missing.length > 0) await session.modify(live.dn, missing.map(replacement), [withoutSacl]);
}

function replacement({ name, values }: PlanAttribute): Modification {
  return { attribute: name, replace: values.map(bytesOfWrittenValue) };
}

/** Makes an entry again if there is none of its name, and then gives it its security descriptor. */
export function writeAdd(change: AddChange, access: EntryAccess, intent: () => Promise<void>): Promise<ChangeOutcome> {
  const written = change.attributes.filter(({ name }) => !isSecurityDescriptor(name));
  return lookAndWrite(access, intent, {
    look: async (session): Promise<Look<Found | undefined>> => {
      const there = await session.readEntry(change.dn, wholeEntry, [withoutSacl]);
      if (there === undefined) return { kind: 'as-planned', planned: undefined };
      const look = lookAtReturned(change, there);
      return look.kind === 'drifted' ? { kind: 'drifted', what: 'another entry of this name is there' } : look;
    },
    write: async (found, session) => {
      const attributes = written.map(({ name, values }) => ({ name, values: values.map(bytesOfWrittenValue) }));
      if (found === undefined) await session.add(change.dn, attributes);
      await complete(change.dn, change.attributes.filter(isLaterWritable(change.dn)), session);
    },
  });
}

function isLaterWritable(dn: string): (attribute: PlanAttribute) => boolean {
  const { type } = rdnOf(dn);
  return ({ name }) => isRestorable(name, 'undelete', type);
}
