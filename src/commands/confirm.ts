/** The name of what is deleted, given once more before anything is written: by --confirm, or typed. */

import { rdnOf } from '../ad/dn.ts';
import type { Change } from '../change/plan.ts';
import { UsageError } from '../errors.ts';
import type { Output } from './output.ts';

/**
 * Passes a plan that needs no name, and one whose name was given; else has the name typed.
 *
 * @param name the word that the remedy wants; undefined if it wants none
 * @param given what --confirm gave
 * @param mayAsk whether the name may be typed in its place
 * @param changes those of the plan: one that needs no name may be given that of an entry that it brings back
 * @throws UsageError if the name is missing where no question can be asked, is another one, or was given for a plan
 * that neither deletes nor brings back anything of it
 */
export async function confirmName(
  name: string | undefined,
  given: string | undefined,
  mayAsk: boolean,
  output: Pick<Output, 'prompter'>,
  changes: readonly Change[],
): Promise<void> {
  if (name === undefined) {
    if (given !== undefined && !bringsBack(changes, given)) throw needsNone(given);
    return;
  }
  if (given !== undefined || !mayAsk) {
    requireName(name, given);
    return;
  }
  const prompter = await output.prompter();
  await prompter.input({
    id: 'confirm',
    message: `Type ${name} to confirm`,
    flag: '--confirm NAME',
    validate: (typed) => (isSame(typed, name) ? undefined : `That is not ${name}. Ctrl-C leaves everything as it is.`),
  });
}

function requireName(name: string, given: string | undefined): void {
  if (given !== undefined && isSame(given, name)) return;
  throw new UsageError({
    attempted: `confirm the change of ${name}`,
    on: given === undefined ? '--confirm' : `--confirm ${given}`,
    cameBack:
      given === undefined
        ? 'it is missing: where no question can be asked, the name must be given once more'
        : 'that is another name',
    next: `Give --confirm with the name ${name} if you are sure.`,
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

function needsNone(given: string): UsageError {
  return new UsageError({
    attempted: 'confirm a deletion',
    on: `--confirm ${given}`,
    cameBack: 'the plan deletes nothing, and brings back nothing of that name',
    next: 'Check that it is the plan that you mean (adsi-remedy show FOLDER), or leave --confirm out.',
  });
}
