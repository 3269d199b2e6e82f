/** Questions that are answered by typing: a line of text, a number, a secret, yes or no. */

import type { Dialogue, Key, Reading, View } from './dialogue.ts';
import type { ConfirmQuestion } from './prompter.ts';
import { displayWidth, graphemesOf, startOf, visible, wrap, wrapped } from './text-layout.ts';

/** A line of text; the cursor is between its two parts. */
export interface TextLine {
  readonly before: string;
  readonly after: string;
}

const withoutLast = (text: string): string => graphemesOf(text).slice(0, -1).join('');
const withoutFirst = (text: string): string => graphemesOf(text).slice(1).join('');
const firstOf = (text: string): string => graphemesOf(text)[0] ?? '';
const lastOf = (text: string): string => graphemesOf(text).at(-1) ?? '';

/** The line after a key; the same object if the key does not edit. */
export function edit(line: TextLine, key: Key): TextLine {
  const { before, after } = line;
  switch (key.action) {
    case 'left':
      return { before: withoutLast(before), after: lastOf(before) + after };
    case 'right':
      return { before: before + firstOf(after), after: withoutFirst(after) };
    case 'home':
      return { before: '', after: before + after };
    case 'end':
      return { before: before + after, after: '' };
    case 'delete':
      return { before: withoutLast(before), after };
    case 'deleteForward':
      return { before, after: withoutFirst(after) };
    case 'eraseLine':
      return { before: '', after };
    case 'eraseWord':
      return { before: before.replace(/\S+\s*$/u, ''), after };
    case 'eraseRest':
      return { before, after: '' };
    default:
      return key.text === undefined ? line : { before: before + key.text, after };
  }
}

/** The part of the line around the cursor that fits into this many columns; one column is kept for a cursor at the end. */
function windowOf(line: TextLine, columns: number, ellipsis: string): Pick<View, 'entry' | 'cursor'> {
  let before = line.before;
  if (displayWidth(before) >= columns) {
    const kept: string[] = [];
    let width = 1 + displayWidth(ellipsis);
    for (const grapheme of [...graphemesOf(before)].reverse()) {
      width += displayWidth(grapheme);
      if (width > columns) break;
      kept.unshift(grapheme);
    }
    before = ellipsis + kept.join('');
  }
  const cursor = displayWidth(before);
  return { entry: before + startOf(line.after, columns - cursor), cursor };
}

/** An integer of any sign, in decimal digits, that a JavaScript number holds exactly. */
export function readInteger(text: string): Reading<number> {
  const trimmed = text.trim();
  const answer = Number(trimmed);
  if (!/^[-+]?\d+$/.test(trimmed) || !Number.isSafeInteger(answer)) return { problem: 'Type a whole number.' };
  return { answer };
}

interface TypedQuestion<Answer> {
  readonly message: string;
  /** The answer of Enter alone. */
  readonly initial: string | undefined;
  /** Shown as asterisks while it is typed, and not at all after that. */
  readonly hidden: boolean;
  readonly read: (text: string) => Reading<Answer>;
}

const help = '  Enter accepts the value in brackets, Tab lets you edit it';

/** The question for a typed line. Enter alone accepts the value in brackets, Tab copies it for editing. */
export function typing<Answer>(question: TypedQuestion<Answer>): Dialogue<TextLine, Answer> {
  const { hidden } = question;
  const initial = question.initial === '' ? undefined : question.initial;
  const textOf = (line: TextLine): string => line.before + line.after || (initial ?? '');
  const mask = (text: string): string => (hidden ? '*'.repeat(graphemesOf(text).length) : visible(text));
  return {
    message: question.message,
    inBrackets: initial,
    entryColumns: 20,
    start: { before: '', after: '' },
    press: (line, key) => {
      const fetches = key.action === 'next' && initial !== undefined && line.before + line.after === '';
      return fetches ? { before: initial, after: '' } : edit(line, key);
    },
    view: (line, space) => ({
      ...windowOf(
        { before: mask(line.before), after: mask(line.after) },
        space.entryColumns,
        space.style.signs.ellipsis,
      ),
      rows: initial === undefined ? [] : wrapped(help, space.columns, 2).slice(0, space.rows).map(space.style.dim),
    }),
    problem: (line) => {
      const reading = question.read(textOf(line));
      return 'problem' in reading ? reading.problem : undefined;
    },
    answer: (line) => {
      const reading = question.read(textOf(line));
      if ('problem' in reading) throw new RangeError(reading.problem);
      return reading.answer;
    },
    summary: (line) => (hidden ? 'hidden' : textOf(line)),
    plain: { rows: [], hangingIndent: 0, hidden, read: (line) => ({ answer: { before: line, after: '' } }) },
  };
}

/** The question for yes or no: `y` or `n`, then Enter, so that a single stray key starts nothing. */
export function yesOrNo(question: ConfirmQuestion): Dialogue<boolean | undefined, boolean> {
  const { about = [] } = question;
  const initial = question.initial ?? false;
  const word = (answer: boolean): string => (answer ? 'yes' : 'no');
  return {
    message: question.message,
    inBrackets: initial ? 'Y/n' : 'y/N',
    entryColumns: 'yes'.length,
    start: undefined,
    press: (answer, key) => {
      const letter = key.text?.toLowerCase();
      if (letter === 'y') return true;
      if (letter === 'n') return false;
      return key.action === 'delete' || key.action === 'eraseLine' ? undefined : answer;
    },
    view: (answer, { columns, rows, style }) => {
      const entry = answer === undefined ? '' : word(answer);
      const lines = about.flatMap((text) => wrap(visible(text), columns, { indent: 2, hangingIndent: 2 }));
      return { entry, cursor: entry.length, rows: lines.slice(0, rows).map(style.dim) };
    },
    problem: () => undefined,
    answer: (answer) => answer ?? initial,
    summary: (answer) => word(answer ?? initial),
    plain: {
      rows: about.map((text) => `  ${visible(text)}`),
      hangingIndent: 2,
      ...(about.length === 0 ? {} : { hint: 'y or n' }),
      hidden: false,
      read: (line) => {
        const typed = line.trim().toLowerCase();
        if (typed === '') return { answer: undefined };
        if (typed === 'y' || typed === 'yes') return { answer: true };
        return typed === 'n' || typed === 'no' ? { answer: false } : { problem: 'Type y or n.' };
      },
    },
  };
}
