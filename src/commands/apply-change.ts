/** Applies the plan of a change folder and verifies it afterwards. The plan has already been judged. */

import { setMaxListeners } from 'node:events';
import path from 'node:path';
import { applyPlan, type ChangeWriter, requireApplicable } from '../change/apply.ts';
import { entryWriter } from '../change/entry-writer.ts';
import { fileWriter, removeStrays } from '../change/file-writer.ts';
import type { Finding } from '../change/findings.ts';
import { folderParts, type SavedChange, type SavedPlan } from '../change/folder.ts';
import { requirePlainFolder } from '../change/folder-files.ts';
import { doneIn, type JournalRecord, type JournalWriter, openJournal } from '../change/journal.ts';
import type { Change, DirectoryChange, FileChange, ForestTarget, Plan } from '../change/plan.ts';
import { isWholeUndo } from '../change/undo.ts';
import { originalOf, undosOf } from '../change/undo-link.ts';
import { defaultProof, type ProofAccess, type Verification, verifyEverywhere } from '../change/verify.ts';
import { type ExitStatus, exitStatus, RefusedError, RemedyError } from '../errors.ts';
import { systemFiles } from '../files/file-system.ts';
import { accessKeeper } from '../files/own-access.ts';
import { withSearchDeadline } from '../ldap/search-deadline.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { quotedWord, shownPath } from '../quoting.ts';
import type { Remedy } from '../remedies/remedy.ts';
import { asksForControls } from '../review/ldif.ts';
import { createProgressRows, type ProgressRows } from '../terminal/progress.ts';
import { visible } from '../terminal/text-layout.ts';
import { counted } from '../words.ts';
import { type InFolder, redraw, withFolders } from './change-folder.ts';
import type { Context, OpenDirectory } from './context.ts';
import type { Output } from './output.ts';
import { reportOutcome, reportSeen, sayNextSteps } from './report-outcome.ts';
import { computersIn, journalOf } from './saved-plan.ts';
import { describePlan, sessionsOf } from './world.ts';

/** A change folder to write from. */
export interface Apply {
  /** Absolute. */
  readonly folder: string;
  readonly plan: Plan;
  readonly remedy: Remedy;
  /** The judgement of the plan as things are now. */
  readonly findings: readonly Finding[];
  /** Indices of the changes to write; all if left out. */
  readonly selected?: ReadonlySet<number>;
  /** Of a plan for a directory. */
  readonly directory?: OpenDirectory | undefined;
  readonly waitSeconds: number;
  /** Whether the user may be asked to wait for DCs that do not have the change yet. */
  readonly offersToWait: boolean;
}

/**
 * Applies the plan of a change folder, or the changes that an earlier run left. No other run may use the folder.
 * @throws RefusedError if one is, or the plan is stopped; FileError for the journal; DirectoryError if the directory can't be
 * opened again
 */
export async function applyChange(apply: Apply, context: Context, output: Output): Promise<ExitStatus> {
  const original = await originalOf(apply.folder, apply.plan, output.patience);
  const folders = original === undefined ? [apply.folder] : [apply.folder, original.folder];
  for (const folder of folders) await requirePlainFolder(backupOf(folder));
  return withFolders(folders, context, output, async () => {
    try {
      return await applyLocked(apply, original, context, output);
    } finally {
      await redrawIfPossible(asJudged(apply), true, context, output);
      if (original !== undefined)
        await redrawIfPossible({ ...apply, ...original }, isWithin(original.plan, apply.plan), context, output);
    }
  });
}

/** An LDIF to import lists what this run has accepted. For changes that this tool writes, the journal does. */
function asJudged(apply: Apply): Apply {
  const { plan, findings, directory } = apply;
  return directory?.isExport === true ? { ...apply, plan: { ...plan, findings } } : apply;
}

/** Writes the outcome into the page. If the page can't be drawn again, the outcome stays the same. */
async function redrawIfPossible(
  inFolder: InFolder,
  mayConnect: boolean,
  context: Context,
  output: Output,
): Promise<void> {
  try {
    await redraw(inFolder, mayConnect, context, output);
  } catch (error) {
    if (!(error instanceof RemedyError)) throw error;
    output.report(`  ${output.style.warning('The review could not be updated:')} ${visible(error.trouble.cameBack)}`);
  }
}

