import { describe, expect, test } from 'vitest';
import { tellingNames, withoutMiddle } from '../../src/files/folder-names.ts';

const tmg = 'C$\\Program Files\\Microsoft Forefront Threat Management Gateway\\Templates\\CookieAuthTemplates';

describe('the telling name of a folder', () => {
  test.each([
    ['is the part that differs', ['/srv/site/TMG01', '/srv/site/TMG02/'], ['TMG01', 'TMG02']],
    ['is the host on shares', [`\\\\TMG01\\${tmg}`, `\\\\TMG02\\${tmg}`], ['TMG01', 'TMG02']],
    ['has as many parts as it takes', ['/a/x/1/t', '/a/x/2/t', '/a/y/t'], ['x/1', 'x/2', 'y']],
    ['is its last part where it has no other beside it', ['/srv/site/TMG01'], ['TMG01']],
    ['is its last part where the other lies in it', ['/srv/site', '/srv/site/TMG01'], ['site', 'TMG01']],
    ['is a host or a drive as it is', ['TMG01', 'drive C'], ['TMG01', 'drive C']],
  ])('%s', (_, folders, names) => {
    expect([...tellingNames(folders)]).toEqual(folders.map((folder, index) => [folder, names[index]]));
  });
});

describe('a path without its middle', () => {
  test('keeps the name of its root, its set, class and language', () => {
    const roots = tellingNames(['/srv/TMG0', '/srv/TMG01', '/srv/TMG02']);
    expect(withoutMiddle('/srv/TMG01/Program Files/Templates/Exchange/HTML/nls/de/strings.txt', roots)).toBe(
      'TMG01/…/Exchange/HTML/nls/de/strings.txt',
    );
  });

  test('is whole below its root where it has no middle', () => {
    const roots = tellingNames(['/srv/TMG01', '/srv/TMG02']);
    expect(withoutMiddle('/srv/TMG02/ISA/HTML/strings.txt', roots)).toBe('TMG02/ISA/HTML/strings.txt');
  });

  test('keeps its last parts where no root is above it', () => {
    const path = `\\\\TMG03\\${tmg}\\ISA\\HTML\\nls\\de\\strings.txt`;
    expect(withoutMiddle(path, new Map())).toBe('…\\ISA\\HTML\\nls\\de\\strings.txt');
  });
});
