/**
 * The replication of the forest against its lifetime, the effect of a proposal, and the advised number of days.
 * Pure.
 */

import {
  daysIfUnset,
  type Lifetime,
  lifetimeInForce,
  recommendedDays,
  silenceAtLastWrite,
} from '../../ad/deleted-object-lifetime.ts';
import { hostOf } from '../../ad/forest.ts';
import {
  type Comparable,
  type CutOff,
  type Islands,
  islandsOf,
  type OldestNews,
  type Split,
} from '../../ad/replication-islands.ts';
import { answerOf, goneParties, lifetimeExceeded, type Party } from '../../ad/replication-news.ts';
import type { Proposal } from '../../change/plan.ts';
import { isHost } from '../../quoting.ts';
import { day, distinct, durationInWords, listed } from '../../words.ts';
import type { ComparedControllers } from '../remedy.ts';
import { type Effect, effectOf } from './changes.ts';
import { addedUp, oldestOf } from './deleted-objects.ts';
import type { TombstoneFacts } from './gather.ts';

/**
 * Microsoft's thresholds for a DC without inbound replication: a watch list from 50 %, forced demotion considered from
 * 90 %.
 */
export const watchShare = 0.5;
export const nearShare = 0.9;

/** How near a silence is to the lifetime. */
export type Stage = 'fine' | 'watch-list' | 'near-lifetime' | 'past-lifetime' | 'past-former-lifetime';

/** The stage of a silence (in milliseconds) under a lifetime (in days). */
function stageOf(milliseconds: number, days: number): Stage {
  const share = milliseconds / (days * day);
  if (share >= 1) return 'past-lifetime';
  if (share >= nearShare) return 'near-lifetime';
  return share >= watchShare ? 'watch-list' : 'fine';
}

/** Whether a silence (in milliseconds) is within the 60 days that Windows uses without a value (KB 2020053, step 1). */
export function isWithinDefault(silence: number | undefined): boolean {
  return silence !== undefined && silence < daysIfUnset('windows') * day;
}

/** One DC in relation to the others. */
export interface Row {
  readonly party: Party;
  readonly state: 'in-touch' | 'cut-off' | 'split' | 'gone' | 'alone' | 'unknown';
  /** The length of its bar, in milliseconds: its oldest news of the others in its island, or how long it has been cut off. */
  readonly silence: number | undefined;
  readonly stage: Stage | undefined;
  readonly cutOff: CutOff | undefined;
  readonly oldest: OldestNews | undefined;
  /** The age of the newest change of it that another DC has, in milliseconds, and that DC. */
  readonly heard: { readonly age: number; readonly by: Party } | undefined;
}

/** DCs that are cut off, and sides that are parted. */
export type Apart = Pick<Islands, 'cutOff' | 'splits'>;

/** DCs and sides that were past the limit before the value was last written, and are within it only by the higher number. */
export interface FormerlyPast extends Apart {
  readonly islands: Islands;
  readonly written: Date;
  /** The shortest silence today, in days, that was past the former lifetime when the value was written. */
  readonly limit: number;
  /** The former lifetime in days; if it is not known, the server's default. */
  readonly former: number;
  /** Whether the former lifetime is known: metadata counts the writes and keeps no former value. */
  readonly isKnown: boolean;
}

/** Every DC against the lifetime. */
export interface ReplicationJudgement {
  /** The lifetime in force, as far as the stored values and the evidence show. */
  readonly lifetime: Lifetime;
  /** undefined if the value was never written, or so long ago that it makes no difference. */
  readonly former: FormerlyPast | undefined;
  /** Leftover metadata of DCs that no longer exist. */
  readonly gone: ReadonlySet<Party>;
  /** The islands of the forest for a limit of this many days. */
  readonly islandsAt: (days: number) => Islands;
  /** Sides that have been separated for at least half of the lifetime, or were past a former one. */
  readonly splits: readonly Split[];
  /** One a DC, the worst first. */
  readonly rows: readonly Row[];
}

