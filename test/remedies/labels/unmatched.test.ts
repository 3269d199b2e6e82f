import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type LabelsOptions, parseCodePage } from '../../../src/remedies/labels/options.ts';
import { parseWordingFile } from '../../../src/remedies/labels/wording.ts';
import { freshFolder, writeTree } from '../../support/fresh-folder.ts';
import { examine, labelOptions } from '../../support/label-options.ts';
import { symlink } from '../../support/on-windows.ts';
import { unprivileged } from '../../support/unprivileged.ts';

let root: string;

const strings = { 'strings.txt': 'L_Copyright="(c)"\r\nL_UserName_Text="Name:"\r\n' };

const english = { 'strings.txt': 'L_Copyright="(c)"\r\nL_UserName_Text="User name:"\r\n' };

beforeEach(async () => {
  root = await freshFolder();
  await writeTree(root, {
    Exchange: { HTML: { ...english, nls: { de: strings, ja: strings, 'zh-CHT': strings } }, xHTML: english },
    ISA: { HTML: { nls: { de: strings } } },
  });
});

const told = async (more: Partial<LabelsOptions>): Promise<readonly string[]> => {
  const { findings, changes } = await examine(labelOptions(root, more));
  expect(changes.length).toBeGreaterThan(0);
  expect(findings.map(({ id, level }) => [id, level])).toEqual(
    findings.length === 0 ? [] : [['name-not-found', 'warning']],
  );
  return findings.flatMap((finding) => finding.evidence);
};

