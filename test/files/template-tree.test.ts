import { chmod, mkdir, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { FileError } from '../../src/errors.ts';
import { temporarySuffix } from '../../src/files/replace-file.ts';
import {
  findFormSets,
  knownTemplateFolders,
  placeOf,
  realPathOfFolder,
  type TemplateTree,
} from '../../src/files/template-tree.ts';
import { systemError } from '../support/faulty-file-system.ts';
import { freshFolder, type Tree, writeTree } from '../support/fresh-folder.ts';
import { need, symlink } from '../support/on-windows.ts';
import { unprivileged } from '../support/unprivileged.ts';

let root: string;

beforeEach(async () => {
  root = path.join(await realpath(await freshFolder()), 'CookieAuthTemplates');
  await mkdir(root);
});

const strings = { 'strings.txt': 'L_A="b"' };

/** The files found, as "set class language" by path below the root. */
async function found(tree: Tree, from = root): Promise<Record<string, string>> {
  await writeTree(root, tree);
  const { files } = await findFormSets(from);
  return Object.fromEntries(files.map((file) => [below(file.path), `${file.set} ${file.class} ${file.language}`]));
}

const below = (file: string): string => path.relative(root, file).split(path.sep).join('/');

describe('form sets', () => {
  const exchange = {
    Exchange: {
      HTML: { ...strings, 'usr_pwd.htm': '', nls: { de: strings, fr: strings, empty: {} } },
      xHTML: strings,
      cHTML: { nls: { ja: strings } },
    },
  };

  test('are found by set, class and language', async () => {
    expect(await found(exchange)).toEqual({
      'Exchange/HTML/strings.txt': 'Exchange HTML default',
      'Exchange/HTML/nls/de/strings.txt': 'Exchange HTML de',
      'Exchange/HTML/nls/fr/strings.txt': 'Exchange HTML fr',
      'Exchange/cHTML/nls/ja/strings.txt': 'Exchange cHTML ja',
      'Exchange/xHTML/strings.txt': 'Exchange xHTML default',
    });
  });

  test('are found in any letter case, and keep their own', async () => {
    expect(await found({ EXCHANGE: { html: { 'Strings.TXT': '', NLS: { 'DE-at': { 'STRINGS.txt': '' } } } } })).toEqual(
      {
        'EXCHANGE/html/Strings.TXT': 'EXCHANGE html default',
        'EXCHANGE/html/NLS/DE-at/STRINGS.txt': 'EXCHANGE html DE-at',
      },
    );
  });

  test.each(['.', 'Exchange', 'Exchange/HTML', 'Exchange/HTML/nls', 'Exchange/HTML/nls/de', '..'])(
    'are the same whichever folder of theirs, or above them, is named: %s',
    async (from) => {
      expect(await found(exchange, path.join(root, from))).toMatchObject({
        'Exchange/HTML/nls/de/strings.txt': 'Exchange HTML de',
      });
    },
  );

  test('are found by a path that is relative, or has a slash at its end', async () => {
    await writeTree(root, exchange);
    const relative = path.relative(process.cwd(), root);
    for (const from of [relative, `${root}/`]) {
      const tree = await findFormSets(from);
      expect(tree.files).toHaveLength(5);
      expect(new Set(tree.files.map((file) => file.root))).toEqual(new Set([from]));
    }
  });

  test('come by path, their forms beside them', async () => {
    await writeTree(root, exchange);
    const { files, forms } = await findFormSets(root);
    expect(files.map((file) => file.path)).toEqual(files.map((file) => file.path).toSorted());
    expect(forms.map(below)).toEqual(['Exchange/HTML/usr_pwd.htm']);
  });

  test('do not take in files of other names or in other places, which are kept apart', async () => {
    const tree = {
      'strings.txt': '19=Domain\\user name:',
      Exchange: { 'strings.txt': '', HTML: { 'strings.txt.bak': '', 'mystrings.txt': '', nls: strings } },
      Other: { Mobile: strings },
    };
    expect(await found(tree)).toEqual({});
    expect((await findFormSets(root)).misplaced.map(below)).toEqual([
      'Exchange/HTML/nls/strings.txt',
      'Exchange/strings.txt',
      'Other/Mobile/strings.txt',
      'strings.txt',
    ]);
  });

  test('have no folder for a strings.txt', async () => {
    expect(await found({ Exchange: { HTML: { 'strings.txt': { inner: '' } } } })).toEqual({});
  });

  test('are not what a change folder keeps as its backup', async () => {
    const backup = { backup: { srv: { Exchange: { HTML: { ...strings, nls: { de: strings } } } } } };
    expect(
      await found({
        ...exchange,
        changes: {
          '2026-11-22-labels': { 'plan.json': '{}', ...backup, '2026-11-23-undo': { 'plan.json': '{}', ...backup } },
        },
      }),
    ).toMatchObject(await found(exchange));
    expect((await findFormSets(root)).files).toHaveLength(5);
  });

  test('may be of a set that is named backup', async () => {
    expect(await found({ backup: { HTML: strings } })).toEqual({ 'backup/HTML/strings.txt': 'backup HTML default' });
  });

  test('may be none', async () => {
    expect(await findFormSets(root)).toEqual({
      root,
      realRoot: root,
      files: [],
      misplaced: [],
      forms: [],
      unreadable: [],
      deadLinks: [],
      linksOut: [],
      strays: [],
    });
  });
});

describe('links', () => {
  test('to a strings.txt are found as the file that they lead to', async () => {
    const place = path.join(root, 'Exchange', 'HTML', 'strings.txt');
    await writeTree(root, { Exchange: { HTML: {} }, 'shared.txt': '' });
    await symlink(path.join(root, 'shared.txt'), place);
    expect((await findFormSets(root)).files).toMatchObject([{ path: place, realPath: path.join(root, 'shared.txt') }]);
  });

  test('that lead nowhere are found as they are', async () => {
    const place = path.join(root, 'Exchange', 'HTML', 'strings.txt');
    await writeTree(root, { Exchange: { HTML: {} } });
    await symlink(path.join(root, 'gone.txt'), place);
    expect((await findFormSets(root)).files).toMatchObject([{ path: place, realPath: place }]);
  });

  const places = [
    ['a language', 'Exchange/HTML/nls/pt', { 'strings.txt': '' }],
    ['all languages', 'Exchange/HTML/nls', { pt: strings }],
    ['a class', 'Exchange/HTML', { nls: { pt: strings } }],
    ['a set', 'Exchange', { HTML: { nls: { pt: strings } } }],
    ['what lies above the sets', 'CookieAuthTemplates', { Exchange: { HTML: { nls: { pt: strings } } } }],
  ] as const;

  test.each(places)('to the folder of %s are followed', async (_, link, tree) => {
    const outside = path.join(path.dirname(root), 'outside');
    await writeTree(outside, tree);
    await writeTree(root, { ISA: { HTML: strings } });
    await mkdir(path.dirname(path.join(root, link)), { recursive: true });
    await symlink(outside, path.join(root, link));
    const { files, deadLinks } = await findFormSets(root);
    const [found] = files.filter((file) => file.language === 'pt');
    expect(found).toMatchObject({ set: 'Exchange', class: 'HTML', language: 'pt' });
    expect(below(found?.path ?? '')).toMatch(/Exchange\/HTML\/nls\/pt\/strings\.txt$/);
    expect(found?.realPath.startsWith(outside)).toBe(true);
    expect(found?.path).toContain(link);
    expect(files).toHaveLength(2);
    expect(deadLinks).toEqual([]);
  });

  test.each(places)('to the folder of %s are named and not entered where that is not wanted', async (_, link, tree) => {
    const outside = path.join(path.dirname(root), 'outside');
    await writeTree(outside, tree);
    await writeTree(root, { ISA: { HTML: strings } });
    await mkdir(path.dirname(path.join(root, link)), { recursive: true });
    await symlink(outside, path.join(root, link));
    const entered: string[] = [];
    const { files, linksOut } = await findFormSets(root, (folder) => {
      entered.push(folder);
      return false;
    });
    expect(files.map((file) => below(file.path))).toEqual(['ISA/HTML/strings.txt']);
    expect(linksOut).toEqual([{ path: path.join(root, link), realPath: outside }]);
    expect(entered).toEqual([outside]);
  });

  test('on every step of the way are followed', async () => {
    const outside = path.dirname(root);
    await writeTree(outside, { a: { other: '' }, b: {}, c: {}, d: strings });
    for (const [target, link] of [
      ['a', 'CookieAuthTemplates/Exchange'],
      ['b', 'a/HTML'],
      ['c', 'b/nls'],
      ['d', 'c/pt'],
    ] as const) {
      await symlink(path.join(outside, target), path.join(outside, link));
    }
    expect((await findFormSets(root)).files).toEqual([
      {
        path: path.join(root, 'Exchange/HTML/nls/pt/strings.txt'),
        realPath: path.join(outside, 'd/strings.txt'),
        root,
        set: 'Exchange',
        class: 'HTML',
        language: 'pt',
      },
    ]);
  });

  test('to another folder of the same tree are names of their own', async () => {
    await writeTree(root, { Exchange: { HTML: { nls: { pt: strings } } } });
    await symlink('pt', path.join(root, 'Exchange/HTML/nls/pt-PT'));
    await symlink('Exchange', path.join(root, 'Exchange2013'));
    const { files } = await findFormSets(root);
    expect(files.map((file) => below(file.path))).toEqual([
      'Exchange/HTML/nls/pt-PT/strings.txt',
      'Exchange/HTML/nls/pt/strings.txt',
      'Exchange2013/HTML/nls/pt-PT/strings.txt',
      'Exchange2013/HTML/nls/pt/strings.txt',
    ]);
    expect(new Set(files.map((file) => below(file.realPath)))).toEqual(new Set(['Exchange/HTML/nls/pt/strings.txt']));
  });

  test('that lead in a circle are reported, and the search has an end', async () => {
    await writeTree(root, { Exchange: { HTML: { ...strings, nls: {} } }, a: {}, b: {} });
    await symlink(root, path.join(root, 'Exchange/HTML/nls/de'));
    await symlink(path.join(root, 'b'), path.join(root, 'a/b'));
    await symlink(path.join(root, 'a'), path.join(root, 'b/a'));
    const { files, deadLinks } = await findFormSets(root);
    expect(files).toHaveLength(1);
    expect(deadLinks.map((link) => [below(link.path), link.cameBack])).toEqual([
      ['Exchange/HTML/nls/de', `a circle: it leads back to ${root}`],
      ['a/b/a', `a circle: it leads back to ${path.join(root, 'a')}`],
      ['b/a/b', `a circle: it leads back to ${path.join(root, 'b')}`],
    ]);
  });

  test('from each of many folders to all the others are followed as far as a form set can lie', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await writeTree(root, Object.fromEntries(names.map((name) => [name, { HTML: strings }])));
    for (const from of names) for (const to of names) await symlink(`../${to}`, path.join(root, from, `to-${to}`));
    const { files, deadLinks } = await findFormSets(root);
    expect(new Set(files.map((file) => file.realPath)).size).toBe(names.length);
    expect(deadLinks.some((link) => /behind 4 other links$/.test(link.cameBack))).toBe(true);
  });

  test('that lead nowhere, where a folder may have been, are reported', async () => {
    await writeTree(root, { Exchange: { HTML: { ...strings, nls: {} } } });
    await symlink(path.join(root, 'gone'), path.join(root, 'Exchange/HTML/nls/de'));
    const { deadLinks } = await findFormSets(root);
    expect(deadLinks).toEqual([
      {
        path: path.join(root, 'Exchange/HTML/nls/de'),
        cameBack: 'there is no such file or folder (ENOENT)',
      },
    ]);
  });

  test('to files of other names are nothing', async () => {
    await writeTree(root, { Exchange: { HTML: { ...strings, 'a.htm': '' } } });
    await symlink('a.htm', path.join(root, 'Exchange/HTML/b.htm'));
    const { files, deadLinks } = await findFormSets(root);
    expect([files.length, deadLinks]).toEqual([1, []]);
  });

  test('on the way to the root lead to real paths', async () => {
    await writeTree(root, { Exchange: { HTML: strings } });
    const link = path.join(path.dirname(root), 'link');
    await symlink(root, link);
    expect((await findFormSets(link)).files).toMatchObject([
      { path: path.join(link, 'Exchange/HTML/strings.txt'), realPath: path.join(root, 'Exchange/HTML/strings.txt') },
    ]);
  });
});

