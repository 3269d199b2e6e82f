import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { separateFolders } from '../../src/files/folder-names.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { symlink } from '../support/on-windows.ts';

let home: string;

beforeEach(async () => {
  home = await freshFolder();
  await mkdir(path.join(home, 'disk', 'forms'), { recursive: true });
  await mkdir(path.join(home, 'other'));
});

/** A folder that keeps its other name as its real path, as mapped drives and shares do. */
const byOtherName = async (name: string, folder: string) => {
  const place = path.join(home, name);
  await symlink(path.join(home, folder), place);
  return { root: place, realRoot: place };
};
const itself = (name: string) => ({ root: path.join(home, name), realRoot: path.join(home, name) });

describe('of folders that are named twice', () => {
  test('the first name is kept', async () => {
    const [disk, drive] = [itself('disk'), await byOtherName('drive', 'disk')];
    expect(await separateFolders([disk, drive])).toEqual({
      separate: [disk],
      again: [{ root: drive.root, is: disk.root }],
    });
    expect((await separateFolders([drive, disk])).separate).toEqual([drive]);
  });

  test('one that lies in another is left to that, whichever is named first', async () => {
    const [forms, drive] = [itself('disk/forms'), await byOtherName('drive', 'disk')];
    expect((await separateFolders([forms, drive])).separate).toEqual([drive]);
  });

  test('one that is named within another by the same name is kept: links are named from it', async () => {
    const both = [itself('disk'), itself('disk/forms')];
    expect(await separateFolders(both)).toEqual({ separate: both, again: [] });
  });
});

test('different folders are separate, and so is one that can’t be looked at', async () => {
  const all = [itself('disk'), itself('other'), itself('disk/missing')];
  expect(await separateFolders(all)).toEqual({ separate: all, again: [] });
});
