import { chmod, chown, constants, copyFile, link, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileError } from '../../src/errors.ts';
import { type FileSystem, systemFiles } from '../../src/files/file-system.ts';
import { type Replacement, replaceFile, temporarySuffix } from '../../src/files/replace-file.ts';
import { failingFileSystem, faultyFileSystem, systemError, watchedFileSystem } from '../support/faulty-file-system.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { need, symlink } from '../support/on-windows.ts';

const old = Buffer.from('the old bytes');
const now = Buffer.from('the new bytes, and more of them');

const isRoot = process.getuid?.() === 0;

let folder: string;
let target: string;

beforeEach(async () => {
  folder = await freshFolder();
  target = path.join(folder, 'strings.txt');
  await writeFile(target, old);
});

/** Replaces the target; the error if that is what came of it. */
async function replaced(files: FileSystem, more: Partial<Replacement> = {}): Promise<unknown> {
  const replacement = {
    path: target,
    content: now,
    tag: 'plan.id',
    patience: { ...noWaiting, delays: [1, 2, 4] },
    beforeRename: async () => {},
    ...more,
  };
  return replaceFile(files, replacement).catch((error: unknown) => error);
}

const untroubled = () => watchedFileSystem(() => undefined);

/** A file system as that of Windows, whose copies have more than bytes. */
const withCopies: FileSystem = {
  ...systemFiles(),
  copy: (file, copy) => copyFile(file, copy, constants.COPYFILE_EXCL),
};
const copying = () => watchedFileSystem(() => undefined, withCopies);

async function expectOldBytesAlone(): Promise<void> {
  expect(await readFile(target)).toEqual(old);
  expect(await readdir(folder)).toEqual(['strings.txt']);
}

async function expectNewBytesAlone(): Promise<void> {
  expect(await readFile(target)).toEqual(now);
  expect(await readdir(folder)).toEqual(['strings.txt']);
}

describe('replacing a file', () => {
  test('puts the new bytes in the place of the old and leaves nothing else', async () => {
    expect(await replaced(untroubled())).toBeUndefined();
    await expectNewBytesAlone();
  });

  test('syncs the new bytes before the rename and the folder after it', async () => {
    need('syncedFolders');
    const files = untroubled();
    await replaced(files);
    const order = files.calls.filter((call) => ['handle.sync', 'holds', 'rename'].includes(call));
    expect(order).toEqual(['handle.sync', 'holds', 'rename', 'handle.sync']);
  });

  test.each([0o644, 0o600, 0o444, 0o755, 0o660, 0o666, 0o2644, 0o4755])('keeps the mode %o', async (mode) => {
    if (mode !== 0o444 && mode !== 0o666) need('modes');
    await chmod(target, mode);
    await replaced(untroubled());
    expect((await stat(target)).mode & 0o7777).toBe(mode);
  });

  test.skipIf(!isRoot)('keeps owner and group, which takes root to try', async () => {
    await chown(target, 12_345, 23_456);
    await chmod(target, 0o640);
    await replaced(untroubled());
    expect(await stat(target)).toMatchObject({ uid: 12_345, gid: 23_456 });
    expect((await stat(target)).mode & 0o7777).toBe(0o640);
  });

  test('starts as a copy where copies have more than bytes, for new bytes that are fewer too', async () => {
    const files = copying();
    expect(await replaced(files, { content: Buffer.from('new') })).toBeUndefined();
    expect(await readFile(target, 'utf8')).toBe('new');
    expect(files.calls.slice(0, 3)).toEqual(['lstat', 'copy', 'open']);
  });

  test('does not start as a copy where that could not be written: a read-only one', async () => {
    await chmod(target, 0o444);
    const files = copying();
    expect(await replaced(files)).toBeUndefined();
    expect(files.calls).not.toContain('copy');
    await expectNewBytesAlone();
  });

  test('refuses a symbolic link and does not touch its target', async () => {
    const to = path.join(folder, 'elsewhere.txt');
    await writeFile(to, old);
    const from = path.join(folder, 'link.txt');
    await symlink(to, from);
    expect(await replaced(untroubled(), { path: from })).toMatchObject({
      trouble: { on: from, cameBack: 'it is a symbolic link' },
    });
    expect(await readFile(to)).toEqual(old);
  });

  test('refuses a folder', async () => {
    const place = path.join(folder, 'nls');
    await mkdir(place);
    expect(await replaced(untroubled(), { path: place })).toMatchObject({
      trouble: { on: place, cameBack: 'it is not a plain file' },
    });
  });

  test('leaves the old bytes under the other names of a hard-linked file', async () => {
    const other = path.join(folder, 'other.txt');
    await link(target, other);
    await replaced(untroubled());
    expect(await readFile(other)).toEqual(old);
    expect(await readFile(target)).toEqual(now);
  });

  test('does not touch a file that already has the temporary file’s name', async () => {
    const foreign = path.join(folder, `.strings.txt.plan.id${temporarySuffix}`);
    await writeFile(foreign, 'foreign');
    expect(await replaced(untroubled())).toMatchObject({ errno: 'EEXIST', trouble: { on: foreign } });
    expect(await readFile(foreign, 'utf8')).toBe('foreign');
    expect(await readFile(target)).toEqual(old);
  });
});

