/** Findings on silence: sides that are parted, DCs that are cut off or gone, against the lifetimes of today and to come. */

import { sameDn } from '../../ad/dn.ts';
import type { CutOff, Islands, Split } from '../../ad/replication-islands.ts';
import { answerOf, lifetimeExceeded, type Party } from '../../ad/replication-news.ts';
import { blocker, type FindingDraft, type FindingSource, type NextStep, note, warning } from '../../change/findings.ts';
import { agoInWords, counted, day, distinct, durationInWords, listed } from '../../words.ts';
import { linkFindings } from './assess-links.ts';
import { askReplication, findLingeringOn, steps } from './finding-steps.ts';
import type { TombstoneFacts } from './gather.ts';
import {
  type Apart,
  type FormerlyPast,
  have,
  heardInWords,
  inTitle,
  isWithinDefault,
  nearShare,
  partiesIn,
  type Situation,
  sideInWords,
  watchShare,
  without,
} from './situation.ts';

/** Everything about replication: silences first, then single links, clocks, and what is not known. */
export function replicationFindings(situation: Situation): readonly FindingDraft[] {
  return [
    ...silenceFindings(situation),
    formerLifetime(situation),
    goneDcs(situation),
    ...linkFindings(situation),
  ].filter((one) => one !== undefined);
}

/** Silences by how near they are to the lifetimes, each DC and split at its worst place only. */
function silenceFindings(situation: Situation): readonly FindingDraft[] {
  const { before, after, lowers, judgement } = situation;
  const past = judgement.islandsAt(before.days);
  const isLower = lowers && after.days < before.days;
  const pastNew = isLower ? without(judgement.islandsAt(after.days), past) : nothing;
  // A DC that only a raise has put within the limit has a separate, graver finding.
  const graver = joined(past, judgement.former ?? nothing);
  const near = without(judgement.islandsAt(before.days * nearShare), graver);
  const watched = without(judgement.islandsAt(before.days * watchShare), joined(graver, near));
  return [
    splitFinding(situation, past, 'past'),
    pastLifetime(situation, past),
    splitFinding(situation, pastNew, 'new'),
    pastNewLifetime(situation, pastNew),
    early('near-lifetime', near, situation, 'close to the lifetime', 'Repair replication now'),
    early('watch-list', watched, situation, 'more than half of the lifetime', 'Repair replication in time'),
  ].filter((one) => one !== undefined);
}

const nothing: Apart = { cutOff: [], splits: [] };

function joined(one: Apart, other: Apart): Apart {
  return { cutOff: [...one.cutOff, ...other.cutOff], splits: [...one.splits, ...other.splits] };
}

/** "DC4, Paramaribo: heard nothing for 75 days; last heard of 71 days ago (DC1)" */
function cutOffLine({ party, ownAge, heardAge, heardBy, namingContexts }: CutOff, total: number): string {
  const own =
    ownAge === undefined
      ? party.state.kind === 'unreachable'
        ? `does not answer (${party.state.why})`
        : 'it is not known when it last heard of the others'
      : `last heard of the others ${durationInWords(ownAge)} ago`;
  const others = party.domainController.isReadOnly
    ? 'read-only: no outbound replication'
    : heardInWords(heardAge === undefined || heardBy === undefined ? undefined : { age: heardAge, by: heardBy });
  const where = namingContexts.length < total ? `; in ${listed(namingContexts, 2)}` : '';
  return `${party.name}, ${party.domainController.site}: ${own}; ${others}${where}`;
}

function cutOffLines(cutOff: readonly CutOff[], { replication }: TombstoneFacts): readonly string[] {
  return cutOff.map((one) => cutOffLine(one, replication.copies.length));
}

function longestOf(apart: readonly { readonly age: number | undefined }[]): number | undefined {
  const ages = apart.flatMap(({ age }) => age ?? []);
  return ages.length === 0 ? undefined : Math.max(...ages);
}

