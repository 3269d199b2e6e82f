/** The other half of the plans of fuzz.ts, for the other worker; and what of such plans a directory is asked to write. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readDescriptor } from '../../src/ad/security-descriptor.ts';
import { paperReview, screenReview } from '../../src/review/text.ts';
import { createStyle } from '../../src/terminal/style.ts';
import { visible } from '../../src/terminal/text-layout.ts';
import { commands } from '../review/plans.ts';
import { textOf } from './hostile/edits.ts';
import { fuzzedPlans, testHostilePlans } from './hostile/fuzz.ts';
import { wayOf } from './hostile/harmless.ts';
import { deletedDn, type RecordedWrite, recordedWrites } from './hostile/recorded-writes.ts';

testHostilePlans();

/** What a reader has to find of a request: its DN, the name and value of each edit, and who gets rights. */
function namedIn({ dn, values }: RecordedWrite): readonly (readonly string[])[] {
  const edits = values.map(({ attribute, value }) => {
    const text = value.toString('utf8');
    if (attribute === 'distinguishedName') return [text];
    // Behind the owner.
    if (readDescriptor(value) !== undefined) return [`(${value.length} bytes`];
    return Buffer.from(text).equals(value)
      ? [`${attribute}: ${text}`, `${attribute}:: ${text}`, inDigits(attribute, value)]
      : [inDigits(attribute, value), `(${value.length} bytes: ${value.toString('hex')})`];
  });
  const trustees = values.flatMap(({ value }) => readDescriptor(value)?.dacl?.map(({ trustee }) => [trustee]) ?? []);
  return dn === deletedDn ? [...edits, ...trustees] : [[dn], ...edits, ...trustees];
}

function inDigits(attribute: string, value: Buffer): string {
  return `${attribute}:: (${value.length} byte`;
}

test('a directory is asked to write nothing that review.txt and the screen do not show', async () => {
  const seen = { modify: 0, add: 0, delete: 0 };
  await fc.assert(
    fc.asyncProperty(await fuzzedPlans(), async (hostile) => {
      const way = await wayOf(textOf(hostile));
      if (way.kind !== 'permitted' || way.plan.target.kind !== 'forest' || way.plan.remedy === 'lingering') return;
      const { plan, remedy } = way;
      const screen = { style: createStyle(false), width: 100, verbose: true };
      const views = [[...paperReview(plan, remedy.describe(plan, {}), commands)], [...screenReview(plan, screen)]];
      for (const write of await recordedWrites(plan)) {
        seen[write.operation] += 1;
        for (const view of views) {
          const shown = view.join('\n');
          const missing = namedIn(write).find((forms) => !forms.some((form) => shown.includes(visible(form).trim())));
          expect(missing, `${JSON.stringify(write)} of ${JSON.stringify(hostile)}`).toBeUndefined();
        }
      }
    }),
    { numRuns: 1000 },
  );
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(20);
}, 120_000);
