import type { Remedy } from '../remedy.ts';
import { assess } from './assess.ts';
import { faultsOfPlan, proofOf, propose, type TombstoneChange } from './changes.ts';
import { describe, faultsOfSteps, nextStepsFor } from './describe.ts';
import { flags } from './flags.ts';
import { gather, type TombstoneFacts } from './gather.ts';
import { evidenceRecords, type GivenFlags, readOptions, type TombstoneOptions } from './options.ts';
import { ask, questionBehind, recordedExhibits, survey } from './survey.ts';

/** Changes the forest's tombstoneLifetime, with the replication of every DC and the deleted objects in view. */
export const tombstone: Remedy<TombstoneOptions, TombstoneFacts, TombstoneChange> = {
  flags,
  readOptions: (given, surroundings, mayAsk) => readOptions(given as GivenFlags, surroundings, mayAsk),
  gather: async (world, scope) => {
    if (world.kind !== 'directory') throw new TypeError('tombstone reads a directory');
    return gather(world, scope.kind === 'new' ? scope.options : {});
  },
  survey,
  ask,
  questionBehind,
  propose,
  assess,
  record: (facts, proposal) => ({
    exhibits: recordedExhibits(facts, proposal),
    nextSteps: nextStepsFor(facts, proposal),
  }),
  describe,
  records: evidenceRecords,
  permits: (plan) => [...faultsOfPlan(plan), ...faultsOfSteps(plan.nextSteps)],
  verify: proofOf,
  practice: {
    about: 'A forest whose lifetime is not set, with a site that is cut off and a DC that is past the limit.',
    given: () => [],
    dryRun: ['--days', '180'],
  },
};
