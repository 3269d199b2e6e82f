import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { memberOf } from '../../../src/remedies/labels/members.ts';
import { labels } from '../../../src/remedies/labels/remedy.ts';
import { filesWorld } from '../../support/label-options.ts';

describe('the array member of a folder', () => {
  test.each([
    ['\\\\TMG01\\C$\\Program Files\\forms', 'TMG01'],
    ['\\\\tmg01\\C$\\Program Files\\forms', 'TMG01'],
    ['//TMG01/C$/forms', 'TMG01'],
    ['\\\\?\\UNC\\TMG01\\C$\\forms', 'TMG01'],
    ['C:\\Program Files\\Microsoft ISA Server\\CookieAuthTemplates', 'drive C'],
    ['c:\\Program Files (x86)\\Microsoft ISA Server\\CookieAuthTemplates', 'drive C'],
    ['\\\\?\\C:\\Program Files\\forms', 'drive C'],
    ['\\\\.\\C:\\Program Files\\forms', 'drive C'],
    ['C:\\Program Files copied\\TMG01', 'C:\\Program Files copied\\TMG01'],
    ['\\\\?\\C:\\copies\\TMG01', 'C:\\copies\\TMG01'],
    ['T:\\', 'drive T'],
    ['T:', 'drive T'],
    ['/mnt/tmg03', '/mnt/tmg03'],
  ])('%s is %s', (root, member) => {
    expect(memberOf(root)).toBe(member);
  });
});

test.each([
  ['a drive', '\\\\?\\C:\\forms', 'C:\\forms'],
  ['a share', '\\\\?\\UNC\\TMG01\\C$\\forms', '\\\\TMG01\\C$\\forms'],
])(
  '--root takes the long form of a path on %s for the usual one, in which links can be resolved',
  async (_, long, usual) => {
    const flags = { host: [], set: [], class: [], language: [], key: [], 'code-page': [], accept: [], text: 'Mail:' };
    const world = filesWorld();
    const options = await labels.readOptions({ ...flags, root: [long] }, world, false);
    expect(options).toMatchObject({ roots: [path.resolve(world.currentFolder, usual)] });
  },
);

test.each<[string, readonly string[], readonly string[]]>([
  ['are the form sets', [], ['site/TMG01', 'site/TMG02']],
  ['give way to folders that are named', ['forms'], ['forms']],
])('--practice: the members of the practice site %s', async (_, root, expected) => {
  const flags = { host: [], set: [], class: [], language: [], key: [], 'code-page': [], accept: [], text: 'Mail:' };
  const world = filesWorld();
  const options = await labels.readOptions({ ...flags, root, practice: 'site' }, world, false);
  expect(options).toMatchObject({ roots: expected.map((folder) => path.resolve(world.currentFolder, folder)) });
});

describe('--host', () => {
  const given = { root: [], set: [], class: [], language: [], key: [], 'code-page': [], accept: [], text: 'Mail:' };
  const read = (host: readonly string[], platform: NodeJS.Platform, shown: string[] = []) =>
    labels.readOptions(
      { ...given, host },
      {
        ...filesWorld({ platform }),
        watch: {
          begin: (rows) => shown.push(...rows),
          update: () => undefined,
          count: () => undefined,
        },
      },
      false,
    );

  test('names the share and the system’s answer where it can’t be opened, and shows the hosts meanwhile', async () => {
    const shown: string[] = [];
    await expect(read(['TMG01', 'TMG02'], 'win32', shown)).rejects.toMatchObject({
      trouble: {
        on: 'TMG01',
        cameBack: "\\\\TMG01\\C$ can't be opened: there is no such file or folder (ENOENT)",
        next: expect.stringContaining('dir \\\\TMG01\\C$'),
      },
    });
    expect(shown).toEqual(['TMG01', 'TMG02']);
  });

  test.each([
    ['a path', '\\\\TMG01', 'it is not a host name'],
    ['a share', 'TMG01\\C$', 'it is not a host name'],
  ])('refuses %s', async (_, host, cameBack) => {
    await expect(read([host], 'win32')).rejects.toMatchObject({ trouble: { on: host, cameBack } });
  });

  test('is for Windows, where such shares can be opened', async () => {
    await expect(read(['TMG01'], 'linux')).rejects.toMatchObject({
      trouble: { cameBack: 'only Windows can open \\\\TMG01\\C$' },
    });
  });
});
