/**
 * adsi-remedy apply: apply a saved change or the rows of it that --only and --except say, or continue where an earlier run
 * stopped. A plan that other tools carry out is only checked again: whether anything of it is left, as things
 * are now.
 */

import { isBelow } from '../ad/dn.ts';
import { blockersInWords, type Finding, judgeAgain, openBlockers, wayPast } from '../change/findings.ts';
import type { SavedChange } from '../change/folder.ts';
import { doneIn, type JournalRecord } from '../change/journal.ts';
import { applying, type Change, type DirectoryChange, type Plan } from '../change/plan.ts';
import { fingerprintOfTarget, sameFingerprint } from '../change/planned-file.ts';
import { type Position, positionOf, requireNotUndone, requireNotUndoneInPart } from '../change/position.ts';
import { canonicalText, sealPlan } from '../change/seal.ts';
import type { FurtherSight, Verification } from '../change/verify.ts';
import { type ExitStatus, exitStatus, RefusedError, UsageError } from '../errors.ts';
import { systemFiles } from '../files/file-system.ts';
import { inParallel } from '../files/in-parallel.ts';
import { errnoInWords, onlyWhileBusy } from '../files/system-errors.ts';
import { readArguments, readSeconds } from '../flags.ts';
import type { Remedy, StepsOf } from '../remedies/remedy.ts';
import { type ReviewRow, reviewRows, rowsOfSome } from '../review/rows.ts';
import { recordedLines } from '../review/text.ts';
import { visible } from '../terminal/text-layout.ts';
import { listed } from '../words.ts';
import { applyChange, clearLeftovers, verify } from './apply-change.ts';
import { folderCommand, type InFolder, redraw, withFolders } from './change-folder.ts';
import { applyFlags } from './command-flags.ts';
import type { Context, OpenDirectory } from './context.ts';
import { practiceOf } from './directory.ts';
import { createOutput, type Output } from './output.ts';
import { nothingLeft, reportVerified, sayNextSteps } from './report-outcome.ts';
import { askAboutBlockers, frameOf, sealedPlan, showSurvey } from './run-remedy.ts';
import { confirmName, statusWithoutChanges } from './save-or-apply.ts';
import {
  type Access,
  accessBy,
  judgeNow,
  namedPlan,
  openWorldOf,
  placeOf,
  requireOriginal,
  whatIsNew,
} from './saved-plan.ts';
import { describePlan, type InWords, look, wordsBy } from './world.ts';

/**
 * Runs the command; the exit status says whether all is written (0), a part (4), or what a dry run would write (2).
 * @throws UsageError for the arguments; RefusedError, PlanNotUsableError or DirectoryError where the plan is not applied;
 * FileError if the folder can't be written
 */
export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('apply', args, applyFlags, ['FOLDER']);
  const output = createOutput(context, flags);
  const isDryRun = flags['dry-run'];
  const mayAsk = output.canAsk && !flags.yes && !isDryRun;
  const waitSeconds = readSeconds('wait', flags.wait);
  const access = accessBy(flags, mayAsk);
  const { saved, remedy } = await namedPlan('apply', operands[0], flags.seal, context, output);
  const { folder, plan } = saved;
  if (remedy.handOver !== undefined) {
    requireNoSelection(plan.remedy, flags);
    return lookAgain(saved, remedy, remedy.handOver, access, flags.accept, isDryRun, context, output);
  }
  requireOwnJournal(saved);
  const position = await positionOf(saved, output.patience);
  requireNotUndone('apply', plan, position);
  const practice = await practiceOf(saved, flags, context);
  requireNotUndoneInPart(saved, position, (command, place) => folderCommand(command, place, practice, context));
  const done = doneIn(plan, saved.records);
  const left = new Set([...plan.changes.keys()].filter((index) => !done.has(index)));
  const selected = selectionOf(plan, left, flags.only, flags.except);
  if (left.size > 0 && !access.isApproved) await requireOriginal(saved, 'apply the undo', context, output);
  if (mayAsk && left.size > 0) showLeft(saved, wordsBy(remedy, practice, context), selected, done.size, output);
  const opened = await openWorldOf(saved, access, context, output);
  const { directory } = opened;
  try {
    if (left.size === 0) return await verifyDone(saved, directory, waitSeconds, remedy, isDryRun, context, output);
    if (directory?.isExport === true && selected.size < left.size) throw wholeOnly(folder);
    if (!isDryRun) await clearLeftovers(saved, context, output);
    const inWords = wordsBy(remedy, directory, context);
    const { stepsOf } = inWords(plan);
    const findings = await judgeNow(saved, remedy, opened, selected, flags.accept, access.isApproved);
    const accepted = mayAsk ? await acceptNow(plan, findings, stepsOf, output) : [];
    const judged = findings.map((finding) =>
      accepted.includes(finding.id) ? { ...finding, accepted: true } : finding,
    );
    if (isDryRun && openBlockers(judged).length > 0) return wouldBeRefused(plan, position, judged, stepsOf, output);
    if (openBlockers(judged).length > 0)
      throw refusal({ ...saved, remedy, directory }, position, judged, stepsOf, context, output);
    if (isDryRun) return dryRun(plan, position, judged, inWords, selected, output);
    if (mayAsk && !(await confirmed(output))) {
      output.report('  Nothing was changed.');
      return exitStatus.changesToMake;
    }
    await confirmName({ plan, remedy }, flags.confirm, mayAsk, output);
    const offersToWait = mayAsk && flags.wait === undefined;
    const judgedPlan = { folder, plan, remedy, findings: judged, directory, waitSeconds, offersToWait };
    return await applyChange(selected.size === left.size ? judgedPlan : { ...judgedPlan, selected }, context, output);
  } finally {
    await opened.close();
  }
}

