/** adsi-remedy apply for a plan that is carried out by other means: whether anything of it is left, as things are now. */

import { canonicalText } from '../change/canonical.ts';
import { judgeAgain } from '../change/findings.ts';
import { withFolderLock } from '../change/folder-lock.ts';
import type { Change, Plan } from '../change/plan.ts';
import type { SavedChange } from '../change/position.ts';
import { sealPlan } from '../change/seal.ts';
import { type ExitStatus, exitStatus } from '../errors.ts';
import type { Remedy } from '../remedies/remedy.ts';
import { visible } from '../terminal/visible.ts';
import { listed } from '../words.ts';
import type { Context } from './context.ts';
import { statusWithoutChanges } from './decide.ts';
import { redraw } from './documents.ts';
import { lockOptionsOf } from './held-files.ts';
import { type Access, openWorldOf } from './judge-again.ts';
import type { Output } from './output.ts';
import { sayNextSteps } from './report-outcome.ts';
import { frameOf, sealedPlan, showSurvey } from './run-remedy.ts';
import { describePlan, look } from './world.ts';

/** Which changes only one of two plans has, in lines: what lies in the change folder is drawn from the saved one. */
function differencesOf(saved: Plan, now: Plan): readonly string[] {
  const without = (plan: Plan, other: Plan): readonly string[] => {
    const known = new Set(other.changes.map(keyOf));
    return plan.changes.filter((change) => !known.has(keyOf(change))).map((change) => visible(targetOf(change)));
  };
  const gone = without(saved, now);
  const come = without(now, saved);
  if (gone.length + come.length === 0) return [];
  return [
    ...(gone.length === 0 ? [] : [`The saved plan holds what this look does not show: ${listed(gone, 5)}.`]),
    ...(come.length === 0 ? [] : [`The saved plan lacks what this look shows: ${listed(come, 5)}.`]),
    `Use no command and no LDIF of the saved plan. Make it again: adsi-remedy ${visible(saved.remedy)} --save FOLDER.`,
  ];
}

function targetOf(change: Change): string {
  return change.kind === 'file' ? change.path : change.dn;
}

/** What is removed, where and against which reference; what the object holds may have changed. */
function keyOf(change: Change): string {
  if (change.kind !== 'remove-lingering') return canonicalText(change);
  const { on, guid, reference } = change;
  return [on, guid, reference.host, reference.dsaGuid].join(' ').toLowerCase();
}

/**
 * Looks again with the options of the plan, and shows what there is now. Where that is what the plan holds, its documents
 * are drawn again, for the commands name them; else no command is given. What was accepted stays so as far as it covers
 * what there is now. Gives done if nothing is left and everything was seen, failed if something was not seen, else refused.
 *
 * @param accept ids given to --accept
 * @throws FileError if the documents can't be drawn again; RefusedError if another run is at work on the folder
 */
export async function lookAgain(
  saved: SavedChange,
  remedy: Remedy,
  { optionsOf }: NonNullable<Remedy['handOver']>,
  access: Access,
  accept: readonly string[],
  isDryRun: boolean,
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  const { plan, folder } = saved;
  const opened = await openWorldOf(saved, access, context, output);
  try {
    const options = optionsOf(plan);
    const facts = await look(remedy, opened, { kind: 'new', options });
    showSurvey(remedy, facts, options, output);
    const frame = frameOf(plan.remedy, { reason: plan.reason, ticket: plan.ticket }, context);
    const fresh = sealedPlan(frame, remedy, facts, remedy.propose(facts, options), accept);
    const now = sealPlan({ ...fresh, findings: judgeAgain(plan.findings, fresh.findings) });
    output.review.plan(now);
    output.document({ plan: now, seal: now.seal, position: 'not-applied', findings: now.findings });
    if (now.changes.length === 0) return statusWithoutChanges(now, remedy);
    const others = differencesOf(plan, now);
    for (const line of others) output.say(`  ${line}`);
    if (others.length > 0) return exitStatus.refused;
    if (isDryRun) {
      output.say(`  ${output.style.dim('This was a dry run: apply draws the commands and the LDIF again.')}`);
      return exitStatus.refused;
    }
    // The steps name files of the change folder, which may have been edited beside the plan.
    const inFolder = { folder, plan: { ...plan, findings: now.findings }, remedy, directory: opened.directory };
    await withFolderLock([folder], lockOptionsOf(context, output), () => redraw(inFolder, true, context, output));
    sayNextSteps(describePlan(remedy, now, context, opened.directory).nextSteps, output);
    return exitStatus.refused;
  } finally {
    await opened.close();
  }
}
