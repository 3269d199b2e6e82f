/**
 * From flags or a saved plan to an open directory: an export that is worked on offline, a practice site, or a server; and
 * from an open directory back to the flags that reach it.
 */

import { access, open } from 'node:fs/promises';
import path from 'node:path';
import type { PlanConnection, Target } from '../change/plan.ts';
import type { EmbeddedForest } from '../embedded/forest.ts';
import { UsageError } from '../errors.ts';
import { errnoInWords } from '../files/system-errors.ts';
import { serverInWords } from '../ldap/session.ts';
import { shownPath } from '../quoting.ts';
import { defaultPort, misuse, requireDnsServer, type ServerConnection } from './choose-server.ts';
import type { DirectoryFlags } from './command-flags.ts';
import type { Context, OpenDirectory } from './context.ts';
import { namesDirectory, openServer, requirePlanned, type SavedDirectory } from './logon.ts';
import type { Output } from './output.ts';

/**
 * Opens the directory that the flags name, else the one that a saved plan was made on, else the practice forest that is
 * open, else the one that the user names.
 * @throws UsageError for flags that don't fit together, a missing answer, or a plan's directory that this run does not
 * name and --seal does not approve; DirectoryError if it can't be reached; what opening an export or a practice site throws
 */
export async function openDirectory(
  flags: DirectoryFlags,
  context: Context,
  output: Output,
  saved?: SavedDirectory,
): Promise<OpenDirectory> {
  checkFlags(flags);
  const resolved = (file: string): string => path.resolve(context.currentFolder, file);
  if (flags.ldif.length > 0) return openExport(flags.ldif.map(resolved), context);
  if (flags.practice !== undefined) return openPracticeIn(resolved(flags.practice), context);
  if (!namesDirectory(flags)) {
    if (saved?.connection.kind === 'ldif') {
      const { files } = saved.connection;
      await requirePlanned(saved, `the export ${files.join(', ')}`, '--ldif FILE', output);
      return openExport(files, context);
    }
    const isPractice = saved?.connection.kind === 'practice';
    if (context.directory !== undefined && (saved === undefined || isPractice)) return context.directory();
    if (isPractice) return openPracticeAround(saved.folder, context);
  }
  return openServer(flags, context, output, saved);
}

function checkFlags(flags: DirectoryFlags): void {
  if (flags.ldif.length > 0) {
    const other = connectionFlags.find((name) => isGiven(flags[name]));
    if (other !== undefined) {
      throw misuse(`--ldif with --${other}`, 'an export needs no connection', 'Give only --ldif FILE.');
    }
  }
  if (flags.practice !== undefined) {
    const other = flags.ldif.length > 0 ? 'ldif' : connectionFlags.find((name) => isGiven(flags[name]));
    if (other !== undefined) {
      throw misuse(`--practice with --${other}`, 'a practice site is not a real directory', 'Give only one of them.');
    }
  }
  if (flags.server !== undefined && flags.domain !== undefined) {
    throw misuse('--server with --domain', 'both choose the server', 'Give only one of them.');
  }
  if (flags.dns !== undefined) requireDnsServer(flags.dns, `--dns ${flags.dns}`);
}

/** Flags that an export and a practice site do not use. */
const connectionFlags = ['auth', 'server', 'domain', 'tls', 'ca', 'tls-name', 'dns', 'user', 'password-stdin'] as const;

const isGiven = (value: string | boolean | undefined): boolean => value !== undefined && value !== false;

/**
 * Opens exports of ldifde or ldapsearch, one for each naming context, together.
 * @throws UsageError if the file can't be read; LdifSyntaxError with the line if it is damaged
 */
