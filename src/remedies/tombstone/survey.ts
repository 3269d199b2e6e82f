/**
 * The facts as pictures: the lifetime in force, every DC against it, and the deleted objects by age; and the question below
 * them, for the number of days.
 */

import {
  faultWithGarbageCollection,
  isTooSmall,
  type Lifetime,
  lifetimeInWords,
  unsetInWords,
} from '../../ad/deleted-object-lifetime.ts';
import { forestHeadline } from '../../ad/forest.ts';
import type {
  BarsExhibit,
  Exhibit,
  HistogramExhibit,
  Mark,
  PropertiesExhibit,
  RemarksExhibit,
} from '../../change/exhibits.ts';
import type { Proposal } from '../../change/plan.ts';
import { agoInWords, counted, day, durationInWords, listed } from '../../words.ts';
import type { Answer, Asking } from '../remedy.ts';
import { addedUp, countFrom, oldestOf } from './deleted-objects.ts';
import type { TombstoneFacts } from './gather.ts';
import { faultOfDays, type TombstoneOptions } from './options.ts';
import {
  adviceFor,
  judgeReplication,
  type ReplicationJudgement,
  type Row,
  type Stage,
  sideInWords,
  situationOf,
  stageUnder,
} from './situation.ts';

/** The screen before a question. */
export function survey(facts: TombstoneFacts, { lifetime }: TombstoneOptions): readonly Exhibit[] {
  const judgement = judgeReplication(facts);
  const newDays = lifetime.kind === 'days' ? lifetime.days : undefined;
  return [
    headline(facts),
    settings(facts, judgement),
    ...replication(judgement),
    deletedObjects(facts, judgement, newDays),
    remarks(facts, judgement),
  ].filter((exhibit) => exhibit !== undefined);
}

/** The facts that a plan keeps: the same pictures, with the new limit marked. */
export function recordedExhibits(facts: TombstoneFacts, proposal: Pick<Proposal, 'changes'>): readonly Exhibit[] {
  const { judgement, after } = situationOf(facts, proposal);
  return [settings(facts, judgement), ...replication(judgement), deletedObjects(facts, judgement, after.days)].filter(
    (exhibit) => exhibit !== undefined,
  );
}

function headline({ forest, source }: TombstoneFacts): RemarksExhibit {
  return { kind: 'remarks', id: 'forest', title: '', rows: [{ text: forestHeadline(forest, source.inWords) }] };
}

function settings(facts: TombstoneFacts, { lifetime }: ReplicationJudgement): PropertiesExhibit {
  const { forest, deletedObjects: deleted, isExport } = facts;
  const counts = [addedUp(deleted, 'tombstones'), addedUp(deleted, 'recoverable')];
  const all = countFrom(0, ...counts);
  const oldest = oldestOf(...counts);
  const unseen = deleted.filter(({ kind }) => kind !== 'counted').length;
  const unseenWords =
    unseen === 0 ? '' : `; ${noneSeen(isExport, `in ${unseen} of ${deleted.length} naming contexts`)}`;
  return {
    kind: 'properties',
    id: 'lifetime',
    title: '',
    rows: [
      { name: 'tombstoneLifetime', ...inForce(facts, lifetime) },
      { name: 'Recycle Bin', value: forest.recycleBin, note: keptFor(facts, lifetimeInWords(lifetime)) },
      {
        name: 'Deleted objects',
        value: all === 0 ? 'none seen' : all.toLocaleString('en'),
        note: oldest === undefined ? noneSeen(isExport, '') : `the oldest ${counted(oldest, 'day')} old${unseenWords}`,
      },
      { name: 'Last backup', ...lastBackup(facts) },
    ],
  };
}

/** The value and what it means in one line. */
function inForce(
  { settings: stored, serverKind }: TombstoneFacts,
  lifetime: Lifetime,
): { readonly value: string; readonly note?: string } {
  if (stored.tombstoneLifetime === undefined) return { value: unsetInWords(serverKind) };
  const value = counted(stored.tombstoneLifetime, 'day');
  return isTooSmall(stored, serverKind)
    ? { value, note: `too small to be honoured: ${lifetimeInWords(lifetime)} may be in force` }
    : { value };
}

