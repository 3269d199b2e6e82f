/** Reports the outcome of an apply or undo: as text, and as the document of --json. */

import type { ApplyResult, ChangeResult } from '../change/apply.ts';
import type { Change, Plan } from '../change/plan.ts';
import type { Verification } from '../change/verify.ts';
import { type ExitStatus, exitStatus, RemedyError } from '../errors.ts';
import { temporarySuffix } from '../files/replace-file.ts';
import { shownPath } from '../quoting.ts';
import type { Step } from '../remedies/remedy.ts';
import { changesInWords, countsOf } from '../review/summary.ts';
import { nextStepLines } from '../review/text.ts';
import { table, visible } from '../terminal/text-layout.ts';
import { counted, groupBy } from '../words.ts';
import { commandsFor, type InFolder } from './change-folder.ts';
import type { Context } from './context.ts';
import type { Output } from './output.ts';
import { placeOf } from './saved-plan.ts';
import { describePlan } from './world.ts';

/** A plan that was applied, as far as it went. */
interface AppliedPlan<C extends Change> extends Omit<InFolder, 'plan'> {
  readonly result: ApplyResult<C>;
  /** Whether Ctrl-C ended it between two changes. */
  readonly interrupted: boolean;
  readonly plan: Plan<C>;
  /** Of a plan for a directory that was applied to its end. */
  readonly seen?: Verification | undefined;
}

type Outcome = 'done' | 'partial' | 'refused' | 'failed' | 'interrupted';

const statusOfOutcome: Readonly<Record<Outcome, ExitStatus>> = {
  done: exitStatus.done,
  partial: exitStatus.partial,
  refused: exitStatus.refused,
  failed: exitStatus.failed,
  interrupted: exitStatus.cancelled,
};

/** Reports the outcome and gives its exit status. */
export async function reportOutcome<C extends Change>(
  applied: AppliedPlan<C>,
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  const { result, plan, folder, seen } = applied;
  const outcome = outcomeOf(applied);
  const notDone = result.notDone.map(describe);
  for (const alike of groupBy(notDone, ({ kind, detail, next }) => [kind, detail, next].join('\n')).values()) {
    reportNotDone(alike, output);
  }
  const endedBy = result.endedBy === undefined ? undefined : troubleOf(result.endedBy);
  if (endedBy !== undefined) {
    output.say(`  ${output.style.blocker('ended'.padEnd(8))} ${visible(endedBy.on)}`);
    output.say(`           ${visible(endedBy.detail)}`);
    output.say(`           ${visible(endedBy.next)}`);
  }
  if (applied.interrupted) output.say(`  ${output.style.warning('Interrupted:')} no further change was begun.`);
  output.say(`  ${countLine(applied, output)}`);
  if (seen !== undefined) for (const line of verificationLines(seen, output)) output.say(`  ${line}`);
  for (const line of whatNext(applied, outcome, context)) output.say(`  ${line}`);
  sayNextSteps(stepsAfter(applied, outcome, context), output);
  output.document(documentOf(outcome, plan, folder, result, seen, notDone, endedBy));
  return statusOfOutcome[outcome];
}

/** A change that was not made, and what to do about it. */
interface NotDone {
  readonly on: string;
  readonly kind: string;
  readonly detail: string;
  readonly next: string;
}

/** The outcome as --json gives it. */
function documentOf(
  outcome: Outcome,
  plan: Plan,
  folder: string,
  { done, doneBefore, notBegun }: Pick<ApplyResult<Change>, 'done' | 'doneBefore' | 'notBegun'>,
  seen: Verification | undefined,
  notDone: readonly NotDone[] = [],
  endedBy?: Omit<NotDone, 'kind'>,
) {
  const sights = { domainControllers: seen?.domainControllers, further: seen?.further };
  return { plan: plan.id, folder, outcome, done, doneBefore, notBegun, notDone, endedBy, ...sights };
}

/** The steps that the user still has to do; for files that were changed in part, only the steps for these. */
function stepsAfter<C extends Change>(applied: AppliedPlan<C>, outcome: Outcome, context: Context): readonly Step[] {
  const { result, plan } = applied;
  if (outcome === 'done') return describePlan(applied, context).nextSteps;
  const isInPart = outcome === 'partial' && plan.target.kind === 'files' && result.notBegun === 0;
  if (!isInPart) return [];
  const undone = new Set(result.notDone.map(({ change }) => change));
  const changed = { ...plan, changes: plan.changes.filter((change) => !undone.has(change)) };
  return describePlan({ ...applied, plan: changed }, context).nextSteps.filter(({ outage }) => outage === true);
}

/** Changes that failed for the same reason, such as a full disk, are reported together: the first, and how many more. */
function reportNotDone(alike: readonly NotDone[], output: Output): void {
  const [first] = alike;
  if (first === undefined) return;
  const shown = output.review.options.verbose ? alike : alike.slice(0, firstAlike);
  for (const { kind, on } of shown) output.say(`  ${output.style.blocker(kind.padEnd(8))} ${visible(on)}`);
  const more = alike.length - shown.length;
  if (more > 0)
    output.say(
      `           … and ${more.toLocaleString('en')} more with the same problem: --verbose and the journal list each`,
    );
  output.say(`           ${visible(first.detail)}`);
  output.say(`           ${visible(first.next)}`);
}

const firstAlike = 5;

