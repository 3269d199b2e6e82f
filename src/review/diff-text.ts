/** The rows of a review as lines of text. */

import { stripVTControlCharacters } from 'node:util';
import type { Plan } from '../change/plan.ts';
import type { StepsOf } from '../remedies/remedy.ts';
import type { Style } from '../terminal/style.ts';
import { displayWidth, largest, pad, visible, wrapped } from '../terminal/text-layout.ts';
import { counted, distinct, groupBy, listed } from '../words.ts';
import { deletedTree, deletionOf, isDelete, type ReferencesTo, referencesIn } from './deleted-tree.ts';
import {
  type FilePlaces,
  filePlaces,
  type PlaceGroup,
  placesInWords,
  type RowPlaces,
  wholePath,
} from './file-places.ts';
import {
  type DiffLine,
  type EntriesRow,
  type EntryPart,
  type FilesRow,
  onlyKeyOf,
  plainText,
  type ReviewRow,
  type Segment,
  shownEdits,
} from './rows.ts';
import { type Outcome, rowOutcome } from './summary.ts';

/** How much of a review is shown, and how wide. */
export interface TextReviewOptions {
  readonly style: Style;
  /** What sentences are wrapped to, in columns. */
  readonly width: number;
  /**
   * The columns of the terminal, to which everything except the lines of a diff is wrapped. Left out for a file or a
   * pipe, where each path, DN and value is a line.
   */
  readonly columns?: number | undefined;
  /** Every place, every piece of evidence and every line, not only the first ones. */
  readonly verbose: boolean;
  /** Leaves out the hint at --verbose. */
  readonly quiet?: boolean;
  /** The steps of findings in words; without it they are not drawn. */
  readonly stepsOf?: StepsOf | undefined;
}

/** What is drawn, and how. */
interface Drawing extends TextReviewOptions {
  readonly outcome: Outcome | undefined;
}

const diffMargin = 4;
/** Folders of form sets. */
const fewSets = 3;
/** Of entries with the same edit. */
const fewEntries = 5;
/** To one entry that is deleted. */
const fewReferences = 4;
/** Of one attribute, on one side of the diff. */
const fewValues = 4;

/** Whether a printed line belongs to a diff: it stays as it is, however narrow the terminal, so that it can be copied. */
export function isDiffLine(line: string): boolean {
  return /^[ \d]{4,}[-+] /.test(stripVTControlCharacters(line));
}

/**
 * All rows: a table of the texts in files, entries each with their lines; those that are deleted as a tree, behind it
 * in the same order whole where all is shown.
 */
export function* diffLines(
  plan: Plan,
  rows: readonly ReviewRow[],
  options: TextReviewOptions,
  outcome?: Outcome,
): Generator<string> {
  const files = rows.filter((row) => row.kind === 'files');
  const entries = rows.filter((row) => row.kind === 'entries');
  const drawing = { ...options, outcome };
  if (files.length > 0) yield* filesTable(files, filePlaces(files, plan.target), drawing);
  for (const row of entries) if (!isDelete(row)) yield* entriesLines(row, drawing);
  const deletes = entries.filter(isDelete);
  if (deletes.length > 0) yield* deletesLines(deletes, referencesIn(rows, plan.leftOut), drawing);
  if (!options.verbose) return;
  const roots = deletes.map((row) => ({ dn: row.dns[0] ?? '', row }));
  for (const { entry } of deletedTree(roots)) yield* entriesLines(entry.row, drawing);
}

/** A separate line, indented by this many columns; the rest of a long line is indented by two columns more. */
export function inLines(
  text: string,
  indent: number,
  { columns = Number.POSITIVE_INFINITY }: Pick<TextReviewOptions, 'columns'>,
): readonly string[] {
  return wrapped(' '.repeat(indent) + text, columns, indent + 2);
}

