/** System errors in words, and the temporary errors after which an operation is tried again. */

import { errnoOf } from '../errors.ts';

const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'permission denied',
  EPERM: 'the operation is not permitted',
  EBUSY: 'it is in use by another program',
  EEXIST: 'it already exists',
  ENOTEMPTY: 'the folder is not empty',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the path is too long',
  ELOOP: 'too many symbolic links',
  EIO: 'the disk or the network share reported an I/O error',
  EXDEV: 'it lies on another file system',
};

/**
 * Node has no code for these errors of Windows and reports all of them as UNKNOWN: ERROR_BAD_NETPATH,
 * ERROR_NETWORK_ACCESS_DENIED, ERROR_BAD_NET_NAME and ERROR_LOGON_FAILURE (winerror.h). `net view` shows the number.
 */
const networkWords =
  'Windows reported a network error: the computer was not found (53), network access is denied (65), there is no such share (67), or the user name or password is wrong (1326)';

/** The system's error in words, with its code: "permission denied (EACCES)". */
export function errnoInWords(error: unknown): string {
  const code = errnoOf(error);
  if (code === 'UNKNOWN')
    return `${isOnShare(error) ? networkWords : 'Windows reported an error without a name'} (UNKNOWN)`;
  // realpath of Windows asks the volume for its name, which RAM disks and some virtual drives do not have.
  if (code === 'EISDIR' && syscallOf(error) === 'realpath') return 'the drive cannot resolve links (EISDIR)';
  if (code !== undefined && words[code] !== undefined) return `${words[code]} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

function isOnShare(error: unknown): boolean {
  return error instanceof Error && 'path' in error && /^[\\/]{2}/.test(String(error.path));
}

function syscallOf(error: unknown): unknown {
  return error instanceof Error && 'syscall' in error ? error.syscall : undefined;
}

/**
 * What to do about a refusal: on Windows a lack of rights often means that the prompt is not elevated.
 * @param otherwise the advice for everything else
 */
export function adviceFor(error: unknown, otherwise: string, platform: NodeJS.Platform = process.platform): string {
  const code = errnoOf(error);
  if (platform !== 'win32' || (code !== 'EPERM' && code !== 'EACCES')) return otherwise;
  return `${otherwise} If no other program has it open, the right to write there is missing: open the prompt with "Run as administrator".`;
}

/**
 * Windows refuses an operation for a moment while a virus scanner, an indexer or an editor holds the file or folder.
 * Every operation that can meet this is tried again with the same patience.
 */
export interface Patience {
  /** The system's errors that may pass. */
  readonly passing: ReadonlySet<string>;
  /** Milliseconds to wait before each further try. */
  readonly delays: readonly number[];
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Called before each wait: on what, the error, and how many milliseconds the wait takes. */
  readonly onWait?: (on: string, error: unknown, milliseconds: number) => void;
}

/** Six seconds in all. Scanners let go within one; the Windows port of Node's package manager waits much longer. */
const delays = [50, 100, 200, 400, 800, 1600, 3000];

/**
 * The patience that a platform needs. Windows answers EPERM, EACCES or EBUSY for a file that another program holds;
 * elsewhere the first two are a lack of rights, which does not pass.
 */
export function patienceOf(
  platform: NodeJS.Platform,
  sleep: Patience['sleep'],
  onWait?: NonNullable<Patience['onWait']>,
): Patience {
  const passing = new Set(platform === 'win32' ? ['EPERM', 'EACCES', 'EBUSY'] : ['EBUSY']);
  return { passing, delays, sleep, ...(onWait === undefined ? {} : { onWait }) };
}

/** The same for reading and for making new files: a lack of rights does not pass there, and can be of very many files. */
export function onlyWhileBusy(patience: Patience): Patience {
  return { ...patience, passing: new Set(['EBUSY']) };
}

/**
 * Does the work, and does it again while it fails with an error that may pass.
 * @param on the path, for `onWait`
 * @throws the error of the last try
 */
export async function withPatience<T>(patience: Patience, on: string, work: () => Promise<T>): Promise<T> {
  for (const delay of patience.delays) {
    try {
      return await work();
    } catch (error) {
      if (!patience.passing.has(errnoOf(error) ?? '')) throw error;
      patience.onWait?.(on, error, delay);
      await patience.sleep(delay);
    }
  }
  return work();
}