test('a root behind a link that can’t be resolved is refused with the folder above it that denied access', async () => {
  await writeTree(root, { Exchange: { HTML: strings } });
  const above = path.dirname(root);
  const refuse = async (): Promise<never> => {
    throw Object.assign(systemError('EACCES'), { path: above, syscall: 'lstat' });
  };
  await expect(realPathOfFolder(root, refuse)).rejects.toMatchObject({
    trouble: {
      on: root,
      cameBack: `a link on the way to it can't be resolved because the folder ${above} can't be read: permission denied (EACCES)`,
    },
  });
});

describe('a folder that can’t be listed', () => {
  /** What is found by a user who may not open this folder. */
  async function withoutAccessTo(folder: string): Promise<TemplateTree> {
    const tree = {
      Exchange: { HTML: { ...strings, nls: { de: strings, fr: strings } }, xHTML: strings },
      ISA: { HTML: strings },
    };
    await writeTree(root, tree);
    await chmod(path.dirname(root), 0o755);
    const closed = path.join(root, folder);
    await chmod(closed, 0o000);
    onTestFinished(() => chmod(closed, 0o755));
    return unprivileged(() => findFormSets(root));
  }

  test.each(['Exchange', 'Exchange/xHTML', 'Exchange/HTML', 'Exchange/HTML/nls', 'Exchange/HTML/nls/fr'])(
    'is reported, and not treated as an empty one: %s',
    async (folder) => {
      const { files, unreadable } = await withoutAccessTo(folder);
      expect(unreadable).toEqual([{ path: path.join(root, folder), cameBack: 'permission denied (EACCES)' }]);
      expect(files.map((file) => below(file.path))).toContain('ISA/HTML/strings.txt');
    },
  );
});

