import { chmod, chown, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemFiles } from '../../src/files/file-system.ts';
import { canKeepOwner, type FileUser } from '../../src/files/own-access.ts';
import { replaceFile } from '../../src/files/replace-file.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { need } from '../support/on-windows.ts';

const user: FileUser = { id: 1000, groups: [1000, 27] };

describe('the owner of a file', () => {
  test.each([
    ['is kept by root for a file of any owner', { uid: 1001, gid: 1001 }, { id: 0, groups: [0] }, true],
    ['is kept if it is the user', { uid: 1000, gid: 1000 }, user, true],
    ['is kept with any group of the user', { uid: 1000, gid: 27 }, user, true],
    ['is not kept with a group that the user is not in', { uid: 1000, gid: 33 }, user, false],
    ['is not kept if it is another user', { uid: 1001, gid: 1000 }, user, false],
    ['is not kept if it is root', { uid: 0, gid: 0 }, user, false],
  ])('%s', async (_, file, who, kept) => {
    expect(await canKeepOwner(file, await freshFolder(), who)).toBe(kept);
  });

  test('is kept with the group that the folder hands on, but only for the user’s own files', async () => {
    need('users');
    const folder = await freshFolder();
    await chmod(folder, 0o2777);
    const { gid } = await stat(folder);
    const stranger = { id: 1000, groups: [] };
    expect(await canKeepOwner({ uid: 1000, gid }, folder, stranger)).toBe(true);
    expect(await canKeepOwner({ uid: 1000, gid: gid + 1 }, folder, stranger)).toBe(false);
    expect(await canKeepOwner({ uid: 1001, gid }, folder, stranger)).toBe(false);
  });
});

const isRoot = process.geteuid?.() === 0;

describe.skipIf(!isRoot)('the prediction matches what happens when a file is replaced', () => {
  const nobody = 65_534;

  test.each([
    ['a file of theirs', nobody, nobody, 0o777],
    ['a file of another user', 1000, nobody, 0o777],
    ['a file of another group', nobody, 1000, 0o777],
    ['a file of a group that the folder hands on', nobody, 1000, 0o2777],
  ])('%s', async (_, uid, gid, mode) => {
    const folder = await freshFolder();
    const file = path.join(folder, 'strings.txt');
    await writeFile(file, 'old');
    await chown(folder, 0, gid);
    await chmod(folder, mode);
    await chown(file, uid, gid);
    const { setegid, seteuid, setgroups } = process;
    const groups = process.getgroups?.() ?? [];
    setgroups?.([nobody]);
    setegid?.(nobody);
    seteuid?.(nobody);
    try {
      const predicted = await canKeepOwner({ uid, gid }, folder, { id: nobody, groups: [nobody] });
      const replaced = await replaceFile(systemFiles(), {
        path: file,
        content: Buffer.from('new'),
        tag: 'x',
        patience: noWaiting,
        beforeRename: async () => undefined,
      }).then(
        () => true,
        () => false,
      );
      expect(predicted).toBe(replaced);
    } finally {
      seteuid?.(0);
      setegid?.(0);
      setgroups?.(groups);
    }
  });
});
