/** adsi-remedy tombstone. */

import { type ExitStatus, UsageError } from '../errors.ts';
import type { Context } from './context.ts';

export async function run(_args: readonly string[], _context: Context): Promise<ExitStatus> {
  throw new UsageError({
    attempted: 'run the remedy',
    on: 'tombstone',
    cameBack: 'this version does not have it yet',
    next: 'Use a later version.',
  });
}
