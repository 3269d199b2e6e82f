/** The practice site's form sets: laid out in a folder, and what the remedy does there. */

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { errnoOf, FileError } from '../../errors.ts';
import { errnoInWords } from '../../files/errno.ts';
import { inParallel } from '../../files/in-parallel.ts';
import type { Practice } from '../remedy.ts';
import { type FormSetWording, members, type PracticeFile, practiceFormSets } from './practice-form-set-files.ts';

export const practice: Practice = {
  about: `Form sets of the array members ${members.join(' and ')}`,
  layOut: layOutFormSets,
  given: (folder) => members.flatMap((member) => ['--root', path.join(folder, member)]),
  dryRun: ['--label', 'email'],
};

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
 * @param templates the templates folder, a URL that ends in a slash
 * @throws FileError if the folder holds anything else, or a file can't be read or written
 */
export async function layOutFormSets(folder: string, templates: URL): Promise<void> {
  const files = practiceFormSets(await readWording(templates));
  await requireFolderOfOurs(folder);
  // The marker comes first: what an interruption leaves can then be completed.
  await writeIfMissing(folder, marker);
  await inParallel(files, filesAtATime, (file) => writeIfMissing(folder, file));
}

async function readWording(templates: URL): Promise<FormSetWording> {
  const file = fileURLToPath(new URL('practice/form-sets.json', templates));
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

async function writeIfMissing(folder: string, file: PracticeFile): Promise<void> {
  const target = path.join(folder, file.path);
  try {
    await mkdir(path.dirname(target), { recursive: true });
  } catch (cause) {
    throw notWritten(path.dirname(target), cause);
  }
  try {
    await writeFile(target, file.bytes, { flag: 'wx' });
  } catch (cause) {
    // What was practised on is kept.
    if (errnoOf(cause) === 'EEXIST') return;
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
