/**
 * Edits of attributes by compare and swap: the request names the values to remove, so the server refuses it if they
 * have changed.
 */

import { DnSyntaxError, deletedRdnOf, dnIn, sameDn } from '../ad/dn.ts';
import { allBytesOf, bytesOfWrittenValue, type Entry, guidBase, writtenValueOf } from '../ad/entry.ts';
import { DirectoryError } from '../errors.ts';
import { resultCode } from '../ldap/diagnostics.ts';
import type { DirectorySession, Modification } from '../ldap/session.ts';
import type { ChangeOutcome, ChangeResult } from './apply.ts';
import { isSingleValued } from './attribute-kinds.ts';
import { type EntryAccess, type Look, lookAndWrite } from './look-and-write.ts';
import type { AttributeEdit, DirectoryChange, ModifyChange, PlanValue } from './plan.ts';

/** Looks at the entry, and if it is as planned edits it. */
export function writeModify(
  change: ModifyChange,
  access: EntryAccess,
  intent: () => Promise<void>,
): Promise<ChangeOutcome> {
  return lookAndWrite<string>(access, intent, {
    look: (session) => lookAt(change, session),
    write: (dn, session) => write(dn, change, session),
  });
}

/**
 * Samba (4.17, result 16, with the control that shows deleted objects too) refuses to remove a value by the DN of an entry
 * that is deleted. It finds one of syntax DN by the entry's objectGUID (MS-ADTS 3.1.1.3.1.2.4), and one of DN with binary
 * or string by neither: there the values that stay are written in the place of all. A refused request has changed nothing.
 */
async function write(dn: string, change: ModifyChange, session: DirectorySession): Promise<void> {
  const { edits } = change;
  const ways: readonly (() => Modification[] | Promise<Modification[]>)[] = [
    () => edits.map(modificationOf),
    () => edits.map((edit) => modificationOf({ ...edit, remove: edit.remove.map(byGuid) })),
    () => withoutDeleted(change, session),
  ];
  const tried = edits.some(namesDeleted) ? ways : ways.slice(0, 1);
  for (const [index, way] of tried.entries()) {
    try {
      await session.modify(dn, await way());
      return;
    } catch (error) {
      const isNotFound = error instanceof DirectoryError && error.resultCode === resultCode.noSuchAttribute;
      if (!isNotFound || index === tried.length - 1) throw error;
    }
  }
}

/** Whether an edit removes a value that names a deleted entry. */
export function namesDeleted({ remove }: Pick<AttributeEdit, 'remove'>): boolean {
  return remove.some((value) => byGuid(value) !== value);
}

/** Edits that give what stays of the values, as they are now: at once after the look, as the server compares nothing here. */
async function withoutDeleted({ guid, edits }: ModifyChange, session: DirectorySession): Promise<Modification[]> {
  const names = edits.map(({ attribute }) => attribute);
  const entry = await session.readEntry(guidBase(guid), names);
  return edits.map((edit) => {
    if (entry === undefined || !namesDeleted(edit) || !isAsPlanned(edit, entry)) return modificationOf(edit);
    const gone = edit.remove.map(bytesOfWrittenValue);
    const stays = heldValues(edit, entry).filter((held) => !gone.some((value) => value.equals(held)));
    return { attribute: edit.attribute, replace: [...stays, ...edit.add.map(bytesOfWrittenValue)] };
  });
}

/** A value that names a deleted entry, by that entry's objectGUID; any other as it is. */
export function byGuid(value: PlanValue): PlanValue {
  if (typeof value !== 'string' || !value.includes('\\0ADEL:')) return value;
  const dn = dnIn(value);
  try {
    const deleted = deletedRdnOf(dn);
    return deleted === undefined ? value : `${value.slice(0, -dn.length)}${guidBase(deleted.guid)}`;
  } catch (error) {
    // A text that is no DN names no entry.
    if (error instanceof DnSyntaxError) return value;
    throw error;
  }
}

/** Looks at the entries to be edited, and gives an edit that will not be possible, with the reason. Throws DirectoryError. */
export async function lookAtModifies(
  changes: readonly DirectoryChange[],
  access: EntryAccess,
): Promise<ChangeResult<DirectoryChange> | undefined> {
  for (const change of changes) {
    if (change.kind !== 'modify') continue;
    const outcome = await lookAt(change, await access.session());
    if (outcome.kind === 'drifted') return { change, outcome };
  }
  return undefined;
}

