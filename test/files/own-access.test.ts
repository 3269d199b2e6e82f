import filesystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { accessKeeper, ownAccess, ownAccessIn, windowsTools } from '../../src/files/own-access.ts';
import { systemError } from '../support/faulty-file-system.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder, writeTree } from '../support/fresh-folder.ts';
import { own, standInForIcacls } from '../support/icacls.ts';

const folder = path.resolve('/forms');
const file = (language: string): string => path.join(folder, language, 'strings.txt');
/** A file of the folder as icacls names it. */
const named = (language: string): string => path.join(language, 'strings.txt');

describe('access entries of its own, by icacls /save, has a file', () => {
  test.each([
    ['with one that is not inherited', 'D:AI(D;;FA;;;BU)(A;ID;FA;;;BA)', true],
    ['that inherits none', 'D:PAI(A;;FA;;;BA)', true],
    ['without a list', 'D:NO_ACCESS_CONTROL', true],
    ['with an entry whose flags are others', 'D:AI(A;OICI;FA;;;BA)', true],
    ['with a condition', 'D:AI(XA;;FX;;;WD;(@User.Title=="PM"))(A;ID;FA;;;BA)', true],
  ])('%s', (_, sddl, isOwn) => {
    const saved = `\ufeff${named('de')}\r\n${sddl}\r\n`;
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
    const saved = `\ufeff${named('de')}\r\n${sddl}\r\n`;
    expect(ownAccessIn(saved, folder, [file('de')]).lists.size).toBe(isOwn ? 1 : 0);
  });

  test('but none that only inherits, in any letter case of its name; one that is not listed is not known', () => {
    const saved = `\ufeff${named('DE')}\r\nD:AI(A;ID;FA;;;BA)(A;OICIID;0x1200a9;;;BU)\r\n${named('fr')}\r\nD:(A;;FA;;;BA)\r\n`;
    expect(ownAccessIn(saved, folder, [file('de'), file('fr'), file('ja')])).toEqual({
      lists: new Map([[file('fr'), 'D:(A;;FA;;;BA)']]),
      unknown: [`icacls.exe: no access list of ${file('ja')}`],
    });
  });
});

describe('the access entries of a file that is replaced', () => {
  let forms: string;
  let german: string;
  let newFile: string;
  let files: readonly { readonly path: string; readonly root: string }[];

  beforeEach(async () => {
    forms = await freshFolder();
    await writeTree(forms, { de: { 'strings.txt': 'de', '.strings.txt.tmp': 'new' }, fr: { 'strings.txt': 'fr' } });
    german = path.join(forms, 'de', 'strings.txt');
    newFile = path.join(forms, 'de', '.strings.txt.tmp');
    files = [german, path.join(forms, 'fr', 'strings.txt')].map((name) => ({ path: name, root: forms }));
  });

  test('are found for all files of a folder at once, and set on the new file', async () => {
    const icacls = await standInForIcacls();
    await icacls.set(german, own);
    expect(await ownAccess(files, icacls.tools, noWaiting)).toEqual({ lists: new Map([[german, own]]), unknown: [] });
    const keep = await accessKeeper(files, icacls.tools, noWaiting);
    await keep(german, newFile);
    expect(await icacls.get(newFile)).toBe(own);
    const env = 'PATH SystemRoot TEMP';
    const look = `${path.join(forms, 'strings.txt')} /save /t /c /q ${env}`;
    expect(await icacls.calls()).toEqual([
      ...[look, look],
      `${path.join(forms, 'de')} /restore /q ${env}`,
      `${newFile} /save /q ${env}`,
    ]);
    expect(await icacls.leftOver()).toEqual([]);
  });

  test('are found, and set, also while a virus scanner holds the file in which icacls saves them', async () => {
    const icacls = await standInForIcacls();
    await icacls.set(german, own);
    const waitedFor: string[] = [];
    const patience = { ...noWaiting, onWait: (on: string) => void waitedFor.push(path.extname(on)) };
    const refusals = ['EPERM', 'EBUSY', 'EACCES'];
    const { rm } = filesystem;
    onTestFinished(() => {
      filesystem.rm = rm;
      syncBuiltinESMExports();
    });
    filesystem.rm = async (...args) => {
      const errno = refusals.pop();
      if (errno !== undefined) throw systemError(errno);
      return rm(...args);
    };
    syncBuiltinESMExports();
    const keep = await accessKeeper(files, icacls.tools, patience);
    await keep(german, newFile);
    expect(await icacls.get(newFile)).toBe(own);
    expect(waitedFor).toEqual(['.acl', '.acl', '.acl']);
    expect(await icacls.leftOver()).toEqual([]);
  });

  test('are found also if icacls can’t read those of another file, which is named', async () => {
    const icacls = await standInForIcacls();
    await icacls.set(german, own);
    await writeTree(forms, { denied: { 'strings.txt': 'denied' } });
    const denied = path.join(forms, 'denied', 'strings.txt');
    expect(await ownAccess([...files, { path: denied, root: forms }], icacls.tools, noWaiting)).toEqual({
      lists: new Map([[german, own]]),
      unknown: [`icacls.exe: no access list of ${denied}`],
    });
  });

  test('are none where the file only inherits: nothing is set', async () => {
    const icacls = await standInForIcacls();
    const keep = await accessKeeper(files, icacls.tools, noWaiting);
    await keep(german, newFile);
    expect(await icacls.calls()).toHaveLength(1);
  });

  test('count as set where the inherited ones have become others', async () => {
    const icacls = await standInForIcacls("list.replace('(A;ID;FA;;;BA)', '(A;ID;FA;;;SY)')");
    await icacls.set(german, own);
    const keep = await accessKeeper(files, icacls.tools, noWaiting);
    await keep(german, newFile);
    expect(await icacls.get(newFile)).toBe('D:AI(D;;FA;;;BU)(A;ID;FA;;;SY)');
  });

  test.each([
    ['icacls fails', 'process.exit(5)', 'it failed (5): '],
    ['it does nothing', 'undefined', 'it now has inherited entries only'],
    ['it sets others', "'D:AI(A;;FA;;;BU)'", 'it now has D:AI(A;;FA;;;BU)'],
  ])('keep the file from being replaced where %s', async (_, restored, cameBack) => {
    const icacls = await standInForIcacls(restored);
    await icacls.set(german, own);
    const keep = await accessKeeper(files, icacls.tools, noWaiting);
    await expect(keep(german, newFile)).rejects.toMatchObject({
      trouble: { on: german, cameBack, next: expect.stringContaining('icacls FILE /reset') },
    });
    expect(await icacls.leftOver()).toEqual([]);
  });

  test('are not known where icacls can’t be started', async () => {
    const env = { SystemRoot: 'C:\\Windows', TEMP: forms, PATH: '' };
    expect(await ownAccess(files, { icacls: path.join(forms, 'icacls.exe'), env }, noWaiting)).toEqual({
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
