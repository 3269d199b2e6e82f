import { expect, test } from 'vitest';
import { adviceFor, judgeReplication } from '../../../src/remedies/tombstone/situation.ts';
import { ask } from '../../../src/remedies/tombstone/survey.ts';
import { answering, byDefault, inTurn } from '../../support/prompter-double.ts';
import {
  daysAgo,
  dc,
  domain,
  type FactsOptions,
  factsOf,
  replicated,
  days as wantedDays,
  wanting,
} from './support/facts.ts';

function advice(options: FactsOptions) {
  const facts = factsOf(options);
  return adviceFor(facts, judgeReplication(facts));
}

const silentFor = (days: number) => ({ domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, days)] });

test('180 days, unless more are needed', () => {
  expect(advice({ lifetime: undefined }).days).toBe(180);
  expect(advice({ lifetime: 60, ...silentFor(50) }).days).toBe(180);
});

test('never fewer than are in force', () => {
  expect(advice({ lifetime: 365 }).days).toBe(365);
});

test('more than the longest silence of a DC that is to be kept, with a reserve, and says whose', () => {
  const { days, reasons } = advice(silentFor(170));
  expect(days).toBe(200);
  expect(reasons.join(' ')).toContain('DC2 last replicated 170 days ago');
});

test('is a sum that a reader can follow: the days that are named, and the reserve', () => {
  const { reasons } = advice({ lifetime: 60, ...silentFor(47.6) });
  expect(reasons.join(' ')).toContain('At least 77 are needed: DC2 last replicated 47 days ago, plus 30 in reserve.');
});

test('no more for a DC that is past the lifetime already', () => {
  expect(advice({ lifetime: 60, ...silentFor(500) }).days).toBe(180);
});

test('more than the age of the last backup, unless that is past the lifetime already', () => {
  expect(advice({ backups: [{ namingContext: domain, time: daysAgo(175) }] }).days).toBe(205);
  expect(advice({ backups: [{ namingContext: domain, time: daysAgo(700) }] }).days).toBe(180);
});

test('Enter alone takes the advice, and impossible numbers are refused while they are typed', async () => {
  const open = wanting({ kind: 'open' });
  const enter = answering({ 'tombstone.days': byDefault });
  expect(await ask(factsOf(), open, { prompter: enter, isWizard: true })).toMatchObject({
    kind: 'settled',
    options: { lifetime: { kind: 'days', days: 180 } },
  });
  const typing = answering({ 'tombstone.days': inTurn(2, 21, 90) });
  await ask(factsOf({ garbageCollectionHours: 168 }), open, { prompter: typing, isWizard: true });
  expect(typing.refusals.map(({ problem }) => problem)).toEqual([
    'Not 2: Active Directory does not honour less than 3 days.',
    'Not 21: it must be longer than three times garbageCollPeriod (168 hours): more than 21 days.',
  ]);
});

test('nothing is asked that a flag has answered', async () => {
  const prompter = answering({});
  await ask(factsOf(), wantedDays(180), { prompter, isWizard: true });
  await ask(factsOf(), wanting({ kind: 'as-is' }, { recycleDays: 180 }), { prompter, isWizard: true });
  expect(prompter.asked).toEqual([]);
});