/** Judges all DCs by the lifetime in force. */
export function judgeReplication(facts: TombstoneFacts): ReplicationJudgement {
  const { replication, settings, serverKind } = facts;
  const lifetime = lifetimeInForce(settings, serverKind, {
    oldestTombstone: oldestOf(addedUp(facts.deletedObjects, 'tombstones')),
    refusedAfter: refusedAfter(facts),
  });
  const gone = goneParties(replication, lifetime.days * day);
  const isGone = (party: Party): boolean => gone.has(party);
  const islandsAt = (days: number): Islands => islandsOf(replication, days * day, isGone);
  const former = formerlyPast(facts, lifetime, islandsAt);
  // A DC that only a raise has put within the limit still counts as cut off, and does not affect another DC's bar.
  const watched = islandsAt(Math.min(lifetime.days * watchShare, former?.limit ?? lifetime.days));
  const isOnly = replication.parties.filter((party) => !gone.has(party)).length === 1;
  const rows = replication.parties.map((party): Row => {
    const cutOff = watched.cutOff.find((one) => one.party === party);
    const oldest = watched.oldest.get(party);
    const split = watched.splits.find(({ sides }) => sides.flat().includes(party));
    const heard = heardOf(party, facts);
    const silence = silenceOf({ party, cutOff, oldest, heard }, split);
    const stage = silence === undefined ? undefined : stageUnder(silence, lifetime, former);
    const common = { party, silence, stage, cutOff, oldest, heard };
    if (gone.has(party)) return { ...common, state: 'gone', silence: undefined, stage: undefined };
    if (cutOff !== undefined) return { ...common, state: 'cut-off' };
    if (split !== undefined) return { ...common, state: 'split' };
    if (isOnly && party.state.kind === 'answered') return { ...common, state: 'alone' };
    return { ...common, state: silence === undefined ? 'unknown' : 'in-touch' };
  });
  return { lifetime, former, gone, islandsAt, splits: watched.splits, rows: rows.toSorted(worstFirst) };
}

/** The stage of a silence in milliseconds, under the lifetime of today and the one before. */
export function stageUnder(
  silence: number,
  lifetime: Lifetime,
  former: Pick<FormerlyPast, 'limit'> | undefined,
): Stage {
  const stage = stageOf(silence, lifetime.days);
  const isFormerlyPast = former !== undefined && silence >= former.limit * day;
  return stage !== 'past-lifetime' && isFormerlyPast ? 'past-former-lifetime' : stage;
}

function formerlyPast(
  { settings: { lifetimeWritten: written, lifetimeVersion }, serverKind, now }: TombstoneFacts,
  lifetime: Lifetime,
  islandsAt: ReplicationJudgement['islandsAt'],
): FormerlyPast | undefined {
  const limit = silenceAtLastWrite(written, serverKind, lifetime, now);
  if (written === undefined || limit === undefined) return undefined;
  const islands = islandsAt(limit);
  const apart = without(islands, islandsAt(lifetime.days));
  // Before its first write an attribute has no value.
  return { ...apart, islands, written, limit, former: daysIfUnset(serverKind), isKnown: lifetimeVersion === 1 };
}

/** The DCs that are cut off or on a side of a split, each once. */
export function partiesIn({ cutOff, splits }: Apart): readonly Party[] {
  return distinct([...cutOff.map(({ party }) => party), ...splits.flatMap(({ sides }) => sides.flat())]);
}

/** The islands of a shorter silence, without what is apart at a longer one already. */
export function without(islands: Apart, graver: Apart): Apart {
  const known = new Set(partiesIn(graver));
  return {
    cutOff: islands.cutOff.filter(({ party }) => !known.has(party)),
    splits: islands.splits.filter(({ sides }) => !sides.flat().every((party) => known.has(party))),
  };
}

function silenceOf(
  { party, cutOff, oldest, heard }: Pick<Row, 'party' | 'cutOff' | 'oldest' | 'heard'>,
  split: Split | undefined,
): number | undefined {
  if (cutOff !== undefined) return cutOff.age;
  if (oldest !== undefined) return oldest.age;
  const isAlone = split?.sides.some((side) => side.length === 1 && side[0] === party) ?? false;
  if (isAlone) return split?.age;
  return party.state.kind === 'answered' ? undefined : heard?.age;
}

/** By the first naming context that shows it, which is the Configuration partition as a rule. */
function heardOf(party: Party, { replication }: TombstoneFacts): Row['heard'] {
  for (const { full, partial, news } of replication.copies) {
    const heard = [...full, ...partial].flatMap((by) => {
      const one = by === party ? undefined : news(by, party);
      return one?.kind === 'heard' ? [{ by, age: one.age }] : [];
    });
    const [newest] = heard.toSorted((one, other) => one.age - other.age);
    if (newest !== undefined) return newest;
  }
  return undefined;
}