function daysOf(apart: readonly { readonly age: number | undefined }[]): {
  readonly measure?: { readonly value: number; readonly unit: 'days' };
} {
  const longest = longestOf(apart);
  return longest === undefined ? {} : { measure: { value: Math.floor(longest / day), unit: 'days' } };
}

/** The file of repadmin that the silence of these DCs was read from, if any of them could not be asked itself. */
function sourceOf(parties: readonly Party[], { showrepl }: TombstoneFacts): { readonly source?: FindingSource } {
  const isReported = parties.some(({ state }) => state.kind === 'unreachable' && state.reported !== undefined);
  const [source] = showrepl;
  return isReported && source !== undefined ? { source } : {};
}

/** "71 days", "up to 71 days", "longer than the lifetime (8614)" */
function silenceInWords(apart: readonly { readonly age: number | undefined }[]): string {
  const longest = longestOf(apart);
  if (longest === undefined) return 'longer than the lifetime (8614)';
  return `${apart.length === 1 ? '' : 'up to '}${durationInWords(longest)}`;
}

function pastLifetime(situation: Situation, past: Islands): FindingDraft | undefined {
  const { facts, before, raises } = situation;
  const inconsistent = [...past.oldest]
    .filter(([, { age }]) => age >= before.days * day)
    .map(([party, { age, namingContext }]): CutOff => {
      return { party, namingContexts: [namingContext], ownAge: age, heardAge: undefined, heardBy: undefined, age };
    });
  const apart = [...past.cutOff, ...inconsistent];
  if (apart.length === 0) return undefined;
  const parties = apart.map(({ party }) => party);
  const find = past.splits.length > 0 ? [] : findLingeringOn(parties, situation, past);
  const title = `${have(parties)} not replicated for ${silenceInWords(apart)}: longer than the lifetime of ${counted(before.days, 'day')}`;
  const isInOrder = apart.every(({ age }) => isWithinDefault(age));
  const cure = cureOf(parties, find.length > 0, isInOrder, situation);
  const parts = {
    subjects: parties.map(({ name }) => name),
    ...daysOf(apart),
    ...sourceOf(parties, facts),
    // A screen shows the first command alone: DCs that may be in order are asked last.
    steps: [...find, ...askingThe(silentOf(parties))],
    evidence: cutOffLines(apart, facts),
  };
  return (raises ? blocker : warning)('past-lifetime', title, `${cure} ${riskOf(parties)}`, parts);
}

/** What to do with DCs past the lifetime. Only DCs that reported themselves what they last received are to be demoted. */
function cureOf(
  parties: readonly Party[],
  hasCommands: boolean,
  isInOrder: boolean,
  { facts: { objectComparison }, before }: Situation,
): string {
  const silent = silentOf(parties);
  const asked = parties.filter((party) => !silent.includes(party));
  const names = (some: readonly Party[]): string => inTitle(some.map(({ name }) => name));
  const order = silent.length === 0 || isInOrder ? 'First' : 'Then';
  const clean = !hasCommands
    ? `${order} remove lingering objects`
    : objectComparison === undefined
      ? `${order} remove lingering objects with the commands below (they only list; without /advisory_mode they remove)`
      : `${order} find lingering objects with the command below and remove them as it says`;
  if (isInOrder)
    return `${clean}. Do not demote a DC for that: a lifetime of ${counted(before.days, 'day')} is so short that healthy DCs exceed it.`;
  if (silent.length === 0) return `${clean}, or demote such a DC by force and clean up its metadata.`;
  const [cut, where] =
    silent.length === 1 ? ['the link is', 'it at its site'] : ['the links are', 'each of them at its site'];
  const ask = `${names(silent)} did not answer: perhaps only ${cut} cut. First ask ${where}.`;
  return asked.length === 0 ? `${ask} ${clean}.` : `${ask} ${clean}, or demote ${names(asked)} by force.`;
}

function silentOf(parties: readonly Party[]): readonly Party[] {
  return parties.filter((party) => answerOf(party) === undefined);
}

