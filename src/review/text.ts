/** The review as lines of text: for the terminal with colour, for review.txt without. */

import { standingBlockers } from '../change/apply.ts';
import type { Change, Finding, Plan } from '../change/plan.ts';
import type { Style } from '../terminal/style.ts';
import { wrap } from '../terminal/text-width.ts';
import { visible } from '../terminal/visible.ts';
import { deletedTree } from './deleted-tree.ts';
import { type DiffBlock, type DiffLine, diffBlocks } from './diff-blocks.ts';

export interface TextReviewOptions {
  readonly style: Style;
  /** In columns of a terminal. */
  readonly width: number;
  /** Every place, every piece of evidence and every line, not only the first ones. */
  readonly verbose: boolean;
}

const fewPlaces = 1;
const fewEvidence = 10;
const fewLines = 12;

/** The whole review: findings, diff and the count. */
export function* textReview(plan: Plan, options: TextReviewOptions): Generator<string> {
  const common = commonFolder(plan);
  const shorten = (text: string): string => (text.startsWith(common) ? text.slice(common.length) : text);
  if (common !== '') yield* [`  ${options.style.dim(visible(`Paths are below ${common}`))}`, ''];
  yield* findingLines(plan.findings, options, shorten);
  yield* diffLines(plan.changes, options, shorten);
  yield summaryLine(plan, options.style);
  if (!options.verbose && plan.changes.length > 0) {
    yield `  ${options.style.dim('--verbose shows every path, value and line.')}`;
  }
}

type Shorten = (text: string) => string;

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
  const { style, width } = options;
  for (const finding of findings) {
    const level = finding.accepted ? 'accepted' : finding.level;
    const paint = finding.accepted ? style.note : style[finding.level];
    yield `  ${paint(level.padEnd(8))} ${style.bold(finding.id)}  ${visible(finding.title)}`;
    yield* wrap(visible(finding.detail), width, { indent: 11, hangingIndent: 11 });
    yield* listed(finding.evidence.map(shorten), fewEvidence, 'more', options);
    if (finding.level === 'blocker' && finding.acceptable && !finding.accepted) {
      yield `           ${style.dim(`To overrule it: --accept ${finding.id}`)}`;
    }
    yield '';
  }
}

function* diffLines(changes: readonly Change[], options: TextReviewOptions, shorten: Shorten): Generator<string> {
  const blocks = diffBlocks(changes);
  const doomed = options.verbose ? [] : blocks.filter((block) => block.heading === 'delete');
  for (const block of blocks.filter((candidate) => !doomed.includes(candidate))) {
    yield `  ${options.style.heading(visible(block.heading))}`;
    yield* listed(block.places.map(shorten), fewPlaces, 'more with the same change', options, 4);
    yield* blockLines(block, options);
    yield '';
  }
  yield* doomedTree(doomed, options);
}

/** The tree that goes, a line an entry; what each of them holds is for --verbose and the saved files. */
function* doomedTree(blocks: readonly DiffBlock[], { style }: TextReviewOptions): Generator<string> {
  if (blocks.length === 0) return;
  const attributes = new Map(blocks.map((block) => [block.places[0] ?? '', block.lines.length]));
  yield `  ${style.heading(`delete ${blocks.length} ${blocks.length === 1 ? 'entry' : 'entries'}`)}`;
  for (const { depth, name, dn } of deletedTree([...attributes.keys()])) {
    const values = style.dim(`${attributes.get(dn)} values`);
    yield `    ${style.removed(`- ${'  '.repeat(depth)}${visible(name)}`)}  ${values}`;
  }
  yield '';
}

function* blockLines(block: DiffBlock, { style, verbose }: TextReviewOptions): Generator<string> {
  const lines = verbose ? block.lines : block.lines.slice(0, fewLines);
  for (const line of lines) yield `    ${painted(line, style)}`;
  const hidden = block.lines.length - lines.length;
  if (hidden > 0) yield `    ${style.dim(`… ${hidden} more lines`)}`;
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
  { style, verbose }: TextReviewOptions,
  indent = 11,
): Generator<string> {
  const shown = verbose ? items : items.slice(0, few);
  const margin = ' '.repeat(indent);
  for (const item of shown) yield `${margin}${style.dim(visible(item))}`;
  if (items.length > shown.length) {
    yield `${margin}${style.dim(`… and ${items.length - shown.length} ${more}`)}`;
  }
}

/** The last line: how much changes, and what stands against it. */
function summaryLine(plan: Plan, style: Style): string {
  const count = plan.changes.length;
  const noun = plan.target.kind === 'files' ? ['file', 'files'] : ['entry', 'entries'];
  const changes = count === 0 ? 'Nothing to change' : `${count} ${count === 1 ? noun[0] : noun[1]} to change`;
  const blockers = standingBlockers(plan.findings).length;
  const stand = blockers === 0 ? '' : ` · ${blockers} blocker${blockers === 1 ? ' stands' : 's stand'} against it`;
  return `  ${style.bold(changes)}${blockers === 0 ? '' : style.blocker(stand)}`;
}
