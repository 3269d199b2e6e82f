import { RefusedError } from '../errors.ts';
import type { ChangeOutcome } from './apply.ts';
import type { EntryAccess } from './entry-access.ts';
import type { AddChange, UndeleteChange } from './plan.ts';

function notYet(dn: string): RefusedError {
  return new RefusedError({
    attempted: 'delete',
    on: dn,
    cameBack: 'this version does not have it yet',
    next: 'Use a later version.',
  });
}

export async function writeUndelete(
  change: UndeleteChange,
  _access: EntryAccess,
  _intent: () => Promise<void>,
): Promise<ChangeOutcome> {
  return { kind: 'failed', error: notYet(change.dn) };
}

export async function writeAdd(
  change: AddChange,
  _access: EntryAccess,
  _intent: () => Promise<void>,
): Promise<ChangeOutcome> {
  return { kind: 'failed', error: notYet(change.dn) };
}
