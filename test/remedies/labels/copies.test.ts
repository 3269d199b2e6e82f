import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { LabelsOptions } from '../../../src/remedies/labels/options.ts';
import { freshFolder, type Tree, writeTree } from '../../support/fresh-folder.ts';
import { type Examination, examine, labelOptions } from '../../support/label-options.ts';
import { stringsContent } from '../../support/strings-content.ts';

let root: string;

const strings: Tree = { 'strings.txt': stringsContent('Domain\\user name:') };
const set: Tree = { HTML: { ...strings, nls: { de: strings } } };

beforeEach(async () => {
  root = path.join(await freshFolder(), 'Templates');
  await writeTree(root, { CookieAuthTemplates: { Exchange: set } });
});

const look = (more?: Partial<LabelsOptions>): Promise<Examination> => examine(labelOptions(root, more));
const below = (folder: string): string => path.relative(root, folder).split(path.sep).join('/');
/** The folders of the sets that would be changed. */
const changedSets = ({ changes }: Examination): readonly string[] => [
  ...new Set(changes.map((change) => below(change.path).replace(/\/HTML\/.*$/, ''))),
];
const copies = ({ findings }: Examination): readonly string[] =>
  findings.filter(({ id }) => id === 'copies-left-out').flatMap(({ evidence }) => evidence.map(below));

describe('a copy that was kept aside is left as it is and reported once', () => {
  test.each([
    'Exchange - Copy',
    'Exchange - Copy (2)',
    'Copy of Exchange',
    'Exchange.bak',
    'Exchange_old',
    'Exchange-backup',
    'Exchange.orig',
    'Exchange - Kopie',
    'Exchange – másolat',
    'Exchange — копия (2)',
    'Exchange - コピー',
    'Exchange - 副本',
    'Exchange_Sicherung',
    'Exchange.save',
    'Exchange 2013-05-17',
    'Exchange_20130517',
    'Exchange 17.05.2013',
    'Exchange-2013-05',
    'Exchange_170513',
    'Exchange (2)',
    'Exchange~',
    'Exchange vorher',
    'Exchange_before_SP2',
    'ExchangeBackup',
    'OldExchange',
    'CopyOfExchange',
    '_Exchange',
    'Exchange_',
    'xExchange',
    'zz_Exchange',
    'Exchange_bkup',
    'Exchange_archive',
    'Exchange_pre-SP2',
    'Exchange vor Update',
    'Exchange 17-May-2013',
    'Exchange_Mai2013',
    'Exchange_17052013',
    'Exchange_preSP2',
    'Exchange[1]',
    'Exchange.tmp',
    'Exchange_do_not_use',
    'Exchange-obsolete',
    'Exchange gammel',
  ])('by its name: %s', async (name) => {
    await writeTree(root, { CookieAuthTemplates: { [name]: set } });
    const examination = await look();
    expect(changedSets(examination)).toEqual(['CookieAuthTemplates/Exchange']);
    expect(copies(examination)).toEqual([`CookieAuthTemplates/${name}`]);
  });

  test.each([
    ['below a folder of such a name', 'CookieAuthTemplates/_backup/Exchange'],
    ['below a copy of the folder of all sets', 'CookieAuthTemplates-backup/Exchange'],
    ['below another set', 'CookieAuthTemplates/Exchange/before/ISA'],
    ['as a set in the class of another one', 'CookieAuthTemplates/Exchange/HTML/ISA'],
  ])('by its place: %s', async (_, place) => {
    await writeTree(path.join(root, place), set);
    const examination = await look();
    expect(changedSets(examination)).toEqual(['CookieAuthTemplates/Exchange']);
    expect(copies(examination)).toEqual([place]);
  });

  test('in a language folder', async () => {
    const nls = 'CookieAuthTemplates/Exchange/HTML/nls';
    await writeTree(path.join(root, nls), { 'de-backup': strings });
    const examination = await look();
    expect(examination.changes.map((change) => change.language).toSorted()).toEqual(['de', 'default']);
    expect(copies(examination)).toEqual([`${nls}/de-backup`]);
    const named = await look({ languages: ['de-backup'] });
    expect(named.changes.map((change) => change.language)).toEqual(['de-backup']);
    expect(copies(named)).toEqual([]);
  });

  test('in a language folder that only the one beside it shows to be a copy', async () => {
    const nls = 'CookieAuthTemplates/Exchange/HTML/nls';
    await writeTree(path.join(root, nls), { 'de (2)': strings, _de: strings, 'de-AT': strings });
    const examination = await look();
    expect(examination.changes.map((change) => change.language).toSorted()).toEqual(['de', 'de-AT', 'default']);
    expect(copies(examination).toSorted()).toEqual([`${nls}/_de`, `${nls}/de (2)`]);
  });
});

test('folders that hold nothing but copies are refused with the way to name one', async () => {
  root = path.join(await freshFolder(), 'Templates');
  await writeTree(root, { 'Exchange.bak': set });
  await expect(look()).rejects.toMatchObject({
    trouble: {
      cameBack: '2 files found, all in sets or folders that are named like copies',
      next: expect.stringMatching(/^Name one with --set\. Found: the sets Exchange\.bak, /),
    },
  });
});