describe('a root', () => {
  const refusal = async (place: string): Promise<unknown> => findFormSets(place).catch((error: unknown) => error);

  test.each([
    ['that is not there', 'missing', 'ENOENT'],
    ['that is a file', 'file', 'ENOTDIR'],
    ['below a file', 'file/below', 'ENOTDIR'],
  ])('%s is reported with its path', async (_, name, errno) => {
    if (name === 'file/below') need('notAFolder');
    await writeFile(path.join(root, 'file'), '');
    const place = path.join(root, name);
    const error = await refusal(place);
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ errno, trouble: { on: place, next: expect.stringContaining('--root') } });
  });

  test('that may not be listed is reported with its path', async () => {
    await chmod(path.dirname(root), 0o755);
    await chmod(root, 0o000);
    const error = await unprivileged(() => refusal(root));
    expect(error).toMatchObject({ errno: 'EACCES', trouble: { on: root } });
  });
});

test('temporary files that an interrupted run left are found, hidden as they are', async () => {
  const name = `.strings.txt.plan.id${temporarySuffix}`;
  await writeTree(root, { Exchange: { HTML: { ...strings, [name]: '', nls: { de: { ...strings, [name]: '' } } } } });
  expect((await findFormSets(root)).strays.map(below)).toEqual([
    `Exchange/HTML/${name}`,
    `Exchange/HTML/nls/de/${name}`,
  ]);
});

test.each([
  ['/x/Exchange/HTML/strings.txt', { set: 'Exchange', class: 'HTML', language: 'default' }],
  ['//TMG01/C$/x/ISA/chtml/NLS/zh-TW/Strings.txt', { set: 'ISA', class: 'chtml', language: 'zh-TW' }],
  ['/x/Exchange/HTML/de/strings.txt', undefined],
  ['/x/Exchange/HTML/nls/de/deeper/strings.txt', undefined],
  ['strings.txt', undefined],
])('%s has its place', (file, place) => {
  expect(placeOf(file)).toEqual(place);
});

test('the known folders are those of TMG and ISA Server, with and without Templates', () => {
  expect(knownTemplateFolders('\\\\TMG01\\C$')).toEqual(
    expect.arrayContaining([
      '\\\\TMG01\\C$\\Program Files\\Microsoft Forefront Threat Management Gateway\\Templates\\CookieAuthTemplates',
      '\\\\TMG01\\C$\\Program Files\\Microsoft Forefront Threat Management Gateway\\CookieAuthTemplates',
      '\\\\TMG01\\C$\\Program Files\\Microsoft ISA Server\\CookieAuthTemplates',
    ]),
  );
});
