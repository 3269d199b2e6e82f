/** The review as lines of text: for the terminal with colour, for review.txt without. */

import { stripVTControlCharacters } from 'node:util';
import type { Finding } from '../change/findings.ts';
import type { Change, Plan } from '../change/plan.ts';
import type { Description, Step } from '../remedies/remedy.ts';
import type { Style } from '../terminal/style.ts';
import { createStyle } from '../terminal/style.ts';
import { visible } from '../terminal/visible.ts';
import { wrapped } from '../terminal/wrapped.ts';
import { exhibitLines, propertyLines } from './exhibit-text.ts';
import { type DiffBlock, type DiffLine, deletedTree, diffBlocks } from './rows.ts';
import { headOf, summaryLine } from './summary.ts';

export interface TextReviewOptions {
  readonly style: Style;
  /** What sentences are wrapped to, in columns. */
  readonly width: number;
  /**
   * The columns of the terminal, to which all but the lines of a diff is wrapped. Left out for a file or a pipe, where
   * each path, DN and value is a line.
   */
  readonly columns?: number;
  /** Every place, every piece of evidence and every line, not only the first ones. */
  readonly verbose: boolean;
}

const boundless = Number.POSITIVE_INFINITY;

const findingIndent = 11;

const fewPaths = 1;
/** Of entries with the same edit: names say more than one path among equal files. */
const fewEntries = 5;
const fewEvidence = 10;
const fewLines = 12;

/** The review at a terminal: the diff, the findings, the gravest last, and the line that counts everything. */
export function* screenReview(plan: Plan, options: TextReviewOptions): Generator<string> {
  const common = commonFolder(plan);
  const shorten = (text: string): string => (text.startsWith(common) ? text.slice(common.length) : text);
  if (common !== '') yield* [...inLines(options.style.dim(visible(`Paths are below ${common}`)), 2, options), ''];
  yield* diffLines(plan.changes, options, shorten);
  yield* findingLines(plan.findings, options, shorten);
  yield summaryLine(plan, options.style);
  if (!options.verbose && plan.changes.length > 0) {
    yield `  ${options.style.dim('--verbose shows every path, value and line.')}`;
  }
}

/** Commands of this tool as they are printed in the documents of a change folder. */
export interface Commands {
  readonly apply: string;
  readonly undo: string;
}

/** The columns of review.txt, which prints on paper. */
const paperWidth = 100;

/** The review as plain text, complete: head, summary, diff, findings, pictures, next steps, how to apply and undo, seal. */
export function* paperReview(plan: Plan, description: Description, commands: Commands): Generator<string> {
  const options: TextReviewOptions = { style: createStyle(false), width: paperWidth, verbose: true };
  yield visible(description.title);
  yield '';
  yield* propertyLines([...headOf(plan), ...description.summary], options);
  yield '';
  yield* screenReview(plan, options);
  for (const exhibit of [...description.changes, ...plan.exhibits]) yield* ['', ...exhibitLines(exhibit, options)];
  if (description.nextSteps.length > 0) yield* ['', ...nextStepLines(description.nextSteps)];
  yield '';
  yield `Apply: ${commands.apply}`;
  if (plan.undoes === undefined) yield `Undo:  ${commands.undo}`;
  yield `Seal:  ${plan.seal.match(/.{1,8}/gu)?.join(' ') ?? ''}`;
}

/** The next steps as numbered paragraphs, their commands below. */
export function* nextStepLines(steps: readonly Step[]): Generator<string> {
  yield 'What remains to be done';
  for (const [index, step] of steps.entries()) {
    yield '';
    yield* wrapped(visible(`${index + 1}. ${step.text}`), stepWidth, 3);
    for (const line of step.lines ?? []) yield* wrapped(visible(`     ${line}`), stepWidth, 7);
    for (const command of step.commands) yield visible(`     ${command}`);
  }
}

/** What a mail or a ticket shows without breaking lines of its own, in columns. */
const stepWidth = 76;

type Shorten = (text: string) => string;

/** Something on a line of its own, set in by so many columns; what does not fit goes on two columns further in. */
function inLines(text: string, indent: number, { columns = boundless }: TextReviewOptions): readonly string[] {
  return wrapped(' '.repeat(indent) + text, columns, indent + 2);
}

