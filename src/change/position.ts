/** The position of a change folder: not applied, applied, undone, each also in part. One owner, one wording. */

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { RefusedError, RemedyError, UsageError } from '../errors.ts';
import type { Patience } from '../files/system-errors.ts';
import { folderParts } from './folder.ts';
import { requirePlainFolder } from './folder-files.ts';
import { type JournalRecord, outcomesIn, readJournal } from './journal.ts';
import type { Plan } from './plan.ts';
import { readPlan } from './read-plan.ts';
import { lostInWords } from './undo.ts';
import { type SavedPlan, undosOf } from './undo-link.ts';

/** A change folder with what its journal says. */
export interface SavedChange extends SavedPlan {
  readonly records: readonly JournalRecord[];
}

/** How far a change has been applied or undone. */
export type Position =
  | { readonly kind: 'not-applied' }
  | { readonly kind: 'applied' }
  | { readonly kind: 'applied-in-part'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'undone';
      /** How many entries and attributes no undo brings back. */
      readonly lost: number;
    }
  /** An undo of it has written something and did not bring back everything. */
  | {
      readonly kind: 'undone-in-part';
      /** Its folder, absolute. */
      readonly undoFolder: string;
      /** Whether it has changes of its own left; else what it left out needs another undo. */
      readonly isUnfinished: boolean;
    };

/**
 * Opens a change folder; its plan.json may be named in its place.
 *
 * @param named absolute
 * @throws FileError or PlanNotUsableError if it holds no plan that can be used; RefusedError if a part of it is no file or folder
 */
export async function openChange(named: string, patience: Patience): Promise<SavedChange> {
  const folder = path.basename(named) === folderParts.plan ? path.dirname(named) : named;
  const plan = await readPlan(path.join(folder, folderParts.plan), patience);
  await requirePlainFolder(path.join(folder, folderParts.backup));
  return { folder, plan, records: await readJournal(path.join(folder, folderParts.journal), patience) };
}

/** The change folders in a folder, the newest plan first. What is no change folder is passed over. */
export async function changesIn(home: string, patience: Patience): Promise<readonly SavedChange[]> {
  const names = await readdir(home).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      try {
        return [await openChange(path.join(home, name), patience)];
      } catch (error) {
        // Not a change folder, or one that show explains when it is named.
        if (error instanceof RemedyError) return [];
        throw error;
      }
    }),
  );
  return found.flat().sort((one, other) => (one.plan.created < other.plan.created ? 1 : -1));
}

/** What has become of a saved change so far. Throws what reading the journal of an undo throws. */
export async function positionOf({ folder, plan, records }: SavedChange, patience: Patience): Promise<Position> {
  const undone = recordOfUndo(plan, records);
  if (undone !== undefined) return { kind: 'undone', lost: undone.lost ?? 0 };
  for (const undo of await undosOf(folder, plan, patience)) {
    const of = await readJournal(path.join(undo.folder, folderParts.journal), patience);
    if (!mayHaveWritten(undo.plan, of)) continue;
    const done = [...outcomesIn(of, undo.plan).values()].filter((outcome) => outcome === 'done').length;
    return { kind: 'undone-in-part', undoFolder: undo.folder, isUnfinished: done < undo.plan.changes.length };
  }
  const outcomes = outcomesIn(records, plan);
  const done = [...outcomes.values()].filter((outcome) => outcome === 'done').length;
  if (outcomes.size === 0) return { kind: 'not-applied' };
  const total = plan.changes.length;
  return done === total ? { kind: 'applied' } : { kind: 'applied-in-part', done, total };
}

/** What a journal says of an undo of the plan that was applied to its end. */
function recordOfUndo({ id }: Pick<Plan, 'id'>, records: readonly JournalRecord[]): JournalRecord | undefined {
  return records.findLast(({ plan, event }) => plan === id && event === 'undone');
}

/** An undo that was itself undone has left nothing. */
function mayHaveWritten(undo: Plan, records: readonly JournalRecord[]): boolean {
  if (recordOfUndo(undo, records) !== undefined) return false;
  const outcomes = [...outcomesIn(records, undo).values()];
  return outcomes.some((event) => event === 'done' || event === 'intent' || event === 'unknown');
}

const inBrief = {
  'not-applied': 'not applied yet',
  applied: 'applied',
  'applied-in-part': 'applied in part',
  undone: 'applied and undone',
  'undone-in-part': 'applied, and undone in part',
} as const;

/** The position in a few words, for a list. */
export function positionInBrief(position: Position): string {
  const isPartLost = position.kind === 'undone' && position.lost > 0;
  return isPartLost ? 'applied, and undone as far as possible' : inBrief[position.kind];
}

/** The position as a sentence. */
export function positionInWords(position: Position): string {
  const lost = position.kind === 'undone' && position.lost > 0 ? `: ${lostInWords(position.lost)}` : '';
  return `It was ${positionInBrief(position)}${lost}.`;
}

/**
 * Refuses what can't be applied any more: a plan that was undone, also in part.
 *
 * @param command writes a command of this tool as it can be run
 * @throws RefusedError
 */
export function requireNotUndone(
  { folder, plan }: SavedPlan,
  position: Position,
  command: (...words: readonly string[]) => string,
): void {
  const refuse = (cameBack: string, next: string): RefusedError =>
    new RefusedError({ attempted: 'apply the plan', on: plan.id, cameBack, next });
  if (position.kind === 'undone') {
    throw refuse('it was applied and undone', 'Make a new plan; the targets may have changed since.');
  }
  if (position.kind === 'undone-in-part') {
    const anew = command('undo', folder);
    throw refuse(
      `an undo of this change was started and has not finished: ${position.undoFolder}`,
      `${
        position.isUnfinished
          ? `Continue the undo: ${command('apply', position.undoFolder)}. Or plan it again as things are now: ${anew}`
          : `Plan the rest of the undo, as things are now: ${anew}`
      }. To have the change after all, make a new plan when it is undone.`,
    );
  }
}

/** The change folder that a command was given. @throws UsageError if none was given; what openChange throws */
export async function namedChange(
  command: string,
  named: string | undefined,
  currentFolder: string,
  patience: Patience,
): Promise<SavedChange> {
  if (named === undefined) {
    throw new UsageError({
      attempted: `read the arguments of ${command}`,
      on: 'FOLDER',
      cameBack: 'no change folder is named',
      next: `Give the folder that --save wrote: adsi-remedy ${command} changes/2026-11-22-labels`,
    });
  }
  return openChange(path.resolve(currentFolder, named), patience);
}
