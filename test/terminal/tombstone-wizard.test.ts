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

const goOn = /DC4 has not replicated .*\s+Accept\s+this\s+and\s+continue\?/;
const days = /New lifetime in days \(180\) › *\n/;

describeOnEveryNode('the tombstone wizard on the practice site', ({ path: node }) => {
  test('changes the lifetime, and undo makes it not set again', async () => {
    const practice = await openPractice(node);
    expect(await lifetimeIn(practice.site)).toBeUndefined();

    practice.start('tombstone');
    await practice.answer(days, '200');
    await practice.answer(goOn, 'y');
    await practice.applyNow();
    await practice.session.waitFor('1 entry changed');
    await practice.seeMenu();
    expect(await lifetimeIn(practice.site)).toBe('200');

    await practice.undoLatest(
      /less than the 180 .*Accept\s+this\s+and\s+continue\?/,
      /longer than the new lifetime\. Accept\s+this\s+and\s+continue\?/,
    );
    await practice.session.waitFor('1 entry restored');
    await practice.seeMenu();
    expect(await lifetimeIn(practice.site)).toBeUndefined();
    await practice.cancel();
  });

  test('goes back one question on Escape, at the first question to the menu', async () => {
    const practice = await openPractice(node);
    const { session } = practice;
    practice.start('tombstone');
    await practice.answer(days, '200');
    await practice.answer(goOn, 'y');
    await practice.seeDiff();
    session.press('escape');
    await session.waitFor(/← Apply now, [\s\S]*\? DC4 has not replicated/);
    session.press('escape');
    await session.waitFor(/← DC4 has not replicated [\s\S]*\? New lifetime in days/);
    await practice.answer(days, '250');
    await session.waitFor('+ tombstoneLifetime: 250');
    await session.waitFor(/\? DC4 has not replicated/);
    session.press('escape');
    await session.waitFor(/\? New lifetime in days \(180\) ›\s+Enter accepts/);
    session.press('escape');
    await session.waitFor(/← New lifetime in days[\s\S]*\? What do you want to repair\?/);
    await practice.leave();
    expect(await lifetimeIn(practice.site)).toBeUndefined();
    expect(practice.hasNoChangeFolder()).toBe(true);
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
