import type { Style } from './style.ts';

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