/**
 * Removes what a killed run of the plan left next to its files and in its backup. Call it before the files are judged:
 * a file that got a second name in the backup, and was not replaced, would be a blocker.
 */
export async function clearLeftovers(saved: SavedChange, context: Context, output: Output): Promise<void> {
  const { plan, folder, records } = saved;
  if (records.length === 0 || !isFilePlan(plan)) return;
  await withFolders([folder], context, output, () => clearStrays(saved, output));
}

/** The same for leftovers of killed undos of a change: they would stop its next undo, or stay for good. */
export async function clearLeftoversOfUndos(saved: SavedChange, context: Context, output: Output): Promise<void> {
  for (const undo of await undosOf(saved.folder, saved.plan, output.patience)) {
    await requirePlainFolder(backupOf(undo.folder));
    await clearLeftovers({ ...undo, records: await journalOf(undo, output) }, context, output);
  }
}

function backupOf(folder: string): string {
  return path.join(folder, folderParts.backup);
}

async function applyLocked(
  apply: Apply,
  original: SavedPlan | undefined,
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  const { plan, folder, findings, directory } = apply;
  const { patience } = output;
  const records = await journalOf(apply, output);
  requireApplicable({ ...plan, findings }, records);
  if (original !== undefined) await refuseOutrun(plan, original, output);
  const run: Run = { apply, original, records, context, output };
  if (isFilePlan(plan)) {
    // The original run may have been killed too, and may have left files next to others that the undo does not touch.
    if (original !== undefined && isWithin(original.plan, plan)) await clearStrays(original, output);
    const writer = fileWriter({
      files: systemFiles(),
      keepAccess: context.tools && (await accessKeeper(plan.changes, context.tools, patience)),
      backupFolder: backupOf(folder),
      // An undo must not fail for lack of disk space: the plan holds the bytes that it replaces.
      backups: plan.undoes === undefined ? 'required' : 'as-room-permits',
      planId: plan.id,
      randomId: context.randomId,
      patience,
    });
    return writeWith(writer, plan, run);
  }
  if (directory === undefined || !isDirectoryPlan(plan))
    throw new TypeError('a plan for a directory needs a directory');
  if (directory.isExport) return rehearse(plan, directory, run);
  const writer = entryWriter(await directory.reopen(), directory.reopen);
  try {
    return await writeWith(writer, plan, run, (waitSeconds) =>
      verify(plan, { remedy: apply.remedy, waitSeconds }, directory, context, output),
    );
  } finally {
    await writer.close();
  }
}

/** Whether the plan that is undone names no other computer than its undo: this run may open files only on those. */
function isWithin(original: Plan, undo: Plan): boolean {
  const known = new Set(computersIn(undo).map((computer) => computer.toLowerCase()));
  return computersIn(original).every((computer) => known.has(computer.toLowerCase()));
}

/** What one run of apply works with. */
interface Run {
  readonly apply: Apply;
  /** The plan that this one undoes. */
  readonly original: SavedPlan | undefined;
  readonly records: readonly JournalRecord[];
  readonly context: Context;
  readonly output: Output;
}

function isFilePlan(plan: Plan): plan is Plan<FileChange> {
  return plan.target.kind === 'files';
}

function isDirectoryPlan(plan: Plan): plan is Plan<DirectoryChange> & { readonly target: ForestTarget } {
  return plan.target.kind === 'forest';
}

/**
 * Refuses an undo whose original was resumed since the undo was planned: it would leave that in place. The order of the
 * original's records counts, whatever the clock did, and whatever number a record gives itself.
 */
async function refuseOutrun({ undoes }: Plan, original: SavedPlan, output: Output): Promise<void> {
  const later = (await journalOf(original, output)).slice(undoes?.seq);
  if (!later.some(({ plan, change }) => plan === undoes?.id && change !== undefined)) return;
  throw new RefusedError({
    attempted: 'apply the undo',
    on: original.folder,
    cameBack: 'the original change was resumed after this undo was planned',
    next: 'Plan the undo again: adsi-remedy undo FOLDER.',
  });
}

const forgetfulJournal: JournalWriter = {
  append: async () => undefined,
  enqueue: () => undefined,
  close: async () => undefined,
};

