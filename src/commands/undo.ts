/** adsi-remedy undo: the reverse of what was applied, as a plan that is handled like every other. */

import path from 'node:path';
import { type FindingDraft, judge, openBlockers } from '../change/findings.ts';
import type { SavedChange } from '../change/folder.ts';
import { hasBegun } from '../change/journal.ts';
import { type Change, isDirectoryChange, type Plan, type Proposal } from '../change/plan.ts';
import { sealPlan } from '../change/seal.ts';
import {
  changesToUndo,
  type Gone,
  isWholeUndo,
  lostForGood,
  missingTargets,
  requireSomethingToUndo,
  type ToUndo,
  type Undo,
  undoFileChanges,
  withoutGone,
} from '../change/undo.ts';
import { undoEntryChanges } from '../change/undo-entries.ts';
import { folderSeenFrom } from '../change/undo-link.ts';
import { type ExitStatus, RefusedError } from '../errors.ts';
import type { Patience } from '../files/system-errors.ts';
import { type Flags, readArguments } from '../flags.ts';
import type { DirectorySession } from '../ldap/session.ts';
import type { Remedy } from '../remedies/remedy.ts';
import { askingAgain } from '../terminal/prompter.ts';
import { clearLeftoversOfUndos, noteUndone } from './apply-change.ts';
import { withFolders } from './change-folder.ts';
import { undoFlags } from './command-flags.ts';
import type { Context } from './context.ts';
import { createOutput, type Output } from './output.ts';
import { finishPlan, frameOf } from './run-remedy.ts';
import {
  applyOptionsOf,
  carryOut,
  type Decision,
  type Finished,
  readDecision,
  settleOutcome,
} from './save-or-apply.ts';
import { accessBy, namedPlan, openWorldOf, requireOriginal } from './saved-plan.ts';
import { assessedBy, look, type OpenWorld, wordsBy } from './world.ts';

/**
 * Runs the command.
 * @throws UsageError for the arguments; RefusedError or PlanNotUsableError for a change that is not undone; what reading
 * and writing its targets throws
 */
export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('undo', args, undoFlags, ['FOLDER']);
  const output = createOutput(context, flags);
  const decision = readDecision('undo', flags, output);
  const { saved, remedy } = await namedPlan('undo', operands[0], flags.seal, context, output);
  if (remedy.handOver !== undefined) throw nothingWritten(saved);
  requireJournal(saved, flags.seal);
  if (flags.seal === undefined) await requireOriginal(saved, 'undo the undo', context, output);
  const work = (): Promise<ExitStatus> => undoChange(saved, remedy, decision, flags, context, output);
  return isOnlyLooking(decision) ? work() : withFolders([saved.folder], context, output, work);
}

/** Whether the run only looks: the folder is then not changed, because it may be read-only. */
function isOnlyLooking({ kind }: Decision): boolean {
  return kind === 'dry-run' || kind === 'save';
}

function nothingWritten({ plan, folder }: SavedChange): RefusedError {
  return new RefusedError({
    attempted: 'undo the plan',
    on: folder,
    cameBack: `${plan.remedy} writes nothing: its changes are handed over`,
    next: 'If you have run its commands, restore the entries yourself: backup/before.ldf holds them as they were.',
  });
}

/**
 * The undo of a forged plan must not create objects: the journal has to know the plan, or the user
 * approves it with --seal.
 */
function requireJournal({ plan, folder, records }: SavedChange, given: string | undefined): void {
  if (hasBegun(plan, records) || given !== undefined) return;
  throw new RefusedError({
    attempted: 'undo the plan',
    on: folder,
    cameBack: 'its journal does not show that this plan, with this seal, was ever applied',
    next: 'If it was applied and the journal is lost, give --seal with the seal of the plan that was approved: the targets are then compared with it.',
  });
}

