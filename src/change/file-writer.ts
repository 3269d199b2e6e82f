/** Writes file changes: check, back up, replace, and check again where something went wrong. */

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { FileError, RemedyError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import type { FileSystem } from '../files/file-system.ts';
import { inParallel } from '../files/in-parallel.ts';
import { replaceFile, temporarySuffix } from '../files/replace-file.ts';
import { spliceBytes } from '../files/strings-file.ts';
import type { ChangeOutcome, ChangeWriter } from './apply.ts';
import { type BeforeImages, beforeImages } from './before-images.ts';
import { fileFingerprint, sameFingerprint } from './fingerprint.ts';
import type { FileChange, FileFingerprint } from './plan.ts';

/** Milliseconds between tries while Windows holds a file: six seconds in all. */
const retryDelays = [50, 100, 200, 400, 800, 1600, 3000];

export interface FileWriterOptions {
  readonly files: FileSystem;
  /** The folder for the before images. */
  readonly backupFolder: string;
  /** The plan's id: marks the temporary files of this plan. */
  readonly planId: string;
  readonly randomId: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly parallel?: number;
}

/** Enough that one flush of the journal serves several files, and that a share is asked for many at the same time. */
const filesAtOnce = 32;

/** A writer of file changes. Files do not depend on each other: a failure does not stop the other files. */
export function fileWriter(options: FileWriterOptions): ChangeWriter<FileChange> {
  const images = beforeImages(options.backupFolder, options.files);
  return {
    parallel: options.parallel ?? filesAtOnce,
    endsRun: () => false,
    nameOf: (change) => change.path,
    write: async (change, intent) => {
      let intended = false;
      let journalFailure: unknown;
      try {
        return await writeOne(change, options, images, async () => {
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
        return intended ? outcomeAfter(error, change, options.files) : { kind: 'failed', error };
      }
    },
  };
}

/** The system's answers for a file that is gone or has become a folder. */
const gone = new Set(['ENOENT', 'ENOTDIR', 'EISDIR']);

/** Ends the writing of one file; never leaves this module. */
class DriftError extends Error {}

/** The file itself, where links lead to it. */
function targetOf(change: FileChange): string {
  return change.realPath ?? change.path;
}

async function writeOne(
  change: FileChange,
  options: FileWriterOptions,
  images: BeforeImages,
  intent: () => Promise<void>,
): Promise<ChangeOutcome> {
  const { files } = options;
  const bytes = await readTarget(files, targetOf(change)).catch((error: unknown) => {
    throw error instanceof FileError && gone.has(error.errno ?? '')
      ? new DriftError('the file is gone since the plan was made')
      : error;
  });
  const found = fileFingerprint(bytes);
  if (sameFingerprint(found, change.after)) return { kind: 'already-done' };
  if (!sameFingerprint(found, change.before)) {
    // A run that was interrupted right before the rename may have left one.
    throw await images.release(targetOf(change), new DriftError(movedSince(change.before, found)));
  }
  await replaceFile(files, {
    path: targetOf(change),
    content: editedContent(bytes, change),
    tag: `${options.planId}.${options.randomId()}`,
    retryDelays,
    sleep: options.sleep,
    beforeRename: async (attributes) => {
      // The file is read-only and the plan did not expect that.
      if ((attributes.mode & 0o222) === 0) {
        throw new DriftError('the file has been marked read-only since the plan was made');
      }
      await images.keep(targetOf(change), bytes, attributes);
      const last = await readTarget(files, targetOf(change));
      if (!last.equals(bytes)) throw new DriftError(movedSince(change.before, fileFingerprint(last)));
      await intent();
    },
  }).catch(async (error: unknown) => {
    throw await images.release(targetOf(change), error);
  });
  return { kind: 'done' };
}

/**
 * The file's bytes with the plan's splices done.
 * @throws FileError if the result is not what the plan foresaw
 */
function editedContent(bytes: Buffer, change: FileChange): Buffer {
  const content = spliceBytes(
    bytes,
    change.splices.map((splice) => ({
      offset: splice.offset,
      old: Buffer.from(splice.old, 'base64'),
      new: Buffer.from(splice.new, 'base64'),
    })),
  );
  if (sameFingerprint(fileFingerprint(content), change.after)) return content;
  throw new FileError({
    attempted: 'edit the file as planned',
    on: change.path,
    cameBack: 'the edited content is not what the plan foresaw',
    next: 'The file keeps its old content. Make a new plan.',
  });
}

function movedSince(planned: FileFingerprint, found: FileFingerprint): string {
  const size =
    planned.length === found.length ? `${found.length} bytes as before` : `${planned.length} → ${found.length} bytes`;
  return `the file has changed since the plan was made (${size}, SHA-256 ${planned.sha256.slice(0, 12)}… → ${found.sha256.slice(0, 12)}…)`;
}

async function readTarget(files: FileSystem, target: string): Promise<Buffer> {
  try {
    return await files.readFile(target);
  } catch (error) {
    throw new FileError({
      attempted: 'read the file',
      on: target,
      cameBack: errnoInWords(error),
      next: 'If it is gone, make a new plan; otherwise grant the right to read it and apply again.',
      cause: error,
    });
  }
}

/** After a failure at or after the rename, only reading the file again shows which bytes it has. */
async function outcomeAfter(error: Error, change: FileChange, files: FileSystem): Promise<ChangeOutcome> {
  try {
    const found = fileFingerprint(await readTarget(files, targetOf(change)));
    if (sameFingerprint(found, change.after)) return { kind: 'unknown', error };
    if (sameFingerprint(found, change.before)) return { kind: 'failed', error };
    return { kind: 'drifted', what: movedSince(change.before, found) };
  } catch {
    // Reading failed as well: the first error says more.
    return { kind: 'unknown', error };
  }
}

/**
 * Removes the temporary files that an interrupted run of this plan left beside its targets, and gives their paths.
 * @throws FileError if one can't be removed
 */
export async function removeStrays(
  changes: readonly FileChange[],
  planId: string,
  files: FileSystem,
): Promise<readonly string[]> {
  const folders = [...new Set(changes.map((change) => path.dirname(targetOf(change))))];
  const removed = await inParallel(folders, 16, async (folder) => {
    // If a folder can't be listed, its files are reported one by one when they are written.
    const names = await readdir(folder).catch(() => []);
    const ours = names.filter((name) => name.endsWith(temporarySuffix) && name.includes(planId));
    return inParallel(ours, 1, (name) => removeStray(path.join(folder, name), files));
  });
  return removed.flat();
}

async function removeStray(stray: string, files: FileSystem): Promise<string> {
  try {
    await files.unlink(stray);
    return stray;
  } catch (error) {
    throw new FileError({
      attempted: 'remove the temporary file of an interrupted run',
      on: stray,
      cameBack: errnoInWords(error),
      next: 'Delete it, then apply again.',
      cause: error,
    });
  }
}
