import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { snapshot } from '../support/fresh-folder.ts';
import { describeOnEveryNode } from './support/nodes.ts';
import { openPractice } from './support/practice.ts';
import type { TerminalSession } from './support/terminal-session.ts';

const germanLabel = /^L_UserName_Text="(.*)"/m;

/** The label of one UTF-8 file of the practice site. */
function labelOf(site: string): string | undefined {
  const file = `TMG01/Program Files/Microsoft Forefront Threat Management Gateway/Templates/CookieAuthTemplates/MyForms/HTML/nls/de/strings.txt`;
  return germanLabel.exec(readFileSync(path.join(site, file), 'utf8'))?.[1];
}

/** From the menu to the question on what becomes of the change. */
async function walkThrough(session: TerminalSession): Promise<void> {
  session.press('enter');
  const questions = [
    'Which form sets?',
    'Which classes?',
    'Which languages?',
    'the passcode forms',
    'the field ask for?',
  ];
  for (const question of questions) {
    await session.waitFor(question);
    session.press('enter');
  }
  await session.waitFor('Leave these as they are and do the rest?');
  session.type('y');
  session.press('enter');
  await session.waitFor('? Apply now, save for review, or leave it?');
}

describeOnEveryNode('the labels wizard on the practice site', ({ path: node }) => {
  test('changes every label, and undoes it byte for byte', async () => {
    const { session, site } = await openPractice(node);
    const before = await snapshot(site);
    expect(labelOf(site)).toContain('\\');
    await walkThrough(session);
    session.press('down', 2);
    session.press('enter');
    await session.waitFor('491 of 491 files changed');
    expect(labelOf(site)).toBe('E-Mail-Adresse:');

    await session.waitFor('? What needs a careful hand?');
    session.press('down', 3);
    session.press('enter');
    await session.waitFor('? Which change?');
    session.press('enter');
    await session.waitFor('? What to do with it?');
    session.press('down');
    session.press('enter');
    await session.waitFor('? Apply now, save for review, or leave it?');
    session.press('down', 2);
    session.press('enter');
    await session.waitFor('491 of 491 files brought back');
    expect(await snapshot(site)).toEqual(before);

    await session.waitFor('? What needs a careful hand?');
    session.press('up');
    session.press('enter');
    expect(await session.exit).toMatchObject({ status: 0 });
  });

  test('leaves everything as it is when Enter alone answers the last question', async () => {
    const { session, site, folder } = await openPractice(node);
    const before = await snapshot(site);
    await walkThrough(session);
    session.press('enter');
    await session.waitFor('Left alone: nothing was changed.');
    expect(await snapshot(site)).toEqual(before);
    expect(readdirSync(folder)).toEqual(['adsi-remedy-practice']);
    session.press('ctrl-c');
    await session.exit;
  });

  test('ends with 130 on Ctrl-C, with every file as it was', async () => {
    const { session, site } = await openPractice(node);
    const before = await snapshot(site);
    await walkThrough(session);
    session.press('ctrl-c');
    expect(await session.exit).toMatchObject({ status: 130 });
    expect(await snapshot(site)).toEqual(before);
    expect(session.processes()).toEqual([]);
  });

  test('ends with 130 on Escape at the first question of the remedy', async () => {
    const { session } = await openPractice(node);
    session.press('enter');
    await session.waitFor('Which form sets?');
    session.press('escape');
    expect(await session.exit).toMatchObject({ status: 130 });
  });
});