async function undoChange(
  saved: SavedChange,
  remedy: Remedy,
  decision: Decision,
  flags: Flags<typeof undoFlags>,
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  const { folder, plan: original, records } = saved;
  const applyOptions = applyOptionsOf(flags, decision);
  const access = accessBy(flags, output.canAsk && !flags.yes);
  const all = changesToUndo(original, records, access.isApproved);
  const opened = await openWorldOf(saved, access, context, output);
  try {
    if (!isOnlyLooking(decision)) await clearLeftoversOfUndos(saved, context, output);
    const session = opened.directory?.session;
    const targets = session === undefined ? new Set<string>() : await missingTargets([...all.recorded], session);
    const gone: Gone = { entries: remedy.gone?.(original) ?? new Set(), targets };
    const toUndo = withoutGone(all, gone);
    const lost = lostForGood(all.recorded, gone);
    const undo = await undoOf(toUndo, session, output.patience);
    requireSomethingToUndo(original, all.recorded, undo.changes.length);
    // Without --save it is made in FOLDER, under a name that is found only then.
    const undoFolder =
      decision.kind === 'save' ? path.resolve(context.currentFolder, decision.folder) : path.join(folder, 'undo');
    const proposal: Proposal = {
      target: opened.world.kind === 'directory' ? opened.world.target : original.target,
      ...(original.subject === undefined ? {} : { subject: original.subject }),
      intent: original.intent,
      changes: undo.changes,
      leftOut: [...undo.leftOut, ...lost.leftOut],
      undoes: {
        id: original.id,
        seal: original.seal,
        folder: folderSeenFrom(undoFolder, folder),
        seq: records.length,
      },
    };
    const frame = frameOf(original.remedy, flags, context);
    const { assessed, recorded } = await assess(remedy, opened, frame, proposal);
    const planWith = (accept: readonly string[]): Plan =>
      sealPlan({
        ...frame,
        ...proposal,
        findings: [...judge([...undo.findings, ...lost.findings], {}, accept), ...judge(assessed, proposal, accept)],
        ...recorded,
      });
    const { finished, outcome } = await askingAgain(output.prompter, async (prompter) => {
      const asked = { ...output, prompter };
      const ready: Finished = {
        plan: await finishPlan(planWith, flags.accept, decision, wordsBy(remedy, opened.directory, context), asked),
        remedy,
        records: [],
        folderName: 'undo',
        home: folder,
        directory: opened.directory,
        ...applyOptions,
      };
      return { finished: ready, outcome: await settleOutcome(ready, decision, asked) };
    });
    const status = await carryOut(finished, outcome, context, output);
    await markIfBack(finished.plan, saved, decision, context, output);
    return status;
  } finally {
    await opened.close();
  }
}

async function undoOf(
  toUndo: ToUndo<Change>,
  session: DirectorySession | undefined,
  patience: Patience,
): Promise<Undo<Change>> {
  return session === undefined
    ? undoFileChanges(
        ofKind(toUndo, (change) => change.kind === 'file'),
        patience,
      )
    : undoEntryChanges(ofKind(toUndo, isDirectoryChange), session);
}

function ofKind<C extends Change>(
  { changes, recorded }: ToUndo<Change>,
  is: (change: Change) => change is C,
): ToUndo<C> {
  return { changes: changes.filter(is), recorded: new Set([...recorded].filter(is)) };
}

/** Findings on the undo: the remedy judges it like every change. */
async function assess(
  remedy: Remedy,
  opened: OpenWorld,
  frame: ReturnType<typeof frameOf>,
  proposal: Proposal,
): Promise<{ readonly assessed: readonly FindingDraft[]; readonly recorded: ReturnType<Remedy['record']> }> {
  if (proposal.changes.length === 0) return { assessed: [], recorded: { exhibits: [], nextSteps: [] } };
  const plan = sealPlan({ ...frame, ...proposal, findings: [] });
  const facts = await look(remedy, opened, { kind: 'plan', plan, done: new Set() });
  return { assessed: assessedBy(remedy, facts, proposal), recorded: remedy.record(facts, proposal) };
}

/** If everything is already restored, only the journal of the original change has to be completed. */
async function markIfBack(
  undo: Plan,
  saved: SavedChange,
  decision: Decision,
  context: Context,
  output: Output,
): Promise<void> {
  const isWanted = decision.kind === 'apply' || decision.kind === 'ask';
  if (!isWanted || undo.changes.length > 0 || !isWholeUndo(undo) || openBlockers(undo.findings).length > 0) return;
  await noteUndone(saved, undo, context, output);
  const all = undo.leftOut.length === 0 ? 'Everything' : 'Everything that can be restored';
  output.report(`  ${all} is already restored. The journal now marks the change as undone.`);
}
