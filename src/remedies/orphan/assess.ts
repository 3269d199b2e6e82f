/** What the facts come to: the supported ways first, then what stands against the deletion. */

import type { Finding } from '../../change/findings.ts';
import { danglingBlockers } from './dangling-references.ts';
import type { OrphanFacts } from './gather.ts';
import { rightsBlockers } from './lacking-rights.ts';
import { liveBlockers } from './live-signals.ts';
import type { OrphanOptions } from './options.ts';
import { remarks } from './remarks.ts';
import { supportedWays } from './supported-ways.ts';
import { uninstallerBlockers } from './uninstaller-blockers.ts';

/** The findings, the supported ways first and the blockers next. */
export function assess(facts: OrphanFacts, options: OrphanOptions): readonly Finding[] {
  const conclusions = [
    ...supportedWays(facts),
    ...uninstallerBlockers(facts, options),
    ...danglingBlockers(facts, options),
    ...liveBlockers(facts),
    ...rightsBlockers(facts),
    ...remarks(facts),
  ];
  return conclusions.map((conclusion) => ({
    evidence: [],
    subjects: [],
    acceptable: false,
    ...conclusion,
    accepted:
      conclusion.level === 'blocker' && conclusion.acceptable === true && options.accept.includes(conclusion.id),
  }));
}
