import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { manyFilesReader } from '../../src/files/read-many.ts';
import { replaceFile } from '../../src/files/replace-file.ts';
import { systemFiles } from '../../src/files/system-files.ts';
import { noSleep } from '../support/fixed-world.ts';
import { freshFolder } from '../support/fresh-folder.ts';

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
      retryDelays: [],
      beforeRename: async () => undefined,
      sleep: noSleep,
    });

  test('have the new bytes, their mode and their owner', async () => {
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

  test('tell what the system says', async () => {
    prepare();
    await expect(replace(path.join(folder, 'missing'), Buffer.from('a'))).rejects.toMatchObject({ errno: 'ENOENT' });
    await mkdir(path.join(folder, 'inner'));
    await expect(systemFiles().readFile(path.join(folder, 'inner'))).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(systemFiles().unlink(path.join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(systemFiles().open(folder, 'wx')).rejects.toMatchObject({ code: 'EEXIST' });
  });
});

describe.each(disks)('many files that are read %s', (_, prepare) => {
  const text = (bytes: Buffer): string => bytes.toString();

  test('are each seen whole, whatever their lengths, one after the other and at the same time', async () => {
    prepare();
    const lengths = [0, 1, 65_535, 65_536, 65_537, 200_000, 3];
    const contents = lengths.map((length, index) => String(index).repeat(length));
    for (const [index, content] of contents.entries()) await writeFile(path.join(folder, String(index)), content);
    const read = manyFilesReader(1_000_000);
    const places = contents.map((_content, index) => path.join(folder, String(index)));
    for (const [index, place] of places.entries()) expect(await read(place, text)).toBe(contents[index]);
    expect(await Promise.all(places.map((place) => read(place, text)))).toEqual(contents);
  });

  test('give their mode and their number of names', async () => {
    prepare();
    const place = path.join(folder, 'a');
    await writeFile(place, 'x', { mode: 0o600 });
    expect(await manyFilesReader(10)(place, (_bytes, { mode, nlink }) => [mode & 0o777, nlink])).toEqual([0o600, 1]);
  });

  test('are refused if they are too large, or no plain files: a pipe is not waited for', async () => {
    prepare();
    const read = manyFilesReader(10);
    const [plain, large, pipe] = ['plain', 'large', 'pipe'].map((name) => path.join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(plain, '');
    await writeFile(large, '');
    await truncate(large, 11);
    execFileSync('mkfifo', [pipe]);
    for (const _turn of ['slow', 'slow again']) await read(plain, text);
    await expect(read(large, text)).rejects.toThrow('it has 11 bytes, more than the 10 that are read');
    await expect(read(pipe, text)).rejects.toThrow('it is no plain file');
    await expect(read(folder, text)).rejects.toThrow('it is no plain file');
    await expect(read(path.join(folder, 'missing'), text)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('do not see each other’s bytes when a look throws', async () => {
    prepare();
    for (const name of ['a', 'b']) await writeFile(path.join(folder, name), name.repeat(5));
    const read = manyFilesReader(10);
    const failing = read(path.join(folder, 'a'), () => {
      throw new Error('the look');
    });
    await expect(failing).rejects.toThrow('the look');
    expect(await read(path.join(folder, 'b'), text)).toBe('bbbbb');
  });
});
