/** Writes file changes: check, back up, replace, and check again where something went wrong. */

import { constants, type Stats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, FileError, RemedyError } from '../errors.ts';
import { NotPlainFileError } from '../files/file-system.ts';
import { inParallel } from '../files/in-parallel.ts';
import type { AccessKeeper } from '../files/own-access.ts';
import { replaceFile, temporarySuffix } from '../files/replace-file.ts';
import { adviceFor, errnoInWords, withPatience } from '../files/system-errors.ts';
import type { ChangeOutcome, ChangeWriter } from './apply.ts';
import { type BeforeImages, type BeforeImagesOptions, beforeImages } from './before-images.ts';
import type { FileChange, FileFingerprint } from './plan.ts';
import {
  type FileEditor,
  fileEditor,
  fileFingerprint,
  leadsElsewhere,
  sameFingerprint,
  targetOf,
} from './planned-file.ts';

/** How the files of a plan are written. */
export interface FileWriterOptions extends BeforeImagesOptions {
  /** The plan's id: marks the temporary files of this plan. */
  readonly planId: string;
  readonly randomId: () => string;
  /** On Windows. */
  readonly keepAccess?: AccessKeeper | undefined;
  readonly parallel?: number;
}

/** Enough for one flush of the journal to serve several files, and for many requests to a share at the same time. */
const filesAtOnce = 32;

/** A writer of file changes. Files do not depend on each other: a failure does not stop the other files. */
export function fileWriter(options: FileWriterOptions): ChangeWriter<FileChange> {
  const images = beforeImages(options);
  const edited = fileEditor();
  return {
    parallel: options.parallel ?? filesAtOnce,
    endsRun: () => false,
    nameOf: (change) => change.path,
    write: async (change, intent) => {
      let intended = false;
      let journalFailure: unknown;
      try {
        return await writeOne(change, options, { images, edited }, async () => {
          await intent().catch((error: unknown) => {
            journalFailure = error;
            throw error;
          });
          intended = true;
        });
      } catch (error) {
        if (journalFailure !== undefined) throw journalFailure;
        if (error instanceof DriftError) return { kind: 'drifted', what: error.message };
        if (!(error instanceof RemedyError)) throw error;
        return intended ? outcomeAfter(error, change, options) : { kind: 'failed', error };
      }
    },
  };
}

/** Ends the writing of one file; never leaves this module. */
class DriftError extends Error {}

async function writeOne(
  change: FileChange,
  options: FileWriterOptions,
  { images, edited }: { readonly images: BeforeImages; readonly edited: FileEditor },
  intent: () => Promise<void>,
): Promise<ChangeOutcome> {
  const { files, patience } = options;
  const target = targetOf(change);
  await requireRealPath(change, options);
  const bytes = await readTarget(target, options);
  const found = fileFingerprint(bytes);
  if (sameFingerprint(found, change.after)) return { kind: 'already-done' };
  if (!sameFingerprint(found, change.before)) {
    // A run that was interrupted right before the rename may have left one.
    throw await images.release(change.path, new DriftError(movedSince(change.before, found)));
  }
  await replaceFile(files, {
    path: target,
    content: edited(bytes, change),
    tag: `${options.planId}.${options.randomId()}`,
    patience,
    beforeRename: async (attributes, temporary) => {
      // The file is read-only and the plan did not expect that.
      if ((attributes.mode & 0o222) === 0) {
        throw new DriftError('the file was marked read-only after the plan was made');
      }
      await options.keepAccess?.(change.path, temporary);
      await images.keep({ file: change.path, target, bytes, attributes });
      await requireSame(target, bytes, change, options);
      await intent();
    },
    beforeEachRename: (attributes) => requireUntouched(change, attributes, options),
  }).catch(async (error: unknown) => {
    throw await images.release(change.path, error);
  });
  return { kind: 'done' };
}

/**
 * The backup, the second reading and the journal take milliseconds, and a file that another program holds takes
 * seconds: an edit in that time would be lost with the rename and be in no backup.
 */
async function requireUntouched(change: FileChange, attributes: Stats, options: FileWriterOptions): Promise<void> {
  await requireRealPath(change, options);
  const now = await options.files.lstat(targetOf(change)).catch(asDrift);
  const same = (['dev', 'ino', 'size', 'mtimeMs'] as const).every((property) => now[property] === attributes[property]);
  if (!same) throw new DriftError('the file was edited during this run');
}

/**
 * A folder above the file, or the file, that has become a link since the plan was made leads to another file.
 * @throws DriftError, or FileError if the system does not say
 */
async function requireRealPath(change: FileChange, options: FileWriterOptions): Promise<void> {
  const { files, patience } = options;
  const found = await withPatience(patience, change.path, () => files.realpath(change.path)).catch(
    async (error: unknown) => {
      await requireReachable(change, options);
      return throwAsFileError(error, 'find the file behind the path', change.path);
    },
  );
  const other = leadsElsewhere(change, found);
  if (other !== undefined) throw new DriftError(other);
}

