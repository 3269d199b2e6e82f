import { describe, expect, test } from 'vitest';
import { type Ended, requireStarted, untilStarted } from './support/wine.ts';

/** Runs that end so, one after the other; gives how many were begun, and the last one's words or the error's. */
async function runsOf(...ends: readonly Ended[]): Promise<{ readonly begun: number; readonly words: string }> {
  let begun = 0;
  const run = async (): Promise<Ended> => {
    begun += 1;
    return requireStarted(ends[begun - 1] ?? { status: 0, stdout: 'no run is left', stderr: '' }, ['cmd', '/c', 'dir']);
  };
  const words = await untilStarted(run).then(
    ({ stdout }) => stdout,
    (error: unknown) => String(error),
  );
  return { begun, words };
}

describe('a run on Windows', () => {
  const silent: Ended = { status: 1, stdout: '', stderr: '' };
  const ofCmd: Ended = { status: 1, stdout: '', stderr: 'Application could not be started, or no application\r\n' };
  const done: Ended = { status: 0, stdout: 'done', stderr: '' };

  test('is tried again where Wine has started nothing', async () => {
    expect(await runsOf(silent, ofCmd, done)).toEqual({ begun: 3, words: 'done' });
  });

  test('fails after three such ends, with what each said', async () => {
    const { begun, words } = await runsOf(silent, ofCmd, silent, done);
    expect(begun).toBe(3);
    expect(words).toMatch(/three times[\s\S]*cmd \/c dir: exit status 1[\s\S]*could not be started/);
  });

  test.each([
    ['that failed with a word', { ...silent, stdout: 'error  no such file' }, 'error  no such file'],
    ['that ended well without a word', { ...silent, status: 0 }, ''],
    ['that was killed', { ...silent, status: null }, ''],
  ])('is never repeated if it was one %s', async (_, end, words) => {
    expect(await runsOf(end, done)).toEqual({ begun: 1, words });
  });
});
