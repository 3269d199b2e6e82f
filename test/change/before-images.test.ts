import { link, lstat, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { backupPathOf, beforeImages } from '../../src/change/before-images.ts';
import { FileError } from '../../src/errors.ts';
import { type FileSystem, systemFiles } from '../../src/files/file-system.ts';
import { failingFileSystem, systemError, watchedFileSystem } from '../support/faulty-file-system.ts';
import { applyIn, changeOf, planOf } from '../support/file-plans.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { makePipe, need, symlink } from '../support/on-windows.ts';

const old = Buffer.from('L_UserName_Text="User name:"\r\n');
const now = Buffer.from('L_UserName_Text="E-mail address:"\r\n');

let home: string;
let file: string;
let place: string;

beforeEach(async () => {
  home = await freshFolder();
  file = path.join(home, 'forms', 'strings.txt');
  place = path.join(home, 'change', 'backup', backupPathOf(file));
  await mkdir(path.dirname(file));
  await writeFile(file, old);
});

const imagesIn = (files: FileSystem) =>
  beforeImages({ files, backupFolder: path.join(home, 'change', 'backup'), patience: noWaiting });

const keep = async (files: FileSystem): Promise<void> =>
  imagesIn(files).keep({ file, target: file, bytes: old, attributes: await stat(file) });

const apply = (files: FileSystem = systemFiles()) =>
  applyIn(path.join(home, 'change'), planOf([changeOf(file, old, now)]), { files });

/** What a run leaves that is killed right before the rename. */
async function leaveSecondName(): Promise<void> {
  await mkdir(path.dirname(place), { recursive: true });
  await link(file, place);
}

describe('the before image', () => {
  test('is the old file itself, under its only name once the new file has taken the other', async () => {
    need('secondNames');
    const { ino } = await stat(file);
    await apply();
    expect(await readFile(file)).toEqual(now);
    expect(await readFile(place)).toEqual(old);
    expect(await stat(place)).toMatchObject({ ino, nlink: 1 });
  });

  test('of a file with other names is a copy, which edits under those names do not change', async () => {
    const other = path.join(home, 'other-name.txt');
    await link(file, other);
    await apply();
    await writeFile(other, 'edited');
    expect(await readFile(place)).toEqual(old);
  });

  test.each(['EXDEV', 'EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK', 'UNKNOWN'])(
    'is a copy on the disk if a second name is not possible (%s)',
    async (errno) => {
      const files = failingFileSystem('link', [errno]);
      need('secondNames');
      await keep(files);
      expect(await readFile(place)).toEqual(old);
      expect((await stat(place)).ino).not.toBe((await stat(file)).ino);
      expect(files.calls).toEqual(['link', 'open', 'handle.write', 'handle.datasync', 'handle.close']);
    },
  );

  test('that can be neither linked nor copied is reported, and the file stays as it is', async () => {
    const files = watchedFileSystem((name, [target]) => {
      if (name === 'link') throw systemError('EXDEV');
      if (name === 'open' && target === place) throw systemError('ENOSPC');
      return undefined;
    });
    const { notDone } = await apply(files);
    expect(notDone).toMatchObject([
      { outcome: { kind: 'failed', error: { errno: 'ENOSPC', trouble: { on: place } } } },
    ]);
    expect(await readFile(file)).toEqual(old);
  });
});

describe('a second name left by an interrupted run', () => {
  test('is made again', async () => {
    await leaveSecondName();
    await apply();
    expect(await readFile(place)).toEqual(old);
    expect((await stat(place)).nlink).toBe(1);
  });

  test('is never written to: it is the file to keep', async () => {
    await leaveSecondName();
    const files = failingFileSystem('link', ['EXDEV']);
    await keep(files);
    expect(await readFile(file)).toEqual(old);
    expect((await stat(place)).ino).not.toBe((await stat(file)).ino);
  });

  test('is removed when the file has been edited, since the edit changed both', async () => {
    await leaveSecondName();
    await writeFile(file, 'edited in place');
    expect(await apply()).toMatchObject({ notDone: [{ outcome: { kind: 'drifted' } }] });
    await expect(lstat(place)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readFile(file, 'utf8')).toBe('edited in place');
  });
});

describe('of a file that could not be replaced', () => {
  const failing = (unlinking?: string): FileSystem =>
    watchedFileSystem((name, [target]) => {
      if (name === 'rename') throw systemError('EIO');
      if (name === 'unlink' && target === place && unlinking !== undefined) throw systemError(unlinking);
      return undefined;
    });

  test('the second name is removed', async () => {
    need('secondNames');
    expect(await apply(failing())).toMatchObject({
      notDone: [{ outcome: { kind: 'failed', error: { errno: 'EIO' } } }],
    });
    await expect(lstat(place)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readFile(file)).toEqual(old);
    expect((await stat(file)).nlink).toBe(1);
  });

  test('a copy stays', async () => {
    await link(file, path.join(home, 'other-name.txt'));
    await apply(failing());
    expect(await readFile(place)).toEqual(old);
  });

  test('a second name that can’t be removed is reported, with the failure before it', async () => {
    need('secondNames');
    const { notDone } = await apply(failing('EACCES'));
    const [outcome] = notDone.map((result) => result.outcome);
    const error = outcome?.kind === 'failed' ? outcome.error : undefined;
    expect(error).toBeInstanceOf(FileError);
    expect(error?.message).toMatch(/EACCES.*EIO/s);
    expect(error?.message).toContain(place);
  });
});

describe('on a file system without second names, as on Windows', () => {
  const withoutLinks = (more: Parameters<typeof watchedFileSystem>[0] = () => undefined): FileSystem => {
    const { link: _, ...files } = watchedFileSystem(more);
    return files;
  };

  test('the before image is a copy', async () => {
    expect(await apply(withoutLinks())).toMatchObject({ done: 1 });
    expect(await readFile(place)).toEqual(old);
    expect((await stat(place)).nlink).toBe(1);
  });

  test('a file that stays held has one name after the last try', async () => {
    const files = withoutLinks((name) => {
      if (name === 'rename') throw systemError('EPERM');
      return undefined;
    });
    expect(await apply(files)).toMatchObject({ notDone: [{ outcome: { kind: 'failed', error: { errno: 'EPERM' } } }] });
    expect((await stat(file)).nlink).toBe(1);
    expect(await readFile(file)).toEqual(old);
    expect(await readFile(place)).toEqual(old);
  });
});

describe('what an older run left in the backup folder', () => {
  const mend = (files: FileSystem = systemFiles()): Promise<void> => imagesIn(files).mend(file, file);

  test('is removed if it is a second name of the file', async () => {
    await leaveSecondName();
    await mend();
    expect((await stat(file)).nlink).toBe(1);
    await expect(lstat(place)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('stays if it is the backup of a file that was replaced', async () => {
    await apply();
    await mend();
    expect(await readFile(place)).toEqual(old);
  });

  test('stays if it has another name elsewhere', async () => {
    await apply();
    await link(place, path.join(home, 'kept.txt'));
    await mend();
    expect(await readFile(place)).toEqual(old);
  });

  test('stays without complaint if there is nothing', async () => {
    await mend();
    await expect(lstat(place)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('is waited for while it is held, and named if it stays held', async () => {
    await leaveSecondName();
    const holding = watchedFileSystem((name) => {
      if (name === 'unlink') throw systemError('EPERM');
      return undefined;
    });
    await expect(mend(holding)).rejects.toMatchObject({
      trouble: { on: place, next: expect.stringContaining('Close the program that has the file open') },
    });
    await mend(failingFileSystem('unlink', ['EPERM', 'EBUSY']));
    expect((await stat(file)).nlink).toBe(1);
  });
});

describe('a backup place in a change folder from elsewhere', () => {
  const outside = (): string => path.join(home, 'outside');
  const refused = { notDone: [{ outcome: { kind: 'failed', error: { trouble: { attempted: 'back up the file' } } } }] };

  async function expectNothingDone(): Promise<void> {
    expect(await apply()).toMatchObject(refused);
    expect(await readFile(file)).toEqual(old);
    expect((await stat(file)).nlink).toBe(1);
    expect(await readdir(outside())).toEqual([]);
  }

  beforeEach(async () => {
    await mkdir(outside());
    await mkdir(path.join(home, 'change'));
  });

  test('that is a link as a whole is refused', async () => {
    await symlink(outside(), path.join(home, 'change', 'backup'));
    await expectNothingDone();
  });

  test('with a link in the middle is refused', async () => {
    await mkdir(path.join(home, 'change', 'backup'));
    const [first = ''] = backupPathOf(file).split(path.sep);
    await symlink(outside(), path.join(home, 'change', 'backup', first));
    await expectNothingDone();
  });

  test('with a link, a dangling link or a pipe in the place of a backup is refused', async () => {
    await mkdir(path.dirname(place), { recursive: true });
    for (const make of [
      () => symlink(file, place),
      () => symlink(path.join(outside(), 'new'), place),
      () => makePipe(place),
    ]) {
      await rm(place, { force: true });
      await make();
      await expectNothingDone();
    }
    expect.assertions(12);
  });
});

describe('no room for backups', () => {
  const full = (): FileSystem =>
    watchedFileSystem((name, [target]) => {
      if (name === 'link' || (name === 'open' && target === place)) throw systemError('ENOSPC');
      return undefined;
    });
  const applyTo = (backups: 'required' | 'as-room-permits') =>
    applyIn(path.join(home, 'change'), planOf([changeOf(file, old, now)]), { files: full(), backups });

  test('keeps a change from being made', async () => {
    expect(await applyTo('required')).toMatchObject({ notDone: [{ outcome: { kind: 'failed' } }] });
    expect(await readFile(file)).toEqual(old);
  });

  test('does not keep an undo from being made', async () => {
    expect(await applyTo('as-room-permits')).toMatchObject({ done: 1, notDone: [] });
    expect(await readFile(file)).toEqual(now);
  });
});
