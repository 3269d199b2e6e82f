import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { textOf } from '../../src/directory/entry.ts';
import { ldapConnector } from '../../src/directory/session.ts';
import { openPracticeForest } from '../../src/practice/practice-forest.ts';
import { describeOnEveryNode } from './support/nodes.ts';
import { openPractice } from './support/practice.ts';
import type { TerminalSession } from './support/terminal-session.ts';

const templates = new URL('../../templates/', import.meta.url);
const directoryService = 'CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,DC=corp,DC=example,DC=com';

/** The value in the site's forest, opened anew. */
async function lifetimeIn(site: string): Promise<string | undefined> {
  const forest = await openPracticeForest(site, templates, () => new Date(), randomUUID);
  const connector = ldapConnector({
    tls: 'none',
    bind: 'anonymous',
    createConnection: ({ host }) => forest.connect(host),
  });
  const session = await connector.open({ host: 'dc2.corp.example.com' });
  const entry = await session.readEntry(directoryService, ['tombstoneLifetime']);
  await session.close();
  return entry === undefined ? undefined : textOf(entry, 'tombstoneLifetime');
}

/** From the menu to the question on the days. */
async function openTombstone(session: TerminalSession): Promise<void> {
  session.press('down');
  session.press('enter');
  await session.waitFor(/New lifetime in days \(180\) › *\n/);
}

describeOnEveryNode('the tombstone wizard on the practice site', ({ path: node }) => {
  test('changes the lifetime, and undo makes it not set again', async () => {
    const { session, site } = await openPractice(node);
    expect(await lifetimeIn(site)).toBeUndefined();
    await openTombstone(session);
    session.type('200');
    session.press('enter');
    await session.waitFor('Go on all the same?');
    session.type('y');
    session.press('enter');
    await session.waitFor('? Apply now, save for review, or leave it?');
    session.press('down', 2);
    session.press('enter');
    await session.waitFor('1 of 1 entry changed');
    await session.waitFor('? What needs a careful hand?');
    expect(await lifetimeIn(site)).toBe('200');

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
    await session.waitFor('1 of 1 entry brought back');
    await session.waitFor('? What needs a careful hand?');
    expect(await lifetimeIn(site)).toBeUndefined();
    session.press('ctrl-c');
    expect(await session.exit).toMatchObject({ status: 130 });
  });

  test('refuses two days as they are typed, and Ctrl-C then leaves the forest as it was', async () => {
    const { session, site, folder } = await openPractice(node);
    await openTombstone(session);
    session.type('2');
    session.press('enter');
    await session.waitFor('does not honour less than 3 days');
    session.press('ctrl-c');
    expect(await session.exit).toMatchObject({ status: 130 });
    expect(await lifetimeIn(site)).toBeUndefined();
    expect(readdirSync(folder)).toEqual(['adsi-remedy-practice']);
    expect(session.processes()).toEqual([]);
  });
});