/**
 * The journal counts changes by their places in the plan that was begun. For a plan that was edited since, and sealed again,
 * it would report changes as done that were never written.
 * @throws RefusedError
 */
function requireOwnJournal({ plan, records, folder }: SavedChange): void {
  const isOther = ({ event, plan: id, seal }: JournalRecord): boolean =>
    event === 'begin' && id === plan.id && seal !== undefined && seal !== plan.seal;
  if (!records.some(isOther)) return;
  throw new RefusedError({
    attempted: applying(plan),
    on: folder,
    cameBack: 'it was edited after applying it began: the journal belongs to a plan with another seal',
    next: 'Get an intact copy of the change folder, or make a new plan.',
  });
}

/** An import has no selection: change.ldf always holds all changes of the plan. */
function wholeOnly(folder: string): UsageError {
  return new UsageError({
    attempted: 'apply a part of the plan',
    on: folder,
    cameBack: 'on an export, apply writes the LDIF to import, which holds the whole plan',
    next: 'Leave out --only and --except. To apply a part, make a plan for that part, or apply this plan to the directory with --server.',
  });
}

function showLeft(
  { plan }: SavedChange,
  inWords: InWords,
  selected: ReadonlySet<number>,
  done: number,
  output: Output,
): void {
  for (const line of recordedLines(plan, output.review.options.width)) output.say(line);
  showSelected(plan, selected, inWords, output);
  if (done > 0) output.say(`  ${done} of ${plan.changes.length} changes are already done; these are left.`);
}

/** The changes to be written, in rows with the numbers that they have in the review of the whole plan. */
function showSelected(plan: Plan, selected: ReadonlySet<number>, inWords: InWords, output: Output): void {
  const part = { ...plan, changes: plan.changes.filter((_, index) => selected.has(index)) };
  output.review.plan(part, inWords(part), rowsOfSome(part.changes, plan.changes));
}

/** Findings that are new since the plan was made and can be overruled. */
async function acceptNow(
  plan: Plan,
  findings: readonly Finding[],
  stepsOf: StepsOf,
  output: Output,
): Promise<readonly string[]> {
  const open = openBlockers(findings);
  if (open.length === 0) return [];
  output.review.findings(open, stepsOf);
  for (const line of whatIsNew(plan.findings, findings)) output.say(`  ${line}`);
  return askAboutBlockers(findings, stepsOf, output);
}

async function confirmed(output: Output): Promise<boolean> {
  return output.prompter.confirm({ id: 'apply', message: 'Apply this change now?', flag: '--yes' });
}

function showWhatStops(plan: Plan, findings: readonly Finding[], stepsOf: StepsOf, output: Output): readonly string[] {
  output.review.findings(openBlockers(findings), stepsOf);
  return whatIsNew(plan.findings, findings);
}

function wouldBeRefused(
  plan: Plan,
  position: Position,
  findings: readonly Finding[],
  stepsOf: StepsOf,
  output: Output,
): ExitStatus {
  for (const line of showWhatStops(plan, findings, stepsOf, output)) output.say(`  ${line}`);
  output.say(`  ${output.style.dim('This was a dry run: apply would be refused.')}`);
  output.document({ plan, seal: plan.seal, position: position.kind, findings });
  return exitStatus.refused;
}

