/** What is done of a plan, by the entries themselves: the journal of a run that was killed may not say so. */

import { isDeletedDn } from '../ad/dn.ts';
import { guidBase } from '../ad/values.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { whatIsLeft } from './modify-writer.ts';
import type { Change } from './plan.ts';

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
