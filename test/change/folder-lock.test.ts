import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { lockFolder } from '../../src/change/folder-lock.ts';
import { FileError, RefusedError } from '../../src/errors.ts';
import { countingIds, noWaiting } from '../support/fixed-world.ts';
import { freshFolder } from '../support/fresh-folder.ts';

const since = '2026-11-22T09:00:00.000Z';
const running = [17, 18, 19];

let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await freshFolder();
  lock = path.join(folder, 'lock.json');
});

const take = (process: number, host = 'here'): Promise<() => Promise<void>> =>
  lockFolder(folder, {
    holder: { process, host, since },
    isRunning: (other) => running.includes(other),
    randomId: countingIds(),
    patience: noWaiting,
  });

const leave = (process: number, host = 'here'): Promise<void> =>
  writeFile(lock, JSON.stringify({ process, host, since }));

describe('a change folder', () => {
  test('is had by one run at a time', async () => {
    const letGo = await take(17);
    await expect(take(18)).rejects.toThrow(RefusedError);
    await expect(take(18)).rejects.toThrow(/process 17 on here, since 2026-11-22/);
    await letGo();
    await take(18);
  });

  test('is as it was when it is let go', async () => {
    await (await take(17))();
    expect(await readdir(folder)).toEqual([]);
  });

  test('may be taken again by the run that has it, and stays with it', async () => {
    await take(17);
    await (await take(17))();
    await expect(take(18)).rejects.toThrow(RefusedError);
  });

  test('that can’t be written to is reported by its path', async () => {
    folder = path.join(folder, 'gone');
    await expect(take(17)).rejects.toThrow(FileError);
    await expect(take(17)).rejects.toMatchObject({ errno: 'ENOENT', trouble: { on: path.join(folder, 'lock.json') } });
  });
});

describe('a lock that was left behind', () => {
  test('by a process of this computer that has ended is replaced', async () => {
    await leave(4711);
    await take(17);
    expect(JSON.parse(await readFile(lock, 'utf8'))).toEqual({ process: 17, host: 'here', since });
    expect(await readdir(folder)).toEqual(['lock.json']);
  });

  test('by another computer is kept, and what to do is said: whether it is still at work cannot be known here', async () => {
    await leave(4711, 'there');
    await expect(take(17)).rejects.toMatchObject({
      trouble: { cameBack: expect.stringContaining('on there'), next: expect.stringContaining(lock) },
    });
  });

  test.each(['', '{"process":', '[]', '{"process":"17","host":"here"}'])('half written (%j) is kept', async (text) => {
    await writeFile(lock, text);
    await expect(take(17)).rejects.toThrow(RefusedError);
    expect(await readFile(lock, 'utf8')).toBe(text);
  });

  test('is replaced by one of many that find it', async () => {
    await leave(4711);
    const taken = await Promise.allSettled(running.map((process) => take(process)));
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['lock.json']);
  });
});
