import { expect, test } from 'vitest';
import { textOf } from '../../src/ad/entry.ts';
import { describeOnEveryNode } from './support/nodes.ts';
import { openPractice, readForest } from './support/practice.ts';

const directoryService = 'CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,DC=corp,DC=example,DC=com';

/** The value in the site's forest. */
function lifetimeIn(site: string): Promise<string | undefined> {
  return readForest(site, 'dc2.corp.example.com', async (session) => {
    const entry = await session.readEntry(directoryService, ['tombstoneLifetime']);
    return entry === undefined ? undefined : textOf(entry, 'tombstoneLifetime');
  });
}

const days = /New lifetime in days \(180\) › *\n/;

describeOnEveryNode('the tombstone wizard on the practice site', ({ path: node }) => {
  test('changes the lifetime, and undo makes it not set again', async () => {
    const practice = await openPractice(node);
    expect(await lifetimeIn(practice.site)).toBeUndefined();

    practice.start('tombstone');
    await practice.answer(days, '200');
    await practice.answer('Go on?', 'y');
    await practice.applyNow();
    await practice.session.waitFor('1 entry changed');
    await practice.seeMenu();
    expect(await lifetimeIn(practice.site)).toBe('200');

    await practice.undoLatest();
    await practice.session.waitFor('1 entry put back');
    await practice.seeMenu();
    expect(await lifetimeIn(practice.site)).toBeUndefined();
    await practice.cancel();
  });

  test('refuses two days as they are typed, and Ctrl-C then leaves the forest as it was', async () => {
    const practice = await openPractice(node);
    practice.start('tombstone');
    await practice.answer(days, '2');
    await practice.session.waitFor('does not honour less than 3 days');
    await practice.cancel();
    expect(await lifetimeIn(practice.site)).toBeUndefined();
    expect(practice.hasNoChangeFolder()).toBe(true);
  });
});
