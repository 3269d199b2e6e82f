import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { everything } from '../../src/directory/filter.ts';
import { ldapConnector } from '../../src/directory/session.ts';
import { openPracticeForest } from '../../src/practice/practice-forest.ts';
import { describeOnEveryNode } from './support/nodes.ts';
import { openPractice } from './support/practice.ts';
import type { TerminalSession } from './support/terminal-session.ts';

const templates = new URL('../../templates/', import.meta.url);
const services = 'CN=Services,CN=Configuration,DC=corp,DC=example,DC=com';

/** What the server itself writes at every change: no undo brings it back. */
const keptByServer = /^(?:uSN\w+|whenChanged|lastKnownParent|msDS-LastKnownRDN|replPropertyMetaData)$/i;

/** One line a value of everything below CN=Services, from the site's forest opened anew: "dn | attribute: value". */
async function forestOf(site: string): Promise<ReadonlySet<string>> {
  const forest = await openPracticeForest(site, templates, () => new Date(), randomUUID);
  const connector = ldapConnector({
    tls: 'none',
    bind: 'anonymous',
    createConnection: ({ host }) => forest.connect(host),
  });
  const session = await connector.open({ host: 'dc1.corp.example.com' });
  const lines = new Set<string>();
  for await (const entry of session.search({
    base: services,
    scope: 'subtree',
    filter: everything,
    attributes: ['*'],
  })) {
    for (const { name, values } of entry.attributes.values()) {
      if (keptByServer.test(name) || /^when/i.test(name)) continue;
      for (const value of values) lines.add(`${entry.dn} | ${name}: ${value.toString('latin1')}`);
    }
  }
  await session.close();
  return lines;
}

function namesOrphan(lines: ReadonlySet<string>): readonly string[] {
  return [...lines].filter((line) => /CN=EX04(?:,|\\0ADEL:)|\\0ADEL:/.test(line));
}

/** Waits for each question in turn and answers it. */
async function answer(
  session: TerminalSession,
  answers: readonly (readonly [string | RegExp, () => void])[],
): Promise<void> {
  for (const [question, give] of answers) {
    await session.waitFor(question);
    give();
  }
}

/** From the menu to the question on what becomes of the change. */
async function walkThrough(session: TerminalSession): Promise<void> {
  const enter = (): void => session.press('enter');
  const yes = (): void => {
    session.type('y');
    enter();
  };
  session.press('down', 2);
  enter();
  await answer(session, [
    ['Which server object is the orphan?', enter],
    [
      'Is one of them open to you?',
      () => {
        session.press('down', 2);
        enter();
      },
    ],
    ['Which shall be cleared?', enter],
    [/owns? .*Go on all the same\?/, yes],
    [/source server.*Go on all the same\?/, yes],
  ]);
  await session.waitFor('? Apply now, save for review, or leave it?');
}

describeOnEveryNode('the orphan wizard on the practice site', ({ path: node }) => {
  test('deletes the likely orphan with all that points at it, and brings it back by undo', async () => {
    const { session, site } = await openPractice(node);
    const before = await forestOf(site);
    expect(namesOrphan(before)).not.toEqual([]);

    await walkThrough(session);
    session.press('down', 2);
    session.press('enter');
    await session.waitFor("Type the server's name to delete it");
    session.type('EX03');
    session.press('enter');
    await session.waitFor('That is not EX04');
    session.press('ctrl-u');
    session.press('backspace', 4);
    session.type('EX04');
    session.press('enter');
    await session.waitFor(/has it: \d+ of \d+ entries gone/);
    await session.waitFor('? What needs a careful hand?');
    const after = await forestOf(site);
    expect(namesOrphan(after)).toEqual([]);
    expect([...after].filter((line) => !before.has(line))).toEqual([]);

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
    await session.waitFor(/\d+ of \d+ entries back/);
    await session.waitFor('? What needs a careful hand?');
    expect(await forestOf(site)).toEqual(before);

    session.press('up');
    session.press('enter');
    expect(await session.exit).toMatchObject({ status: 0 });
  });

  test('ends with 130 on Ctrl-C where the name is asked for, with the forest as it was', async () => {
    const { session, site, folder } = await openPractice(node);
    const before = await forestOf(site);
    await walkThrough(session);
    session.press('down', 2);
    session.press('enter');
    await session.waitFor("Type the server's name to delete it");
    session.press('ctrl-c');
    expect(await session.exit).toMatchObject({ status: 130 });
    expect(await forestOf(site)).toEqual(before);
    expect(readdirSync(folder)).toEqual(['adsi-remedy-practice']);
    expect(session.processes()).toEqual([]);
  });

  test('ends with 130 on Ctrl-C at its first question', async () => {
    const { session, site } = await openPractice(node);
    session.press('down', 2);
    session.press('enter');
    await session.waitFor('Which server object is the orphan?');
    session.press('ctrl-c');
    expect(await session.exit).toMatchObject({ status: 130 });
    expect(namesOrphan(await forestOf(site))).not.toEqual([]);
  });
});
