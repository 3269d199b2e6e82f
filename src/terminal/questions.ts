/** What can be asked. */

/** One of the values to choose from. Labels, hints and reasons may hold any text; it is made safe to show. */
export interface Choice<T> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
  /** Why it can't be chosen. */
  readonly disabled?: string;
}

/** What every question has. */
export interface Question {
  /** Names the question in errors and in tests: "tombstone.days". */
  readonly id: string;
  readonly message: string;
  /** The flag that answers it without a terminal: "--days N". */
  readonly flag?: string;
}

export interface SelectQuestion<T> extends Question {
  /** At least one that can be chosen. */
  readonly choices: readonly Choice<T>[];
  /** Index of the choice that Enter alone takes; the first if left out. */
  readonly initial?: number;
  /** Whether typing narrows the list: for lists longer than a screen. */
  readonly filterable?: boolean;
}

export interface MultiselectQuestion<T> extends Question {
  /** At least one that can be chosen. */
  readonly choices: readonly Choice<T>[];
  /** The values that are marked at first. */
  readonly initial: readonly T[];
  /** How many must be marked; none if left out. */
  readonly minimum?: number;
}

export interface InputQuestion extends Question {
  /** What Enter alone answers. */
  readonly initial?: string;
  /** What is wrong with the text, as a sentence; undefined if nothing is. */
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
  /** What Enter alone answers; No if left out. */
  readonly initial?: boolean;
}

/**
 * Asks the user, one question at a time. Ctrl-C, Ctrl-D, Escape and the end of the input reject with CancelledError;
 * without a terminal every question rejects with UsageError.
 */
export interface Prompter {
  select<T>(question: SelectQuestion<T>): Promise<T>;
  multiselect<T>(question: MultiselectQuestion<T>): Promise<readonly T[]>;
  /** The text as typed, outer spaces included. */
  input(question: InputQuestion): Promise<string>;
  integer(question: IntegerQuestion): Promise<number>;
  /** Neither the text nor its length stays on the screen. */
  secret(question: SecretQuestion): Promise<string>;
  confirm(question: ConfirmQuestion): Promise<boolean>;
}
