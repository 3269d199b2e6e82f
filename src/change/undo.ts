/**
 * Undo: from what a plan did, by its journal, to a separate plan that restores the former state, except what cannot
 * be restored: entries that only the system creates, and the values that name them.
 */

import { access } from 'node:fs/promises';
import { dnIn, isDeletedDn, isSameOrBelow, normalizedDn } from '../ad/dn.ts';
import { DirectoryError, RefusedError } from '../errors.ts';
import { systemFiles } from '../files/file-system.ts';
import { inParallel } from '../files/in-parallel.ts';
import { errnoInWords, onlyWhileBusy, type Patience } from '../files/system-errors.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { counted } from '../words.ts';
import { type FindingDraft, finalBlocker, warning } from './findings.ts';
import { type JournalRecord, mayHaveWritten, outcomesIn } from './journal.ts';
import {
  type AttributeEdit,
  type Change,
  type DeletedEntry,
  deletedBy,
  type FileChange,
  type LeftOut,
  type ModifyChange,
  type Plan,
  type PlanValue,
  type Splice,
} from './plan.ts';
import { fingerprintOfTarget, sameFingerprint } from './planned-file.ts';
import { journalPosition, requireNotUndone } from './position.ts';

/** The parts of a plan that may have to be undone. */
export interface ToUndo<C extends Change> {
  /** Every change of the plan, the last first: the targets say which of them were made. */
  readonly changes: readonly C[];
  /** Those that the journal says were made, or may have been. */
  readonly recorded: ReadonlySet<C>;
}

/**
 * The changes of a plan to look for. The targets are believed before the journal: what is found as the plan left it can
 * be brought back, whatever a cut journal says.
 *
 * @param isApproved whether --seal approves the plan: its targets are then compared although it was undone
 * @throws RefusedError if the plan was undone already
 */
export function changesToUndo<C extends Change>(
  plan: Plan<C>,
  records: readonly JournalRecord[],
  isApproved = false,
): ToUndo<C> {
  if (!isApproved) requireNotUndone('undo', plan, journalPosition(plan, records));
  const outcomes = outcomesIn(records, plan);
  const recorded = plan.changes.filter((_, index) => {
    const outcome = outcomes.get(index);
    return outcome !== undefined && mayHaveWritten(outcome);
  });
  return { changes: plan.changes.toReversed(), recorded: new Set(recorded) };
}

/** @throws RefusedError where neither the journal nor any target shows that something of the plan was applied */
export function requireSomethingToUndo(plan: Plan, recorded: ReadonlySet<Change>, found: number): void {
  if (recorded.size > 0 || found > 0) return;
  throw new RefusedError({
    attempted: 'undo the plan',
    on: plan.id,
    cameBack: 'its journal says that nothing of it was applied, and no target is as the plan would have left it',
    next: 'There is nothing to undo.',
  });
}

/** Findings on targets that are changed although the journal does not show it. */
export function notInJournal(targets: readonly string[]): readonly FindingDraft[] {
  if (targets.length === 0) return [];
  return [
    warning(
      'not-in-journal',
      `${counted(targets.length, 'target')} changed as planned, but not recorded in the journal`,
      'The journal is incomplete, or the same change was made in another way. This undo restores them too.',
      { evidence: targets, subjects: targets },
    ),
  ];
}

/** The change that puts a file's old bytes back: the same splices from the other side. */
export function reversedFileChange(change: FileChange): FileChange {
  let shift = 0;
  const splices = change.splices.map((splice): Splice => {
    const reversed = { ...splice, offset: splice.offset + shift, old: splice.new, new: splice.old };
    shift += byteLength(splice.new) - byteLength(splice.old);
    return reversed;
  });
  return { ...change, before: change.after, after: change.before, splices };
}

function byteLength(base64: string): number {
  return Buffer.byteLength(base64, 'base64');
}

/** The changes of an undo, and its findings. */
export interface Undo<C extends Change> {
  readonly changes: readonly C[];
  readonly leftOut: readonly LeftOut[];
  readonly findings: readonly FindingDraft[];
}

/**
 * Looks at the files of an undo: those that already hold the old bytes are left out, and so are those that have been
 * edited since, which are reported.
 */
