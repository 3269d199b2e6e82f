/** Questions with a list of choices: one of them, or several. The list is filtered by typing, and drawn by pages. */

import { isDeepStrictEqual } from 'node:util';
import type { Dialogue, Key, Reading, Space, View } from './dialogue.ts';
import type { Choice, MultiselectQuestion, SelectQuestion } from './prompter.ts';
import type { Style } from './style.ts';
import { displayWidth, largest, pad, startOf, truncate, visible, wrap } from './text-layout.ts';

interface ChoiceListState {
  /** Words that a choice must contain to be shown. */
  readonly filter: string;
  /** Index of the choice under the pointer; undefined if the pointer is on none. */
  readonly focus: number | undefined;
  /** Indexes of the marked choices. */
  readonly marked: ReadonlySet<number>;
}

interface List {
  readonly choices: readonly Choice<unknown>[];
  /** Index of the choice "none of these", which every filter leaves in the list. */
  readonly none: number | undefined;
  /**
   * Index of the choice that the pointer starts on; undefined if it starts on no choice: Enter alone selects nothing
   * then.
   */
  readonly start: number | undefined;
}

/** Longer lists are filtered by typing. In a short one a stray letter would move the pointer to another choice. */
const shortList = 7;

/** The question for one of several values. Throws RangeError if all choices are disabled. */
export function choosingOne<T>(question: SelectQuestion<T>): Dialogue<ChoiceListState, T> {
  const { noneOfThese, initial = 0 } = question;
  const choices = noneOfThese === undefined ? question.choices : [...question.choices, noneOfThese];
  const list: List = {
    choices,
    none: noneOfThese === undefined ? undefined : choices.length - 1,
    start: initial === 'none' ? undefined : startOn(choices, initial),
  };
  const isFilterable = question.filterable ?? choices.length > shortList;
  const appearance: Appearance = {
    box: () => '',
    help: [`${isFilterable ? 'type to filter, ' : ''}arrows move, Enter selects, Escape goes back`],
  };
  const chosen = (state: ChoiceListState): Choice<T> | undefined =>
    state.focus === undefined ? undefined : choices[state.focus];
  const start = { filter: '', focus: list.start, marked: new Set<number>() };
  return {
    message: question.message,
    inBrackets: undefined,
    entryColumns: isFilterable ? 20 : 0,
    start,
    press: (state, key, space) => {
      const moved = move(state, list, key.action, space, appearance);
      return moved === state && isFilterable ? typeFilter(state, list, key) : moved;
    },
    view: (state, space) => look(state, list, space, appearance),
    problem: (state) => {
      if (chosen(state) !== undefined) return undefined;
      return matchesNothing(list, state.filter)
        ? 'Type something else, or delete letters with Backspace.'
        : 'Choose one with the arrow keys first.';
    },
    answer: (state) => {
      const choice = chosen(state);
      if (choice === undefined) throw new RangeError('Nothing is chosen.');
      return choice.value;
    },
    summary: (state) => chosen(state)?.label ?? '',
    plain: {
      rows: numberedRows(list),
      hangingIndent: 6,
      hint: start.focus === undefined ? 'Number or name' : `Number or name (${start.focus + 1})`,
      hidden: false,
      read: (line) => {
        if (line.trim() === '' && start.focus !== undefined) return { answer: start };
        const reading = readChoice(list, line);
        return 'problem' in reading ? reading : { answer: { ...start, focus: reading.answer } };
      },
    },
  };
}

/** Longer answers are shown as a number, not as a list. */
const fewLabels = 6;

/**
 * The question for any number of values: the space bar marks, Tab marks all choices that are shown, or none of them. Throws
 * RangeError if all choices are disabled.
 */
