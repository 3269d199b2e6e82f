/**
 * One run at a time on a change folder: two would remove each other's temporary files and write contradictory
 * journals.
 */

import { hash, randomUUID } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, FileError, RefusedError, RemedyError } from '../errors.ts';
import { errnoInWords, onlyWhileBusy, type Patience, withPatience } from '../files/system-errors.ts';
import { readPlainFile } from './folder-files.ts';

/** The run that uses a change folder. */
export interface LockHolder {
  readonly process: number;
  readonly host: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** The run that takes the lock, and how to recognise the lock of a killed run. */
export interface LockOptions {
  readonly holder: LockHolder;
  /** Whether a process of this host is there. */
  readonly isRunning: (process: number) => boolean;
  /** With other programs that have the lock open: a virus scanner looks at new files. */
  readonly patience: Patience;
}

const lockName = 'lock.json';

/**
 * Locks a change folder for this process, and gives the function that releases it. A lock left behind by an ended process is
 * replaced; if this process already has the lock, it stays, and releasing does nothing.
 *
 * Two runs never have it, as lock.json is only made if there is none, and:
 * 1. A lock is removed by its own run, or after that run's end by the run whose mark for it is the last (rightToRemove).
 *    There is one such run at a time: a mark is made if there is none, only after its run's end is a next one made,
 *    and while the lock is there each run removes no mark but its own, when it gives up.
 * 2. That run looks at lock.json once more before it removes it. A lock that was left behind never comes back, as its
 *    process has ended: what was read too early, and marks that remain, do no harm once it is gone. So the run that has
 *    the folder may clear all marks.
 * 3. What is removed is first renamed, which frees its name at once, and for good (remove).
 * A run that is killed at any point blocks no other run: its lock or its mark belongs to a process that has ended.
 * Only a file that was created and not yet written does not identify its run; the user has to delete it.
 *
 * @throws RefusedError if another run is at work, or may be; FileError if the lock can't be written
 */
export async function lockFolder(folder: string, options: LockOptions): Promise<() => Promise<void>> {
  const { holder, patience } = options;
  const file = path.join(folder, lockName);
  for (let round = 1; ; round += 1) {
    if (await isMade(file, options)) return () => attempt(file, () => letGo(folder, file, patience));
    const found = await readLock(file, patience);
    // Released in the meantime.
    if (found === undefined) continue;
    const other = holderIn(found);
    if (other?.host === holder.host && other.process === holder.process) return async () => undefined;
    if (!hasEnded(other, options)) throw refusal(folder, file, other);
    const { marks, isOwn } = await rightToRemove(file, found, options);
    if (isOwn) await attempt(file, () => removeLeft(file, found, marks, patience));
    else if (round === mostRounds) throw refusal(folder, marks.at(-1) ?? file, undefined);
    else await patience.sleep(roundMilliseconds);
  }
}

/** How long a run waits for another one that is about to remove a lock that was left behind. */
const mostRounds = 40;
const roundMilliseconds = 50;

/** Whether this is known to be the end of the run: not for a run of another computer, nor for one that is not known. */
function hasEnded(run: LockHolder | undefined, { holder, isRunning }: LockOptions): run is LockHolder {
  return run !== undefined && run.host === holder.host && !isRunning(run.process);
}

/** Makes a lock or a mark of this run, unless there is one. */
async function isMade(file: string, { holder, patience }: LockOptions): Promise<boolean> {
  try {
    const handle = await withPatience(onlyWhileBusy(patience), file, () => open(file, 'wx', 0o600));
    try {
      await handle.writeFile(`${JSON.stringify(holder)}\n`);
    } catch (error) {
      // An empty lock would block every run. If it can't be removed either, the first error is more useful.
      await remove(file, patience).catch(() => undefined);
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

/**
 * Asks for the right to remove a lock that was left behind: the run has it whose mark is the last. Each mark names the
 * lock and the marks before it by what they hold, so that it is of no other lock.
 * @param found what the lock holds
 */
async function rightToRemove(
  file: string,
  found: string,
  options: LockOptions,
): Promise<{ readonly marks: readonly string[]; readonly isOwn: boolean }> {
  const marks: string[] = [];
  for (let contents = found; ; ) {
    const mark = `${file}.${hash('sha256', contents).slice(0, 16)}`;
    marks.push(mark);
    if (await isMade(mark, options)) return { marks, isOwn: true };
    const text = (await readLock(mark, options.patience)) ?? '';
    if (!hasEnded(holderIn(text), options)) return { marks, isOwn: false };
    // Its run may have given it up before its end.
    if ((await readLock(mark, options.patience)) !== text) return { marks, isOwn: false };
    contents += text;
  }
}

/** Removes a lock that was left behind if it is still there, then the marks, of which the last is this run's. */
async function removeLeft(file: string, found: string, marks: readonly string[], patience: Patience): Promise<void> {
  try {
    if ((await readLock(file, patience)) === found) await remove(file, patience);
  } catch (error) {
    // The first error is more useful.
    for (const mark of marks.slice(-1)) await remove(mark, patience).catch(() => undefined);
    throw error;
  }
  for (const mark of marks) await remove(mark, patience);
}

/** Releases the folder, and removes what killed runs have left next to the lock. */
async function letGo(folder: string, file: string, patience: Patience): Promise<void> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    // A folder with such a name is not ours.
    const beside = entries.filter((entry) => entry.name.startsWith(`${lockName}.`) && !entry.isDirectory());
    for (const { name } of beside) await remove(path.join(folder, name), patience);
  } finally {
    await remove(file, patience);
  }
}

/**
 * Removes a file, if it is there. Windows may keep a file that is deleted under its name until the last program closes
 * it; Wine even opens it meanwhile. Under a unique name it blocks no other run.
 */
async function remove(file: string, patience: Patience): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await withPatience(patience, file, () => rename(file, aside));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  // The run that has the folder may be faster.
  await withPatience(patience, aside, () => rm(aside, { force: true }));
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
    attempted: 'lock the change folder',
    on: file,
    cameBack: errnoInWords(error),
    next: 'Grant the right to write in the change folder, or make room there; then try again.',
    cause: error,
  });
}

function refusal(folder: string, file: string, holder: LockHolder | undefined): RefusedError {
  return new RefusedError({
    attempted: 'use the change folder',
    on: folder,
    cameBack:
      holder === undefined
        ? 'another run seems to be using it'
        : `another run is using it (process ${holder.process} on ${holder.host}, since ${holder.since})`,
    next: `Wait for it to end. If it is no longer running, delete ${file} and try again.`,
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
