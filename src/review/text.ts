/** The review as lines of text: for the terminal with colour, for review.txt without. */

import { type Finding, openBlockers, whyRefused } from '../change/findings.ts';
import type { JournalRecord } from '../change/journal.ts';
import type { Plan } from '../change/plan.ts';
import { type Position, undoneWords } from '../change/position.ts';
import { distinctiveNames, withoutMiddle } from '../files/folder-names.ts';
import type { PlanInWords, Step } from '../remedies/remedy.ts';
import { createStyle } from '../terminal/style.ts';
import { commandMark, displayWidth, truncate, visible, wrapped } from '../terminal/text-layout.ts';
import { distinct } from '../words.ts';
import { diffLines, inLines, type TextReviewOptions } from './diff-text.ts';
import { exhibitLines, headLines } from './exhibit-text.ts';
import { type ReviewRow, reviewRows } from './rows.ts';
import {
  foldedFindings,
  headOf,
  type Outcome,
  outcomeInWords,
  outcomeOf,
  runInWords,
  stepsInOrder,
  stepsNow,
  summaryLine,
} from './summary.ts';

/** The number of lines at a terminal before the decision, as far as the diff leaves room for them. */
const mostBeforeDecision = 60;

/**
 * The review at a terminal: the diff, the findings, the gravest last, and the line that counts everything.
 *
 * @param extent what the remedy adds to the number of changes: "in 41 languages"
 * @param rows those of the plan that are shown; all if left out
 */
export function* screenReview(
  plan: Plan,
  options: TextReviewOptions,
  extent?: string,
  rows?: readonly ReviewRow[],
): Generator<string> {
  yield* reviewToAskAbout(plan, options, extent, rows);
  yield* acceptanceLines(plan.findings, options);
  if (plan.findings.length > 0) yield '';
  yield* summaryLines(plan, options, extent);
}

/**
 * The diff and the findings, the gravest last: what is read before the questions about these.
 *
 * @param extent what the remedy adds to the number of changes
 * @param rows those of the plan that are shown
 */
export function* reviewToAskAbout(
  plan: Plan,
  options: TextReviewOptions,
  extent?: string,
  rows: readonly ReviewRow[] = reviewRows(plan.changes),
): Generator<string> {
  let room = options.columns === undefined ? Number.POSITIVE_INFINITY : mostBeforeDecision;
  for (const line of diffLines(plan, rows, options)) {
    room -= 1;
    yield line;
  }
  const roots = plan.target.kind === 'files' ? plan.target.roots : [];
  const below = [...acceptanceLines(plan.findings, options), ...summaryLines(plan, options, extent)].length + 1;
  yield* findingsIn({ room: room - below, roots }, plan.findings, options);
}

/** The line with the counts, and the hint at --verbose. */
export function summaryLines(plan: Plan, options: TextReviewOptions, extent?: string): readonly string[] {
  const isShort = !options.verbose && !options.quiet && plan.changes.length > 0;
  return [
    ...wrapped(summaryLine(plan, options.style, extent), options.columns ?? Number.POSITIVE_INFINITY, 2),
    ...(isShort ? [`  ${options.style.dim('--verbose shows every path, value and finding in full.')}`] : []),
  ];
}

/** Commands of this tool as they are printed in the documents of a change folder. */
export interface Commands {
  /** For a plan that is handed over: checks again whether anything of it is left. */
  readonly apply: string;
  /** None for a plan that is handed over: this tool writes nothing. */
  readonly undo?: string;
}

/** The sentence on a plan that other tools carry out. */
export const handedOverWords =
  'This tool writes nothing to the directory, so there is nothing to undo. Carry out the next steps, then check again whether anything is left.';

/** The properties that a file loses when it is replaced; Node cannot see them. */
export const lostWords =
  'Each file is replaced by a new one, without the extended attributes and POSIX access lists of the old one and, on Windows, its owner and creation time. The undo does not restore these.';

/** The columns of review.txt, which prints on paper. */
const paperWidth = 100;

/**
 * The review as plain text, complete: head, summary, diff, findings, pictures, next steps, how to apply and undo, seal.
 *
 * @param journal the records of the change folder's journal, once there is one
 * @param position the position of the change, if more is known than its own journal shows
 */
