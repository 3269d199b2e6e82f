/**
 * Writes directory changes, one after the other on one DC, because later ones build on earlier ones. Also finds which of them
 * are already done, by the entries themselves: the journal of a killed run may not show it.
 */

import { isDeletedDn } from '../ad/dn.ts';
import { guidBase } from '../ad/entry.ts';
import { DirectoryError } from '../errors.ts';
import { type DirectorySession, protectionInWords } from '../ldap/session.ts';
import type { ChangeOutcome, ChangeResult, ChangeWriter } from './apply.ts';
import { lookAtDeletes, writeDelete, writeDeleteTree } from './delete-writer.ts';
import type { EntryAccess } from './look-and-write.ts';
import { lookAtModifies, whatIsLeft, writeModify } from './modify-writer.ts';
import type { Change, DirectoryChange } from './plan.ts';
import { writeAdd, writeUndelete } from './undelete-writer.ts';

type OpenSession = () => Promise<DirectorySession>;

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
 * Whether later changes can't be written either: they build on this change, or the DC cannot be reached. Nothing builds
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
 * Unless a whole deletion can be written, no part of it is, not even the clearing of references. Entries that an
 * earlier run has edited are not checked; those that it has deleted show which children a tree has left.
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

/** Those of the deletes and edits whose entries are as they want them: gone, or with the values. Throws DirectoryError. */
export async function readSettled(session: DirectorySession, changes: readonly Change[]): Promise<ReadonlySet<Change>> {
  const settled = new Set<Change>();
  for (const change of changes) {
    if (change.kind !== 'delete' && change.kind !== 'modify') continue;
    const edits = change.kind === 'modify' ? change.edits : [];
    const attributes = edits.length === 0 ? ['1.1'] : edits.map(({ attribute }) => attribute);
    const entry = await session.readEntry(guidBase(change.guid), attributes);
    const isThere = entry !== undefined && !isDeletedDn(entry.dn);
    if (!isThere || (edits.length > 0 && edits.every((edit) => whatIsLeft(edit, entry).kind === 'done'))) {
      settled.add(change);
    }
  }
  return settled;
}
