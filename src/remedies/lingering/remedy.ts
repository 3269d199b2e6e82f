import type { RemoveLingeringChange } from '../../change/plan.ts';
import type { Remedy } from '../remedy.ts';
import { assess, notProvable, othersNotClean } from './assess.ts';
import { describe, faultsOfSteps, nextStepsFor } from './describe.ts';
import { flags, type GivenFlags, type LingeringOptions, readOptions } from './flags.ts';
import { gather, type LingeringFacts, optionsOf } from './gather.ts';
import { faultsOfPlan, propose } from './propose.ts';
import { ask, recordedExhibits, survey } from './survey.ts';

/** Finds lingering objects over LDAP alone, and hands them over to be removed by their own DCs. */
export const lingering: Remedy<LingeringOptions, LingeringFacts, RemoveLingeringChange> = {
  flags,
  readOptions: async (given) => readOptions(given as GivenFlags),
  gather: async (world, scope, known) => {
    if (world.kind !== 'directory') throw new TypeError('lingering objects are in a directory');
    return gather(world, scope, known);
  },
  survey,
  ask,
  propose,
  assess,
  record: (facts) => ({ exhibits: recordedExhibits(facts), nextSteps: nextStepsFor(facts) }),
  describe,
  permits: (plan) => [...faultsOfPlan(plan), ...faultsOfSteps(plan.nextSteps)],
  handOver: {
    optionsOf,
    isProven: ({ findings }) => !findings.some(({ id }) => id === notProvable || id === othersNotClean),
  },
  practice: {
    about: 'A DC that kept objects which the others have deleted and forgotten.',
    given: () => [],
    dryRun: ['--reference', 'dc1.corp.example.com'],
  },
};
