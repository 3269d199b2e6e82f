/** The name of the server object, given once more before anything of it is deleted: by --confirm, or typed. */

import { conflictRdnOf, rdnOf } from '../ad/dn.ts';
import { type JournalRecord, outcomesIn } from '../change/journal.ts';
import type { Change, Plan } from '../change/plan.ts';
import { UsageError } from '../errors.ts';
import type { Prompter } from '../terminal/prompter.ts';
import type { Output } from './output.ts';
import { quoted } from './shown-path.ts';

export interface Confirmation {
  readonly plan: Plan;
  /** What the journal of its change folder holds: a name is needed as long as a delete is left to do. */
  readonly records: readonly JournalRecord[];
  /** What --confirm gave. */
  readonly given: string | undefined;
  /** Whether the name may be typed in its place. */
  readonly mayAsk: boolean;
}

/**
 * Passes a plan that deletes nothing, and one whose server was named; else has the name typed.
 * @throws UsageError if the name is missing where nobody may be asked, is another one, or was given for a plan that
 * deletes nothing
 */
export async function confirmDeletion(
  { plan, records, given, mayAsk }: Confirmation,
  output: Pick<Output, 'prompter'>,
): Promise<void> {
  const name = deletedName(plan.changes);
  if (given !== undefined) {
    if (name === undefined) throw deletesNothing(given);
    requireConfirmation(given, name);
    return;
  }
  if (name === undefined || !isDeleteLeft(plan, records)) return;
  if (!mayAsk) requireConfirmation(given, name);
  await askName(name, await output.prompter());
}

/**
 * The name of the topmost entry that these changes delete, which is the last to go: of an orphan plan the server's.
 * undefined if they delete nothing.
 */
function deletedName(changes: readonly Change[]): string | undefined {
  const top = changes.findLast(isDelete);
  return top === undefined ? undefined : (conflictRdnOf(top.dn) ?? rdnOf(top.dn)).value;
}

function isDelete(change: Change): change is Extract<Change, { kind: 'delete' | 'delete-tree' }> {
  return change.kind === 'delete' || change.kind === 'delete-tree';
}

function isDeleteLeft({ id, changes }: Plan, records: readonly JournalRecord[]): boolean {
  const outcomes = outcomesIn(records, id);
  return changes.some((change, index) => isDelete(change) && outcomes.get(index) !== 'done');
}

/** @throws UsageError unless what --confirm gave is this server's name */
export function requireConfirmation(given: string | undefined, name: string): void {
  if (given !== undefined && isConfirmed(given, name)) return;
  throw new UsageError({
    attempted: `delete the server object ${name}`,
    on: given === undefined ? '--confirm' : `--confirm ${given}`,
    cameBack:
      given === undefined
        ? "it is missing: where nobody is asked, the server's name has to be given once more"
        : 'that is not the name of the server',
    next: `Give --confirm ${quoted(name)} if you are sure.`,
  });
}

/** Has the name typed, as the last thing before anything is deleted. */
async function askName(name: string, prompter: Prompter): Promise<void> {
  await prompter.input({
    id: 'orphan.confirm',
    message: "Type the server's name to delete it",
    flag: '--confirm NAME',
    validate: (typed) =>
      isConfirmed(typed, name) ? undefined : `That is not ${name}. Ctrl-C leaves everything as it is.`,
  });
}

function isConfirmed(typed: string, name: string): boolean {
  return typed.trim().toLowerCase() === name.trim().toLowerCase();
}

function deletesNothing(given: string): UsageError {
  return new UsageError({
    attempted: 'confirm a deletion',
    on: `--confirm ${given}`,
    cameBack: 'the plan deletes nothing',
    next: 'Look whether it is the plan that you mean (adsi-remedy show FOLDER), or leave --confirm out.',
  });
}