/** On an export only LDIF is written: the plan is tried on a copy in memory, then there is a file to import. */
async function rehearse(plan: Plan<DirectoryChange>, directory: OpenDirectory, run: Run): Promise<ExitStatus> {
  const { apply, context, output } = run;
  const { folder, findings, remedy } = apply;
  const writer = entryWriter(await directory.reopen(), directory.reopen);
  const { signal } = new AbortController();
  const request = { plan, findings, writer, journal: forgetfulJournal, records: [], now: context.now, signal };
  const { notDone, notBegun } = await applyPlan(request).finally(() => writer.close());
  if (notDone.length > 0) {
    const result = { done: 0, doneBefore: 0, notDone, notBegun };
    return reportOutcome({ result, interrupted: false, plan, folder, remedy }, context, output);
  }
  // An LDIF that was edited outside the tool is never recommended.
  await redraw(asJudged(apply), true, context, output);
  const ldif = quotedWord(shownPath(path.join(folder, folderParts.ldif), context), context.platform);
  output.say(
    `  ${output.style.bold('No directory was changed.')} The changes fit the export; the LDIF to import is ${ldif}`,
  );
  for (const line of importAdvice(plan, ldif)) output.say(`  ${line}`);
  sayNextSteps(describePlan({ remedy, plan, directory }, context).nextSteps, output);
  output.document({ plan: plan.id, folder, outcome: 'written', ldif: path.join(folder, folderParts.ldif) });
  return exitStatus.done;
}

/** How to import the LDIF, and which tool cannot. */
function importAdvice({ changes }: Plan<DirectoryChange>, ldif: string): readonly string[] {
  if (!asksForControls(changes)) return [`On Windows: ldifde -i -f ${ldif}   on other systems: ldapmodify -f ${ldif}`];
  return [
    `Import it with: ldapmodify -f ${ldif}`,
    'ldifde cannot import it: the changes use controls ("control:" lines), which ldifde does not support.',
    ...(changes.some(({ kind }) => kind === 'delete-tree')
      ? ['A plan without --tree-delete deletes the entries one by one, and ldifde can import its LDIF too.']
      : []),
  ];
}

async function clearStrays({ folder, plan }: SavedPlan, output: Output): Promise<void> {
  if (!isFilePlan(plan)) return;
  const strays = await removeStrays(plan.changes, {
    files: systemFiles(),
    backupFolder: backupOf(folder),
    planId: plan.id,
    patience: output.patience,
  });
  for (const stray of strays) {
    output.report(`  Removed the temporary file of an interrupted run: ${visible(stray)}`);
  }
}

async function writeWith<C extends Change>(
  writer: ChangeWriter<C>,
  plan: Plan<C>,
  { apply, original, records, context, output }: Run,
  look?: (waitSeconds: number) => Promise<Verification>,
): Promise<ExitStatus> {
  const { folder, findings, selected, remedy, waitSeconds, directory } = apply;
  if (original !== undefined) await noteUndoBegun(original, plan, context.now(), output);
  const journal = await openJournal(path.join(folder, folderParts.journal), output.patience);
  const progress = output.progress();
  try {
    const { result, interrupted } = await context.interruptible(async (signal) => {
      const before = doneIn(plan, records);
      const isOpen = (index: number): boolean => !before.has(index) && (selected?.has(index) ?? true);
      const open = [...plan.changes.keys()].filter(isOpen);
      progress.start(open.length, plan.undoes === undefined ? 'Applying' : 'Undoing');
      const applied = await applyPlan({
        plan,
        findings,
        ...(selected === undefined ? {} : { selected }),
        by: context.author,
        writer,
        journal,
        records,
        now: context.now,
        signal,
        onOutcome: () => progress.advance(),
      });
      return { result: applied, interrupted: signal.aborted && applied.notBegun > 0 };
    });
    progress.done();
    const complete = result.notDone.length === 0 && result.notBegun === 0 && result.endedBy === undefined;
    // Targets that an undo left out are still changed, or were edited by others: the change is not fully undone.
    const isWhole = plan.undoes === undefined || isWholeUndo(plan);
    if (complete && isWhole) await noteInOriginal(plan, original, context, output);
    const seen = complete ? await look?.(waitSeconds) : undefined;
    const applied = { result, interrupted, plan, folder, remedy, directory, seen };
    const status = await reportOutcome(applied, context, output);
    if (complete && !isWhole) return exitStatus.partial;
    if (apply.offersToWait && look !== undefined && (await wantsToWait(seen, output))) {
      return reportSeen(await look(offeredSeconds), output);
    }
    return seen?.everywhere === false && waitSeconds > 0 ? exitStatus.failed : status;
  } finally {
    progress.done();
    await journal.close();
  }
}

