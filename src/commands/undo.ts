/** adsi-remedy undo: the reverse of what was applied, as a plan of its own on the same way. */

import path from 'node:path';
import { folderParts } from '../change/folder.ts';
import { readJournal } from '../change/journal.ts';
import type { FileChange, Plan } from '../change/plan.ts';
import { sealPlan } from '../change/seal.ts';
import { changesToUndo, lookAtFilesToUndo, reversedFileChange } from '../change/undo.ts';
import type { ExitStatus } from '../errors.ts';
import { toolVersion } from '../version.ts';
import type { Context } from './context.ts';
import { carryOut, readDecision } from './decide.ts';
import { decisionFlags, outputFlags, readArguments } from './flags.ts';
import { labelsDocuments } from './labels.ts';
import { createOutput } from './output.ts';
import { readSavedChange } from './saved-change.ts';

export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('undo', args, { ...outputFlags, ...decisionFlags }, ['FOLDER']);
  const output = createOutput(context, flags);
  const decision = readDecision('undo', flags, output);
  const { folder, plan: original } = await readSavedChange('undo', operands, context);
  const records = await readJournal(path.join(folder, folderParts.journal));
  const reversed = changesToUndo(original as Plan<FileChange>, records).map(reversedFileChange);
  const { changes, findings } = await lookAtFilesToUndo(reversed);
  const plan = sealPlan({
    id: context.randomId(),
    tool: toolVersion(),
    created: context.now().toISOString(),
    remedy: original.remedy,
    undoes: { id: original.id, folder },
    target: original.target,
    findings,
    changes,
  });
  const proposal = { plan, documents: () => labelsDocuments(plan), folderName: 'undo', home: folder };
  return carryOut(proposal, decision, context, output);
}
