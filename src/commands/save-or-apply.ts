/** Decides what to do with a finished plan: show, save or apply it, or nothing. */

import path from 'node:path';
import { rdnOf } from '../ad/dn.ts';
import { requireApplicable } from '../change/apply.ts';
import { isAcceptedBySealOnly, openBlockers, whyRefused } from '../change/findings.ts';
import { type FolderDocument, freeFolder } from '../change/folder.ts';
import type { Change, Plan } from '../change/plan.ts';
import { sealPlan } from '../change/seal.ts';
import { isAwayFromOriginal } from '../change/undo-link.ts';
import { type ExitStatus, exitStatus, UsageError } from '../errors.ts';
import { type Flags, readSeconds } from '../flags.ts';
import { shownPath } from '../quoting.ts';
import type { Remedy } from '../remedies/remedy.ts';
import type { Prompter } from '../terminal/prompter.ts';
import { visible } from '../terminal/text-layout.ts';
import { applyChange } from './apply-change.ts';
import { commandsFor, writeFolder } from './change-folder.ts';
import type { acceptFlags, decisionFlags, entryFlags } from './command-flags.ts';
import type { Context, OpenDirectory } from './context.ts';
import type { Output } from './output.ts';
import { sayNextSteps } from './report-outcome.ts';
import { requireUsableLater } from './saved-plan.ts';
import { describePlan } from './world.ts';

/** What to do with the plan; `ask` at a terminal without flags. */
export type Decision =
  | { readonly kind: 'dry-run' }
  | { readonly kind: 'save'; readonly folder: string }
  | { readonly kind: 'apply' }
  | { readonly kind: 'ask' };

/**
 * What the flags decide.
 * @throws UsageError for --save or --dry-run together with --yes
 */
export function readDecision(
  command: string,
  flags: Pick<Flags<typeof decisionFlags>, 'dry-run' | 'save' | 'yes'>,
  output: Output,
): Decision {
  const given = [flags['dry-run'] && '--dry-run', flags.save !== undefined && '--save', flags.yes && '--yes'].filter(
    (flag) => flag !== false,
  );
  if (flags.yes && given.length > 1) {
    throw new UsageError({
      attempted: `read the arguments of ${command}`,
      on: given.join(' with '),
      cameBack: 'one says to apply now, the other not to',
      next: 'To apply now, give only --yes. To apply later, give only --save FOLDER, then run adsi-remedy apply FOLDER.',
    });
  }
  if (flags.yes) return { kind: 'apply' };
  if (flags['dry-run'] && flags.save === undefined) return { kind: 'dry-run' };
  if (flags.save !== undefined) return { kind: 'save', folder: flags.save };
  return output.canAsk ? { kind: 'ask' } : { kind: 'dry-run' };
}

/** The flags for applying a plan. */
interface ApplyOptions {
  readonly waitSeconds: number;
  /** Whether the user may be asked to wait for DCs that do not have the change yet. */
  readonly offersToWait: boolean;
  /** The ids given to --accept: an id without a finding is reported. */
  readonly accept: readonly string[];
  /** The value of --confirm. */
  readonly confirm: string | undefined;
}

/** Reads these flags of a remedy or of undo. @throws UsageError if --wait is not a number of seconds */
export function applyOptionsOf(
  { accept, confirm, wait }: Flags<typeof acceptFlags & typeof entryFlags>,
  { kind }: Decision,
): ApplyOptions {
  return {
    accept,
    confirm,
    waitSeconds: readSeconds('wait', wait),
    offersToWait: kind === 'ask' && wait === undefined,
  };
}

/** A plan that was shown, with everything needed to save and apply it. */
export interface Finished extends ApplyOptions {
  readonly plan: Plan;
  readonly remedy: Remedy;
  /** Files for the change folder in addition to the plan's documents. */
  readonly records: readonly FolderDocument[];
  /** For the name of a folder that no flag names: "labels", "undo". */
  readonly folderName: string;
  /** Where such a folder is made, if not in `changes`. */
  readonly home?: string;
  /** Of a plan for a directory. */
  readonly directory?: OpenDirectory | undefined;
}

/** The decision on a plan. */
type Outcome =
  | { readonly kind: 'nothing' | 'dry-run' | 'apply' }
  | { readonly kind: 'save'; readonly folder: string | undefined; readonly why?: Why };

/** For the reviewer, as far as no flag gave it. */
type Why = Partial<Pick<Plan, 'reason' | 'ticket'>>;

/**
 * Decides what is done with the plan; asks what the flags leave open. No effect but its questions.
 * @throws RefusedError if it is to be applied and a blocker stops it; UsageError for a name that is missing or wrong
 */
