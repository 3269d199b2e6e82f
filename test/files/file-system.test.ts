import { chmod, chown, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { NotPlainFileError, plainFileReader, realPathBelowRefused, systemFiles } from '../../src/files/file-system.ts';
import { replaceFile } from '../../src/files/replace-file.ts';
import { systemError } from '../support/faulty-file-system.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { makePipe, need } from '../support/on-windows.ts';

let folder: string;

beforeEach(async () => {
  folder = await freshFolder();
});

/** Makes every step look slow, so that from the third on they are handed over to other threads. */
function slowDisk(): void {
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
    now += 10;
    return now;
  });
  onTestFinished(() => {
    clock.mockRestore();
  });
}

const disks = [
  ['at once, as on a quick disk', () => undefined],
  ['on other threads, as on a slow one', slowDisk],
] as const;

describe.each(disks)('files that are replaced %s', (_, prepare) => {
  const replace = (target: string, content: Buffer): Promise<void> =>
    replaceFile(systemFiles(), {
      path: target,
      content,
      tag: 'x',
      patience: noWaiting,
      beforeRename: async () => undefined,
    });

  test('have the new bytes, their mode and their owner', async () => {
    need('modes');
    prepare();
    const target = path.join(folder, 'a');
    await writeFile(target, 'old');
    await chmod(target, 0o640);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chown(target, 12_345, 23_456);
    const content = Buffer.alloc(300_000, 'new ');
    await replace(target, content);
    expect((await readFile(target)).equals(content)).toBe(true);
    const stats = await stat(target);
    expect(stats.mode & 0o7777).toBe(0o640);
    if (isRoot) expect([stats.uid, stats.gid]).toEqual([12_345, 23_456]);
    expect(await readdir(folder)).toEqual(['a']);
  });

  test('are not read where a pipe or a device is in their place', async () => {
    prepare();
    const pipe = path.join(folder, 'pipe');
    await makePipe(pipe);
    for (const place of [pipe, '/dev/zero']) {
      await expect(systemFiles().readFile(place)).rejects.toBeInstanceOf(NotPlainFileError);
      await expect(systemFiles().holds(place, Buffer.alloc(0))).rejects.toBeInstanceOf(NotPlainFileError);
    }
  });

  test('throw what the system says', async () => {
    prepare();
    await expect(replace(path.join(folder, 'missing'), Buffer.from('a'))).rejects.toMatchObject({ errno: 'ENOENT' });
    await mkdir(path.join(folder, 'inner'));
    await expect(systemFiles().readFile(path.join(folder, 'inner'))).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(systemFiles().holds(path.join(folder, 'inner'), Buffer.alloc(9))).rejects.toMatchObject({
      code: 'EISDIR',
    });
    await expect(systemFiles().unlink(path.join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(systemFiles().open(folder, 'wx')).rejects.toMatchObject({ code: 'EEXIST' });
  });
});

describe.each(disks)('files that are read and compared %s', (_, prepare) => {
  beforeEach(prepare);

  test.each([0, 1, 262_143, 262_144, 262_145, 600_000])('hold %i bytes and no others', async (length) => {
    const files = systemFiles();
    const file = path.join(folder, 'a');
    const content = Buffer.alloc(length, 'ab');
    await writeFile(file, content);
    const last = Buffer.from(content);
    last.fill('c', Math.max(0, length - 1));
    expect((await files.readFile(file)).equals(content)).toBe(true);
    expect(await files.holds(file, content)).toBe(true);
    expect(await files.holds(file, last)).toBe(length === 0);
    expect(await files.holds(file, Buffer.concat([content, Buffer.from('a')]))).toBe(false);
    expect(await files.holds(file, content.subarray(1))).toBe(length === 0);
  });

  test.skipIf(process.platform !== 'linux')('are read to their end where the file system gives no sizes', async () => {
    const content = await readFile('/proc/version');
    expect(content.length).toBeGreaterThan(0);
    expect(await systemFiles().readFile('/proc/version')).toEqual(content);
    expect(await systemFiles().holds('/proc/version', content)).toBe(true);
    expect(await systemFiles().holds('/proc/version', Buffer.alloc(0))).toBe(false);
  });
});

describe.each(disks)('reading a plain file %s', (_, prepare) => {
  beforeEach(prepare);
  const read = (file: string, largest: number) =>
    plainFileReader(systemFiles(), largest)(file, (bytes, stats) => ({ content: bytes.toString(), stats }));

  test.each([0, 1, 65_535, 65_536, 65_537, 262_144, 262_145, 600_000])(
    'of %i bytes gives all of them',
    async (length) => {
      const file = path.join(folder, 'a');
      await writeFile(file, 'x'.repeat(length));
      expect((await read(file, 1_000_000)).content).toBe('x'.repeat(length));
    },
  );

  test('gives its mode and its number of names', async () => {
    need('modes');
    const file = path.join(folder, 'a');
    await writeFile(file, 'x', { mode: 0o600 });
    const { stats } = await read(file, 10);
    expect([stats.mode & 0o777, stats.nlink]).toEqual([0o600, 1]);
  });

  test('refuses one that is too large', async () => {
    const file = path.join(folder, 'large');
    await writeFile(file, '');
    await truncate(file, 11);
    await expect(read(file, 10)).rejects.toThrow('it has 11 bytes, more than the limit of 10');
  });

  test('refuses a folder and a pipe, without waiting for a writer', async () => {
    const pipe = path.join(folder, 'pipe');
    await makePipe(pipe);
    await expect(read(pipe, 10)).rejects.toThrow('it is not a plain file');
    await expect(read(folder, 10)).rejects.toThrow('it is not a plain file');
  });

  test('shows each of many at a time its own bytes', async () => {
    const reader = plainFileReader(systemFiles(), 1_000_000);
    const letters = [...'abcdefghijklmnop'];
    await Promise.all(letters.map((letter) => writeFile(path.join(folder, letter), letter.repeat(50_000))));
    const shown = await Promise.all(
      letters.map((letter) => reader(path.join(folder, letter), (bytes) => bytes.equals(Buffer.alloc(50_000, letter)))),
    );
    expect(shown).toEqual(letters.map(() => true));
  });

  test('of a missing name throws what the system says', async () => {
    await expect(read(path.join(folder, 'missing'), 10)).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});

describe('a folder of a share below folders that this user may not look at', () => {
  const folder = path.resolve('/share/closed/forms');
  const refusal = systemError('EACCES');
  /** The folders on the way: the names of those that are links, and what the others answer. */
  const looking =
    (links: readonly string[], refused: readonly string[], errno = 'EPERM') =>
    async (part: string) => {
      if (refused.includes(path.basename(part))) throw systemError(errno);
      return { isSymbolicLink: () => links.includes(path.basename(part)) };
    };

  test('keeps its name', async () => {
    expect(await realPathBelowRefused(folder, refusal, looking([], ['closed', 'share']))).toBe(folder);
  });

  test.each([
    ['it is a link itself', looking(['forms'], ['closed'])],
    ['another folder on the way is a link', looking(['share'], ['closed'])],
    ['it can’t be looked at either', looking([], ['forms'])],
    ['the answer is another one than a refusal', looking([], ['closed'], 'EIO')],
  ])('is refused where %s', async (_, look) => {
    await expect(realPathBelowRefused(folder, refusal, look)).rejects.toBe(refusal);
  });

  test('is refused for any other error', async () => {
    const missing = systemError('ENOENT');
    await expect(realPathBelowRefused(folder, missing, looking([], ['closed']))).rejects.toBe(missing);
  });
});

describe('whether a file holds bytes', () => {
  const large = 600_000;
  test.each<[string, Buffer, Buffer, boolean]>([
    ['the same', Buffer.from('abc'), Buffer.from('abc'), true],
    ['none at all', Buffer.alloc(0), Buffer.alloc(0), true],
    ['other ones', Buffer.from('abc'), Buffer.from('abd'), false],
    ['the first of them', Buffer.from('ab'), Buffer.from('abc'), false],
    ['more than these', Buffer.from('abcd'), Buffer.from('abc'), false],
    ['some in place of none', Buffer.from('a'), Buffer.alloc(0), false],
    ['the same of a large file', Buffer.alloc(large, 'ab'), Buffer.alloc(large, 'ab'), true],
    [
      'others at the end of a large file',
      Buffer.concat([Buffer.alloc(large, 'ab'), Buffer.from('x')]),
      Buffer.concat([Buffer.alloc(large, 'ab'), Buffer.from('y')]),
      false,
    ],
    ['a large file of a part of it', Buffer.alloc(large, 'ab'), Buffer.alloc(256 * 1024, 'ab'), false],
  ])('%s', async (_, content, bytes, same) => {
    const file = path.join(folder, 'file');
    await writeFile(file, content);
    expect(await systemFiles().holds(file, bytes)).toBe(same);
    slowDisk();
    const files = systemFiles();
    for (let look = 0; look < 4; look += 1) expect(await files.holds(file, bytes)).toBe(same);
  });
});
