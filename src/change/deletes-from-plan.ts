/** The finding on what an undo of an undo deletes: that an earlier change has made the entries, only its plan says. */

import { counted } from '../words.ts';
import { blocker, type FindingDraft } from './findings.ts';
import type { DirectoryChange, Proposal } from './plan.ts';
import { deletedBy } from './undo-link.ts';

/**
 * A blocker for the entries that an undo deletes. A made-up undo could name any entry as one that it brought back, and
 * its own undo would delete that.
 */
export function deletesFromPlan({
  changes,
  undoes,
}: Pick<Proposal<DirectoryChange>, 'changes' | 'undoes'>): readonly FindingDraft[] {
  const dns = changes.flatMap(deletedBy).map(({ dn }) => dn);
  if (undoes === undefined || dns.length === 0) return [];
  return [
    blocker(
      'deletes-from-plan',
      `The undo deletes ${counted(dns.length, 'entry', 'entries')}`,
      'Only the plan says that an earlier change brought them back. Check each of them before you accept.',
      { evidence: dns, subjects: dns },
    ),
  ];
}
