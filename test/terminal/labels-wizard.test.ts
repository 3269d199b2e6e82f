import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { snapshot } from '../support/fresh-folder.ts';
import { describeOnEveryNode } from './support/nodes.ts';
import { openPractice, type Practice } from './support/practice.ts';

const germanLabel = /^L_UserName_Text="(.*)"/m;

/** The label of one UTF-8 file of the practice site. */
function labelOf(site: string): string | undefined {
  const file = `TMG01/Program Files/Microsoft Forefront Threat Management Gateway/Templates/CookieAuthTemplates/MyForms/HTML/nls/de/strings.txt`;
  return germanLabel.exec(readFileSync(path.join(site, file), 'utf8'))?.[1];
}

/** Every file of the array members. */
function formSetsOf(site: string): Promise<readonly unknown[]> {
  return Promise.all(['TMG01', 'TMG02'].map((member) => snapshot(path.join(site, member))));
}

/** From the menu to the question on what becomes of the change. */
async function askForEmailAddress(practice: Practice): Promise<void> {
  practice.start('labels');
  await practice.answer('Which labels');
  await practice.answer('the field ask for?');
  await practice.answer('Also check in the directory');
  await practice.answer('no wording for this label');
  await practice.answer(
    /question marks: 1 file\. Accept\s+this\s+and\s+continue\?[\s\S]*no code page\s+brings them back[\s\S]*Dom\?ne/,
    'y',
  );
  await practice.answer('domain to the name: 1 file. Accept this and continue?', 'y');
  await practice.seeDiff();
}

describeOnEveryNode('the labels wizard on the practice site', ({ path: node }) => {
  test('changes every label, and undoes it byte for byte', async () => {
    const practice = await openPractice(node);
    const { session, site } = practice;
    const before = await formSetsOf(site);
    expect(labelOf(site)).toContain('\\');

    await askForEmailAddress(practice);
    await practice.applyNow();
    await session.waitFor('493 of 493 files changed');
    expect(labelOf(site)).toBe('E-Mail-Adresse:');

    await practice.undoLatest();
    await session.waitFor('493 of 493 files restored');
    expect(await formSetsOf(site)).toEqual(before);
    await practice.leave();
  });

  test('leaves everything as it is when Enter alone answers the last question', async () => {
    const practice = await openPractice(node);
    const before = await formSetsOf(practice.site);
    await askForEmailAddress(practice);
    practice.session.press('enter');
    await practice.session.waitFor('Nothing was changed.');
    expect(await formSetsOf(practice.site)).toEqual(before);
    expect(practice.hasNoChangeFolder()).toBe(true);
    await practice.seeMenu();
    await practice.cancel();
  });

  test('ends with 130 on Ctrl-C, with every file as it was', async () => {
    const practice = await openPractice(node);
    const before = await formSetsOf(practice.site);
    await askForEmailAddress(practice);
    await practice.cancel();
    expect(await formSetsOf(practice.site)).toEqual(before);
  });

  test('comes back to the menu on Escape at the first question of the remedy', async () => {
    const practice = await openPractice(node);
    const { session, start, leave } = practice;
    start('labels');
    await session.waitFor('Which labels');
    session.press('escape');
    await session.waitFor(/← Which labels[\s\S]*\? What do you want to repair\?/);
    await leave();
  });

  test('ends with 130 on Escape at the menu', async () => {
    const { session } = await openPractice(node);
    session.press('escape');
    expect(await session.exit).toMatchObject({ status: 130 });
  });
});
