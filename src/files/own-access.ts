/**
 * Whether this user can replace a file and keep its owner, found out without writing. And access entries that were set on
 * single files of Windows, which another file in their place would not have. Node sees none of them, so Windows's own
 * icacls is asked, by absolute path, without a shell and in a small environment: once for all files of a name below a
 * folder, and once to set the entries of a file that has some.
 */

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { constants, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, FileError } from '../errors.ts';
import { distinct, groupBy } from '../words.ts';
import type { FileSystem } from './file-system.ts';
import { inParallel } from './in-parallel.ts';
import { adviceFor, errnoInWords, onlyWhileBusy, type Patience, withPatience } from './system-errors.ts';

/** How the tools of Windows are run. */
export interface WindowsTools {
  /** The path of icacls.exe. */
  readonly icacls: string;
  readonly env: { readonly SystemRoot: string; readonly TEMP: string; readonly PATH: string };
}

/** The tools of this computer; none on systems other than Windows. */
export function windowsTools(
  platform: NodeJS.Platform,
  { SystemRoot, TEMP }: Readonly<Record<string, string | undefined>>,
): WindowsTools | undefined {
  if (platform !== 'win32' || SystemRoot === undefined || TEMP === undefined) return undefined;
  const PATH = path.win32.join(SystemRoot, 'System32');
  return { icacls: path.win32.join(PATH, 'icacls.exe'), env: { SystemRoot, TEMP, PATH } };
}

/** The access entries that were set on single files. */
export interface OwnAccess {
  /** The access lists of the files with explicit entries, in SDDL, by path. */
  readonly lists: ReadonlyMap<string, string>;
  /** What could not be found out, and why. */
  readonly unknown: readonly string[];
}

interface PlacedFile {
  readonly path: string;
  /** A folder above it. */
  readonly root: string;
}

/**
 * The access lists of files of one name that do not only inherit. Never throws: what icacls does not say is in `unknown`.
 * @param patience with another program that has the file open in which icacls saves them
 */
export async function ownAccess(
  files: readonly PlacedFile[],
  tools: WindowsTools,
  patience: Patience,
): Promise<OwnAccess> {
  const below = groupBy(files, ({ root }) => root);
  const looks = await inParallel([...below], 4, async ([root, placed]): Promise<OwnAccess> => {
    const paths = placed.map((file) => file.path);
    try {
      const pattern = path.join(root, path.basename(paths[0] ?? ''));
      return ownAccessIn(await accessLists(pattern, ['/t', '/c'], tools, patience), root, paths);
    } catch (error) {
      return { lists: new Map(), unknown: [`icacls.exe: ${errnoInWords(error)}`] };
    }
  });
  return {
    lists: new Map(looks.flatMap(({ lists }) => [...lists])),
    unknown: distinct(looks.flatMap(({ unknown }) => unknown)),
  };
}

/**
 * The files with an access entry that they do not inherit, or that inherit none. `icacls /save` writes two lines a file:
 * its path below the folder, and its access list in SDDL.
 */
export function ownAccessIn(saved: string, folder: string, files: readonly string[]): OwnAccess {
  const lines = saved.replace(/^\ufeff/, '').split(/\r?\n/);
  const lists = new Map(
    lines.flatMap((line, index) => {
      const list = lines[index + 1] ?? '';
      return list.startsWith('D:') ? [[path.join(folder, line).toLowerCase(), list] as const] : [];
    }),
  );
  const found = files.map((file) => ({ file, list: lists.get(file.toLowerCase()) }));
  return {
    lists: new Map(
      found.flatMap(({ file, list }) => (list === undefined || ownPartOf(list) === '' ? [] : [[file, list] as const])),
    ),
    unknown: found.flatMap(({ file, list }) => (list === undefined ? [`icacls.exe: no access list of ${file}`] : [])),
  };
}

/**
 * What of an access list is not inherited: entries without the flag ID, and the flag P of a list that is protected from
 * inheritance ([MS-DTYP] 2.5.1). AI and AR say how the list came about.
 */
function ownPartOf(sddl: string): string {
  const [, flags = '', entries = ''] = /^D:([A-Z_]*)(.*)$/.exec(sddl) ?? [];
  return (
    flags.replaceAll('AI', '').replaceAll('AR', '') +
    entries.replace(/\([^;()]*;(?:[A-Z]{2})*?ID(?:[A-Z]{2})*;[^()]*\)/g, '')
  );
}

/** Gives a new file the access entries that the file has whose place it is to take. */
export type AccessKeeper = (file: string, newFile: string) => Promise<void>;

/**
 * Keeps the access entries that files of one name have now. It throws FileError if icacls can't set them, or others are
 * found afterwards.
 */
