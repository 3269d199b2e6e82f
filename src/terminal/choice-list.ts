import { isDeepStrictEqual } from 'node:util';
import type { Dialogue, Key, Space, View } from './dialogue.ts';
import type { Choice, MultiselectQuestion, SelectQuestion } from './questions.ts';
import { displayWidth, pad, startOf, truncate } from './text-width.ts';
import { visible } from './visible.ts';
import { wrapped } from './wrapped.ts';

export interface ChoiceListState {
  /** Words that a choice must contain to be shown. */
  readonly filter: string;
  /** Index of the choice under the pointer; undefined if no choice matches. */
  readonly focus: number | undefined;
  /** Indexes of the marked choices. */
  readonly marked: ReadonlySet<number>;
}

type Choices = readonly Choice<unknown>[];

const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

/** The indexes of the choices whose label and hint contain every word of the filter, in any letter case. */
function matching(choices: Choices, filter: string): readonly number[] {
  const words = fold(filter).split(/\s+/);
  return [...choices.keys()].filter((index) => {
    const text = fold(`${choices[index]?.label ?? ''} ${choices[index]?.hint ?? ''}`);
    return words.every((word) => text.includes(word));
  });
}

const selectable = (choices: Choices, indexes: readonly number[]): readonly number[] =>
  indexes.filter((index) => choices[index]?.disabled === undefined);

/** The last row is the help line: the position in the list and the keys. */
const pageSize = (rows: number): number => Math.max(1, rows - 1);

function move(state: ChoiceListState, choices: Choices, action: string | undefined, rows: number): ChoiceListState {
  const shown = matching(choices, state.filter);
  const stops = selectable(choices, shown);
  if (stops.length === 0 || state.focus === undefined) return state;
  const at = stops.indexOf(state.focus);
  const position = shown.indexOf(state.focus);
  const to = (focus: number | undefined): ChoiceListState => ({ ...state, focus });
  switch (action) {
    case 'up':
      return to(stops.at(at - 1));
    case 'down':
      return to(stops[at + 1] ?? stops[0]);
    case 'pageUp':
      return to(stops.findLast((stop) => shown.indexOf(stop) <= position - pageSize(rows)) ?? stops[0]);
    case 'pageDown':
      return to(stops.find((stop) => shown.indexOf(stop) >= position + pageSize(rows)) ?? stops.at(-1));
    case 'home':
      return to(stops[0]);
    case 'end':
      return to(stops.at(-1));
    default:
      return state;
  }
}

function narrow(state: ChoiceListState, choices: Choices, filter: string): ChoiceListState {
  const stops = selectable(choices, matching(choices, filter));
  const focus = state.focus !== undefined && stops.includes(state.focus) ? state.focus : stops[0];
  return { ...state, filter, focus };
}

function typeFilter(state: ChoiceListState, choices: Choices, key: Key): ChoiceListState {
  if (key.action === 'delete') return narrow(state, choices, [...state.filter].slice(0, -1).join(''));
  if (key.action === 'eraseLine') return narrow(state, choices, '');
  if (key.text !== undefined) return narrow(state, choices, state.filter + key.text);
  return state;
}

interface Appearance {
  /** The box before the label, if the choice can be marked. */
  readonly box: (index: number) => string;
  readonly help: string;
}

const asideOf = (choice: Choice<unknown> | undefined): string | undefined =>
  choice?.disabled === undefined ? choice?.hint : `(${choice.disabled})`;

/** Width of the column of labels that have a hint; 0 if the column would take more than half of the width. */
function columnsOfLabels(choices: Choices, { columns }: Space): number {
  const widest = Math.max(
    0,
    ...choices.map((choice) => (asideOf(choice) === undefined ? 0 : displayWidth(visible(choice.label)))),
  );
  return widest > columns / 2 ? 0 : widest;
}

