/** Whether this user can replace a file and keep its owner, found out without writing. */

import { constants, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf } from '../errors.ts';
import type { FileSystem } from './file-system.ts';

/** The user that the process acts as, where the system has user numbers. */
export interface FileUser {
  readonly id: number;
  readonly groups: readonly number[];
}

export interface Ownership {
  readonly uid: number;
  readonly gid: number;
}

const root = 0;
const setGroupId = 0o2000;

/** File systems of Windows shares (smb, cifs and smb2 of statfs(2)), where the mount decides who owns all files. */
const sharesOfWindows = new Set([0x517b, 0xff534d42, 0xfe534d42]);

/**
 * Whether a file in the folder can be replaced by this user and keep its owner and group (chown of POSIX). Root can do
 * that with all files, others with their own files where they are in the group or the folder hands its group on.
 * @throws what the system says if the folder can't be read
 */
export async function canKeepOwner(file: Ownership, folder: string, user: FileUser): Promise<boolean> {
  if (user.id === root) return true;
  if (file.uid === user.id) {
    if (user.groups.includes(file.gid)) return true;
    const { gid, mode } = await stat(folder);
    if ((mode & setGroupId) !== 0 && gid === file.gid) return true;
  }
  const { type } = await statfs(folder);
  return sharesOfWindows.has(type);
}

/**
 * Whether this user may replace the file, as far as the system says without a write. Access rights of Windows are only
 * found out by opening the file for writing; it is closed at once and keeps its bytes and times. Elsewhere the folder
 * decides.
 */
export async function mayReplace(files: Pick<FileSystem, 'access' | 'open'>, file: string): Promise<boolean> {
  try {
    if (path.sep === '\\') await (await files.open(file, 'r+')).close();
    else await files.access(path.dirname(file), constants.W_OK);
    return true;
  } catch (error) {
    // Another program holds the file now; whether it does so when the change is applied is not known.
    return errnoOf(error) === 'EBUSY';
  }
}
