/** Undoing directory changes: from what was done to the changes that bring it back, with a look at what is there now. */

import type { DirectorySession } from '../directory/session.ts';
import { reversedModify } from './modify-writer.ts';
import type { DirectoryChange, Finding } from './plan.ts';

export interface EntriesToUndo {
  readonly changes: readonly DirectoryChange[];
  readonly findings: readonly Finding[];
}

/**
 * The changes that bring back what these did.
 *
 * @param done what was done or may have been, the last first
 */
export async function undoEntryChanges(
  done: readonly DirectoryChange[],
  _session: DirectorySession,
): Promise<EntriesToUndo> {
  return {
    changes: done.flatMap((change) => (change.kind === 'modify' ? [reversedModify(change)] : [])),
    findings: [],
  };
}