/** How long the wizard offers to wait for replication, in seconds: as long as replication between sites takes by default. */
const offeredSeconds = 900;

/** Asks whether to wait, where a DC that answers does not have the change yet. The outcome was reported already. */
async function wantsToWait(seen: Verification | undefined, output: Output): Promise<boolean> {
  const late = seen?.domainControllers.filter(({ state }) => state === 'not-yet').length ?? 0;
  if (late === 0) return false;
  return output.prompter.confirm({
    id: 'wait',
    message: `${counted(late, 'domain controller does', 'domain controllers do')} not have it yet. Wait up to ${offeredSeconds / 60} minutes for replication?`,
    flag: '--wait SECONDS',
  });
}

/** Looks for the change on every DC; what can't be asked is part of what it gives. */
export async function verify(
  plan: Plan<DirectoryChange>,
  { remedy, waitSeconds }: Pick<Apply, 'remedy' | 'waitSeconds'>,
  directory: OpenDirectory,
  context: Context,
  output: Output,
): Promise<Verification> {
  let rows: ProgressRows | undefined;
  try {
    return await verifyEverywhere(remedy.verify?.(plan) ?? defaultProof(plan.changes), boundedIn(directory), {
      waitSeconds,
      now: context.now,
      sleep: context.sleep,
      begin: (hosts) => {
        rows = createProgressRows(output.screen, hosts);
      },
      update: (host, state) => rows?.update(host, state),
    });
  } finally {
    rows?.done();
  }
}

/** How long one look at a DC may take, in milliseconds: what it has not shown by then is not known. */
const mostForALook = 300_000;

/** Sessions whose reads fail with DirectoryError when one look has taken too long. */
function boundedIn(directory: OpenDirectory): ProofAccess {
  const bounded = (opened: DirectorySession): DirectorySession => {
    const end = new AbortController();
    // As many reads as are on their way listen to it.
    setMaxListeners(0, end.signal);
    const timer = setTimeout(() => end.abort(), mostForALook);
    const close = (): Promise<void> => {
      clearTimeout(timer);
      return opened.close();
    };
    return { ...withSearchDeadline(opened, end.signal), close };
  };
  return { session: directory.session, ...sessionsOf(directory, bounded) };
}

/** When an undo is complete, the journal of what it reverses says so, and that plan can't be applied again. */
async function noteInOriginal(
  plan: Plan,
  original: SavedPlan | undefined,
  context: Context,
  output: Output,
): Promise<void> {
  if (plan.undoes === undefined) return;
  if (original !== undefined) return noteUndone(original, plan, context, output);
  const warning = output.style.warning('The change folder of the undone plan was not found:');
  output.say(`  ${warning} plan ${plan.undoes.id}. Its journal could not be updated; do not apply that plan again.`);
}

/** Says in the journal of what an undo reverses that the undo is about to write. Throws what openJournal throws. */
async function noteUndoBegun(original: SavedPlan, { id }: Plan, now: Date, output: Output): Promise<void> {
  const records = await journalOf(original, output);
  if (records.some((record) => record.event === 'begin' && record.plan === id)) return;
  const detail = 'an undo of this plan';
  await appendNote(original, { time: now.toISOString(), event: 'begin', plan: id, detail }, output);
}

/**
 * Says there that it is undone, by whom, and how much of it no undo brings back: it can't be applied again. Throws what
 * openJournal throws.
 */
export async function noteUndone(
  original: SavedPlan,
  { id, leftOut }: Pick<Plan, 'id' | 'leftOut'>,
  { now, author }: Pick<Context, 'now' | 'author'>,
  output: Output,
): Promise<void> {
  const { id: plan } = original.plan;
  const lost = leftOut.length === 0 ? {} : { lost: leftOut.length };
  const time = now().toISOString();
  await appendNote(original, { time, event: 'undone', plan, detail: `by ${id}`, by: author, ...lost }, output);
}

async function appendNote({ folder }: SavedPlan, record: JournalRecord, { patience }: Output): Promise<void> {
  const journal = await openJournal(path.join(folder, folderParts.journal), patience);
  try {
    await journal.append(record);
  } finally {
    await journal.close();
  }
}
