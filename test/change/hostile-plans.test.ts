/**
 * What a plan can do that someone made with intent: any of its data replaced, and sealed again, as anyone can. It is
 * refused with words that can be shown, or it is drawn whole and writes nothing outside what its remedy is for.
 */

import { appendFileSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Plan } from '../../src/change/plan.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { propose } from '../../src/remedies/tombstone/changes.ts';
import { tombstone } from '../../src/remedies/tombstone/remedy.ts';
import { orphanFacts, planOf as orphanPlanOf } from '../remedies/orphan/practice-orphan.ts';
import { days, factsOf } from '../remedies/tombstone/support/facts.ts';
import { type HostilePlan, hostilePlans, textOf } from './hostile/edits.ts';
import { requireHarmless, type WayOut, wayOf } from './hostile/harmless.ts';
import { smallPlans } from './hostile/small-plans.ts';

const runs = Number(process.env['ADSI_REMEDY_FUZZ_RUNS'] ?? 20_000);
/** The first plan that fuzzing met for each way out, with the fewest edits that lead there. */
const corpus = readFileSync(new URL('hostile/corpus.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as HostilePlan & { readonly way: string });
/** A file for plans that take a way that the corpus does not know. */
const newcomers = process.env['ADSI_REMEDY_FUZZ_CORPUS'];

/** Plans as the remedies make them from facts, as large as they are. */
async function plansFromFacts(): Promise<readonly Plan[]> {
  const facts = await orphanFacts();
  const settings = factsOf({ strictMarker: { ...factsOf().strictMarker, isThere: false } });
  const proposal = propose(settings, days(365, { strictNewDcs: true }));
  const { id, tool, created, by } = smallPlans['lifetime'] ?? orphanPlanOf(facts);
  return [
    orphanPlanOf(facts),
    orphanPlanOf(facts, { treeDelete: true }),
    sealPlan({
      id,
      tool,
      created,
      by,
      remedy: 'tombstone',
      findings: [],
      ...proposal,
      ...tombstone.record(settings, proposal),
    }),
  ];
}

/** A way out by its name: what was refused, without the data in it; what of a permitted plan was replaced last. */
function nameOf(way: WayOut, { plan, edits }: HostilePlan): string {
  if (way.kind === 'permitted')
    return `permitted: ${plan} ${edits
      .at(-1)
      ?.at.filter((step) => typeof step === 'string')
      .join('.')}`;
  const words = way.error.trouble.cameBack
    .replace(/\[\d+\]/g, '[]')
    .replace(/"(?:[^"\\]|\\.)*"/g, '"…"')
    .replace(/[^ ]*[=\\/<\d].*/s, '…');
  return `${way.kind}: ${words}`;
}

/** With the edits only that the way needs. */
async function shortest(hostile: HostilePlan, way: string): Promise<HostilePlan> {
  for (const edit of hostile.edits) {
    const less = { ...hostile, edits: hostile.edits.filter((other) => other !== edit) };
    if (less.edits.length > 0 && nameOf(await wayOf(textOf(less)), less) === way) return shortest(less, way);
  }
  return hostile;
}

test('plans as the remedies make them are permitted, drawn, and within what the remedies are for', async () => {
  const plans = [...(await plansFromFacts()), ...Object.values(smallPlans)];
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

test('a plan with anything else in any place, sealed again, is refused in words or harmless', async () => {
  const isPermitted = async (content: string): Promise<boolean> => (await wayOf(content)).kind === 'permitted';
  const seen = { refused: 0, 'not permitted': 0, permitted: 0 };
  const known = new Set<string>();
  await fc.assert(
    fc.asyncProperty(await hostilePlans(isPermitted), async (hostile) => {
      const way = await requireHarmless(textOf(hostile));
      seen[way.kind] += 1;
      if (newcomers === undefined) return;
      const name = nameOf(way, hostile);
      if (known.has(name)) return;
      known.add(name);
      appendFileSync(newcomers, `${JSON.stringify({ name, way: way.kind, ...(await shortest(hostile, name)) })}\n`);
    }),
    { numRuns: runs },
  );
  // Not all are refused at the door: a third gets to the renderers and the writers.
  expect(seen.permitted).toBeGreaterThanOrEqual(runs / 3);
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
}, 36_000_000);
