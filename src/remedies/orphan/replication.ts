/** Replication between the DCs: whether it brings the deletion to each of them. */

import { askAllForReplication } from '../../ad/ask-domain-controllers.ts';
import { readLifetime } from '../../ad/deleted-object-lifetime.ts';
import { sameDn } from '../../ad/dn.ts';
import type { Forest } from '../../ad/forest.ts';
import { islandsOf } from '../../ad/replication-islands.ts';
import { goneParties, type ReplicationNews, replicationNews } from '../../ad/replication-news.ts';
import { blocker, type FindingDraft, note, warning } from '../../change/findings.ts';
import { counted, day, listed } from '../../words.ts';
import type { DirectoryWorld } from '../remedy.ts';
import { steps } from './finding-steps.ts';
import type { ExchangeServer } from './organisation.ts';

/** Days of silence after which replication is failing: links between sites may be idle over a night. */
const silence = 2;

/** The replication between the DCs. */
export interface ReplicationFacts {
  /** Of the Configuration naming context alone. */
  readonly news: ReplicationNews;
  /** The tombstone lifetime in force, in days. */
  readonly lifetime: number;
}

/** What every DC has heard of the Configuration naming context. Throws DirectoryError. */
export async function readReplication(world: DirectoryWorld, forest: Forest): Promise<ReplicationFacts> {
  const { configurationNamingContext: configuration } = forest;
  const { inForce } = await readLifetime(world.session, configuration);
  const states = await askAllForReplication(forest, world, { namingContexts: [configuration] });
  const news = replicationNews(states, forest, world.now());
  return {
    news: { ...news, copies: news.copies.filter(({ namingContext }) => sameDn(namingContext, configuration)) },
    lifetime: inForce.days,
  };
}

/** A DC that is cut off. */
interface Behind {
  readonly name: string;
  /** undefined if it never heard of the others, or they never heard of it. */
  readonly days: number | undefined;
  /**
   * Whether it may hold the object and replicate it back: not an RODC, and not a DC that was cut off before the object
   * was created.
   */
  readonly mayBringBack: boolean;
}

/**
 * DCs that are past the lifetime or fall behind, and those that do not answer. One that is cut off for longer than the
 * tombstone lifetime never gets the deletion: it keeps the object, or revives it.
 */
export function* replicationFindings(
  { news, lifetime }: ReplicationFacts,
  { created }: Pick<ExchangeServer, 'created'>,
  now: Date,
): Generator<FindingDraft, void> {
  const gone = goneParties(news, lifetime * day);
  const { cutOff, splits } = islandsOf(news, silence * day, (party) => gone.has(party));
  const behind = cutOff.map(
    ({ party, age }): Behind => ({
      name: party.name,
      days: age === undefined ? undefined : Math.floor(age / day),
      mayBringBack:
        !party.domainController.isReadOnly &&
        (created === undefined || age === undefined || created.getTime() <= now.getTime() - age),
    }),
  );
  const past = behind.filter(({ days }) => days === undefined || days >= lifetime);
  const late = behind.filter((one) => !past.includes(one));
  const silent = news.parties.filter(
    ({ name, state }) => state.kind === 'unreachable' && !behind.some((one) => one.name === name),
  );
  yield* pastLifetime(past, lifetime);
  if (late.length > 0 || splits.length > 0)
    yield warning(
      'replication-behind',
      'Replication is failing: the deletion does not reach every domain controller now',
      'Repair replication before you run setup again. Setup reads the domain controller of its own site.',
      {
        steps: [steps.of('replication-summary', {})],
        evidence: [
          ...late.map(inWords),
          ...splits.map(
            ({ sides }) =>
              `not replicating with each other: ${sides.map((side) => side.map(({ name }) => name).join(', ')).join(' | ')}`,
          ),
        ],
        subjects: late.map(({ name }) => name),
      },
    );
  if (silent.length > 0)
    yield note(
      'replication-unknown',
      `${counted(silent.length, 'domain controller')} did not answer`,
      'The other domain controllers have received its changes lately.',
      {
        evidence: silent.map(({ name, state }) => (state.kind === 'unreachable' ? `${name}: ${state.why}` : name)),
      },
    );
}

/** Findings on DCs from which the object can come back, and on the others that are cut off. */
function* pastLifetime(past: readonly Behind[], lifetime: number): Generator<FindingDraft, void> {
  const withObject = past.filter(({ mayBringBack }) => mayBringBack);
  const others = past.filter(({ mayBringBack }) => !mayBringBack);
  const cutOff = (which: readonly Behind[]): string => {
    const names = which.map(({ name }) => name);
    return `${listed(names, 3)} ${names.length === 1 ? 'is' : 'are'} cut off for the tombstone lifetime (${lifetime} days) or longer`;
  };
  const parts = (which: readonly Behind[]) => ({
    steps: [steps.of('replication-summary', {})],
    evidence: which.map(inWords),
    subjects: which.map(({ name }) => name),
    measure: { value: Math.max(lifetime, ...which.map(({ days }) => days ?? lifetime)), unit: 'days' } as const,
  });
  if (withObject.length > 0)
    yield blocker(
      'replication-past-lifetime',
      `${cutOff(withObject)} and may bring the object back`,
      'Such a domain controller never receives this deletion. It keeps the server object, and replicates it back if it comes online again (a lingering object). First demote it by force and clean up its metadata, or repair it. Accept this only if it never comes back.',
      parts(withObject),
    );
  if (others.length > 0)
    yield warning(
      'replication-past-lifetime-without-object',
      `${cutOff(others)}; the object does not come back from there`,
      'A read-only domain controller has no outbound replication, and one that was cut off before the object was created does not have it. Repair or remove each.',
      parts(others),
    );
}

function inWords({ name, days }: Behind): string {
  return `${name}: ${days === undefined ? 'no replication seen' : `cut off for ${counted(days, 'day')}`}`;
}
