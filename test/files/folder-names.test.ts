import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { distinctiveNames, separateFolders, withoutMiddle } from '../../src/files/folder-names.ts';
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

const tmg = 'C$\\Program Files\\Microsoft Forefront Threat Management Gateway\\Templates\\CookieAuthTemplates';

describe('the distinctive name of a folder', () => {
  test.each([
    ['is the part that differs', ['/srv/site/TMG01', '/srv/site/TMG02/'], ['TMG01', 'TMG02']],
    ['is the host on shares', [`\\\\TMG01\\${tmg}`, `\\\\TMG02\\${tmg}`], ['TMG01', 'TMG02']],
    ['has as many parts as it takes', ['/a/x/1/t', '/a/x/2/t', '/a/y/t'], ['x/1', 'x/2', 'y']],
    ['is its last part where it has no other beside it', ['/srv/site/TMG01'], ['TMG01']],
    ['is its last part where the other lies in it', ['/srv/site', '/srv/site/TMG01'], ['site', 'TMG01']],
    ['is a host or a drive as it is', ['TMG01', 'drive C'], ['TMG01', 'drive C']],
  ])('%s', (_, folders, names) => {
    expect([...distinctiveNames(folders)]).toEqual(folders.map((folder, index) => [folder, names[index]]));
  });
});

describe('a path without its middle', () => {
  test('keeps the name of its root, its set, class and language', () => {
    const roots = distinctiveNames(['/srv/TMG0', '/srv/TMG01', '/srv/TMG02']);
    expect(withoutMiddle('/srv/TMG01/Program Files/Templates/Exchange/HTML/nls/de/strings.txt', roots)).toBe(
      'TMG01/…/Exchange/HTML/nls/de/strings.txt',
    );
  });

  test('is whole below its root where it has no middle', () => {
    const roots = distinctiveNames(['/srv/TMG01', '/srv/TMG02']);
    expect(withoutMiddle('/srv/TMG02/ISA/HTML/strings.txt', roots)).toBe('TMG02/ISA/HTML/strings.txt');
  });

  test('keeps its last parts where no root is above it', () => {
    const path = `\\\\TMG03\\${tmg}\\ISA\\HTML\\nls\\de\\strings.txt`;
    expect(withoutMiddle(path, new Map())).toBe('…\\ISA\\HTML\\nls\\de\\strings.txt');
  });
});
