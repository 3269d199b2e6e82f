import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { accessKeeper, ownAccess, ownAccessIn, type WindowsTools, windowsTools } from '../../src/files/own-access.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { need } from '../support/on-windows.ts';

const folder = 'C:\\forms';
const file = (language: string): string => `${folder}\\${language}\\strings.txt`;

describe('access entries of its own, by icacls /save, has a file', () => {
  test.each([
    ['with one that is not inherited', 'D:AI(D;;FA;;;BU)(A;ID;FA;;;BA)', true],
    ['that inherits none', 'D:PAI(A;;FA;;;BA)', true],
    ['without a list', 'D:NO_ACCESS_CONTROL', true],
    ['with an entry whose flags are others', 'D:AI(A;OICI;FA;;;BA)', true],
    ['with a condition', 'D:AI(XA;;FX;;;WD;(@User.Title=="PM"))(A;ID;FA;;;BA)', true],
  ])('%s', (_, sddl, isOwn) => {
    const saved = `\ufeffde\\strings.txt\r\n${sddl}\r\n`;
    expect(ownAccessIn(saved, folder, [file('de')]).lists.has(file('de'))).toBe(isOwn);
  });

  test.each([
    ['below Program Files', 'D:AI(A;ID;FA;;;BA)(A;ID;FA;;;SY)(A;ID;0x1200a9;;;BU)(A;ID;0x1301bf;;;AU)', false],
    ['on a second drive', 'D:AI(A;ID;FA;;;BA)(A;ID;FA;;;SY)(A;ID;0x1301bf;;;AU)(A;ID;0x1200a9;;;BU)', false],
    ['of an account of a domain', 'D:AI(A;ID;FA;;;S-1-5-21-1111111111-2222222222-3333333333-1001)', false],
    ['that inherits again (icacls /inheritance:e)', 'D:ARAI(A;ID;FA;;;BA)', false],
    ['moved there from another folder', 'D:(A;;FA;;;SY)(A;;FA;;;BA)', true],
    ['after icacls /inheritance:r /grant', 'D:PAI(A;;FA;;;S-1-5-21-1111111111-2222222222-3333333333-1001)', true],
    ['with an inherited refusal', 'D:AI(D;ID;FA;;;AN)(A;ID;FA;;;BA)', false],
  ])('in lists as Windows writes them: a file %s', (_, sddl, isOwn) => {
    const saved = `\ufeffde\\strings.txt\r\n${sddl}\r\n`;
    expect(ownAccessIn(saved, folder, [file('de')]).lists.size).toBe(isOwn ? 1 : 0);
  });

  test('but none that only inherits, in any letter case of its name; one that is not listed is not known', () => {
    const saved =
      '\ufeffDE\\strings.txt\r\nD:AI(A;ID;FA;;;BA)(A;OICIID;0x1200a9;;;BU)\r\nfr\\strings.txt\r\nD:(A;;FA;;;BA)\r\n';
    expect(ownAccessIn(saved, folder, [file('de'), file('fr'), file('ja')])).toEqual({
      lists: new Map([[file('fr'), 'D:(A;;FA;;;BA)']]),
      unknown: [`icacls.exe: no access list of ${file('ja')}`],
    });
  });
});

const inherited = 'D:AI(A;ID;FA;;;BA)';
const own = 'D:AI(D;;FA;;;BU)(A;ID;FA;;;BA)';
const newFile = `${folder}\\de\\.strings.txt.tmp`;
const files = ['de', 'fr'].map((language) => ({ path: file(language), root: folder }));

/**
 * A stand-in for icacls, as a script: it keeps the access lists of C:\forms in `lists.json` and has a line in `calls` for
 * each run. The German file has an entry of its own.
 *
 * @param restored what /restore makes of a list
 */
