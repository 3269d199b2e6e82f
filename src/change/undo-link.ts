/** An undo and the plan that it reverses: how to check that they belong together, and where each is stored. */

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isDnThat, normalizedDn } from '../ad/dn.ts';
import { errnoOf, RemedyError } from '../errors.ts';
import type { Patience } from '../files/system-errors.ts';
import { areSameClasses, classesIn } from './entry-content.ts';
import { folderParts, type SavedPlan } from './folder.ts';
import {
  type AttributeEdit,
  type Change,
  type DeletedEntry,
  type DirectoryChange,
  deletedBy,
  type FileChange,
  isDirectoryChange,
  type ModifyChange,
  type Plan,
  type PlanAttribute,
  type PlanValue,
  type UndeleteChange,
} from './plan.ts';
import { sameFingerprint } from './planned-file.ts';
import { parsePlan, readPlanFile } from './read-plan.ts';
import { canonicalText } from './seal.ts';

/**
 * The path of one change folder as the other stores it: relative, with slashes, if it is inside, around or next to the
 * other, so that both can be moved together; else only its last name.
 *
 * @param from absolute, as is `to`
 */
export function folderSeenFrom(from: string, to: string): string {
  const relative = path.relative(from, to);
  const steps = relative.split(path.sep);
  const isNear = !path.isAbsolute(relative) && steps.filter((step) => step === '..').length <= 1;
  return isNear ? steps.join('/') : path.basename(to);
}

/**
 * The change folder of the plan that an undo reverses: the parent folder of the undo's, or a folder next to it. It is
 * recognised by the id and the seal of its plan, and by the undo's changes, which must reverse that plan's. The path in
 * the undo is not followed; it only distinguishes copies in these places. undefined if it is in neither place.
 *
 * @param undoFolder absolute
 */
export async function originalOf(undoFolder: string, undo: Plan, patience: Patience): Promise<SavedPlan | undefined> {
  const { undoes } = undo;
  if (undoes === undefined) return undefined;
  const around = path.dirname(undoFolder);
  const places = [around, ...(await foldersIn(around))];
  const named = places.filter((place) => folderSeenFrom(undoFolder, place) === undoes.folder);
  for (const folder of [...named, ...places]) {
    const plan = await planNaming(undoes.id, folder, patience);
    if (plan !== undefined && undoesPlan(undo, plan)) return { folder, plan };
  }
  return undefined;
}

/** Whether it is the plan of an undo, and the change that it reverses is not where originalOf looks. */
export async function isAwayFromOriginal({ folder, plan }: SavedPlan, patience: Patience): Promise<boolean> {
  return plan.undoes !== undefined && (await originalOf(folder, plan, patience)) === undefined;
}

/** The undos of a plan: in its change folder, and next to it; the newest first. */
export async function undosOf(folder: string, plan: Plan, patience: Patience): Promise<readonly SavedPlan[]> {
  const places = [...(await foldersIn(folder)), ...(await foldersIn(path.dirname(folder)))];
  const found: SavedPlan[] = [];
  for (const place of places) {
    const undo = place === folder ? undefined : await planNaming(plan.id, place, patience);
    if (undo !== undefined && undoesPlan(undo, plan)) found.push({ folder: place, plan: undo });
  }
  return found.sort((one, other) => (one.plan.created < other.plan.created ? 1 : -1));
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => path.join(folder, entry.name));
  } catch (error) {
    // A folder that can't be listed holds nothing usable.
    if (errnoOf(error) !== undefined) return [];
    throw error;
  }
}

/**
 * The plan in a folder if it names this id: as its own, or as that of the plan which it reverses. A folder of changes may
 * hold many, and to check one takes a hundred times as long as to look for the id in its text. What writes JSON escapes
 * none of an id's characters.
 */
async function planNaming(id: string, folder: string, patience: Patience): Promise<Plan | undefined> {
  const file = path.join(folder, folderParts.plan);
  try {
    const text = await readPlanFile(file, patience);
    return text.includes(id) ? parsePlan(text, file) : undefined;
  } catch (error) {
    // Missing or unusable: it is not the plan that is searched for. A file that another program has open may be.
    if (error instanceof RemedyError && errnoOf(error.cause) !== 'EBUSY') return undefined;
    throw error;
  }
}

/** Whether an undo names this plan, by id and seal, and holds only reverses of its changes. */
export function undoesPlan(undo: Plan, plan: Plan): boolean {
  const { undoes } = undo;
  if (undoes === undefined || undoes.id !== plan.id || undoes.seal !== plan.seal || undo.remedy !== plan.remedy)
    return false;
  return undo.changes.every((change) => isReverse(change, plan.changes));
}