export async function settleOutcome(finished: Finished, decision: Decision, output: Output): Promise<Outcome> {
  const { plan, remedy, confirm } = finished;
  for (const line of unknownAcceptances(finished)) output.report(`  ${output.style.warning('warning')}  ${line}`);
  // A plan with nothing left to hand over is evidence, which may be kept.
  const isWorthKeeping = plan.changes.length > 0 || remedy.handOver !== undefined;
  if (!isWorthKeeping) return decision.kind === 'ask' ? { kind: 'nothing' } : decision;
  const outcome = decision.kind === 'ask' ? await askWhatNext(plan, remedy, output) : decision;
  if (outcome.kind === 'apply' && remedy.handOver === undefined) {
    requireApplicable(plan, []);
    await confirmName(finished, confirm, decision.kind === 'ask', output);
  }
  return outcome;
}

/** Ids given to --accept that have no effect. */
function unknownAcceptances({ plan, accept }: Finished): readonly string[] {
  return accept.flatMap((id) => {
    const named = plan.findings.filter((finding) => finding.id === id);
    const given = `--accept ${visible(id)}:`;
    if (named.some((finding) => finding.accepted)) return [];
    if (named.some(({ level }) => level === 'blocker')) return `${given} this blocker cannot be accepted.`;
    if (named[0] !== undefined) return `${given} this is a ${named[0].level}, which needs no acceptance.`;
    return `${given} there is no finding with this id.${id.includes(',') ? ' Repeat --accept for each id.' : ''}`;
  });
}

async function askWhatNext(plan: Plan, remedy: Remedy, output: Output): Promise<Outcome> {
  const isBlocked = openBlockers(plan.findings).length > 0;
  const isHandedOver = remedy.handOver !== undefined;
  const choice = await output.prompter.select<'nothing' | 'save' | 'apply'>({
    id: 'decision',
    message: isBlocked
      ? 'A blocker stops this change. Save for review, or do nothing?'
      : isHandedOver
        ? plan.changes.length === 0
          ? 'Save this result as evidence, or do nothing?'
          : 'Save the list with the commands, or do nothing?'
        : 'Apply now, save for review, or do nothing?',
    choices: [
      { value: 'nothing', label: 'Do nothing', hint: 'nothing is changed or saved' },
      {
        value: 'save',
        label: isHandedOver ? 'Save' : 'Save for review',
        hint: isHandedOver
          ? 'a change folder with the review'
          : isBlocked
            ? 'a change folder for a reviewer; it cannot be applied as it is'
            : 'a change folder for a reviewer, to be applied later',
      },
      ...(isBlocked || isHandedOver
        ? []
        : [{ value: 'apply' as const, label: 'Apply now', hint: 'with backup, journal and undo' }]),
    ],
    flag: '--yes, --save FOLDER or --dry-run',
  });
  return choice === 'save'
    ? { kind: 'save', folder: undefined, why: await askWhy(plan, output.prompter) }
    : { kind: choice };
}

/** Why the change is made, in the reviewer's words; Enter alone leaves it out. */
async function askWhy({ reason, ticket }: Plan, prompter: Prompter): Promise<Why> {
  const ask = async (name: 'reason' | 'ticket', message: string, flag: string): Promise<Why> => {
    const typed = (await prompter.input({ id: name, message, flag })).trim();
    return typed === '' ? {} : { [name]: typed };
  };
  return {
    ...(reason === undefined ? await ask('reason', 'Reason, for the reviewer (Enter skips)', '--reason TEXT') : {}),
    ...(ticket === undefined ? await ask('ticket', 'Ticket (Enter skips)', '--ticket ID') : {}),
  };
}

/**
 * Passes a plan whose remedy wants no name, and one whose name was given; else has the name typed.
 *
 * @param given what --confirm gave
 * @param mayAsk whether the name may be typed in its place
 * @throws UsageError if the name is missing if no question can be asked, is another one, or was given for a plan
 * that neither deletes nor brings back anything of it
 */
export async function confirmName(
  { plan, remedy }: Pick<Finished, 'plan' | 'remedy'>,
  given: string | undefined,
  mayAsk: boolean,
  { prompter }: Output,
): Promise<void> {
  const name = remedy.confirm?.(plan);
  if (name === undefined) {
    if (given === undefined || bringsBack(plan.changes, given)) return;
    throw new UsageError({
      attempted: 'confirm a deletion',
      on: `--confirm ${given}`,
      cameBack: 'the plan deletes nothing, and restores nothing with that name',
      next: 'Check that this is the right plan (adsi-remedy show FOLDER), or leave out --confirm.',
    });
  }
  if (given !== undefined && isSame(given, name)) return;
  if (given !== undefined || !mayAsk)
    throw new UsageError({
      attempted: `confirm the change of ${name}`,
      on: given === undefined ? '--confirm' : `--confirm ${given}`,
      cameBack: given === undefined ? 'it is missing, and no question can be asked here' : 'the name does not match',
      next: `Give --confirm with the name ${name} if you are sure.`,
    });
  await prompter.input({
    id: 'confirm',
    message: `Type ${name} to confirm`,
    flag: '--confirm NAME',
    validate: (typed) =>
      isSame(typed, name) ? undefined : `That is not ${name}. To cancel without a change, press Ctrl-C.`,
  });
}

