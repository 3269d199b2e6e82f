/**
 * The steps of every write to an entry: check, record the intent in the journal, write, and check again if the answer
 * was lost.
 */

import { DirectoryError, OutcomeUnknownError, RemedyError } from '../errors.ts';
import type { DirectorySession } from '../ldap/session.ts';
import type { ChangeOutcome } from './apply.ts';

/** The result of checking the target; `planned` is the part that the write needs. */
export type Look<Planned> =
  | { readonly kind: 'as-planned'; readonly planned: Planned }
  | { readonly kind: 'already-done' }
  | { readonly kind: 'drifted'; readonly what: string }
  /** Neither the target nor a trace of it can be seen. */
  | { readonly kind: 'out-of-sight'; readonly what: string };

/** How one kind of write looks at its entry, and writes. */
export interface Steps<Planned> {
  /**
   * Whether the journal is written while the look is under way, as both take their time: where the look then shows that
   * there is nothing to write, the outcome follows the intent.
   */
  readonly intendsWhileLooking?: true;
  look(session: DirectorySession): Promise<Look<Planned>>;
  write(planned: Planned, session: DirectorySession): Promise<void>;
}

/**
 * Writes if the target is as planned. Errors of the directory are outcomes; what `intent` throws is thrown.
 */
export async function lookAndWrite<Planned>(
  access: EntryAccess,
  intent: () => Promise<void>,
  steps: Steps<Planned>,
): Promise<ChangeOutcome> {
  try {
    const session = await access.session();
    const intended = steps.intendsWhileLooking === true ? intent() : undefined;
    const before = await lookBeside(intended, () => steps.look(session));
    if (before.kind !== 'as-planned') return outcomeOfLook(before);
    await (intended ?? intent());
    return await writeOnce(before.planned, session, access, steps);
  } catch (error) {
    if (error instanceof RemedyError && error.code === 'directory') return { kind: 'failed', error };
    throw error;
  }
}

/** Waits for both: an error of the journal takes precedence over the result of the check. */
async function lookBeside<Planned>(
  intended: Promise<void> | undefined,
  look: () => Promise<Look<Planned>>,
): Promise<Look<Planned>> {
  const [journalled, looked] = await Promise.allSettled([intended, look()]);
  if (journalled.status === 'rejected') throw journalled.reason;
  if (looked.status === 'rejected') throw looked.reason;
  return looked.value;
}

async function writeOnce<Planned>(
  planned: Planned,
  session: DirectorySession,
  access: EntryAccess,
  steps: Steps<Planned>,
): Promise<ChangeOutcome> {
  try {
    await steps.write(planned, session);
    return { kind: 'done' };
  } catch (error) {
    if (error instanceof OutcomeUnknownError) return lookAgain(access, error, steps);
    if (!(error instanceof DirectoryError)) throw error;
    // The server refused; a second check shows whether another writer was faster.
    const after = error.resultCode === undefined ? undefined : await steps.look(session);
    return after === undefined || after.kind === 'as-planned' ? { kind: 'failed', error } : outcomeOfLook(after);
  }
}

/** The answer was lost: only the directory can show whether the write was carried out. */
async function lookAgain<Planned>(access: EntryAccess, error: Error, steps: Steps<Planned>): Promise<ChangeOutcome> {
  try {
    const look = await steps.look(await access.reopen());
    switch (look.kind) {
      case 'already-done':
        return { kind: 'done' };
      case 'as-planned':
        return { kind: 'failed', error };
      case 'drifted':
        return look;
      case 'out-of-sight':
        return { kind: 'unknown', error };
    }
  } catch (second) {
    if (!(second instanceof RemedyError)) throw second;
    return { kind: 'unknown', error };
  }
}

function outcomeOfLook(look: Exclude<Look<unknown>, { kind: 'as-planned' }>): ChangeOutcome {
  return look.kind === 'out-of-sight' ? { kind: 'drifted', what: look.what } : look;
}

/** How the writers of directory changes reach the one DC that they write to. */
export interface EntryAccess {
  session(): Promise<DirectorySession>;
  /** A fresh session with the same DC, after the connection was lost. Throws DirectoryError if it can't be had. */
  reopen(): Promise<DirectorySession>;
}