/** The DN, where the entry is as planned. */
async function lookAt(change: ModifyChange, session: DirectorySession): Promise<Look<string>> {
  const entry = await session.readEntry(
    guidBase(change.guid),
    change.edits.map((edit) => edit.attribute),
  );
  if (entry === undefined) return lookAtGone(change);
  // This DN was shown and approved: the entry with this objectGUID must still have it.
  if (!sameDn(entry.dn, change.dn)) return { kind: 'drifted', what: `the entry with this objectGUID is ${entry.dn}` };
  if (change.edits.every((edit) => isDone(edit, entry))) return { kind: 'already-done' };
  const moved = change.edits.find((edit) => !isAsPlanned(edit, entry));
  return moved === undefined
    ? { kind: 'as-planned', planned: entry.dn }
    : { kind: 'drifted', what: movedWords(moved, entry) };
}

/** A deleted entry holds none of the values that were to be removed. */
function lookAtGone({ edits }: ModifyChange): Look<never> {
  const isDone = edits.every(({ add }) => add.length === 0);
  return isDone ? { kind: 'already-done' } : { kind: 'drifted', what: 'the entry is gone' };
}

function isDone(edit: AttributeEdit, entry: Entry): boolean {
  const values = heldValues(edit, entry);
  if (edit.singleValued) return sameSet(values, edit.add);
  return edit.add.every((value) => holds(values, value)) && !edit.remove.some((value) => holds(values, value));
}

function isAsPlanned(edit: AttributeEdit, entry: Entry): boolean {
  const values = heldValues(edit, entry);
  if (edit.singleValued) return sameSet(values, edit.remove);
  return edit.remove.every((value) => holds(values, value)) && !edit.add.some((value) => holds(values, value));
}

function heldValues(edit: AttributeEdit, entry: Entry): readonly Buffer[] {
  return allBytesOf(entry, edit.attribute);
}

function holds(values: readonly Buffer[], value: PlanValue): boolean {
  const wanted = bytesOfWrittenValue(value);
  return values.some((held) => held.equals(wanted));
}

function sameSet(values: readonly Buffer[], planned: readonly PlanValue[]): boolean {
  return values.length === planned.length && planned.every((value) => holds(values, value));
}

function movedWords(edit: AttributeEdit, entry: Entry): string {
  const found = valuesInWords(heldValues(edit, entry).map(writtenValueOf));
  return `${edit.attribute} is ${found}; the plan expected ${valuesInWords(edit.remove)}`;
}

/** Values of one attribute in words; binary values as base64. */
export function valuesInWords(values: readonly PlanValue[]): string {
  if (values.length === 0) return 'not set';
  return values.map((value) => (typeof value === 'string' ? value : `${value.base64} (base64)`)).join(', ');
}

function modificationOf(edit: AttributeEdit): Modification {
  return {
    attribute: edit.attribute,
    remove: edit.remove.map(bytesOfWrittenValue),
    add: edit.add.map(bytesOfWrittenValue),
  };
}

/** The change that brings back what was there; where an attribute has room for one value only, it expects none. */
export function reversedModify(change: ModifyChange): ModifyChange {
  return { ...change, edits: change.edits.map(reversedEdit).toReversed() };
}

function reversedEdit({ held: _, ...edit }: AttributeEdit): AttributeEdit {
  const reversed = { ...edit, remove: edit.add, add: edit.remove };
  return isSingleValued(edit.attribute) ? { ...reversed, singleValued: true } : reversed;
}

/** The part of an edit that is left: all of it, missing values, or nothing; or that the attribute was edited since. */
export type EditLeft =
  | { readonly kind: 'open'; readonly edit: AttributeEdit }
  | { readonly kind: 'done' }
  | { readonly kind: 'drifted'; readonly found: readonly PlanValue[] };

/** Compares an edit with what an entry holds. Values to add that already exist are left out. */
export function whatIsLeft(edit: AttributeEdit, entry: Entry): EditLeft {
  if (isDone(edit, entry)) return { kind: 'done' };
  const values = heldValues(edit, entry);
  const found = values.map(writtenValueOf);
  const left = edit.singleValued ? edit : { ...edit, add: edit.add.filter((value) => !holds(values, value)) };
  return isAsPlanned(left, entry) ? { kind: 'open', edit: { ...left, held: found } } : { kind: 'drifted', found };
}
