import { rm } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Exhibit } from '../../../src/change/exhibits.ts';
import type { TextEncoding } from '../../../src/files/text-encoding.ts';
import { gather } from '../../../src/remedies/labels/gather.ts';
import { type LabelsOptions, userIdKey, userNameKey } from '../../../src/remedies/labels/options.ts';
import { propose } from '../../../src/remedies/labels/propose.ts';
import { survey, surveyRows } from '../../../src/remedies/labels/survey.ts';
import { freshFolder, type Tree, writeTree } from '../../support/fresh-folder.ts';
import { emailWording, filesWorld, gatherNew, labelOptions } from '../../support/label-options.ts';
import { encodedAs, stringsContent } from '../../support/strings-content.ts';

let root: string;

beforeEach(async () => {
  root = await freshFolder();
});

const looking = (): LabelsOptions => labelOptions(root, { newLabel: { kind: 'none', wordings: [] }, keys: [] });

test('a label whose accents are characters of their own, as in windows-1258, shares the row of the other files', async () => {
  const label = 'Miê\u0300n\\tên:';
  const html = { 'strings.txt': encodedAs('windows-1258', `L_UserName_Text="${label}"\r\n`) };
  const xhtml = { 'strings.txt': stringsContent(label.normalize()) };
  await writeTree(root, { ISA: { HTML: { nls: { vi: html } }, xHTML: { nls: { vi: xhtml } } } });
  const { files } = await gatherNew(looking());
  expect(surveyRows(files, [userNameKey])).toMatchObject([{ language: 'vi', files: 2 }]);
});

describe('what was read before a question', () => {
  const strings = (label: string): Tree => ({ 'strings.txt': stringsContent(label) });

  beforeEach(() =>
    writeTree(root, {
      Exchange: {
        HTML: {
          ...strings('Name:'),
          'usr_pwd.htm': '<input placeholder="Domain\\user">',
          nls: { de: strings('Domäne\\Name:'), fr: strings('Nom :'), hi: strings('x'), ja: { 'strings.txt': '' } },
        },
      },
      ISA: { xHTML: { nls: { de: { 'strings.txt': 'L_UserName_Text="Name:"\r\nL_UserID_Text="Kennung:"\r\n' } } } },
    }),
  );

  test.each<[string, Partial<LabelsOptions>]>([
    ['all', {}],
    ['the wording of each language', { newLabel: emailWording }],
    ['a set', { sets: ['isa'] }],
    ['a class and a language', { classes: ['HTML'], languages: ['de', 'fr'] }],
    ['both keys', { keys: [userNameKey, userIdKey] }],
    ['the passcode forms', { keys: [userIdKey] }],
    ['a code page', { languages: ['ja'] }],
  ])('gives the same proposal for %s as reading again does', async (_, more) => {
    const options = labelOptions(root, more);
    const again = propose(await gatherNew(options), options);
    expect(again.changes.length + again.leftOut.length).toBeGreaterThan(0);
    expect(propose(await gatherNew(looking()), options)).toEqual(again);
  });

  test('is not read again once the questions are answered: no file is needed any more', async () => {
    const options = labelOptions(root, { newLabel: emailWording, languages: ['de'] });
    const again = propose(await gatherNew(options), options);
    let read = 0;
    const known = await gatherNew(looking(), {
      watch: { begin: () => undefined, update: () => undefined, count: (done) => (read = done) },
    });
    expect(read).toBe(6);
    for (const set of ['Exchange', 'ISA']) await rm(path.join(root, set), { recursive: true });
    const facts = await gather(filesWorld(), { kind: 'new', options }, known);
    expect(propose(facts, options)).toEqual(again);
  });

  test('is refused with filters that leave none, which say what there is', async () => {
    const known = await gatherNew(looking());
    const options = labelOptions(root, { sets: ['ISA'], languages: ['fr'] });
    await expect(gather(filesWorld(), { kind: 'new', options }, known)).rejects.toMatchObject({
      trouble: { cameBack: '6 files found, but the filters leave none' },
    });
  });
});

