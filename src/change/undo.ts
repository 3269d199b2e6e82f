/** Undoing: from what a plan did, per its journal, to a plan of its own that brings back what was there. */

import { access } from 'node:fs/promises';
import { RefusedError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import { systemFiles } from '../files/file-system.ts';
import { inParallel } from '../files/in-parallel.ts';
import { onlyWhileBusy, type Patience } from '../files/patience.ts';
import { counted } from '../words.ts';
import { type FindingDraft, finalBlocker, warning } from './findings.ts';
import { type JournalRecord, outcomesIn } from './journal.ts';
import type { Change, FileChange, LeftOut, Plan, Splice } from './plan.ts';
import { fingerprintOfTarget, sameFingerprint } from './planned-file.ts';

/** What there may be to undo of a plan. */
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
  if (!isApproved && records.some((record) => record.plan === plan.id && record.event === 'undone')) {
    throw new RefusedError({
      attempted: 'undo the plan',
      on: plan.id,
      cameBack: 'its journal says that it was undone already',
      next: 'If a target still holds the change, give --seal with the seal of the plan that was approved: the targets are then compared with it.',
    });
  }
  const outcomes = outcomesIn(records, plan);
  const recorded = plan.changes.filter((_, index) => {
    const outcome = outcomes.get(index);
    return outcome === 'done' || outcome === 'intent' || outcome === 'unknown';
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
    next: 'There is nothing to bring back.',
  });
}

/** What an undo finds on targets that the journal does not know as changed. */
export function notInJournal(targets: readonly string[]): readonly FindingDraft[] {
  if (targets.length === 0) return [];
  return [
    warning(
      'not-in-journal',
      `${counted(targets.length, 'target')} changed as planned, but not recorded in the journal`,
      'The journal is incomplete, or the same change was made by hand. This undo brings them back too.',
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

/** What is to be written to undo, and what was found. */
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
      : warning(
          'not-reachable',
          title,
          `${detail} The other ${counted(others, 'file')} can be brought back now.`,
          parts,
        ),
  ];
}

function changedSince(moved: readonly string[], others: number): readonly FindingDraft[] {
  if (moved.length === 0) return [];
  const parts = { evidence: moved, subjects: moved };
  const title = `${counted(moved.length, 'file')} not as the change left ${moved.length === 1 ? 'it' : 'them'}`;
  const detail =
    'Edited or removed since. They are not touched. The bytes from before are in the backup folder of the change.';
  return [
    others === 0
      ? finalBlocker('changed-since', title, detail, parts)
      : warning('changed-since', title, `${detail} The other ${counted(others, 'file')} can be brought back.`, parts),
  ];
}
