import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openPractice, type Practice } from './support/practice.ts';

/** A question, and the keys that answer it beside Enter: text to type, or how many times to go down. */
type Answer = readonly [question: string | RegExp, typedOrBelow?: string | number];

const decision = /\? (?:Apply now, save for review|Save the list with the commands), or do nothing\?/;
const why: readonly Answer[] = [['? Reason'], ['? Ticket']];

/** From the first question of the remedy to the one before the decision. */
const ways: Readonly<Record<string, readonly Answer[]>> = {
  labels: [
    ['? Which labels'],
    ['the field ask for?'],
    ['? Also check in the directory'],
    ['no wording for this label'],
    [/question marks: 1 file\. Accept\s+this\s+and\s+continue\?/, 'y'],
    [/add a domain to the name: 1 file\. Accept\s+this\s+and\s+continue\?/, 'y'],
  ],
  orphan: [
    ['? Which server object is the orphan?'],
    ['Can you use one of them?', 2],
    ['Which of them do you want to delete too?'],
    ['Which of them do you want to clear?'],
    [/owns? .*Accept\s+this\s+and\s+continue\?/, 'y'],
    [/source server.*Accept\s+this\s+and\s+continue\?/, 'y'],
    [/cut off.*Accept\s+this\s+and\s+continue\?/, 'y'],
  ],
  tombstone: [['? New lifetime in days'], [/DC4 has not replicated[\s\S]*Accept\s+this\s+and\s+continue\?/, 'y']],
  lingering: [
    ['? Which domain controller is right?'],
    ['Which of the other 4 DCs'],
    ['? Which naming contexts'],
    [/DC4 was not compared[\s\S]*Accept\s+this\s+and\s+continue\?/, 'y'],
  ],
  metadata: [['? Which domain controller is gone for good?'], ['? Microsoft supports other ways to remove DC0.', 1]],
};

/** Of the remedies that ask for it. */
const nameToType: Readonly<Record<string, Answer>> = {
  orphan: ['Type EX04 to confirm', 'EX04'],
  metadata: ['Type DC0 to confirm', 'DC0'],
};

/** Answers the questions in turn and gives how many keys that took. */
async function give(practice: Practice, answers: readonly Answer[]): Promise<number> {
  let keys = 0;
  for (const [question, given = ''] of answers) {
    if (typeof given === 'number') await practice.choose(question, given);
    else await practice.answer(question, given);
    keys += (typeof given === 'number' ? given : given.length) + 1;
  }
  return keys;
}

async function begin(remedy: string): Promise<Practice> {
  const practice = await openPractice(process.execPath);
  practice.start(remedy);
  return practice;
}

// Keys after the remedy is chosen in the menu; the number is a promise to people in a hurry.

test.each([
  ['labels', 12],
  ['orphan', 16],
  ['tombstone', 7],
  ['lingering', 9],
  ['metadata', 7],
])('the wizard of %s takes %i keys to a saved plan, reason and ticket skipped', async (remedy, expected) => {
  const practice = await begin(remedy);
  const keys = await give(practice, [...(ways[remedy] ?? []), [decision, 1], ...why]);
  await practice.session.waitFor('Seal ');
  await practice.seeMenu();
  await practice.cancel();
  const [saved = ''] = readdirSync(path.join(practice.site, 'changes'));
  expect(existsSync(path.join(practice.site, 'changes', saved, 'review.html'))).toBe(true);
  expect(keys).toBe(expected);
});

test.each([
  ['labels', 11],
  ['orphan', 20],
  ['tombstone', 6],
  ['metadata', 10],
])('the wizard of %s takes %i keys to an applied change', async (remedy, expected) => {
  const practice = await begin(remedy);
  const name = nameToType[remedy];
  const answers: readonly Answer[] = [...(ways[remedy] ?? []), [decision, 2], ...(name === undefined ? [] : [name])];
  const keys = await give(practice, answers);
  await practice.session.waitFor('Undo it with:');
  await practice.seeMenu();
  await practice.cancel();
  expect(keys).toBe(expected);
});