/** An undo is started with the flags of the apply that it follows. */
function bringsBack(changes: readonly Change[], given: string): boolean {
  return changes.some(
    (change) => (change.kind === 'undelete' || change.kind === 'add') && isSame(given, rdnOf(change.dn).value),
  );
}

function isSame(typed: string, name: string): boolean {
  return typed.trim().toLowerCase() === name.trim().toLowerCase();
}

/**
 * Does with the plan what was decided.
 * @throws FileError or PlanNotUsableError if it can't be saved; what applying it throws
 */
export async function carryOut(
  shown: Finished,
  outcome: Outcome,
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  const why = outcome.kind === 'save' ? outcome.why : undefined;
  const finished = why === undefined ? shown : { ...shown, plan: sealPlan({ ...shown.plan, ...why }) };
  const { plan, remedy } = finished;
  if (plan.changes.length === 0) {
    // A plan with nothing left to hand over is evidence for the next change.
    if (outcome.kind === 'save' && remedy.handOver !== undefined)
      await saveAndReport(finished, outcome.folder, context, output);
    else if (outcome.kind === 'save') output.report('  There is nothing to save: no change folder was written.');
    output.document(plan);
    return statusWithoutChanges(plan, remedy);
  }
  switch (outcome.kind) {
    case 'nothing':
      output.report('  Nothing was changed.');
      return exitStatus.changesToMake;
    case 'dry-run':
      output.report(`  ${output.style.dim('This was a dry run: nothing was changed.')}`);
      output.document(plan);
      return exitStatus.changesToMake;
    case 'save':
      await saveAndReport(finished, outcome.folder, context, output);
      output.document(plan);
      return exitStatus.changesToMake;
    case 'apply': {
      if (remedy.handOver === undefined) {
        const folder = await save(finished, undefined, context, output);
        return applyChange({ ...finished, folder, findings: plan.findings }, context, output);
      }
      // This tool writes nothing here: it saves the change folder, and the user does the rest.
      await saveAndReport(finished, undefined, context, output);
      sayNextSteps(describePlan(finished, context).nextSteps, output);
      output.document(plan);
      return exitStatus.refused;
    }
  }
}

/** Nothing to change counts as done, unless something could not be read. */
export function statusWithoutChanges(plan: Plan, remedy: Pick<Remedy, 'handOver'>): ExitStatus {
  if (remedy.handOver !== undefined) return remedy.handOver.isProven(plan) ? exitStatus.done : exitStatus.failed;
  return openBlockers(plan.findings).length > 0 ? exitStatus.refused : exitStatus.done;
}

/** The seal in the form for comparing: its first 32 digits in groups of 8. */
export function shortSeal({ seal }: Pick<Plan, 'seal'>): string {
  return seal.slice(0, 32).replace(/.{8}(?=.)/g, '$& ');
}

async function saveAndReport(
  finished: Finished,
  named: string | undefined,
  context: Context,
  output: Output,
): Promise<void> {
  const { plan, remedy, directory } = finished;
  const folder = await save(finished, named, context, output);
  // Apply asks for the seal of an undo that its change does not vouch for.
  const isAway = await isAwayFromOriginal({ folder, plan }, output.patience);
  const commands = commandsFor({ folder, remedy, directory }, context);
  const isSealed = isAway || isAcceptedBySealOnly(plan.findings);
  const apply = isSealed ? `${commands.apply} --seal ${plan.seal.slice(0, 32)}` : commands.apply;
  output.say(`  Saved in ${visible(shownPath(folder, context))} (send review.html to the reviewer)`);
  output.say(`  Seal ${shortSeal(plan)}`);
  if (remedy.handOver !== undefined) {
    if (plan.changes.length > 0)
      output.say('  This tool removes nothing itself: next-steps.txt has the steps for each server.');
    output.say(`  To check again afterwards: ${apply}`);
  } else if (openBlockers(plan.findings).length > 0)
    output.say(`  It cannot be applied as it is: ${whyRefused(plan.findings)}.`);
  else output.say(`  Apply it with: ${apply}`);
  if (isAway) output.say('  It is not stored with the change that it undoes, so apply asks for its seal.');
}

async function save(finished: Finished, named: string | undefined, context: Context, output: Output): Promise<string> {
  const { plan, remedy, directory, records } = finished;
  const folder =
    named === undefined
      ? await freeFolder(finished.home ?? context.changes, plan.created, finished.folderName)
      : path.resolve(context.currentFolder, named);
  requireUsableLater(plan, remedy, folder);
  directory?.keep?.();
  await writeFolder({ folder, plan, remedy, directory }, records, context, output);
  return folder;
}
