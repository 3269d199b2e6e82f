import type { DirectoryWorld, Remedy } from '../remedy.ts';
import { ask } from './ask.ts';
import { assess } from './assess.ts';
import { faultsOfPlan, propose, type TombstoneChange } from './changes.ts';
import { describe, faultsOfSteps, nextStepsFor } from './describe.ts';
import { flags } from './flags.ts';
import { gather, type TombstoneFacts } from './gather.ts';
import { readOptions, type TombstoneOptions } from './options.ts';
import { recordedExhibits, survey } from './survey.ts';
import { proofOf } from './verify.ts';

/** Changes the forest's tombstoneLifetime, with the replication of every DC and the deleted objects in view. */
export const tombstone: Remedy<TombstoneOptions, TombstoneFacts, TombstoneChange> = {
  world: 'directory',
  flags,
  readOptions: async (given, _, mayAsk) => readOptions(given, mayAsk),
  gather: (world) => gather(world),
  survey: (facts) => survey(facts),
  ask,
  propose,
  assess,
  record: (facts, proposal) => ({
    exhibits: recordedExhibits(facts, proposal),
    nextSteps: nextStepsFor(facts, proposal),
  }),
  describe,
  permits: (plan) => [...faultsOfPlan(plan), ...faultsOfSteps(plan.nextSteps)],
  verify: proofOf,
  practice: {
    about: 'A forest whose lifetime is not set, with a site that is falling behind.',
    given: () => [],
    dryRun: ['--days', '180'],
  },
};
