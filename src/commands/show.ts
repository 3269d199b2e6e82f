/** adsi-remedy show: the review of a saved change, drawn from its plan. */

import { openBlockers, whyRefused } from '../change/findings.ts';
import { withFolderLock } from '../change/folder-lock.ts';
import type { Plan } from '../change/plan.ts';
import { namedChange, type Position, positionInWords, positionOf, type SavedChange } from '../change/position.ts';
import { isAwayFromOriginal } from '../change/undo-link.ts';
import { type ExitStatus, exitStatus, RemedyError } from '../errors.ts';
import type { Description, Remedy } from '../remedies/remedy.ts';
import { exhibitLines, propertyLines } from '../review/exhibit-text.ts';
import { headOf } from '../review/summary.ts';
import { nextStepLines } from '../review/text.ts';
import { showFlags } from './command-flags.ts';
import { commandLine, shownPath } from './command-line.ts';
import type { Context } from './context.ts';
import { shortSeal } from './decide.ts';
import { redraw } from './documents.ts';
import { driftOf } from './drift.ts';
import { readArguments, readSeconds } from './flags.ts';
import { lockOptionsOf, patienceShowing } from './held-files.ts';
import { remedyOf } from './judge-again.ts';
import { createOutput, type Output } from './output.ts';
import { defaultDeadline } from './run-remedy.ts';
import { requireSeal } from './seal.ts';
import { describePlan } from './world.ts';

/** Reads the change folder alone, unless --drift asks for the targets. */
export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('show', args, showFlags, ['FOLDER']);
  const output = createOutput(context, flags);
  const patience = patienceShowing(context, output);
  const saved = await namedChange('show', operands[0], context.currentFolder, patience);
  const { plan, folder } = saved;
  requireSeal(plan, flags.seal);
  const remedy = await remedyOf(plan, folder, context);
  const position = await positionOf(saved, patience);
  await redrawWhereItMay(saved, remedy, flags.seal !== undefined, context, output);
  showReview(plan, describePlan(remedy, plan, context), output);
  const drift = flags.drift
    ? await driftOf(
        saved,
        {
          flags,
          deadline: readSeconds('deadline', flags.deadline, defaultDeadline),
          isApproved: flags.seal !== undefined,
          mayAsk: output.canAsk && !output.isJson,
        },
        context,
        output,
      )
    : undefined;
  output.say(
    remedy.handOver === undefined
      ? `  ${positionInWords(position)}${commandFor(saved, position, await isAwayFromOriginal(saved, patience), context)}`
      : `  To look again: ${commandLine(['apply', shownPath(folder, context)], context)}`,
  );
  output.say(`  Seal ${shortSeal(plan)}`);
  output.document({
    plan,
    seal: plan.seal,
    position: position.kind,
    findings: plan.findings,
    ...(drift === undefined ? {} : { drift: drift.moved }),
  });
  return drift?.status ?? exitStatus.done;
}

/** Documents that were edited beside the plan are replaced, where the folder may be written and no run is at work. */
async function redrawWhereItMay(
  { folder, plan }: SavedChange,
  remedy: Remedy,
  isApproved: boolean,
  context: Context,
  output: Output,
): Promise<void> {
  try {
    await withFolderLock([folder], lockOptionsOf(context, output), () =>
      redraw({ folder, plan, remedy }, isApproved, context, output),
    );
  } catch (error) {
    // A folder that may only be read is shown from its plan, which is what counts.
    if (!(error instanceof RemedyError)) throw error;
  }
}

function showReview(plan: Plan, description: Description, output: Output): void {
  output.say(`  ${output.style.bold(description.title)}`);
  for (const line of propertyLines([...headOf(plan), ...description.summary], output.review.options)) output.say(line);
  output.say('');
  output.review.plan(plan);
  for (const exhibit of [...description.changes, ...plan.exhibits]) {
    output.say('');
    for (const line of exhibitLines(exhibit, output.review.options)) output.say(line);
  }
  if (description.nextSteps.length > 0) {
    output.say('');
    for (const line of nextStepLines(description.nextSteps)) output.say(`  ${line}`.trimEnd());
  }
  output.say('');
}

/** @param isAway whether it is an undo that its change does not vouch for: apply asks for its seal */
function commandFor({ folder, plan }: SavedChange, position: Position, isAway: boolean, context: Context): string {
  const withSeal = isAway ? ', adding --seal and the seal that was approved' : '';
  const command = (name: string, place: string): string => commandLine([name, shownPath(place, context)], context);
  switch (position.kind) {
    case 'not-applied':
      return openBlockers(plan.findings).length > 0
        ? ` It can’t be applied as it is: ${whyRefused(plan.findings)}.`
        : ` Apply it with: ${command('apply', folder)}${withSeal}`;
    case 'applied':
      return ` Undo it with: ${command('undo', folder)}`;
    case 'applied-in-part':
      return ` Continue with: ${command('apply', folder)}${withSeal}`;
    case 'undone-in-part':
      return position.isUnfinished
        ? ` Continue the undo with: ${command('apply', position.undoFolder)}`
        : ` Plan the rest of the undo with: ${command('undo', folder)}`;
    case 'undone':
      return '';
  }
}
