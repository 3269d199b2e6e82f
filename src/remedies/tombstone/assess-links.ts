/** Findings on single links and single DCs: results of replication, clocks, and what is not known. */

import { recommendedDays } from '../../ad/deleted-object-lifetime.ts';
import type { PointInTime } from '../../ad/entry.ts';
import { hasFullCopy, hostOf } from '../../ad/forest.ts';
import type { Comparable } from '../../ad/replication-islands.ts';
import { answerOf, clockTolerance, isFuture, lifetimeExceeded, type Party } from '../../ad/replication-news.ts';
import { blocker, type FindingDraft, type NextStep, note, warning } from '../../change/findings.ts';
import { describeWindowsError } from '../../ldap/diagnostics.ts';
import { agoInWords, counted, day, distinct, durationInWords, groupBy } from '../../words.ts';
import { askReplication, findLingering, steps } from './finding-steps.ts';
import { have, heardInWords, hostOfParty, inTitle, type Situation } from './situation.ts';

/** ERROR_DS_DRA_REPL_PENDING: queued, not failed. */
const pending = 8477;
/** Results that name an object which the destination lacks and the source has (8606, 8240); Samba answers 58. */
const lingeringResults = [8606, 8240];
const sambaLingeringResult = 58;

/** One source of one DC, for all naming contexts that fail in the same way. */
interface Failure {
  readonly destination: Party;
  readonly source: Party | undefined;
  readonly result: number;
  readonly namingContexts: readonly string[];
  readonly line: string;
}

function failuresOf({ facts, judgement }: Situation): readonly Failure[] {
  const { parties } = facts.replication;
  return parties.flatMap((destination) => {
    const said = answerOf(destination);
    if (said === undefined) return [];
    const { links, clock = facts.now } = said;
    const failing = links.filter(({ lastResult }) => lastResult !== 0 && lastResult !== pending);
    const alike = groupBy(failing, ({ sourceDsaGuid, lastResult }) => `${sourceDsaGuid} ${lastResult}`);
    return [...alike.values()].flatMap((group): Failure[] => {
      const [first] = group;
      if (first === undefined) return [];
      const source = parties.find(({ domainController }) => domainController.dsaGuid === first.sourceDsaGuid);
      if (source !== undefined && judgement.gone.has(source)) return [];
      const failures = Math.max(...group.map(({ consecutiveFailures }) => consecutiveFailures));
      const where = group.length === 1 ? first.namingContext : counted(group.length, 'naming context');
      const line = `${destination.name} from ${source?.name ?? `DSA ${first.sourceDsaGuid}`}, ${where}: ${describeWindowsError(first.lastResult)}; ${counted(failures, 'failure')} in a row, last success ${successInWords(first.lastSuccess, clock)}`;
      const namingContexts = group.map(({ namingContext }) => namingContext);
      return [{ destination, source, result: first.lastResult, namingContexts, line }];
    });
  });
}

/** "75 days ago"; of a time that cannot be true, the time itself. */
function successInWords(time: PointInTime, clock: Date): string {
  return time instanceof Date && isFuture(time, clock)
    ? `${time.toISOString()}, in the future: its age is not known`
    : agoInWords(time, clock);
}

/** Failing links, replication that was switched off, clocks that differ, and unknown states. */
export function linkFindings(situation: Situation): readonly FindingDraft[] {
  const failures = failuresOf(situation);
  const refused = failures.filter(({ result }) => result === lifetimeExceeded);
  const lingering = failures.filter((one) => isLingering(one, situation));
  const others = failures.filter((one) => !refused.includes(one) && !lingering.includes(one));
  return [
    lingeringFinding(lingering, situation),
    refusedFinding(refused, situation),
    others.length > 0 &&
      warning(
        'replication-failures',
        `Replication fails: ${inTitle(others.map(({ destination, source }) => `${destination.name} from ${source?.name ?? 'an unknown DC'}`))}`,
        'Repair these links first. If no partner can replicate from a DC, its changes do not get out, and it can pass the lifetime unnoticed.',
        {
          subjects: distinct(others.map(({ destination }) => destination.name)),
          evidence: others.map(({ line }) => line),
        },
      ),
    switchedOff(situation),
    ...clockFindings(situation),
    ...unknowns(situation),
    showreplDiffers(situation),
  ].filter((one) => one !== false && one !== undefined);
}

/** Each DC that reports such a result, with the sources that it names: these have what it lacks. */
export function suspectedSources(situation: Situation): readonly Comparable[] {
  const lingering = failuresOf(situation).filter((failure) => isLingering(failure, situation));
  const byDestination = groupBy(lingering, ({ destination }) => destination);
  return [...byDestination]
    .filter(([{ domainController }]) => !domainController.isReadOnly)
    .map(([reference, failures]) => ({ reference, targets: distinct(failures.flatMap(({ source }) => source ?? [])) }));
}

function isLingering({ result }: Failure, { facts }: Situation): boolean {
  return lingeringResults.includes(result) || (facts.serverKind === 'samba' && result === sambaLingeringResult);
}

