/**
 * The summary of a plan, its counts, and its outcome by the journal of its folder: the only source of the head of
 * every document and of every count.
 */

import { dnsNameOfDn } from '../ad/dn.ts';
import { type Finding, type FindingLevel, openBlockers } from '../change/findings.ts';
import { type JournalEvent, type JournalRecord, outcomesIn } from '../change/journal.ts';
import type { Author, Change, FilesTarget, ForestTarget, LeftOut, Plan, PlanConnection } from '../change/plan.ts';
import { journalPosition, lostInWords, type Position, positionInBrief } from '../change/position.ts';
import { canonicalText } from '../change/seal.ts';
import { computerOf } from '../files/file-system.ts';
import type { Step } from '../remedies/remedy.ts';
import type { Style } from '../terminal/style.ts';
import { visible } from '../terminal/text-layout.ts';
import { capitalised, counted, distinct, groupBy, withAsciiForm } from '../words.ts';
import type { ReviewRow } from './rows.ts';

/** How many files and entries changes are about. */
interface PlanCounts {
  readonly files: number;
  readonly edited: number;
  /** One by one, and by one request for a tree. */
  readonly deleted: number;
  readonly restored: number;
  readonly created: number;
  /** Objects to be removed by other means. */
  readonly handedOver: number;
}

/** The counts of a plan's changes, or of those of them that were done. A tree counts with each of its entries. */
export function countsOf(changes: readonly Change[]): PlanCounts {
  const count = (kind: Change['kind']): number => changes.filter((change) => change.kind === kind).length;
  const deletedAsTree = changes.reduce(
    (sum, change) => sum + (change.kind === 'delete-tree' ? change.entries.length : 0),
    0,
  );
  return {
    files: count('file'),
    edited: count('modify'),
    deleted: count('delete') + deletedAsTree,
    restored: count('undelete'),
    created: count('add'),
    handedOver: count('remove-lingering'),
  };
}

/** Files and entries together. */
function totalOf({ files, edited, deleted, restored, created, handedOver }: PlanCounts): number {
  return files + edited + deleted + restored + created + handedOver;
}

/** "12 edited, 26 deleted"; of a plan for files "" as all are edited. */
export function countsInWords({ edited, deleted, restored, created, handedOver }: PlanCounts): string {
  const parts: readonly (readonly [number, string])[] = [
    [edited, 'edited'],
    [deleted, 'deleted'],
    [restored, 'restored'],
    [created, 'created'],
    [handedOver, 'to hand over'],
  ];
  return parts
    .filter(([number]) => number > 0)
    .map(([number, what]) => `${number.toLocaleString('en')} ${what}`)
    .join(', ');
}

/**
 * "2 files", "1 entry", "38 entries: 12 edited, 26 deleted"; what is done to entries is added unless all are edits. Of a
 * plan that is handed over: "3 objects to hand over".
 */
export function changesInWords(counts: PlanCounts, verb: string): string {
  const total = totalOf(counts);
  if (counts.handedOver > 0 && counts.handedOver === total) {
    return `${counted(total, 'object')} to hand over`;
  }
  const [one, several] = counts.files > 0 ? ['file', 'files'] : ['entry', 'entries'];
  const sentence = `${counted(total, one, several)} ${verb}`;
  return counts.files + counts.edited === total ? sentence : `${sentence}: ${countsInWords(counts)}`;
}

/** A line of the head: a name, its value, and what belongs to it. */
export interface HeadRow {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
  /** Whether the note warns. */
  readonly isAlarming?: true;
}

/** The plan, its origin and its reason: the head of every document. */
export function headOf(plan: Plan): readonly HeadRow[] {
  const { target, undoes, reason, ticket, by } = plan;
  return [
    { name: 'Remedy', value: plan.remedy },
    ...(undoes === undefined ? [] : [{ name: 'Undoes', value: `plan ${undoes.id}`, note: appliedFrom(undoes.folder) }]),
    ...(target.kind === 'files' ? rootRows(plan, target) : forestRows(target)),
    { name: 'Made', value: `${utc(plan.created)} by ${by.account} on ${by.computer}`, note: plan.tool },
    ...(reason === undefined ? [] : [{ name: 'Reason', value: reason }]),
    ...(ticket === undefined ? [] : [{ name: 'Ticket', value: ticket }]),
    { name: 'Plan', value: plan.id },
  ];
}