/** Whether a change reverses one of these changes, wholly or in part. */
export function isReverse(change: Change, done: readonly Change[]): boolean {
  switch (change.kind) {
    case 'file':
      return done.some((one) => one.kind === 'file' && isReverseFile(change, one));
    case 'modify':
      return (
        done.some((one) => isDirectoryChange(one) && isReverseModify(change, one, done.flatMap(deletedBy))) ||
        isReturnOfLinks(change, done.flatMap(deletedBy))
      );
    case 'undelete':
      return done.some((one) => deletedBy(one).some((entry) => isReturn(change, entry) && isOfEntry(change, entry)));
    case 'add':
      return done.some((one) => deletedBy(one).some((entry) => isReturn(change, entry)));
    case 'delete':
    case 'delete-tree':
      return done.some((one) => (one.kind === 'undelete' || one.kind === 'add') && isSameDn(one.dn, change.dn));
    case 'remove-lingering':
      return false;
  }
}

function isReverseFile(undo: FileChange, change: FileChange): boolean {
  const isSamePlace = undo.path === change.path && undo.realPath === change.realPath && undo.root === change.root;
  return isSamePlace && sameFingerprint(undo.before, change.after) && sameFingerprint(undo.after, change.before);
}

/** Either the edit the other way round, or values of an entry that came back before those that they name. */
function isReverseModify(undo: ModifyChange, change: DirectoryChange, deleted: readonly DeletedEntry[]): boolean {
  if (change.kind === 'modify') {
    const isSameEntry = change.guid === undo.guid && isSameDn(change.dn, undo.dn);
    return isSameEntry && undo.edits.every((edit) => change.edits.some((one) => isReverseEdit(edit, one)));
  }
  return deletedBy(change).some(
    (entry) =>
      entry.guid === undo.guid &&
      isSameDn(entry.dn, undo.dn) &&
      undo.edits.every(
        ({ attribute, remove, add }) =>
          remove.length === 0 &&
          holdsAll(entry, { name: attribute, values: add }) &&
          add.every((value) => deleted.some(({ dn }) => isDnOf(value, dn))),
      ),
  );
}

function isDnOf(value: PlanValue, dn: string): boolean {
  return typeof value === 'string' && isDnThat(value, (one) => isSameDn(one, dn));
}

/** Whether it adds only links to deleted entries, each as the back link of that entry showed it. */
function isReturnOfLinks({ dn, edits }: ModifyChange, deleted: readonly DeletedEntry[]): boolean {
  const isShown = (attribute: string, entry: DeletedEntry): boolean =>
    entry.attributes.some(
      ({ linksFrom, values }) =>
        linksFrom?.toLowerCase() === attribute.toLowerCase() && values.some((from) => isDnOf(from, dn)),
    );
  return edits.every(
    ({ attribute, remove, add }) =>
      remove.length === 0 &&
      add.every((value) => deleted.some((entry) => isDnOf(value, entry.dn) && isShown(attribute, entry))),
  );
}

function isReverseEdit(undo: AttributeEdit, edit: AttributeEdit): boolean {
  const isSameAttribute = undo.attribute.toLowerCase() === edit.attribute.toLowerCase();
  return isSameAttribute && isPart(undo.remove, edit.add) && isPart(undo.add, edit.remove);
}

function isReturn(
  change: { readonly dn: string; readonly attributes: readonly PlanAttribute[] },
  entry: DeletedEntry,
): boolean {
  return isSameDn(change.dn, entry.dn) && change.attributes.every((attribute) => holdsAll(entry, attribute));
}

/** Whether an undelete names the entry by its objectGUID and, as far as it says them, its classes. */
function isOfEntry({ guid, objectClass }: UndeleteChange, entry: DeletedEntry): boolean {
  return guid === entry.guid && areSameClasses(objectClass ?? [], classesIn(entry.attributes));
}

function holdsAll(entry: DeletedEntry, { name, values }: PlanAttribute): boolean {
  const held = entry.attributes.find((attribute) => attribute.name.toLowerCase() === name.toLowerCase());
  return isPart(values, held?.values ?? []);
}

function isPart(values: readonly PlanValue[], of: readonly PlanValue[]): boolean {
  const known = new Set(of.map(canonicalText));
  return values.every((value) => known.has(canonicalText(value)));
}

function isSameDn(one: string, other: string): boolean {
  return normalizedDn(one) === normalizedDn(other);
}
