/** Edits of attributes by compare and swap: the values to go are named, so that the server refuses what has moved. */

import { sameDn } from '../ad/dn.ts';
import { allBytesOf, type Entry } from '../ad/entry.ts';
import { bytesOfWrittenValue, guidBase, writtenValueOf } from '../ad/values.ts';
import type { DirectorySession, Modification } from '../ldap/session.ts';
import type { ChangeOutcome, ChangeResult } from './apply.ts';
import { isSingleValued } from './attribute-kinds.ts';
import type { EntryAccess } from './entry-access.ts';
import { type Look, lookAndWrite } from './look-and-write.ts';
import type { AttributeEdit, DirectoryChange, ModifyChange, PlanValue } from './plan.ts';

/** Looks at the entry, and if it is as planned edits it. */
export function writeModify(
  change: ModifyChange,
  access: EntryAccess,
  intent: () => Promise<void>,
): Promise<ChangeOutcome> {
  return lookAndWrite<string>(access, intent, {
    look: (session) => lookAt(change, session),
    write: (dn, session) => session.modify(dn, change.edits.map(modificationOf)),
  });
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
  // What was shown and approved is this DN: the entry of this objectGUID must still bear it.
  if (!sameDn(entry.dn, change.dn)) return { kind: 'drifted', what: `the entry of this objectGUID is ${entry.dn}` };
  if (change.edits.every((edit) => isDone(edit, entry))) return { kind: 'already-done' };
  const moved = change.edits.find((edit) => !isAsPlanned(edit, entry));
  return moved === undefined
    ? { kind: 'as-planned', planned: entry.dn }
    : { kind: 'drifted', what: movedWords(moved, entry) };
}

/** What is gone holds none of the values that were to be removed. */
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

/** Values of one attribute, for people; what is no text as base64. */
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

/** What is left to do of an edit: all of it, what is not there yet, or nothing; or that the attribute was edited since. */
export type EditLeft =
  | { readonly kind: 'open'; readonly edit: AttributeEdit }
  | { readonly kind: 'done' }
  | { readonly kind: 'drifted'; readonly found: readonly PlanValue[] };

/** Compares an edit with what an entry holds. Values to be added that are there already are no obstacle, but left out. */
export function whatIsLeft(edit: AttributeEdit, entry: Entry): EditLeft {
  if (isDone(edit, entry)) return { kind: 'done' };
  const values = heldValues(edit, entry);
  const found = values.map(writtenValueOf);
  const left = edit.singleValued ? edit : { ...edit, add: edit.add.filter((value) => !holds(values, value)) };
  return isAsPlanned(left, entry) ? { kind: 'open', edit: { ...left, held: found } } : { kind: 'drifted', found };
}
