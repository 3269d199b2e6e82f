/**
 * What a plan can do that someone made with intent: any of its data replaced, and sealed again, as anyone can. It is
 * refused with words that can be shown, or it is drawn whole and writes nothing outside what its remedy is for.
 */

import { appendFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type HostilePlan, hostilePlans, textOf } from './edits.ts';
import { requireHarmless, type WayOut, wayOf } from './harmless.ts';

/** How many plans a file of tests tries: there are two files, so that two workers share 20,000 plans. */
const runs = Number(process.env['ADSI_REMEDY_FUZZ_RUNS'] ?? 10_000);
/** A file for plans that take a way that the corpus does not know. */
const newcomers = process.env['ADSI_REMEDY_FUZZ_CORPUS'];

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

/** Whether a plan gets past reader and remedy. */
export const isPermitted = async (content: string): Promise<boolean> => (await wayOf(content)).kind === 'permitted';

/** Made once a worker: which edits a plan permits is found out by trying each. */
let plans: Promise<fc.Arbitrary<HostilePlan>> | undefined;
export function fuzzedPlans(): Promise<fc.Arbitrary<HostilePlan>> {
  plans ??= hostilePlans(isPermitted);
  return plans;
}

/** The same test in each file that calls this, with other plans. */
export function testHostilePlans(): void {
  test('a plan with anything else in any place, sealed again, is refused in words or harmless', async () => {
    const seen = { refused: 0, 'not permitted': 0, permitted: 0 };
    const known = new Set<string>();
    // The test looks up the source of each line of a trace, and one line shows that there is a trace.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 1;
    try {
      await fc.assert(
        fc.asyncProperty(await fuzzedPlans(), async (hostile) => {
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
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    // Not all are refused at the door: a third gets to the renderers and the writers.
    expect(seen.permitted).toBeGreaterThanOrEqual(runs / 3);
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
  }, 36_000_000);
}
