/** Writes directory changes, one after the other on one DC: what comes later builds on what came before. */

import { DirectoryError } from '../errors.ts';
import { type DirectorySession, protectionInWords } from '../ldap/session.ts';
import type { ChangeOutcome, ChangeResult, ChangeWriter } from './apply.ts';
import { lookAtDeletes, writeDelete, writeDeleteTree } from './delete-writer.ts';
import type { EntryAccess } from './entry-access.ts';
import { lookAtModifies, writeModify } from './modify-writer.ts';
import type { DirectoryChange } from './plan.ts';
import { writeAdd, writeUndelete } from './undelete-writer.ts';

export type OpenSession = () => Promise<DirectorySession>;

/**
 * A writer of directory changes.
 *
 * @param first the session to begin with
 * @param open opens another one with the same DC
 */
export function entryWriter(
  first: DirectorySession,
  open: OpenSession,
): ChangeWriter<DirectoryChange> & { close(): Promise<void> } {
  let current = first;
  const access: EntryAccess = {
    session: async () => current,
    reopen: async () => {
      await current.close();
      current = await open();
      return current;
    },
  };
  return {
    parallel: 1,
    endsRun,
    nameOf: (change) => change.dn,
    lookAhead: (changes, open) => lookAhead(changes, open, access),
    server: first.rootDse.dnsHostName ?? first.identity.host,
    ...(first.identity.sealed === undefined ? {} : { connection: protectionInWords(first.identity) }),
    write: (change, intent) => writeEntry(change, access, intent),
    close: () => current.close(),
  };
}

/**
 * Whether what comes later can't be written either: it builds on this change, or the DC is out of reach. Nothing builds
 * on an edit that only gives values back.
 */
function endsRun(change: DirectoryChange, outcome: ChangeOutcome): boolean {
  if (outcome.kind === 'done' || outcome.kind === 'already-done') return false;
  if (change.kind !== 'modify' || change.edits.some(({ remove }) => remove.length > 0)) return true;
  return outcome.kind !== 'drifted' && !isRefusal(outcome.error);
}

function isRefusal(error: Error): boolean {
  return error instanceof DirectoryError && error.resultCode !== undefined;
}

/**
 * Nothing that goes with a deletion is written, the clearing of references included, unless all of it can be. What an
 * earlier run has edited is its business no more; what it has deleted tells which children a tree has left.
 */
async function lookAhead(
  changes: readonly DirectoryChange[],
  open: readonly DirectoryChange[],
  access: EntryAccess,
): Promise<ChangeResult<DirectoryChange> | undefined> {
  if (!changes.some(({ kind }) => kind === 'delete' || kind === 'delete-tree')) return undefined;
  return (await lookAtModifies(open, access)) ?? lookAtDeletes(changes, access);
}

function writeEntry(change: DirectoryChange, access: EntryAccess, intent: () => Promise<void>): Promise<ChangeOutcome> {
  switch (change.kind) {
    case 'modify':
      return writeModify(change, access, intent);
    case 'delete':
      return writeDelete(change, access, intent);
    case 'delete-tree':
      return writeDeleteTree(change, access, intent);
    case 'undelete':
      return writeUndelete(change, access, intent);
    case 'add':
      return writeAdd(change, access, intent);
  }
}
