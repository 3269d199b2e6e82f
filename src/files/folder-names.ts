/**
 * Folders by their names: which are one folder that is named twice (\\TMG01\C$ and the drive that is mapped to it, a host
 * by its name and by its address: real paths differ there, only the file system's own numbers say that they are one); and
 * the part of a long path that says which one of several it is.
 */

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { inParallel } from './in-parallel.ts';
import { isBelow } from './template-tree.ts';

/** A folder as it was named, and as it really lies. */
interface NamedFolder {
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
 * the number of the file on it. A disk that was cloned has the same ones; the times of the folder distinguish most of these.
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

const separators = /[\\/]/;

/**
 * Each folder's name among the others: of the parts in which they differ the first ones, as many as it takes. "TMG01" of
 * `/srv/site/TMG01` next to `/srv/site/TMG02`, and of `\\TMG01\C$\Templates` next to `\\TMG02\C$\Templates`. A folder that
 * has no other next to it keeps its last part.
 */
export function distinctiveNames(folders: readonly string[]): ReadonlyMap<string, string> {
  const all = folders.map((folder) => ({ folder, parts: folder.replace(/[\\/]+$/, '').split(separators) }));
  const differ = (one: readonly string[], other: readonly string[]): number => {
    const at = one.findIndex((part, index) => part !== other[index]);
    return at === -1 ? one.length : at;
  };
  return new Map(
    all.map(({ folder, parts }) => {
      const places = all.filter((other) => other.folder !== folder).map((other) => differ(parts, other.parts));
      const first = Math.min(parts.length - 1, ...places);
      const last = Math.max(first, ...places);
      return [folder, parts.slice(first, last + 1).join(separatorOf(folder))];
    }),
  );
}

/** Of a strings.txt: its set, its class, nls, its language and the file. */
const partsOfFile = 5;

/**
 * A path without its middle, that still shows which file it is: the name of its root and its last parts,
 * "TMG01/…/Exchange/HTML/nls/de/strings.txt". A path below none of the roots keeps its last parts.
 *
 * @param roots their names, as `distinctiveNames` gives them
 */
export function withoutMiddle(path: string, roots: ReadonlyMap<string, string>): string {
  const isBelow = (folder: string): boolean => path.startsWith(folder) && separators.test(path.charAt(folder.length));
  const [root, name] = [...roots].find(([folder]) => isBelow(folder.replace(/[\\/]+$/, ''))) ?? ['', ''];
  const separator = separatorOf(path);
  const below = path
    .slice(root.length)
    .split(separators)
    .filter((part) => part !== '');
  const middle = below.length > partsOfFile || name === '' ? ['…'] : [];
  return [name, ...middle, ...below.slice(-partsOfFile)].filter((part) => part !== '').join(separator);
}

function separatorOf(path: string): string {
  return path.startsWith('/') ? '/' : '\\';
}
