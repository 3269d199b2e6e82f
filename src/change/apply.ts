/**
 * Applies a plan: the only place that triggers writes. The kind of target is the responsibility of a
 * ChangeWriter; order, journal, resuming and the count of what happened are the same for all.
 */

import { RefusedError, RemedyError } from '../errors.ts';
import { inParallel } from '../files/in-parallel.ts';
import { blockersInWords, type Finding, openBlockers, wayPast } from './findings.ts';
import { doneIn, type JournalEvent, type JournalRecord, type JournalWriter } from './journal.ts';
import { type Author, applying, type Change, type Plan } from './plan.ts';
import { journalPosition, requireNotUndone } from './position.ts';

/** The outcome of one change. */
export type ChangeOutcome =
  | { readonly kind: 'done' }
  /** The target already is as the plan wants it: an earlier run did it and was killed before it could record that. */
  | { readonly kind: 'already-done' }
  /** The target is not as planned; nothing was written. */
  | { readonly kind: 'drifted'; readonly what: string }
  | { readonly kind: 'failed'; readonly error: Error }
  /** The write was sent and its answer lost, and checking afterwards did not show the outcome either. */
  | { readonly kind: 'unknown'; readonly error: Error };

/** Writes one kind of change. */
export interface ChangeWriter<C extends Change> {
  /** How many changes may be written at the same time. */
  readonly parallel: number;
  /** Whether a change that did not succeed ends the run: where later ones build on it, or would meet the same. */
  endsRun(change: C, outcome: ChangeOutcome): boolean;
  /** The path or DN, for the journal. */
  nameOf(change: C): string;
  /** The DC that is written to, if it is one. */
  readonly server?: string;
  /** After an integrated logon: "sealed, as CORP\jane (Kerberos)". */
  readonly connection?: string;
  /**
   * Looks at all that later changes depend on before the first one is written, so that a plan which can't be carried out
   * to its end is not begun. Gives the change that prevents it.
   *
   * @param open those of the plan that no earlier run has done
   */
  lookAhead?(changes: readonly C[], open: readonly C[]): Promise<ChangeResult<C> | undefined>;
  /**
   * Looks at the target, and if it is as planned writes, once `intent` has been called and has resolved; it may be called
   * while the look is under way. Errors of the target are outcomes; what it throws (a journal that can't be written)
   * ends the run.
   */
  write(change: C, intent: () => Promise<void>): Promise<ChangeOutcome>;
}

/** The plan to apply, the writer, and the progress. */
export interface ApplyRequest<C extends Change> {
  readonly plan: Plan<C>;
  /** The fresh findings on the plan; by default the plan's own. */
  readonly findings?: readonly Finding[];
  /** Indices of the changes to write; all if left out. */
  readonly selected?: ReadonlySet<number>;
  readonly by?: Author;
  readonly writer: ChangeWriter<C>;
  readonly journal: JournalWriter;
  /** What the journal already holds. */
  readonly records: readonly JournalRecord[];
  readonly now: () => Date;
  /** Aborted when no further change may be begun. */
  readonly signal: AbortSignal;
  readonly onOutcome?: (change: C, outcome: ChangeOutcome) => void;
}

/** A change with its outcome. */
export interface ChangeResult<C extends Change> {
  readonly change: C;
  readonly outcome: ChangeOutcome;
}

/** The outcome of a run. */
export interface ApplyResult<C extends Change> {
  /** Changes done now or found done. */
  readonly done: number;
  /** Changes that an earlier run had done. */
  readonly doneBefore: number;
  readonly notDone: readonly ChangeResult<C>[];
  /**
   * Changes not begun because one before them did not succeed, because the run was ended, or because they were not
   * selected.
   */
  readonly notBegun: number;
  /** What ended the run in the middle: a journal that could not be written any more. */
  readonly endedBy?: RemedyError;
}

/**
 * Applies what is not yet done of the plan.
 * @throws RefusedError if a blocker was not accepted, or the plan was undone; FileError if the journal
 * can't be begun
 */