export function choosingSeveral<T>(question: MultiselectQuestion<T>): Dialogue<ChoiceListState, readonly T[]> {
  const { choices } = question;
  const list: List = { choices, none: undefined, start: startOn(choices, 0) };
  const minimum = question.minimum ?? 0;
  const all = selectable(list, [...choices.keys()]);
  const appearanceOf = ({ marked }: ChoiceListState): Appearance => ({
    box: (index) => (marked.has(index) ? '[x] ' : '[ ] '),
    help: [
      `${marked.size === 0 ? 'none' : marked.size} marked`,
      'space marks, Tab all, type to filter, Enter continues, Escape back',
    ],
  });
  const chosen = (state: ChoiceListState): readonly Choice<T>[] =>
    choices.filter((_choice, index) => state.marked.has(index));
  const isInitial = (index: number): boolean =>
    question.initial.some((value) => isDeepStrictEqual(value, choices[index]?.value));
  const start: ChoiceListState = { filter: '', focus: list.start, marked: new Set(all.filter(isInitial)) };
  const numbers = [...start.marked].map((index) => index + 1).join(', ') || 'none';
  return {
    message: question.message,
    inBrackets: undefined,
    entryColumns: 20,
    start,
    press: (state, key, space) => {
      if (key.action === 'space')
        return state.focus === undefined ? state : { ...state, marked: toggled(state.marked, [state.focus]) };
      if (key.action === 'next') {
        return { ...state, marked: toggled(state.marked, selectable(list, matching(list, state.filter))) };
      }
      const moved = move(state, list, key.action, space, appearanceOf(state));
      return moved === state ? typeFilter(state, list, key) : moved;
    },
    view: (state, space) => look(state, list, space, appearanceOf(state)),
    problem: (state) => (state.marked.size < minimum ? `Mark at least ${minimum === 1 ? 'one' : minimum}.` : undefined),
    answer: (state) => chosen(state).map((choice) => choice.value),
    summary: (state) => {
      const labels = chosen(state).map((choice) => choice.label);
      if (labels.length > fewLabels) {
        return labels.length === all.length ? `all ${all.length}` : `${labels.length} of ${all.length}`;
      }
      return labels.length === 0 ? 'none' : labels.join(', ');
    },
    plain: {
      rows: numberedRows(list),
      hangingIndent: 6,
      hint: `Numbers or names with commas, all, or none (${numbers})`,
      hidden: false,
      read: (line) => {
        if (line.trim() === '') return { answer: start };
        const reading = readChoices(list, line);
        return 'problem' in reading ? reading : { answer: { ...start, marked: reading.answer } };
      },
    },
  };
}

/** Marks all of the choices, or unmarks them if all are marked. */
function toggled(marked: ReadonlySet<number>, indexes: readonly number[]): ReadonlySet<number> {
  const next = new Set(marked);
  const areMarked = indexes.every((index) => marked.has(index));
  for (const index of indexes) areMarked ? next.delete(index) : next.add(index);
  return next;
}

function startOn(choices: List['choices'], wanted: number): number {
  const stops = selectable({ choices }, [...choices.keys()]);
  const [first] = stops;
  if (first === undefined) throw new RangeError('A question needs at least one choice that is not disabled.');
  return stops.includes(wanted) ? wanted : first;
}

/** The choice that a typed label, number or filter means. A number is never a filter: its choice may be disabled. */
function readChoice(list: List, line: string): Reading<number> {
  const stops = selectable(list, [...list.choices.keys()]);
  const typed = fold(line.trim());
  const byLabel = stops.filter((index) => fold(list.choices[index]?.label ?? '') === typed);
  const isNumber = /^\d+$/.test(typed);
  const others = stops.filter((index) => {
    return isNumber ? index + 1 === Number(typed) : index !== list.none && matching(list, typed).includes(index);
  });
  const found = typed === '' ? undefined : [byLabel, others].find(({ length }) => length === 1)?.[0];
  if (found !== undefined) return { answer: found };
  return { problem: `Type a number from 1 to ${list.choices.length} or a name from the list.` };
}

/** The choices of a line like "1, 3" or "EX1, EX3". */
function readChoices(list: List, line: string): Reading<ReadonlySet<number>> {
  const typed = line.trim().toLowerCase();
  const all = selectable(list, [...list.choices.keys()]);
  if (typed === 'all') return { answer: new Set(all) };
  if (typed === 'none') return { answer: new Set() };
  const parts = line.split(/^[\d\s,]+$/.test(line) ? /[\s,]+/ : ',').filter((part) => part.trim() !== '');
  const marked = new Set<number>();
  for (const part of parts) {
    const reading = readChoice(list, part);
    if ('problem' in reading) return { problem: `${part.trim()}: ${reading.problem}` };
    marked.add(reading.answer);
  }
  return { answer: marked };
}

