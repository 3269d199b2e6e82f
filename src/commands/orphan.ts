/** adsi-remedy orphan, until the one runner takes the remedies from their registry. */

import type { ExitStatus } from '../errors.ts';
import type { Context } from './context.ts';

export async function run(_args: readonly string[], _context: Context): Promise<ExitStatus> {
  throw new Error('the orphan remedy is run by the runner of all remedies');
}