describe('the survey', () => {
  const strings = (label: string, encoding: TextEncoding): Tree => ({
    'strings.txt': encodedAs(encoding, `L_UserName_Text="${label}"\r\n`),
  });

  /** Its remarks, then its rows with their details. */
  async function shown(inFull = false): Promise<readonly string[]> {
    const exhibits = survey(await gatherNew(looking()), looking(), inFull);
    return exhibits.flatMap(linesOf).map((line) => line.replace(root, 'ROOT'));
  }

  function linesOf(exhibit: Exhibit): readonly string[] {
    switch (exhibit.kind) {
      case 'remarks':
        return exhibit.rows.map((row) => row.text);
      case 'table':
        return [
          exhibit.columns.map((column) => column.heading).join(' | '),
          ...exhibit.groups.flatMap((group) =>
            group.rows.flatMap((row) => [row.cells.join(' | '), ...(row.details ?? []).map((line) => `  ${line}`)]),
          ),
        ];
      default:
        return [exhibit.kind];
    }
  }

  test('says once what is the same in all rows', async () => {
    const forms = {
      HTML: { nls: { de: strings('Domäne\\Name:', 'utf-8'), fr: strings('Domaine\\nom\u00a0:', 'utf-8') } },
    };
    await writeTree(root, { Exchange: forms, ISA: forms });
    expect(await shown()).toEqual([
      '4 files of form sets below ROOT',
      'All: encodings UTF-8',
      'All: sets Exchange, ISA',
      'All: classes HTML',
      "Folder | Language | Files | Today's label",
      'fr | French | 2 | Domaine\\nom\u00a0:',
      'de | German | 2 | Domäne\\Name:',
    ]);
  });

  test('says once what most rows have, and below the label of another row what it has instead', async () => {
    const forms = {
      HTML: { nls: { de: strings('Domäne\\Name:', 'utf-8'), fr: strings('Domaine\\prénom:', 'utf-8') } },
    };
    await writeTree(root, { Exchange: forms, ISA: { HTML: { nls: { ja: strings('名前:', 'windows-932') } } } });
    expect((await shown()).slice(1)).toEqual([
      'Unless noted: encodings UTF-8',
      'Unless noted: sets Exchange',
      'All: classes HTML',
      "Folder | Language | Files | Today's label",
      'fr | French | 1 | Domaine\\prénom:',
      'de | German | 1 | Domäne\\Name:',
      'ja | Japanese | 1 | 名前:',
      '  cp932 · sets ISA',
    ]);
  });

  test('has what varies below each label', async () => {
    await writeTree(root, {
      Exchange: { HTML: { nls: { de: strings('Domäne\\Name:', 'utf-16le with BOM') } } },
      MyForms: { xHTML: { nls: { de: strings('Domäne\\Name:', 'windows-1252'), fr: { 'strings.txt': '' } } } },
    });
    expect((await shown()).slice(1)).toEqual([
      "Folder | Language | Files | Today's label",
      'fr | French | 1 | (empty)',
      '  sets MyForms · classes xHTML',
      'de | German | 2 | Domäne\\Name:',
      '  UTF-16LE+BOM, cp1252 · sets Exchange, MyForms · classes HTML, xHTML',
    ]);
  });

  describe('of many languages', () => {
    const cultures = 'ar bg ca cs da de el es et fi fr he hr hu it ja ko lt'.split(' ');

    beforeEach(async () => {
      const nls = Object.fromEntries(cultures.map((culture) => [culture, strings(`D\\${culture}:`, 'utf-8')]));
      await writeTree(root, {
        Exchange: { HTML: { nls } },
        ISA: { HTML: { nls: { lt: strings('Vardas:', 'windows-1257'), ko: strings('D\\ko:', 'windows-949') } } },
      });
    });

    test('has ten lines, that of a language with two labels among them, and counts the others', async () => {
      const lines = await shown();
      expect(lines.slice(0, 4)).toEqual([
        '20 files of form sets below ROOT',
        '18 languages · sets Exchange, ISA · classes HTML',
        "Folder | Language | Files | Today's label",
        'ar | Arabic | 1 | D\\ar:',
      ]);
      expect(lines.slice(-3)).toEqual([
        'lt | Lithuanian | 1 | D\\lt:',
        'lt | Lithuanian | 1 | Vardas:',
        '… and 9 more labels. --verbose lists them all, with their encodings.',
      ]);
      expect(lines).toHaveLength(14);
    });

    test('has every line and encoding with --verbose', async () => {
      const lines = await shown(true);
      expect(lines.filter((line) => / \| .* \| \d+ \| /.test(line))).toHaveLength(19);
      expect(lines.filter((line) => line.endsWith(' sets Exchange, ISA') || line.endsWith(' sets ISA'))).toHaveLength(
        2,
      );
    });
  });
});
