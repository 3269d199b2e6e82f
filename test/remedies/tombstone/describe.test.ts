import { expect, test } from 'vitest';
import { nextSteps } from '../../../src/remedies/tombstone/next-steps.ts';
import type { TombstoneOptions } from '../../../src/remedies/tombstone/options.ts';
import { dc, domain, factsOf, guidOf, replicated } from './support/facts.ts';

const to = (days: number): TombstoneOptions => ({ wanted: { kind: 'days', days }, accept: [] });

/** Ten DCs with long names, of which all but the first are past every lifetime. */
const fleet = Array.from({ length: 10 }, (_, index) =>
  replicated(dc(index, { name: `AMSTERDAM-DOMAIN-CONTROLLER-${index}` }), index === 1 ? 2 : 1, index === 0 ? 0 : 900),
);

test.each([
  ['a higher value', nextSteps(factsOf(), to(365))],
  ['a lower value', nextSteps(factsOf(), to(30))],
  ['DCs past the lifetime', nextSteps(factsOf({ domainControllers: fleet }), to(365))],
])('no line but a command is wider than 76 columns: %s', (_, lines) => {
  for (const line of lines) if (!/^ {5}\S/.test(line)) expect(line.length).toBeLessThanOrEqual(76);
});

test('a command is a line of its own, whole', () => {
  const lines = nextSteps(
    factsOf({ domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, 400)] }),
    to(365),
  );
  expect(lines).toContain(
    `     repadmin /removelingeringobjects dc2.corp.example.com ${guidOf(1)} "${domain}" /advisory_mode`,
  );
  expect(lines).toContain('     Uninstall-ADDSDomainController -ForceRemoval');
});

test('lingering objects are a step only where a DC is past the lifetime', () => {
  expect(nextSteps(factsOf(), to(365)).filter((line) => /^\d\./.test(line))).toHaveLength(2);
});

test('a lower value asks for a new backup, and says when deleted objects go', () => {
  const text = nextSteps(factsOf(), to(30)).join(' ').replace(/ +/g, ' ');
  expect(text).toContain('older than 30 days go on each DC when it next collects garbage, within 12 hours.');
  expect(text).toContain('Make a new backup now.');
  expect(nextSteps(factsOf(), to(365)).join(' ')).not.toContain('collects garbage');
});