function outcomeOf<C extends Change>({ result, interrupted }: AppliedPlan<C>): Outcome {
  const touched = result.done + result.doneBefore > 0;
  if (interrupted) return touched ? 'partial' : 'interrupted';
  if (result.notDone.length === 0 && result.endedBy === undefined) {
    // What --only and --except leave out stays open.
    return result.notBegun > 0 ? 'partial' : 'done';
  }
  // A write whose outcome is unknown may have been done: undo has to look at it.
  const mayBeDone = result.notDone.some(({ outcome }) => outcome.kind === 'unknown');
  if (touched || mayBeDone) return 'partial';
  const hasDrifted = result.endedBy === undefined && result.notDone.every(({ outcome }) => outcome.kind === 'drifted');
  return hasDrifted ? 'refused' : 'failed';
}

function describe<C extends Change>({ change, outcome }: ChangeResult<C>): NotDone {
  const on = placeOf(change);
  const { kind } = outcome;
  if ('error' in outcome) {
    const { detail, next } = troubleOf(outcome.error, on);
    return { on, kind, detail, next };
  }
  const next = 'It was not changed. Make a new plan for it.';
  return { on, kind, detail: 'what' in outcome ? outcome.what : '', next };
}

/** The error in terms of `target`: users do not know the temporary file next to it that is written first. */
function troubleOf(error: Error, target?: string): Omit<NotDone, 'kind'> {
  if (!(error instanceof RemedyError)) {
    const next = 'The journal lists what was done. Apply again to continue.';
    return { on: target ?? '', detail: error.message, next };
  }
  const { attempted, on, cameBack, next } = error.trouble;
  const isTarget = target === undefined || on === target || on.endsWith(temporarySuffix);
  return { on, detail: `Could not ${attempted}: ${isTarget ? '' : `${on}: `}${cameBack}`, next };
}

function countLine<C extends Change>({ result, plan }: AppliedPlan<C>, { style }: Output): string {
  const total = result.done + result.doneBefore;
  if (result.done === 0 && total === plan.changes.length && result.endedBy === undefined) return nothingLeft;
  const isFiles = plan.target.kind === 'files';
  const counts = countsOf(plan.changes);
  const verb = plan.undoes === undefined || counts.restored > 0 ? 'changed' : 'restored';
  const before = result.doneBefore === 0 ? '' : ` (${result.doneBefore} of them by an earlier run)`;
  if (!isFiles && total === plan.changes.length && result.notDone.length === 0)
    return `${style.bold(changesInWords(counts, verb))}${before}`;
  const [one, many] = isFiles ? ['file', 'files'] : ['entry', 'entries'];
  const noun = plan.changes.length === 1 ? one : many;
  return `${style.bold(`${total} of ${plan.changes.length} ${noun} ${verb}`)}${before}`;
}

/** Of a plan that is done. */
export const nothingLeft = 'Nothing is left to do: an earlier run has made all changes.';

function whatNext<C extends Change>(applied: AppliedPlan<C>, outcome: Outcome, context: Context): string[] {
  const { result, plan } = applied;
  const shown = shownPath(applied.folder, context);
  const { apply, undo } = commandsFor(applied, context);
  const isUndo = plan.undoes !== undefined;
  if (outcome === 'done') return isUndo ? [] : [`Journal and backup are in ${shown}. Undo it with: ${undo}`];
  if (result.done + result.doneBefore === 0 && outcome !== 'partial') return ['Nothing was changed.'];
  return [
    `The journal in ${shown} lists what was done. To continue: ${apply}`,
    ...(isUndo ? [] : [`To undo what was done: ${undo}`]),
  ];
}

/** What the user still has to do. */
export function sayNextSteps(steps: readonly Step[], output: Output): void {
  if (steps.length === 0) return;
  output.report('');
  for (const line of nextStepLines(steps)) output.report(`  ${line}`.trimEnd());
}

/** The outcome of applying a plan that was done already: only verified. */
export function reportVerified(plan: Plan, folder: string, seen: Verification | undefined, output: Output): ExitStatus {
  const isContradicted = plan.target.kind === 'files' && seen !== undefined;
  output.say(
    isContradicted
      ? `  According to the journal an earlier run has made all changes, but ${counted(seen.further.length, 'file does', 'files do')} not have the content that the change wrote:`
      : `  ${nothingLeft}`,
  );
  const status = seen === undefined ? exitStatus.done : reportSeen(seen, output);
  const counts = { done: 0, doneBefore: plan.changes.length, notBegun: 0 };
  output.document(documentOf('done', plan, folder, counts, seen));
  return status;
}

/** Reports the state on every DC, and gives the exit status. */
export function reportSeen(seen: Verification, output: Output): ExitStatus {
  for (const line of verificationLines(seen, output)) output.say(`  ${line}`);
  return seen.everywhere ? exitStatus.done : exitStatus.failed;
}

const stateWords = { there: 'has it', 'not-yet': 'not yet', unreachable: 'unreachable', unknown: 'unknown' } as const;

/** The state on every DC, a line each. */
function verificationLines(
  { domainControllers, further, notSeen }: Verification,
  { style, review: { options } }: Output,
): readonly string[] {
  if (notSeen !== undefined) return [style.warning(visible(`The domain controllers could not be asked: ${notSeen}`))];
  const have = domainControllers.filter(({ state }) => state === 'there').length;
  const heading =
    have === domainControllers.length
      ? have === 1
        ? 'The only domain controller has it'
        : `All ${have} domain controllers have it`
      : `${have} of ${counted(domainControllers.length, 'domain controller has', 'domain controllers have')} it`;
  const rows = domainControllers.map(({ host, state, detail }) => [
    host,
    { text: stateWords[state], style: state === 'there' ? style.added : style.warning },
    { text: detail, style: style.dim },
  ]);
  return [
    ...(domainControllers.length === 0 ? [] : [heading, ...table(rows, [{}, {}, {}], options.width - 2)]),
    ...further.map(({ of, detail }) => visible(`${of}: ${detail}`)),
  ];
}