function worstFirst(one: Row, other: Row): number {
  return gravityOf(other) - gravityOf(one) || (other.silence ?? 0) - (one.silence ?? 0);
}

function gravityOf({ state, stage }: Row): number {
  if (state === 'gone') return -1;
  if (stage === undefined) return state === 'alone' ? 0 : 1;
  return { fine: 0, 'watch-list': 2, 'near-lifetime': 3, 'past-former-lifetime': 4, 'past-lifetime': 5 }[stage];
}

/** The shortest silence in days after which a DC refused its partner as past the lifetime. */
function refusedAfter({ replication, now }: TombstoneFacts): number | undefined {
  const ages = replication.parties.flatMap((party) => {
    const said = answerOf(party);
    if (said === undefined) return [];
    const clock = said.clock ?? now;
    return said.links.flatMap(({ lastResult, lastSuccess }) => {
      if (lastResult !== lifetimeExceeded || !(lastSuccess instanceof Date)) return [];
      const age = (clock.getTime() - lastSuccess.getTime()) / day;
      return age < 0 ? [] : [Math.floor(age)];
    });
  });
  return ages.length === 0 ? undefined : Math.min(...ages);
}

/** A proposal with the facts: the input of every group of findings. */
export interface Situation {
  readonly facts: TombstoneFacts;
  readonly effect: Effect;
  readonly judgement: ReplicationJudgement;
  /** The lifetime in force now and after the changes. */
  readonly before: Lifetime;
  readonly after: Lifetime;
  /** How long the Recycle Bin brings objects back, now and after the changes, in days. */
  readonly recycleBefore: number;
  readonly recycleAfter: number;
  /** Whether there is anything to write. */
  readonly isChange: boolean;
  /** Whether the lifetime gets longer, or may get longer; likewise shorter. */
  readonly raises: boolean;
  readonly lowers: boolean;
}

/** The facts together with the changes of a proposal. */
export function situationOf(facts: TombstoneFacts, proposal: Pick<Proposal, 'changes'>): Situation {
  const { settings, serverKind } = facts;
  const effect = effectOf(proposal);
  const judgement = judgeReplication(facts);
  const stored = {
    ...settings,
    ...(effect.lifetime === undefined ? {} : { tombstoneLifetime: effect.lifetime.to }),
    ...(effect.recycle === undefined ? {} : { deletedObjectLifetime: effect.recycle.to }),
  };
  const before = judgement.lifetime;
  const after = effect.lifetime === undefined ? before : lifetimeInForce(stored, serverKind);
  return {
    facts,
    effect,
    judgement,
    before,
    after,
    recycleBefore: settings.deletedObjectLifetime ?? before.atMost,
    recycleAfter: stored.deletedObjectLifetime ?? after.days,
    isChange: proposal.changes.length > 0,
    raises: effect.lifetime !== undefined && after.days > before.days,
    lowers: effect.lifetime !== undefined && after.days < before.atMost,
  };
}

/** DCs to compare with: those that are neither cut off nor gone. */
export function soundParties({ facts, judgement }: Situation, { cutOff }: Islands): readonly Party[] {
  const apart = new Set(cutOff.map(({ party }) => party));
  return facts.replication.parties.filter((party) => !apart.has(party) && !judgement.gone.has(party));
}

/** The DCs of comparisons by name, as commands take them; none if a name cannot be a DNS name. */
export function suspectsIn(comparisons: readonly Comparable[]): readonly ComparedControllers[] {
  return comparisons
    .map(({ reference, targets }) => ({
      reference: hostOfParty(reference),
      targets: targets.map(hostOfParty).filter(isHost),
    }))
    .filter(({ reference, targets }) => isHost(reference) && targets.length > 0);
}

/** The name that its DC is reached by. */
export function hostOfParty({ domainController }: Party): string {
  return hostOf(domainController);
}

/**
 * DCs that the new value does not reach by replication: they take nothing from their partners, or are on another side of a
 * split than the DC that it is written on.
 */
