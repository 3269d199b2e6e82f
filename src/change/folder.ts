/** The change folder: the plan and everything that goes with it. It is written as a whole or not at all, and opened. */

import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, FileError, RemedyError, UsageError } from '../errors.ts';
import { syncFolder } from '../files/file-system.ts';
import { errnoInWords, type Patience, withPatience } from '../files/system-errors.ts';
import { type Leftover, type Maker, removeUnfinished, requirePlainFolder, unfinishedName } from './folder-files.ts';
import { type JournalRecord, readJournal } from './journal.ts';
import type { Plan } from './plan.ts';
import { readPlan } from './read-plan.ts';
import { canonicalText } from './seal.ts';

/** The names of what lies in a change folder. */
export const folderParts = {
  plan: 'plan.json',
  page: 'review.html',
  text: 'review.txt',
  diff: 'change.diff',
  ldif: 'change.ldf',
  backup: 'backup',
  entriesBefore: path.join('backup', 'before.ldf'),
  journal: 'journal.jsonl',
  nextSteps: 'next-steps.txt',
} as const;

/**
 * The names of the LDIF that removes lingering objects from each of these DCs: change.ldf where there is one only. Windows
 * takes names that differ in letter case for the same.
 */
export function removalFiles(hosts: readonly string[]): ReadonlyMap<string, string> {
  if (hosts.length < 2) return new Map(hosts.map((host) => [host, folderParts.ldif]));
  const taken = new Map<string, number>();
  return new Map(
    hosts.map((host) => {
      const plain = host.replace(/[^\w.-]/g, '_').slice(0, 100);
      const number = (taken.get(plain.toLowerCase()) ?? 0) + 1;
      taken.set(plain.toLowerCase(), number);
      return [host, `change-${plain}${number === 1 ? '' : `~${number}`}.ldf`];
    }),
  );
}

/** A change folder holds content of a directory or of files, so only its user may read it. */
const privateFolder = 0o700;
const privateFile = 0o600;

/** A file of the folder: its name, slashes allowed, and its text in pieces. */
export interface FolderDocument {
  readonly name: string;
  readonly content: Iterable<string> | AsyncIterable<string>;
}

/**
 * Writes a change folder: first next to its place under a temporary name, then renamed, so that an existing folder is always
 * complete. Folders above it are created. Removes leftovers of killed runs next to it, and gives these.
 *
 * @param patience with other programs that have a new file open: a virus scanner looks at each
 * @throws UsageError if something of that name is there already; FileError if it can't be written
 */
export async function writeChangeFolder(
  folder: string,
  plan: Plan,
  documents: readonly FolderDocument[],
  maker: Maker,
  patience: Patience,
): Promise<readonly Leftover[]> {
  await refuseExisting(folder, patience);
  const unfinished = unfinishedName(folder, maker);
  try {
    await mkdir(path.dirname(folder), { recursive: true });
    const leftovers = await removeUnfinished(path.dirname(folder), maker, patience);
    await mkdir(unfinished, { mode: privateFolder });
    for (const document of [...documents, { name: folderParts.plan, content: planText(plan) }]) {
      await writeDocument(path.join(unfinished, document.name), document.content);
    }
    await syncFolder(open, unfinished);
    await withPatience(patience, folder, () => rename(unfinished, folder));
    await syncFolder(open, path.dirname(folder));
    return leftovers;
  } catch (error) {
    await withPatience(patience, unfinished, () => rm(unfinished, { recursive: true, force: true }));
    if (error instanceof RemedyError || errnoOf(error) === undefined) throw error;
    throw new FileError({
      attempted: 'write the change folder',
      on: folder,
      cameBack: errnoInWords(error),
      next: 'Nothing was changed. Name another place with --save FOLDER, or make room in this one.',
      cause: error,
    });
  }
}

/**
 * Draws documents of a change folder again, each whole or not at all. What a killed run left of one is removed: gives that.
 * @throws FileError if one can't be written
 */
export async function redrawDocuments(
  folder: string,
  documents: readonly FolderDocument[],
  maker: Maker,
  patience: Patience,
): Promise<readonly Leftover[]> {
  const leftovers = await removeUnfinished(folder, maker, patience);
  for (const { name, content } of documents) {
    const file = path.join(folder, name);
    const beside = unfinishedName(file, maker);
    try {
      await writeDocument(beside, content);
      await withPatience(patience, file, () => rename(beside, file));
    } catch (error) {
      await withPatience(patience, beside, () => rm(beside, { force: true }));
      if (error instanceof RemedyError || errnoOf(error) === undefined) throw error;
      throw new FileError({
        attempted: 'update the review',
        on: file,
        cameBack: errnoInWords(error),
        next: 'The plan and the journal are intact: adsi-remedy show FOLDER shows the review on the screen.',
        cause: error,
      });
    }
  }
  return leftovers;
}

