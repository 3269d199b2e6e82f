/** Undoing: from what a plan did, per its journal, to a plan of its own that brings back what was there. */

import { readFile } from 'node:fs/promises';
import { RefusedError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import { inParallel } from '../files/in-parallel.ts';
import type { Finding } from './findings.ts';
import { fileFingerprint, sameFingerprint } from './fingerprint.ts';
import { type JournalRecord, outcomesIn } from './journal.ts';
import type { Change, FileChange, Plan, Splice } from './plan.ts';

/**
 * The changes of a plan that were done or may have been, the last first. One whose outcome is not known is among
 * them: its target is looked at when it is undone, and left alone if nothing was written.
 * @throws RefusedError if nothing of the plan was ever applied, or it was undone already
 */
export function changesToUndo<C extends Change>(plan: Plan<C>, records: readonly JournalRecord[]): readonly C[] {
  const refuse = (cameBack: string): RefusedError =>
    new RefusedError({
      attempted: 'undo the plan',
      on: plan.id,
      cameBack,
      next: 'There is nothing to bring back.',
    });
  if (records.some((record) => record.plan === plan.id && record.event === 'undone')) {
    throw refuse('it was undone already');
  }
  const outcomes = outcomesIn(records, plan.id);
  const touched = plan.changes.filter((_, index) => {
    const outcome = outcomes.get(index);
    return outcome === 'done' || outcome === 'intent' || outcome === 'unknown';
  });
  if (touched.length === 0) throw refuse('its journal says that nothing of it was applied');
  return touched.toReversed();
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

/**
 * Looks at the files of an undo: those that already hold the old bytes are left out, those that somebody has changed
 * since are told. They stay in the plan, whose application will refuse them one by one, unless they are put right.
 */
export async function lookAtFilesToUndo(
  changes: readonly FileChange[],
): Promise<{ readonly changes: readonly FileChange[]; readonly findings: readonly Finding[] }> {
  const looks = await inParallel(changes, 16, async (change): Promise<{ open: boolean; moved?: string }> => {
    try {
      const found = fileFingerprint(await readFile(change.path));
      if (sameFingerprint(found, change.after)) return { open: false };
      return sameFingerprint(found, change.before) ? { open: true } : { open: true, moved: change.path };
    } catch (error) {
      return { open: true, moved: `${change.path}: ${errnoInWords(error)}` };
    }
  });
  const moved = looks.flatMap((look) => look.moved ?? []);
  const finding: Finding = {
    id: 'changed-since',
    level: 'warning',
    title: `${moved.length} of the files ${moved.length === 1 ? 'is' : 'are'} not as the change left them`,
    detail:
      'Somebody has edited or removed them since. They are not touched; the others are brought back. The bytes from before lie in the backup folder of the change.',
    evidence: moved,
    subjects: [],
    acceptable: false,
    accepted: false,
  };
  return { changes: changes.filter((_, index) => looks[index]?.open), findings: moved.length === 0 ? [] : [finding] };
}