/** language → old → new → files; a text too wide for its column gets separate lines below. */
function* filesTable(rows: readonly FilesRow[], places: FilePlaces, drawing: Drawing): Generator<string> {
  const { style } = drawing;
  const onlyKey = onlyKeyOf(rows);
  // Groups are of use where their folders are listed.
  const isNamed = drawing.verbose && places.groups.length > 1;
  const lines = rows.flatMap((row) => tableLines(row, places.of(row), isNamed, onlyKey, drawing));
  const layout = layoutOf(lines, drawing);
  if (onlyKey !== undefined) yield `  ${style.heading(visible(onlyKey))}`;
  const headings = { number: '', language: 'lang', key: onlyKey === undefined ? 'key' : '', files: 'files' };
  yield* rowLines({ ...headings, old: [plain('old text')], new: [plain('new text')], below: [] }, layout, {
    ...drawing,
    style: { ...style, removed: style.dim, added: style.dim, bold: style.dim },
  });
  for (const line of lines) {
    yield* rowLines(line, layout, drawing);
    for (const below of line.below) yield* inLines(below, layout.indent, drawing);
  }
  if (drawing.verbose) yield* groupLines(places, drawing);
  else if (places.groups.length > 0) {
    yield* inLines(style.dim(visible(shortGroups(places.groups))), 2, drawing);
    for (const line of linksInWords(places.groups)) yield* inLines(style.warning(visible(line)), 2, drawing);
  }
  yield '';
}

interface TableLine {
  readonly number: string;
  readonly language: string;
  readonly key: string;
  readonly old: readonly Segment[];
  readonly new: readonly Segment[];
  readonly files: string;
  /** Lines about the row, below it. */
  readonly below: readonly string[];
}

function plain(text: string): Segment {
  return { text, changed: false };
}

function tableLines(
  row: FilesRow,
  { groups, others }: RowPlaces,
  isNamed: boolean,
  onlyKey: string | undefined,
  drawing: Drawing,
): readonly TableLine[] {
  const named = isNamed && groups.length > 0 ? ` ${groups.map(({ name }) => name).join(', ')}` : '';
  const files = row.changes.length.toLocaleString('en') + named;
  const below = [
    ...others.map((change) => drawing.style.dim(visible(wholePath(change)))),
    ...outcomeLines(row, drawing),
  ];
  const edits = shownEdits(row);
  return edits.map((edit, index) => ({
    number: index === 0 ? row.number.toString() : '',
    language: index === 0 ? visible(row.language) : '',
    key: onlyKey === undefined ? visible(edit.key) : '',
    old: drawing.verbose ? edit.old : endsOf(edit.old),
    new: drawing.verbose ? edit.new : endsOf(edit.new),
    files: index === 0 ? files : '',
    below: index === edits.length - 1 ? below : [],
  }));
}

interface Layout {
  readonly number: number;
  readonly language: number;
  readonly key: number;
  readonly old: number;
  readonly new: number;
  /** Without its heading, which may begin further left: "new text   files". */
  readonly files: number;
  /** Where the texts begin. */
  readonly indent: number;
}

/** The widest text that a column is made for where there is no terminal's edge. */
const widestText = 50;

function layoutOf(lines: readonly TableLine[], { columns }: Drawing): Layout {
  const widest = (texts: readonly string[], least = 0): number => largest(least, texts.map(displayWidth));
  const columnOf = (name: 'number' | 'language' | 'key' | 'files'): readonly string[] =>
    lines.map((line) => line[name]);
  const number = widest(columnOf('number'), 2);
  const language = widest(columnOf('language'), 'lang'.length);
  const key = Math.min(30, widest(columnOf('key')));
  const indent = 2 + number + 1 + language + 2 + (key === 0 ? 0 : key + 2);
  const files = widest(columnOf('files'));
  const room = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(16, columns - indent - files - 4);
  const natural = (side: 'old' | 'new'): number => {
    const texts = lines.map((line) => visible(plainText(line[side])));
    return Math.min(widestText, widest(texts, 'old text'.length));
  };
  const old = Math.min(natural('old'), Math.max(Math.floor(room / 2), room - natural('new')));
  return { number, language, key, old, new: Math.min(natural('new'), room - old), indent, files };
}

/**
 * A line of the table; at a terminal texts continue below themselves in their column, in a file one that is too wide
 * gets a line.
 */
