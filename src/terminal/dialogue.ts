import type { Style } from './style.ts';
import { displayWidth, wrap } from './text-width.ts';
import { visible } from './visible.ts';

/** One key press: a key with a job by the name of that job, or the text that it types. */
export interface Key {
  readonly action: string | undefined;
  readonly text: string | undefined;
}

export interface Space {
  /** What there is for `entry`, in columns. */
  readonly entryColumns: number;
  /** What there is for each of `rows`, in columns. */
  readonly columns: number;
  /** How many `rows` there may be. */
  readonly rows: number;
  readonly style: Style;
  /** The sign before the row that Enter would take. */
  readonly pointer: string;
}

export interface View {
  /** What has been typed, behind the question. */
  readonly entry: string;
  /** Columns from the start of `entry` to the cursor. */
  readonly cursor: number;
  /** The lines below the question. */
  readonly rows: readonly string[];
}

/**
 * A question while it is being answered, as a value and pure functions over it: what a key does to it, how it looks,
 * and what it says when Enter is pressed. The question frame does the rest.
 */
export interface Dialogue<State, Answer> {
  readonly message: string;
  /** Shown in brackets after the message while the question is open: what Enter alone answers. */
  readonly inBrackets: string | undefined;
  /** What an entry takes at the least: where there is less behind the question, it goes to a line of its own. */
  readonly entryColumns: number;
  readonly start: State;
  /** The state after a key; the same one if the key means nothing here. */
  readonly press: (state: State, key: Key, space: Pick<Space, 'rows'>) => State;
  readonly view: (state: State, space: Space) => View;
  /** What keeps the state from being an answer. */
  readonly problem: (state: State) => string | undefined;
  /** Only asked for where there is no problem. */
  readonly answer: (state: State) => Answer;
  /** The answer in words, for the line that stays on the screen. */
  readonly summary: (state: State) => string;
}

export interface Paper {
  /** What a line may take, one less than the terminal has: a full line would make it wrap. */
  readonly columns: number;
  /** What all lines may take, one less than the terminal has. */
  readonly rows: number;
  readonly style: Style;
}

export interface Drawing {
  readonly lines: readonly string[];
  readonly cursor: { readonly row: number; readonly column: number };
}

/** Between a question and its answer. */
const separator = '›';

/** Text of any origin in lines that leave room for the sign before the first. */
function wrapBehind(sign: string, text: string, paper: Paper): readonly string[] {
  const indent = displayWidth(sign) + 1;
  return wrap(visible(text), paper.columns, { indent, hangingIndent: indent });
}

/**
 * What is on the screen while a question is open.
 *
 * @param signs The sign before the question and the one before the row that Enter would take.
 * @param problem Why Enter was not accepted.
 */
export function drawOpen<State>(
  dialogue: Dialogue<State, unknown>,
  state: State,
  signs: { readonly question: string; readonly pointer: string },
  problem: string | undefined,
  paper: Paper,
): Drawing & { readonly bodyRows: number } {
  const { columns, style } = paper;
  const { message, inBrackets } = dialogue;
  const words = wrapBehind(signs.question, inBrackets === undefined ? message : `${message} (${inBrackets})`, paper);
  const indent = ' '.repeat(displayWidth(signs.question) + 1);
  const question = words.map((line, index) => {
    const margin = index === 0 ? `${style.note(signs.question)} ` : indent;
    return margin + style.bold(line.trimStart());
  });

  const lead = `${style.dim(separator)} `;
  const behind = displayWidth(`${words.at(-1) ?? ''} ${separator} `);
  const ownLine = columns - behind < Math.max(1, dialogue.entryColumns);
  const entryColumn = ownLine ? displayWidth(`${indent}${separator} `) : behind;
  const entryRow = ownLine ? words.length : words.length - 1;

  const problems = problem === undefined ? [] : wrapBehind(signs.question, problem, paper).map(style.blocker);
  const bodyRows = Math.max(2, paper.rows - entryRow - 1 - problems.length);
  const view = dialogue.view(state, {
    entryColumns: Math.max(2, columns - entryColumn),
    columns,
    rows: bodyRows,
    style,
    pointer: signs.pointer,
  });
  const head = question.join('\n') + (ownLine ? `\n${indent}` : ' ') + lead + view.entry;
  return {
    lines: [...head.split('\n'), ...problems, ...view.rows],
    cursor: { row: entryRow, column: entryColumn + view.cursor },
    bodyRows,
  };
}

/** What stays on the screen when a question is closed: the question, and the answer if there is one. */
export function drawClosed(message: string, answer: string | undefined, sign: string, paper: Paper): Drawing {
  const words = wrapBehind(sign, answer === undefined ? message : `${message} ${separator} ${answer}`, paper);
  const lines = [...`${sign} ${words.join('\n').trimStart()}`.split('\n'), ''];
  return { lines, cursor: { row: lines.length - 1, column: 0 } };
}
