import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { everything } from '../../src/ldap/session.ts';
import { describeOnEveryNode } from './support/nodes.ts';
import { openPractice, type Practice, readForest } from './support/practice.ts';

const which = '? Which domain controller is gone for good?';
const ways = '? Microsoft supports other ways to remove DC0.';

/** The DCs that the forest lists in the first site. */
function serversOf({ site }: Practice): Promise<readonly string[]> {
  return readForest(site, 'dc1.corp.example.com', async (session) => {
    const base = 'CN=Servers,CN=Amsterdam,CN=Sites,CN=Configuration,DC=corp,DC=example,DC=com';
    const names: string[] = [];
    for await (const { dn } of session.search({ base, scope: 'one', filter: everything, attributes: ['cn'] })) {
      names.push(dn.replace(/,.*/, ''));
    }
    return names.sort();
  });
}

/** From the menu, by the DC that the list starts on and the way of this tool. */
async function removeDc0(practice: Practice): Promise<void> {
  practice.start('metadata');
  await practice.answer(which);
  await practice.choose(ways, 1);
  await practice.applyNow();
  await practice.answer('Type DC0 to confirm', 'DC0');
}

describeOnEveryNode('the wizard for a domain controller that is gone on the practice site', ({ path: node }) => {
  test('shows the signs, preselects the one that is left over, and saves its removal with a reason', async () => {
    const practice = await openPractice(node);
    practice.start('metadata');
    await practice.session.waitFor(/DC4 .*cut off: may be running/);
    await practice.answer(which);
    await practice.choose(ways, 1);
    await practice.choose('? Apply now, save for review, or do nothing?', 1);
    await practice.answer('? Reason', 'DC0 is scrap');
    await practice.answer('? Ticket');
    await practice.session.waitFor('Apply it with:');
    await practice.seeMenu();
    await practice.cancel();
    const [saved = ''] = readdirSync(path.join(practice.site, 'changes'));
    expect(readdirSync(path.join(practice.site, 'changes', saved))).toContain('review.html');
    expect(await serversOf(practice)).toContain('CN=DC0');
  });

  test('removes it once its name is typed', async () => {
    const practice = await openPractice(node);
    await removeDc0(practice);
    await practice.session.waitFor('Undo it with:');
    await practice.seeMenu();
    await practice.leave();
    expect(await serversOf(practice)).toEqual(['CN=DC1', 'CN=DC2']);
  });

  test('goes back to the list on Escape, and filters it by what is typed', async () => {
    const practice = await openPractice(node);
    practice.start('metadata');
    await practice.answer(which);
    await practice.session.waitFor(ways);
    practice.session.press('escape');
    await practice.session.waitFor(
      /← Microsoft supports other ways[\s\S]*\? Which domain controller is gone for good\?/,
    );
    practice.session.type('DC4');
    await practice.session.waitFor(/▸ DC4/);
    await practice.cancel();
    expect(practice.hasNoChangeFolder()).toBe(true);
  });

  test('takes the one that is typed where none is left over and the list starts on "None of them"', async () => {
    const practice = await openPractice(node);
    await removeDc0(practice);
    await practice.seeMenu();
    practice.start('metadata');
    await practice.session.waitFor(/▸ None of them/);
    practice.session.type('DC4');
    await practice.session.waitFor(/▸ DC4/);
    practice.session.press('enter');
    await practice.session.waitFor('? Microsoft supports other ways to remove DC4.');
    await practice.cancel();
  });
});