/** A root that is not there is a computer or drive that can't be reached; a file that is gone alone has changed. */
async function requireReachable({ root }: FileChange, { files, patience }: FileWriterOptions): Promise<void> {
  await withPatience(patience, root, () => files.access(root, constants.F_OK)).catch((error: unknown) => {
    throw new FileError({
      attempted: 'reach the folder',
      on: root,
      cameBack: `not reachable: ${errnoInWords(error)}`,
      next: 'Nothing was changed there. Make it reachable, then run apply again: finished files are not written twice.',
      cause: error,
    });
  });
}

function movedSince(planned: FileFingerprint, found: FileFingerprint): string {
  const size =
    planned.length === found.length ? `${found.length} bytes as before` : `${planned.length} → ${found.length} bytes`;
  return `the file has changed since the plan was made (${size}, SHA-256 ${planned.sha256.slice(0, 12)}… → ${found.sha256.slice(0, 12)}…)`;
}

/** The system's answers for a file that is gone or has become a folder. */
const gone = new Set(['ENOENT', 'ENOTDIR', 'EISDIR']);

function asDrift(error: unknown): never {
  if (gone.has(errnoOf(error) ?? '')) throw new DriftError('the file was removed after the plan was made');
  if (error instanceof NotPlainFileError) throw new DriftError('the file was replaced by a pipe or a device');
  throw error;
}

function throwAsFileError(error: unknown, attempted: string, on: string): never {
  if (gone.has(errnoOf(error) ?? '') || error instanceof NotPlainFileError) asDrift(error);
  throw new FileError({
    attempted,
    on,
    cameBack: errnoInWords(error),
    next: adviceFor(error, 'Grant the right to read it, then apply again.'),
    cause: error,
  });
}

/** @throws DriftError if the file is gone, FileError if it can't be read */
async function readTarget(target: string, { files, patience }: FileWriterOptions): Promise<Buffer> {
  return withPatience(patience, target, () => files.readFile(target)).catch((error: unknown) =>
    throwAsFileError(error, 'read the file', target),
  );
}

/** @throws DriftError if the file has other bytes by now, FileError if it can't be read */
async function requireSame(
  target: string,
  bytes: Buffer,
  change: FileChange,
  options: FileWriterOptions,
): Promise<void> {
  const isSame = await withPatience(options.patience, target, () => options.files.holds(target, bytes)).catch(
    (error: unknown) => throwAsFileError(error, 'read the file', target),
  );
  if (isSame) return;
  throw new DriftError(movedSince(change.before, fileFingerprint(await readTarget(target, options))));
}

/** After a failure at or after the rename, only reading the file again shows which bytes it has. */
async function outcomeAfter(error: Error, change: FileChange, options: FileWriterOptions): Promise<ChangeOutcome> {
  try {
    const found = fileFingerprint(await readTarget(targetOf(change), options));
    if (sameFingerprint(found, change.after)) return { kind: 'unknown', error };
    if (sameFingerprint(found, change.before)) return { kind: 'failed', error };
    return { kind: 'drifted', what: movedSince(change.before, found) };
  } catch {
    // Reading failed too; the first error is more useful.
    return { kind: 'unknown', error };
  }
}

/**
 * Removes what an interrupted run of this plan left: the temporary files next to its targets, and second names in the
 * backup folder of files that were not replaced. Gives the paths of the temporary files.
 * @throws FileError if one can't be removed
 */
export async function removeStrays(
  changes: readonly FileChange[],
  options: Omit<FileWriterOptions, 'randomId'>,
): Promise<readonly string[]> {
  const images = beforeImages(options);
  await inParallel(changes, 16, (change) => images.mend(change.path, targetOf(change)));
  const folders = [...new Set(changes.map((change) => path.dirname(targetOf(change))))];
  const removed = await inParallel(folders, 16, async (folder) => {
    // If a folder can't be listed, its files are reported one by one when they are written.
    const names = await readdir(folder).catch(() => []);
    const ours = names.filter((name) => name.endsWith(temporarySuffix) && name.includes(options.planId));
    return inParallel(ours, 1, (name) => removeStray(path.join(folder, name), options));
  });
  return removed.flat();
}

async function removeStray(stray: string, { files, patience }: Omit<FileWriterOptions, 'randomId'>): Promise<string> {
  try {
    await withPatience(patience, stray, () => files.unlink(stray));
    return stray;
  } catch (error) {
    throw new FileError({
      attempted: 'remove the temporary file of an interrupted run',
      on: stray,
      cameBack: errnoInWords(error),
      next: adviceFor(error, 'Delete it, then apply again.'),
      cause: error,
    });
  }
}