function askingThe(parties: readonly Party[]): readonly NextStep[] {
  return parties.length === 0 ? [] : [askReplication(parties)];
}

function isAllReadOnly(parties: readonly Party[]): boolean {
  return parties.every(({ domainController }) => domainController.isReadOnly);
}

/** An RODC has no outbound replication. */
function riskOf(parties: readonly Party[]): string {
  return isAllReadOnly(parties)
    ? 'A read-only DC has no outbound replication and cannot bring deleted objects back, but it can hold lingering ones.'
    : 'After a raise such a DC may replicate again and bring deleted objects back. Objects that the others have garbage-collected stay gone.';
}

function splitFinding(situation: Situation, { splits }: Apart, stage: 'past' | 'new'): FindingDraft | undefined {
  const { before, after, raises } = situation;
  if (splits.length === 0) return undefined;
  const days = stage === 'past' ? before.days : after.days;
  const [first] = splits;
  const sides = first?.sides.map(sideInWords) ?? [];
  const title = `${sides.join(' and ')} have not replicated with each other for ${silenceInWords(splits.slice(0, 1))}: longer than the lifetime of ${counted(days, 'day')}`;
  const detail =
    'It is not known which side is the good one. Choose it from the evidence. Clean the good side against the other DCs, then the other side against it (next steps). Change the lifetime only after that: objects deleted on one side can come back from the other.';
  const parts = {
    subjects: distinct(splits.flatMap((split) => split.sides.flat().map(({ name }) => name))),
    ...daysOf(splits),
    evidence: splits.flatMap((split) => splitLines(split, situation)),
  };
  const id = stage === 'past' ? 'parted-sides' : 'parted-past-new-lifetime';
  return (stage === 'new' || raises ? blocker : warning)(id, title, detail, parts);
}

/** The evidence for choosing the good side. */
function splitLines({ sides, namingContexts }: Split, { facts }: Situation): readonly string[] {
  const where = `parted in ${counted(namingContexts.length, 'naming context')} of ${facts.replication.copies.length}`;
  return [where, ...sides.flatMap((side) => side.map((party) => evidenceLine(party, sides, side, facts)))];
}

function evidenceLine(party: Party, sides: Split['sides'], own: readonly Party[], { roles }: TombstoneFacts): string {
  const held = roles.filter(({ settingsDn }) => sameDn(settingsDn, party.domainController.settingsDn));
  const masters = held.length === 0 ? '' : `; ${listed(held.map(({ role }) => role))}`;
  const { name } = party;
  const said = answerOf(party);
  if (said === undefined) return `${name} (${sideInWords(own)}): does not answer${masters}`;
  const others = new Set(
    sides
      .filter((side) => side !== own)
      .flatMap((side) => side.flatMap(({ domainController }) => domainController.dsaGuid ?? [])),
  );
  const failing = said.links.filter((link) => others.has(link.sourceDsaGuid) && link.lastResult !== 0);
  const failures = Math.max(0, ...failing.map(({ consecutiveFailures }) => consecutiveFailures));
  const refused = failing.some(({ lastResult }) => lastResult === lifetimeExceeded)
    ? ', refuses the other side (8614)'
    : '';
  const words =
    failing.length === 0
      ? 'no failing link to the other side'
      : `${counted(failures, 'failure')} in a row with the other side (the side with more failures was running longer)`;
  return `${name} (${sideInWords(own)}): ${words}${refused}${masters}`;
}

function pastNewLifetime({ after, facts }: Situation, { cutOff }: Apart): FindingDraft | undefined {
  if (cutOff.length === 0) return undefined;
  const parties = cutOff.map(({ party }) => party);
  return blocker(
    'past-new-lifetime',
    `${have(parties)} not replicated for ${silenceInWords(cutOff)}: longer than the new lifetime`,
    `With ${after.days} days the others stop replicating with it (event 2042, status 8614). Repair its replication first.`,
    { subjects: parties.map(({ name }) => name), ...daysOf(cutOff), evidence: cutOffLines(cutOff, facts) },
  );
}

