import { rm } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { gather, survey } from '../../../src/remedies/labels/gather.ts';
import { type LabelsOptions, userIdKey, userNameKey } from '../../../src/remedies/labels/options.ts';
import { freshFolder, type Tree, writeTree } from '../../support/fresh-folder.ts';
import { emailWording, labelOptions } from '../../support/label-options.ts';
import { stringsContent } from '../../support/strings-content.ts';

let root: string;

const strings = (label: string): Tree => ({ 'strings.txt': stringsContent(label) });

beforeEach(async () => {
  root = await freshFolder();
  await writeTree(root, {
    Exchange: {
      HTML: {
        ...strings('Name:'),
        'usr_pwd.htm': '<input placeholder="Domain\\user">',
        nls: { de: strings('Domäne\\Name:'), fr: strings('Nom :'), hi: strings('x'), ja: { 'strings.txt': '' } },
      },
    },
    ISA: { xHTML: { nls: { de: { 'strings.txt': 'L_UserName_Text="Name:"\r\nL_UserID_Text="Kennung:"\r\n' } } } },
  });
});

const looking = (): LabelsOptions => labelOptions(root, { newLabel: { kind: 'none' }, keys: [userNameKey, userIdKey] });

describe('a survey', () => {
  test.each<[string, Partial<LabelsOptions>]>([
    ['all', {}],
    ['the wording of each language', { newLabel: emailWording }],
    ['a set', { sets: ['isa'] }],
    ['a class and a language', { classes: ['HTML'], languages: ['de', 'fr'] }],
    ['both keys', { keys: [userNameKey, userIdKey] }],
    ['the passcode forms', { keys: [userIdKey] }],
    ['a code page', { languages: ['ja'] }],
  ])('gives the same facts for %s as reading again does', async (_, more) => {
    const options = labelOptions(root, more);
    const { factsFor } = await survey(looking(), {});
    const again = await gather(options);
    expect(again.files.length).toBeGreaterThan(0);
    expect(await factsFor(options)).toEqual(again);
  });

  test('reads every file once: no file is needed any more', async () => {
    const options = labelOptions(root, { newLabel: emailWording, languages: ['de'] });
    let read = 0;
    const { factsFor } = await survey(looking(), { onRead: () => (read += 1) });
    expect(read).toBe(6);
    const again = await gather(options);
    for (const set of ['Exchange', 'ISA']) await rm(path.join(root, set), { recursive: true });
    expect(await factsFor(options)).toEqual(again);
  });

  test('refuses filters that leave none, and says what there is', async () => {
    const { factsFor } = await survey(looking(), {});
    await expect(factsFor(labelOptions(root, { sets: ['ISA'], languages: ['fr'] }))).rejects.toMatchObject({
      trouble: { cameBack: '6 files found, and the filters leave none' },
    });
  });
});
