/**
 * What a user approves a change by: --seal names the plan that was approved, and no other; what only a plan names is used
 * where the seal or the user approves it; and the name of what is deleted is given once more before anything is written,
 * by --confirm or typed.
 */

import { rdnOf } from '../ad/dn.ts';
import type { Change, Plan } from '../change/plan.ts';
import { RefusedError, type Trouble, UsageError } from '../errors.ts';
import type { Output } from './output.ts';

/**
 * @param given what --seal gave: leading hexadecimal digits, blanks ignored
 * @throws UsageError if it is no seal; RefusedError if it is another plan's
 */
export function requireSeal({ seal, id }: Pick<Plan, 'seal' | 'id'>, given: string | undefined): void {
  if (given === undefined) return;
  const digits = given.replace(/\s/g, '').toLowerCase();
  if (!/^[0-9a-f]*$/.test(digits) || digits.length < leastDigits || digits.length > seal.length) {
    throw new UsageError({
      attempted: 'read --seal',
      on: given,
      cameBack: `it is not ${leastDigits} to ${seal.length} hexadecimal digits`,
      next: 'Copy the seal from the review that was approved: its first 32 digits or all 64.',
    });
  }
  if (seal.startsWith(digits)) return;
  throw new RefusedError({
    attempted: 'use the plan',
    on: id,
    cameBack: `its seal is ${seal.slice(0, leastDigits)}…, not the one that was approved`,
    next: 'Get the change folder that was approved, or have this one reviewed.',
  });
}

/** Fewer leading digits could be met by another plan that someone makes for it. */
const leastDigits = 32;

/** Who vouches for what a saved plan names. A plan comes from someone else: its word alone is not trusted. */
export interface Approval {
  /** Whether --seal says that this very plan was approved. */
  readonly isApproved: boolean;
  readonly mayAsk: boolean;
}

/**
 * Lets what only a plan names be used: where --seal approves the plan, or the user says so.
 *
 * @param refusal what is said where neither does
 * @throws UsageError with it
 */
export async function requireApproval(
  { isApproved, mayAsk }: Approval,
  question: { readonly id: string; readonly message: string; readonly flag: string },
  refusal: Trouble,
  output: Output,
): Promise<void> {
  if (isApproved) return;
  if (mayAsk && (await output.prompter.confirm(question))) return;
  throw new UsageError(refusal);
}

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
  await output.prompter.input({
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