/** The choices with their numbers, for a terminal if nothing can be redrawn. */
function numberedRows(list: List): readonly string[] {
  const digits = String(list.choices.length).length;
  const labelColumns = columnsOfLabels(list, Number.POSITIVE_INFINITY);
  return list.choices.map((choice, index) => {
    const number = choice.disabled === undefined ? String(index + 1) : '-';
    const aside = asideOf(choice);
    const label = visible(choice.label);
    return `${number.padStart(digits + 2)}  ${aside === undefined ? label : `${pad(label, labelColumns)}  ${visible(aside)}`}`;
  });
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

const wordsOf = (filter: string): readonly string[] => fold(filter).split(/\s+/);

/** The indexes of the choices whose label and hint contain every word of the filter, in any letter case. */
function matching({ choices, none }: List, filter: string): readonly number[] {
  const words = wordsOf(filter);
  return [...choices.keys()].filter((index) => {
    const text = fold(`${choices[index]?.label ?? ''} ${choices[index]?.hint ?? ''}`);
    return index === none || words.every((word) => text.includes(word));
  });
}

/** Whether the list shows no choice but "none of these". */
const matchesNothing = (list: List, filter: string): boolean =>
  matching(list, filter).every((index) => index === list.none);

const selectable = ({ choices }: Pick<List, 'choices'>, indexes: readonly number[]): readonly number[] =>
  indexes.filter((index) => choices[index]?.disabled === undefined);

/**
 * Where a key moves the pointer; the same state if it moves nothing.
 *
 * @param space where the list is drawn, which decides how many choices are on a page
 */
function move(
  state: ChoiceListState,
  list: List,
  action: string | undefined,
  space: ListSpace,
  appearance: Appearance,
): ChoiceListState {
  const shown = matching(list, state.filter);
  const stops = selectable(list, shown);
  const at = state.focus === undefined ? -1 : stops.indexOf(state.focus);
  const to = (focus: number | undefined): ChoiceListState => (focus === undefined ? state : { ...state, focus });
  const pagesOn = (pages: 1 | -1): number => {
    const position = state.focus === undefined ? -1 : shown.indexOf(state.focus);
    return position + pages * pageSize(drawnList(state, list, space, appearance), space);
  };
  switch (action) {
    case 'up':
      return to(at < 0 ? stops.at(-1) : stops.at(at - 1));
    case 'down':
      return to(stops[at + 1] ?? stops[0]);
    case 'pageUp': {
      const up = pagesOn(-1);
      return to(stops.findLast((stop) => shown.indexOf(stop) <= up) ?? stops[0]);
    }
    case 'pageDown': {
      const down = pagesOn(1);
      return to(stops.find((stop) => shown.indexOf(stop) >= down) ?? stops.at(-1));
    }
    case 'home':
      return to(stops[0]);
    case 'end':
      return to(stops.at(-1));
    default:
      return state;
  }
}

/**
 * Where the pointer may go after a filter was typed: to labels that match rather than to choices whose hint alone does,
 * as the hint of one DC names others; and to "none of these" never, as it matches every filter.
 */
function bestMatches({ choices, none }: List, stops: readonly number[], filter: string): readonly number[] {
  const matches = stops.filter((stop) => stop !== none);
  const labelOf = (index: number): string => fold(choices[index]?.label ?? '');
  const isInLabel = (index: number): boolean => wordsOf(filter).every((word) => labelOf(index).includes(word));
  const tiers = [matches.filter((index) => labelOf(index) === fold(filter).trim()), matches.filter(isInLabel)];
  return tiers.find(({ length }) => length > 0) ?? matches;
}

/** What is typed moves the pointer to a best match. In a list that starts on none it does so only if nothing else matches. */
function narrow(state: ChoiceListState, list: List, filter: string): ChoiceListState {
  const stops = selectable(list, matching(list, filter));
  const best = bestMatches(list, stops, filter);
  if (state.focus !== undefined && best.includes(state.focus)) return { ...state, filter };
  const isOpen = list.start === undefined && stops.filter((stop) => stop !== list.none).length > 1;
  return { ...state, filter, focus: isOpen ? undefined : best[0] };
}

/** What is erased leaves the pointer where it is. If it is on no choice, an empty filter puts it back to the start. */
function widen(state: ChoiceListState, list: List, filter: string): ChoiceListState {
  if (state.focus !== undefined) return { ...state, filter };
  return filter === '' ? { ...state, filter, focus: list.start } : narrow(state, list, filter);
}

function typeFilter(state: ChoiceListState, list: List, key: Key): ChoiceListState {
  if (key.action === 'delete') return widen(state, list, [...state.filter].slice(0, -1).join(''));
  if (key.action === 'eraseLine') return widen(state, list, '');
  if (key.text !== undefined) return narrow(state, list, state.filter + key.text);
  return state;
}

interface Appearance {
  /** The box before the label, if the choice can be marked. */
  readonly box: (index: number) => string;
  readonly help: readonly string[];
}

const asideOf = (choice: Choice<unknown> | undefined): string | undefined =>
  choice?.disabled === undefined ? choice?.hint : `(${choice.disabled})`;

/** Width of the column of labels that have a hint; 0 if the column would take more than half of the width. */
function columnsOfLabels({ choices }: List, columns: number): number {
  const labels = choices.filter((choice) => asideOf(choice) !== undefined).map(({ label }) => visible(label));
  const widest = largest(0, labels.map(displayWidth));
  return widest > columns / 2 ? 0 : widest;
}

/** The choices that match the filter, as they are drawn. */
function drawnList(state: ChoiceListState, list: List, { columns }: ListSpace, { box, help }: Appearance): DrawnList {
  const choices = matching(list, state.filter).map((index) => {
    const choice = list.choices[index];
    const aside = asideOf(choice);
    return {
      label: visible(choice?.label ?? ''),
      aside: aside === undefined ? undefined : visible(aside),
      box: box(index),
      isDisabled: choice?.disabled !== undefined,
      hasPointer: index === state.focus,
    };
  });
  return { choices, labelColumns: columnsOfLabels(list, columns), help };
}

function look(state: ChoiceListState, list: List, space: Space, appearance: Appearance): View {
  const entry = startOf(visible(state.filter), space.entryColumns);
  return {
    entry,
    cursor: displayWidth(entry),
    rows: [
      ...(matchesNothing(list, state.filter) ? [space.style.warning('  Nothing matches.')] : []),
      ...choiceRows(drawnList(state, list, space, appearance), space),
    ],
  };
}

/** A choice as it is drawn; its texts have no control characters. */
interface DrawnChoice {
  readonly label: string;
  /** Its hint, or why it is disabled. */
  readonly aside: string | undefined;
  /** The box before the label, if the choice can be marked. */
  readonly box: string;
  readonly isDisabled: boolean;
  readonly hasPointer: boolean;
}

interface DrawnList {
  /** Those that match the filter. */
  readonly choices: readonly DrawnChoice[];
  /** The width of the column of labels; 0 if the hints are no column. */
  readonly labelColumns: number;
  /** The parts of the help line, joined with a dot. */
  readonly help: readonly string[];
}

/** Rows, columns and signs of the space for a list and its help. */
type ListSpace = Omit<Space, 'entryColumns'>;

/** The choices of the page with the one at the pointer, all of them if they fit, and the help below. */
function choiceRows(list: DrawnList, space: ListSpace): readonly string[] {
  const { choices } = list;
  const help = helpRows(list.help, space);
  const whole = choices.map((choice) => linesOf(choice, list, space));
  if (whole.flat().length + help.length <= space.rows) return [...whole.flat(), ...help];
  const { size, more } = pageOf(list, whole, space);
  const position = Math.max(
    0,
    choices.findIndex(({ hasPointer }) => hasPointer),
  );
  const top = Math.floor(position / size) * size;
  const rows = choices.slice(top, top + size).flatMap((choice, index) => {
    const lines = whole[top + index] ?? [];
    return lines.length === 1 || (choice.hasPointer && lines.length <= more + 1)
      ? lines
      : [cutLine(choice, list, space)];
  });
  const place = choices.length > size ? [`${position + 1} of ${choices.length}`] : [];
  return [...rows, ...helpRows([...place, ...list.help], space)];
}

/** How many choices are on a page. */
function pageSize(list: DrawnList, space: ListSpace): number {
  const whole = list.choices.map((choice) => linesOf(choice, list, space));
  return pageOf(list, whole, space).size;
}

/** A page, and the rows that it keeps free for the further lines of the choice at the pointer. */
function pageOf(
  { choices, help }: DrawnList,
  whole: readonly (readonly string[])[],
  space: ListSpace,
): { readonly size: number; readonly more: number } {
  const longest = Math.max(1, ...whole.map(({ length }) => length));
  const more = Math.max(0, Math.min(longest - 1, Math.floor((space.rows - 4) / 3)));
  const count = choices.length;
  const below = helpRows([`${count} of ${count}`, ...help], space).length;
  return { size: Math.max(1, space.rows - below - more), more };
}

/** The help in full if that leaves most rows to the choices, else a line of it. */
function helpRows(parts: readonly string[], { columns, rows, style }: ListSpace): readonly string[] {
  const { middleDot, ellipsis } = style.signs;
  const help = parts.join(` ${middleDot} `);
  const lines = wrap(help, columns, { indent: 2, hangingIndent: 2 });
  const shown = lines.length <= Math.max(1, Math.floor(rows / 4)) ? lines : [truncate(`  ${help}`, columns, ellipsis)];
  return shown.map(style.dim);
}

/** All of a choice: the hint next to the label, in a column if the hints form one, or below the label. */
function linesOf(choice: DrawnChoice, { labelColumns }: DrawnList, { columns, style }: ListSpace): readonly string[] {
  const lead = leadOf(choice, style);
  const indent = displayWidth(lead);
  const further = ' '.repeat(indent + 2);
  const { aside } = choice;
  const [first = '', ...rest] = wrap(choice.label, Math.max(1, columns - indent - 2));
  const labels = [lead + first, ...rest.map((line) => further + line)];
  if (aside === undefined) return labels.map((line) => painted(choice, line, '', style));
  const head = pad(labels[0] ?? '', indent + labelColumns);
  if (rest.length === 0 && displayWidth(head) + 2 + displayWidth(aside) <= columns) {
    return [painted(choice, head, `  ${aside}`, style)];
  }
  if (labelColumns === 0) {
    const asides = wrap(aside, Math.max(1, columns - indent - 2)).map((line) =>
      painted(choice, '', further + line, style),
    );
    return [...labels.map((line) => painted(choice, line, '', style)), ...asides];
  }
  const margin = ' '.repeat(indent + labelColumns + 2);
  return wrap(aside, Math.max(1, columns - margin.length)).map((line, index) =>
    index === 0 ? painted(choice, head, `  ${line}`, style) : painted(choice, '', margin + line, style),
  );
}

/** As much of a choice as one line holds. */
function cutLine(choice: DrawnChoice, { labelColumns }: DrawnList, { columns, style }: ListSpace): string {
  const { ellipsis } = style.signs;
  const lead = leadOf(choice, style);
  const columnsOfLabel = choice.aside === undefined ? 0 : displayWidth(lead) + labelColumns;
  const head = truncate(pad(lead + choice.label, columnsOfLabel), columns, ellipsis);
  const rest = choice.aside === undefined ? '' : truncate(`  ${choice.aside}`, columns - displayWidth(head), ellipsis);
  return painted(choice, head, rest, style);
}

function leadOf({ hasPointer, box }: DrawnChoice, { signs: { pointer } }: Style): string {
  return `${hasPointer ? pointer : ' '.repeat(displayWidth(pointer))} ${box}`;
}

function painted({ isDisabled, hasPointer }: DrawnChoice, label: string, aside: string, style: Style): string {
  if (isDisabled) return style.dim(label + aside);
  return (hasPointer ? style.focused(label) : label) + style.dim(aside);
}