/** The error for blockers that stop the plan as things are now, which it shows. */
function refusal(
  { folder, plan, directory }: InFolder,
  position: Position,
  findings: readonly Finding[],
  stepsOf: StepsOf,
  context: Context,
  output: Output,
): RefusedError {
  const news = showWhatStops(plan, findings, stepsOf, output);
  const open = openBlockers(findings);
  const undo = folderCommand('undo', folder, directory, context);
  return new RefusedError({
    attempted: applying(plan),
    on: folder,
    cameBack: `${blockersInWords(open)}. ${news.join(' ')}`,
    next: [
      wayPast(open),
      ...(position.kind === 'applied-in-part' ? [`To undo what was applied before: ${undo}`] : []),
    ].join(' '),
  });
}

function dryRun(
  plan: Plan,
  position: Position,
  findings: readonly Finding[],
  inWords: InWords,
  selected: ReadonlySet<number>,
  output: Output,
): ExitStatus {
  showSelected({ ...plan, findings }, selected, inWords, output);
  output.say(
    `  ${output.style.dim(`This was a dry run: ${selected.size} of ${plan.changes.length} changes would be written.`)}`,
  );
  output.document({ plan, seal: plan.seal, position: position.kind, findings });
  return exitStatus.changesToMake;
}

/** A finished plan is neither judged nor written again, only verified. */
async function verifyDone(
  { plan, folder }: SavedChange,
  directory: OpenDirectory | undefined,
  waitSeconds: number,
  remedy: Remedy,
  isDryRun: boolean,
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  if (isDryRun) {
    output.say(`  ${nothingLeft}`);
    output.document({ plan, seal: plan.seal, position: 'applied', findings: [] });
    return exitStatus.done;
  }
  const isDirectory = directory !== undefined && !directory.isExport;
  const seen = isDirectory
    ? await verify(plan as Plan<DirectoryChange>, { remedy, waitSeconds }, directory, context, output)
    : await filesNotProven(plan, output);
  return reportVerified(plan, folder, seen, output);
}

/** The files that are not as the plan leaves them, though the journal says that all is done; undefined if all are. */
async function filesNotProven(plan: Plan, output: Output): Promise<Verification | undefined> {
  const patience = onlyWhileBusy(output.patience);
  const changes = plan.changes.filter((change) => change.kind === 'file');
  const looks = await inParallel(changes, 16, async (change): Promise<readonly FurtherSight[]> => {
    const found = await fingerprintOfTarget(change, systemFiles(), patience).catch(errnoInWords);
    if (typeof found !== 'string' && sameFingerprint(found, change.after)) return [];
    const detail = typeof found === 'string' ? found : 'it has other content';
    return [{ of: change.path, state: 'not-yet', detail }];
  });
  const further = looks.flat();
  return further.length === 0 ? undefined : { everywhere: false, domainControllers: [], further };
}

/** Which changes only one of two plans has, in lines: what lies in the change folder is drawn from the saved one. */
function differencesOf(saved: Plan, now: Plan): readonly string[] {
  const without = (plan: Plan, other: Plan): readonly string[] => {
    const known = new Set(other.changes.map(keyOf));
    return plan.changes.filter((change) => !known.has(keyOf(change))).map((change) => visible(placeOf(change)));
  };
  const gone = without(saved, now);
  const come = without(now, saved);
  if (gone.length + come.length === 0) return [];
  return [
    ...(gone.length === 0 ? [] : [`In the saved plan, but not found now: ${listed(gone, 5)}.`]),
    ...(come.length === 0 ? [] : [`Found now, but not in the saved plan: ${listed(come, 5)}.`]),
    `Do not use the commands or the LDIF of the saved plan. Make a new plan: adsi-remedy ${visible(saved.remedy)} --save FOLDER.`,
  ];
}

/** What is removed, where and against which reference, as it is shown; what the object holds may have changed. */
function keyOf(change: Change): string {
  if (change.kind !== 'remove-lingering') return canonicalText(change);
  const { on, guid, dn, namingContext, reference } = change;
  return [on, guid, dn, namingContext, reference.host, reference.dsaGuid].join('\n').toLowerCase();
}

/**
 * Looks again with the options of the plan, and shows what there is now. Where that is what the plan holds, its documents
 * are drawn again, for the commands name them; else no command is given. What was accepted stays so as far as it covers
 * what there is now. Gives done if nothing is left and everything was seen, failed if something was not seen, else refused.
 *
 * @param accept ids given to --accept
 * @throws FileError if the documents can't be drawn again; RefusedError if another run is at work on the folder
 */
