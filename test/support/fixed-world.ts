import { type Patience, patienceOf } from '../../src/files/system-errors.ts';
import type { DirectoryWorld, Surroundings } from '../../src/remedies/remedy.ts';

/** A clock that stands still on the day that this was written. */
export function fixedClock(): Date {
  return new Date('2026-11-22T09:30:00.000Z');
}

/** Ids that look like UUIDs and count up from 1, so that a failing test fails the same way again. */
export function countingIds(): () => string {
  let last = 0;
  return () => {
    last += 1;
    return `00000000-0000-4000-8000-${String(last).padStart(12, '0')}`;
  };
}

/** A sleep that takes no time. */
export const noSleep = async (): Promise<void> => {};

/** The patience that Windows needs, without the time that it takes. */
export const noWaiting: Patience = patienceOf('win32', noSleep);

/** What a remedy may know of a process without a screen, in which nothing has to be waited for. */
export function quietSurroundings(now: () => Date = fixedClock): Surroundings & Pick<DirectoryWorld, 'now' | 'signal'> {
  const nothing = (): void => undefined;
  return {
    currentFolder: '/',
    platform: 'linux',
    systemDrive: 'C:',
    templates: new URL('../../templates/', import.meta.url),
    patience: noWaiting,
    commandLine: (words) => words.join(' '),
    watch: { begin: nothing, update: nothing, count: nothing },
    now,
    signal: new AbortController().signal,
  };
}
