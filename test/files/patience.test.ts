import { describe, expect, test } from 'vitest';
import { patienceOf, withPatience } from '../../src/files/patience.ts';
import { systemError } from '../support/faulty-file-system.ts';

/** Work that fails with these errors in turn, and then succeeds. */
function failing(...errnos: readonly string[]): () => Promise<string> {
  const left = [...errnos];
  return async () => {
    const errno = left.shift();
    if (errno !== undefined) throw systemError(errno);
    return 'done';
  };
}

/** Patience that keeps a record of its waits. */
function watched(platform: NodeJS.Platform) {
  const waits: string[] = [];
  const slept: number[] = [];
  const patience = patienceOf(
    platform,
    async (milliseconds) => void slept.push(milliseconds),
    (on, error, milliseconds) => void waits.push(`${on} ${(error as Error).message.split(':')[0]} ${milliseconds}`),
  );
  return { patience, waits, slept };
}

describe('on Windows', () => {
  test.each(['EPERM', 'EACCES', 'EBUSY'])('%s is waited for, and each wait is announced', async (errno) => {
    const { patience, waits, slept } = watched('win32');
    expect(await withPatience(patience, 'C:\\a', failing(errno, errno))).toBe('done');
    expect(waits).toEqual([`C:\\a ${errno} 50`, `C:\\a ${errno} 100`]);
    expect(slept).toEqual([50, 100]);
  });

  test('the waits end after six seconds, with the last error', async () => {
    const { patience, slept } = watched('win32');
    const errnos = [...Array.from({ length: 7 }, () => 'EBUSY'), 'EPERM'];
    await expect(withPatience(patience, 'C:\\a', failing(...errnos))).rejects.toMatchObject({ code: 'EPERM' });
    expect(slept.reduce((sum, delay) => sum + delay, 0)).toBe(6150);
  });

  test.each(['ENOENT', 'ENOSPC', 'EIO'])('%s is not waited for', async (errno) => {
    const { patience, slept } = watched('win32');
    await expect(withPatience(patience, 'C:\\a', failing(errno))).rejects.toMatchObject({ code: errno });
    expect(slept).toEqual([]);
  });
});

describe('elsewhere', () => {
  test('EBUSY is waited for', async () => {
    const { patience, slept } = watched('linux');
    expect(await withPatience(patience, '/a', failing('EBUSY'))).toBe('done');
    expect(slept).toEqual([50]);
  });

  test.each(['EPERM', 'EACCES'])('%s means missing rights and is not waited for', async (errno) => {
    const { patience, slept } = watched('linux');
    await expect(withPatience(patience, '/a', failing(errno))).rejects.toMatchObject({ code: errno });
    expect(slept).toEqual([]);
  });
});
