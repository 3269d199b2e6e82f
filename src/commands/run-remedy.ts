/** The steps of every remedy: options → gather → propose → assess → plan, then the decision on the plan. */

import { writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Finding, judge, openBlockers } from '../change/findings.ts';
import type { Change, Plan, Proposal } from '../change/plan.ts';
import { canonicalText, sealPlan } from '../change/seal.ts';
import { BackError, type ExitStatus, exitStatus, FileError } from '../errors.ts';
import { errnoInWords } from '../files/system-errors.ts';
import { type Flags, readArguments, readSeconds } from '../flags.ts';
import { shownPath } from '../quoting.ts';
import type { RemedyEntry } from '../remedies/index.ts';
import type { Answer, Asking, Remedy, RemedyOptions, Step, StepsOf } from '../remedies/remedy.ts';
import { exhibitLines } from '../review/exhibit-text.ts';
import { reviewRows } from '../review/rows.ts';
import { nextStepLines } from '../review/text.ts';
import { askingAgain, type Prompter, unavailablePrompter } from '../terminal/prompter.ts';
import { visible } from '../terminal/text-layout.ts';
import { firstLines } from '../words.ts';
import {
  type deadlineFlags,
  type decisionFlags,
  directoryFlags,
  entryFlags,
  type outputFlags,
  remedyFlags,
} from './command-flags.ts';
import type { Context } from './context.ts';
import { createOutput, type Output } from './output.ts';
import {
  applyOptionsOf,
  carryOut,
  type Decision,
  type Finished,
  readDecision,
  settleOutcome,
} from './save-or-apply.ts';
import {
  assessedBy,
  type InWords,
  look,
  type OpenWorld,
  openDirectoryWorld,
  openFiles,
  optionsFrom,
  wordsBy,
} from './world.ts';

/** The flags that the runner reads itself. */
type CommonFlags = Flags<typeof decisionFlags & typeof deadlineFlags & typeof absentFlags & typeof outputFlags>;

/** Those of them that not every remedy takes: they are read as not given. */
const absentFlags = { ...entryFlags, ...directoryFlags };

/**
 * Runs a remedy with these arguments.
 * @throws UsageError for the arguments and for a question that can't be asked; RefusedError for a blocker; DirectoryError or
 * FileError for what can't be read or written
 */
export async function runRemedy(entry: RemedyEntry, args: readonly string[], context: Context): Promise<ExitStatus> {
  const given = readArguments(entry.name, args, await remedyFlags(entry)).flags;
  const flags = commonFlagsIn(given);
  const output = createOutput(context, flags);
  const decision = readDecision(entry.name, flags, output);
  const applyOptions = applyOptionsOf(flags, decision);
  const remedy = await entry.load();
  const isWizard = decision.kind === 'ask';
  const options = await optionsFrom(remedy, given, output.canAsk && !flags.yes, context, output);
  const request = { flags, deadline: readSeconds('deadline', flags.deadline) };
  const opened =
    entry.world === 'files' ? openFiles(request, context, output) : await openDirectoryWorld(request, context, output);
  try {
    const known: Look[] = [];
    const inWords = wordsBy(remedy, opened.directory, context);
    const prepared = await askingAgain(prompterWith(flags.yes, output), async (prompter) => {
      const asked = { ...output, prompter };
      const settled = await settle(remedy, opened, options, { prompter, isWizard }, known, asked);
      const { facts } = settled;
      const files = remedy.files?.(facts, settled.options) ?? [];
      if (settled.kind === 'other-way') return { ...settled, files };
      const frame = frameOf(entry.name, flags, context);
      const finished: Finished = {
        plan: await planFor(
          frame,
          remedy,
          facts,
          settled.options,
          settled.options !== options,
          decision,
          inWords,
          asked,
        ),
        remedy,
        records: remedy.records?.(facts) ?? [],
        folderName: entry.name,
        directory: opened.directory,
        ...applyOptions,
      };
      return { kind: 'finished' as const, files, finished, outcome: await settleOutcome(finished, decision, asked) };
    });
    for (const file of prepared.files) {
      await writeAsked(file.path, file.content);
      output.report(`  Written: ${visible(shownPath(file.path, context))}`);
    }
    if (prepared.kind === 'other-way') {
      for (const line of nextStepLines(prepared.steps)) output.say(`  ${line}`.trimEnd());
      output.say('  Nothing was changed.');
      return exitStatus.done;
    }
    return await carryOut(prepared.finished, prepared.outcome, context, output);
  } finally {
    await opened.close();
  }
}