/** The folder of the plan that is undone, as this one names it. */
function appliedFrom(folder: string): string {
  return folder === '..' ? 'applied from the folder that contains this one' : `applied from ${folder}`;
}

function rootRows({ changes }: Plan, { roots }: FilesTarget): readonly HeadRow[] {
  const byRoot = groupBy(changes, (change) => (change.kind === 'file' ? change.root : undefined));
  return roots.map((root) => ({
    name: 'Folder',
    value: withAsciiForm(computerOf(root) ?? '', root),
    note: `${counted(byRoot.get(root)?.length ?? 0, 'file')} to change`,
  }));
}

function forestRows({
  configurationNamingContext: dn,
  objectGuid,
  domainController,
  connection,
}: ForestTarget): readonly HeadRow[] {
  return [
    { name: 'Forest', value: dnsNameOfDn(dn) ?? dn, note: `${dn}, objectGUID ${objectGuid}` },
    { name: 'Domain controller', value: withAsciiForm(domainController) },
    { name: 'Connection', ...connectionInWords(connection) },
  ];
}

function connectionInWords(connection: PlanConnection): Omit<HeadRow, 'name'> {
  switch (connection.kind) {
    case 'ldif':
      return {
        value: `offline, from ${counted(connection.files.length, 'export')}`,
        note: connection.files.join(', '),
      };
    case 'practice':
      return { value: 'the practice site' };
    case 'server': {
      const { host, port, user, auth, tls, tlsName, dns } = connection;
      const details = [
        protection[auth === 'integrated' ? 'integrated' : tls],
        ...(tlsName === undefined ? [] : [`${nameChecked[auth]} ${withAsciiForm(tlsName)}`]),
        ...(dns === undefined ? [] : [`DNS server ${dns}`]),
      ];
      return {
        value: `${withAsciiForm(host)}, port ${port}${user === undefined ? '' : `, as ${user}`}`,
        note: details.join('; '),
        ...(auth !== 'integrated' && tls === 'none' ? { isAlarming: true } : {}),
      };
    }
  }
}

const nameChecked = {
  integrated: 'Kerberos checks the name',
  password: 'certificate checked for the name',
} as const;

const protection = {
  integrated: 'sealed (Kerberos); apply logs on as the user who runs it',
  ldaps: 'encrypted (LDAPS)',
  starttls: 'encrypted (StartTLS)',
  none: 'not encrypted: password and data can be read on the network',
} as const;

/** The head as comments of change.ldf and change.diff: which plan, for what, and what stops it or was accepted. */
export function commentsOf(plan: Plan): readonly string[] {
  const words = headOf(plan).map(
    ({ name, value, note }) => `${name}: ${value}${note === undefined ? '' : ` (${note})`}`,
  );
  const refusal = `DO NOT ${plan.target.kind === 'files' ? 'APPLY' : 'IMPORT'}`;
  // Blockers come first.
  const stops = openBlockers(plan.findings).map(
    ({ id, title }) => `${refusal}: blocker ${id} is not accepted: ${title}`,
  );
  const others = plan.findings.flatMap(({ id, level, title, accepted }) => {
    if (accepted) return [`Accepted ${level} ${id}: ${title}`];
    return level === 'warning' ? [`Warning ${id}: ${title}`] : [];
  });
  const recorded = stops.length + others.length === 0 ? [] : ['Titles of findings are as recorded in the plan.'];
  return [...stops, ...words, `Seal: ${plan.seal}`, ...others, ...recorded].map(visible);
}

