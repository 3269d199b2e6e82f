/**
 * adsi-remedy show: the review of a saved change, drawn from its plan; with --drift also which targets are no longer as the
 * plan expects them. Reads, never writes.
 */

import { sameDn } from '../ad/dn.ts';
import { guidBase } from '../ad/entry.ts';
import { editSincePlanned, wholeEntry, withoutSacl } from '../change/entry-content.ts';
import { openBlockers, whyRefused } from '../change/findings.ts';
import type { SavedChange } from '../change/folder.ts';
import { doneIn } from '../change/journal.ts';
import { whatIsLeft } from '../change/modify-writer.ts';
import { type Change, type DirectoryChange, type FileChange, isDirectoryChange } from '../change/plan.ts';
import { fingerprintOfTarget, sameFingerprint } from '../change/planned-file.ts';
import { type Position, positionInWords, positionOf } from '../change/position.ts';
import { isAwayFromOriginal } from '../change/undo-link.ts';
import { type ExitStatus, exitStatus, RemedyError } from '../errors.ts';
import { systemFiles } from '../files/file-system.ts';
import { inParallel } from '../files/in-parallel.ts';
import { errnoInWords, onlyWhileBusy, type Patience } from '../files/system-errors.ts';
import { readArguments } from '../flags.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { exhibitLines, headLines } from '../review/exhibit-text.ts';
import { headOf, outcomeOf, stepsNow } from '../review/summary.ts';
import { recordedLines, savedStepLines } from '../review/text.ts';
import { visible } from '../terminal/text-layout.ts';
import { folderCommand, type InFolder, redraw, withFolders } from './change-folder.ts';
import { showFlags } from './command-flags.ts';
import type { Context } from './context.ts';
import { practiceOf } from './directory.ts';
import { createOutput, type Output } from './output.ts';
import { shortSeal } from './save-or-apply.ts';
import { type Access, accessBy, namedPlan, openWorldOf, placeOf } from './saved-plan.ts';
import { type DescribedPlan, describePlan } from './world.ts';

/**
 * Runs the command, which reads the change folder alone, unless --drift asks for the targets.
 * @throws UsageError for the arguments; RefusedError or PlanNotUsableError for the plan; what reading the targets throws
 */
