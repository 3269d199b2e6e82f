/** Applying what lies in a change folder, and telling how it went. */

import path from 'node:path';
import { applyPlan, type ChangeWriter, requireApplicable } from '../change/apply.ts';
import { entryWriter } from '../change/entry-writer.ts';
import { fileWriter, removeStrays } from '../change/file-writer.ts';
import { folderParts } from '../change/folder.ts';
import { type JournalRecord, type JournalWriter, openJournal, outcomesIn, readJournal } from '../change/journal.ts';
import type { Change, DirectoryChange, FileChange, ForestTarget, Plan } from '../change/plan.ts';
import { readPlan } from '../change/read-plan.ts';
import { type ExitStatus, exitStatus } from '../errors.ts';
import { systemFiles } from '../files/file-system.ts';
import { patienceOf } from '../files/patience.ts';
import { asksForControls } from '../review/ldif.ts';
import { visible } from '../terminal/visible.ts';
import { alone } from './alone.ts';
import type { Context } from './context.ts';
import type { OpenDirectory } from './directory.ts';
import { requireForest } from './forest-target.ts';
import { noteUndoBegun, noteUndone, originalFolder, refuseOutrun } from './original-change.ts';
import type { Output } from './output.ts';
import { reportOutcome, tellNextSteps } from './report-outcome.ts';
import { quoted, shownPath } from './shown-path.ts';
import { type Verification, verifyEverywhere } from './verification.ts';

/** What applying a plan for a directory needs besides. */
export interface DirectoryMeans {
  /** Opens the plan's directory, or gives the one that is open already. Whoever opened it closes it. */
  readonly open: () => Promise<OpenDirectory>;
  /** How long to watch the change reach every DC; 0 looks once. */
  readonly waitSeconds: number;
}

/** Applies the plan of a change folder, or what an earlier run has left of it. No other run may be at work there. */
export async function applyChangeFolder(
  folder: string,
  plan: Plan,
  context: Context,
  output: Output,
  means?: DirectoryMeans,
): Promise<ExitStatus> {
  const original = await originalFolder(folder, plan);
  const folders = original === undefined ? [folder] : [folder, original];
  return alone(folders, context, () => applyLocked({ folder, original }, plan, context, output, means));
}

async function applyLocked(
  { folder, original }: { readonly folder: string; readonly original: string | undefined },
  plan: Plan,
  context: Context,
  output: Output,
  means: DirectoryMeans | undefined,
): Promise<ExitStatus> {
  const records = await readJournal(path.join(folder, folderParts.journal));
  requireApplicable(plan, records);
  if (original !== undefined) await refuseOutrun(plan, original);
  if (isFilePlan(plan)) {
    if (records.length > 0) await clearStrays(folder, plan, context, output);
    if (original !== undefined) {
      // What is undone may have been killed, beside files also that the undo has nothing to do with.
      const undone = await readPlan(path.join(original, folderParts.plan));
      if (isFilePlan(undone)) await clearStrays(original, undone, context, output);
    }
    const writer = fileWriter({
      files: systemFiles(),
      backupFolder: path.join(folder, folderParts.backup),
      backups: plan.undoes === undefined ? 'required' : 'as-room-permits',
      planId: plan.id,
      randomId: context.randomId,
      patience: patienceOf(context.platform, context.sleep),
    });
    return applyWith(writer, plan, { folder, original }, records, context, output);
  }
  if (means === undefined || !isDirectoryPlan(plan)) throw new TypeError('a plan for a directory needs a directory');
  const directory = await means.open();
  await requireForest(directory, plan.target);
  if (directory.isExport) return rehearse(plan, folder, directory, context, output);
  const writer = entryWriter(await directory.reopen(), directory.reopen, plan.target.domainController);
  try {
    const verify = (): Promise<Verification> =>
      verifyEverywhere({ plan, directory, waitSeconds: means.waitSeconds, context, output });
    return await applyWith(writer, plan, { folder, original }, records, context, output, {
      waited: means.waitSeconds > 0,
      look: verify,
    });
  } finally {
    await writer.close();
  }
}

function isFilePlan(plan: Plan): plan is Plan<FileChange> {
  return plan.target.kind === 'files';
}

function isDirectoryPlan(plan: Plan): plan is Plan<DirectoryChange> & { readonly target: ForestTarget } {
  return plan.target.kind === 'forest';
}

const forgetfulJournal: JournalWriter = {
  append: async () => undefined,
  leave: () => undefined,
  close: async () => undefined,
};