function noneSeen(isExport: boolean, where: string): string {
  if (isExport) return `none${where === '' ? '' : ` ${where}`} in the export`;
  return `none seen ${where === '' ? '' : `${where} `}(none there, or no right to see them)`;
}

function keptFor({ forest, settings: stored }: TombstoneFacts, inForce: string): string {
  if (forest.recycleBin !== 'on') return `deleted objects are kept for ${inForce}`;
  const recoverable =
    stored.deletedObjectLifetime === undefined ? inForce : counted(stored.deletedObjectLifetime, 'day');
  return `objects can be restored for ${recoverable}, then are kept for ${inForce}`;
}

/** Of the naming context whose backup is the oldest. */
function lastBackup({ backups, now, isExport }: TombstoneFacts): { readonly value: string; readonly note: string } {
  const known = backups.flatMap(({ namingContext, time }) => (time instanceof Date ? [{ namingContext, time }] : []));
  const [oldest] = known.toSorted((one, other) => one.time.getTime() - other.time.getTime());
  if (oldest === undefined) {
    return { value: 'not known', note: isExport ? 'the export does not show one' : 'none, or no right to see it' };
  }
  const unknown = backups.length - known.length;
  const more = unknown === 0 ? '' : `; ${unknown} more not known`;
  return {
    value: agoInWords(oldest.time, now),
    note: `the oldest of all naming contexts: ${oldest.namingContext}${more}`,
  };
}

/** A bar for each DC, and a line for each island about the others. */
function replication({ lifetime, former, rows, splits }: ReplicationJudgement): readonly Exhibit[] {
  const bars: BarsExhibit = {
    kind: 'bars',
    id: 'replication',
    title: 'Oldest replication from a connected DC',
    unit: 'days',
    limit: lifetime.days,
    rows: rows.map((row) => ({
      name: row.party.name,
      place: row.party.domainController.site,
      text: newsInWords(row),
      ...(row.silence === undefined ? {} : { value: row.silence / day }),
      ...(row.stage === undefined ? {} : stages[row.stage]),
      mark: markOf(row),
    })),
  };
  if (splits.length === 0) return [bars];
  const islands: RemarksExhibit = {
    kind: 'remarks',
    id: 'islands',
    title: 'Sides that have not replicated with each other',
    rows: splits.flatMap(({ sides, age }) =>
      sides.map((side) => ({
        text: `${sideInWords(side)}: nothing from ${listed(sides.filter((other) => other !== side).map(sideInWords))} for ${age === undefined ? 'longer than the lifetime' : durationInWords(age)}`,
        mark: age === undefined ? ('bad' as const) : stages[stageUnder(age, lifetime, former)].mark,
      })),
    ),
  };
  return [bars, islands];
}

/** "47 days", "cut off: does not answer; last heard of 71 days ago", or why it is not known. */
function newsInWords({ party, state, silence, cutOff, heard }: Row): string {
  const isSilent = party.state.kind !== 'answered';
  const lastHeard = heard === undefined ? '' : `; last heard of ${durationInWords(heard.age)} ago`;
  const silent = party.state.kind === 'not-asked' ? 'not in the export' : 'does not answer';
  switch (state) {
    case 'gone':
      return `gone: leftover metadata${lastHeard}`;
    case 'alone':
      return 'no other DC to replicate from';
    case 'unknown':
      return isSilent ? `unknown: ${silent}${lastHeard}` : 'unknown';
    case 'cut-off':
      if (isSilent) return `cut off: ${silent}${lastHeard}`;
      if (cutOff?.ownAge === undefined || cutOff.ownAge < (silence ?? 0)) return `cut off${lastHeard}`;
      return durationInWords(cutOff.ownAge);
    case 'split':
    case 'in-touch':
      if (isSilent) return `${silent}${lastHeard}`;
      return silence === undefined ? 'unknown' : durationInWords(silence);
  }
}

