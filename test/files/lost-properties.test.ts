import { describe, expect, test } from 'vitest';
import { attributesIn, lostProperties, ownAccessIn, windowsTools } from '../../src/files/lost-properties.ts';

const folder = 'C:\\forms';
const file = (language: string): string => `${folder}\\${language}\\strings.txt`;

describe('the attributes that a file would lose, by attrib', () => {
  const output = [
    'A                    C:\\forms\\de\\strings.txt',
    'A    H               C:\\forms\\fr\\strings.txt',
    'A   SHR              C:\\FORMS\\ja\\Strings.txt',
    'A    H               C:\\forms\\fr\x81\\strings.txt',
    '',
  ].join('\r\n');

  test.each([
    ['de', []],
    ['fr', ['hidden attribute']],
    ['ja', ['hidden attribute', 'system attribute']],
    ['frü', ['hidden attribute']],
    ['missing', []],
  ])('%s', (language, lost) => {
    expect(attributesIn(output, [file(language)]).get(file(language)) ?? []).toEqual(lost);
  });

  test('in the columns of Windows 7 and of Windows 11, where I means not indexed; not in a message of any language', () => {
    const lines = [
      'A  SH        C:\\forms\\de\\strings.txt',
      'A   H   I            C:\\forms\\fr\\strings.txt',
      'A       I            C:\\forms\\ja\\strings.txt',
      'Datei nicht gefunden - C:\\forms\\it\\strings.txt',
      'File not found - C:\\forms\\es\\strings.txt',
    ];
    const files = ['de', 'fr', 'ja', 'it', 'es'].map(file);
    expect([...attributesIn(lines.join('\r\n'), files)]).toEqual([
      [file('de'), ['hidden attribute', 'system attribute']],
      [file('fr'), ['hidden attribute']],
    ]);
  });

  test('those of a share too', () => {
    const name = '\\\\TMG01\\C$\\forms\\de\\strings.txt';
    expect(attributesIn(`A   S  R             ${name}\r\n`, [name])).toEqual(new Map([[name, ['system attribute']]]));
  });
});

describe('access entries of its own, by icacls /save, has a file', () => {
  test.each([
    ['with one that is not inherited', 'D:AI(D;;FA;;;BU)(A;ID;FA;;;BA)', true],
    ['that inherits none', 'D:PAI(A;;FA;;;BA)', true],
    ['without a list', 'D:NO_ACCESS_CONTROL', true],
    ['with an entry whose flags are others', 'D:AI(A;OICI;FA;;;BA)', true],
  ])('%s', (_, sddl, isOwn) => {
    const saved = `\ufeffde\\strings.txt\r\n${sddl}\r\n`;
    expect(ownAccessIn(saved, folder, [file('de')]).has(file('de'))).toBe(isOwn);
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
    expect(ownAccessIn(`\ufeffde\\strings.txt\r\n${sddl}\r\n`, folder, [file('de')]).size).toBe(isOwn ? 1 : 0);
  });

  test('but none that only inherits, in any letter case of its name, nor one that is not in the list', () => {
    const saved =
      '\ufeffDE\\strings.txt\r\nD:AI(A;ID;FA;;;BA)(A;OICIID;0x1200a9;;;BU)\r\nfr\\strings.txt\r\nD:(A;;FA;;;BA)\r\n';
    expect([...ownAccessIn(saved, folder, [file('de'), file('fr'), file('ja')]).keys()]).toEqual([file('fr')]);
  });
});

test('a tool that can’t be started is named with the system’s answer', async () => {
  const tools = { systemRoot: '/missing', temp: '/tmp' };
  expect(await lostProperties([folder], [file('de')], tools)).toEqual({
    ofFile: new Map(),
    marked: [],
    unknown: [
      'attrib.exe: there is no such file or folder (ENOENT)',
      'icacls.exe: there is no such file or folder (ENOENT)',
    ],
  });
});

test('the tools are those of Windows', () => {
  const env = { SystemRoot: 'C:\\Windows', TEMP: 'C:\\Temp' };
  expect(windowsTools('win32', env)).toEqual({ systemRoot: 'C:\\Windows', temp: 'C:\\Temp' });
  expect(windowsTools('linux', env)).toBeUndefined();
});
