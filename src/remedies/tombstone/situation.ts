/** What every group of findings looks at. */

import type { TombstoneFacts } from './facts.ts';
import { effectiveLifetime } from './lifetime.ts';
import type { TombstoneOptions } from './options.ts';
import { plan } from './plan.ts';
import { daysAfter } from './purge.ts';
import { type Standing, standingsOf } from './standing.ts';

export interface Situation {
  readonly facts: TombstoneFacts;
  readonly options: TombstoneOptions;
  readonly standings: readonly Standing[];
  /** In force now and after the change, in days. */
  readonly before: number;
  readonly after: number;
  /** False for a value that is there already; true also while nothing was chosen yet. */
  readonly isChange: boolean;
}

/** The facts beside what is wanted. */
export function situationOf(facts: TombstoneFacts, options: TombstoneOptions): Situation {
  return {
    facts,
    options,
    standings: standingsOf(facts),
    before: effectiveLifetime(facts.settings, facts.serverKind),
    after: daysAfter(facts, options.wanted),
    isChange: options.wanted.kind === 'none' || plan(facts, options).length > 0,
  };
}
