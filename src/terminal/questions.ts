/** The kinds of questions, and the interface that asks them. */

/** One of the values to choose from. Labels, hints and reasons may hold any text; control characters are made visible. */
export interface Choice<T> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
  /** Why it can't be chosen. */
  readonly disabled?: string;
}

/** The fields of every question. */
export interface Question {
  /** Names the question in errors and in tests: "tombstone.days". */
  readonly id: string;
  readonly message: string;
  /** The flag that gives the answer without a terminal: "--days N". */
  readonly flag?: string;
}

export interface SelectQuestion<T> extends Question {
  /** At least one must not be disabled. */
  readonly choices: readonly Choice<T>[];
  /** Index of the choice that Enter alone selects; the first if left out. With 'none', Enter alone selects nothing. */
  readonly initial?: number | 'none';
  /** Whether typing filters the list; if left out, it filters lists of more than 7 choices. */
  readonly filterable?: boolean;
  /** A last choice that every filter leaves in the list: "none of these". */
  readonly noneOfThese?: Choice<T>;
}

/** Typing filters the list. Without a minimum, Enter without any mark selects none. */
export interface MultiselectQuestion<T> extends Question {
  /** At least one must not be disabled. */
  readonly choices: readonly Choice<T>[];
  /** The values that are marked at first. */
  readonly initial: readonly T[];
  /** How many must be marked; 0 if left out. */
  readonly minimum?: number;
}

export interface InputQuestion extends Question {
  /** The answer of Enter alone. */
  readonly initial?: string;
  /** Why the text is not accepted, as a sentence; undefined if it is. */
  readonly validate?: (text: string) => string | undefined;
}

export interface IntegerQuestion extends Question {
  readonly initial?: number;
  readonly validate?: (value: number) => string | undefined;
}

export interface SecretQuestion extends Question {
  readonly validate?: (text: string) => string | undefined;
}

export interface ConfirmQuestion extends Question {
  /** What to know for the answer, in paragraphs; shown while the question is open, as far as there is room. */
  readonly about?: readonly string[];
  /** The answer of Enter alone; no if left out. */
  readonly initial?: boolean;
}

/**
 * Asks the user, one question at a time. Escape rejects with BackError; Ctrl-C, Ctrl-D and the end of the input reject with
 * CancelledError; without a terminal every question rejects with UsageError.
 */
export interface Prompter {
  select<T>(question: SelectQuestion<T>): Promise<T>;
  multiselect<T>(question: MultiselectQuestion<T>): Promise<readonly T[]>;
  /** The text as typed, outer spaces included. */
  input(question: InputQuestion): Promise<string>;
  integer(question: IntegerQuestion): Promise<number>;
  /** Neither the text nor its length remains on the screen. */
  secret(question: SecretQuestion): Promise<string>;
  confirm(question: ConfirmQuestion): Promise<boolean>;
}