function findOnSources(lingering: readonly Failure[], situation: Situation): readonly NextStep[] {
  const requests = () =>
    lingering.flatMap(({ source, destination, namingContexts }) => {
      const sourceDsaGuid = destination.domainController.dsaGuid;
      if (source === undefined || sourceDsaGuid === undefined || destination.domainController.isReadOnly) return [];
      const host = hostOfParty(source);
      return namingContexts
        .filter((namingContext) => hasFullCopy(destination.domainController, namingContext))
        .map((namingContext) => ({ destination: host, sourceDsaGuid, namingContext }));
    });
  return findLingering(suspectedSources(situation), requests, situation);
}

function lingeringFinding(lingering: readonly Failure[], situation: Situation): FindingDraft | undefined {
  if (lingering.length === 0) return undefined;
  const { raises, facts } = situation;
  const sources = distinct(lingering.map(({ source }) => source?.name ?? 'an unknown DC'));
  const title = `Lingering objects are likely on ${inTitle(sources)}`;
  const cure =
    facts.objectComparison === undefined
      ? 'Before any raise, list them with the commands below; without /advisory_mode they are removed.'
      : 'Before any raise, find lingering objects with the command below and remove them as it says.';
  const detail = `Partners report that they were sent changes of objects that they do not have. Tombstones near the end of the lifetime, a new partial attribute set or a reanimated object look the same. ${cure}`;
  const parts = {
    subjects: sources,
    steps: findOnSources(lingering, situation),
    evidence: lingering.map(({ line }) => line),
  };
  return (raises ? blocker : warning)('lingering-objects-likely', title, detail, parts);
}

function refusedFinding(refused: readonly Failure[], { before, after }: Situation): FindingDraft | undefined {
  if (refused.length === 0) return undefined;
  const tooShort =
    before.days < 60 && after.days <= before.days
      ? `The lifetime is so short (${counted(before.days, 'day')}) that healthy DCs exceed it. Set ${recommendedDays} first. `
      : '';
  return warning(
    'refused-partners',
    `${inTitle(refused.map(({ destination, source }) => `${destination.name} refuses ${source?.name ?? 'an unknown DC'}`))} (8614)`,
    `${tooShort}One of the two has not replicated for longer than the lifetime; status 8614 does not say which. A DC that refuses accepts no changes from its partner, not even the new lifetime. After cleaning, allow divergent replication there once (next steps).`,
    {
      subjects: distinct(refused.map(({ destination }) => destination.name)),
      evidence: refused.map(({ line }) => line),
    },
  );
}

function switchedOff({ facts }: Situation): FindingDraft | undefined {
  const off = facts.replication.parties
    .flatMap(({ name, domainController: own }) => [
      own.isInboundReplicationOff && { name, host: hostOf(own), direction: 'inbound' },
      own.isOutboundReplicationOff && { name, host: hostOf(own), direction: 'outbound' },
    ])
    .filter((one) => one !== false);
  if (off.length === 0) return undefined;
  const names = distinct(off.map(({ name }) => name));
  return warning(
    'replication-switched-off',
    `Replication is switched off on ${inTitle(names)}`,
    'An administrator did that, or the DC itself after a USN rollback (event 2095). Find out which, then switch it on again.',
    {
      subjects: names,
      steps: off.map(({ host, direction }) => steps.of('switch-on', { host, direction })),
      evidence: off.map(({ name, direction }) => `${name}: ${direction}`),
    },
  );
}

/**
 * Clocks that differ from the middle of all clocks, this computer's included: a DC's is more often right than a laptop's.
 * After a jump it is not known when the DC last replicated.
 */
function clockFindings({ facts, lowers }: Situation): readonly FindingDraft[] {
  const clocks = facts.replication.parties.flatMap(({ name, state }) =>
    state.kind === 'answered' && state.clockAhead !== undefined ? [{ name, ahead: state.clockAhead }] : [],
  );
  const computer = { name: 'this computer', ahead: 0 };
  const sorted = [...clocks.map(({ ahead }) => ahead), 0].toSorted((one, other) => one - other);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const off = (
    clocks.length < 2
      ? clocks.map((one) => ({ ...one, by: one.ahead }))
      : [...clocks, computer].map((one) => ({ ...one, by: one.ahead - middle }))
  ).filter(({ by }) => Math.abs(by) > clockTolerance);
  const jumps = facts.replication.jumps;
  const isGrave = off.some(({ by }) => Math.abs(by) >= day);
  const others = clocks.length < 2 ? 'this computer' : 'the others';
  const title = `Clocks differ: ${inTitle(off.map(({ name }) => name))}`;
  const detail =
    'A clock that jumps makes replication partners look older than the lifetime (false 8614). Correct the clocks first. Ages are computed by the clock of the DC that answered, not by this computer.';
  const parts = {
    subjects: off.map(({ name }) => name),
    evidence: off.map(
      ({ name, by }) => `${name} is ${durationInWords(by)} ${by > 0 ? 'ahead of' : 'behind'} ${others}`,
    ),
  };
  return [
    off.length > 0 && (isGrave && lowers ? blocker : warning)('clock-differs', title, detail, parts),
    jumps.length > 0 &&
      warning(
        'clock-jumped',
        `The clock of ${inTitle(jumps.map(({ party }) => party.name))} jumped: it is not known when it last replicated`,
        'A success in the future, or thousands of failures after a recent success, shows that a clock was set wrong. Check the time on the DC and its partners, then its replication.',
        {
          steps: [askReplication(distinct(jumps.map(({ party }) => party)))],
          subjects: distinct(jumps.map(({ party }) => party.name)),
          evidence: jumps.map(
            ({ party, namingContext, lastSuccess, consecutiveFailures }) =>
              `${party.name}, ${namingContext}: last success ${lastSuccess.toISOString()}${consecutiveFailures === undefined ? '' : `, ${counted(consecutiveFailures, 'failure')} in a row`}`,
          ),
        },
      ),
  ].filter((one) => one !== false);
}