export async function accessKeeper(
  files: readonly PlacedFile[],
  tools: WindowsTools,
  patience: Patience,
): Promise<AccessKeeper> {
  const { lists } = await ownAccess(files, tools, patience);
  return async (file, newFile) => {
    const list = lists.get(file);
    if (list !== undefined) await giveAccess(list, file, newFile, tools, patience);
  };
}

async function giveAccess(
  list: string,
  file: string,
  newFile: string,
  tools: WindowsTools,
  patience: Patience,
): Promise<void> {
  const folder = path.dirname(newFile);
  const name = path.basename(newFile);
  try {
    await withTemporaryFile(tools, patience, async (place) => {
      await writeFile(place, `${name}\r\n${list}\r\n`, 'utf16le');
      await run(tools, [folder, '/restore', place, '/q']);
    });
    const found =
      ownAccessIn(await accessLists(newFile, [], tools, patience), folder, [newFile]).lists.get(newFile) ?? '';
    if (ownPartOf(found) !== ownPartOf(list)) throw new Error(`it now has ${found || 'inherited entries only'}`);
  } catch (error) {
    throw new FileError({
      attempted: 'give the new file the access entries of the old one',
      on: file,
      cameBack: errnoInWords(error),
      next: adviceFor(
        error,
        'The file keeps its old content. Note its entries (icacls FILE), remove them (icacls FILE /reset), apply again, then set the entries again.',
      ),
      cause: error,
    });
  }
}

/** What `icacls /save` says of these files: with /c of the others too, when it fails on one. */
async function accessLists(
  pattern: string,
  how: readonly string[],
  tools: WindowsTools,
  patience: Patience,
): Promise<string> {
  return withTemporaryFile(tools, patience, async (place) => {
    const failure: unknown = await run(tools, [pattern, '/save', place, ...how, '/q']).catch((error: unknown) => error);
    return withPatience(onlyWhileBusy(patience), place, () => readFile(place, 'utf16le')).catch((error: unknown) => {
      throw failure ?? error;
    });
  });
}

async function withTemporaryFile<T>(
  { env }: WindowsTools,
  patience: Patience,
  work: (place: string) => Promise<T>,
): Promise<T> {
  const place = path.join(env.TEMP, `adsi-remedy-${randomUUID()}.acl`);
  try {
    return await work(place);
  } finally {
    await withPatience(patience, place, () => rm(place, { force: true }));
  }
}

/** Runs icacls to its end; an Error if it can't be started or fails. */
async function run({ icacls, env }: WindowsTools, args: readonly string[]): Promise<void> {
  const child = spawn(icacls, args, { env, stdio: ['ignore', 'ignore', 'pipe'], windowsHide: true });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => {
    said = (said + piece.toString('latin1')).slice(0, 500);
  });
  const [status]: unknown[] = await once(child, 'close');
  if (status !== 0) throw new Error(`it failed (${status}): ${said.trim()}`);
}

/** The user that the process acts as, where the system has user numbers. */
export interface FileUser {
  readonly id: number;
  readonly groups: readonly number[];
}

/** The user and the group that own a file. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
}

const root = 0;
const setGroupId = 0o2000;

/** File systems of Windows shares (smb, cifs and smb2 of statfs(2)), where the mount decides who owns all files. */
const sharesOfWindows = new Set([0x517b, 0xff534d42, 0xfe534d42]);

/**
 * Whether a file in the folder can be replaced by this user and keep its owner and group (chown of POSIX). Root can do
 * that with all files, others with their own files where they are in the group or the folder hands its group on.
 * @throws what the system says if the folder can't be read
 */
export async function canKeepOwner(file: Ownership, folder: string, user: FileUser): Promise<boolean> {
  if (user.id === root) return true;
  if (file.uid === user.id) {
    if (user.groups.includes(file.gid)) return true;
    const { gid, mode } = await stat(folder);
    if ((mode & setGroupId) !== 0 && gid === file.gid) return true;
  }
  const { type } = await statfs(folder);
  return sharesOfWindows.has(type);
}

/**
 * Whether this user may replace the file, as far as the system says without a write. Access rights of Windows are only
 * found out by opening the file for writing; it is closed at once and keeps its bytes and times. Elsewhere the folder
 * decides.
 */
export async function mayReplace(files: Pick<FileSystem, 'access' | 'open'>, file: string): Promise<boolean> {
  try {
    if (path.sep === '\\') await (await files.open(file, 'r+')).close();
    else await files.access(path.dirname(file), constants.W_OK);
    return true;
  } catch (error) {
    // Another program holds the file now; whether it does so when the change is applied is not known.
    return errnoOf(error) === 'EBUSY';
  }
}
