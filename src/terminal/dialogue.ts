/** A question as a state that keys change, and how it is drawn while it is open and when it is closed. */

import type { Signs, Style } from './style.ts';
import { displayWidth, truncate, visible, wrap } from './text-layout.ts';

/** One key press: the name of the key's action, or the text that it types. */
export interface Key {
  readonly action: string | undefined;
  readonly text: string | undefined;
}

/** The space for a question while it is open. */
export interface Space {
  /** Columns for `entry`. */
  readonly entryColumns: number;
  /** Columns for each of `rows`. */
  readonly columns: number;
  /** The largest number of `rows`. */
  readonly rows: number;
  readonly style: Style;
}

/** What a question shows. */
export interface View {
  /** The typed text, shown after the question. */
  readonly entry: string;
  /** Columns from the start of `entry` to the cursor. */
  readonly cursor: number;
  /** The lines below the question. */
  readonly rows: readonly string[];
}

/** The meaning of a typed text, or why it has none, as a sentence. */
export type Reading<Answer> = { readonly answer: Answer } | { readonly problem: string };

/** How the question is asked if nothing can be redrawn: lines are printed, and one line is read. */
interface PlainForm<State> {
  /** Printed between the question and the line to type. */
  readonly rows: readonly string[];
  /** How far a row that wraps is indented from its second line on. */
  readonly hangingIndent: number;
  /** What to type: "Number or name". Without it the line is typed after the question. */
  readonly hint?: string;
  readonly hidden: boolean;
  /** The state after the whole line was typed. */
  readonly read: (line: string) => Reading<State>;
}

/**
 * A question while it is open: a state, and pure functions that handle a key, draw the state and give the answer. The
 * question frame does the input and output.
 */
export interface Dialogue<State, Answer> {
  readonly message: string;
  /** The answer of Enter alone, shown in brackets after the message. */
  readonly inBrackets: string | undefined;
  /** Least columns for the entry: with less room after the question, the entry gets its own line. */
  readonly entryColumns: number;
  readonly start: State;
  /** The state after a key; the same object if the key has no meaning here. */
  readonly press: (state: State, key: Key, space: Omit<Space, 'entryColumns'>) => State;
  readonly view: (state: State, space: Space) => View;
  /** Why the state is not an answer yet, as a sentence. */
  readonly problem: (state: State) => string | undefined;
  /** Only called if there is no problem. */
  readonly answer: (state: State) => Answer;
  /** The answer in words, for the line that remains on the screen. */
  readonly summary: (state: State) => string;
  readonly plain: PlainForm<State>;
}

/** What a question is drawn on. */
export interface Paper {
  /** Columns of a line: one less than the terminal has, because a full line wraps. */
  readonly columns: number;
  /** Rows of the whole drawing: one less than the terminal has. */
  readonly rows: number;
  readonly style: Style;
}

/** The lines of a question, and where the cursor is. */
export interface Drawing {
  readonly lines: readonly string[];
  readonly cursor: { readonly row: number; readonly column: number };
}

/** Text in lines that leave room for the sign before the first one. */
function wrapBehind(sign: string, text: string, paper: Paper): readonly string[] {
  const indent = displayWidth(sign) + 1;
  return wrap(visible(text), paper.columns, { indent, hangingIndent: indent });
}

/** The message with the answer of Enter alone in brackets. */
export function messageOf({ message, inBrackets }: Pick<Dialogue<unknown, unknown>, 'message' | 'inBrackets'>): string {
  return inBrackets === undefined ? message : `${message} (${inBrackets})`;
}

/**
 * The screen while a question is open.
 *
 * @param problem Why Enter was not accepted.
 */
export function drawOpen<State>(
  dialogue: Dialogue<State, unknown>,
  state: State,
  problem: string | undefined,
  paper: Paper,
): Drawing & { readonly bodyRows: number } {
  const { columns, style } = paper;
  const { separator, question: signs } = style.signs;
  const words = wrapBehind(signs.open, messageOf(dialogue), paper);
  const indent = ' '.repeat(displayWidth(signs.open) + 1);
  const question = words.map((line, index) => {
    const margin = index === 0 ? `${style.note(signs.open)} ` : indent;
    return margin + style.bold(line.trimStart());
  });

  const lead = `${style.dim(separator)} `;
  const behind = displayWidth(`${words.at(-1) ?? ''} ${separator} `);
  const ownLine = columns - behind < Math.max(1, dialogue.entryColumns);
  const entryColumn = ownLine ? displayWidth(`${indent}${separator} `) : behind;
  const entryRow = ownLine ? words.length : words.length - 1;

  const problems = problem === undefined ? [] : wrapBehind(signs.open, problem, paper).map(style.blocker);
  const bodyRows = Math.max(2, paper.rows - entryRow - 1 - problems.length);
  const view = dialogue.view(state, {
    entryColumns: Math.max(2, columns - entryColumn),
    columns,
    rows: bodyRows,
    style,
  });
  const head = question.join('\n') + (ownLine ? `\n${indent}` : ' ') + lead + view.entry;
  return {
    lines: [...head.split('\n'), ...problems, ...view.rows],
    cursor: { row: entryRow, column: entryColumn + view.cursor },
    bodyRows,
  };
}

/** The line that remains when a question is closed: the message, and the answer if there is one, both cut if need be. */
export function drawClosed(
  message: string,
  how: Exclude<keyof Signs['question'], 'open'>,
  answer: string | undefined,
  { columns, style }: Paper,
): Drawing {
  const { separator, question, ellipsis } = style.signs;
  const behind = answer === undefined ? '' : ` ${separator} `;
  const room = Math.max(2, columns - displayWidth(`${question[how]} ${behind}`));
  const words = visible(message);
  const given = visible(answer ?? '');
  // The answer matters more: it may take all that the message leaves, and at least half.
  const shown = truncate(given, Math.max(Math.floor(room / 2), room - displayWidth(words)), ellipsis);
  const line = `${question[how]} ${truncate(words, room - displayWidth(shown), ellipsis)}${behind}${shown}`;
  return { lines: [line, ''], cursor: { row: 1, column: 0 } };
}
