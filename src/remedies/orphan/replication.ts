/** Whether every DC gets the deletion: one that is cut off for longer than the tombstone lifetime keeps or revives the object. */

import { askAllForReplication } from '../../ad/ask-domain-controllers.ts';
import {
  directoryServiceDn,
  lifetimeAttributes,
  lifetimeInForce,
  serverKindOf,
  storedLifetimesOf,
  unsetMeans,
} from '../../ad/deleted-object-lifetime.ts';
import { sameDn } from '../../ad/dn.ts';
import type { Forest } from '../../ad/forest.ts';
import { islandsOf } from '../../ad/replication-islands.ts';
import { goneParties, type ReplicationNews, replicationNews } from '../../ad/replication-news.ts';
import { blocker, type FindingDraft, note, warning } from '../../change/findings.ts';
import { counted } from '../../words.ts';
import type { DirectoryWorld } from '../remedy.ts';
import type { ExchangeServer } from './organisation.ts';

const day = 86_400_000;
/** Days of silence after which replication is failing: links between sites may be idle over a night. */
const silence = 2;

export interface ReplicationFacts {
  /** Of the Configuration naming context alone. */
  readonly news: ReplicationNews;
  /** The tombstone lifetime in force, in days. */
  readonly lifetime: number;
}

/** What every DC has heard of the Configuration naming context. Throws DirectoryError. */
export async function readReplication(world: DirectoryWorld, forest: Forest): Promise<ReplicationFacts> {
  const { configurationNamingContext: configuration } = forest;
  const service = await world.session.readEntry(directoryServiceDn(configuration), lifetimeAttributes);
  const kind = serverKindOf(world.session.rootDse, false);
  const states = await askAllForReplication(forest, world, { namingContexts: [configuration] });
  const news = replicationNews(states, forest, world.now());
  return {
    news: { ...news, copies: news.copies.filter(({ namingContext }) => sameDn(namingContext, configuration)) },
    lifetime: service === undefined ? unsetMeans(kind) : lifetimeInForce(storedLifetimesOf(service), kind).days,
  };
}

/** A DC that is cut off. */
interface Behind {
  readonly name: string;
  /** undefined where it never heard of the others, or they of it. */
  readonly days: number | undefined;
  /** Whether it may hold the object and hand it back: not an RODC, and not one that was cut off before it was made. */
  readonly mayBringBack: boolean;
}

/** DCs that are past the lifetime or fall behind, and those that do not answer. */
export function replicationFindings(
  { news, lifetime }: ReplicationFacts,
  { created }: Pick<ExchangeServer, 'created'>,
  now: Date,
): readonly FindingDraft[] {
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
  return [
    ...pastLifetime(past, lifetime),
    ...(late.length === 0 && splits.length === 0
      ? []
      : [
          warning(
            'replication-behind',
            'Replication is failing: the deletion does not reach every domain controller now',
            'Repair replication before you run setup again: repadmin /replsummary. Setup reads the domain controller of its own site.',
            {
              evidence: [
                ...late.map(inWords),
                ...splits.map(
                  ({ sides }) => `parted: ${sides.map((side) => side.map(({ name }) => name).join(', ')).join(' | ')}`,
                ),
              ],
              subjects: late.map(({ name }) => name),
            },
          ),
        ]),
    ...(silent.length === 0
      ? []
      : [
          note(
            'replication-unknown',
            `${counted(silent.length, 'domain controller')} did not answer`,
            'The others have heard of it lately.',
            {
              evidence: silent.map(({ name, state }) =>
                state.kind === 'unreachable' ? `${name}: ${state.why}` : name,
              ),
            },
          ),
        ]),
  ];
}

/** The object comes back from a DC that still has it; from the others it does not. */
function pastLifetime(past: readonly Behind[], lifetime: number): readonly FindingDraft[] {
  const withObject = past.filter(({ mayBringBack }) => mayBringBack);
  const others = past.filter(({ mayBringBack }) => !mayBringBack);
  const cutOff = (which: readonly Behind[]): string =>
    `${counted(which.length, 'domain controller is', 'domain controllers are')} cut off for the tombstone lifetime (${lifetime} days) or longer`;
  const parts = (which: readonly Behind[]) => ({
    evidence: which.map(inWords),
    subjects: which.map(({ name }) => name),
    measure: { value: Math.max(lifetime, ...which.map(({ days }) => days ?? lifetime)), unit: 'days' } as const,
  });
  return [
    ...(withObject.length === 0
      ? []
      : [
          blocker(
            'replication-past-lifetime',
            `${cutOff(withObject)}, and may bring the object back`,
            'It never gets this deletion: it keeps the server object, and hands it back if it replicates again (a lingering object). Demote it by force and clean up its metadata, or repair it, first: repadmin /replsummary shows which it is. Accept this only if it never comes back.',
            parts(withObject),
          ),
        ]),
    ...(others.length === 0
      ? []
      : [
          warning(
            'replication-past-lifetime-without-object',
            `${cutOff(others)}; the object does not come back from there`,
            'A read-only domain controller hands nothing on, and one that was cut off before the object was made does not have it. Repair or remove it: repadmin /replsummary shows which it is.',
            parts(others),
          ),
        ]),
  ];
}

function inWords({ name, days }: Behind): string {
  return `${name}: ${days === undefined ? 'never heard of' : `cut off for ${counted(days, 'day')}`}`;
}
