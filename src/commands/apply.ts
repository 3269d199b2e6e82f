/** adsi-remedy apply: apply a saved change, or continue where an earlier run stopped. */

import { type Finding, openBlockers } from '../change/findings.ts';
import type { DirectoryChange, Plan } from '../change/plan.ts';
import { namedChange, positionOf, requireNotUndone, type SavedChange } from '../change/position.ts';
import { type ExitStatus, exitStatus, RefusedError } from '../errors.ts';
import { listed } from '../words.ts';
import { applyChange, clearLeftovers, verify } from './apply-change.ts';
import { applyFlags } from './command-flags.ts';
import { commandLine, shownPath } from './command-line.ts';
import { confirmName } from './confirm.ts';
import type { Context } from './context.ts';
import { readArguments, readSeconds } from './flags.ts';
import { patienceShowing } from './held-files.ts';
import { doneIn, judgeNow, openWorldOf, remedyOf, whatIsNew } from './judge-again.ts';
import { lookAgain } from './look-again.ts';
import { createOutput, type Output } from './output.ts';
import { reportVerified } from './report-outcome.ts';
import { requireOriginal } from './require-original.ts';
import { askAboutBlockers, defaultDeadline } from './run-remedy.ts';
import { requireSeal } from './seal.ts';
import { selectionOf } from './selection.ts';

export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('apply', args, applyFlags, ['FOLDER']);
  const output = createOutput(context, flags);
  const waitSeconds = readSeconds('wait', flags.wait, 0);
  const deadline = readSeconds('deadline', flags.deadline, defaultDeadline);
  const patience = patienceShowing(context, output);
  const saved = await namedChange('apply', operands[0], context.currentFolder, patience);
  const { folder, plan } = saved;
  requireSeal(plan, flags.seal);
  const remedy = await remedyOf(plan, folder, context);
  const access = {
    flags,
    deadline,
    isApproved: flags.seal !== undefined,
    mayAsk: output.canAsk && !flags.yes && !output.isJson && !flags['dry-run'],
  };
  if (remedy.handOver !== undefined)
    return lookAgain(saved, remedy, remedy.handOver, access, flags.accept, flags['dry-run'], context, output);
  const position = await positionOf(saved, patience);
  requireNotUndone(saved, position, (command, place = '') =>
    commandLine([command, shownPath(place, context)], context),
  );
  const done = doneIn(saved);
  const left = new Set([...plan.changes.keys()].filter((index) => !done.has(index)));
  const selected = selectionOf(plan, left, flags.only, flags.except);
  if (left.size > 0 && flags.seal === undefined) await requireOriginal(saved, 'apply the undo', context, patience);
  const { mayAsk } = access;
  if (mayAsk && left.size > 0) showLeft(saved, selected, done.size, output);
  const opened = await openWorldOf(saved, access, context, output);
  try {
    if (left.size === 0)
      return await verifyDone(saved, opened.directory, waitSeconds, remedy, flags['dry-run'], context, output);
    if (!flags['dry-run']) await clearLeftovers(saved, context, output);
    const findings = await judgeNow(saved, remedy, opened, selected, flags.accept);
    const accepted = mayAsk ? await acceptNow(plan, findings, output) : [];
    const judged = findings.map((finding) =>
      accepted.includes(finding.id) ? { ...finding, accepted: true } : finding,
    );
    if (openBlockers(judged).length > 0) return refuse(saved, judged, flags['dry-run'], output);
    if (flags['dry-run']) return dryRun(saved, judged, selected.size, output);
    if (mayAsk && !(await confirmed(output))) {
      output.tell('  Nothing was changed.');
      return exitStatus.changesToMake;
    }
    await confirmName(remedy.confirm?.(plan), flags.confirm, mayAsk, output, plan.changes);
    return await applyChange(
      {
        folder,
        plan,
        remedy,
        findings: judged,
        ...(selected.size === left.size ? {} : { selected }),
        ...(opened.directory === undefined ? {} : { directory: opened.directory }),
        waitSeconds,
        offersToWait: mayAsk && flags.wait === undefined,
      },
      context,
      output,
    );
  } finally {
    await opened.close();
  }
}

function showLeft({ plan }: SavedChange, selected: ReadonlySet<number>, done: number, output: Output): void {
  output.review.plan({ ...plan, changes: plan.changes.filter((_, index) => selected.has(index)) });
  if (done > 0) output.say(`  ${done} of ${plan.changes.length} changes are done already; these are left.`);
}

/** What has come up since the plan was made, and may be overruled. */
async function acceptNow(plan: Plan, findings: readonly Finding[], output: Output): Promise<readonly string[]> {
  const open = openBlockers(findings);
  if (open.length === 0) return [];
  for (const line of output.review.findings(open)) output.say(line);
  for (const line of whatIsNew(plan.findings, findings)) output.say(`  ${line}`);
  return askAboutBlockers(findings, output);
}

async function confirmed(output: Output): Promise<boolean> {
  const prompter = await output.prompter();
  return prompter.confirm({ id: 'apply', message: 'Apply this change now?', flag: '--yes' });
}

/**
 * Shows the blockers that stop the plan as things are now.
 * @throws RefusedError, unless it is a dry run
 */
function refuse(
  { folder, plan }: SavedChange,
  findings: readonly Finding[],
  isDryRun: boolean,
  output: Output,
): ExitStatus {
  const open = openBlockers(findings);
  for (const line of output.review.findings(open)) output.say(line);
  const news = whatIsNew(plan.findings, findings);
  if (isDryRun) {
    for (const line of news) output.say(`  ${line}`);
    output.say(`  ${output.style.dim('This was a dry run: apply would be refused.')}`);
    output.document({ plan, seal: plan.seal, position: 'not-applied', findings });
    return exitStatus.refused;
  }
  const overrule = open.map(({ id }) => `--accept ${id}`).join(' ');
  throw new RefusedError({
    attempted: 'apply the plan',
    on: folder,
    cameBack: `${listed(open.map(({ id, title }) => `${id} (${title})`))}. ${news.join(' ')}`,
    next: open.every((finding) => finding.acceptable)
      ? `Do what each blocker says, or overrule it: ${overrule}. What was applied before can be undone with adsi-remedy undo.`
      : 'Do what each blocker says, then make the plan again. What was applied before can be undone with adsi-remedy undo.',
  });
}

function dryRun(saved: SavedChange, findings: readonly Finding[], count: number, output: Output): ExitStatus {
  const { plan } = saved;
  output.review.plan({ ...plan, findings });
  output.say(
    `  ${output.style.dim(`This was a dry run: ${count} of ${plan.changes.length} changes would be written.`)}`,
  );
  output.document({ plan, seal: plan.seal, position: 'not-applied', findings });
  return exitStatus.changesToMake;
}

/** A plan that is done is not judged and not written again, only verified. */
async function verifyDone(
  { plan, folder }: SavedChange,
  directory: Awaited<ReturnType<typeof openWorldOf>>['directory'],
  waitSeconds: number,
  remedy: Parameters<typeof applyChange>[0]['remedy'],
  isDryRun: boolean,
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  if (isDryRun) {
    output.say('  Nothing is left to do: an earlier run has done it all.');
    output.document({ plan, seal: plan.seal, position: 'applied', findings: [] });
    return exitStatus.done;
  }
  const isDirectory = directory !== undefined && !directory.isExport;
  const seen = isDirectory
    ? await verify(plan as Plan<DirectoryChange>, { remedy, waitSeconds }, directory, context, output)
    : undefined;
  return reportVerified(plan, folder, seen, output);
}
