/** The number of days to advise, and why. */

import { durationInWords } from '../../words.ts';
import type { TombstoneFacts } from './facts.ts';
import { effectiveLifetime, recommendedDays } from './lifetime.ts';
import { type Standing, silenceOf, stageOf } from './standing.ts';

export interface Advice {
  readonly days: number;
  /** As sentences. */
  readonly reasons: readonly string[];
}

const day = 86_400_000;

/** What is added to the longest time that must be bridged, in days. */
const reserveDays = 30;

/**
 * At least what Microsoft recommends and what is in force, and more than the longest silence of a DC that is to be kept
 * and the age of the last backup, with a reserve. What is past the lifetime already is not to be rescued by the number.
 */
export function adviceFor(facts: TombstoneFacts, standings: readonly Standing[]): Advice {
  const inForce = effectiveLifetime(facts.settings, facts.serverKind);
  const bridged = [...silences(standings, inForce), ...backupAges(facts, inForce)].toSorted(
    (one, other) => other.age - one.age,
  );
  const [longest] = bridged;
  // Whole days as the words have them, so that a reader's sum comes out; the reserve is far more than the rest.
  const needed = longest === undefined ? 0 : Math.floor(longest.age / day) + reserveDays;
  const days = Math.max(recommendedDays, inForce, needed);
  return {
    days,
    reasons: [
      ...(days === recommendedDays ? [`${recommendedDays} is what Microsoft recommends.`] : []),
      ...(days === inForce && days > recommendedDays
        ? [`${inForce} days are in force: a lower value shortens the life of every backup.`]
        : []),
      ...(longest === undefined || longest.age < day
        ? []
        : [
            `The longest time to bridge is ${durationInWords(longest.age)}: ${longest.what}; with a reserve of ${reserveDays} days that takes ${needed}.`,
          ]),
    ],
  };
}

interface Bridged {
  /** In milliseconds. */
  readonly age: number;
  readonly what: string;
}

function silences(standings: readonly Standing[], inForce: number): readonly Bridged[] {
  return standings.flatMap((standing) => {
    const age = silenceOf(standing);
    if (age === undefined || stageOf(age, inForce) === 'past-lifetime') return [];
    return [{ age, what: `since ${standing.name} last replicated` }];
  });
}

function backupAges(facts: TombstoneFacts, inForce: number): readonly Bridged[] {
  return facts.backups.flatMap(({ namingContext, time }) => {
    if (!(time instanceof Date)) return [];
    const age = facts.now.getTime() - time.getTime();
    return age < inForce * day ? [{ age, what: `since the last backup of ${namingContext}` }] : [];
  });
}
