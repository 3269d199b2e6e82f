/** adsi-remedy apply: apply a saved change, or go on where an earlier run stopped. */

import type { ExitStatus } from '../errors.ts';
import { exitStatus } from '../errors.ts';
import { applyChangeFolder } from './apply-folder.ts';
import type { Context } from './context.ts';
import { showPlan } from './decide.ts';
import { outputFlags, readArguments } from './flags.ts';
import { createOutput } from './output.ts';
import { readSavedChange } from './saved-change.ts';

export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('apply', args, { ...outputFlags, yes: 'yes-no' }, ['FOLDER']);
  const output = createOutput(context, flags);
  const { folder, plan } = await readSavedChange('apply', operands, context);
  if (output.canAsk && !flags.yes && !output.isJson) {
    showPlan(plan, output);
    const prompter = await output.prompter();
    const confirmed = await prompter.confirm({ id: 'apply', message: 'Apply this change now?', flag: '--yes' });
    if (!confirmed) {
      output.tell('  Left alone: nothing was changed.');
      return exitStatus.changesToMake;
    }
  }
  return applyChangeFolder(folder, plan, context, output);
}