/** The folder that all paths of a plan for files begin with, its separator included. */
function commonFolder(plan: Plan): string {
  if (plan.target.kind !== 'files') return '';
  const [first = '', ...rest] = plan.target.roots;
  const parts = first.split(/(?<=[\\/])/);
  let common = '';
  for (const part of parts) {
    if (!/[\\/]$/.test(part) || !rest.every((root) => root.startsWith(common + part))) break;
    common += part;
  }
  return common;
}

/** The findings, each with its id, what it means, what to do and the first of what was seen. */
export function* findingLines(
  findings: readonly Finding[],
  options: TextReviewOptions,
  shorten: Shorten = (text) => text,
): Generator<string> {
  const { style, width, columns = boundless } = options;
  const margin = ' '.repeat(findingIndent);
  for (const finding of findings) {
    const level = finding.accepted ? 'accepted' : finding.level;
    const paint = finding.accepted ? style.note : style[finding.level];
    yield* wrapped(
      `  ${paint(level.padEnd(8))} ${style.bold(finding.id)}  ${visible(finding.title)}`,
      columns,
      findingIndent,
    );
    yield* wrapped(margin + visible(finding.detail), width, findingIndent);
    yield* listed(finding.evidence.map(shorten), fewEvidence, 'more', options);
    if (finding.level === 'blocker' && finding.acceptable && !finding.accepted) {
      yield `${margin}${style.dim(`To accept it: --accept ${finding.id}`)}`;
    }
    yield '';
  }
}

function* diffLines(changes: readonly Change[], options: TextReviewOptions, shorten: Shorten): Generator<string> {
  const blocks = diffBlocks(changes);
  const few = changes[0]?.kind === 'file' ? fewPaths : fewEntries;
  const deletions = options.verbose ? [] : blocks.filter((block) => block.heading === 'delete');
  for (const block of blocks.filter((candidate) => !deletions.includes(candidate))) {
    yield* inLines(options.style.heading(visible(block.heading)), 2, options);
    yield* listed(block.places.map(shorten), few, 'more with the same change', options, diffMargin.length);
    yield* blockLines(block, options);
    yield '';
  }
  yield* deletionTree(deletions, options);
}

/** The entries to be deleted as a tree, a line each; --verbose and the saved files show their attributes. */
function* deletionTree(
  blocks: readonly DiffBlock[],
  { style, columns = boundless }: TextReviewOptions,
): Generator<string> {
  if (blocks.length === 0) return;
  const attributes = new Map(blocks.map((block) => [block.places[0] ?? '', block.lines.length]));
  yield `  ${style.heading(`delete ${blocks.length} ${blocks.length === 1 ? 'entry' : 'entries'}`)}`;
  for (const { depth, name, dn } of deletedTree([...attributes.keys()])) {
    const values = style.dim(`${attributes.get(dn)} values`);
    const sign = `- ${'  '.repeat(depth)}`;
    const line = `${diffMargin}${style.removed(sign + visible(name))}  ${values}`;
    yield* wrapped(line, columns, diffMargin.length + sign.length);
  }
  yield '';
}

function* blockLines(block: DiffBlock, { style, verbose }: TextReviewOptions): Generator<string> {
  const lines = verbose ? block.lines : block.lines.slice(0, fewLines);
  for (const line of lines) yield diffMargin + painted(line, style);
  const hidden = block.lines.length - lines.length;
  if (hidden > 0) yield diffMargin + style.dim(`… ${hidden} more lines`);
}

function painted(line: DiffLine, style: Style): string {
  const text = line.segments
    .map((segment) => (segment.changed ? style.changedWord(visible(segment.text)) : visible(segment.text)))
    .join('');
  const whole = `${line.sign} ${text}`;
  return line.sign === '-' ? style.removed(whole) : line.sign === '+' ? style.added(whole) : whole;
}

function* listed(
  items: readonly string[],
  few: number,
  more: string,
  options: TextReviewOptions,
  indent = findingIndent,
): Generator<string> {
  const { style, verbose } = options;
  const shown = verbose ? items : items.slice(0, few);
  for (const item of shown) yield* inLines(style.dim(visible(item)), indent, options);
  if (items.length > shown.length) {
    yield* inLines(style.dim(`… and ${items.length - shown.length} ${more}`), indent, options);
  }
}

/** Before every line of a diff. */
export const diffMargin = '    ';

/** Whether a printed line belongs to a diff: it stays as it is, however narrow the terminal, so that it can be copied. */
export function isDiffLine(line: string): boolean {
  return line.startsWith(diffMargin) && /^[-+] /.test(stripVTControlCharacters(line.slice(diffMargin.length)));
}