/** Findings that say the same in one, with the evidence and the steps of all. */
export function foldedFindings(findings: readonly Finding[]): readonly Finding[] {
  const same = ({ level, id, title, detail, acceptable, accepted }: Finding): string =>
    JSON.stringify([level, id, title, detail, acceptable, accepted]);
  return [...groupBy(findings, same).values()].flatMap(([first, ...others]) =>
    first === undefined
      ? []
      : [
          {
            ...first,
            evidence: distinct([first, ...others].flatMap(({ evidence }) => evidence)),
            steps: distinct(
              [first, ...others].flatMap(({ steps = [] }) => steps),
              canonicalText,
            ),
          },
        ],
  );
}

/** The next steps, those that interrupt a service first. */
export function stepsInOrder(steps: readonly Step[]): readonly Step[] {
  return [...steps.filter(({ outage }) => outage === true), ...steps.filter(({ outage }) => outage !== true)];
}

/**
 * Everything counted, in parts: "491 of 672 files to change, in 41 languages", "180 left out (no wording)", "2 warnings"; the
 * last part says what stops the change, if a blocker does.
 *
 * @param extent what the remedy adds to the number: "in 41 languages"
 */
export function summaryParts({ changes, leftOut, findings }: Plan, extent?: string): readonly string[] {
  const open = (level: FindingLevel): number =>
    findings.filter((finding) => finding.level === level && !finding.accepted).length;
  const accepted = findings.filter((finding) => finding.accepted);
  const parts: readonly (readonly [number, string, string?])[] = [
    [open('note'), 'note'],
    [open('warning'), 'warning'],
    [accepted.length, 'blocker accepted', 'blockers accepted'],
    [openBlockers(findings).length, 'blocker stops this change', 'blockers stop this change'],
  ];
  const counts = parts.filter(([count]) => count > 0).map((part) => counted(...part));
  const count = changeCount(changes, countOf(leftOut));
  const changed = changes.length === 0 || extent === undefined ? count : `${count}, ${visible(extent)}`;
  return [changed, ...leftOutInWords(leftOut), ...counts];
}

const fewReasons = 4;

/** "181 left out (no wording: 180, already right: 1)": a reason's id as words. */
function leftOutInWords(leftOut: readonly LeftOut[]): readonly string[] {
  if (leftOut.length === 0) return [];
  const byReason = [...groupBy(leftOut, ({ reason }) => visible(reason).replaceAll('-', ' '))];
  const reasons = byReason.map(([reason, alike]) =>
    byReason.length === 1 ? reason : `${reason}: ${alike.length.toLocaleString('en')}`,
  );
  const more = reasons.length > fewReasons ? [`and ${counted(reasons.length - fewReasons, 'more reason')}`] : [];
  return [
    `${countOf(leftOut).toLocaleString('en')} left out (${[...reasons.slice(0, fewReasons), ...more].join(', ')})`,
  ];
}

/** One file or value may be left out for several reasons. */
function countOf(leftOut: readonly LeftOut[]): number {
  return new Set(leftOut.map(({ what }) => what)).size;
}

function changeCount(changes: readonly Change[], leftOut: number): string {
  if (changes.length === 0) return 'Nothing to change';
  const files = changes.filter((change) => change.kind === 'file');
  if (files.length === 0) return changesInWords(countsOf(changes), 'to change');
  const all = leftOut === 0 ? '' : ` of ${(files.length + leftOut).toLocaleString('en')}`;
  const noun = files.length + leftOut === 1 ? 'file' : 'files';
  return `${files.length.toLocaleString('en')}${all} ${noun} to change`;
}

/** The last line on the screen: all counts, and the blockers. */
export function summaryLine(plan: Plan, style: Style, extent?: string): string {
  const [changes = '', ...counts] = summaryParts(plan, extent);
  const stop = openBlockers(plan.findings).length === 0 ? [] : counts.splice(-1).map(style.blocker);
  return `  ${[style.bold(changes), ...counts, ...stop].join(' · ')}`;
}

type ChangeState = 'written' | 'skipped' | 'failed' | 'unknown';

