import path from 'node:path';
import { errnoOf } from '../errors.ts';

interface OpenFolder {
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What file systems and mounted shares that have no such thing answer to the sync of a folder. */
const noFolderSync = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS', 'EISDIR']);

/**
 * Makes the names in a folder durable: a file that was made in it, or renamed there. Windows does not let a folder be
 * opened or synced, and needs no such call. Throws what the system threw.
 */
export async function syncFolder(
  open: (folder: string, flags: 'r') => Promise<OpenFolder>,
  folder: string,
): Promise<void> {
  if (path.sep === '\\') return;
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!noFolderSync.has(errnoOf(error) ?? '')) throw error;
  }
}
