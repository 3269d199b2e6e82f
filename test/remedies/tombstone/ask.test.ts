import { expect, test } from 'vitest';
import { adviceFor } from '../../../src/remedies/tombstone/advice.ts';
import { standingsOf } from '../../../src/remedies/tombstone/standing.ts';
import { daysAgo, dc, domain, type FactsOptions, factsOf, replicated } from './support/facts.ts';

function advice(options: FactsOptions) {
  const facts = factsOf(options);
  return adviceFor(facts, standingsOf(facts));
}

const silentFor = (days: number) => ({ domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, days)] });

test('180 days, unless something speaks for more', () => {
  expect(advice({ lifetime: undefined }).days).toBe(180);
  expect(advice({ lifetime: 60, ...silentFor(50) }).days).toBe(180);
});

test('never fewer than are in force', () => {
  expect(advice({ lifetime: 365 }).days).toBe(365);
});

test('more than the longest silence of a DC that is to be kept, with a reserve, and says whose', () => {
  const { days, reasons } = advice(silentFor(170));
  expect(days).toBe(200);
  expect(reasons.join(' ')).toContain('since DC2 last replicated');
});

test('is a sum that a reader can follow: the days that are named, and the reserve', () => {
  const { reasons } = advice({ lifetime: 60, ...silentFor(47.6) });
  expect(reasons.join(' ')).toContain(
    'is 47 days: since DC2 last replicated; with a reserve of 30 days that takes 77.',
  );
});

test('a DC that is past the lifetime is not to be rescued by the number', () => {
  expect(advice({ lifetime: 60, ...silentFor(500) }).days).toBe(180);
});

test('more than the age of the last backup, unless that is past the lifetime already', () => {
  expect(advice({ backups: [{ namingContext: domain, time: daysAgo(175) }] }).days).toBe(205);
  expect(advice({ backups: [{ namingContext: domain, time: daysAgo(700) }] }).days).toBe(180);
});