export async function undoFileChanges(
  { changes, recorded }: ToUndo<FileChange>,
  patience: Patience,
): Promise<Undo<FileChange>> {
  const reading = onlyWhileBusy(patience);
  const files = systemFiles();
  const looks = await inParallel(changes, 16, async (change): Promise<Look> => {
    try {
      const found = await fingerprintOfTarget(change, files, reading);
      if (sameFingerprint(found, change.before)) return { kind: 'back' };
      return sameFingerprint(found, change.after)
        ? { kind: 'as-left', change }
        : { kind: 'moved', what: change.path, change };
    } catch (error) {
      const what = `${change.path}: ${errnoInWords(error)}`;
      return { kind: (await isThere(change.root)) ? 'moved' : 'not-reachable', what, change };
    }
  });
  const asLeft = looks.flatMap((look) => (look.kind === 'as-left' ? [look.change] : []));
  const unknown = asLeft.filter((change) => !recorded.has(change));
  // A journal that lacks one change may lack any: what it does not know may have been changed too.
  const mayBeDone = (change: FileChange): boolean => unknown.length > 0 || recorded.has(change);
  const doneOf = (kind: 'moved' | 'not-reachable'): readonly string[] =>
    looks.flatMap((look) => (look.kind === kind && mayBeDone(look.change) ? [look.what] : []));
  const moved = doneOf('moved');
  const unreachable = doneOf('not-reachable');
  return {
    changes: asLeft.map(reversedFileChange),
    leftOut: [
      ...moved.map((what) => ({ what, reason: 'changed-since' })),
      ...unreachable.map((what) => ({ what, reason: 'not-reachable' })),
    ],
    findings: [
      ...notInJournal(unknown.map((change) => change.path)),
      ...changedSince(moved, asLeft.length),
      ...notReachable(unreachable, asLeft.length),
    ],
  };
}

type Look =
  | { readonly kind: 'back' }
  | { readonly kind: 'as-left'; readonly change: FileChange }
  | { readonly kind: 'moved' | 'not-reachable'; readonly what: string; readonly change: FileChange };

/** Whether the folder that was named can be reached: a computer that is off or a drive that is gone takes it along. */
async function isThere(root: string): Promise<boolean> {
  try {
    await access(root);
    return true;
  } catch {
    // The error of the file itself says why.
    return false;
  }
}

function notReachable(files: readonly string[], others: number): readonly FindingDraft[] {
  if (files.length === 0) return [];
  const parts = { evidence: files, subjects: files };
  const title = `${counted(files.length, 'file')} not reachable`;
  const detail = 'They stay as the change left them. Make the folder reachable, then run undo again.';
  return [
    others === 0
      ? finalBlocker('not-reachable', title, detail, parts)
      : warning('not-reachable', title, `${detail} The other ${counted(others, 'file')} can be restored now.`, parts),
  ];
}

function changedSince(moved: readonly string[], others: number): readonly FindingDraft[] {
  if (moved.length === 0) return [];
  const parts = { evidence: moved, subjects: moved };
  const title = `${counted(moved.length, 'file')} not as the change left ${moved.length === 1 ? 'it' : 'them'}`;
  const detail =
    'They were edited or removed since, and are not changed. Their former content is in the backup folder of the change.';
  return [
    others === 0
      ? finalBlocker('changed-since', title, detail, parts)
      : warning('changed-since', title, `${detail} The other ${counted(others, 'file')} can be restored.`, parts),
  ];
}

/** What no undo can restore. */
export interface Gone {
  /** objectGUIDs of entries that the plan deleted. */
  readonly entries: ReadonlySet<string>;
  /** Normalised DNs of entries that were not there before: no directory takes a value that names one. */
  readonly targets: ReadonlySet<string>;
}

/** DNs in values that a plan has cleared, of which no entry is there and none comes back. Throws DirectoryError. */
export async function missingTargets(
  changes: readonly Change[],
  session: Pick<DirectorySession, 'readEntry'> & {
    readonly rootDse: Pick<DirectorySession['rootDse'], 'namingContexts'>;
  },
): Promise<ReadonlySet<string>> {
  const back = new Set(changes.flatMap((change) => deletedBy(change).map(({ dn }) => normalizedDn(dn))));
  const named = new Map<string, string>();
  for (const change of changes) {
    if (change.kind !== 'modify') continue;
    for (const value of change.edits.flatMap(({ remove }) => remove)) {
      namesEntry(value, (dn) => {
        const key = normalizedDn(dn);
        // This DC cannot answer for other partitions.
        const isHere = session.rootDse.namingContexts.some((context) => isSameOrBelow(dn, context));
        if (isHere && !isDeletedDn(dn) && !back.has(key)) named.set(key, dn);
        return isHere;
      });
    }
  }
  const missing = new Set<string>();
  for (const [key, dn] of named) if ((await session.readEntry(dn, ['1.1'])) === undefined) missing.add(key);
  return missing;
}

/**
 * What is left to undo: the deletes of entries that are gone are left out, and so are values that name them or an entry
 * that was deleted before: no directory takes those.
 */
export function withoutGone(toUndo: ToUndo<Change>, { entries: gone, targets }: Gone): ToUndo<Change> {
  const dns = new Set([...dnsOfGone(toUndo.changes, gone), ...targets]);
  const left = new Map(toUndo.changes.map((change) => [change, changeLeft(change, gone, dns)] as const));
  const of = (changes: Iterable<Change>): readonly Change[] => [...changes].flatMap((change) => left.get(change) ?? []);
  return { changes: of(toUndo.changes), recorded: new Set(of(toUndo.recorded)) };
}

function dnsOfGone(changes: Iterable<Change>, gone: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(
    [...changes].flatMap((change) =>
      change.kind === 'delete' && gone.has(change.guid) ? [normalizedDn(change.dn)] : [],
    ),
  );
}