export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('show', args, showFlags, ['FOLDER']);
  const output = createOutput(context, flags);
  const { saved, remedy } = await namedPlan('show', operands[0], flags.seal, context, output);
  const { plan, folder } = saved;
  const position = await positionOf(saved, output.patience);
  const inFolder = { ...saved, remedy, directory: await practiceOf(saved, flags, context) };
  await redrawWhereItMay(inFolder, flags.seal !== undefined, context, output);
  showReview(saved, describePlan(inFolder, context), output);
  const drift = flags.drift ? await driftOf(saved, accessBy(flags, output.canAsk), context, output) : undefined;
  output.say(
    remedy.handOver === undefined
      ? `  ${positionInWords(position)}${commandFor(inFolder, position, await isAwayFromOriginal(saved, output.patience), context)}`
      : `  To check again: ${folderCommand('apply', folder, inFolder.directory, context)}`,
  );
  if (isOfUnknownSite(inFolder.directory))
    output.say(
      '  DIR in the commands is the folder of the practice site: name it with --practice, and show prints it.',
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

/** Whether the commands are for a practice site that is neither named nor around the change folder nor here. */
function isOfUnknownSite(directory: InFolder['directory']): boolean {
  return directory?.connection.kind === 'practice' && directory.practiceSite === undefined;
}

/** Replaces documents that were edited outside the tool, if the folder is writable and no other run uses it. */
async function redrawWhereItMay(
  inFolder: InFolder,
  isApproved: boolean,
  context: Context,
  output: Output,
): Promise<void> {
  try {
    await withFolders([inFolder.folder], context, output, () => redraw(inFolder, isApproved, context, output));
  } catch (error) {
    // A read-only folder is shown from its plan, which is authoritative.
    if (!(error instanceof RemedyError)) throw error;
  }
}

function showReview({ plan, records }: SavedChange, description: DescribedPlan, output: Output): void {
  output.say(`  ${output.style.bold(description.title)}`);
  for (const line of headLines([...headOf(plan), ...description.summary], output.review.options)) output.say(line);
  for (const line of recordedLines(plan, output.review.options.width)) output.say(line);
  output.say('');
  output.review.plan(plan, description);
  for (const exhibit of [...description.changes, ...plan.exhibits]) {
    output.say('');
    for (const line of exhibitLines(exhibit, output.review.options)) output.say(line);
  }
  const steps = stepsNow(description.nextSteps, outcomeOf(plan, records));
  if (steps.length > 0) {
    output.say('');
    for (const line of savedStepLines(steps)) output.say(`  ${line}`.trimEnd());
  }
  output.say('');
}

/** @param isAway whether it is an undo that its change does not vouch for: apply asks for its seal */
function commandFor(
  { folder, plan, directory }: InFolder,
  position: Position,
  isAway: boolean,
  context: Context,
): string {
  const withSeal = isAway ? ', adding --seal and the seal that was approved' : '';
  const command = (name: 'apply' | 'undo', place: string): string => folderCommand(name, place, directory, context);
  switch (position.kind) {
    case 'not-applied':
      return openBlockers(plan.findings).length > 0
        ? ` It cannot be applied as it is: ${whyRefused(plan.findings)}.`
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

interface Drift {
  readonly status: ExitStatus;
  readonly moved: readonly { readonly on: string; readonly what: string }[];
}

type Sight = { readonly kind: 'as-planned' } | { readonly kind: 'moved' | 'unknown'; readonly what: string };

const asPlanned: Sight = { kind: 'as-planned' };

/** Compares each target with the plan: before its change where that is not done, after it where it is. */
async function driftOf(saved: SavedChange, access: Access, context: Context, output: Output): Promise<Drift> {
  const opened = await openWorldOf(saved, access, context, output);
  try {
    const done = doneIn(saved.plan, saved.records);
    const patience = onlyWhileBusy(output.patience);
    const session = opened.world.kind === 'directory' ? opened.world.session : undefined;
    const sights = await inParallel([...saved.plan.changes.entries()], 16, async ([index, change]) => ({
      on: placeOf(change),
      sight: await lookAt(change, done.has(index), session, patience),
    }));
    const moved = sights.flatMap(({ on, sight }) => (sight.kind === 'as-planned' ? [] : [{ on, what: sight.what }]));
    for (const { on, what } of moved)
      output.say(`  ${output.style.warning('moved')}    ${visible(on)}: ${visible(what)}`);
    if (moved.length === 0) output.say('  No target has changed since the plan was made.');
    const isUnknown = sights.some(({ sight }) => sight.kind === 'unknown');
    return { status: isUnknown ? exitStatus.failed : moved.length > 0 ? exitStatus.refused : exitStatus.done, moved };
  } finally {
    await opened.close();
  }
}

async function lookAt(
  change: Change,
  isDone: boolean,
  session: DirectorySession | undefined,
  patience: Patience,
): Promise<Sight> {
  if (change.kind === 'file') return lookAtFile(change, isDone, patience);
  if (session === undefined) return { kind: 'unknown', what: 'no directory is open' };
  if (!isDirectoryChange(change)) return { kind: 'unknown', what: 'apply checks it again on its own DC' };
  try {
    return await lookAtEntry(change, isDone, session);
  } catch (error) {
    // If one entry can't be read, the others are still compared.
    if (error instanceof RemedyError) return { kind: 'unknown', what: error.trouble.cameBack };
    throw error;
  }
}

async function lookAtFile(change: FileChange, isDone: boolean, patience: Patience): Promise<Sight> {
  const { before, after } = change;
  try {
    const found = await fingerprintOfTarget(change, systemFiles(), patience);
    if (sameFingerprint(found, isDone ? after : before)) return asPlanned;
    return { kind: 'moved', what: sameFingerprint(found, after) ? 'it is already changed' : 'it has been edited' };
  } catch (error) {
    return { kind: 'moved', what: errnoInWords(error) };
  }
}

async function lookAtEntry(change: DirectoryChange, isDone: boolean, session: DirectorySession): Promise<Sight> {
  const names = change.kind === 'modify' ? change.edits.map(({ attribute }) => attribute) : wholeEntry;
  const base = change.kind === 'add' ? change.dn : guidBase(change.guid);
  const entry = await session.readEntry(base, names, change.kind === 'modify' ? [] : [withoutSacl]);
  if (change.kind === 'modify') {
    if (entry === undefined) return { kind: 'moved', what: 'the entry is gone' };
    const left = change.edits.map((edit) => whatIsLeft(edit, entry).kind);
    if (left.every((kind) => kind === (isDone ? 'done' : 'open'))) return asPlanned;
    return {
      kind: 'moved',
      what: left.every((kind) => kind === 'done') ? 'it already has the new values' : 'its values have changed',
    };
  }
  const isThere = entry !== undefined && sameDn(entry.dn, change.dn);
  const shouldBeThere = (change.kind === 'delete' || change.kind === 'delete-tree') !== isDone;
  if (isThere !== shouldBeThere)
    return { kind: 'moved', what: isThere ? 'the entry exists' : 'the entry is gone, or was moved' };
  if (change.kind !== 'delete' || isDone || entry === undefined) return asPlanned;
  const exists = async (dn: string): Promise<boolean> => (await session.readEntry(dn, ['1.1'])) !== undefined;
  const edit = await editSincePlanned(change.attributes, entry, exists);
  return edit === undefined ? asPlanned : { kind: 'moved', what: `it is not as the plan says: ${edit}` };
}