describe('the last look before the rename', () => {
  test('comes when all of the new bytes are beside the old', async () => {
    const seen: Record<string, string> = {};
    await replaced(untroubled(), {
      beforeRename: async () => {
        for (const name of await readdir(folder)) seen[name] = await readFile(path.join(folder, name), 'utf8');
      },
    });
    expect(seen).toEqual({ 'strings.txt': old.toString(), [`.strings.txt.plan.id${temporarySuffix}`]: now.toString() });
  });

  test('that throws leaves everything as it was, and its error is thrown', async () => {
    const objection = new Error('not now');
    expect(await replaced(untroubled(), { beforeRename: () => Promise.reject(objection) })).toBe(objection);
    await expectOldBytesAlone();
  });
});

describe.each([
  ['', systemFiles()],
  [', where new files start as copies', withCopies],
])('whatever single call fails%s', (_, real) => {
  test.each(['instead', 'after'] as const)(
    'the target holds all of the old or all of the new bytes, and no temporary file is left unnamed (%s)',
    async (when) => {
      need('syncedFolders');
      let failures = 0;
      for (let call = 1; ; call += 1) {
        folder = await freshFolder();
        target = path.join(folder, 'strings.txt');
        await writeFile(target, old);
        const files = faultyFileSystem({ call, errno: 'EIO', when }, real);
        const error = await replaced(files);
        const content = await readFile(target);
        const at = `call ${call} of ${files.calls.join(', ')}`;
        expect([old, now], at).toContainEqual(content);
        const strays = (await readdir(folder)).filter((name) => name !== 'strings.txt');
        const opened = files.calls.filter(
          (name, index) => name === 'open' && (when === 'after' || index !== call - 1),
        ).length;
        expect(files.calls.filter((name) => name === 'handle.close').length, at).toBe(opened);
        if (error === undefined) expect(strays, at).toEqual([]);
        else {
          failures += 1;
          expect(error, at).toBeInstanceOf(FileError);
          const { trouble } = error as FileError;
          for (const stray of strays) expect(trouble.on, at).toBe(path.join(folder, stray));
          if (content.equals(now)) expect(trouble.next, at).not.toContain('keeps its old content');
          else if (strays.length === 0) expect(`${trouble.cameBack}`, at).toContain('EIO');
        }
        if (files.calls.length < call) break;
      }
      expect(failures).toBeGreaterThanOrEqual(9);
    },
  );

  test('no single failure leaves the temporary file behind', async () => {
    const strays: string[] = [];
    const calls = watchedFileSystem(() => undefined, real);
    await replaced(calls);
    for (let call = 1; call <= calls.calls.length; call += 1) {
      folder = await freshFolder();
      target = path.join(folder, 'strings.txt');
      await writeFile(target, old);
      await replaced(faultyFileSystem({ call, errno: 'EIO', when: 'instead' }, real));
      strays.push(...(await readdir(folder)).filter((name) => name !== 'strings.txt'));
    }
    expect(strays).toEqual([]);
  });
});

test('a rename that was carried out but answered with an error is reported as such, with no temporary file left', async () => {
  const files = watchedFileSystem((name) => (name === 'rename' ? () => Promise.reject(systemError('EIO')) : undefined));
  expect(await replaced(files)).toMatchObject({
    trouble: {
      attempted: 'replace the file with the new content',
      on: target,
      cameBack: expect.stringMatching('EIO'),
    },
  });
  await expectNewBytesAlone();
});

describe('two faults in a row', () => {
  test('the second of which keeps the temporary file: the error names it and both causes', async () => {
    const files = watchedFileSystem((name) => {
      if (name === 'rename') throw Object.assign(new Error('rename'), { code: 'EXDEV' });
      if (name === 'unlink') throw Object.assign(new Error('unlink'), { code: 'EACCES' });
      return undefined;
    });
    const error = await replaced(files);
    const [stray = ''] = (await readdir(folder)).filter((name) => name !== 'strings.txt');
    expect(error).toMatchObject({ trouble: { on: path.join(folder, stray) } });
    expect((error as FileError).trouble.cameBack).toMatch(/EACCES.*EXDEV/);
    expect(await readFile(target)).toEqual(old);
  });
});

