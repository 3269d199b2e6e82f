/**
 * One run at a time on a change folder: two would take each other's temporary files away and tell the journal the
 * opposite of each other.
 */

import { link, open, readFile, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, FileError, RefusedError, RemedyError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import { onlyWhileBusy, type Patience, withPatience } from '../files/patience.ts';
import { readPlainFile } from './folder-files.ts';

/** Who works on a change folder. */
export interface LockHolder {
  readonly process: number;
  readonly host: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

export interface LockOptions {
  readonly holder: LockHolder;
  /** Whether a process of this host is there. */
  readonly isRunning: (process: number) => boolean;
  readonly randomId: () => string;
  /** With other programs that have the lock open: a virus scanner looks at new files. */
  readonly patience: Patience;
}

const lockName = 'lock.json';

/**
 * Takes a change folder for this process, and gives what lets it go again. A lock that its process has left behind is
 * replaced; one that this process has already stays, and letting go then does nothing.
 * @throws RefusedError if another run is at work, or may be; FileError if the lock can't be written
 */
export async function lockFolder(folder: string, options: LockOptions): Promise<() => Promise<void>> {
  const { patience } = options;
  const file = path.join(folder, lockName);
  const text = `${JSON.stringify(options.holder)}\n`;
  for (;;) {
    if (await isMade(file, text, patience)) return () => attempt(file, () => patientUnlink(file, patience));
    const found = await readLock(file, patience);
    // Let go of in between.
    if (found === undefined) continue;
    const holder = holderIn(found);
    if (holder === undefined || holder.host !== options.holder.host) throw refusal(folder, file, holder);
    if (holder.process === options.holder.process) return async () => undefined;
    if (options.isRunning(holder.process)) throw refusal(folder, file, holder);
    await removeLeft(file, found, options);
  }
}

function patientUnlink(file: string, patience: Patience): Promise<void> {
  return withPatience(patience, file, () => unlink(file));
}

async function isMade(file: string, text: string, patience: Patience): Promise<boolean> {
  try {
    const handle = await withPatience(onlyWhileBusy(patience), file, () => open(file, 'wx'));
    try {
      await handle.writeFile(text);
    } catch (error) {
      // An empty lock would keep everybody away. That it can't be removed either says less than why it is empty.
      await patientUnlink(file, patience).catch(() => undefined);
      throw error;
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw trouble(file, error);
  }
}

async function readLock(file: string, patience: Patience): Promise<string | undefined> {
  try {
    return await readPlainFile(file, patience);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error instanceof RemedyError ? error : trouble(file, error);
  }
}

function holderIn(text: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isHolder(value) ? value : undefined;
  } catch {
    // Being written right now, or torn: its owner is unknown.
    return undefined;
  }
}

function isHolder(value: unknown): value is LockHolder {
  return (
    typeof value === 'object' &&
    value !== null &&
    'process' in value &&
    typeof value.process === 'number' &&
    'host' in value &&
    typeof value.host === 'string' &&
    'since' in value &&
    typeof value.since === 'string'
  );
}

/** Removes a lock that was left behind, but not one that another run has put in its place meanwhile. */
async function removeLeft(file: string, text: string, { randomId, patience }: LockOptions): Promise<void> {
  const aside = `${file}.${randomId()}`;
  try {
    await withPatience(patience, file, () => rename(file, aside));
  } catch (error) {
    // Another run was quicker.
    if (errnoOf(error) === 'ENOENT') return;
    throw trouble(file, error);
  }
  await attempt(aside, async () => {
    if ((await readFile(aside, 'utf8')) !== text) {
      await link(aside, file).catch((error: unknown) => {
        // Taken anew in the meantime: then there is one again, which is all that is wanted.
        if (errnoOf(error) !== 'EEXIST') throw error;
      });
    }
    await patientUnlink(aside, patience);
  });
}

async function attempt(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw trouble(file, error);
  }
}

function trouble(file: string, error: unknown): FileError {
  return new FileError({
    attempted: 'keep other runs away from the change folder',
    on: file,
    cameBack: errnoInWords(error),
    next: 'Give the right to write in the change folder, or make room there; then try again.',
    cause: error,
  });
}

function refusal(folder: string, file: string, holder: LockHolder | undefined): RefusedError {
  return new RefusedError({
    attempted: 'work on the change folder',
    on: folder,
    cameBack:
      holder === undefined
        ? 'another run seems to be at work on it'
        : `another run is at work on it (process ${holder.process} on ${holder.host}, since ${holder.since})`,
    next: `Wait for it to end. If it is gone and has left its mark, delete ${file} and try again.`,
  });
}

/**
 * Does the work with these change folders locked. A run that has one of them already may take it again.
 * @throws RefusedError if another run is at work on one of them; FileError if a lock can't be written; what `work` throws
 */
export async function withFolderLock<T>(
  folders: readonly string[],
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const [first, ...others] = folders;
  if (first === undefined) return work();
  const release = await lockFolder(first, options);
  try {
    return await withFolderLock(others, options, work);
  } finally {
    await release();
  }
}
