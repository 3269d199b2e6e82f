/** Directories in this process: an export that is worked on offline, and the practice forest. */

import { access, open } from 'node:fs/promises';
import path from 'node:path';
import type { PlanConnection } from '../change/plan.ts';
import { type EmbeddedForest, openEmbeddedForest } from '../embedded/open-embedded.ts';
import { UsageError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import type { Context, OpenDirectory } from './context.ts';

/** The port of the global catalog, which answers for the whole forest. */
const globalCatalogPort = 3268;

/**
 * Opens exports of ldifde or ldapsearch, one a naming context, together.
 * @throws UsageError if the file can't be read; LdifSyntaxError with the line if it is damaged
 */
export async function openExportDirectory(files: readonly string[], context: Context): Promise<OpenDirectory> {
  const sources = await Promise.all(files.map(async (file) => ({ name: file, content: await contentOf(file) })));
  const forest = await openEmbeddedForest({
    sources,
    kind: 'export',
    clock: context.now,
    newGuid: context.randomId,
  });
  return openIn(forest, { kind: 'ldif', files }, { isExport: true });
}

/** The bytes of the export. It is opened at once, so that a file that cannot be read is reported as such. */
async function contentOf(file: string): Promise<AsyncIterable<Buffer>> {
  try {
    const handle = await open(file);
    if (!(await handle.stat()).isDirectory()) return handle.createReadStream();
    await handle.close();
  } catch (error) {
    throw noExport(file, errnoInWords(error), error);
  }
  throw noExport(file, 'it is a folder');
}

function noExport(file: string, cameBack: string, cause?: unknown): UsageError {
  return new UsageError({
    attempted: 'read the export',
    on: file,
    cameBack,
    next: 'Give with --ldif a file that ldifde -f or ldapsearch -LLL wrote.',
    cause,
  });
}

/** Marks the folder of a practice site. */
export const practiceMark = '.adsi-remedy-practice';

/** Whether the mark is in the folder itself. */
export function isPracticeSite(folder: string): Promise<boolean> {
  return access(path.join(folder, practiceMark)).then(
    () => true,
    () => false,
  );
}

/** The practice site that a folder lies in, by the mark of its folder; undefined if it lies in none. */
export async function practiceSiteAround(folder: string): Promise<string | undefined> {
  if (await isPracticeSite(folder)) return folder;
  const above = path.dirname(folder);
  return above === folder ? undefined : practiceSiteAround(above);
}

/**
 * Opens the forest of the practice site in a folder. Changes are saved when it is closed and when the process ends.
 * @throws what reading the saved forest or the templates throws; `close` throws FileError if saving fails
 */
export async function openPracticeDirectory(folder: string, context: Context): Promise<OpenDirectory> {
  const { openPracticeForest } = await import('../embedded/practice-forest.ts');
  const forest = await openPracticeForest(folder, context.templates, context.now, context.randomId);
  const release = atEndOfProcess(() => forest.save());
  const save = (): void => {
    release();
    forest.save();
  };
  const directory = await openIn(forest, { kind: 'practice' }, { isExport: false, save });
  return { ...directory, practiceSite: folder, keep: () => forest.keep() };
}

async function openIn(
  forest: EmbeddedForest,
  connection: PlanConnection,
  { isExport, save }: { readonly isExport: boolean; readonly save?: () => void },
): Promise<OpenDirectory> {
  const [first] = forest.domainControllers;
  if (first === undefined) throw new RangeError('an embedded directory has a server');
  const session = await forest.open({ host: first });
  return {
    session,
    connection,
    isExport,
    reopen: () => forest.open({ host: first }),
    openOther: (host) => forest.open({ host }),
    openGlobalCatalog: () => forest.open({ host: first, port: globalCatalogPort }),
    close: async () => {
      await session.close();
      save?.();
    },
  };
}

/** What is left to do before the process ends: of all open directories, with one listener for them together. */
const atEnd = new Set<() => void>();

/** Has the work done before the process ends, also by Ctrl-C. Gives the function that takes it back. */
function atEndOfProcess(work: () => void): () => void {
  if (atEnd.size === 0) process.on('exit', endAll).on('SIGINT', interrupted);
  atEnd.add(work);
  return () => {
    atEnd.delete(work);
    if (atEnd.size === 0) process.off('exit', endAll).off('SIGINT', interrupted);
  };
}

function endAll(): void {
  for (const work of atEnd) work();
}

function interrupted(): void {
  // Another listener means that this Ctrl-C only ends a step, and the directories are still to be closed.
  if (process.listenerCount('SIGINT') > 1) return;
  process.off('exit', endAll).off('SIGINT', interrupted);
  endAll();
  process.kill(process.pid, 'SIGINT');
}
