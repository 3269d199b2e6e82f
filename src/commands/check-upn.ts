/** --check-upn of labels: asks the directory, and keeps the report beside until there is a change folder for it. */

import { createReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Finding } from '../change/findings.ts';
import type { FolderDocument } from '../change/folder.ts';

import { DirectoryError } from '../errors.ts';
import type { DirectorySession } from '../ldap/session.ts';
import {
  checkUserPrincipalNames,
  reportHead,
  reportLine,
  type UpnCheck,
  upnFindings,
} from '../remedies/labels/upn-check.ts';
import { createProgressRows } from '../terminal/progress.ts';
import type { Context } from './context.ts';
import { type DirectoryFlags, openDirectory } from './directory.ts';
import type { Output } from './output.ts';

const reportName = 'upn-differs.csv';

/** What the check found, until it is closed. */
export interface CheckedUpns {
  readonly findings: readonly Finding[];
  /** upn-differs.csv, if anybody's names differ. */
  readonly documents: readonly FolderDocument[];
  /** Removes what was kept beside. */
  close(): Promise<void>;
}

/** @throws DirectoryError if no global catalog answers; UsageError for flags that don't fit together */
export async function checkUpns(flags: DirectoryFlags, context: Context, output: Output): Promise<CheckedUpns> {
  const directory = await openDirectory(flags, context, output);
  try {
    const globalCatalog = await directory.openGlobalCatalog();
    if (globalCatalog === undefined) {
      throw new DirectoryError({
        attempted: 'compare user principal names',
        on: directory.session.identity.host,
        cameBack: 'no global catalog of the forest answers',
        next: 'Name one with --server: only a global catalog knows the users of all domains.',
      });
    }
    try {
      return await checkInto(await mkdtemp(path.join(tmpdir(), 'adsi-remedy-')), globalCatalog, output);
    } finally {
      await globalCatalog.close();
    }
  } finally {
    await directory.close();
  }
}

async function checkInto(folder: string, globalCatalog: DirectorySession, output: Output): Promise<CheckedUpns> {
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const file = path.join(folder, reportName);
    const check = await writeReport(file, globalCatalog, output);
    const content = { [Symbol.asyncIterator]: () => createReadStream(file, 'utf8')[Symbol.asyncIterator]() };
    return {
      findings: upnFindings(check, reportName),
      documents: check.differing === 0 ? [] : [{ name: reportName, content }],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const row = 'User principal names';
const pieceLength = 65_536;

async function writeReport(file: string, globalCatalog: DirectorySession, output: Output): Promise<UpnCheck> {
  const progress = createProgressRows(output.screen, [row]);
  const handle = await open(file, 'wx', 0o600);
  try {
    const report = new Report(handle);
    const check = await checkUserPrincipalNames(
      globalCatalog,
      (difference) => report.add(reportLine(difference)),
      (users) => progress.update(row, `${users.toLocaleString('en')} compared`),
    );
    await report.flush();
    return check;
  } finally {
    progress.done();
    await handle.close();
  }
}

/** Text that goes to a file in large pieces. */
class Report {
  readonly #handle: FileHandle;
  #waiting = reportHead;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** A promise only when something was written. */
  add(line: string): Promise<void> | undefined {
    this.#waiting += line;
    return this.#waiting.length < pieceLength ? undefined : this.flush();
  }

  async flush(): Promise<void> {
    const piece = this.#waiting;
    this.#waiting = '';
    await this.#handle.writeFile(piece);
  }
}