export function partiesOutOfReach(
  facts: TombstoneFacts,
  { gone, lifetime, former, islandsAt }: ReplicationJudgement,
): readonly Party[] {
  // A DC that was silent past the former lifetime does not accept changes again just because the number is higher.
  const limit = former?.limit ?? lifetime.days;
  const { cutOff, splits } = islandsAt(limit);
  const { parties } = facts.replication;
  const source = parties.find(
    ({ domainController }) => domainController.dnsHostName?.toLowerCase() === facts.source.host.toLowerCase(),
  );
  const deaf = cutOff.filter(({ ownAge }) => ownAge === undefined || ownAge >= limit * day);
  const isFar = (party: Party): boolean =>
    splits.some(({ sides }) =>
      sides.some((side) => side.includes(party) && source !== undefined && !side.includes(source)),
    );
  return parties.filter(
    (party) =>
      party !== source &&
      !gone.has(party) &&
      (isFar(party) ||
        deaf.some((one) => one.party === party) ||
        party.domainController.isInboundReplicationOff ||
        isRefusingAll(party)),
  );
}

function isRefusingAll({ state }: Party): boolean {
  if (state.kind !== 'answered' || state.answer.links.length === 0) return false;
  return state.answer.links.every(({ lastResult }) => lastResult === lifetimeExceeded);
}

/** "DC1 last heard of it 71 days ago" */
export function heardInWords(heard: Row['heard']): string {
  return heard === undefined
    ? 'no other DC shows when it last heard of it'
    : `${heard.by.name} last heard of it ${durationInWords(heard.age)} ago`;
}

/** Names in a title: the first three, and how many more. */
export function inTitle(names: readonly string[]): string {
  return listed(distinct(names), 3);
}

/** "DC4 has", "DC3 and DC4 have", "DC1, DC2, DC3 and 27 more have" */
export function have(parties: readonly Party[]): string {
  return `${inTitle(parties.map(({ name }) => name))} ${parties.length === 1 ? 'has' : 'have'}`;
}

/** "Amsterdam (DC1, DC2)" */
export function sideInWords(side: readonly Party[]): string {
  const sites = distinct(side.map(({ domainController }) => domainController.site));
  const names = inTitle(side.map(({ name }) => name));
  return sites.length === 1 && side.length > 1 ? `${sites[0]} (${names})` : names;
}

/** The number of days that is advised, and why. */
interface Advice {
  readonly days: number;
  /** As sentences. */
  readonly reasons: readonly string[];
}

/** The reserve that is added to the longest time to bridge, in days. */
const reserveDays = 30;

/**
 * At least what Microsoft recommends and what is in force, and more than the longest silence of a DC that is to be kept
 * and the age of the last backup, with a reserve. A DC that is past the lifetime, or was past a former one, is not to be
 * repaired by the number.
 */
export function adviceFor(facts: TombstoneFacts, { lifetime, former, rows, splits }: ReplicationJudgement): Advice {
  const inForce = lifetime.atMost;
  const isPast = (stage: Stage | undefined): boolean => stage === 'past-lifetime' || stage === 'past-former-lifetime';
  const silences = rows.flatMap(({ party, silence: age, stage }) => {
    if (age === undefined || isPast(stage)) return [];
    return [{ age, what: `${party.name} last replicated ${durationInWords(age)} ago` }];
  });
  const parted = splits.flatMap(({ sides, age }) => {
    if (age === undefined || isPast(stageUnder(age, lifetime, former))) return [];
    const names = listed(sides.map(sideInWords));
    return [{ age, what: `${names} last replicated with each other ${durationInWords(age)} ago` }];
  });
  const bridged = [...silences, ...parted, ...backupAges(facts, inForce)].toSorted((one, other) => other.age - one.age);
  const [longest] = bridged;
  // Whole days as they are printed, so that the reader can add them up; the reserve is far larger than the rest.
  const needed = longest === undefined ? 0 : Math.floor(longest.age / day) + reserveDays;
  const days = Math.max(recommendedDays, inForce, needed);
  return {
    days,
    reasons: [
      days === recommendedDays && `Microsoft recommends ${recommendedDays}.`,
      days === inForce &&
        days > recommendedDays &&
        `${inForce} days are in force: a lower value shortens the life of every backup.`,
      longest !== undefined &&
        longest.age >= day &&
        `At least ${needed} are needed: ${longest.what}, plus ${reserveDays} in reserve.`,
    ].filter((one) => one !== false),
  };
}

/** The ages of the last backups that can still be used, in milliseconds, each with its words. */
function backupAges(facts: TombstoneFacts, inForce: number) {
  return facts.backups.flatMap(({ namingContext, time }) => {
    if (!(time instanceof Date)) return [];
    const age = facts.now.getTime() - time.getTime();
    const what = `the last backup of ${namingContext} is ${durationInWords(age)} old`;
    return age < inForce * day ? [{ age, what }] : [];
  });
}
