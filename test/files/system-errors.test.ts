import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { adviceFor, errnoInWords, patienceOf, withPatience } from '../../src/files/system-errors.ts';
import { systemError } from '../support/faulty-file-system.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { need } from '../support/on-windows.ts';

test('real errors of the system are put in words, with their code', async () => {
  need('notAFolder');
  const folder = await freshFolder();
  await mkdir(path.join(folder, 'a'));
  await writeFile(path.join(folder, 'a', 'b'), '');
  const answer = async (work: Promise<unknown>): Promise<string> => errnoInWords(await work.catch((error) => error));
  expect(await answer(readFile(path.join(folder, 'x')))).toBe('there is no such file or folder (ENOENT)');
  expect(await answer(readFile(path.join(folder, 'a')))).toBe('it is a folder, not a file (EISDIR)');
  expect(await answer(readFile(path.join(folder, 'a', 'b', 'c')))).toBe(
    'a part of the path is a file, not a folder (ENOTDIR)',
  );
  expect(await answer(mkdir(path.join(folder, 'a')))).toBe('it already exists (EEXIST)');
  expect(await answer(rmdir(path.join(folder, 'a')))).toBe('the folder is not empty (ENOTEMPTY)');
  expect(await answer(readFile(path.join(folder, 'n'.repeat(300))))).toBe('the path is too long (ENAMETOOLONG)');
});

test.each([
  ['EACCES', 'permission denied (EACCES)'],
  ['EPERM', 'the operation is not permitted (EPERM)'],
  ['EBUSY', 'it is in use by another program (EBUSY)'],
  ['ENOSPC', 'the disk is full (ENOSPC)'],
  ['EROFS', 'the file system is read-only (EROFS)'],
  ['EIO', 'the disk or the network share reported an I/O error (EIO)'],
])('%s reads "%s"', (errno, words) => {
  expect(errnoInWords(systemError(errno))).toBe(words);
});

test('a code without words of ours keeps those of the system', () => {
  expect(errnoInWords(systemError('ESTALE'))).toBe('ESTALE: a fault of the test');
});

test('an error that is not the system’s keeps its own words', () => {
  expect(errnoInWords(new Error('it is not a plain file'))).toBe('it is not a plain file');
  expect(errnoInWords('nothing')).toBe('nothing');
});

describe('Windows', () => {
  const unknown = (file: string): Error =>
    Object.assign(new Error(`UNKNOWN: unknown error, open '${file}'`), { code: 'UNKNOWN', path: file });

  test('hides four network errors behind UNKNOWN: on a share all of them are named', () => {
    const words = errnoInWords(unknown('\\\\TMG01\\C$\\forms'));
    for (const number of [53, 65, 67, 1326]) expect(words).toContain(`(${number})`);
    expect(words).toMatch(/\(UNKNOWN\)$/);
  });

  test('has other errors that Node does not name', () => {
    expect(errnoInWords(unknown('C:\\forms'))).toBe('Windows reported an error without a name (UNKNOWN)');
  });

  test('can’t resolve links on a RAM disk', () => {
    const error = Object.assign(systemError('EISDIR'), { syscall: 'realpath' });
    expect(errnoInWords(error)).toBe('the drive cannot resolve links (EISDIR)');
  });

  test.each(['EPERM', 'EACCES'])('is elevated for %s, which the advice says', (errno) => {
    expect(adviceFor(systemError(errno), 'Try again.', 'win32')).toMatch(/^Try again\. .*"Run as administrator"\.$/);
    expect(adviceFor(systemError(errno), 'Try again.', 'linux')).toBe('Try again.');
  });

  test('is not elevated for other errors', () => {
    expect(adviceFor(systemError('ENOSPC'), 'Try again.', 'win32')).toBe('Try again.');
  });
});

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
