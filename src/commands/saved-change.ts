/** A change folder that was named on the command line. */

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { folderParts } from '../change/folder.ts';
import { outcomesIn, readJournal } from '../change/journal.ts';
import type { Plan } from '../change/plan.ts';
import { readPlan } from '../change/read-plan.ts';
import { RemedyError, UsageError } from '../errors.ts';
import type { Context } from './context.ts';
import { begunUndo } from './original-change.ts';

export interface SavedChange {
  /** Absolute. */
  readonly folder: string;
  readonly plan: Plan;
}

/**
 * Reads the change folder that a command was given; its plan.json may be named in its place.
 * @throws UsageError if none was given; FileError or PlanNotUsableError if it holds no plan that can be used
 */
export async function readSavedChange(
  command: string,
  operands: readonly string[],
  context: Context,
): Promise<SavedChange> {
  const [named] = operands;
  if (named === undefined) {
    throw new UsageError({
      attempted: `read the arguments of ${command}`,
      on: 'FOLDER',
      cameBack: 'no change folder is named',
      next: `Give the folder that --save wrote: adsi-remedy ${command} changes/2026-11-22-labels`,
    });
  }
  const absolute = path.resolve(context.currentFolder, named);
  const folder = path.basename(absolute) === folderParts.plan ? path.dirname(absolute) : absolute;
  return { folder, plan: await readPlan(path.join(folder, folderParts.plan)) };
}

/** What has become of a saved change so far. */
export type Standing =
  | { readonly kind: 'not-applied' | 'applied' | 'applied-in-part' | 'undone' }
  /** An undo of it has written something and did not come to its end; its folder, absolute. */
  | { readonly kind: 'undo-begun'; readonly undoFolder: string };

/** What the journal of a change folder says of its plan. Throws what readJournal throws. */
export async function standingOf({ folder, plan }: SavedChange): Promise<Standing> {
  const records = await readJournal(path.join(folder, folderParts.journal));
  if (records.some((record) => record.plan === plan.id && record.event === 'undone')) return { kind: 'undone' };
  const undoFolder = await begunUndo(folder, plan, records);
  if (undoFolder !== undefined) return { kind: 'undo-begun', undoFolder };
  const outcomes = [...outcomesIn(records, plan.id).values()];
  if (outcomes.length === 0) return { kind: 'not-applied' };
  const done = outcomes.filter((outcome) => outcome === 'done').length;
  return { kind: done === plan.changes.length ? 'applied' : 'applied-in-part' };
}

/** The change folders in a folder, the newest plan first. What is no change folder is passed over. */
export async function savedChangesIn(home: string): Promise<readonly SavedChange[]> {
  const names = await readdir(home).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const folder = path.join(home, name);
      try {
        return [{ folder, plan: await readPlan(path.join(folder, folderParts.plan)) }];
      } catch (error) {
        if (error instanceof RemedyError) return [];
        throw error;
      }
    }),
  );
  return found.flat().sort((one, other) => (one.plan.created < other.plan.created ? 1 : -1));
}
