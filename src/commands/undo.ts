/** adsi-remedy undo: the reverse of what was applied, as a plan of its own on the same way. */

import path from 'node:path';
import { openBlockers } from '../change/findings.ts';

import { type FolderDocument, folderParts } from '../change/folder.ts';
import { readJournal } from '../change/journal.ts';
import type { Plan } from '../change/plan.ts';
import { sealPlan } from '../change/seal.ts';
import { changesToUndo, lookAtFilesToUndo, reversedFileChange } from '../change/undo.ts';
import { undoEntryChanges } from '../change/undo-entries.ts';
import type { ExitStatus } from '../errors.ts';
import { toolVersion } from '../version.ts';
import { alone } from './alone.ts';
import { ldifDocuments, pageDocument, textDocument } from './change-documents.ts';
import type { Context } from './context.ts';
import { carryOut, type Decision, readDecision } from './decide.ts';
import { directoryFlags, openDirectory } from './directory.ts';
import { decisionFlags, type Flags, outputFlags, readArguments, readWait } from './flags.ts';
import { forestTarget, requireForest } from './forest-target.ts';
import { labelsDocuments } from './labels.ts';
import { folderSeenFrom, noteUndone } from './original-change.ts';
import { createOutput, type Output } from './output.ts';
import { readSavedChange, type SavedChange } from './saved-change.ts';

const flagTable = { ...outputFlags, ...decisionFlags, ...directoryFlags, confirm: 'text', wait: 'text' } as const;

export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('undo', args, flagTable, ['FOLDER']);
  const output = createOutput(context, flags);
  const decision = readDecision('undo', flags, output);
  const { folder, plan: original } = await readSavedChange('undo', operands, context);
  const work = (): Promise<ExitStatus> => undoChange({ folder, plan: original }, decision, flags, context, output);
  // What only looks leaves the folder as it is: it may lie where nobody can write.
  return decision.kind === 'dry-run' || decision.kind === 'save' ? work() : alone([folder], context, work);
}

async function undoChange(
  { folder, plan: original }: SavedChange,
  decision: Decision,
  flags: Flags<typeof flagTable>,
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  const waitSeconds = readWait(flags.wait);
  const records = await readJournal(path.join(folder, folderParts.journal));
  const done = changesToUndo(original, records);
  // One that nobody names is made in FOLDER, under a name that is found only then.
  const undoFolder =
    decision.kind === 'save' ? path.resolve(context.currentFolder, decision.folder) : path.join(folder, 'undo');
  const frame = {
    id: context.randomId(),
    tool: toolVersion(),
    created: context.now().toISOString(),
    remedy: original.remedy,
    undoes: { id: original.id, seal: original.seal, folder: folderSeenFrom(undoFolder, folder) },
  };
  const place = { folderName: 'undo', home: folder, confirm: flags.confirm, accept: flags.accept };
  const { target } = original;
  if (target.kind === 'files') {
    const reversed = done.filter((change) => change.kind === 'file').map(reversedFileChange);
    const plan = sealPlan({ ...frame, target, ...(await lookAtFilesToUndo(reversed)) });
    const documents = (): readonly FolderDocument[] => labelsDocuments(plan, context.templates);
    const status = await carryOut({ plan, documents, ...place }, decision, context, output);
    await markIfBack(plan, { folder, plan: original }, decision, context, output);
    return status;
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
    const status = await carryOut({ plan, documents, means, ...place }, decision, context, output);
    await markIfBack(plan, { folder, plan: original }, decision, context, output);
    return status;
  } finally {
    await directory.close();
  }
}

/** Where everything is back there is nothing to write, and the journal of what was undone is all that lacks. */
async function markIfBack(
  undone: Plan,
  { folder, plan }: SavedChange,
  decision: Decision,
  context: Context,
  output: Output,
): Promise<void> {
  const isWanted = decision.kind === 'apply' || decision.kind === 'ask';
  if (!isWanted || undone.changes.length > 0 || openBlockers(undone.findings).length > 0) return;
  await noteUndone(folder, plan.id, undone.id, context.now());
  output.tell('  Everything is back already. The journal now says that the change is undone.');
}
