/** From what was read to findings: what stops the change, and what a person should know before it. */

import type { Finding, FindingLevel } from '../../change/findings.ts';
import { backups } from './backup-findings.ts';
import { rights, storedLifetime, wantedLifetime } from './change-findings.ts';
import { deletions } from './deletion-findings.ts';
import type { TombstoneFacts } from './facts.ts';
import { forestSettings } from './forest-findings.ts';
import { links } from './link-findings.ts';
import type { TombstoneOptions } from './options.ts';
import { overview } from './overview-findings.ts';
import { silence, unknowns } from './silence-findings.ts';
import { situationOf } from './situation.ts';

const order: Readonly<Record<FindingLevel, number>> = { blocker: 0, warning: 1, note: 2 };

/** All findings on what was read and what is wanted, blockers first. */
export function assess(facts: TombstoneFacts, options: TombstoneOptions): readonly Finding[] {
  const situation = situationOf(facts, options);
  const { standings } = situation;
  const found = [
    ...rights(situation),
    ...wantedLifetime(situation),
    ...storedLifetime(situation),
    ...standings.flatMap((standing) => silence(standing, situation)),
    ...standings.flatMap((standing) => unknowns(standing, situation)),
    ...links(situation),
    ...deletions(situation),
    ...backups(situation),
    ...forestSettings(situation),
    ...overview(situation),
  ];
  return found
    .map((finding) => ({ ...finding, accepted: finding.acceptable && options.accept.includes(finding.id) }))
    .toSorted((one, other) => order[one.level] - order[other.level]);
}
