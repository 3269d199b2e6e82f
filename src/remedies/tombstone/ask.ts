/** The question of the tombstone remedy, and the number of days that it advises. */

import { faultWithGarbageCollection, recommendedDays } from '../../ad/deleted-object-lifetime.ts';
import { durationInWords, listed } from '../../words.ts';
import type { Answer, Asking } from '../remedy.ts';
import { sideInWords } from './assess-replication.ts';
import type { TombstoneFacts } from './gather.ts';
import { faultOfDays, type TombstoneOptions } from './options.ts';
import { judgeReplication, type ReplicationJudgement, type Stage, stageUnder } from './situation.ts';

const daysQuestion = 'tombstone.days';

/** Blockers that another number of days removes. */
const doubtsOfDays: ReadonlySet<string> = new Set([
  'below-recommended',
  'purges-deleted-objects',
  'past-new-lifetime',
  'parted-past-new-lifetime',
]);

/** A user who does not accept what the number of days brings is asked for another number. */
export function questionBehind(blocker: string): string | undefined {
  return doubtsOfDays.has(blocker) ? daysQuestion : undefined;
}

/** Asks for the number of days, with the advice as what Enter alone takes; nothing if a flag says what to change. */
export async function ask(
  facts: TombstoneFacts,
  options: TombstoneOptions,
  { prompter }: Asking,
): Promise<Answer<TombstoneOptions>> {
  if (options.lifetime.kind !== 'open') return { kind: 'settled', options };
  const days = await prompter.integer({
    id: daysQuestion,
    message: 'New lifetime in days',
    flag: '--days N, or --unset',
    initial: adviceFor(facts, judgeReplication(facts)).days,
    validate: (value) => {
      const fault = faultOfDays(value) ?? faultWithGarbageCollection(value, facts.settings);
      return fault === undefined ? undefined : `Not ${value}: ${fault}.`;
    },
  });
  return { kind: 'settled', options: { ...options, lifetime: { kind: 'days', days } } };
}

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
 * and the age of the last backup, with a reserve. A DC that is past the lifetime, or was past a former one, is not to be rescued by the number.
 */
export function adviceFor(facts: TombstoneFacts, { lifetime, former, rows, splits }: ReplicationJudgement): Advice {
  const inForce = lifetime.atMost;
  const isPast = (stage: Stage | undefined): boolean => stage === 'past-lifetime' || stage === 'past-former-lifetime';
  const silences = rows.flatMap(({ party, silence, stage }) =>
    silence === undefined || isPast(stage)
      ? []
      : [{ age: silence, what: `${party.name} last replicated ${durationInWords(silence)} ago` }],
  );
  const parted = splits.flatMap(({ sides, age }) =>
    age === undefined || isPast(stageUnder(age, lifetime, former))
      ? []
      : [
          {
            age,
            what: `${listed(sides.map(sideInWords))} last replicated with each other ${durationInWords(age)} ago`,
          },
        ],
  );
  const bridged = [...silences, ...parted, ...backupAges(facts, inForce)].toSorted((one, other) => other.age - one.age);
  const [longest] = bridged;
  // Whole days as the words have them, so that a reader's sum comes out; the reserve is far more than the rest.
  const needed = longest === undefined ? 0 : Math.floor(longest.age / day) + reserveDays;
  const days = Math.max(recommendedDays, inForce, needed);
  return {
    days,
    reasons: [
      ...(days === recommendedDays ? [`Microsoft recommends ${recommendedDays}.`] : []),
      ...(days === inForce && days > recommendedDays
        ? [`${inForce} days are in force: a lower value shortens the life of every backup.`]
        : []),
      ...(longest === undefined || longest.age < day
        ? []
        : [`At least ${needed} are needed: ${longest.what}, plus ${reserveDays} in reserve.`]),
    ],
  };
}

interface Bridged {
  /** In milliseconds. */
  readonly age: number;
  readonly what: string;
}

function backupAges(facts: TombstoneFacts, inForce: number): readonly Bridged[] {
  return facts.backups.flatMap(({ namingContext, time }) => {
    if (!(time instanceof Date)) return [];
    const age = facts.now.getTime() - time.getTime();
    const what = `the last backup of ${namingContext} is ${durationInWords(age)} old`;
    return age < inForce * day ? [{ age, what }] : [];
  });
}
