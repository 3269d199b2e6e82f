/**
 * Before images: each file as it was, byte for byte, kept in the change folder before the file is replaced.
 *
 * Replacing a file does not touch its old bytes, so a second name (hard link) for them is the cheapest and most exact
 * backup: nothing is read, written or synced again, and owner, times and access rights stay. Until the rename both names
 * mean one file, and an edit in place changes both. That is why a second name is removed again if the file was not
 * replaced.
 */

import type { Stats } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, FileError } from '../errors.ts';
import { type FileSystem, writeAll } from '../files/file-system.ts';
import { adviceFor, errnoInWords, type Patience, withPatience } from '../files/system-errors.ts';

/** Where before images are kept, and what to do if there is no room for them. */
export interface BeforeImagesOptions {
  readonly files: FileSystem;
  /** The folder for the before images. */
  readonly backupFolder: string;
  /**
   * Whether a file is replaced although the disk of the change folder has no room for its backup. An undo does that: its
   * files can be made again from the backup of the change that it reverses. Required if left out.
   */
  readonly backups?: 'required' | 'as-room-permits';
  readonly patience: Patience;
}

/** A file that is about to be replaced. */
export interface KeptFile {
  /** The planned path, which gives the backup its place. */
  readonly file: string;
  /** The file itself, where the path leads through links. */
  readonly target: string;
  readonly bytes: Buffer;
  readonly attributes: Stats;
}

/** The before images of one run. */
export interface BeforeImages {
  /**
   * Keeps a file's bytes: as a second name of the file if it has only one and the file system can give it another,
   * otherwise as a copy that is on the disk when this resolves.
   * @throws FileError if neither is possible, or the place is a link, a pipe or below one
   */
  keep(file: KeptFile): Promise<void>;
  /**
   * Removes the second name of a file that was not replaced; a copy stays. Gives the error to throw: `because`, or that
   * the second name could not be removed.
   */
  release(file: string, because: unknown): Promise<unknown>;
  /**
   * Removes the second name that an interrupted run left of a file that was not replaced: an edit of the file would
   * change the backup too, and the next plan would be stopped by a file with two names.
   * @throws FileError if it can't be removed
   */
  mend(file: string, target: string): Promise<void>;
}

/** The before images in a folder; each file's place in it comes from `backupPathOf`. */
export function beforeImages({ files, backupFolder, backups, patience }: BeforeImagesOptions): BeforeImages {
  const placeOf = (file: string): string => path.join(backupFolder, backupPathOf(file));
  const made = new Map<string, Promise<void>>();
  const makeFolderOnce = (folder: string): Promise<void> => {
    const isBase = folder === backupFolder;
    const making =
      made.get(folder) ??
      (isBase ? Promise.resolve() : makeFolderOnce(path.dirname(folder))).then(() => makeFolder(folder, isBase));
    made.set(folder, making);
    return making;
  };
  const remove = (place: string): Promise<void> => withPatience(patience, place, () => files.unlink(place));
  const clear: Clearing = { files, remove };
  return {
    async keep({ file, target, bytes, attributes }) {
      const place = placeOf(file);
      try {
        await makeFolderOnce(path.dirname(place));
        if (attributes.nlink === 1 && (await isLinked(target, place, clear))) return;
        await copy(bytes, place, clear);
      } catch (error) {
        if (backups === 'as-room-permits' && noRoom.has(errnoOf(error) ?? '')) return;
        throw new FileError({
          attempted: 'back up the file',
          on: place,
          cameBack: errnoInWords(error),
          next: adviceFor(
            error,
            'The file keeps its old content. Make room for the change folder, or save the change elsewhere; then apply again.',
          ),
          cause: error,
        });
      }
    },
    async release(file, because) {
      const place = placeOf(file);
      try {
        const { nlink } = await files.lstat(place);
        if (nlink > 1) await remove(place);
        return because;
      } catch (cause) {
        if (isMissing(cause)) return because;
        return secondNameStays(
          place,
          file,
          cause,
          `${errnoInWords(cause)}; the earlier error: ${errnoInWords(because)}`,
        );
      }
    },
    async mend(file, target) {
      const place = placeOf(file);
      try {
        const backup = await files.lstat(place);
        if (backup.nlink === 1) return;
        const live = await files.lstat(target);
        if (live.dev === backup.dev && live.ino === backup.ino) await remove(place);
      } catch (cause) {
        if (!isMissing(cause)) throw secondNameStays(place, file, cause, errnoInWords(cause));
      }
    },
  };
}

const noRoom = new Set(['ENOSPC', 'EDQUOT']);

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '');
}

