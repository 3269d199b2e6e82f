import { RefusedError } from '../errors.ts';
import type { ChangeOutcome } from './apply.ts';
import type { EntryAccess } from './entry-access.ts';
import type { DeleteChange, DeleteTreeChange } from './plan.ts';

function notYet(dn: string): RefusedError {
  return new RefusedError({
    attempted: 'delete',
    on: dn,
    cameBack: 'this version does not have it yet',
    next: 'Use a later version.',
  });
}

export async function writeDelete(
  change: DeleteChange,
  _access: EntryAccess,
  _intent: () => Promise<void>,
): Promise<ChangeOutcome> {
  return { kind: 'failed', error: notYet(change.dn) };
}

export async function writeDeleteTree(
  change: DeleteTreeChange,
  _access: EntryAccess,
  _intent: () => Promise<void>,
): Promise<ChangeOutcome> {
  return { kind: 'failed', error: notYet(change.dn) };
}
