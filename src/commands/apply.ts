/** adsi-remedy apply: apply a saved change, or go on where an earlier run stopped. */

import path from 'node:path';
import { requireApplicable } from '../change/apply.ts';
import { folderParts } from '../change/folder.ts';
import { type JournalRecord, outcomesIn, readJournal } from '../change/journal.ts';
import { type ExitStatus, exitStatus, RefusedError } from '../errors.ts';

import { applyChangeFolder } from './apply-folder.ts';
import { confirmDeletion } from './confirm-deletion.ts';
import type { Context } from './context.ts';
import { showPlan } from './decide.ts';
import { directoryFlags, openDirectory } from './directory.ts';
import { outputFlags, readArguments, readWait } from './flags.ts';
import { begunUndo } from './original-change.ts';
import { createOutput } from './output.ts';
import { readSavedChange, type SavedChange } from './saved-change.ts';
import { quoted, shownPath } from './shown-path.ts';

const flagTable = { ...outputFlags, ...directoryFlags, yes: 'yes-no', confirm: 'text', wait: 'text' } as const;

export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('apply', args, flagTable, ['FOLDER']);
  const output = createOutput(context, flags);
  const waitSeconds = readWait(flags.wait);
  const { folder, plan } = await readSavedChange('apply', operands, context);
  const records = await readJournal(path.join(folder, folderParts.journal));
  requireApplicable(plan, records);
  await refuseBegunUndo({ folder, plan }, records, context);
  const mayAsk = output.canAsk && !flags.yes && !output.isJson;
  const outcomes = outcomesIn(records, plan.id);
  const left = plan.changes.filter((_, index) => outcomes.get(index) !== 'done');
  if (mayAsk && left.length > 0) {
    showPlan({ ...plan, changes: left }, output);
    const done = plan.changes.length - left.length;
    if (done > 0) output.say(`  ${done} of ${plan.changes.length} changes are done already; these are left.`);
    const prompter = await output.prompter();
    const confirmed = await prompter.confirm({ id: 'apply', message: 'Apply this change now?', flag: '--yes' });
    if (!confirmed) {
      output.tell('  Left alone: nothing was changed.');
      return exitStatus.changesToMake;
    }
  }
  await confirmDeletion({ plan, records, given: flags.confirm, mayAsk }, output);
  const { target } = plan;
  if (target.kind === 'files') return applyChangeFolder(folder, plan, context, output);
  const directory = await openDirectory(flags, context, output, target.connection);
  try {
    return await applyChangeFolder(folder, plan, context, output, { open: async () => directory, waitSeconds });
  } finally {
    await directory.close();
  }
}

/** What an undo has brought back in part is neither as this plan found it nor as it left it. */
async function refuseBegunUndo(
  { folder, plan }: SavedChange,
  records: readonly JournalRecord[],
  context: Context,
): Promise<void> {
  const undoFolder = await begunUndo(folder, plan, records);
  if (undoFolder === undefined) return;
  const undo = quoted(shownPath(undoFolder, context));
  throw new RefusedError({
    attempted: 'apply the plan',
    on: plan.id,
    cameBack: `an undo of it was begun, and is not at its end: ${undo}`,
    next: `Go on with the undo: adsi-remedy apply ${undo}. Or have it planned anew, as things are now: adsi-remedy undo ${quoted(shownPath(folder, context))}. To have the change after all, make a new plan when it is undone.`,
  });
}