export function* paperReview(
  plan: Plan,
  description: PlanInWords,
  commands: Commands,
  journal: readonly JournalRecord[] = [],
  position?: Position,
): Generator<string> {
  const { stepsOf } = description;
  const options: TextReviewOptions = { style: createStyle(false), width: paperWidth, verbose: true, stepsOf };
  const outcome = outcomeOf(plan, journal, position);
  const notes = plan.findings.filter(({ level }) => level === 'note');
  const others = plan.findings.filter(({ level }) => level !== 'note').toReversed();
  yield* headed(description.title, [
    ...headLines([...headOf(plan), ...description.summary], options),
    '',
    summaryLine(plan, options.style, description.extent),
    ...recordedLines(plan, paperWidth),
  ]);
  if (outcome !== undefined) yield* headed('Outcome', outcomeLines(plan, outcome));
  // In a plan that is handed over the counts come before the list.
  const pictures = [...headed('Pictures', drawn(plan.exhibits, options))];
  if (commands.undo === undefined) yield* pictures;
  yield* headed('Changes', diffLines(plan, reviewRows(plan.changes), options, outcome));
  yield* headed('', drawn(description.changes, options));
  yield* headed('Blockers and warnings', findingLines(others, options));
  if (commands.undo !== undefined) yield* pictures;
  yield* headed('Notes', findingLines(notes, options));
  const steps = stepsNow(description.nextSteps, outcome);
  if (steps.length > 0) yield* [...savedStepLines(steps), ''];
  yield* headed(howHeading(commands), applyLines(plan, commands, outcome));
  yield `Seal  ${plan.seal.match(/.{1,8}/gu)?.join(' ') ?? ''}`;
}

/** A part with its heading; nothing of a part without lines. */
function* headed(heading: string, lines: Iterable<string>): Generator<string> {
  let isEmpty = true;
  for (const line of lines) {
    if (isEmpty && heading !== '') yield* [visible(heading), ''];
    isEmpty = false;
    yield line;
  }
  if (!isEmpty) yield '';
}

function* drawn(exhibits: Plan['exhibits'], options: TextReviewOptions): Generator<string> {
  for (const [index, exhibit] of exhibits.entries()) {
    if (index > 0) yield '';
    yield* exhibitLines(exhibit, options);
  }
}

/** The heading of the part on applying the plan. */
export function howHeading({ undo }: Commands): string {
  return undo === undefined ? 'How to carry it out' : 'How to apply and undo it';
}

function* applyLines(plan: Plan, { apply, undo }: Commands, outcome: Outcome | undefined): Generator<string> {
  if (outcome?.position.kind === 'undone') {
    yield `  ${undoneWords}`;
    return;
  }
  if (undo === undefined) {
    yield* wrapped(visible(`  ${handedOverWords}`), paperWidth, 2);
    yield `  Check again  ${visible(apply)}`;
    return;
  }
  yield openBlockers(plan.findings).length > 0
    ? `  Apply  refused as it is: ${whyRefused(plan.findings)}.`
    : `  Apply  ${visible(apply)}`;
  yield `  Undo   ${visible(undo)}`;
  if (plan.target.kind === 'files') yield* wrapped(`  ${lostWords}`, paperWidth, 2);
}

/** The outcome of a plan: a summary line, and a line for each run. */
function* outcomeLines(plan: Plan, outcome: Outcome): Generator<string> {
  yield `  ${visible(outcomeInWords(plan, outcome))}`;
  for (const run of outcome.runs) yield `  ${visible(runInWords(run))}`;
}

/** Of a plan that may have been edited. */
export const recordedWords =
  'The text of findings, tables and pictures is as recorded in the plan. It was not checked, and no command in it comes from this tool.';

/**
 * What the reader of a saved plan must know before its findings; undefined if it has neither findings nor exhibits.
 * @param mark how the tool's own commands are marked there
 */
export function recordedNotice({ findings, exhibits }: Plan, mark: string): string | undefined {
  if (findings.length + exhibits.length === 0) return undefined;
  const hasCommands = findings.some(({ steps = [] }) => steps.length > 0);
  return hasCommands ? `${recordedWords} This tool's commands are ${mark}. ${commandsAreOfPlan}` : recordedWords;
}