test('a class that was copied into itself is named by its own folder', async () => {
  await writeTree(path.join(root, 'CookieAuthTemplates/Exchange/HTML/HTML'), strings);
  const examination = await look();
  expect(examination.changes).toHaveLength(2);
  expect(copies(examination)).toEqual(['CookieAuthTemplates/Exchange/HTML/HTML']);
});

test('a language folder that is named as the root is changed, whatever its name; one beside it is named with --language', async () => {
  const nls = path.join(await freshFolder(), 'Exchange/HTML/nls');
  await writeTree(nls, { 'de-backup': strings });
  root = path.join(nls, 'de-backup');
  expect((await look()).changes.map((change) => change.language)).toEqual(['de-backup']);
  root = nls;
  await expect(look()).rejects.toMatchObject({
    trouble: { next: expect.stringMatching(/^Name one with --language\. /) },
  });
});

test.each(['Old Mutual', 'Sauvegarde'])(
  'a set named like a copy is left out with a warning where it is a copy of no set beside it: %s',
  async (name) => {
    await writeTree(root, { CookieAuthTemplates: { [name]: set } });
    const examination = await look();
    expect(changedSets(examination)).toEqual(['CookieAuthTemplates/Exchange']);
    expect(copies(examination)).toEqual([]);
    expect(examination.findings.filter(({ id }) => id === 'named-like-a-copy')).toMatchObject([
      { level: 'warning', evidence: [path.join(root, 'CookieAuthTemplates', name)] },
    ]);
    expect(changedSets(await look({ sets: [name] }))).toEqual([`CookieAuthTemplates/${name}`]);
  },
);

describe('a copy that is named is changed', () => {
  beforeEach(() => writeTree(root, { CookieAuthTemplates: { 'Exchange.bak': set, _backup: { Exchange: set } } }));

  test.each<[string, readonly string[], readonly string[]]>([
    ['by the name of its set', ['exchange.bak'], ['CookieAuthTemplates/Exchange.bak']],
    ['by the path of its set', ['CookieAuthTemplates/_backup/Exchange'], ['CookieAuthTemplates/_backup/Exchange']],
    [
      'by that path as Windows writes it',
      ['.\\CookieAuthTemplates\\_backup\\Exchange\\'],
      ['CookieAuthTemplates/_backup/Exchange'],
    ],
    ['but not by the name of the set that it is a copy of', ['Exchange'], ['CookieAuthTemplates/Exchange']],
  ])('%s', async (_, sets, expected) => {
    expect(changedSets(await look({ sets }))).toEqual(expected);
  });

  test('as the root itself', async () => {
    root = path.join(root, 'CookieAuthTemplates/_backup');
    expect(changedSets(await look())).toEqual(['Exchange']);
  });
});

test.each([
  'Exchange2013',
  'Exchange_2016',
  'MyForms',
  'Bold',
  'Oldenburg',
  'OldBridgeBank',
  'Copyright',
  'Partner 2013',
  'Exchange_test',
  'Altona',
  'Exchange.1',
  'Exchange_v1',
  'Exchange (2013)',
  'Exchange (DMZ)',
  'Exchange14.03.0123',
  'Exchange_123456',
  'Exchange-pre-prod',
  'Exchange_Org1',
  'ExchangeTemplate',
  'ExchangePartner (2)',
])('a set whose name only looks like that of a copy is changed: %s', async (name) => {
  await writeTree(root, { CookieAuthTemplates: { [name]: set } });
  expect(changedSets(await look())).toContain(`CookieAuthTemplates/${name}`);
});

test('a set that has the name of another one within a word is changed: "Visa (2)" beside ISA', async () => {
  await writeTree(root, { CookieAuthTemplates: { ISA: set, 'Visa (2)': set } });
  expect(changedSets(await look())).toContain('CookieAuthTemplates/Visa (2)');
});

test('the English file in the folder of another language is named', async () => {
  const nls = { de: strings, fr: { 'strings.txt': stringsContent('Domaine\\nom :') }, 'en-GB': strings };
  await writeTree(root, { CookieAuthTemplates: { Exchange: { HTML: { ...strings, nls } } } });
  expect((await look()).findings).toMatchObject([
    {
      id: 'english-elsewhere',
      level: 'note',
      evidence: [path.join(root, 'CookieAuthTemplates/Exchange/HTML/nls/de/strings.txt')],
    },
  ]);
});

test('a strings.txt outside a form set is reported and left as it is', async () => {
  await writeTree(root, { CookieAuthTemplates: { Exchange: { Mobile: strings } } });
  const { findings, changes } = await look();
  expect(findings.filter(({ id }) => id === 'misplaced-file')).toMatchObject([
    {
      id: 'misplaced-file',
      level: 'note',
      evidence: [path.join(root, 'CookieAuthTemplates/Exchange/Mobile/strings.txt')],
    },
  ]);
  expect(changes).toHaveLength(2);
});

test('the file beside the forms also goes by the name of its language: en', async () => {
  const { changes, findings } = await look({ languages: ['en'] });
  expect(changes.map((change) => change.language)).toEqual(['default']);
  expect(findings).toEqual([]);
});