async function computer(restored = 'list') {
  need('scripts');
  const home = await freshFolder();
  const [tool, lists, calls] = ['icacls.exe', 'lists.json', 'calls'].map((name) => path.join(home, name)) as [
    string,
    string,
    string,
  ];
  const script = `#!${process.execPath}
    const fs = require('node:fs');
    const { basename, dirname, join, relative } = require('node:path').win32;
    const [place, how, saved, ...more] = process.argv.slice(2);
    const lists = JSON.parse(fs.readFileSync('${lists}', 'utf8'));
    fs.appendFileSync('${calls}', [place, how, ...more, Object.keys(process.env).toSorted()].join(' ') + '\\n');
    if (how === '/save') {
      const isAsked = (file) => basename(file) === basename(place) && file.startsWith(dirname(place));
      const lines = Object.keys(lists).filter(isAsked).flatMap((file) => [relative(dirname(place), file), lists[file]]);
      fs.writeFileSync(saved, lines.map((line) => line + '\\r\\n').join(''), 'utf16le');
    } else {
      const [name, list] = fs.readFileSync(saved, 'utf16le').split('\\r\\n');
      lists[join(place, name)] = ${restored};
      fs.writeFileSync('${lists}', JSON.stringify(lists));
    }`;
  await writeFile(tool, script);
  await chmod(tool, 0o700);
  await writeFile(lists, JSON.stringify({ [file('de')]: own, [file('fr')]: inherited, [newFile]: inherited }));
  const tools: WindowsTools = { icacls: tool, env: { SystemRoot: '/windows', TEMP: home, PATH: '/windows' } };
  return {
    tools,
    listOf: async (name: string) => (JSON.parse(await readFile(lists, 'utf8')) as Record<string, string>)[name],
    calls: async () => (await readFile(calls, 'utf8')).trim().split('\n'),
    leftOver: async () => (await readdir(home)).filter((name) => name.endsWith('.acl')),
  };
}

describe('the access entries of a file that is replaced', () => {
  test('are found for all files of a folder at once, and set on the new file', async () => {
    const { tools, listOf, calls, leftOver } = await computer();
    expect(await ownAccess(files, tools)).toEqual({ lists: new Map([[file('de'), own]]), unknown: [] });
    const keep = await accessKeeper(files, tools);
    await keep(file('de'), newFile);
    expect(await listOf(newFile)).toBe(own);
    const look = `${folder}\\strings.txt /save /t /c /q PATH,SystemRoot,TEMP`;
    expect(await calls()).toEqual([
      ...[look, look],
      `${folder}\\de /restore /q PATH,SystemRoot,TEMP`,
      `${newFile} /save /q PATH,SystemRoot,TEMP`,
    ]);
    expect(await leftOver()).toEqual([]);
  });

  test('are none where the file only inherits: nothing is set', async () => {
    const { tools, calls } = await computer();
    const keep = await accessKeeper(files, tools);
    await keep(file('fr'), newFile);
    expect(await calls()).toHaveLength(1);
  });

  test('count as set where the inherited ones have become others', async () => {
    const { tools, listOf } = await computer("list.replace('(A;ID;FA;;;BA)', '(A;ID;FA;;;SY)')");
    const keep = await accessKeeper(files, tools);
    await keep(file('de'), newFile);
    expect(await listOf(newFile)).toBe('D:AI(D;;FA;;;BU)(A;ID;FA;;;SY)');
  });

  test.each([
    ['icacls fails', 'process.exit(5)', 'it failed (5): '],
    ['it does nothing', 'lists[join(place, name)]', 'it now has inherited entries only'],
    ['it sets others', "'D:AI(A;;FA;;;BU)'", 'it now has D:AI(A;;FA;;;BU)'],
  ])('keep the file from being replaced where %s', async (_, restored, cameBack) => {
    const { tools, leftOver } = await computer(restored);
    const keep = await accessKeeper(files, tools);
    await expect(keep(file('de'), newFile)).rejects.toMatchObject({
      trouble: { on: file('de'), cameBack, next: expect.stringContaining('icacls FILE /reset') },
    });
    expect(await leftOver()).toEqual([]);
  });

  test('are not known where icacls can’t be started', async () => {
    const env = { SystemRoot: 'C:\\Windows', TEMP: await freshFolder(), PATH: '' };
    expect(await ownAccess(files, { icacls: '/missing/icacls.exe', env })).toEqual({
      lists: new Map(),
      unknown: ['icacls.exe: there is no such file or folder (ENOENT)'],
    });
  });
});

test('the tools are those of Windows', () => {
  const env = { SystemRoot: 'C:\\Windows', TEMP: 'C:\\Temp', COMSPEC: 'cmd' };
  expect(windowsTools('win32', env)).toEqual({
    icacls: 'C:\\Windows\\System32\\icacls.exe',
    env: { SystemRoot: 'C:\\Windows', TEMP: 'C:\\Temp', PATH: 'C:\\Windows\\System32' },
  });
  expect(windowsTools('linux', env)).toBeUndefined();
});
