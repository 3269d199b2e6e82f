/** The change that an undo reverses, as what justifies the undo. */

import path from 'node:path';
import { folderParts } from '../change/folder.ts';
import { hasBegun, readJournal } from '../change/journal.ts';
import { originalOf, type SavedPlan } from '../change/undo-link.ts';
import { RefusedError } from '../errors.ts';
import type { Patience } from '../files/patience.ts';
import type { Context } from './context.ts';
import { remedyOf } from './judge-again.ts';

/**
 * An undo makes objects and puts rights and bytes back. One that somebody made up must not, so the change that it
 * reverses has to be near and permitted by its remedy, and its journal has to say that it was applied; of an undo that
 * is undone the same holds in turn.
 *
 * @throws RefusedError if one of these does not hold; PlanNotUsableError if the remedy does not permit the change
 */
export async function requireOriginal(
  { folder, plan }: SavedPlan,
  attempted: string,
  context: Context,
  patience: Patience,
): Promise<void> {
  if (plan.undoes === undefined) return;
  const original = await originalOf(folder, plan, patience);
  const records =
    original === undefined ? [] : await readJournal(path.join(original.folder, folderParts.journal), patience);
  if (original !== undefined && hasBegun(original.plan, records)) {
    await remedyOf(original.plan, original.folder, context);
    return requireOriginal(original, attempted, context, patience);
  }
  throw new RefusedError({
    attempted,
    on: folder,
    cameBack:
      original === undefined
        ? 'the change that it undoes is neither around it nor beside it'
        : `the journal of the change that it undoes does not say that it was ever applied: ${original.folder}`,
    next: `${
      original === undefined ? 'Put this folder into the change folder that it undoes, or give' : 'Give'
    } --seal with the seal of the undo that was approved: what it writes is then compared with its targets alone.`,
  });
}
