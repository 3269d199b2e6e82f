/** Reading files of a change folder. It came from someone else: a link or a pipe in it is never followed. */

import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { errnoOf, RefusedError } from '../errors.ts';
import { onlyWhileBusy, type Patience, withPatience } from '../files/patience.ts';

/** Windows has neither; the look before opening has to do there. */
const noFollow = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file of a change folder that is there.
 *
 * @param flags as for `open` of node:fs: constants.O_RDONLY, …
 * @throws RefusedError if it is a link, a pipe or anything else but a file; what the system says otherwise
 */
export async function openPlainFile(path: string, flags: number, mode?: number): Promise<FileHandle> {
  await requirePlainFile(path);
  const handle = await open(path, flags | noFollow, mode);
  const stats = await handle.stat();
  // That a folder is no file, the system says itself when it is read.
  if (stats.isFile() || stats.isDirectory()) return handle;
  await handle.close();
  throw refusal(path);
}

/** The text of a file of a change folder; a file that another program holds is waited for. Throws as openPlainFile does. */
export function readPlainFile(path: string, patience: Patience): Promise<string> {
  return withPatience(onlyWhileBusy(patience), path, async () => {
    const handle = await openPlainFile(path, constants.O_RDONLY);
    try {
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  });
}

/** @throws RefusedError if there is something of this name that is not a file; what the system says otherwise */
export async function requirePlainFile(path: string): Promise<void> {
  try {
    const stats = await lstat(path);
    if (!stats.isFile() && !stats.isDirectory()) throw refusal(path);
  } catch (error) {
    // What is not there is the opener's business: it may make it.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function refusal(path: string): RefusedError {
  return new RefusedError({
    attempted: 'use the change folder',
    on: path,
    cameBack: 'it is a link or a pipe, and what it leads to is not part of the change folder',
    next: 'Take the folder from an intact copy, or have the change made again.',
  });
}
