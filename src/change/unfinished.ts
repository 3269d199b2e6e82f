/** Names for what is still being written, by which a later run knows what a run that was killed has left. */

import { hash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { errnoInWords } from '../files/errno.ts';
import { type Patience, withPatience } from '../files/patience.ts';

/** The process that writes. */
export interface Maker {
  readonly id: number;
  readonly host: string;
  /** Whether a process of this host is there. */
  readonly isRunning: (process: number) => boolean;
  /** Gives a UUID. */
  readonly randomId: () => string;
}

/** A name beside a file or folder for the time until it is whole; it says which process of which computer writes it. */
export function unfinishedName(place: string, { id, host, randomId }: Maker): string {
  return `${place}.${randomId()}.${id}-${markOf(host)}.unfinished`;
}

const unfinished = /\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(\d+)-([0-9a-f]{8})\.unfinished$/;

/** A host's name may hold characters that are none of a file's. */
function markOf(host: string): string {
  return hash('sha256', host).slice(0, 8);
}

/** What a run that was killed has left; `cameBack` says why it could not be removed. */
export interface Leftover {
  readonly path: string;
  readonly cameBack?: string;
}

/**
 * Removes what runs of this computer that are not running any more left in a folder. What another computer left stays:
 * its run may be at work.
 */
export async function removeUnfinished(
  folder: string,
  { host, isRunning }: Maker,
  patience: Patience,
): Promise<readonly Leftover[]> {
  // What can't be listed is reported when something is written there.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const leftovers: Leftover[] = [];
  for (const entry of entries) {
    const [, process, mark] = unfinished.exec(entry.name) ?? [];
    if (mark !== markOf(host) || isRunning(Number(process)) || entry.isSymbolicLink()) continue;
    const left = path.join(folder, entry.name);
    try {
      await withPatience(patience, left, () => rm(left, { recursive: true, force: true }));
      leftovers.push({ path: left });
    } catch (error) {
      // It is another user's, maybe, and does not keep this run from writing.
      leftovers.push({ path: left, cameBack: errnoInWords(error) });
    }
  }
  return leftovers;
}
