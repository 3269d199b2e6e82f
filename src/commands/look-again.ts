/** adsi-remedy apply for a plan that is carried out by other means: whether anything of it is left, as things are now. */

import { judgeAgain } from '../change/findings.ts';
import type { SavedChange } from '../change/position.ts';
import { sealPlan } from '../change/seal.ts';
import { type ExitStatus, exitStatus } from '../errors.ts';
import type { Remedy } from '../remedies/remedy.ts';
import type { Context } from './context.ts';
import { statusWithoutChanges } from './decide.ts';
import { type Access, openWorldOf } from './judge-again.ts';
import type { Output } from './output.ts';
import { sayNextSteps } from './report-outcome.ts';
import { frameOf, sealedPlan, showSurvey } from './run-remedy.ts';
import { describePlan, look } from './world.ts';

/**
 * Looks again with the options of the plan, and shows what there is now with its commands. Nothing is written, the change
 * folder included. What was accepted stays so as far as it covers what there is now. Gives done if nothing is left and everything was seen, failed if something was not seen, else refused.
 *
 * @param accept ids given to --accept
 */
export async function lookAgain(
  saved: SavedChange,
  remedy: Remedy,
  { optionsOf }: NonNullable<Remedy['handOver']>,
  access: Access,
  accept: readonly string[],
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  const { plan } = saved;
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
    sayNextSteps(describePlan(remedy, now, context, opened.directory).nextSteps, output);
    return exitStatus.refused;
  } finally {
    await opened.close();
  }
}