/** The same as lines of the screen; [] if there is nothing to say. */
export function recordedLines(plan: Plan, width: number): readonly string[] {
  const notice = recordedNotice(plan, `marked "${commandMark}"`);
  return notice === undefined ? [] : ['', ...wrapped(`  ${notice}`, width, 2)];
}

/** For a plan that may have been edited; its commands are quoted, so that a name cannot change what they do. */
export const commandsAreOfPlan = 'The names in the commands come from the plan: check them before you run a command.';

/** The next steps of a saved plan. */
export function* savedStepLines(steps: readonly Step[]): Generator<string> {
  const hasCommands = steps.some(({ commands }) => commands.length > 0);
  yield* nextStepLines(steps, hasCommands ? commandsAreOfPlan : undefined);
}

/** The next steps as numbered paragraphs with their commands below; before them a hint for all of them. */
export function* nextStepLines(steps: readonly Step[], about?: string): Generator<string> {
  yield 'Next steps';
  if (about !== undefined) yield* ['', ...wrapped(about, stepWidth, 0)];
  for (const [index, { text, lines = [], commands, outage }] of stepsInOrder(steps).entries()) {
    const start = `${index + 1}. `;
    yield '';
    yield* wrapped(
      visible(`${start}${outage === true ? 'Interrupts a service: ' : ''}${text}`),
      stepWidth,
      start.length,
    );
    for (const line of lines) yield* wrapped(visible(`     ${line}`), stepWidth, 7);
    for (const command of commands) yield visible(`     ${command}`);
  }
}

/** The line length that a mail or a ticket shows unbroken, in columns. */
const stepWidth = 76;

const findingIndent = 11;

/** On the screen: the title, what it means, and the first of what was seen. */
const mostLines = 3;

interface FindingsPlace {
  /** The lines that they may take together; their titles are shown in any case, except those of notes. */
  readonly room: number;
  /** The folders that paths are below. */
  readonly roots: readonly string[];
}

/** The findings, then how the open blockers can be accepted. */
export function* findingLines(findings: readonly Finding[], options: TextReviewOptions): Generator<string> {
  yield* findingsIn({ room: Number.POSITIVE_INFINITY, roots: [] }, findings, options);
  yield* acceptanceLines(findings, options);
}

/** The findings, each with its id: a note by its title, others in three lines at most, unless all is shown. */
function* findingsIn(
  { room, roots }: FindingsPlace,
  findings: readonly Finding[],
  options: TextReviewOptions,
): Generator<string> {
  const folded = foldedFindings(findings);
  if (options.verbose) for (const finding of folded) yield* wholeFinding(finding, options);
  else {
    const names = distinctiveNames(roots);
    yield* inRoom(
      folded.map((finding) => shortFinding(finding, options, names)),
      room,
    );
  }
}

function acceptanceLines(
  findings: readonly Finding[],
  { style, columns = Number.POSITIVE_INFINITY }: TextReviewOptions,
): readonly string[] {
  const open = distinct(openBlockers(findings), ({ id, acceptable }) => `${acceptable} ${id}`);
  const toAccept = open.filter(({ acceptable }) => acceptable);
  if (toAccept.length === 0) return [];
  const flags = toAccept.map(({ id }) => `--accept ${visible(id)}`).join(' ');
  const others = open.filter(({ acceptable }) => !acceptable).map(({ id }) => visible(id));
  const which = others.length > 0 ? 'the other' : 'the blocker';
  const lines = [
    // First: without this the flags below are not enough.
    ...(others.length === 0 ? [] : [`Cannot be accepted, resolve first: ${others.join(', ')}`]),
    `To accept ${which}${toAccept.length === 1 ? '' : 's'}: ${flags}`,
  ];
  return lines.flatMap((line) => wrapped(`  ${style.dim(line)}`, columns, 2));
}

function* wholeFinding(finding: Finding, options: TextReviewOptions): Generator<string> {
  yield* titleLines(finding, options);
  yield* textLines(finding.detail, options);
  for (const { text, commands } of options.stepsOf?.(finding) ?? []) {
    yield* textLines(text, options);
    for (const command of commands) yield commandOfFinding(command, options);
  }
  for (const item of finding.evidence) yield* inLines(options.style.dim(visible(item)), findingIndent, options);
}

