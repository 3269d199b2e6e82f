/**
 * Before images: each file as it was, byte for byte, kept in the change folder before the file is replaced.
 *
 * Replacing gives a name new bytes and leaves the old ones alone, so a second name for those is the cheapest and the
 * truest copy: nothing is read, written or flushed again, and owner, times and access rights stay as they were. Until
 * the rename both names mean one file, and whoever edits it in place edits both. That is why a second name that has
 * not become the only one is taken away again.
 */

import type { Stats } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, FileError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import { type FileSystem, writeAll } from '../files/file-system.ts';

export interface BeforeImages {
  /**
   * Keeps a file's bytes: as a second name of the file where it has but one and the file system can give it another,
   * else as a copy that is on the disk when this resolves.
   * @throws FileError if neither can be done
   */
  keep(file: string, bytes: Buffer, attributes: Stats): Promise<void>;
  /**
   * Takes the second name of a file that was not replaced away again; a copy stays. Gives the error to throw: the one
   * that kept the file from being replaced, or that the second name had to stay.
   */
  letGo(file: string, because: unknown): Promise<unknown>;
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
          next: 'The file keeps its old content. Make room in the change folder, or save the change elsewhere; then apply again.',
          cause: error,
        });
      }
    },
    async letGo(file, because) {
      const place = placeOf(file);
      try {
        const { nlink } = await files.lstat(place);
        if (nlink > 1) await files.unlink(place);
        return because;
      } catch (cause) {
        if (errnoOf(cause) === 'ENOENT') return because;
        return new FileError({
          attempted: 'take the backup of a file that was not replaced away again',
          on: place,
          cameBack: `${errnoInWords(cause)}; the failure before it: ${errnoInWords(because)}`,
          next: `Delete the backup by hand: it may be another name of ${file}, and would change with it.`,
          cause: because,
        });
      }
    },
  };
}

/**
 * Where a file's before image lies in the backup folder: its path with the roots made into plain names, and its last
 * folder joined to its name. A form set has a folder for every language with one file in it; so has the backup one
 * folder a set.
 */
export function backupPathOf(file: string): string {
  const parts = plainPathOf(file).split('/');
  const name = parts.pop() ?? '';
  const folder = parts.pop() ?? '';
  // Joined so that two files can't get one name.
  return path.join(...parts, `${folder.replaceAll('%', '%25').replaceAll('~', '%7E')}~${name}`);
}

/** An absolute path as one below another folder, with slashes: its roots (a drive, a host) made into plain names. */
export function plainPathOf(file: string): string {
  const parts = file.split(/[\\/]+/).map((part) => part.replace(/^([A-Za-z]):$/, '$1'));
  return parts.filter((part) => part !== '' && part !== '.' && part !== '..').join('/');
}

async function isLinked(file: string, place: string, files: FileSystem): Promise<boolean> {
  try {
    await clearing(place, files, () => files.link(file, place));
    return true;
  } catch {
    // Another volume, a file system without links, no right to link: whatever it was, a copy needs none of it.
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
 * Makes a file in a place where an interrupted run may have left one. That is never written to: it may be another name
 * of the file to be kept.
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