function* rowLines(line: TableLine, layout: Layout, drawing: Drawing): Generator<string> {
  const { style, columns } = drawing;
  const sides = [
    { width: layout.old, text: painted(line.old, style.removed, style), sign: '- ' },
    { width: layout.new, text: painted(line.new, style.added, style), sign: '+ ' },
  ] as const;
  const isTooWide = columns === undefined && sides.some(({ width, text }) => displayWidth(text) > width);
  const [old = [], now = []] = isTooWide
    ? [[], []]
    : sides.map(({ width, text }) => wrapped(text, width, 0).map((part) => pad(part, width)));
  const margin = `  ${pad(line.number, layout.number, 'right')} ${style.bold(pad(line.language, layout.language))}`;
  const key = layout.key === 0 ? '' : `  ${pad(line.key, layout.key)}`;
  for (let index = 0; index < Math.max(1, old.length, now.length); index += 1) {
    const before = index === 0 ? margin + key : ' '.repeat(layout.indent - 2);
    const texts = `  ${old[index] ?? ' '.repeat(layout.old)}  ${now[index] ?? ' '.repeat(layout.new)}`;
    const files = index === 0 ? line.files : '';
    const excess = columns === undefined ? 0 : Math.max(0, displayWidth(files) - layout.files);
    const start = before + (texts.endsWith(' '.repeat(excess)) ? texts.slice(0, texts.length - excess) : texts);
    yield `${start}  ${style.dim(files)}`.trimEnd();
  }
  if (isTooWide) for (const { sign, text } of sides) yield `${' '.repeat(layout.indent)}${sign}${text}`;
}

function painted(segments: readonly Segment[], paint: (text: string) => string, style: Style): string {
  return paint(
    segments.map(({ text, changed }) => (changed ? style.changedWord(visible(text)) : visible(text))).join(''),
  );
}

/** Every folder once, with the groups that it belongs to. */
function* groupLines(places: FilePlaces, drawing: Drawing): Generator<string> {
  const { style } = drawing;
  for (const { file, folders } of places.folders) {
    yield* inLines(style.dim(visible(placesInWords(file, places))), 2, drawing);
    for (const { folder, groups } of folders) {
      yield* inLines(style.dim(visible(groups === '' ? folder : `${folder}: ${groups}`)), diffMargin, drawing);
    }
  }
}

/** The same in a line: "Files: Exchange\\HTML and ISA\\HTML, in 3 roots". */
function shortGroups(groups: readonly PlaceGroup[]): string {
  const roots = new Set(groups.flatMap((group) => group.roots)).size;
  const sets = distinct(
    groups.flatMap((group) => group.sets),
    (name) => name.toLowerCase(),
  );
  return `Files: ${listed(sets, fewSets)}${roots === 1 ? '' : `, in ${counted(roots, 'root')}`}`;
}

/** A file behind a link is written at its real place, so this is always shown, not only with --verbose. */
function linksInWords(groups: readonly PlaceGroup[]): readonly string[] {
  const links = distinct(
    groups.flatMap(({ behindLinks }) => behindLinks),
    ({ folder }) => folder,
  );
  return [...groupBy(links, ({ named, real }) => `${named} → ${real}`)].map(
    ([way, some]) => `${counted(some.length, 'folder')} behind a link: ${way}`,
  );
}

function outcomeLines(row: ReviewRow, { outcome, style }: Drawing): readonly string[] {
  if (outcome === undefined) return [];
  const { words, exceptions } = rowOutcome(row, outcome);
  return [style.note(visible(words)), ...exceptions.map((text) => style.warning(visible(text)))];
}

function* entriesLines(row: EntriesRow, drawing: Drawing): Generator<string> {
  const { style } = drawing;
  const verb =
    row.dns.length === 1 ? row.verb : `${row.verb} ${row.dns.length.toLocaleString('en')} entries in the same way`;
  yield* inLines(`${pad(row.number.toString(), 2, 'right')}  ${style.heading(verb)}`, 2, drawing);
  if (row.verb !== 'delete tree')
    yield* firstFew(row.dns, fewEntries, 'more with the same change', drawing, diffMargin);
  for (const part of row.parts) {
    if (row.verb === 'delete tree') yield* inLines(style.dim(visible(part.dn)), diffMargin, drawing);
    yield* partLines(part, drawing);
  }
  for (const line of outcomeLines(row, drawing)) yield* inLines(line, diffMargin, drawing);
  yield '';
}