function secondNameStays(place: string, file: string, cause: unknown, cameBack: string): FileError {
  return new FileError({
    attempted: 'remove the backup of a file that was not replaced',
    on: place,
    cameBack,
    next: `The backup may be a second name of ${file} and would change with it. Close the program that has the file open, then apply again: that removes the second name.`,
    cause,
  });
}

/**
 * The place of a file's before image in the backup folder: the file's path with its root made into a plain name, and its
 * last folder joined to its name. A form set has a folder with one file for every language; this way the backup has one
 * folder for all of them. No two files have one place.
 */
export function backupPathOf(file: string): string {
  return joinedPlace(plainPathOf(file).split('/'));
}

/** Where change folders that were saved before kept it: the files C:\x and \\C\x had one place. */
export function formerBackupPathOf(file: string): string {
  const parts = file.split(/[\\/]+/).map((part) => part.replace(/^([A-Za-z]):$/, '$1'));
  return joinedPlace(parts.filter((part) => part !== '' && part !== '.' && part !== '..'));
}

function joinedPlace(parts: readonly string[]): string {
  const [name = '', folder = '', ...above] = parts.toReversed();
  // Escaped so that no two files get the same name.
  return path.join(...above.toReversed(), `${folder.replaceAll('%', '%25').replaceAll('~', '%7E')}~${name}`);
}

/**
 * An absolute path as one below another folder, with slashes, and no other path's: a drive becomes its letter (C), a host
 * or the prefix of a long form a name with a mark (%TMG01). Another first folder that looks so is put below a mark alone.
 */
export function plainPathOf(file: string): string {
  const drive = /^([A-Za-z]):[\\/]/.exec(file)?.[1];
  const isOfHost = /^[\\/]{2}/.test(file);
  const isOfWindows = drive !== undefined || isOfHost;
  const [first = '', ...others] = file
    .slice(drive === undefined ? 0 : 2)
    .split(isOfWindows ? /[\\/]+/ : '/')
    .filter((part) => part !== '' && (isOfHost || part !== '.') && part !== '..');
  if (drive !== undefined) return [drive, first, ...others].filter((part) => part !== '').join('/');
  if (isOfHost) return [`%${withoutSigns(first)}`, ...others.map(withoutSigns)].join('/');
  return [...(/^(?:[A-Za-z]$|%)/.test(first) ? ['%'] : []), first, ...others].join('/');
}

/** Of \\?\C:\x neither the sign nor the drive is the name of a file. */
function withoutSigns(part: string): string {
  return /^(?:[?.]|[A-Za-z]:)$/.test(part) ? encodeURIComponent(part).replace('.', '%2E') : part;
}

/** Makes a folder of the backup. Links in a change folder that was handed over may lead anywhere: none is followed. */
async function makeFolder(folder: string, recursive: boolean): Promise<void> {
  await mkdir(folder, { recursive }).catch((error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw error;
  });
  if (!(await lstat(folder)).isDirectory()) throw new Error(`${folder} is a link or a file, not a folder`);
}

/**
 * Gives the file a second name in the backup. Not on Windows, which refuses to remove any name of a file that another
 * program holds: if the file could not be replaced, its second name would stay.
 */
async function isLinked(target: string, place: string, clear: Clearing): Promise<boolean> {
  const { link } = clear.files;
  if (link === undefined) return false;
  try {
    await clearing(place, clear, () => link(target, place));
    return true;
  } catch (error) {
    if (error instanceof PlaceError) throw error;
    // Another volume, a file system without links, no right to link: a copy works in all these cases.
    return false;
  }
}

async function copy(bytes: Buffer, place: string, clear: Clearing): Promise<void> {
  const handle = await clearing(place, clear, () => clear.files.open(place, 'wx'));
  try {
    await writeAll(handle, place, bytes);
    await handle.datasync();
  } catch (error) {
    // Half a backup is useless. If it can't be removed, the error that interrupted it says more.
    await clear.remove(place).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
}

class PlaceError extends Error {}

/** How a place is checked and cleared. */
interface Clearing {
  readonly files: FileSystem;
  /** Patient with another program that has it open. */
  readonly remove: (place: string) => Promise<void>;
}

/**
 * Makes a file in a place where an interrupted run may have left one. The old one is never written to: it may be a second
 * name of the file to keep.
 */
async function clearing<T>(place: string, { files, remove }: Clearing, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    if (!(await files.lstat(place)).isFile()) throw new PlaceError('a link, a pipe or a folder is in its place');
    await remove(place);
    return await make();
  }
}