/** A finding in a few lines, by how much they matter. */
interface ShortFinding {
  readonly isNote: boolean;
  readonly title: readonly string[];
  readonly evidence: readonly string[];
  readonly detail: readonly string[];
}

function shortFinding(finding: Finding, options: TextReviewOptions, roots: ReadonlyMap<string, string>): ShortFinding {
  const title = titleLines(finding, options);
  if (finding.level === 'note') return { isNote: true, title, evidence: [], detail: [] };
  // A title alone may take more lines at a narrow terminal.
  const behindTitle = Math.max(0, mostLines - title.length);
  const evidence = firstEvidence(finding, options, roots).slice(0, behindTitle);
  const room = behindTitle - evidence.length;
  const { ellipsis } = options.style.signs;
  // Less wide, for the sign that the text goes on.
  const detail = textLines(finding.detail, { ...options, width: options.width - displayWidth(` ${ellipsis}`) });
  const shown = detail.slice(0, room);
  const isCut = detail.length > room;
  return {
    isNote: false,
    title,
    evidence,
    detail: shown.map((line, index) => (isCut && index === room - 1 ? `${line} ${ellipsis}` : line)),
  };
}

/** As much as there is room for: first the evidence of the gravest findings, then the titles of notes, then details. */
function inRoom(findings: readonly ShortFinding[], room: number): readonly string[] {
  let rest = findings.reduce((left, { isNote, title }) => (isNote ? left : left - title.length), room);
  const admitted = new Set<readonly string[]>();
  const admit = (lines: readonly string[]): void => {
    if (lines.length > rest) return;
    rest -= lines.length;
    admitted.add(lines);
  };
  const gravestFirst = findings.toReversed();
  for (const { evidence } of gravestFirst) admit(evidence);
  for (const { isNote, title } of gravestFirst) if (isNote) admit(title);
  for (const { detail } of gravestFirst) admit(detail);
  const shown = (lines: readonly string[]): readonly string[] => (admitted.has(lines) ? lines : []);
  return findings.flatMap(({ isNote, title, detail, evidence }) => [
    ...(isNote ? shown(title) : title),
    ...shown(detail),
    ...shown(evidence),
  ]);
}

function titleLines(
  { id, level, title, accepted }: Finding,
  { style, columns = Number.POSITIVE_INFINITY }: TextReviewOptions,
): readonly string[] {
  const name = accepted ? style.note('accepted') : style[level](level.padEnd('accepted'.length));
  return wrapped(`  ${name} ${style.bold(visible(id))}  ${visible(title)}`, columns, findingIndent);
}

function textLines(text: string, { width }: TextReviewOptions): readonly string[] {
  return text === '' ? [] : wrapped(' '.repeat(findingIndent) + visible(text), width, findingIndent);
}

/** With its mark where no text of a finding ever begins. */
function commandOfFinding(command: string, { style }: TextReviewOptions): string {
  return `  ${style.note(commandMark.padEnd(findingIndent - 2))}${visible(command)}`;
}

/** The first command, where there is one, else the first of what was seen. */
function firstEvidence(
  finding: Finding,
  options: TextReviewOptions,
  roots: ReadonlyMap<string, string>,
): readonly string[] {
  const { evidence, subjects } = finding;
  const { style, width } = options;
  const [command] = (options.stepsOf?.(finding) ?? []).flatMap(({ commands }) => commands);
  if (command !== undefined) {
    // A part of a command is useless, and looks complete.
    return displayWidth(visible(command)) > width - findingIndent
      ? [' '.repeat(findingIndent) + style.dim('Commands: with --verbose, and in the review.')]
      : [commandOfFinding(command, options)];
  }
  const [first, ...others] = evidence;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${others.length.toLocaleString('en')} more`;
  const room = width - findingIndent - more.length;
  const file = roots.size === 0 ? undefined : subjects.find((subject) => first.startsWith(subject));
  const isLong = displayWidth(visible(first)) > room;
  const line = isLong && file !== undefined ? withoutMiddle(file, roots) + first.slice(file.length) : first;
  return [' '.repeat(findingIndent) + style.dim(truncate(visible(line), room, style.signs.ellipsis) + more)];
}
