/** Findings on what is deleted already: what a lower value takes away at once. */

import { uncountedInWords } from './deleted-objects-line.ts';
import { blocker, counted, type FindingDraft, warning } from './finding-draft.ts';
import { garbageCollectionHours } from './lifetime.ts';
import { purgeOf } from './purge.ts';
import type { Situation } from './situation.ts';

/** What the next garbage collection under a lower value takes away; nothing for a higher one. */
export function deletions({ facts, before, after, isChange, options }: Situation): readonly FindingDraft[] {
  if (!isChange || options.wanted.kind === 'none' || after >= before) return [];
  const { collected, recycled, uncounted } = purgeOf(facts, after);
  const evidence = uncounted.map(uncountedInWords);
  const period = garbageCollectionHours(facts.settings);
  const detail = `They go on each DC when it next collects garbage, within ${period} hours, and undo does not bring them back.`;
  if (collected + recycled === 0) {
    return evidence.length === 0
      ? []
      : [
          warning(
            'purge-not-known',
            'What the lower value takes away at once could not be counted whole',
            detail,
            evidence,
          ),
        ];
  }
  const parts = [
    ...(collected === 0 ? [] : [`${counted(collected, 'deleted object')} for good`]),
    ...(recycled === 0 ? [] : [`${counted(recycled, 'deleted object')} out of the Recycle Bin`]),
  ];
  const atLeast = evidence.length === 0 ? '' : 'at least ';
  return [
    blocker(
      'purges-deleted-objects',
      `The lower value takes ${atLeast}${parts.join(' and ')}`,
      `They are older than ${after} days. ${detail}`,
      evidence,
    ),
  ];
}
