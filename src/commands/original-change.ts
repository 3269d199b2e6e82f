/** An undo and the change that it reverses: how each finds the other's folder, and tells it what has happened. */

import path from 'node:path';
import { folderParts } from '../change/folder.ts';
import { type JournalRecord, openJournal, outcomesIn, readJournal } from '../change/journal.ts';
import type { Plan } from '../change/plan.ts';
import { readPlan } from '../change/read-plan.ts';
import { RefusedError, RemedyError } from '../errors.ts';

/**
 * One change folder as the other names it: relative, with slashes, if it lies in the other, around it or beside it, so
 * that both can be moved together; else absolute.
 *
 * @param from absolute, as is `to`
 */
export function folderSeenFrom(from: string, to: string): string {
  const relative = path.relative(from, to);
  const steps = relative.split(path.sep);
  const isNear = !path.isAbsolute(relative) && steps.filter((step) => step === '..').length <= 1;
  return isNear ? steps.join('/') : to;
}

/**
 * The change folder of the plan that an undo reverses, or undefined if it is nowhere to be found. It is known by its
 * plan's id, and looked for where the undo lies before where it was when the undo was made: the two may have been moved.
 *
 * @param undoFolder absolute
 */
export async function originalFolder(undoFolder: string, { undoes }: Plan): Promise<string | undefined> {
  if (undoes === undefined) return undefined;
  // A path of Windows may be read on another system.
  const name = undoes.folder.split(/[\\/]/).at(-1) ?? '';
  const around = path.dirname(undoFolder);
  const candidates = [around, path.join(around, name), path.resolve(undoFolder, undoes.folder)];
  for (const candidate of candidates) if (await holdsPlan(candidate, undoes.id)) return candidate;
  return undefined;
}

async function holdsPlan(folder: string, id: string): Promise<boolean> {
  try {
    return (await readPlan(path.join(folder, folderParts.plan))).id === id;
  } catch (error) {
    // Nothing there, or nothing that can be used: it is not the plan that is looked for.
    if (error instanceof RemedyError) return false;
    throw error;
  }
}

/**
 * Refuses an undo whose original has been gone on with since the undo was planned: it would leave that in place.
 * @throws RefusedError if so, and what readJournal throws
 */
export async function refuseOutrun({ undoes, created }: Plan, original: string): Promise<void> {
  const records = await readJournal(path.join(original, folderParts.journal));
  const isLater = ({ plan, change, time }: JournalRecord): boolean =>
    plan === undoes?.id && change !== undefined && time > created;
  if (!records.some(isLater)) return;
  throw new RefusedError({
    attempted: 'apply the undo',
    on: original,
    cameBack: 'the change that it reverses was gone on with after the undo was planned',
    next: `Plan the undo anew, as things are now: adsi-remedy undo ${original}`,
  });
}

/** Says in the journal of what an undo reverses that the undo is about to write. Throws what openJournal throws. */
export async function noteUndoBegun(original: string, undoFolder: string, { id }: Plan, now: Date): Promise<void> {
  const records = await readJournal(path.join(original, folderParts.journal));
  if (records.some((record) => record.event === 'begin' && record.plan === id)) return;
  const on = folderSeenFrom(original, undoFolder);
  await note(original, { time: now.toISOString(), event: 'begin', plan: id, on, detail: 'an undo of this plan' });
}

/** Says there that it is undone: it can not be applied again. Throws what openJournal throws. */
export async function noteUndone(original: string, undone: string, by: string, now: Date): Promise<void> {
  await note(original, { time: now.toISOString(), event: 'undone', plan: undone, detail: `by ${by}` });
}

async function note(folder: string, record: JournalRecord): Promise<void> {
  const journal = await openJournal(path.join(folder, folderParts.journal));
  try {
    await journal.append(record);
  } finally {
    await journal.close();
  }
}

/**
 * The folder of an undo that has written something, or may have, and has not come to its end.
 *
 * @param records the journal of the change that it reverses
 */
export async function begunUndo(
  folder: string,
  { id }: Plan,
  records: readonly JournalRecord[],
): Promise<string | undefined> {
  if (records.some((record) => record.plan === id && record.event === 'undone')) return undefined;
  const begun = records.filter((record) => record.event === 'begin' && record.plan !== id);
  for (const { plan, on } of begun.toReversed()) {
    const undoFolder = path.resolve(folder, on ?? '');
    if (await mayHaveWritten(undoFolder, plan)) return undoFolder;
  }
  return undefined;
}

/** An undo whose folder is not there any more may have; one that was undone itself has left nothing. */
async function mayHaveWritten(undoFolder: string, id: string): Promise<boolean> {
  if (!(await holdsPlan(undoFolder, id))) return true;
  const records = await readJournal(path.join(undoFolder, folderParts.journal));
  if (records.some(({ plan, event }) => plan === id && event === 'undone')) return false;
  const outcomes = outcomesIn(records, id);
  return [...outcomes.values()].some((event) => event === 'done' || event === 'intent' || event === 'unknown');
}
