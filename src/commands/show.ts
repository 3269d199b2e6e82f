/** adsi-remedy show: the review of a saved change, again. */

import path from 'node:path';
import { folderParts } from '../change/folder.ts';
import { outcomesIn, readJournal } from '../change/journal.ts';
import { type ExitStatus, exitStatus } from '../errors.ts';
import { visible } from '../terminal/visible.ts';
import type { Context } from './context.ts';
import { quoted, shownPath, showPlan } from './decide.ts';
import { outputFlags, readArguments } from './flags.ts';
import { createOutput } from './output.ts';
import { readSavedChange } from './saved-change.ts';

export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('show', args, outputFlags, ['FOLDER']);
  const output = createOutput(context, flags);
  const { folder, plan } = await readSavedChange('show', operands, context);
  const records = await readJournal(path.join(folder, folderParts.journal));
  const outcomes = [...outcomesIn(records, plan.id).values()];
  const done = outcomes.filter((outcome) => outcome === 'done').length;

  output.say(`  ${visible(plan.remedy)}, made ${plan.created} by ${visible(plan.tool)}, plan ${plan.id}`);
  output.say('');
  showPlan(plan, output);
  const undone = records.some((record) => record.plan === plan.id && record.event === 'undone');
  const shown = quoted(shownPath(folder, context));
  if (undone) output.say('  It was applied and undone.');
  else if (done === plan.changes.length && done > 0)
    output.say(`  It was applied. Undo it with: adsi-remedy undo ${shown}`);
  else if (outcomes.length > 0)
    output.say(`  It was applied in part (${done} of ${plan.changes.length}). Go on with: adsi-remedy apply ${shown}`);
  else output.say(`  It was not applied yet. Apply it with: adsi-remedy apply ${shown}`);
  output.document(plan);
  return exitStatus.done;
}
