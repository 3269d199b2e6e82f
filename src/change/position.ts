/** The position of a change: not applied, applied, undone, each also in part. One owner, one wording. */

import path from 'node:path';
import { RefusedError } from '../errors.ts';
import type { Patience } from '../files/system-errors.ts';
import { counted } from '../words.ts';
import { folderParts, type SavedChange, type SavedPlan } from './folder.ts';
import { type JournalRecord, mayHaveWritten, outcomesIn, readJournal } from './journal.ts';
import { type Author, applying, type Plan } from './plan.ts';
import { undosOf } from './undo-link.ts';

/** How far a change has been applied or undone, by the journal of its folder. */
export type JournalPosition =
  | { readonly kind: 'not-applied' }
  | { readonly kind: 'applied' }
  | { readonly kind: 'applied-in-part'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'undone';
      /** When the undo finished, in ISO 8601, UTC. */
      readonly time: string;
      readonly by: Author | undefined;
      /** How many entries and attributes no undo brings back. */
      readonly lost: number;
    };

/** How far a change has been applied or undone. */
export type Position =
  | JournalPosition
  /** An undo of it has changed something and did not restore everything. */
  | {
      readonly kind: 'undone-in-part';
      /** Its folder, absolute. */
      readonly undoFolder: string;
      /** Whether some of its changes are left; else the parts that it left out need another undo. */
      readonly isUnfinished: boolean;
    };

/** The position of a plan by the records of its own journal, which does not know an undo that has not finished. */
export function journalPosition(
  plan: Pick<Plan, 'id' | 'changes'>,
  records: readonly JournalRecord[],
): JournalPosition {
  const undone = records.findLast((record) => record.plan === plan.id && record.event === 'undone');
  if (undone !== undefined) return { kind: 'undone', time: undone.time, by: undone.by, lost: undone.lost ?? 0 };
  const outcomes = outcomesIn(records, plan);
  if (outcomes.size === 0) return { kind: 'not-applied' };
  const done = [...outcomes.values()].filter(({ event }) => event === 'done').length;
  const total = plan.changes.length;
  return done === total ? { kind: 'applied' } : { kind: 'applied-in-part', done, total };
}

/** The position of a saved change, by its own journal and those of its undos. Throws what reading a journal throws. */
export async function positionOf({ folder, plan, records }: SavedChange, patience: Patience): Promise<Position> {
  const position = journalPosition(plan, records);
  if (position.kind === 'undone') return position;
  for (const undo of await undosOf(folder, plan, patience)) {
    const written = await readJournal(path.join(undo.folder, folderParts.journal), patience);
    const of = journalPosition(undo.plan, written);
    // An undo that was itself undone has left nothing.
    if (of.kind === 'undone' || ![...outcomesIn(written, undo.plan).values()].some(mayHaveWritten)) continue;
    return { kind: 'undone-in-part', undoFolder: undo.folder, isUnfinished: of.kind !== 'applied' };
  }
  return position;
}

const inBrief = {
  'not-applied': 'not applied yet',
  applied: 'applied',
  'applied-in-part': 'applied in part',
  undone: 'applied and undone',
  'undone-in-part': 'applied, and undone in part',
} as const satisfies Record<Position['kind'], string>;

/** The position in a few words, for a list. */
export function positionInBrief(position: Position): string {
  if (position.kind === 'undone' && position.lost > 0) return 'applied, and undone as far as possible';
  if (position.kind === 'applied-in-part' && position.done === 0) return 'started, with nothing known to be written';
  return inBrief[position.kind];
}

/** "12 entries and attributes cannot be brought back"; undefined of what is not undone, or undone as a whole. */
export function lostInWords(position: Position): string | undefined {
  if (position.kind !== 'undone' || position.lost === 0) return undefined;
  return `${counted(position.lost, 'entry or attribute', 'entries and attributes')} cannot be restored`;
}

/** The position as a sentence. */
export function positionInWords(position: Position): string {
  const lost = lostInWords(position);
  return `It was ${positionInBrief(position)}${lost === undefined ? '' : `: ${lost}`}.`;
}

/** The reaction of apply and undo to a change that was undone. */
export const undoneWords = 'This change was undone: apply and undo refuse it. To apply it after all, make a new plan.';

const afterUndone = {
  apply: 'Make a new plan; the targets may have changed since.',
  undo: 'If a target still holds the change, give --seal with the seal of the plan that was approved: the targets are then compared with it.',
} as const;

/**
 * Refuses a plan that was undone.
 * @throws RefusedError
 */
export function requireNotUndone(
  command: keyof typeof afterUndone,
  { id }: Pick<Plan, 'id'>,
  position: Position,
): void {
  if (position.kind !== 'undone') return;
  throw new RefusedError({
    attempted: `${command} the plan`,
    on: id,
    cameBack: `it was ${positionInBrief(position)}`,
    next: afterUndone[command],
  });
}

/**
 * Refuses to apply a plan of which an undo was started.
 *
 * @param command writes a command of this tool as it can be run
 * @throws RefusedError
 */
export function requireNotUndoneInPart(
  { folder, plan }: SavedPlan,
  position: Position,
  command: (name: 'apply' | 'undo', place: string) => string,
): void {
  if (position.kind !== 'undone-in-part') return;
  const again = command('undo', folder);
  const rest = position.isUnfinished
    ? `Continue the undo: ${command('apply', position.undoFolder)}. Or plan it again: ${again}`
    : `Plan the rest of the undo: ${again}`;
  throw new RefusedError({
    attempted: applying(plan),
    on: plan.id,
    cameBack: `an undo of this change was started and has not finished: ${position.undoFolder}`,
    next: `${rest}. To apply the change after all, make a new plan after the undo is complete.`,
  });
}
