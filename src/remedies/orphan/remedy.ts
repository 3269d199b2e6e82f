/** orphan: delete the object of an Exchange server, with everything that would be left dangling. */

import type { DirectoryChange } from '../../change/plan.ts';
import type { Remedy } from '../remedy.ts';
import { ask } from './ask.ts';
import { assess } from './assess.ts';
import { permits, propose } from './changes.ts';
import { describe, nextStepsOf, serverDeletedBy } from './describe.ts';
import { flags } from './flags.ts';
import { gather, type OrphanFacts } from './gather.ts';
import { proposeLeftovers } from './leftovers.ts';
import { type OrphanOptions, readOptions } from './options.ts';
import { survey } from './survey.ts';
import { proofOf } from './verify.ts';

export const orphan: Remedy<OrphanOptions, OrphanFacts, DirectoryChange> = {
  flags,
  readOptions,
  gather: (world, scope, known) => {
    if (world.kind !== 'directory') throw new Error('orphan is a remedy on a directory');
    return gather(world, scope, known);
  },
  survey,
  ask,
  propose: (facts, options) =>
    facts.kind === 'leftovers' ? proposeLeftovers(facts, facts.survey.target, options.keep) : propose(facts, options),
  assess,
  record: (facts) => ({
    exhibits: survey(facts),
    nextSteps: facts.kind === 'deletion' ? nextStepsOf(facts) : [],
  }),
  describe,
  permits,
  confirm: serverDeletedBy,
  verify: proofOf,
  practice: {
    about: 'A forest of five domain controllers, corp.example.com, with Exchange: EX04 is left of a failed install.',
    given: () => [],
    dryRun: ['--name', 'EX04'],
  },
};
