/** Whether every DC will get the deletion: one that is cut off for longer than the tombstone lifetime keeps or revives the object. */

import { sameDn } from '../../ad/dn.ts';
import { integerOf } from '../../ad/entry.ts';
import type { DomainController, Forest } from '../../ad/forest.ts';
import { askForReplication } from '../../ad/replication-answer.ts';
import { islandsOf } from '../../ad/replication-islands.ts';
import { type DomainControllerState, goneParties, replicationNews } from '../../ad/replication-news.ts';
import { type FindingDraft, note, warning } from '../../change/findings.ts';
import { RemedyError } from '../../errors.ts';
import { inParallel } from '../../files/in-parallel.ts';
import { counted } from '../../words.ts';
import type { DirectoryWorld } from '../remedy.ts';

const day = 86_400_000;
/** DCs asked at the same time. */
const atOnce = 8;
/** In days, where tombstoneLifetime is not set (MS-ADTS 6.1.1.2.4.1.1). */
const defaultLifetime = 60;
/** Days of silence after which replication is failing: links between sites may be idle over a night. */
const silence = 2;

export interface ReplicationFacts {
  readonly states: readonly DomainControllerState[];
  /** tombstoneLifetime in days. */
  readonly lifetime: number;
}

/** Asks every DC for its partners in the Configuration naming context. Throws DirectoryError. */
export async function readReplication(world: DirectoryWorld, forest: Forest): Promise<ReplicationFacts> {
  const { configurationNamingContext: configuration, domainControllers } = forest;
  const service = await world.session.readEntry(`CN=Directory Service,CN=Windows NT,CN=Services,${configuration}`, [
    'tombstoneLifetime',
  ]);
  const stored = service === undefined ? undefined : integerOf(service, 'tombstoneLifetime');
  return {
    states: await inParallel(domainControllers, atOnce, (domainController) =>
      askOne(world, domainController, configuration),
    ),
    lifetime: stored ?? defaultLifetime,
  };
}

async function askOne(
  world: DirectoryWorld,
  domainController: DomainController,
  configuration: string,
): Promise<DomainControllerState> {
  const host = domainController.dnsHostName ?? domainController.name;
  const isChosen = host.toLowerCase() === world.session.rootDse.dnsHostName?.toLowerCase();
  try {
    const session = isChosen ? await world.reopen() : await world.openOther(host);
    const answer = await askForReplication(session, [configuration]).finally(() => session.close());
    const clockAhead = answer.clock === undefined ? undefined : answer.clock.getTime() - world.now().getTime();
    return { domainController, state: { kind: 'answered', answer, clockAhead } };
  } catch (error) {
    // A DC that does not answer is part of the judgement.
    if (!(error instanceof RemedyError)) throw error;
    return { domainController, state: { kind: 'unreachable', why: error.trouble.cameBack } };
  }
}

/** DCs that are past the lifetime or fall behind, and those that do not answer. */
export function replicationFindings(
  { states, lifetime }: ReplicationFacts,
  forest: Forest,
  now: Date,
): readonly FindingDraft[] {
  const all = replicationNews(states, forest, now);
  const news = {
    ...all,
    copies: all.copies.filter(({ namingContext }) => sameDn(namingContext, forest.configurationNamingContext)),
  };
  const gone = goneParties(news, lifetime * day);
  const { cutOff, splits } = islandsOf(news, silence * day, (party) => gone.has(party));
  const behind = cutOff.map(({ party, age }) => ({
    name: party.name,
    days: age === undefined ? undefined : Math.floor(age / day),
  }));
  const past = behind.filter(({ days }) => days === undefined || days >= lifetime);
  const late = behind.filter((one) => !past.includes(one));
  const silent = news.parties.filter(
    ({ name, state }) => state.kind === 'unreachable' && !behind.some((one) => one.name === name),
  );
  return [
    ...(past.length === 0
      ? []
      : [
          warning(
            'replication-past-lifetime',
            `${counted(past.length, 'domain controller is', 'domain controllers are')} cut off for the tombstone lifetime (${lifetime} days) or longer`,
            'It never gets this deletion: the server object stays there, and may come back from there as a lingering object. Repair or remove that domain controller first: repadmin /replsummary shows which it is.',
            {
              evidence: past.map(inWords),
              subjects: past.map(({ name }) => name),
              measure: { value: Math.max(lifetime, ...past.map(({ days }) => days ?? lifetime)), unit: 'days' },
            },
          ),
        ]),
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

function inWords({ name, days }: { readonly name: string; readonly days: number | undefined }): string {
  return `${name}: ${days === undefined ? 'never heard of' : `cut off for ${counted(days, 'day')}`}`;
}
