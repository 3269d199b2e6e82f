/** Lays out the practice site's form sets in a folder. */

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { errnoOf, FileError } from '../../errors.ts';
import { errnoInWords } from '../../files/errno.ts';
import { inParallel } from '../../files/in-parallel.ts';
import { type FormSetWording, members, type PracticeFile, practiceFormSets } from './practice-form-set-files.ts';

export interface PracticeFormSets {
  /** One folder an array member, for --root. */
  readonly roots: readonly string[];
  readonly written: number;
  /** Files that were there already, changed since or not. */
  readonly kept: number;
}

const filesAtATime = 16;

/** Says that a folder is ours, so that it may be completed; beside the array members. */
const markerName = 'practice-form-sets.txt';
const marker: PracticeFile = {
  path: markerName,
  bytes: Buffer.from(
    'Form sets to practise on, laid out by adsi-remedy. Nothing reads them but you.\n' +
      'Delete the whole folder to start afresh.\n',
  ),
};

/**
 * Writes the practice form sets below `folder`, which must be new, empty, or laid out by this function before. What is
 * there already stays as it is, so that a practised change can be looked at again and undone.
 *
 * @param templates the templates folder, as a path or as a URL that ends in a slash
 * @throws FileError if the folder holds anything else, or a file can't be read or written
 */
export async function layOutFormSets(folder: string, templates: string | URL): Promise<PracticeFormSets> {
  const files = practiceFormSets(await readWording(templates));
  await requireFolderOfOurs(folder);
  // The marker comes first: what an interruption leaves can then be completed.
  const outcomes = [await writeIfMissing(folder, marker)];
  outcomes.push(...(await inParallel(files, filesAtATime, (file) => writeIfMissing(folder, file))));
  return {
    roots: members.map((member) => path.join(folder, member)),
    written: outcomes.filter((outcome) => outcome === 'written').length,
    kept: outcomes.filter((outcome) => outcome === 'kept').length,
  };
}

async function readWording(templates: string | URL): Promise<FormSetWording> {
  const folder = typeof templates === 'string' ? templates : fileURLToPath(templates);
  const file = path.join(folder, 'practice', 'form-sets.json');
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new FileError({
      attempted: 'read the wording of the practice form sets',
      on: file,
      cameBack: errnoInWords(cause),
      next: 'Install adsi-remedy again: a part of it is missing or damaged.',
      cause,
    });
  }
}

async function requireFolderOfOurs(folder: string): Promise<void> {
  const attempted = 'lay out the practice form sets';
  const next = 'Name a new or empty folder.';
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return;
    throw new FileError({ attempted, on: folder, cameBack: errnoInWords(cause), next, cause });
  }
  if (names.length > 0 && !names.includes(markerName)) {
    throw new FileError({
      attempted,
      on: folder,
      cameBack: 'the folder is not empty, and not a practice folder',
      next,
    });
  }
}

async function writeIfMissing(folder: string, file: PracticeFile): Promise<'written' | 'kept'> {
  const target = path.join(folder, file.path);
  try {
    await mkdir(path.dirname(target), { recursive: true });
  } catch (cause) {
    throw notWritten(path.dirname(target), cause);
  }
  try {
    await writeFile(target, file.bytes, { flag: 'wx' });
    return 'written';
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return 'kept';
    throw notWritten(target, cause);
  }
}

function notWritten(on: string, cause: unknown): FileError {
  return new FileError({
    attempted: 'write a practice file',
    on,
    cameBack: errnoInWords(cause),
    next: 'Check the rights and the free space there, or name another folder.',
    cause,
  });
}