async function openExport(files: readonly string[], context: Context): Promise<OpenDirectory> {
  const { openEmbeddedForest } = await import('../embedded/forest.ts');
  const sources = await Promise.all(files.map(async (file) => ({ name: file, content: await contentOf(file) })));
  const { now: clock, randomId: newGuid } = context;
  const forest = await openEmbeddedForest({ sources, kind: 'export', clock, newGuid });
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

/** The practice site in a folder that the flag names. */
async function openPracticeIn(site: string, context: Context): Promise<OpenDirectory> {
  await requirePracticeSite(site);
  return openPracticeDirectory(site, context);
}

async function requirePracticeSite(site: string): Promise<void> {
  if (await isPracticeSite(site)) return;
  throw misuse(
    site,
    'there is no practice site in that folder',
    'Give with --practice the folder that adsi-remedy practice printed; adsi-remedy practice DIR lays one out.',
  );
}

/** The practice site that the change folder lies in; a path inside the plan is not followed. */
async function openPracticeAround(changeFolder: string, context: Context): Promise<OpenDirectory> {
  const site = await practiceSiteAround(changeFolder);
  if (site !== undefined) return openPracticeDirectory(site, context);
  throw misuse(
    changeFolder,
    'the plan is for a practice site, but the change folder is not in one',
    'Name the practice site with --practice DIR, or move the change folder back into it.',
  );
}

/** Whether the mark is in the folder itself. */
export function isPracticeSite(folder: string): Promise<boolean> {
  return access(path.join(folder, practiceMark)).then(
    () => true,
    () => false,
  );
}

/** The practice site that a folder lies in, by the mark of its folder; undefined if it lies in none. */
async function practiceSiteAround(folder: string): Promise<string | undefined> {
  if (await isPracticeSite(folder)) return folder;
  const above = path.dirname(folder);
  return above === folder ? undefined : practiceSiteAround(above);
}

/**
 * Opens the forest of the practice site in a folder. Changes are saved when it is closed and when the process ends.
 * @throws what reading the saved forest or the templates throws; `close` throws FileError if saving fails
 */
export async function openPracticeDirectory(folder: string, context: Context): Promise<OpenDirectory> {
  const { openPracticeForest } = await import('../embedded/forest.ts');
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

/** The port of the global catalog, which answers for the whole forest. */
const globalCatalogPort = 3268;

/** Work to do before the process ends, for all open directories, with one listener together. */
const atEnd = new Set<() => void>();

/** Registers work to do before the process ends, also by Ctrl-C. Gives the function that removes it again. */
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

/** How a run reached a directory, as far as a plan does not record it. */
export type Reached = Pick<OpenDirectory, 'caFile' | 'practiceSite'>;

/** A directory that commands are printed for. */
export type NamedDirectory = Reached & Pick<OpenDirectory, 'connection'>;

/** The folder that `practice` lays its site out in, where no other is named. */
export function defaultPracticeSite({ changes }: Pick<Context, 'changes'>): string {
  return path.join(path.dirname(changes), 'adsi-remedy-practice');
}

/**
 * The practice site of a saved plan, for the commands that are printed where nothing is opened: the one that the flag
 * names, else the one around the change folder, the one that the menu is open on, or the one that `practice` lays out
 * here, if any. Undefined for a plan of another directory: its word for that is not repeated.
 * @throws UsageError if the flag names no practice site
 */
export async function practiceOf(
  { plan: { target }, folder }: { readonly plan: { readonly target: Target }; readonly folder: string },
  { practice }: Pick<DirectoryFlags, 'practice'>,
  context: Context,
): Promise<NamedDirectory | undefined> {
  if (target.kind !== 'forest' || target.connection.kind !== 'practice') return undefined;
  const { connection } = target;
  if (practice !== undefined) {
    const practiceSite = path.resolve(context.currentFolder, practice);
    await requirePracticeSite(practiceSite);
    return { connection, practiceSite };
  }
  const around = await practiceSiteAround(folder);
  if (around !== undefined) return { connection, practiceSite: around };
  for (const practiceSite of [path.dirname(context.changes), defaultPracticeSite(context)])
    if (await isPracticeSite(practiceSite)) return { connection, practiceSite };
  return { connection };
}

/** The flags that reach a DC in the same way as the target's; of a practice site its folder reaches all. */
export function connectionWords(
  host: string,
  target: Target | undefined,
  { caFile, practiceSite }: Reached,
  context: Context,
): readonly string[] {
  const forest = target?.kind === 'forest' ? target : undefined;
  const connection = forest?.connection;
  if (connection?.kind === 'practice') return practiceWords(practiceSite, context);
  if (connection?.kind !== 'server') return ['--server', host];
  const isTarget = host.toLowerCase() === forest?.domainController.toLowerCase();
  return serverWords(isTarget ? serverOf(connection) : host, connection, isTarget, caFile, context);
}

/**
 * The flags that open again the directory that this run has open, for a change folder. One within its practice site needs
 * none.
 */
export function reopeningWords(
  directory: NamedDirectory | undefined,
  folder: string,
  context: Context,
): readonly string[] {
  const connection = directory?.connection;
  switch (connection?.kind) {
    case undefined:
      return [];
    case 'practice':
      return isWithin(folder, directory?.practiceSite) ? [] : practiceWords(directory?.practiceSite, context);
    case 'ldif':
      return connection.files.flatMap((file) => ['--ldif', shownPath(file, context)]);
    case 'server':
      return serverWords(serverOf(connection), connection, true, directory?.caFile, context);
  }
}

/** A site that is not known is left to the reader to fill in: what a plan says of a place is not followed. */
function practiceWords(site: string | undefined, context: Context): readonly string[] {
  return ['--practice', site === undefined ? 'DIR' : shownPath(site, context)];
}

function isWithin(folder: string, site: string | undefined): boolean {
  return site !== undefined && folder.startsWith(`${site}${path.sep}`);
}

/** The server of a connection as --server takes it, with its port unless that is the usual one. */
function serverOf(connection: ServerConnection): string {
  const { host, port, tls } = connection;
  return port === defaultPort[tls] ? host : serverInWords(connection);
}

/** @param isTarget whether host is the one of the connection: the name on the certificate is its own */
function serverWords(
  host: string,
  { auth, tls, tlsName, user, dns }: ServerConnection,
  isTarget: boolean,
  caFile: string | undefined,
  context: Context,
): readonly string[] {
  return [
    ...['--server', host],
    ...(tls === 'ldaps' || auth === 'integrated' ? [] : ['--tls', tls]),
    ...(caFile === undefined ? [] : ['--ca', shownPath(caFile, context)]),
    ...(tlsName === undefined || !isTarget ? [] : ['--tls-name', tlsName]),
    ...(dns === undefined ? [] : ['--dns', dns]),
    ...(auth === 'integrated' ? ['--auth', auth] : []),
    ...(user === undefined ? [] : ['--user', user]),
  ];
}
