/** metadata: remove what the directory holds of a domain controller that is gone. */

import type { DirectoryChange } from '../../change/plan.ts';
import { deletedBy } from '../../change/undo-link.ts';
import type { Remedy } from '../remedy.ts';
import { assess } from './assess.ts';
import { permits, propose } from './changes.ts';
import { describe, nameOfGone, nextStepsOf } from './describe.ts';
import { flags } from './flags.ts';
import { gather, type MetadataFacts } from './gather.ts';
import { lostRecords } from './lost.ts';
import { proofOf } from './references.ts';
import { type GivenFlags, type MetadataOptions, madeByPromotion, readOptions } from './subject.ts';
import { ask, recordedExhibits, survey } from './survey.ts';

export const metadata: Remedy<MetadataOptions, MetadataFacts, DirectoryChange> = {
  flags,
  readOptions: async (given) => readOptions(given as GivenFlags),
  gather: async (world, scope, known) => {
    if (world.kind !== 'directory') throw new TypeError('metadata is a remedy on a directory');
    return gather(world, scope, known);
  },
  survey,
  ask,
  propose,
  assess,
  record: (facts) => ({ exhibits: recordedExhibits(facts), nextSteps: nextStepsOf(facts) }),
  records: lostRecords,
  describe,
  permits,
  confirm: (plan) => (plan.undoes === undefined ? nameOfGone(plan) : undefined),
  verify: proofOf,
  gone: ({ changes }) => madeByPromotion(changes.flatMap(deletedBy)),
  practice: {
    about: 'DC0 was taken away years ago, and its server object was left behind.',
    given: () => [],
    dryRun: ['--dc', 'DC0'],
  },
};