/** The outcome of one change in the last run that reached it. */
interface Became {
  readonly state: ChangeState;
  /** ISO 8601, UTC. */
  readonly time: string;
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

/** The outcome of a plan. */
export interface Outcome {
  readonly position: Position;
  readonly runs: readonly Run[];
  readonly total: number;
  readonly written: number;
  /** Of the changes that a run began with. */
  of(change: Change): Became | undefined;
}

const states: Readonly<Partial<Record<JournalEvent, ChangeState>>> = {
  intent: 'unknown',
  done: 'written',
  failed: 'failed',
  unknown: 'unknown',
  drifted: 'skipped',
};

/**
 * The outcome of a plan; undefined if no run of it is in the records.
 *
 * @param position the position of the change, if more is known than its own journal shows
 */
export function outcomeOf(
  plan: Plan,
  records: readonly JournalRecord[],
  position: Position = journalPosition(plan, records),
): Outcome | undefined {
  const runs: Run[] = [];
  for (const { event, time, by, connection } of records.filter(({ plan: id }) => id === plan.id)) {
    const run = runs.at(-1);
    if (event === 'begin') runs.push({ begun: time, by, connection });
    if (event === 'end' && run !== undefined) runs[runs.length - 1] = { ...run, ended: time };
  }
  const outcomes = new Map<Change, Became>();
  for (const [index, { event, time, server, detail }] of outcomesIn(records, plan)) {
    const change = plan.changes[index];
    const state = states[event];
    if (state !== undefined && change !== undefined) outcomes.set(change, { state, time, server, detail });
  }
  if (runs.length === 0 && outcomes.size === 0) return undefined;
  return {
    position,
    runs,
    total: plan.changes.length,
    written: [...outcomes.values()].filter(({ state }) => state === 'written').length,
    of: (change) => outcomes.get(change),
  };
}

/** "Applied in part: 11 of 12 files written", "Applied and undone 2026-11-22 08:41:07 UTC by jane on WS1" */
export function outcomeInWords(plan: Plan, { position, total, written }: Outcome): string {
  const words = capitalised(positionInBrief(position));
  if (position.kind === 'undone') {
    const lost = lostInWords(position);
    return `${words} ${utc(position.time)}${whoInWords(position.by)}${lost === undefined ? '' : `: ${lost}`}`;
  }
  const [one, several] = plan.target.kind === 'files' ? ['file', 'files'] : ['change', 'changes'];
  return `${words}: ${written.toLocaleString('en')} of ${counted(total, one, several)} written`;
}

/** A run in words: when, by whom, and after an integrated logon as which user of the directory. */
export function runInWords({ begun, ended, by, connection }: Run): string {
  const how = connection === undefined ? '' : `, ${connection}`;
  return `${utc(begun)} to ${ended === undefined ? 'not finished' : utc(ended)}${whoInWords(by)}${how}`;
}

/** The next steps now: none for a change that was undone. */
export function stepsNow(steps: readonly Step[], outcome: Outcome | undefined): readonly Step[] {
  if (outcome?.position.kind !== 'undone' || steps.length === 0) return steps;
  return [
    {
      text: 'None: this change was undone. The next steps after the undo are in the change folder of the undo.',
      commands: [],
    },
  ];
}

function whoInWords(by: Author | undefined): string {
  return by === undefined ? '' : ` by ${by.account} on ${by.computer}`;
}

const stateWords = {
  written: 'written',
  skipped: 'skipped because it had changed',
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
  const notWritten = outcomes.filter(({ became }) => became?.state !== 'written');
  const exceptions = notWritten.map(({ change, became }) => {
    const on = change.kind === 'file' ? change.path : change.dn;
    if (became === undefined) return `${on}: not written`;
    const { state, time, detail = '' } = became;
    return `${on}: ${stateWords[state]}, ${utc(time)}${detail === '' ? '' : ` (${detail})`}`;
  });
  return { words, exceptions };
}

/** "2026-11-22 08:41:07 UTC" */
function utc(time: string): string {
  return time.replace(/^([\d-]+)T([\d:]+)(?:\.\d+)?Z$/, '$1 $2 UTC');
}
