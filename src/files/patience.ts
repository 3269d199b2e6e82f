/**
 * Windows refuses an operation for a moment while a virus scanner, an indexer or an editor holds the file or folder.
 * Every operation that can meet this is tried again with the same patience.
 */

import { errnoOf } from '../errors.ts';

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