/** An unknown age about a DC. Unknown is never taken for healthy. */
function unknowns({ facts, judgement }: Situation): readonly FindingDraft[] {
  const { parties, copies } = facts.replication;
  const living = parties.filter((party) => !judgement.gone.has(party));
  const unreachable = living.filter(({ state }) => state.kind === 'unreachable');
  const silent = facts.isExport ? [] : living.flatMap((party) => silentLines(party, living));
  const never = living.flatMap((party) =>
    copies.flatMap(({ namingContext, full, partial, news }) => {
      const known = [...full, ...partial].includes(party) ? full.map((source) => news(party, source).kind) : [];
      return known.includes('never') && !known.includes('heard')
        ? [{ party, line: `${party.name}: ${namingContext}` }]
        : [];
    }),
  );
  return [
    unreachable.length > 0 && unreachableFinding(unreachable, judgement),
    silent.length > 0 &&
      warning(
        'replication-unknown',
        `${inTitle(silent.map(({ party }) => party.name))}: replication is unknown for some naming contexts`,
        'Unknown does not mean healthy: this user may have no right to see it. Ask the DC itself.',
        {
          subjects: distinct(silent.map(({ party }) => party.name)),
          steps: [askReplication(distinct(silent.map(({ party }) => party)))],
          evidence: silent.map(({ line }) => line),
        },
      ),
    never.length > 0 &&
      warning(
        'never-replicated',
        `${have(distinct(never.map(({ party }) => party)))} a naming context that was never replicated`,
        "To see why, check the DC's own replication status.",
        {
          subjects: distinct(never.map(({ party }) => party.name)),
          steps: [askReplication(distinct(never.map(({ party }) => party)))],
          evidence: never.map(({ line }) => line),
        },
      ),
  ].filter((one) => one !== false);
}

function unreachableFinding(unreachable: readonly Party[], { rows }: Situation['judgement']): FindingDraft {
  return warning(
    'unreachable-dcs',
    `${inTitle(unreachable.map(({ name }) => name))} could not be asked`,
    'Only the DC itself knows what it has received. Ask it where it can be reached.',
    {
      subjects: unreachable.map(({ name }) => name),
      steps: [askReplication(unreachable)],
      evidence: unreachable.map((party) => {
        const last = heardInWords(rows.find((row) => row.party === party)?.heard);
        const why = party.state.kind === 'unreachable' ? party.state.why : '';
        return `${party.name}: ${why}; ${last}`;
      }),
    },
  );
}

/** Naming contexts that a DC should receive from others and does not report. */
function silentLines(
  party: Party,
  living: readonly Party[],
): readonly { readonly party: Party; readonly line: string }[] {
  const { name, state } = party;
  if (state.kind !== 'answered') return [];
  const others = living.filter((other) => other !== party && !other.domainController.isReadOnly);
  // If no naming contexts can be read, every other DC may be a partner.
  const isKnown = others.some(({ domainController }) => domainController.fullNamingContexts.length > 0);
  const expectsPartner = (namingContext: string): boolean =>
    others.some(({ domainController }) => !isKnown || hasFullCopy(domainController, namingContext));
  return state.answer.silent
    .filter(({ namingContext }) => expectsPartner(namingContext))
    .map(({ namingContext, why }) => ({ party, line: `${name}: ${namingContext}: ${why}` }));
}

/** The two sources compared: a file of repadmin and the DCs that could be asked. */
function showreplDiffers({ facts }: Situation): FindingDraft | undefined {
  const { showrepl, showreplDifferences: differences } = facts;
  const [source] = showrepl;
  if (source === undefined || differences.length === 0) return undefined;
  return note(
    'showrepl-differs',
    `The showrepl file and the DCs differ in ${counted(differences.length, 'link')}`,
    'If a DC answered, its own answer counts. The file is older and is used only for DCs that did not answer.',
    { evidence: differences, source },
  );
}
