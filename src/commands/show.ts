/** adsi-remedy show: the review of a saved change, again. */

import { type ExitStatus, exitStatus } from '../errors.ts';
import { visible } from '../terminal/visible.ts';
import type { Context } from './context.ts';
import { showPlan } from './decide.ts';
import { directoryFlags } from './directory.ts';
import { outputFlags, readArguments } from './flags.ts';
import { createOutput } from './output.ts';
import { readSavedChange, type Standing, standingOf } from './saved-change.ts';
import { quoted, shownPath } from './shown-path.ts';

/** Reads the folder alone; flags that name a directory are taken, as apply and undo take them, and not needed. */
export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('show', args, { ...outputFlags, ...directoryFlags }, ['FOLDER']);
  const output = createOutput(context, flags);
  const { folder, plan } = await readSavedChange('show', operands, context);
  output.say(`  ${visible(plan.remedy)}, made ${plan.created} by ${visible(plan.tool)}, plan ${plan.id}`);
  output.say('');
  showPlan(plan, output);
  const standing = await standingOf({ folder, plan });
  const shown = quoted(shownPath(folder, context));
  output.say(`  ${wordsOf[standing.kind]}${commandFor(standing, shown, context)}`);
  output.document(plan);
  return exitStatus.done;
}

const wordsOf = {
  'not-applied': 'It was not applied yet.',
  applied: 'It was applied.',
  'applied-in-part': 'It was applied in part.',
  'undo-begun': 'It was applied, and undone in part.',
  undone: 'It was applied and undone.',
} as const;

function commandFor(standing: Standing, shown: string, context: Context): string {
  switch (standing.kind) {
    case 'not-applied':
      return ` Apply it with: adsi-remedy apply ${shown}`;
    case 'applied':
      return ` Undo it with: adsi-remedy undo ${shown}`;
    case 'applied-in-part':
      return ` Go on with: adsi-remedy apply ${shown}`;
    case 'undo-begun':
      return ` Go on with the undo: adsi-remedy apply ${quoted(shownPath(standing.undoFolder, context))}`;
    case 'undone':
      return '';
  }
}
