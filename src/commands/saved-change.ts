/** A change folder that was named on the command line. */

import path from 'node:path';
import { folderParts } from '../change/folder.ts';
import type { Plan } from '../change/plan.ts';
import { readPlan } from '../change/read-plan.ts';
import { UsageError } from '../errors.ts';
import type { Context } from './context.ts';

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
