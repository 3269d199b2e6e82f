/** What the remedies make is permitted, what fuzzing once found keeps its way out, and half of the plans of fuzz.ts. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Plan } from '../../src/change/plan.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { propose } from '../../src/remedies/tombstone/changes.ts';
import { tombstone } from '../../src/remedies/tombstone/remedy.ts';
import { days, factsOf } from '../remedies/tombstone/support/facts.ts';
import { planOf } from '../review/plans.ts';
import { type HostilePlan, textOf } from './hostile/edits.ts';
import { testHostilePlans } from './hostile/fuzz.ts';
import { requireHarmless } from './hostile/harmless.ts';
import { smallPlans } from './hostile/small-plans.ts';

/** The first plan that fuzzing met for each way out, with the fewest edits that lead there. */
const corpus = readFileSync(new URL('hostile/corpus.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as HostilePlan & { readonly way: string });

/** As the remedy makes it from facts: a lifetime, and the marker that is missing. */
function lifetimePlan(): Plan {
  const settings = factsOf({ strictMarker: { ...factsOf().strictMarker, isThere: false } });
  const proposal = propose(settings, days(365, { strictNewDcs: true }));
  const { id, tool, created, by } = planOf([]);
  return sealPlan({
    id,
    tool,
    created,
    by,
    remedy: 'tombstone',
    findings: [],
    ...proposal,
    ...tombstone.record(settings, proposal),
  });
}

test('plans as the remedies make them are permitted, drawn, and within what the remedies are for', async () => {
  const plans = [lifetimePlan(), ...Object.values(smallPlans)];
  const ways: string[] = [];
  for (const plan of plans) ways.push((await requireHarmless(JSON.stringify(plan))).kind);
  expect(ways).toEqual(plans.map(() => 'permitted'));
});

test('every plan of the corpus takes the way that it took', async () => {
  const ways: string[] = [];
  for (const hostile of corpus) ways.push((await requireHarmless(textOf(hostile))).kind);
  expect(ways).toEqual(corpus.map(({ way }) => way));
  expect(new Set(ways)).toEqual(new Set(['refused', 'not permitted', 'permitted']));
});

testHostilePlans();
