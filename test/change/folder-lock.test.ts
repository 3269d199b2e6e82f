import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { lockFolder } from '../../src/change/folder-lock.ts';
import { FileError, RefusedError } from '../../src/errors.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder } from '../support/fresh-folder.ts';

const since = '2026-11-22T09:00:00.000Z';
const running = [17, 18, 19, 20, 21];

let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await freshFolder();
  lock = path.join(folder, 'lock.json');
});

const isThere = (process: number): boolean => running.includes(process);

const take = (process: number, isRunning = isThere): Promise<() => Promise<void>> =>
  lockFolder(folder, { holder: { process, host: 'here', since }, isRunning, patience: noWaiting });

const leave = (process: number, host = 'here'): Promise<void> =>
  writeFile(lock, JSON.stringify({ process, host, since }));

describe('a change folder', () => {
  test('is held by one run at a time', async () => {
    const letGo = await take(17);
    await expect(take(18)).rejects.toThrow(RefusedError);
    await expect(take(18)).rejects.toThrow(/process 17 on here, since 2026-11-22/);
    await letGo();
    await take(18);
  });

  test('is as it was after its release', async () => {
    await (await take(17))();
    expect(await readdir(folder)).toEqual([]);
  });

  test('may be taken again by the run that holds it, which keeps it', async () => {
    await take(17);
    await (await take(17))();
    await expect(take(18)).rejects.toThrow(RefusedError);
  });

  test('is cleared on release of what killed runs have left beside its lock', async () => {
    const letGo = await take(17);
    await writeFile(`${lock}.0123456789abcdef`, '');
    await letGo();
    expect(await readdir(folder)).toEqual([]);
  });

  test('is free after its release, even while another program reads the lock', async () => {
    const letGo = await take(17);
    const reader = await open(lock);
    onTestFinished(() => reader.close());
    await letGo();
    await take(18);
    expect(JSON.parse(await readFile(lock, 'utf8'))).toMatchObject({ process: 18 });
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

  test('is replaced at once while another program reads it', async () => {
    await leave(4711);
    const reader = await open(lock);
    onTestFinished(() => reader.close());
    await take(17);
    expect(JSON.parse(await readFile(lock, 'utf8'))).toMatchObject({ process: 17 });
  });

  test('by another computer is kept, with advice: its state cannot be known here', async () => {
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

  test('is replaced by exactly one of many runs that find it', async () => {
    for (let round = 0; round < 50; round += 1) {
      await leave(4711);
      const taken = await Promise.allSettled(running.map((process) => take(process)));
      expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await readdir(folder)).toEqual(['lock.json']);
    }
  });

  describe('with the mark of a run that was about to remove it', () => {
    const markOf = (text: string): string => `${lock}.${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;

    test('and was killed, is replaced, and the mark goes too', async () => {
      await leave(4711);
      await writeFile(markOf(await readFile(lock, 'utf8')), JSON.stringify({ process: 4712, host: 'here', since }));
      await take(17);
      expect(JSON.parse(await readFile(lock, 'utf8'))).toMatchObject({ process: 17 });
      expect(await readdir(folder)).toEqual(['lock.json']);
    });

    test('and another such mark after it, is replaced, and the marks go too', async () => {
      await leave(4711);
      const texts = [await readFile(lock, 'utf8')];
      for (const process of [4712, 4713]) {
        const text = JSON.stringify({ process, host: 'here', since });
        await writeFile(markOf(texts.join('')), text);
        texts.push(text);
      }
      await take(17);
      expect(JSON.parse(await readFile(lock, 'utf8'))).toMatchObject({ process: 17 });
      expect(await readdir(folder)).toEqual(['lock.json']);
    });

    test('and gave it up just before its end, is kept for the run that has the mark now', async () => {
      await leave(4711);
      const left = await readFile(lock, 'utf8');
      const mark = markOf(left);
      await writeFile(mark, JSON.stringify({ process: 4712, host: 'here', since }));
      const taking = take(17, (process) => {
        if (process === 4712) writeFileSync(mark, JSON.stringify({ process: 18, host: 'here', since }));
        return isThere(process);
      });
      await expect(taking).rejects.toThrow(RefusedError);
      expect(await readFile(lock, 'utf8')).toBe(left);
    });

    test.each(['', JSON.stringify({ process: 18, host: 'here', since })])(
      'and may be at work (%j), is kept',
      async (text) => {
        await leave(4711);
        const left = await readFile(lock, 'utf8');
        await writeFile(markOf(left), text);
        await expect(take(17)).rejects.toMatchObject({ trouble: { next: expect.stringContaining(markOf(left)) } });
        expect(await readFile(lock, 'utf8')).toBe(left);
      },
    );
  });
});