/** On an export nothing is written but LDIF: the plan is tried on a copy of it in memory, then there is a file to import. */
async function rehearse(
  plan: Plan<DirectoryChange>,
  folder: string,
  directory: OpenDirectory,
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  const writer = entryWriter(await directory.reopen(), directory.reopen, directory.session.identity.host);
  const { signal } = new AbortController();
  const request = { plan, writer, journal: forgetfulJournal, records: [], now: context.now, signal };
  const { notDone, notBegun } = await applyPlan(request).finally(() => writer.close());
  if (notDone.length > 0) {
    const result = { done: 0, doneBefore: 0, notDone, notBegun };
    return reportOutcome({ result, interrupted: false, plan, folder }, context, output);
  }
  const ldif = quoted(shownPath(path.join(folder, folderParts.ldif), context));
  output.say(
    `  ${output.style.bold('No directory was changed.')} The changes fit the export; the LDIF to import is ${ldif}`,
  );
  for (const line of importAdvice(plan, ldif)) output.say(`  ${line}`);
  await tellNextSteps(folder, output);
  output.document({ plan: plan.id, folder, outcome: 'written', ldif: path.join(folder, folderParts.ldif) });
  return exitStatus.done;
}

/** How the LDIF is imported, and by what not. */
function importAdvice({ changes }: Plan<DirectoryChange>, ldif: string): readonly string[] {
  if (!asksForControls(changes)) return [`On Windows: ldifde -i -f ${ldif}   elsewhere: ldapmodify -f ${ldif}`];
  return [
    `Import it with: ldapmodify -f ${ldif}`,
    'ldifde does not take it: the changes ask the server for something special by "control:" lines, which it does not know.',
    ...(changes.some(({ kind }) => kind === 'delete-tree')
      ? ['A plan without --tree-delete deletes the entries one by one, and its LDIF is for ldifde too.']
      : []),
  ];
}

async function clearStrays(folder: string, plan: Plan<FileChange>, context: Context, output: Output): Promise<void> {
  const strays = await removeStrays(plan.changes, {
    files: systemFiles(),
    backupFolder: path.join(folder, folderParts.backup),
    planId: plan.id,
    patience: patienceOf(context.platform, context.sleep),
  });
  for (const stray of strays) {
    output.tell(`  Removed the temporary file of an interrupted run: ${visible(stray)}`);
  }
}

interface ChangeFolders {
  readonly folder: string;
  /** Of the plan that this one undoes. */
  readonly original: string | undefined;
}

async function applyWith<C extends Change>(
  writer: ChangeWriter<C>,
  plan: Plan<C>,
  { folder, original }: ChangeFolders,
  records: readonly JournalRecord[],
  context: Context,
  output: Output,
  verification?: { readonly waited: boolean; readonly look: () => Promise<Verification> },
): Promise<ExitStatus> {
  if (original !== undefined) await noteUndoBegun(original, folder, plan, context.now());
  const journal = await openJournal(path.join(folder, folderParts.journal));
  const progress = output.progress();
  try {
    const result = await context.interruptible(async (signal) => {
      const before = outcomesIn(records, plan.id);
      progress.start(
        [...plan.changes.keys()].filter((index) => before.get(index) !== 'done').length,
        plan.undoes === undefined ? 'Applying' : 'Undoing',
      );
      const applied = await applyPlan({
        plan,
        writer,
        journal,
        records,
        now: context.now,
        signal,
        onOutcome: () => progress.advance(),
      });
      return { applied, interrupted: signal.aborted && applied.notBegun > 0 };
    });
    progress.done();
    const complete =
      result.applied.notDone.length === 0 && result.applied.notBegun === 0 && result.applied.endedBy === undefined;
    if (complete) await tellOriginal(plan, original, context, output);
    const seen = complete ? await verification?.look() : undefined;
    const status = await reportOutcome(
      {
        result: result.applied,
        interrupted: result.interrupted,
        plan,
        folder,
        ...(seen === undefined ? {} : { seen }),
      },
      context,
      output,
    );
    return seen?.everywhere === false && verification?.waited === true ? exitStatus.failed : status;
  } finally {
    progress.done();
    await journal.close();
  }
}

/** When an undo is complete, the journal of what it reverses says so, and that plan can't be applied again. */
async function tellOriginal(plan: Plan, original: string | undefined, context: Context, output: Output): Promise<void> {
  if (plan.undoes === undefined) return;
  if (original !== undefined) return noteUndone(original, plan.undoes.id, plan.id, context.now());
  const warning = output.style.warning('The change folder of what was undone is not here:');
  output.say(`  ${warning} plan ${plan.undoes.id}. Its journal could not be told; do not apply it again.`);
}