async function lookAgain(
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
    const frame = frameOf(plan.remedy, plan, context);
    const fresh = sealedPlan(frame, remedy, facts, remedy.propose(facts, options), accept);
    const now = sealPlan({ ...fresh, findings: judgeAgain(plan.findings, fresh.findings) });
    output.review.plan(now, wordsBy(remedy, opened.directory, context)(now));
    output.document({ plan: now, seal: now.seal, position: 'not-applied', findings: now.findings });
    if (now.changes.length === 0) return statusWithoutChanges(now, remedy);
    const others = differencesOf(plan, now);
    for (const line of others) output.say(`  ${line}`);
    if (others.length > 0) return exitStatus.refused;
    if (isDryRun) {
      output.say(`  ${output.style.dim('This was a dry run: apply would write the commands and the LDIF again.')}`);
      return exitStatus.refused;
    }
    // The steps name files of the change folder, which may have been edited: these documents are drawn from the fresh facts.
    const { findings, changes, nextSteps } = now;
    const inFolder = { folder, plan: { ...plan, findings, changes, nextSteps }, remedy, directory: opened.directory };
    await withFolders([folder], context, output, () => redraw(inFolder, true, context, output));
    sayNextSteps(describePlan({ ...inFolder, plan: now }, context).nextSteps, output);
    return exitStatus.refused;
  } finally {
    await opened.close();
  }
}

/**
 * The indices of the changes to write.
 *
 * @param left indices of the changes that are not done
 * @throws UsageError for both flags, a number that is no row, or a selection that lacks what it needs
 */
function selectionOf(
  plan: Plan,
  left: ReadonlySet<number>,
  only: string | undefined,
  except: string | undefined,
): ReadonlySet<number> {
  const given = only ?? except;
  if (given === undefined) return left;
  if (only !== undefined && except !== undefined)
    throw noSelection('--only with --except', 'both select rows', 'Give only one of them.');
  const rows = reviewRows(plan.changes);
  const numbers = numbersIn(given, rows.length);
  const chosen = rows.filter(({ number }) => numbers.has(number) === (only !== undefined));
  const changes = new Set(chosen.flatMap<Change>((row) => row.changes));
  requireWhole(plan, left, rows, changes);
  const isChosen = plan.changes.map((change) => changes.has(change));
  return new Set([...left].filter((index) => isChosen[index]));
}

function numbersIn(given: string, count: number): ReadonlySet<number> {
  const numbers = given.split(',').map((text) => text.trim());
  const wrong = numbers.find((text) => !/^\d+$/.test(text) || Number(text) < 1 || Number(text) > count);
  if (wrong === undefined) return new Set(numbers.map(Number));
  throw noSelection(
    wrong === '' ? given : wrong,
    `it is not a row number; there are ${count} rows`,
    'Give numbers as show prints them, with commas between: --only 1,3',
  );
}

/** A delete needs every delete below it and every clearing of references, chosen or done before. */
function requireWhole(
  plan: Plan,
  left: ReadonlySet<number>,
  rows: readonly ReviewRow[],
  chosen: ReadonlySet<Change>,
): void {
  const deletes = [...chosen].filter(isDelete);
  if (deletes.length === 0) return;
  const isNeeded = (change: Change): boolean =>
    change.kind === 'modify' || (isDelete(change) && deletes.some(({ dn }) => isBelow(change.dn, dn)));
  const needed = new Set(
    plan.changes.filter((change, index) => left.has(index) && !chosen.has(change) && isNeeded(change)),
  );
  if (needed.size === 0) return;
  const numbersOf = (some: ReadonlySet<Change>): readonly number[] =>
    rows.filter((row) => row.changes.some((change) => some.has(change))).map(({ number }) => number);
  throw noSelection(
    numbersOf(needed).join(', '),
    'a selected delete needs these rows too: the entries below it, and the references to them',
    `Select them too: --only ${numbersOf(new Set([...chosen, ...needed])).join(',')}. Or leave the delete out.`,
  );
}

/** A remedy that hands its changes over writes no row. */
function requireNoSelection(remedy: string, flags: Record<'only' | 'except', string | undefined>): void {
  if (flags.only === undefined && flags.except === undefined) return;
  const flag = flags.only === undefined ? '--except' : '--only';
  throw noSelection(flag, `${remedy} writes nothing: its changes are handed over`, `Leave out ${flag}.`);
}

function noSelection(on: string, cameBack: string, next: string): UsageError {
  return new UsageError({ attempted: 'select rows of the review', on, cameBack, next });
}

function isDelete(change: Change): change is Extract<DirectoryChange, { kind: 'delete' | 'delete-tree' }> {
  return change.kind === 'delete' || change.kind === 'delete-tree';
}
