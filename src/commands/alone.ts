/** Work on change folders that no other run may touch meanwhile. */

import { lockFolder } from '../change/folder-lock.ts';
import type { Context } from './context.ts';

/**
 * Does the work with these change folders locked. A run that has one of them already may take it again.
 * @throws RefusedError if another run is at work on one of them; FileError if a lock can't be written; what `work` throws
 */
export async function alone<T>(folders: readonly string[], context: Context, work: () => Promise<T>): Promise<T> {
  const [first, ...others] = folders;
  if (first === undefined) return work();
  const { id, host, isRunning } = context.process;
  const letGo = await lockFolder(first, {
    holder: { process: id, host, since: context.now().toISOString() },
    isRunning,
    randomId: context.randomId,
  });
  try {
    return await alone(others, context, work);
  } finally {
    await letGo();
  }
}