/** All choices in full if there is room for them; otherwise one page, a row for each choice. */
function look(state: ChoiceListState, choices: Choices, space: Space, appearance: Appearance): View {
  const shown = matching(choices, state.filter);
  const size = pageSize(space.rows);
  const position = state.focus === undefined ? 0 : Math.max(0, shown.indexOf(state.focus));
  const top = Math.floor(position / size) * size;
  const { style } = space;
  const blank = ' '.repeat(displayWidth(space.pointer));
  const labelColumns = columnsOfLabels(choices, space);
  const drawn = (index: number, columns: number): string => {
    const choice = choices[index];
    const focused = index === state.focus;
    const aside = asideOf(choice);
    const label = pad(visible(choice?.label ?? ''), aside === undefined ? 0 : labelColumns);
    const row = truncate(`${focused ? space.pointer : blank} ${appearance.box(index)}${label}`, columns);
    const rest = aside === undefined ? '' : truncate(`  ${visible(aside)}`, columns - displayWidth(row));
    if (choice?.disabled !== undefined) return style.dim(row + rest);
    return (focused ? style.focused(row) : row) + style.dim(rest);
  };
  const margin = displayWidth(`${blank} ${appearance.box(0)}`) + labelColumns + 2;
  const whole = shown.length > size ? [] : shown.map((index) => drawn(index, Number.POSITIVE_INFINITY));
  const wrappedRows = whole.flatMap((row) => wrapped(row, space.columns, margin));
  const fits = wrappedRows.length <= size && wrappedRows.every((row) => displayWidth(row) <= space.columns);
  const paged = shown.slice(top, top + size).map((index) => drawn(index, space.columns));
  const rows = whole.length > 0 && fits ? wrappedRows : paged;
  if (shown.length === 0) rows.push(style.warning('  Nothing matches.'));
  const place = shown.length > size ? `${position + 1} of ${shown.length} · ` : '';
  const entry = startOf(visible(state.filter), space.entryColumns);
  return {
    entry,
    cursor: displayWidth(entry),
    rows: [...rows, style.dim(truncate(`  ${place}${appearance.help}`, space.columns))],
  };
}

function firstFocus(choices: Choices, wanted: number): number {
  const stops = selectable(choices, [...choices.keys()]);
  const first = stops.includes(wanted) ? wanted : stops[0];
  if (first === undefined) throw new RangeError('A question needs at least one choice that is not disabled.');
  return first;
}

/** The question for one of several values. */
export function choosingOne<T>(question: SelectQuestion<T>): Dialogue<ChoiceListState, T> {
  const { choices } = question;
  const chosen = (state: ChoiceListState): Choice<T> | undefined =>
    state.focus === undefined ? undefined : choices[state.focus];
  const help = question.filterable ? 'type to filter, arrows move, Enter selects' : 'arrows move, Enter selects';
  return {
    message: question.message,
    inBrackets: undefined,
    entryColumns: question.filterable ? 20 : 0,
    start: { filter: '', focus: firstFocus(choices, question.initial ?? 0), marked: new Set() },
    press: (state, key, { rows }) => {
      const moved = move(state, choices, key.action, rows);
      return moved === state && question.filterable ? typeFilter(state, choices, key) : moved;
    },
    view: (state, space) => look(state, choices, space, { box: () => '', help }),
    problem: (state) => (chosen(state) === undefined ? 'Nothing matches what was typed.' : undefined),
    answer: (state) => {
      const choice = chosen(state);
      if (choice === undefined) throw new RangeError('Nothing is chosen.');
      return choice.value;
    },
    summary: (state) => chosen(state)?.label ?? '',
  };
}

/** Longer answers are shown as a number, not as a list. */
const fewLabels = 6;

function toggle(marked: ReadonlySet<number>, index: number): ReadonlySet<number> {
  const next = new Set(marked);
  if (!next.delete(index)) next.add(index);
  return next;
}

/** The question for any number of values: the space bar marks, `a` marks all or none. */
export function choosingSeveral<T>(question: MultiselectQuestion<T>): Dialogue<ChoiceListState, readonly T[]> {
  const { choices } = question;
  const minimum = question.minimum ?? 0;
  const all = selectable(choices, [...choices.keys()]);
  const chosen = (state: ChoiceListState): readonly Choice<T>[] =>
    choices.filter((_choice, index) => state.marked.has(index));
  const isInitial = (index: number): boolean =>
    question.initial.some((value) => isDeepStrictEqual(value, choices[index]?.value));
  return {
    message: question.message,
    inBrackets: undefined,
    entryColumns: 0,
    start: { filter: '', focus: firstFocus(choices, 0), marked: new Set(all.filter(isInitial)) },
    press: (state, key, { rows }) => {
      if (key.action === 'space' && state.focus !== undefined)
        return { ...state, marked: toggle(state.marked, state.focus) };
      if (key.text === 'a') return { ...state, marked: new Set(state.marked.size === all.length ? [] : all) };
      return move(state, choices, key.action, rows);
    },
    view: (state, space) =>
      look(state, choices, space, {
        box: (index) => (state.marked.has(index) ? '[x] ' : '[ ] '),
        help: `${state.marked.size} marked · space marks, a marks all, Enter continues`,
      }),
    problem: (state) => (state.marked.size < minimum ? `Mark at least ${minimum === 1 ? 'one' : minimum}.` : undefined),
    answer: (state) => chosen(state).map((choice) => choice.value),
    summary: (state) => {
      const labels = chosen(state).map((choice) => choice.label);
      if (labels.length > fewLabels) {
        return labels.length === all.length ? `all ${all.length}` : `${labels.length} of ${all.length}`;
      }
      return labels.length === 0 ? 'none' : labels.join(', ');
    },
  };
}
