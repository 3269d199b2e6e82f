/** The questions of the tombstone remedy. What a flag has answered is not asked. */

import type { Finding } from '../../change/findings.ts';
import type { Prompter } from '../../terminal/prompter.ts';
import type { Advice } from './advice.ts';
import type { TombstoneFacts } from './facts.ts';
import { faultWithGarbageCollection } from './lifetime.ts';
import { faultOfDays, type WantedLifetime } from './options.ts';

/** Asks for the number of days, with the advice as what Enter alone takes. */
export async function askDays(facts: TombstoneFacts, advice: Advice, prompter: Prompter): Promise<WantedLifetime> {
  const days = await prompter.integer({
    id: 'tombstone.days',
    message: 'New lifetime in days',
    flag: '--days N, or --unset',
    initial: advice.days,
    validate: (value) => {
      const fault = faultOfDays(value) ?? faultWithGarbageCollection(value, facts.settings);
      return fault === undefined ? undefined : `Not ${value}: ${fault}.`;
    },
  });
  return { kind: 'days', days };
}

/** Asks about each blocker that a person may overrule; the ids of those that are. */
export async function askAboutBlockers(standing: readonly Finding[], prompter: Prompter): Promise<readonly string[]> {
  const accepted: string[] = [];
  for (const { id, title, acceptable } of standing) {
    if (!acceptable) continue;
    const goesOn = await prompter.confirm({
      id: `tombstone.accept.${id}`,
      message: `${title}. Go on all the same?`,
      flag: `--accept ${id}`,
    });
    if (goesOn) accepted.push(id);
  }
  return accepted;
}