function commonFlagsIn(given: Flags): CommonFlags {
  return { ...readArguments('', [], absentFlags).flags, ...given } as CommonFlags;
}

/** The prompter of the output; --yes too has each question refused with the flag for its answer. */
function prompterWith(yes: boolean, { isJson, canAsk, prompter }: Output): Prompter {
  if (!yes || isJson) return prompter;
  return unavailablePrompter('--yes asks nothing', canAsk ? 'leave out --yes' : undefined);
}

/** Facts, and the options that they were gathered for. */
interface Look {
  readonly options: RemedyOptions;
  readonly facts: unknown;
}

type Settled = Exclude<Answer<RemedyOptions>, { kind: 'look-again' }> & Look;

/**
 * Looks, shows and asks until the options are settled.
 *
 * @param known what was seen and shown before the user went back; new looks are added
 */
async function settle(
  remedy: Remedy,
  opened: OpenWorld,
  options: RemedyOptions,
  asking: Asking,
  known: Look[],
  output: Output,
): Promise<Settled> {
  let current = options;
  let before: unknown;
  for (;;) {
    const seen = known.find((one) => isDeepStrictEqual(one.options, current));
    const facts = seen?.facts ?? (await look(remedy, opened, { kind: 'new', options: current }, before));
    if (seen === undefined) {
      known.push({ options: current, facts });
      showSurvey(remedy, facts, current, output);
    }
    const answer = await remedy.ask(facts, current, asking);
    if (answer.kind !== 'look-again') return { options: current, ...answer, facts };
    before = facts;
    current = answer.options;
  }
}

/** Shows the facts, with --verbose in full. */
export function showSurvey(remedy: Remedy, facts: unknown, options: RemedyOptions, output: Output): void {
  for (const exhibit of remedy.survey(facts, options, output.review.options.verbose)) {
    for (const line of exhibitLines(exhibit, output.review.options)) output.say(line);
    output.say('');
  }
}

/** Writes a file that a flag asks for. @throws FileError if it is there already or can't be written */
async function writeAsked(file: string, content: string): Promise<void> {
  try {
    await writeFile(file, content, { flag: 'wx' });
  } catch (cause) {
    throw new FileError({
      attempted: 'write the file',
      on: file,
      cameBack: errnoInWords(cause),
      next: 'Nothing was changed. Name a file that does not exist yet, in a folder where you may write.',
      cause,
    });
  }
}

/** The parts of a plan that do not depend on its proposal. */
type PlanFrame = Pick<Plan, 'id' | 'tool' | 'created' | 'by' | 'remedy' | 'reason' | 'ticket'>;

/** A new plan of a remedy, still without a proposal: who made it, when and why. */
export function frameOf(
  remedy: string,
  { reason, ticket }: { readonly reason?: string | undefined; readonly ticket?: string | undefined },
  context: Context,
): PlanFrame {
  return {
    id: context.randomId(),
    tool: context.tool,
    created: context.now().toISOString(),
    by: context.author,
    remedy,
    ...(reason === undefined ? {} : { reason }),
    ...(ticket === undefined ? {} : { ticket }),
  };
}

/** A proposal with its judgement, sealed. */
export function sealedPlan(
  frame: PlanFrame,
  remedy: Remedy,
  facts: unknown,
  proposal: Proposal,
  accept: readonly string[],
): Plan {
  const findings = judge(assessedBy(remedy, facts, proposal), proposal, accept);
  return sealPlan({ ...frame, ...proposal, findings, ...remedy.record(facts, proposal) });
}

