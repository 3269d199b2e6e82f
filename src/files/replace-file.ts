/**
 * Replaces a file so that its name holds either all of the old bytes or all of the new ones, whatever happens in
 * between: a crash, a full disk, a power failure.
 */

import type { Stats } from 'node:fs';
import path from 'node:path';
import { errnoOf, FileError } from '../errors.ts';
import { type FileSystem, type OpenFile, syncFolder, writeAll } from './file-system.ts';
import { adviceFor, errnoInWords, onlyWhileBusy, type Patience, withPatience } from './system-errors.ts';

/** Ends the name of every temporary file of ours. */
export const temporarySuffix = '.adsi-remedy-tmp';

/** A file with its new bytes. */
export interface Replacement {
  /** The file itself, not a link to it. */
  readonly path: string;
  readonly content: Buffer;
  /** Part of the temporary file's name, which it makes unguessable and ours: letters, digits, hyphens, dots. */
  readonly tag: string;
  /** For the rename, and for making and removing the temporary file. */
  readonly patience: Patience;
  /**
   * Called with the file's attributes and the temporary file's path when the new bytes are safely next to it and only the
   * rename is left: the place for the before image, another reading of the target and the journal's intent. If it throws,
   * nothing has happened.
   */
  readonly beforeRename: (attributes: Stats, temporary: string) => Promise<void>;
  /** Called with the same attributes right before each try of the rename; if it throws, nothing has happened. */
  readonly beforeEachRename?: (attributes: Stats) => Promise<void>;
}

const untouched =
  'The file keeps its old content. Remove the cause and apply again: finished files are not written twice.';
/** For failures at or after the rename, which may have been carried out although an error came back. */
const lookedAtAgain =
  'Remove the cause and apply again: the file is checked first, and finished files are not written twice.';

/**
 * Replaces the file's bytes and keeps its mode and owner, on Windows its hidden and system attributes and its alternate
 * data streams. Never writes in place.
 * @throws FileError if a step fails: no temporary file is left unless the error names it, and the old bytes are still in
 * place unless the rename or a step after it failed; whatever `beforeRename` throws
 */
export async function replaceFile(files: FileSystem, replacement: Replacement): Promise<void> {
  const { path: target, content } = replacement;
  const folder = path.dirname(target);
  const temporary = path.join(folder, `.${path.basename(target)}.${replacement.tag}${temporarySuffix}`);

  const owner = await attempt('read the attributes of the file', target, untouched, () => files.lstat(target));
  if (!owner.isFile()) {
    throw new FileError({
      attempted: 'replace the file',
      on: target,
      cameBack: owner.isSymbolicLink() ? 'it is a symbolic link' : 'it is not a plain file',
      next: 'Only plain files are replaced. Make a new plan, which resolves links.',
    });
  }
  const writing = 'write the new content next to the file';
  const handle = await attempt(writing, temporary, untouched, () => openNew(files, temporary, owner, replacement));
  try {
    await attempt(writing, temporary, untouched, () => fillAndClose(handle, temporary, content, owner));
    await requireSameContent(files, temporary, content, replacement.patience);
    await replacement.beforeRename(owner, temporary);
    await withPatience(replacement.patience, target, async () => {
      await replacement.beforeEachRename?.(owner);
      await files.rename(temporary, target);
    }).catch((error: unknown) => {
      if (error instanceof FileError || errnoOf(error) === undefined) throw error;
      throw failure('replace the file with the new content', target, lookedAtAgain, error);
    });
  } catch (error) {
    throw await afterRemoving(files, temporary, replacement.patience, error);
  }
  await attempt('write the replacement of the file to the disk', folder, lookedAtAgain, () =>
    syncFolder(files.open, folder),
  );
}

async function attempt<T>(attempted: string, on: string, next: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof FileError ? error : failure(attempted, on, next, error);
  }
}

function failure(attempted: string, on: string, next: string, cause: unknown): FileError {
  return new FileError({ attempted, on, cameBack: errnoInWords(cause), next: adviceFor(cause, next), cause });
}

/** A new file to be filled: a copy of the file, where that has more than bytes. A read-only copy could not be filled. */
async function openNew(
  files: FileSystem,
  temporary: string,
  { mode }: Stats,
  { path: target, patience }: Replacement,
): Promise<OpenFile> {
  const { copy } = files;
  if (copy === undefined || (mode & 0o200) === 0) return files.open(temporary, 'wx', mode & 0o777);
  await withPatience(patience, target, () => copy(target, temporary));
  try {
    return await withPatience(patience, temporary, () => files.open(temporary, 'r+'));
  } catch (error) {
    throw await afterRemoving(files, temporary, patience, error);
  }
}

async function fillAndClose(
  handle: OpenFile,
  temporary: string,
  content: Buffer,
  owner: { readonly mode: number; readonly uid: number; readonly gid: number },
): Promise<void> {
  try {
    await writeAll(handle, temporary, content);
    const made = await handle.stat();
    if (made.size > content.length) await handle.truncate(content.length);
    const hasOwner = made.uid === owner.uid && made.gid === owner.gid;
    if (!hasOwner) await handle.chown(owner.uid, owner.gid);
    // The process's umask may have cleared bits of the mode, and a change of owner clears some.
    if (!hasOwner || (made.mode & 0o7777) !== (owner.mode & 0o7777)) await handle.chmod(owner.mode & 0o7777);
    await handle.sync();
  } catch (error) {
    // The error that is thrown says why; one from closing the file would hide it.
    await handle.close().catch(() => undefined);
    throw error;
  }
  await handle.close();
}

/** Removes the temporary file. Gives the error to throw: `error`, or that the temporary file could not be removed. */
async function afterRemoving(
  files: FileSystem,
  temporary: string,
  patience: Patience,
  error: unknown,
): Promise<unknown> {
  try {
    await withPatience(patience, temporary, () => files.unlink(temporary));
    return error;
  } catch (cause) {
    // The rename was carried out and its answer lost.
    if (errnoOf(cause) === 'ENOENT') return error;
    return new FileError({
      attempted: 'remove the temporary file after a failure',
      on: temporary,
      cameBack: `${errnoInWords(cause)}; the earlier error: ${errnoInWords(error)}`,
      next: 'Delete the temporary file, or apply again, which deletes it.',
      cause: error,
    });
  }
}

async function requireSameContent(
  files: FileSystem,
  temporary: string,
  content: Buffer,
  patience: Patience,
): Promise<void> {
  const attempted = 'read back the new content';
  const read = <T>(work: () => Promise<T>): Promise<T> =>
    attempt(attempted, temporary, untouched, () => withPatience(onlyWhileBusy(patience), temporary, work));
  if (await read(() => files.holds(temporary, content))) return;
  const readBack = await read(() => files.readFile(temporary));
  throw new FileError({
    attempted,
    on: temporary,
    cameBack: `${readBack.length} bytes that differ from the ${content.length} written`,
    next: 'The file keeps its old content. Check the disk or the share: it does not return what was written.',
  });
}