/** Where not all is shown, the first values of each attribute: none is pushed behind another. */
function* partLines({ from, lines }: EntryPart, drawing: Drawing): Generator<string> {
  const { style, verbose } = drawing;
  const margin = ' '.repeat(diffMargin);
  if (from !== undefined) yield* inLines(style.dim(visible(`from ${from}`)), diffMargin, drawing);
  let alike = 0;
  for (const [index, line] of lines.entries()) {
    const next = lines[index + 1];
    const isLast = next === undefined || next.name !== line.name || next.sign !== line.sign;
    if (line.isAlwaysShown !== true) alike += 1;
    if (verbose || line.isAlwaysShown === true || alike <= fewValues) yield margin + paintedLine(line, style, verbose);
    if (isLast && !verbose && alike > fewValues) {
      yield margin +
        style.dim(`  … ${counted(alike - fewValues, 'more value')} of ${visible(line.name.replace(/:+ $/, ''))}`);
    }
    if (isLast) alike = 0;
  }
}

function paintedLine({ sign, name, value }: DiffLine, style: Style, verbose: boolean): string {
  const text = painted(verbose ? value : endsOf(value), (asItIs) => asItIs, style);
  const whole = `${sign} ${visible(name)}${text}`;
  return sign === '-' ? style.removed(whole) : style.added(whole);
}

/** In characters. */
const longestValue = 2000;
const keptAtStart = 500;
const keptAtEnd = 100;

/** A value too long to be read through is shown by its ends; --verbose, the page and the plan have all of it. */
function endsOf(value: readonly Segment[]): readonly Segment[] {
  const text = plainText(value);
  if (text.length <= longestValue) return value;
  const left = (text.length - keptAtStart - keptAtEnd).toLocaleString('en');
  return [plain(`${text.slice(0, keptAtStart)} […${left} more characters…] ${text.slice(-keptAtEnd)}`)];
}

/**
 * The entries to be deleted as a tree, each with the references to it; --verbose and the saved files show their
 * attributes.
 */
function* deletesLines(
  rows: readonly EntriesRow[],
  referencesTo: (dn: string) => ReferencesTo,
  drawing: Drawing,
): Generator<string> {
  const { style, columns = Number.POSITIVE_INFINITY, verbose } = drawing;
  const { heading, tree } = deletionOf(rows);
  yield `  ${style.heading(heading)}`;
  for (const { depth, name, entry } of tree) {
    const number = entry.row?.number.toString() ?? '';
    const sign = `${pad(number, diffMargin - 1, 'right')} - ${'  '.repeat(depth)}`;
    const line = `${style.removed(sign + visible(name))}  ${style.dim(counted(entry.lines.length, 'value'))}`;
    yield* wrapped(line, columns, sign.length);
    const { cleared, left } = referencesTo(entry.dn);
    const arrows = (references: readonly string[]): readonly string[] => references.map((words) => `← ${words}`);
    yield* firstFew(arrows(cleared), fewReferences, 'more', drawing, sign.length);
    yield* firstFew(
      arrows(left),
      fewReferences,
      'more that the plan does not clear',
      drawing,
      sign.length,
      style.warning,
    );
  }
  if (!verbose)
    for (const row of rows) for (const line of outcomeLines(row, drawing)) yield* inLines(line, diffMargin, drawing);
  yield '';
}

/** The first few, and how many more; all with --verbose. */
function* firstFew(
  items: readonly string[],
  few: number,
  more: string,
  options: TextReviewOptions,
  indent: number,
  paint = options.style.dim,
): Generator<string> {
  const { verbose } = options;
  const shown = verbose || items.length <= few + 1 ? items : items.slice(0, few);
  for (const item of shown) yield* inLines(paint(visible(item)), indent, options);
  if (items.length > shown.length) {
    yield* inLines(paint(`… and ${(items.length - shown.length).toLocaleString('en')} ${more}`), indent, options);
  }
}