/** The plan, shown; in the wizard with the user's answers to its blockers. @param isAsked whether questions gave options */
async function planFor(
  frame: PlanFrame,
  remedy: Remedy,
  facts: unknown,
  options: RemedyOptions,
  isAsked: boolean,
  decision: Decision,
  inWords: InWords,
  output: Output,
): Promise<Plan> {
  const planWith = (accept: readonly string[]): Plan =>
    sealedPlan(frame, remedy, facts, remedy.propose(facts, { ...options, accept }), accept);
  return finishPlan(planWith, options.accept, decision, inWords, output, isAsked ? remedy.questionBehind : undefined);
}

/**
 * Shows a plan; in the wizard its blockers are asked about, and what an acceptance changes is shown again.
 *
 * @param questionBehind the question that is asked again where a blocker is not accepted
 * @throws BackError to that question
 */
export async function finishPlan(
  planWith: (accept: readonly string[]) => Plan,
  accept: readonly string[],
  decision: Decision,
  inWords: InWords,
  output: Output,
  questionBehind?: Remedy['questionBehind'],
): Promise<Plan> {
  const plan = planWith(accept);
  const words = inWords(plan);
  if (decision.kind !== 'ask' || blockersToAskAbout(plan.findings).length === 0) {
    output.review.plan(plan, words);
    return plan;
  }
  output.review.toAskAbout(plan, words);
  const accepted = await askAboutBlockers(plan.findings, words.stepsOf, output, questionBehind);
  const settled = accepted.length === 0 ? plan : planWith([...accept, ...accepted]);
  showChangedPart(plan, settled, inWords, output);
  output.review.summary(settled, inWords(settled));
  return settled;
}

/** The blockers that may be overruled, unless one that may not be stops the change anyway. */
function blockersToAskAbout(findings: readonly Finding[]): readonly Finding[] {
  const open = openBlockers(findings);
  return open.every(({ acceptable }) => acceptable) ? open : [];
}

/** Asks about each blocker that may be overruled, and gives the ids of those that are. */
export async function askAboutBlockers(
  findings: readonly Finding[],
  stepsOf: StepsOf,
  output: Output,
  questionBehind: Remedy['questionBehind'] = () => undefined,
): Promise<readonly string[]> {
  const open = blockersToAskAbout(findings);
  if (open.length === 0) return [];
  const accepted: string[] = [];
  for (const finding of open) {
    const { id, title, detail, evidence } = finding;
    const goesOn = await output.prompter.confirm({
      id: `accept.${id}`,
      message: `${title}. Accept this and continue?`,
      about: [detail, ...stepsOf(finding).flatMap(stepLines), ...firstLines(evidence, fewEvidence)],
      flag: `--accept ${id}`,
    });
    const question = goesOn ? undefined : questionBehind(id);
    if (question !== undefined) throw new BackError(question);
    if (goesOn) accepted.push(id);
  }
  return accepted;
}

function stepLines({ text, commands }: Step): readonly string[] {
  return [...(text === '' ? [] : [text]), ...commands];
}

/** The review above may have had room for the title only. */
const fewEvidence = 3;

/** What an acceptance adds to the diff and the findings. */
function showChangedPart(before: Plan, after: Plan, inWords: InWords, output: Output): void {
  const known = new Set(before.changes.map(canonicalText));
  const added = new Set<Change>(after.changes.filter((change) => !known.has(canonicalText(change))));
  const seen = new Set(before.findings.map(({ id, title }) => `${id} ${title}`));
  const findings = after.findings.filter(({ id, title }) => !seen.has(`${id} ${title}`));
  const isFewer = after.changes.length < before.changes.length;
  const rows = reviewRows(after.changes).filter(
    (row) => isFewer || row.changes.some((change: Change) => added.has(change)),
  );
  if (rows.length === 0 && findings.length === 0) return;
  output.say('');
  const changed = { ...after, findings };
  output.review.toAskAbout(changed, inWords(changed), rows);
}
