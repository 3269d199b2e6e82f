import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { describeOnEveryNode } from './support/nodes.ts';
import { openPractice } from './support/practice.ts';

const reference = '? Which domain controller is right?';

describeOnEveryNode('the wizard for lingering objects on the practice site', ({ path: node }) => {
  test('shows the evidence, asks for DCs and partitions, and saves the list with the commands', async () => {
    const practice = await openPractice(node);
    practice.start('lingering');
    await practice.session.waitFor(/oldest tombstone \d+ days ago/);
    await practice.answer(reference);
    await practice.answer('? Which of the other 4 DCs do you want to search for lingering objects?');
    await practice.answer('? Which naming contexts do you want to compare?');
    await practice.session.waitFor(/DC3 .*3 objects/);
    await practice.answer(/DC4 was not compared.*Accept\s+this\s+and\s+continue\?/, 'y');
    await practice.choose('? Save the list with the commands, or do nothing?', 1);
    await practice.answer('? Reason');
    await practice.answer('? Ticket', 'CHG1');
    await practice.session.waitFor('This tool removes nothing itself');
    await practice.seeMenu();
    await practice.cancel();
    const [saved = ''] = readdirSync(path.join(practice.site, 'changes'));
    expect(existsSync(path.join(practice.site, 'changes', saved, 'next-steps.txt'))).toBe(true);
  });

  test('goes back to the choice of the reference on Escape', async () => {
    const practice = await openPractice(node);
    practice.start('lingering');
    await practice.answer(reference);
    await practice.session.waitFor('? Which of the other 4 DCs');
    practice.session.press('escape');
    await practice.session.waitFor(/← Which of the other 4 DCs[\s\S]*\? Which domain controller is right\?/);
    await practice.cancel();
    expect(practice.hasNoChangeFolder()).toBe(true);
  });
});