export async function applyPlan<C extends Change>(request: ApplyRequest<C>): Promise<ApplyResult<C>> {
  const { plan, writer, journal, records } = request;
  const { findings = plan.findings, selected } = request;
  requireApplicable({ ...plan, findings }, records);
  const before = doneIn(plan, records);
  const all = [...plan.changes.entries()].filter(([index]) => !before.has(index));
  const open = all.filter(([index]) => selected?.has(index) ?? true);
  const notSelected = all.length - open.length;
  const recordOf = (event: JournalEvent, more: Partial<JournalRecord> = {}): JournalRecord => ({
    time: request.now().toISOString(),
    event,
    plan: plan.id,
    ...more,
    ...(writer.server === undefined ? {} : { server: writer.server }),
  });
  const record = (event: JournalEvent, more?: Partial<JournalRecord>): Promise<void> =>
    journal.append(recordOf(event, more));

  const accepted = findings.filter((finding) => finding.accepted).map((finding) => finding.id);
  await record('begin', {
    accepted,
    seal: plan.seal,
    ...(request.by === undefined ? {} : { by: request.by }),
    ...(writer.connection === undefined ? {} : { connection: writer.connection }),
    ...(selected === undefined ? {} : { selected: [...selected] }),
  });
  const notDone: ChangeResult<C>[] = [];
  let done = 0;
  let notBegun = notSelected;
  let isEnded = false;
  const obstacle =
    open.length === 0
      ? undefined
      : await writer.lookAhead?.(
          plan.changes,
          open.map(([, change]) => change),
        );
  if (obstacle !== undefined) {
    notDone.push(obstacle);
    const { change, outcome } = obstacle;
    const index = plan.changes.indexOf(change);
    await record(eventOf(outcome), { change: index, on: writer.nameOf(change), ...detailOf(outcome) });
    await record('end', { detail: 'not begun' });
    return { done, doneBefore: plan.changes.length - all.length, notDone, notBegun: all.length - 1 };
  }
  const writeOne = async (change: C, index: number): Promise<void> => {
    if (request.signal.aborted || isEnded) {
      notBegun += 1;
      return;
    }
    const on = writer.nameOf(change);
    const outcome = await writer.write(change, () => record('intent', { change: index, on }));
    journal.enqueue(recordOf(eventOf(outcome), { change: index, on, ...detailOf(outcome) }));
    if (outcome.kind === 'done' || outcome.kind === 'already-done') done += 1;
    else {
      notDone.push({ change, outcome });
      isEnded ||= writer.endsRun(change, outcome);
    }
    request.onOutcome?.(change, outcome);
  };
  const doneBefore = plan.changes.length - all.length;
  try {
    await inParallel(open, writer.parallel, ([index, change]) => writeOne(change, index));
    await record('end', { detail: `${done + doneBefore} of ${plan.changes.length} done` });
  } catch (error) {
    // Without a journal nothing more is written, but the changes already made have to be reported.
    if (!(error instanceof RemedyError)) throw error;
    return { done, doneBefore, notDone, notBegun: all.length - done - notDone.length, endedBy: error };
  }
  return { done, doneBefore, notDone, notBegun };
}

function eventOf(outcome: ChangeOutcome): JournalEvent {
  return outcome.kind === 'already-done' ? 'done' : outcome.kind;
}

function detailOf(outcome: ChangeOutcome): { readonly detail?: string } {
  switch (outcome.kind) {
    case 'done':
      return {};
    case 'already-done':
      return { detail: 'found as planned' };
    case 'drifted':
      return { detail: outcome.what };
    default:
      return { detail: outcome.error.message };
  }
}

/**
 * Call this before anything is written for a plan, even its change folder.
 * @throws RefusedError if a blocker is not accepted, or the plan was undone
 */
export function requireApplicable(
  plan: Pick<Plan, 'id' | 'target' | 'changes' | 'findings' | 'undoes'>,
  records: readonly JournalRecord[],
): void {
  refuseBlockers(plan);
  requireNotUndone('apply', plan, journalPosition(plan, records));
}

function refuseBlockers(plan: Pick<Plan, 'target' | 'findings' | 'undoes'>): void {
  const open = openBlockers(plan.findings);
  if (open.length === 0) return;
  const { target } = plan;
  throw new RefusedError({
    attempted: applying(plan),
    on: target.kind === 'files' ? target.roots.join(', ') : target.domainController,
    cameBack: blockersInWords(open),
    next: wayPast(open),
  });
}