describe('a name that matches nothing is reported, and the others are done', () => {
  test.each<[string, Partial<LabelsOptions>, readonly string[]]>([
    ['a language', { languages: ['ja', 'xx'] }, ['--language xx: no match. Found: de, default, ja, zh-CHT.']],
    [
      'a language, with what was meant',
      { languages: ['de', 'zh-CTH'] },
      ['--language zh-CTH: no match. Did you mean zh-CHT? Found: de, default, ja, zh-CHT.'],
    ],
    [
      'a language, named by its country',
      { languages: ['de', 'jp'] },
      ['--language jp: no match. Did you mean ja? Found: de, default, ja, zh-CHT.'],
    ],
    [
      'a language, by a name that another folder of it has',
      { languages: ['ja', '1028', 'de-CH', 'tw'] },
      [
        '1028: no match. Did you mean zh-CHT?',
        'de-CH: no match. Did you mean de?',
        'tw: no match. Did you mean zh-CHT?',
      ].map((words) => `--language ${words} Found: de, default, ja, zh-CHT.`),
    ],
    [
      'a language whose code is only spelled like another’s',
      { languages: ['de', 'dv'] },
      ['--language dv: no match. Found: de, default, ja, zh-CHT.'],
    ],
    [
      'a language that only another set has',
      { sets: ['ISA'], languages: ['de', 'ja'] },
      ['--language ja: no match. Found: de.'],
    ],
    [
      'a set',
      { sets: ['exchange', 'Exchnage', 'MyForms'] },
      [
        '--set Exchnage: no match. Did you mean Exchange? Found: Exchange, ISA.',
        '--set MyForms: no match. Found: Exchange, ISA.',
      ],
    ],
    ['a class', { classes: ['HTML', 'cHTML'] }, ['--class cHTML: no match. Did you mean HTML? Found: HTML, xHTML.']],
    [
      'a key, with those of a file',
      { keys: ['L_UserName_Text', 'L_Copyrigth'] },
      ['--key L_Copyrigth: no match. Did you mean L_Copyright? Found: L_Copyright, L_UserName_Text.'],
    ],
    [
      'the language of a code page',
      { encodings: new Map([parseCodePage('zh-TW=950'), parseCodePage('el=1253')]) },
      ['--code-page el: no match. Found: de, default, ja, zh-CHT.'],
    ],
    [
      'the language of a code page, named by its country',
      { encodings: new Map([parseCodePage('jp=932')]) },
      ['--code-page jp: no match. Did you mean ja? Found: de, default, ja, zh-CHT.'],
    ],
    [
      'the language of a code page that the filters leave out',
      { languages: ['ja'], encodings: new Map([parseCodePage('de=1252')]) },
      ['--code-page de: no match. Found: ja.'],
    ],
    ['and nothing where all are there', { sets: ['EXCHANGE'], classes: ['html'], languages: ['DE', 'Default'] }, []],
  ])('%s', async (_, more, expected) => {
    expect(await told(more)).toEqual(expected);
  });

  test('of many, the first twelve are reported', async () => {
    const names = Array.from({ length: 15 }, (_, index) => `x${String.fromCharCode(97 + index)}`);
    await writeTree(root, { ISA: { HTML: { nls: Object.fromEntries(names.map((name) => [name, strings])) } } });
    expect(await told({ sets: ['ISA'], languages: ['de', 'Quenya'] })).toEqual([
      `--language Quenya: no match. Found: de, ${names.slice(0, 11).join(', ')} and 4 more.`,
    ]);
  });

  test('every name that nothing has is reported', async () => {
    const keys = ['L_A', 'L_UserName_Text'];
    const { findings } = await examine(labelOptions(root, { keys, sets: ['ISA', 'x'], languages: ['de', 'y'] }));
    expect(findings.map(({ id, title }) => [id, title])).toEqual([
      ['name-not-found', 'Asked for, but not found: 3 names'],
    ]);
    expect(findings[0]?.evidence.map((line) => line.split(':')[0])).toEqual(['--set x', '--language y', '--key L_A']);
  });

  test('a key that no file has at all is refused, as a set is', async () => {
    await expect(examine(labelOptions(root, { keys: ['L_UserNmae_Text'] }))).rejects.toMatchObject({
      trouble: {
        on: 'L_UserNmae_Text',
        cameBack: 'no strings.txt has such a key',
        next: '--key L_UserNmae_Text: no match. Did you mean L_UserName_Text? Found: L_Copyright, L_UserName_Text.',
      },
    });
  });

  test.each<[Partial<LabelsOptions>, string]>([
    [{ sets: ['ISB'] }, '--set ISB: no match. Did you mean ISA?'],
    [{ classes: ['HTM'] }, '--class HTM: no match. Did you mean HTML?'],
    [{ languages: ['dee'] }, '--language dee: no match. Did you mean de?'],
  ])('a filter that leaves no file is refused with the name that was meant: %o', async (filter, hint) => {
    await expect(examine(labelOptions(root, filter))).rejects.toMatchObject({
      trouble: { next: expect.stringMatching(new RegExp(`^${hint.replaceAll('?', '\\?')} Found: the sets `)) },
    });
  });

  test('a path of a set that does not begin below the root is refused with the path that was meant', async () => {
    await writeTree(root, { old: { _backup: { Exchange: { HTML: strings } } } });
    await expect(examine(labelOptions(root, { sets: ['_backup\\exchange'] }))).rejects.toMatchObject({
      trouble: {
        next: expect.stringContaining('--set _backup\\exchange: no match. Did you mean old/_backup/Exchange?'),
      },
    });
  });

  test('a culture of the user’s own wording that no folder uses is reported, with the folder that was meant', async () => {
    const own = parseWordingFile('own.json', Buffer.from('{ "jp": "a", "de": "b", "dk": "c", "ja-JP": "d" }'));
    const { findings } = await examine(labelOptions(root, { newLabel: { kind: 'wording', wordings: [own] } }));
    expect(findings.find(({ id }) => id === 'name-not-found')?.evidence).toEqual([
      '--wording jp: no match. Did you mean ja? Found: de, default, ja, zh-CHT.',
      '--wording dk: no match. Found: de, default, ja, zh-CHT.',
    ]);
  });
});

describe('a name that may be there is not reported', () => {
  test('where its folder can’t be listed', async () => {
    const closed = path.join(root, 'Exchange/HTML/nls/ja');
    await chmod(root, 0o755);
    await chmod(closed, 0o000);
    onTestFinished(() => chmod(closed, 0o755));
    const { findings } = await unprivileged(() => examine(labelOptions(root, { languages: ['de', 'ja'] })));
    expect(findings.map(({ id }) => id).filter((id) => id === 'name-not-found')).toEqual([]);
  });

  test('where it is a link that leads nowhere', async () => {
    await symlink('gone', path.join(root, 'Exchange/HTML/nls/pt'));
    const { findings } = await examine(labelOptions(root, { languages: ['de', 'pt'] }));
    expect(findings.map(({ id }) => id)).toEqual(['link-not-followed']);
  });

  test('and no key is, where no file can be read', async () => {
    await writeTree(root, { Empty: { HTML: { 'strings.txt': '' } } });
    const { findings } = await examine(labelOptions(root, { sets: ['Empty'], keys: ['L_A'] }));
    expect(findings.map(({ id }) => id)).toEqual(['empty-file']);
  });
});
