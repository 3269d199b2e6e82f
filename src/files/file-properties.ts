/** What a file is besides its bytes, and whether a new file in its place can be the same. */

import { stat, statfs } from 'node:fs/promises';

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
