/** The part of the file system that replacing a file needs, and a few steps that other rooms need too. */

import * as fs from 'node:fs';
import { access, copyFile, link, lstat, open, readdir, realpath, unlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { errnoOf, FileError } from '../errors.ts';

/**
 * The computer that a path names, as in \\HOST\share and \\?\UNC\HOST\share: to open it sends the user's credentials
 * there. undefined for a path of this computer. In the namespace of devices (\\?\, \\.\, \??\) only drives are known to be
 * here: any other device may lead anywhere (\\?\GLOBALROOT\Device\Mup\HOST), and is named instead.
 */
export function computerOf(file: string): string | undefined {
  const device = /^(?:[\\/]{2}[?.]|[\\/]\?\?)[\\/]+(.*)$/s.exec(file)?.[1];
  if (device === undefined) return /^[\\/]{2,}([^\\/]+)/.exec(file)?.[1];
  if (/^[a-z]:(?:[\\/]|$)/i.test(device)) return undefined;
  return /^UNC[\\/]+([^\\/]+)/i.exec(device)?.[1] ?? /^[^\\/]*/.exec(device)?.[0];
}

/**
 * The usual form of a path in Windows' long form (\\?\C:\…, \\?\UNC\TMG01\C$\…), which Node uses automatically if a path is
 * long. Its realpath resolves nothing there: it takes "C:" and "UNC" for the names of files.
 */
export function usualForm(file: string): string {
  return file.replace(/^[\\/]{2}[?.][\\/](?:(UNC[\\/])|(?=[A-Z]:))/i, (_, unc?: string) =>
    unc === undefined ? '' : '\\\\',
  );
}

/** The part of node:fs/promises that reading and replacing files needs; tests put one in its place that fails. */
export interface FileSystem {
  /** Whether this user may do that, as one of the constants of node:fs; rejects where not. */
  access(file: string, mode: number): Promise<void>;
  /**
   * Makes a new file that is a copy with all that Windows keeps with single files but the access rights (CopyFile):
   * hidden and system attributes, alternate data streams. Left out where a copy has only the bytes.
   */
  copy?(file: string, copy: string): Promise<void>;
  /** Gives a file a second name; left out where a second name could not be removed again (Windows). */
  link?(file: string, name: string): Promise<void>;
  /** Whether a file has these bytes and no others. */
  holds(file: string, content: Buffer): Promise<boolean>;
  lstat(file: string): Promise<fs.Stats>;
  open(file: string, flags: string | number, mode?: number): Promise<OpenFile>;
  /** Rejects with a NotPlainFileError what is a pipe or a device. */
  readFile(file: string): Promise<Buffer>;
  /** The path without links; a drive or share keeps its name. */
  realpath(file: string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  unlink(file: string): Promise<void>;
}

/** The part of a FileHandle that reading and replacing files needs. */
export interface OpenFile {
  stat(): Promise<fs.Stats>;
  read(bytes: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  write(bytes: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>;
  chown(user: number, group: number): Promise<void>;
  chmod(mode: number): Promise<void>;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The file system of this computer, for many files. Steps are made at once while they are quick, and handed to other
 * threads while they are slow. Reading a file takes four small steps, replacing it some twenty and two syncs. On a local
 * disk the handing over takes far longer than the steps: with promises for all of them a dry run took 1.3 times the time
 * of sed instead of less than 1, and applying took more than one and a half times as long. On a share each step waits for
 * the network, and only steps that are handed over wait at the same time.
 */
export function systemFiles(): FileSystem {
  const step = smallSteps(() => performance.now());
  const opening = promisify<string, string | number, number | undefined, number>(fs.open);
  const openStep = step(fs.openSync, opening);
  const statStep = step((descriptor: number) => fs.fstatSync(descriptor), promisify<number, fs.Stats>(fs.fstat));
  const readStep = step(
    (descriptor: number, bytes: Buffer, offset: number, length: number, position: number) => ({
      bytesRead: fs.readSync(descriptor, bytes, offset, length, position),
    }),
    (descriptor: number, bytes: Buffer, offset: number, length: number, position: number) =>
      promisify(fs.read)(descriptor, bytes, offset, length, position),
  );
  const writeStep = step(
    (descriptor: number, bytes: Buffer, offset: number, length: number, position: number) => ({
      bytesWritten: fs.writeSync(descriptor, bytes, offset, length, position),
    }),
    promisify(fs.write),
  );
  const chownStep = step(fs.fchownSync, promisify(fs.fchown));
  const chmodStep = step(fs.fchmodSync, promisify(fs.fchmod));
  const truncateStep = step(fs.ftruncateSync, promisify<number, number>(fs.ftruncate));
  const closeStep = step(fs.closeSync, promisify(fs.close));
  const realPathStep = step(
    (file: string): string => (isWindows ? fs.realpathSync(file) : fs.realpathSync.native(file)),
    resolvedPath,
  );
  const sync = promisify(fs.fsync);
  const datasync = promisify(fs.fdatasync);
  return {
    access: step(fs.accessSync, access),
    ...(isWindows
      ? {
          copy: step(
            (file: string, copy: string) => fs.copyFileSync(file, copy, fs.constants.COPYFILE_EXCL),
            (file: string, copy: string) => copyFile(file, copy, fs.constants.COPYFILE_EXCL),
          ),
        }
      : { link: step(fs.linkSync, link) }),
    holds: step(holdsAtOnce, async (file: string, content: Buffer) => (await readWhole(file)).equals(content)),
    // The last look at a file and its replacement come one right after the other: handed over, they would wait in
    // line behind other work, and what another program writes in that time would be lost.
    lstat: async (file) => fs.lstatSync(file),
    rename: async (from, to) => fs.renameSync(from, to),
    readFile: step(readWholeAtOnce, readWhole),
    realpath: (file) => realPathStep(file).catch((error: unknown) => realPathBelowRefused(file, error)),
    unlink: step(fs.unlinkSync, unlink),
    open: async (file, flags, mode) => {
      // Making a file takes tens of times as long as opening one, so it is always handed over.
      const descriptor = await (flags === 'wx' ? opening(file, flags, mode) : openStep(file, flags, mode));
      return {
        stat: () => statStep(descriptor),
        read: (bytes, offset, length, position) => readStep(descriptor, bytes, offset, length, position),
        write: (bytes, offset, length, position) => writeStep(descriptor, bytes, offset, length, position),
        chown: (user, group) => chownStep(descriptor, user, group),
        chmod: (mode) => chmodStep(descriptor, mode),
        truncate: (length) => truncateStep(descriptor, length),
        sync: () => sync(descriptor),
        datasync: () => datasync(descriptor),
        close: () => closeStep(descriptor),
      };
    },
  };
}

/** Read into again and again: to make a buffer for each of ten thousand files takes longer than to read them. */
let compared: Buffer | undefined;

function holdsAtOnce(file: string, content: Buffer): boolean {
  compared ??= Buffer.allocUnsafeSlow(usualSize);
  const descriptor = fs.openSync(file, forReading);
  try {
    const size = sizeOf(descriptor);
    if (size === undefined) return fs.readFileSync(descriptor).equals(content);
    if (size !== content.length) return false;
    for (let at = 0; at < content.length; ) {
      const length = fs.readSync(descriptor, compared, 0, compared.length, at);
      const end = Math.min(at + length, content.length);
      if (length === 0 || compared.compare(content, at, end, 0, length) !== 0) return false;
      at = end;
    }
    return true;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** What is read is a pipe or a device: to read on could wait or go on for ever. */
export class NotPlainFileError extends Error {
  override name = 'NotPlainFileError';

  constructor() {
    super('it is not a plain file');
  }
}

/** Of a folder, the system says itself that it can't be read. */
function requireEnd(stats: fs.Stats): void {
  if (!stats.isFile() && !stats.isDirectory()) throw new NotPlainFileError();
}

/**
 * The length of an open file in bytes; undefined if only reading shows it: of a folder, or without sizes in the file
 * system.
 */
function sizeOf(descriptor: number): number | undefined {
  const stats = fs.fstatSync(descriptor);
  requireEnd(stats);
  return stats.isFile() && stats.size > 0 ? stats.size : undefined;
}

function readWholeAtOnce(file: string): Buffer {
  const descriptor = fs.openSync(file, forReading);
  try {
    const size = sizeOf(descriptor);
    if (size === undefined) return fs.readFileSync(descriptor);
    const bytes = Buffer.allocUnsafeSlow(size);
    let length = 0;
    for (let more = 1; more > 0 && length < bytes.length; length += more) {
      more = fs.readSync(descriptor, bytes, length, bytes.length - length, length);
    }
    return bytes.subarray(0, length);
  } finally {
    fs.closeSync(descriptor);
  }
}

async function readWhole(file: string): Promise<Buffer> {
  const handle = await open(file, forReading);
  try {
    requireEnd(await handle.stat());
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Lists folders, at once while that is quick; for many folders. */
export function folderLister(): (folder: string) => Promise<fs.Dirent[]> {
  return smallSteps(() => performance.now())(
    (folder: string) => fs.readdirSync(folder, { withFileTypes: true }),
    (folder: string) => readdir(folder, { withFileTypes: true }),
  );
}

const isWindows = path.sep === '\\';

const resolvedPath: (file: string) => Promise<string> = isWindows
  ? promisify<string, string>(fs.realpath)
  : (file) => realpath(file);

/**
 * The path without links. Windows's own function for this fails on RAM disks, names the share behind a mapped drive and
 * corrects letter case; Node's, which resolves one folder after the other, does none of that. It is slower, so it is not
 * used elsewhere. Upper folders of a share that this user may not look at keep their names.
 * @throws what the system says
 */
export function realPathOf(file: string): Promise<string> {
  return resolvedPath(file).catch((error: unknown) => realPathBelowRefused(file, error));
}

/**
 * The path as it is named, after the system refused to resolve it: a share may let users into a folder and not let them
 * look at those above. Only where nothing on the way that can be looked at is a link: what is behind a link has another
 * path, which can not be checked.
 * @throws the refusal otherwise
 */
export async function realPathBelowRefused(
  file: string,
  refusal: unknown,
  look: (part: string) => Promise<Pick<fs.Stats, 'isSymbolicLink'>> = lstat,
): Promise<string> {
  if (!isRefusal(refusal)) throw refusal;
  const named = path.resolve(file);
  for (let part = named; part !== path.dirname(part); part = path.dirname(part)) {
    const stats = await look(part).catch((error: unknown) => {
      if (part !== named && isRefusal(error)) return undefined;
      throw refusal;
    });
    if (stats?.isSymbolicLink()) throw refusal;
  }
  return named;
}

function isRefusal(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'EPERM' || code === 'EACCES';
}

/** Whether two paths without links are of one file: on Windows letter case does not matter. */
export function sameRealPath(one: string, other: string): boolean {
  return isWindows ? path.resolve(one).toLowerCase() === path.resolve(other).toLowerCase() : one === other;
}

/** In milliseconds. What the system has in memory takes a tenth of it, handing a step over and back a quarter. */
const slow = 0.2;
/** One slow step may only mean that the processor was busy. */
const slowInARow = 2;
const handedOver = 64;

/** Gives a step the faster of its two forms: after slow steps the next 64 are handed over, then one is tried at once. */
function smallSteps(clock: () => number) {
  return <Args extends readonly unknown[], T>(
    atOnce: (...args: Args) => T,
    onAnotherThread: (...args: Args) => Promise<T>,
  ) => {
    let slowOnes = 0;
    let toHandOver = 0;
    return async (...args: Args): Promise<T> => {
      if (toHandOver > 0) {
        toHandOver -= 1;
        return onAnotherThread(...args);
      }
      const started = clock();
      try {
        return atOnce(...args);
      } finally {
        slowOnes = clock() - started > slow ? slowOnes + 1 : 0;
        if (slowOnes >= slowInARow) toHandOver = handedOver;
      }
    };
  };
}

/** Opens a pipe without waiting for a writer. Windows has neither the flag nor such files. */
const forReading = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);

/** Reads a plain file: `look` is shown its bytes and attributes, and what it gives is given. */
export type PlainFileReader = <T>(file: string, look: (bytes: Buffer, stats: fs.Stats) => T) => Promise<T>;

/** Most files that are read are far smaller; a buffer that had to be larger is not kept. In bytes. */
const usualSize = 256 * 1024;

/**
 * Reads many plain files into a few buffers, which are used again: ten thousand separate buffers take 100 MB, and a
 * quarter of the time for making and collecting them. **The bytes are lent**: once `look` has returned they are those of
 * another file. Bytes and attributes come from one descriptor, so that both are of the same file. If the file gets longer
 * meanwhile, the bytes are those that its size in the attributes covers.
 *
 * @param largest in bytes; a larger file is not read
 * @throws (the reader) what the system says, or an Error if the path is not a plain file, or the file is too large
 */
export function plainFileReader(files: FileSystem, largest: number): PlainFileReader {
  const free: Buffer[] = [];
  return async (file, look) => {
    const handle = await files.open(file, forReading);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new NotPlainFileError();
      if (stats.size > largest) throw new Error(`it has ${stats.size} bytes, more than the limit of ${largest}`);
      const isUsual = stats.size <= usualSize;
      const buffer = (isUsual ? free.pop() : undefined) ?? Buffer.allocUnsafeSlow(Math.max(usualSize, stats.size));
      try {
        let length = 0;
        while (length < stats.size) {
          const { bytesRead } = await handle.read(buffer, length, stats.size - length, length);
          if (bytesRead === 0) break;
          length += bytesRead;
        }
        return look(buffer.subarray(0, length), stats);
      } finally {
        if (isUsual) free.push(buffer);
      }
    } finally {
      await handle.close();
    }
  };
}

/**
 * Writes a file from its start. A short write is no error to the system; it is one here only if it makes no headway.
 * @throws FileError if the system takes nothing more; what it says otherwise
 */
export async function writeAll(handle: OpenFile, on: string, content: Buffer): Promise<void> {
  for (let written = 0; written < content.length; ) {
    const { bytesWritten } = await handle.write(content, written, content.length - written, written);
    if (bytesWritten === 0) {
      throw new FileError({
        attempted: 'write all of the file',
        on,
        cameBack: `the system took ${written} of ${content.length} bytes and no more`,
        next: 'The file keeps its old content. Check the disk or the share, then apply again.',
      });
    }
    written += bytesWritten;
  }
}

interface OpenFolder {
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What file systems and mounted shares that cannot sync a folder answer. */
const noFolderSync = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS', 'EISDIR']);

/**
 * Makes the names in a folder durable: of a file that was made in it, or renamed there. Windows does not let a folder
 * be opened or synced, and needs no such call.
 * @throws what the system says
 */
export async function syncFolder(
  openFolder: (folder: string, flags: 'r') => Promise<OpenFolder>,
  folder: string,
): Promise<void> {
  if (isWindows) return;
  try {
    const handle = await openFolder(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!noFolderSync.has(errnoOf(error) ?? '')) throw error;
  }
}
