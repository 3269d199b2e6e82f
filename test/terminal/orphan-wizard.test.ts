import { expect, test } from 'vitest';
import { everything } from '../../src/ldap/session.ts';
import { describeOnEveryNode } from './support/nodes.ts';
import { openPractice, type Practice, readForest } from './support/practice.ts';

const services = 'CN=Services,CN=Configuration,DC=corp,DC=example,DC=com';

/** What the server itself writes at every change: no undo brings it back. */
const keptByServer = /^(?:uSN\w+|whenChanged|lastKnownParent|msDS-LastKnownRDN|replPropertyMetaData)$/i;

/** One line a value of everything below CN=Services: "dn | attribute: value". */
function forestOf(site: string): Promise<ReadonlySet<string>> {
  return readForest(site, 'dc1.corp.example.com', async (session) => {
    const lines = new Set<string>();
    const request = { base: services, scope: 'subtree', filter: everything, attributes: ['*'] } as const;
    for await (const entry of session.search(request)) {
      for (const { name, values } of entry.attributes.values()) {
        if (keptByServer.test(name) || /^when/i.test(name)) continue;
        for (const value of values) lines.add(`${entry.dn} | ${name}: ${value.toString('latin1')}`);
      }
    }
    return lines;
  });
}

function namesOrphan(lines: ReadonlySet<string>): readonly string[] {
  return [...lines].filter((line) => /CN=EX04(?:,|\\0ADEL:)|\\0ADEL:/.test(line));
}

const whichServer = 'Which server object is the orphan?';
const typeItsName = 'Type EX04 to confirm';

/** From the menu to the question on what becomes of the change. */
async function chooseLikelyOrphan(practice: Practice): Promise<void> {
  practice.start('orphan');
  await practice.answer(whichServer);
  await practice.choose('Can you use one of them?', 2);
  await practice.answer('Which of them do you want to delete too?');
  await practice.answer('Which of them do you want to clear?');
  await practice.answer(/owns? .*Accept\s+this\s+and\s+continue\?/, 'y');
  await practice.answer(/source server.*Accept\s+this\s+and\s+continue\?/, 'y');
  await practice.answer(/cut off.*Accept\s+this\s+and\s+continue\?/, 'y');
  await practice.seeDiff();
}

describeOnEveryNode('the orphan wizard on the practice site', ({ path: node }) => {
  test('deletes the likely orphan with all that points at it, and brings it back by undo', async () => {
    const practice = await openPractice(node);
    const { session, site } = practice;
    const before = await forestOf(site);
    expect(namesOrphan(before)).not.toEqual([]);

    await chooseLikelyOrphan(practice);
    await practice.applyNow();
    await practice.answer(typeItsName, 'EX03');
    await session.waitFor('That is not EX04');
    session.press('ctrl-u');
    session.press('backspace', 4);
    await practice.answer(typeItsName, 'EX04');
    await session.waitFor(/has it +deleted: 11 of 11, tombstones found/);
    await practice.seeMenu();
    const after = await forestOf(site);
    expect(namesOrphan(after)).toEqual([]);
    expect([...after].filter((line) => !before.has(line))).toEqual([]);

    await practice.undoLatest();
    await session.waitFor(/has it +11 of 11 entries restored/);
    await practice.seeMenu();
    expect(await forestOf(site)).toEqual(before);
    await practice.leave();
  });

  test('ends with 130 on Ctrl-C where the name is asked for, with the forest as it was', async () => {
    const practice = await openPractice(node);
    const before = await forestOf(practice.site);
    await chooseLikelyOrphan(practice);
    await practice.applyNow();
    await practice.session.waitFor(typeItsName);
    await practice.cancel();
    expect(await forestOf(practice.site)).toEqual(before);
    expect(practice.hasNoChangeFolder()).toBe(true);
  });

  test('ends with 130 on Ctrl-C at its first question', async () => {
    const practice = await openPractice(node);
    practice.start('orphan');
    await practice.session.waitFor(whichServer);
    await practice.cancel();
    expect(namesOrphan(await forestOf(practice.site))).not.toEqual([]);
  });
});
