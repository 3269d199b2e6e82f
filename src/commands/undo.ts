/** adsi-remedy undo: the reverse of what was applied, as a plan of its own on the same way. */

import path from 'node:path';
import { type FolderDocument, folderParts } from '../change/folder.ts';
import { readJournal } from '../change/journal.ts';
import { sealPlan } from '../change/seal.ts';
import { changesToUndo, lookAtFilesToUndo, reversedFileChange } from '../change/undo.ts';
import { undoEntryChanges } from '../change/undo-entries.ts';
import type { ExitStatus } from '../errors.ts';
import { toolVersion } from '../version.ts';
import { ldifDocuments, pageDocument, textDocument } from './change-documents.ts';
import type { Context } from './context.ts';
import { carryOut, readDecision } from './decide.ts';
import { directoryFlags, forestTarget, openDirectory, requireForest } from './directory.ts';
import { decisionFlags, outputFlags, readArguments, readWait } from './flags.ts';
import { labelsDocuments } from './labels.ts';
import { createOutput } from './output.ts';
import { readSavedChange } from './saved-change.ts';

const flagTable = { ...outputFlags, ...decisionFlags, ...directoryFlags, confirm: 'text', wait: 'text' } as const;

export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('undo', args, flagTable, ['FOLDER']);
  const output = createOutput(context, flags);
  const decision = readDecision('undo', flags, output);
  const waitSeconds = readWait(flags.wait);
  const { folder, plan: original } = await readSavedChange('undo', operands, context);
  const records = await readJournal(path.join(folder, folderParts.journal));
  const done = changesToUndo(original, records);
  const frame = {
    id: context.randomId(),
    tool: toolVersion(),
    created: context.now().toISOString(),
    remedy: original.remedy,
    undoes: { id: original.id, folder },
  };
  const place = { folderName: 'undo', home: folder, confirm: flags.confirm };
  const { target } = original;
  if (target.kind === 'files') {
    const reversed = done.filter((change) => change.kind === 'file').map(reversedFileChange);
    const plan = sealPlan({ ...frame, target, ...(await lookAtFilesToUndo(reversed)) });
    return carryOut(
      { plan, documents: () => labelsDocuments(plan, context.templates), ...place },
      decision,
      context,
      output,
    );
  }
  const directory = await openDirectory(flags, context, output, target.connection);
  try {
    await requireForest(directory, target);
    const entries = done.filter((change) => change.kind !== 'file');
    const plan = sealPlan({
      ...frame,
      target: await forestTarget(directory),
      ...(await undoEntryChanges(entries, directory.session)),
    });
    const documents = (): readonly FolderDocument[] => [
      pageDocument(plan, context.templates),
      textDocument(plan),
      ...ldifDocuments(plan.changes),
    ];
    const means = { open: async () => directory, waitSeconds };
    return await carryOut({ plan, documents, means, ...place }, decision, context, output);
  } finally {
    await directory.close();
  }
}