/** The first of the path and the folders above it that is there, if that is a file. */
async function fileOnTheWay(place: string): Promise<string | undefined> {
  // What can't be looked at is named by the step that makes the folder.
  const stats = await stat(place).catch(() => undefined);
  if (stats !== undefined) return stats.isFile() ? place : undefined;
  const above = path.dirname(place);
  return above === place ? undefined : fileOnTheWay(above);
}

async function refuseExisting(folder: string, patience: Patience): Promise<void> {
  const names = await readdir(folder).catch(async (error: unknown) => {
    // Windows reports a file in the place of a folder as missing, and what is below a file too.
    if (errnoOf(error) === 'ENOTDIR' || errnoOf(error) === 'ENOENT') {
      const file = await fileOnTheWay(folder);
      if (file === undefined) return undefined;
      throw alreadyThere(
        folder,
        file === folder ? 'a file with this name already exists' : `${file} is a file, not a folder`,
      );
    }
    throw new FileError({
      attempted: 'write the change folder',
      on: folder,
      cameBack: errnoInWords(error),
      next: 'Nothing was changed. Name another place with --save FOLDER.',
      cause: error,
    });
  });
  if (names === undefined) return;
  if (names.length === 0) {
    // Windows does not rename a folder onto another one, not even onto an empty one.
    await withPatience(patience, folder, () => rmdir(folder));
    return;
  }
  throw alreadyThere(folder, 'this name already exists');
}

function alreadyThere(folder: string, cameBack: string): UsageError {
  return new UsageError({
    attempted: 'write the change folder',
    on: folder,
    cameBack,
    next: 'Name a folder that does not exist yet: a saved change is never overwritten.',
  });
}

async function writeDocument(file: string, content: FolderDocument['content']): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: privateFolder });
  const handle = await open(file, 'wx', privateFile);
  try {
    await writePieces(handle, content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const pieceLength = 65_536;

async function writePieces(handle: FileHandle, content: FolderDocument['content']): Promise<void> {
  let waiting: string[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    await handle.writeFile(waiting.join(''));
    waiting = [];
    length = 0;
  };
  for await (const piece of content) {
    waiting.push(piece);
    length += piece.length;
    if (length >= pieceLength) await flush();
  }
  await flush();
}

/** plan.json in a readable form: one member per line, and in the long lists one item per line. */
export function* planText(plan: Plan): Generator<string> {
  let separator = '{\n';
  for (const [name, value] of Object.entries(plan)) {
    yield `${separator}  ${JSON.stringify(name)}: `;
    if (Array.isArray(value) && value.length > 0) {
      for (const [index, item] of value.entries()) yield `${index === 0 ? '[' : ','}\n    ${canonicalText(item)}`;
      yield '\n  ]';
    } else {
      yield canonicalText(value);
    }
    separator = ',\n';
  }
  yield '\n}\n';
}

/** A folder for a change without --save: changes/2026-11-22-labels, with a number if it is taken. */
export async function freeFolder(home: string, created: string, name: string): Promise<string> {
  const names = new Set(await readdir(home).catch(() => []));
  const base = `${created.slice(0, 10)}-${name}`;
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? base : `${base}-${number}`;
    if (!names.has(candidate)) return path.join(home, candidate);
  }
}

/** A plan with its change folder. */
export interface SavedPlan {
  /** Absolute. */
  readonly folder: string;
  readonly plan: Plan;
}

/** A change folder with what its journal says. */
export interface SavedChange extends SavedPlan {
  readonly records: readonly JournalRecord[];
}

/**
 * Opens a change folder; its plan.json may be named in its place.
 *
 * @param named absolute
 * @throws FileError or PlanNotUsableError if it holds no plan that can be used; RefusedError if a part of it is no file or folder
 */
export async function openChange(named: string, patience: Patience): Promise<SavedChange> {
  const folder = path.basename(named) === folderParts.plan ? path.dirname(named) : named;
  const plan = await readPlan(path.join(folder, folderParts.plan), patience);
  await requirePlainFolder(path.join(folder, folderParts.backup));
  return { folder, plan, records: await readJournal(path.join(folder, folderParts.journal), patience) };
}

/** The change folders in a folder, the newest plan first. Other folders are skipped. */
export async function changesIn(home: string, patience: Patience): Promise<readonly SavedChange[]> {
  const names = await readdir(home).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      try {
        return [await openChange(path.join(home, name), patience)];
      } catch (error) {
        // Not a change folder, or one that show explains when it is named.
        if (error instanceof RemedyError) return [];
        throw error;
      }
    }),
  );
  return found.flat().sort((one, other) => (one.plan.created < other.plan.created ? 1 : -1));
}
