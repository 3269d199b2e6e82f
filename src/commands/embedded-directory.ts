/** Directories in this process: an export that is worked on offline, and the practice forest. */

import { access, open } from 'node:fs/promises';
import path from 'node:path';
import type { PlanConnection } from '../change/plan.ts';
import { type EmbeddedForest, openEmbeddedForest } from '../embedded/open-embedded.ts';
import { UsageError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import { ldapConnector } from '../ldap/connector.ts';
import type { Connector, DirectorySession } from '../ldap/session.ts';
import type { Context, OpenDirectory } from './context.ts';

/** Ports that tell the embedded servers whether the whole forest is asked for. */
const ldapPort = 389;
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
  return openIn(forest, { kind: 'ldif', files }, true);
}

/** The bytes of the export. It is opened at once, so that a file that can't be read is told as such. */
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

/** The practice site that a folder lies in, by the mark of its folder; undefined if it lies in none. */
export async function practiceSiteAround(folder: string): Promise<string | undefined> {
  const isSite = await access(path.join(folder, practiceMark)).then(
    () => true,
    () => false,
  );
  if (isSite) return folder;
  const above = path.dirname(folder);
  return above === folder ? undefined : practiceSiteAround(above);
}

/** Opens the forest of the practice site in a folder. */
export async function openPracticeDirectory(folder: string, context: Context): Promise<OpenDirectory> {
  const { openPracticeForest } = await import('../embedded/practice-forest.ts');
  const forest = await openPracticeForest(folder, context.templates, context.now, context.randomId);
  return openIn(forest, { kind: 'practice' }, false);
}

async function openIn(forest: EmbeddedForest, connection: PlanConnection, isExport: boolean): Promise<OpenDirectory> {
  const [first] = forest.domainControllers;
  if (first === undefined) throw new RangeError('an embedded directory has a server');
  const connector = connectorOf(forest);
  const openSession = (host: string, port = ldapPort): Promise<DirectorySession> => connector.open({ host, port });
  const session = await openSession(first);
  return {
    session,
    connection,
    isExport,
    reopen: () => openSession(first),
    openOther: (host) => openSession(host),
    openGlobalCatalog: () => openSession(first, globalCatalogPort),
    close: () => session.close(),
  };
}

function connectorOf(forest: EmbeddedForest): Connector {
  return ldapConnector({
    tls: 'none',
    bind: 'anonymous',
    createConnection: ({ host, port }) => forest.connect(host, { globalCatalog: port === globalCatalogPort }),
  });
}
