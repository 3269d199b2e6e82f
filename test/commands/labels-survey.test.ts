import { beforeEach, describe, expect, test } from 'vitest';
import { showSurvey } from '../../src/commands/labels-survey.ts';
import type { Output } from '../../src/commands/output.ts';
import type { TextEncoding } from '../../src/files/text-encoding.ts';
import { gather } from '../../src/remedies/labels/gather.ts';
import { userNameKey } from '../../src/remedies/labels/options.ts';
import { createStyle } from '../../src/terminal/style.ts';
import { displayWidth } from '../../src/terminal/text-width.ts';
import { fitted } from '../../src/terminal/wrapped.ts';
import { freshFolder, type Tree, writeTree } from '../support/fresh-folder.ts';
import { labelOptions } from '../support/label-options.ts';
import { encodedAs } from '../support/strings-content.ts';

let root: string;

beforeEach(async () => {
  root = await freshFolder();
});

const strings = (label: string, encoding: TextEncoding): Tree => ({
  'strings.txt': encodedAs(encoding, `L_UserName_Text="${label}"\r\n`),
});

async function shown(width: number): Promise<readonly string[]> {
  const facts = await gather(labelOptions(root, { newLabel: { kind: 'none' } }));
  const lines: string[] = [];
  const output = {
    style: createStyle(false),
    width,
    say: (line: string) => lines.push(...fitted(line, width).split('\n')),
  };
  showSurvey(facts, [userNameKey], output as unknown as Output);
  return lines.map((line) => line.replace(root, 'ROOT'));
}

describe('the survey', () => {
  test('says once what is the same in all rows', async () => {
    const forms = {
      HTML: { nls: { de: strings('Domäne\\Name:', 'utf-8'), fr: strings('Domaine\\nom\u00a0:', 'utf-8') } },
    };
    await writeTree(root, { Exchange: forms, ISA: forms });
    expect(await shown(80)).toEqual([
      '  4 files of form sets below ROOT',
      '  All: encodings UTF-8',
      '  All: sets Exchange, ISA',
      '  All: classes HTML',
      '',
      "  Folder  Language  Files  Today's label",
      '  fr      French        2  Domaine\\nom\u00a0:',
      '  de      German        2  Domäne\\Name:',
      '',
    ]);
  });

  test('says once what most rows have, and below the label of another row what it has instead', async () => {
    const forms = {
      HTML: { nls: { de: strings('Domäne\\Name:', 'utf-8'), fr: strings('Domaine\\prénom:', 'utf-8') } },
    };
    await writeTree(root, { Exchange: forms, ISA: { HTML: { nls: { ja: strings('名前:', 'windows-932') } } } });
    expect((await shown(80)).slice(1)).toEqual([
      '  Where nothing else is said: encodings UTF-8',
      '  Where nothing else is said: sets Exchange',
      '  All: classes HTML',
      '',
      "  Folder  Language  Files  Today's label",
      '  fr      French        1  Domaine\\prénom:',
      '  de      German        1  Domäne\\Name:',
      '  ja      Japanese      1  名前:',
      '                           cp932 · sets ISA',
      '',
    ]);
  });

  test('has what varies below each label', async () => {
    await writeTree(root, {
      Exchange: { HTML: { nls: { de: strings('Domäne\\Name:', 'utf-16le with BOM') } } },
      MyForms: { xHTML: { nls: { de: strings('Domäne\\Name:', 'windows-1252'), fr: { 'strings.txt': '' } } } },
    });
    expect((await shown(80)).slice(2)).toEqual([
      "  Folder  Language  Files  Today's label",
      '  fr      French        1  (empty)',
      '                           sets MyForms · classes xHTML',
      '  de      German        2  Domäne\\Name:',
      '                           UTF-16LE+BOM, cp1252 · sets Exchange, MyForms ·',
      '                           classes HTML, xHTML',
      '',
    ]);
  });

  test.each([80, 100, 140])('cuts nothing at %i columns', async (width) => {
    const sets = ['Exchange', 'Exchange2013', 'ISA', 'MyForms', 'Partners', 'Suppliers'];
    const label = (language: string): string =>
      `${language} Nombre de dominio\\nombre de usuario o dirección de correo:`;
    const encodings = ['utf-16le with BOM', 'utf-16be with BOM', 'utf-8 with BOM', 'utf-8', 'windows-1252'] as const;
    for (const [index, set] of sets.entries()) {
      const encoding = encodings[index % encodings.length] ?? 'utf-8';
      const nls = Object.fromEntries(
        ['de', 'pt-PT', 'sr-Latn'].map((language) => [language, strings(label(language), encoding)]),
      );
      await writeTree(root, { [set]: { HTML: { nls }, cHTML: { nls: { de: strings(label('de'), encoding) } } } });
    }
    const lines = await shown(width);
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width);
    const text = lines.join(' ').replace(/\s+/g, ' ');
    expect(text).not.toContain('…');
    for (const part of [...sets, 'Portuguese (Portugal)', 'UTF-16LE+BOM, UTF-16BE+BOM,', 'cp1252', 'HTML, cHTML']) {
      expect(text).toContain(part);
    }
  });
});
