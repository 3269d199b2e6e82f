/** Applying what lies in a change folder, and telling how it went. */

import * as files from 'node:fs/promises';
import path from 'node:path';
import { type ApplyResult, applyPlan, type ChangeWriter } from '../change/apply.ts';
import { fileWriter, removeStrays } from '../change/file-writer.ts';
import { folderParts } from '../change/folder.ts';
import { type JournalRecord, openJournal, outcomesIn, readJournal } from '../change/journal.ts';
import type { Change, FileChange, Plan } from '../change/plan.ts';
import { type ExitStatus, exitStatus } from '../errors.ts';
import { visible } from '../terminal/visible.ts';
import type { Context } from './context.ts';
import { quoted, shownPath } from './decide.ts';
import type { Output } from './output.ts';

/** Applies the plan of a change folder, or what an earlier run has left of it. */
export async function applyChangeFolder(
  folder: string,
  plan: Plan,
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  const records = await readJournal(path.join(folder, folderParts.journal));
  if (isFilePlan(plan)) {
    if (records.length > 0) await clearStrays(plan, output);
    const writer = fileWriter({
      files,
      backupFolder: path.join(folder, folderParts.backup),
      planId: plan.id,
      randomId: context.randomId,
      sleep: context.sleep,
    });
    return applyWith(writer, plan, folder, records, context, output);
  }
  throw new TypeError('directory plans are applied by their own writer');
}

function isFilePlan(plan: Plan): plan is Plan<FileChange> {
  return plan.target.kind === 'files';
}

async function clearStrays(plan: Plan<FileChange>, output: Output): Promise<void> {
  for (const stray of await removeStrays(plan.changes, plan.id, files)) {
    output.tell(`  Removed the temporary file of an interrupted run: ${visible(stray)}`);
  }
}

async function applyWith<C extends Change>(
  writer: ChangeWriter<C>,
  plan: Plan<C>,
  folder: string,
  records: readonly JournalRecord[],
  context: Context,
  output: Output,
): Promise<ExitStatus> {
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
    const complete = result.applied.notDone.length === 0 && result.applied.notBegun === 0;
    if (complete) await tellOriginal(plan, context);
    return await report(result.applied, result.interrupted, plan, folder, context, output);
  } finally {
    progress.done();
    await journal.close();
  }
}

/** When an undo is complete, the journal of what it reverses says so, and that plan can't be applied again. */
async function tellOriginal(plan: Plan, context: Context): Promise<void> {
  if (plan.undoes === undefined) return;
  const journal = await openJournal(path.join(plan.undoes.folder, folderParts.journal));
  try {
    await journal.append({
      time: context.now().toISOString(),
      event: 'undone',
      plan: plan.undoes.id,
      detail: `by ${plan.id}`,
    });
  } finally {
    await journal.close();
  }
}

/** The outcome as --json gives it. */
interface OutcomeDocument {
  readonly plan: string;
  readonly folder: string;
  readonly outcome: 'done' | 'partial' | 'refused' | 'failed' | 'interrupted';
  readonly done: number;
  readonly doneBefore: number;
  readonly notBegun: number;
  readonly notDone: readonly { readonly on: string; readonly kind: string; readonly detail: string }[];
}

async function report<C extends Change>(
  result: ApplyResult<C>,
  interrupted: boolean,
  plan: Plan<C>,
  folder: string,
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  const { style } = output;
  const outcome = outcomeOf(result, interrupted);
  const noun = plan.target.kind === 'files' ? 'file' : 'entry';
  const nouns = noun === 'file' ? 'files' : 'entries';
  const notDone = result.notDone.map(({ change, outcome: each }) => ({
    on: change.kind === 'file' ? change.path : change.dn,
    kind: each.kind,
    detail: 'what' in each ? each.what : 'error' in each ? each.error.message : '',
  }));
  for (const each of notDone) {
    output.say(`  ${style.blocker(each.kind.padEnd(8))} ${visible(each.on)}`);
    output.say(`           ${visible(each.detail)}`);
  }
  const verb = plan.undoes === undefined ? 'changed' : 'brought back';
  const total = result.done + result.doneBefore;
  const before = result.doneBefore === 0 ? '' : ` (${result.doneBefore} of them by an earlier run)`;
  if (result.done === 0 && outcome === 'done') {
    output.say('  Nothing is left to do: an earlier run has done it all.');
  } else {
    output.say(
      `  ${style.bold(`${total} of ${plan.changes.length} ${plan.changes.length === 1 ? noun : nouns} ${verb}`)}${before}`,
    );
  }
  const shown = quoted(shownPath(folder, context));
  if (outcome === 'done') {
    if (plan.undoes === undefined)
      output.tell(`  Journal and backup are in ${shown}. Undo it with: adsi-remedy undo ${shown}`);
    await tellNextSteps(folder, output);
  } else if (total > 0 || outcome === 'interrupted') {
    output.say(`  The journal in ${shown} says what was done. To go on: adsi-remedy apply ${shown}`);
    if (plan.undoes === undefined) output.say(`  To bring back what was there: adsi-remedy undo ${shown}`);
  } else {
    output.say('  Nothing was changed.');
  }
  const document: OutcomeDocument = {
    plan: plan.id,
    folder,
    outcome,
    done: result.done,
    doneBefore: result.doneBefore,
    notBegun: result.notBegun,
    notDone,
  };
  output.document(document);
  return statusOfOutcome[outcome];
}

const statusOfOutcome: Readonly<Record<OutcomeDocument['outcome'], ExitStatus>> = {
  done: exitStatus.done,
  partial: exitStatus.partial,
  refused: exitStatus.refused,
  failed: exitStatus.failed,
  interrupted: exitStatus.cancelled,
};

function outcomeOf<C extends Change>(result: ApplyResult<C>, interrupted: boolean): OutcomeDocument['outcome'] {
  if (interrupted) return result.done + result.doneBefore > 0 ? 'partial' : 'interrupted';
  if (result.notDone.length === 0) return 'done';
  // A write whose outcome nobody knows may have been done: undo has to look at it.
  const mayBeDone = result.notDone.some(({ outcome }) => outcome.kind === 'unknown');
  if (result.done + result.doneBefore > 0 || mayBeDone) return 'partial';
  return result.notDone.every(({ outcome }) => outcome.kind === 'drifted') ? 'refused' : 'failed';
}

async function tellNextSteps(folder: string, output: Output): Promise<void> {
  const file = path.join(folder, folderParts.nextSteps);
  // A plan may have no next steps; then its folder has no such file.
  const text = await files.readFile(file, 'utf8').catch(() => '');
  if (text === '') return;
  output.tell('');
  for (const line of text.trimEnd().split('\n')) output.tell(`  ${line}`);
}