function changeLeft(change: Change, gone: ReadonlySet<string>, dns: ReadonlySet<string>): Change | undefined {
  switch (change.kind) {
    case 'delete':
      return gone.has(change.guid) ? undefined : deleteLeft(change, dns);
    case 'delete-tree':
      return { ...change, entries: change.entries.map((entry) => deleteLeft(entry, dns)) };
    case 'modify':
      return modifyLeft(change, dns);
    default:
      return change;
  }
}

function deleteLeft<D extends DeletedEntry>(deleted: D, dns: ReadonlySet<string>): D {
  const attributes = deleted.attributes
    .map((attribute) => ({ ...attribute, values: attribute.values.filter((value) => !namesOneOf(value, dns)) }))
    .filter(({ values }) => values.length > 0);
  return { ...deleted, attributes };
}

/** The reason of an undo for leaving out values that no directory takes. */
const toDeletedEntries = 'values-to-deleted-entries';

/** The reason of an undo for leaving out entries that only the system makes, and the values that name them. */
export const onlyBySystem = 'only-the-system-makes-it';

/**
 * What the changes that were made have removed and cannot come back: entries that only the system makes, values that
 * name these, and values that pointed at an entry deleted before.
 */
export function lostForGood(
  made: Iterable<Change>,
  { entries: gone, targets }: Gone,
): Pick<Undo<Change>, 'leftOut' | 'findings'> {
  const changes = [...made];
  const ofSystem = dnsOfGone(changes, gone);
  const entries = changes.flatMap((change) =>
    change.kind === 'delete' && gone.has(change.guid) ? [{ what: change.dn, reason: onlyBySystem }] : [],
  );
  const values = changes.flatMap(valuesRemoved).filter(({ guid }) => !gone.has(guid));
  const naming = (isLost: (dn: string) => boolean, reason: string): readonly LeftOut[] =>
    values
      .filter((removed) => removed.values.some((value) => namesEntry(value, isLost)))
      .map(({ what }) => ({ what, reason }));
  const toDeleted = naming((dn) => isDeletedDn(dn) || targets.has(normalizedDn(dn)), toDeletedEntries);
  return {
    leftOut: [...entries, ...naming((dn) => ofSystem.has(normalizedDn(dn)), onlyBySystem), ...toDeleted],
    findings: lostFindings(toDeleted.map(({ what }) => what)),
  };
}

/** The values of one attribute that a change has removed. */
interface RemovedValues {
  /** "msExchOwningServer of CN=…" */
  readonly what: string;
  readonly guid: string;
  readonly values: readonly PlanValue[];
}

function valuesRemoved(change: Change): readonly RemovedValues[] {
  const ofDeleted = ({ dn, guid, attributes }: DeletedEntry): readonly RemovedValues[] =>
    attributes
      .filter(({ isBackLink }) => isBackLink !== true)
      .map(({ name, values }) => ({ what: `${name} of ${dn}`, guid, values }));
  switch (change.kind) {
    case 'modify':
      return change.edits.map(({ attribute, remove }) => ({
        what: `${attribute} of ${change.dn}`,
        guid: change.guid,
        values: remove,
      }));
    case 'delete':
      return ofDeleted(change);
    case 'delete-tree':
      return change.entries.flatMap(ofDeleted);
    default:
      return [];
  }
}

function lostFindings(lost: readonly string[]): readonly FindingDraft[] {
  if (lost.length === 0) return [];
  return [
    warning(
      toDeletedEntries,
      `${counted(lost.length, 'attribute')} cannot be restored: the values point at deleted or missing entries`,
      'The directory refuses references to deleted entries. backup/before.ldf of the original change holds the values.',
      { evidence: lost, subjects: lost },
    ),
  ];
}

/** Whether an undo restores everything that can be restored. */
export function isWholeUndo({ leftOut }: Pick<Plan, 'leftOut'>): boolean {
  return leftOut.every(({ reason }) => reason === toDeletedEntries || reason === onlyBySystem);
}

/** A value that took the place of one that names them stays. */
function modifyLeft(change: ModifyChange, dns: ReadonlySet<string>): ModifyChange | undefined {
  const edits = change.edits.flatMap((edit): readonly AttributeEdit[] => {
    const remove = edit.remove.filter((value) => !namesOneOf(value, dns));
    if (remove.length === edit.remove.length) return [edit];
    return remove.length === 0 || edit.add.length > 0 ? [] : [{ ...edit, remove }];
  });
  return edits.length === 0 ? undefined : { ...change, edits };
}

/** Whether a value names one of these entries, or one that was deleted before. */
function namesOneOf(value: PlanValue, dns: ReadonlySet<string>): boolean {
  return namesEntry(value, (dn) => isDeletedDn(dn) || dns.has(normalizedDn(dn)));
}

/** Whether a value has the DN of such an entry. */
function namesEntry(value: PlanValue, isMeant: (dn: string) => boolean): boolean {
  if (typeof value !== 'string' || !value.includes('=')) return false;
  try {
    return isMeant(dnIn(value));
  } catch (error) {
    // Text with an equals sign that is not a DN.
    if (error instanceof DirectoryError) return false;
    throw error;
  }
}