describe('what the system answers', () => {
  test.each<[string, string, string]>([
    ['lstat', 'ENOENT', 'there is no such file or folder'],
    ['open', 'EACCES', 'permission denied'],
    ['open', 'EROFS', 'read-only'],
    ['open', 'EMFILE', 'too many files are open'],
    ['open', 'ENAMETOOLONG', 'too long'],
    ['handle.write', 'ENOSPC', 'the disk is full'],
    ['handle.write', 'EDQUOT', 'quota'],
    ['handle.write', 'EIO', 'I/O error'],
    ...(isRoot ? [['handle.chown', 'EPERM', 'not permitted'] as [string, string, string]] : []),
    ['handle.chmod', 'EPERM', 'not permitted'],
    ['handle.sync', 'EIO', 'I/O error'],
    ['handle.close', 'EIO', 'I/O error'],
    ['holds', 'EIO', 'I/O error'],
    ['rename', 'EXDEV', 'another file system'],
    ['rename', 'EIO', 'I/O error'],
  ])('to %s, %s, is put in words, and the old bytes stay', async (call, errno, words) => {
    if (call === 'handle.chmod') need('modes');
    if (call === 'handle.chown') await chown(target, 12_345, 23_456);
    // More than the process's mask lets a new file have.
    if (call === 'handle.chmod') await chmod(target, 0o666);
    // As often as it is tried: where the new file starts as a copy, it may be held for a moment.
    const error = await replaced(failingFileSystem(call, [errno, errno, errno, errno]));
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ errno, trouble: { cameBack: expect.stringContaining(`(${errno})`) } });
    expect((error as FileError).trouble.cameBack).toContain(words);
    await expectOldBytesAlone();
  });

  test.each(['EPERM', 'EACCES', 'EBUSY'])(
    'to the rename, %s, means another try while another program holds the file',
    async (errno) => {
      const slept: number[] = [];
      const sleep = async (milliseconds: number): Promise<void> => void slept.push(milliseconds);
      const patience = { ...noWaiting, delays: [1, 2, 4], sleep };
      const files = failingFileSystem('rename', [errno, errno]);
      expect(await replaced(files, { patience })).toBeUndefined();
      expect(slept).toEqual([1, 2]);
      await expectNewBytesAlone();
    },
  );

  test('to reading back, EBUSY, means another try: a virus scanner looks at new files', async () => {
    const files = failingFileSystem('readFile', ['EBUSY', 'EBUSY']);
    expect(await replaced(files)).toBeUndefined();
    await expectNewBytesAlone();
  });

  test.each(['EPERM', 'EACCES', 'EBUSY'])(
    'to the rename, %s every time, ends the tries; nothing is written in place',
    async (errno) => {
      const slept: number[] = [];
      const sleep = async (milliseconds: number): Promise<void> => void slept.push(milliseconds);
      const patience = { ...noWaiting, delays: [1, 2, 4], sleep };
      const files = failingFileSystem('rename', [errno, errno, errno, errno]);
      expect(await replaced(files, { patience })).toMatchObject({
        errno,
      });
      expect(slept).toEqual([1, 2, 4]);
      expect(files.calls.filter((call) => call === 'rename')).toHaveLength(4);
      await expectOldBytesAlone();
    },
  );

  test.each(['EIO', 'ENOSPC', 'EXDEV', 'ENOENT'])('to the rename, %s, means no other try', async (errno) => {
    const files = failingFileSystem('rename', [errno]);
    await replaced(files);
    expect(files.calls.filter((call) => call === 'rename')).toHaveLength(1);
  });

  test.each(['EINVAL', 'ENOTSUP', 'ENOSYS', 'EISDIR'])(
    'to the sync of a folder, %s, means that the file system has no such sync, which is no error',
    async (errno) => {
      expect(await replaced(failingFileSystem('handle.sync', [undefined, errno]))).toBeUndefined();
      expect(await replaced(failingFileSystem('open', [undefined, errno]))).toBeUndefined();
      await expectNewBytesAlone();
    },
  );
});

describe('short writes', () => {
  /** A file system that takes at most so many bytes a write. */
  const taking = (lengths: readonly number[]): FileSystem => {
    let turn = 0;
    const files = untroubled();
    return {
      ...files,
      open: async (...args: Parameters<typeof files.open>) => {
        const handle = await files.open(...args);
        return new Proxy(handle, {
          get: (real, name) => {
            if (name !== 'write') return Reflect.get(real, name);
            return (buffer: Buffer, offset: number, length: number, position: number) => {
              const most = lengths[turn % lengths.length] ?? 1;
              turn += 1;
              return most === 0
                ? { bytesWritten: 0, buffer }
                : real.write(buffer, offset, Math.min(length, most), position);
            };
          },
        });
      },
    };
  };

  test('are continued until every byte is written', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 }),
        fc.uint8Array({ maxLength: 3000 }),
        async (lengths, bytes) => {
          expect(await replaced(taking(lengths), { content: Buffer.from(bytes) })).toBeUndefined();
          expect(await readFile(target)).toEqual(Buffer.from(bytes));
        },
      ),
      { numRuns: 25 },
    );
  });

  test('of zero bytes end the try', async () => {
    const error = await replaced(taking([10, 0]));
    expect(error).toMatchObject({ trouble: { cameBack: `the system took 10 of ${now.length} bytes and no more` } });
    await expectOldBytesAlone();
  });
});

test('a disk that does not keep what is written to it is detected before the rename', async () => {
  const files = watchedFileSystem((name) => (name === 'holds' ? async () => false : undefined));
  expect(await replaced(files)).toMatchObject({ trouble: { attempted: 'read back the new content' } });
  await expectOldBytesAlone();
});