function early(
  id: string,
  apart: Apart,
  { before, facts }: Situation,
  how: string,
  cure: string,
): FindingDraft | undefined {
  const { cutOff, splits } = apart;
  const parties = partiesIn(apart);
  if (parties.length === 0) return undefined;
  const title =
    cutOff.length > 0
      ? `${have(parties)} not replicated for ${silenceInWords([...cutOff, ...splits])}: ${how} of ${counted(before.days, 'day')}`
      : `${listed(splits.flatMap(({ sides }) => sides.map(sideInWords)))} have not replicated with each other for ${silenceInWords(splits)}: ${how} of ${counted(before.days, 'day')}`;
  const risk = isAllReadOnly(parties)
    ? 'past the lifetime it may hold lingering objects. A read-only DC has no outbound replication.'
    : 'past the lifetime deleted objects may come back.';
  return warning(id, title, `${cure}: ${risk}`, {
    subjects: parties.map(({ name }) => name),
    ...daysOf([...cutOff, ...splits]),
    evidence: [...cutOffLines(cutOff, facts), ...splits.map(({ sides }) => sides.map(sideInWords).join(' from '))],
  });
}

/** A DC that was past the limit before the value was last raised is not healthy by the higher number. */
function formerLifetime(situation: Situation): FindingDraft | undefined {
  const { facts, raises, judgement } = situation;
  const { former } = judgement;
  if (former === undefined) return undefined;
  const { cutOff, splits } = former;
  const apart = [...cutOff, ...splits];
  if (apart.length === 0) return undefined;
  const parties = partiesIn(former);
  const title = `${have(parties)} not replicated since before the lifetime was last changed`;
  const choice = splits.length > 0 ? ' Choose the good side from the evidence (next steps).' : '';
  const detail = `${formerInWords(former, longestOf(apart) ?? 0, facts)} A higher value does not make such a DC healthy: remove lingering objects first.${choice}${isAllReadOnly(parties) ? '' : ' If a DC accepts no changes from its partners, write the value on it too.'}`;
  const parts = {
    subjects: parties.map(({ name }) => name),
    ...daysOf(apart),
    ...sourceOf(parties, facts),
    steps: findLingeringOn(partiesIn({ cutOff, splits: [] }), situation, former.islands),
    evidence: [...cutOffLines(cutOff, facts), ...splits.flatMap((split) => splitLines(split, situation))],
  };
  return (raises ? blocker : warning)('past-former-lifetime', title, detail, parts);
}

/** The lifetime before the last write, as far as it is known, and how long a silence (in milliseconds) had lasted then. */
function formerInWords({ written, former, isKnown }: FormerlyPast, silence: number, { now }: TombstoneFacts): string {
  const silentThen = counted(Math.floor((silence - (now.getTime() - written.getTime())) / day), 'day');
  const when = agoInWords(written, now);
  return isKnown
    ? `The value was first written ${when}; by then replication had been missing for ${silentThen}, longer than the ${former} days that apply without a value.`
    : `The value was last written ${when}; by then replication had been missing for ${silentThen}. The former value is not recorded; ${silentThen} is longer than the ${former} days that apply without a value.`;
}

function goneDcs({ judgement }: Situation): FindingDraft | undefined {
  const gone = [...judgement.gone];
  if (gone.length === 0) return undefined;
  return note(
    'gone-dcs',
    `Leftover metadata of ${counted(gone.length, 'DC')}: ${inTitle(gone.map(({ name }) => name))}`,
    'It does not answer, no DC has heard of it within the lifetime, and its computer account or its name in DNS is missing. It does not stop a raise. Clean up its metadata; no lingering objects can be removed on it.',
    {
      subjects: gone.map(({ name }) => name),
      steps: [steps.of('remove-metadata', { servers: gone.map(({ domainController }) => domainController.dn) })],
    },
  );
}
