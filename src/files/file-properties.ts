/** Whether a new file can be given the owner of the file that it replaces (chown of POSIX). */

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

/** File systems of Windows shares (smb, cifs and smb2 of statfs(2)): the mount says who owns all files, new ones too. */
const sharesOfWindows = new Set([0x517b, 0xff534d42, 0xfe534d42]);

/**
 * Whether this user can put a new file in the place of one in the folder and leave user and group as they are: root can,
 * the user's own files keep theirs, and a group is kept too where the folder hands it on.
 * @throws what the system says if the folder can't be looked at
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
