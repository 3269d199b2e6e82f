/**
 * Folders that are named twice: \\TMG01\C$ and the drive that is mapped to it, a host by its name and by its address. Real
 * paths differ there; only the file system's own numbers say that they are one.
 */

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { inParallel } from './in-parallel.ts';
import { isBelow } from './template-tree.ts';

/** A folder as it was named, and as it really lies. */
export interface NamedFolder {
  readonly root: string;
  readonly realRoot: string;
}

/** A folder and the one that it is, or lies in, by another name. */
export interface SameFolder {
  readonly root: string;
  readonly is: string;
}

/**
 * The folders that are separate, and those that are one of these or lie in it. Of two names for one folder the one with
 * the host is kept, else the first.
 */
export async function separateFolders(
  folders: readonly NamedFolder[],
): Promise<{ readonly separate: readonly NamedFolder[]; readonly again: readonly SameFolder[] }> {
  const ways = await inParallel(folders, 4, async (folder) => ({
    folder,
    way: await identitiesUpFrom(folder.realRoot),
  }));
  const byRank = ways.toSorted((one, other) => rankOf(one.folder) - rankOf(other.folder));
  const holderOf = (one: (typeof ways)[number], rank: number) => {
    const above = new Set(one.way);
    return byRank.find(({ folder, way: [self] }, otherRank) => {
      if (self === undefined || folder === one.folder || !above.has(self)) return false;
      const isHolder = self !== one.way[0] || otherRank < rank;
      return isHolder && !isBelow(one.folder.realRoot, folder.realRoot);
    });
  };
  const holders = new Map(byRank.map((one, rank) => [one.folder, holderOf(one, rank)?.folder]));
  return {
    separate: folders.filter((folder) => holders.get(folder) === undefined),
    again: folders.flatMap((folder) => {
      const holder = holders.get(folder);
      return holder === undefined ? [] : [{ root: folder.root, is: holder.root }];
    }),
  };
}

function rankOf({ root }: NamedFolder): number {
  return /^[\\/]{2}/.test(root) ? 0 : 1;
}

/**
 * The identities of a folder and of those above it, as far as the system shows them: the serial number of the volume and
 * the number of the file on it. A disk that was cloned has the same ones; the times of the folder tell most of these apart.
 */
async function identitiesUpFrom(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let place = folder; ; place = path.dirname(place)) {
    // A folder that may not be looked at is not known to be another one.
    const stats = await stat(place, { bigint: true }).catch(() => undefined);
    if (place === folder && stats === undefined) return found;
    if (stats !== undefined && stats.ino !== 0n) {
      found.push([stats.dev, stats.ino, stats.birthtimeNs, stats.mtimeNs].join());
    }
    if (path.dirname(place) === place) return found;
  }
}