function markOf({ state, stage }: Row): Mark {
  if (state === 'gone') return 'unknown';
  if (state === 'alone') return 'good';
  return stage === undefined ? 'unknown' : stages[stage].mark;
}

const stages: Readonly<Record<Stage, { readonly mark: Mark; readonly note?: string }>> = {
  fine: { mark: 'good' },
  'watch-list': { mark: 'watch', note: 'watch' },
  'near-lifetime': { mark: 'watch', note: 'near lifetime' },
  'past-former-lifetime': { mark: 'bad', note: 'past former lifetime' },
  'past-lifetime': { mark: 'bad', note: 'past lifetime' },
};

const histogramRows = 12;

/** How many deleted objects there are of each age, with the limits marked; undefined if none is seen. */
function deletedObjects(
  { deletedObjects: deleted }: TombstoneFacts,
  { lifetime: { atMost: today } }: ReplicationJudgement,
  newDays = today,
): HistogramExhibit | undefined {
  const counts = [addedUp(deleted, 'tombstones'), addedUp(deleted, 'recoverable')];
  const oldest = oldestOf(...counts);
  if (oldest === undefined) return undefined;
  const step = niceStep(Math.max(oldest, Math.min(today, newDays)) + 1);
  return {
    kind: 'histogram',
    id: 'deleted-objects',
    title: 'Deleted objects by age in days',
    unit: 'days',
    buckets: Array.from({ length: Math.floor(oldest / step) + 1 }, (_, index) => {
      const from = index * step;
      return { from, to: from + step - 1, count: countFrom(from, ...counts) - countFrom(from + step, ...counts) };
    }),
    limits: [
      { at: today, text: 'the limit today' },
      ...(newDays === today ? [] : [{ at: newDays, text: 'the new limit' }]),
    ],
  };
}

/** Days to a row, so that there are not too many: 1, 2, 5, 10, 20, 30, 60, 90 and so on. */
function niceStep(days: number): number {
  return (
    [1, 2, 5, 10, 20, 30, 60, 90, 180, 365].find((step) => days / step <= histogramRows) ??
    Math.ceil(days / histogramRows)
  );
}

/** Facts for choosing a number: the DCs past the limit, and the advice. */
function remarks(facts: TombstoneFacts, judgement: ReplicationJudgement): RemarksExhibit {
  const named = (wanted: Stage): readonly string[] =>
    judgement.rows.filter(({ stage }) => stage === wanted).map(({ party }) => party.name);
  const past = named('past-lifetime');
  const formerly = named('past-former-lifetime');
  const { days, reasons } = adviceFor(facts, judgement);
  return {
    kind: 'remarks',
    id: 'advice',
    title: '',
    rows: [
      past.length > 0 && {
        text: `${listed(past, 5)}: past the lifetime of ${counted(judgement.lifetime.days, 'day')}. Remove lingering objects before raising it.`,
        mark: 'bad' as const,
      },
      formerly.length > 0 && {
        text: `${listed(formerly, 5)}: silent since before the lifetime was last changed. A higher value does not make a DC healthy: remove lingering objects.`,
        mark: 'bad' as const,
      },
      { text: `Advice: ${days} days. ${reasons.join(' ')}` },
    ].filter((one) => one !== false),
  };
}

const daysQuestion = 'tombstone.days';

/** Blockers that another number of days removes. */
const doubtsOfDays: ReadonlySet<string> = new Set([
  'below-recommended',
  'purges-deleted-objects',
  'past-new-lifetime',
  'parted-past-new-lifetime',
]);

/** A user who does not accept the consequences of a number of days is asked for another number. */
export function questionBehind(blocker: string): string | undefined {
  return doubtsOfDays.has(blocker) ? daysQuestion : undefined;
}

/** Asks for the number of days, with the advice as the default; asks nothing if a flag says what to change. */
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
