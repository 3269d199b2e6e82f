/**
 * Before images: each file as it was, byte for byte, kept in the change folder before the file is replaced.
 *
 * Replacing a file does not touch its old bytes, so a second name (hard link) for them is the cheapest and most exact
 * backup: nothing is read, written or synced again, and owner, times and access rights stay. Until the rename both names
 * mean one file, and an edit in place changes both. That is why a second name is removed again if the file was not
 * replaced.
 */

import type { Stats } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, FileError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import { type FileSystem, writeAll } from '../files/file-system.ts';

export interface BeforeImages {
  /**
   * Keeps a file's bytes: as a second name of the file if it has only one and the file system can give it another,
   * otherwise as a copy that is on the disk when this resolves.
   * @throws FileError if neither is possible
   */
  keep(file: string, bytes: Buffer, attributes: Stats): Promise<void>;
  /**
   * Removes the second name of a file that was not replaced; a copy stays. Gives the error to throw: `because`, or that
   * the second name could not be removed.
   */
  release(file: string, because: unknown): Promise<unknown>;
}

/** The before images in a folder; each file's place in it comes from `backupPathOf`. */
export function beforeImages(folder: string, files: FileSystem): BeforeImages {
  const placeOf = (file: string): string => path.join(folder, backupPathOf(file));
  const made = new Map<string, Promise<unknown>>();
  const makeFolderOnce = (wanted: string): Promise<unknown> => {
    const making = made.get(wanted) ?? mkdir(wanted, { recursive: true });
    made.set(wanted, making);
    return making;
  };
  return {
    async keep(file, bytes, attributes) {
      const place = placeOf(file);
      try {
        await makeFolderOnce(path.dirname(place));
        if (attributes.nlink === 1 && (await isLinked(file, place, files))) return;
        await copy(bytes, place, files);
      } catch (error) {
        throw new FileError({
          attempted: 'back up the file',
          on: place,
          cameBack: errnoInWords(error),
          next: 'The file keeps its old content. Make room for the change folder, or save the change elsewhere; then apply again.',
          cause: error,
        });
      }
    },
    async release(file, because) {
      const place = placeOf(file);
      try {
        const { nlink } = await files.lstat(place);
        if (nlink > 1) await files.unlink(place);
        return because;
      } catch (cause) {
        if (errnoOf(cause) === 'ENOENT') return because;
        return new FileError({
          attempted: 'remove the backup of a file that was not replaced',
          on: place,
          cameBack: `${errnoInWords(cause)}; the failure before it: ${errnoInWords(because)}`,
          next: `Delete the backup: it may be a second name of ${file} and would change with it.`,
          cause: because,
        });
      }
    },
  };
}

/**
 * The place of a file's before image in the backup folder: the file's path with the roots made into plain names, and its
 * last folder joined to its name. A form set has a folder with one file for every language; this way the backup has one
 * folder for all of them.
 */
export function backupPathOf(file: string): string {
  const parts = plainPathOf(file).split('/');
  const name = parts.pop() ?? '';
  const folder = parts.pop() ?? '';
  // Escaped so that no two files get the same name.
  return path.join(...parts, `${folder.replaceAll('%', '%25').replaceAll('~', '%7E')}~${name}`);
}

/** An absolute path as one below another folder, with slashes: its root (a drive, a host) becomes a plain name. */
export function plainPathOf(file: string): string {
  const parts = file.split(/[\\/]+/).map((part) => part.replace(/^([A-Za-z]):$/, '$1'));
  return parts.filter((part) => part !== '' && part !== '.' && part !== '..').join('/');
}

async function isLinked(file: string, place: string, files: FileSystem): Promise<boolean> {
  try {
    await clearing(place, files, () => files.link(file, place));
    return true;
  } catch {
    // Another volume, a file system without links, no right to link: a copy works in all these cases.
    return false;
  }
}

async function copy(bytes: Buffer, place: string, files: FileSystem): Promise<void> {
  const handle = await clearing(place, files, () => files.open(place, 'wx'));
  try {
    await writeAll(handle, place, bytes);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a file in a place where an interrupted run may have left one. The old one is never written to: it may be a second
 * name of the file to keep.
 */
async function clearing<T>(place: string, files: FileSystem, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    await files.unlink(place);
    return await make();
  }
}
