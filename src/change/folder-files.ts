/**
 * Files of a change folder. It may come from someone else, so a link or a pipe in it is never followed. Also names for
 * files that are still being written, by which a later run recognises leftovers of a killed run.
 */

import { constants as bufferConstants } from 'node:buffer';
import { hash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, FileError, RefusedError, RemedyError } from '../errors.ts';
import { adviceFor, errnoInWords, onlyWhileBusy, type Patience, withPatience } from '../files/system-errors.ts';

/** Windows has neither; there only the check before opening protects. */
const noFollow = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file of a change folder that is there.
 *
 * @param flags as for `open` of node:fs: constants.O_RDONLY, …
 * @throws RefusedError if it is a link, a pipe or anything else but a file; what the system says otherwise
 */
async function openPlainFile(file: string, flags: number, mode?: number): Promise<FileHandle> {
  await requirePlainFile(file);
  const handle = await open(file, flags | noFollow, mode);
  const stats = await handle.stat();
  // That a folder is no file, the system says itself when it is read.
  if (stats.isFile() || stats.isDirectory()) return handle;
  await handle.close();
  throw refusal(file);
}

/**
 * The same for a file that is written to. With another name (a hard link) it is a file elsewhere too: an archive can bring
 * one.
 * @throws RefusedError if it has more than one name; what openPlainFile throws
 */
export async function openOwnFile(file: string, flags: number, mode?: number): Promise<FileHandle> {
  const handle = await openPlainFile(file, flags, mode);
  if ((await handle.stat()).nlink <= 1) return handle;
  await handle.close();
  throw refusal(file, 'it is a hard link: writing to it would also change the file under its other name');
}

/** The text of a file of a change folder; a file that another program holds is waited for. Throws as openPlainFile does. */
export function readPlainFile(file: string, patience: Patience): Promise<string> {
  return withPatience(onlyWhileBusy(patience), file, async () => {
    const handle = await openPlainFile(file, constants.O_RDONLY);
    try {
      const { size } = await handle.stat();
      if (size > bufferConstants.MAX_STRING_LENGTH) throw new Error(`it has ${size} bytes, more than can be read`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  });
}

/** @throws RefusedError if there is something of this name that is not a file; what the system says otherwise */
export async function requirePlainFile(file: string): Promise<void> {
  const stats = await statsIfThere(file);
  if (stats !== undefined && !stats.isFile() && !stats.isDirectory()) throw refusal(file);
}

/**
 * Looks at a folder of a change folder, which may be missing, and at all that is in it: what is written below a link is
 * written elsewhere.
 * @throws RefusedError if one of these is a link or a pipe; FileError if one can't be looked at
 */
export async function requirePlainFolder(folder: string): Promise<void> {
  try {
    const stats = await statsIfThere(folder);
    if (stats === undefined) return;
    if (!stats.isDirectory()) throw refusal(folder, stats.isFile() ? 'it is a file, not a folder' : undefined);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const foreign = entries.find((entry) => !entry.isFile() && !entry.isDirectory());
    if (foreign !== undefined) throw refusal(path.join(foreign.parentPath, foreign.name));
  } catch (error) {
    if (error instanceof RemedyError) throw error;
    throw new FileError({
      attempted: 'look for links in the change folder',
      on: folder,
      cameBack: errnoInWords(error),
      next: adviceFor(error, 'Grant the right to read it, then try again.'),
      cause: error,
    });
  }
}

async function statsIfThere(place: string): Promise<Stats | undefined> {
  return lstat(place).catch((error: unknown) => {
    // A missing file is left to the function that opens it: it may create it.
    if (errnoOf(error) !== 'ENOENT') throw error;
    return undefined;
  });
}

function refusal(on: string, cameBack = 'it is a link or a pipe, which a change folder may not contain'): RefusedError {
  return new RefusedError({
    attempted: 'use the change folder',
    on,
    cameBack,
    next: 'Get an intact copy of the folder, or make a new plan.',
  });
}

/** The process that writes. */
export interface Maker {
  readonly id: number;
  readonly host: string;
  /** Whether a process of this host is there. */
  readonly isRunning: (process: number) => boolean;
  /** Gives a UUID. */
  readonly randomId: () => string;
}

/** A temporary name next to a file or folder until it is complete; it shows which process of which computer writes it. */
export function unfinishedName(place: string, { id, host, randomId }: Maker): string {
  return `${place}.${randomId()}.${id}-${markOf(host)}.unfinished`;
}

const unfinished = /\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(\d+)-([0-9a-f]{8})\.unfinished$/;

/** A host name may contain characters that a file name may not. */
function markOf(host: string): string {
  return hash('sha256', host).slice(0, 8);
}

/** A leftover of a killed run; `cameBack` says why it could not be removed. */
export interface Leftover {
  readonly path: string;
  readonly cameBack?: string;
}

/**
 * Removes leftovers in a folder of ended runs of this computer. Leftovers of another computer stay:
 * its run may still be working.
 */
export async function removeUnfinished(
  folder: string,
  { host, isRunning }: Maker,
  patience: Patience,
): Promise<readonly Leftover[]> {
  // What can't be listed is reported when something is written there.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const leftovers: Leftover[] = [];
  for (const entry of entries) {
    const [, process, mark] = unfinished.exec(entry.name) ?? [];
    if (mark !== markOf(host) || isRunning(Number(process)) || entry.isSymbolicLink()) continue;
    const left = path.join(folder, entry.name);
    try {
      await withPatience(patience, left, () => rm(left, { recursive: true, force: true }));
      leftovers.push({ path: left });
    } catch (error) {
      // It may belong to another user, and does not prevent this run from writing.
      leftovers.push({ path: left, cameBack: errnoInWords(error) });
    }
  }
  return leftovers;
}
