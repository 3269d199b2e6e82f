/** The outcome of a plan's changes, read from the journal of its folder. */

import type { JournalEvent, JournalRecord } from '../change/journal.ts';
import type { Author, Change, Plan } from '../change/plan.ts';
import { lostInWords } from '../change/undo-gone.ts';
import type { Step } from '../remedies/remedy.ts';
import { counted } from '../words.ts';
import type { ReviewRow } from './rows.ts';

type ChangeState = 'written' | 'skipped' | 'failed' | 'unknown';

/** The last outcome of one change. */
export interface ChangeOutcome {
  readonly state: ChangeState;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly by: Author | undefined;
  /** The DC that was written to. */
  readonly server: string | undefined;
  readonly detail: string | undefined;
}

interface Run {
  readonly begun: string;
  /** None where it was interrupted. */
  readonly ended?: string;
  readonly by: Author | undefined;
  /** "sealed, as CORP\jane (Kerberos)" */
  readonly connection: string | undefined;
}

export interface Outcome {
  readonly runs: readonly Run[];
  /** When an undo of this plan finished, who ran it, and how many entries and attributes no undo brings back. */
  readonly undone?: { readonly time: string; readonly by: Author | undefined; readonly lost: number };
  readonly total: number;
  readonly written: number;
  /** Of the changes that a run began with. */
  of(change: Change): ChangeOutcome | undefined;
}

const states: Readonly<Partial<Record<JournalEvent, ChangeState>>> = {
  intent: 'unknown',
  done: 'written',
  failed: 'failed',
  unknown: 'unknown',
  drifted: 'skipped',
};

/** The outcome of a plan; undefined if no run of it is in the records. */
export function outcomeOf(plan: Plan, records: readonly JournalRecord[]): Outcome | undefined {
  const runs: Run[] = [];
  const outcomes = new Map<Change, ChangeOutcome>();
  let undone: Outcome['undone'];
  for (const record of records.filter(({ plan: id }) => id === plan.id)) {
    const { event, time, by, connection, server, detail } = record;
    const run = runs.at(-1);
    const state = states[event];
    const change = plan.changes[record.change ?? -1];
    if (event === 'begin') runs.push({ begun: time, by, connection });
    if (event === 'end' && run !== undefined) runs[runs.length - 1] = { ...run, ended: time };
    if (event === 'undone') undone = { time, by, lost: record.lost ?? 0 };
    if (state !== undefined && change !== undefined) outcomes.set(change, { state, time, by: run?.by, server, detail });
  }
  if (runs.length === 0 && outcomes.size === 0) return undefined;
  return {
    runs,
    ...(undone === undefined ? {} : { undone }),
    total: plan.changes.length,
    written: [...outcomes.values()].filter(({ state }) => state === 'written').length,
    of: (change) => outcomes.get(change),
  };
}

/** "Applied in part: 11 of 12 files written", "Undone" */
export function outcomeInWords(plan: Plan, { total, written, undone }: Outcome): string {
  const [one, several] = plan.target.kind === 'files' ? ['file', 'files'] : ['change', 'changes'];
  if (undone !== undefined) {
    const when = `${utc(undone.time)}${whoInWords(undone.by)}`;
    return undone.lost === 0
      ? `Applied, and undone ${when}`
      : `Applied, and undone as far as possible ${when}: ${lostInWords(undone.lost)}`;
  }
  const verb = written === total ? 'Applied' : written === 0 ? 'Nothing was written' : 'Applied in part';
  return `${verb}: ${written.toLocaleString('en')} of ${counted(total, one, several)} written`;
}

/** A run in words: when, by whom, and after an integrated logon as which user of the directory. */
export function runInWords({ begun, ended, by, connection }: Run): string {
  const how = connection === undefined ? '' : `, ${connection}`;
  return `${utc(begun)} to ${ended === undefined ? 'not finished' : utc(ended)}${whoInWords(by)}${how}`;
}

/** What remains to be done now: of a change that was undone nothing. */
export function stepsNow(steps: readonly Step[], outcome: Outcome | undefined): readonly Step[] {
  if (outcome?.undone === undefined || steps.length === 0) return steps;
  return [
    {
      text: 'Nothing: this change was undone. What remains to be done after the undo is in the change folder of the undo.',
      commands: [],
    },
  ];
}

/** What apply and undo do with a change that was undone. */
export const undoneWords =
  'This change was undone: apply and undo refuse it. If it is wanted after all, make a new plan.';

function whoInWords(by: Author | undefined): string {
  return by === undefined ? '' : ` by ${by.account} on ${by.computer}`;
}

const stateWords = {
  written: 'written',
  skipped: 'skipped, as it had changed',
  failed: 'failed',
  unknown: 'not known whether written',
} as const satisfies Record<ChangeState, string>;

/** The outcome of a row: of all its changes at once where that is the same, and each change that was not written. */
export function rowOutcome(
  row: ReviewRow,
  outcome: Outcome,
): { readonly words: string; readonly exceptions: readonly string[] } {
  const all: readonly Change[] = row.changes;
  const outcomes = all.map((change) => ({ change, became: outcome.of(change) }));
  const written = outcomes.filter(({ became }) => became?.state === 'written');
  const last = written
    .map(({ became }) => became?.time ?? '')
    .sort()
    .at(-1);
  const servers = [...new Set(written.flatMap(({ became }) => became?.server ?? []))].join(', ');
  const when = last === undefined ? '' : ` ${utc(last)}${servers === '' ? '' : ` on ${servers}`}`;
  const words =
    written.length === all.length
      ? `written${when}`
      : `${written.length.toLocaleString('en')} of ${all.length.toLocaleString('en')} written${when}`;
  const exceptions = outcomes.flatMap(({ change, became }) => {
    if (became?.state === 'written') return [];
    const on = change.kind === 'file' ? change.path : change.dn;
    if (became === undefined) return [`${on}: not written`];
    const { state, time, detail } = became;
    return [`${on}: ${stateWords[state]}, ${utc(time)}${detail === undefined || detail === '' ? '' : ` (${detail})`}`];
  });
  return { words, exceptions };
}

/** "2026-11-22 08:41:07 UTC" */
export function utc(time: string): string {
  return time.replace(/^([\d-]+)T([\d:]+)(?:\.\d+)?Z$/, '$1 $2 UTC');
}
