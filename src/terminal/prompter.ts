/** The interface that asks questions, the kinds of questions, and how to go back to an earlier one. */

import { BackError, UsageError } from '../errors.ts';

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

/** The question for one of several values. */
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

/** The question for a text. */
export interface InputQuestion extends Question {
  /** The answer of Enter alone. */
  readonly initial?: string;
  /** Why the text is not accepted, as a sentence; undefined if it is. */
  readonly validate?: (text: string) => string | undefined;
}

/** The question for a whole number. */
export interface IntegerQuestion extends Question {
  readonly initial?: number;
  readonly validate?: (value: number) => string | undefined;
}

/** The question for a text that is not shown. */
export interface SecretQuestion extends Question {
  readonly validate?: (text: string) => string | undefined;
}

/** The question for yes or no. */
export interface ConfirmQuestion extends Question {
  /** What to know for the answer, in paragraphs; shown while the question is open, as far as there is room. */
  readonly about?: readonly string[];
  /** The answer of Enter alone; no if left out. */
  readonly initial?: boolean;
}

/**
 * Asks the user, one question at a time. Escape rejects with BackError; Ctrl-C, Ctrl-D and the end of the input reject with
 * CancelledError; if no question can be asked, each rejects with UsageError.
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

/** How to be asked after all. */
type OtherWay = 'run it at a terminal' | 'run it at a terminal without --json' | 'leave out --json' | 'leave out --yes';

/**
 * The prompter if no question can be asked: each rejects with a UsageError that names the flag for the answer.
 *
 * @param reason Why no question can be asked: "there is no terminal".
 * @param otherWay How to be asked, for a question without a flag or for a user who does not want it.
 */
export function unavailablePrompter(reason: string, otherWay: OtherWay = 'run it at a terminal'): Prompter {
  const refuse = async (question: Question): Promise<never> => {
    throw new UsageError({
      attempted: 'ask a question',
      on: question.message,
      cameBack: reason,
      next:
        question.flag === undefined
          ? `${otherWay.replace(/^./, (letter) => letter.toUpperCase())}.`
          : `Give ${question.flag}, or ${otherWay}.`,
    });
  };
  return { select: refuse, multiselect: refuse, input: refuse, integer: refuse, secret: refuse, confirm: refuse };
}

interface Remembered {
  readonly id: string;
  readonly answer: unknown;
}

/** Gives the remembered answers first, then asks. It collects all answers of its run in order. */
class RememberingPrompter implements Prompter {
  readonly answers: Remembered[] = [];
  readonly #prompter: Prompter;
  #remembered: readonly Remembered[];

  constructor(prompter: Prompter, remembered: readonly Remembered[]) {
    this.#prompter = prompter;
    this.#remembered = remembered;
  }

  select: Prompter['select'] = (question) => this.#answer(question, () => this.#prompter.select(question));
  multiselect: Prompter['multiselect'] = (question) =>
    this.#answer(question, () => this.#prompter.multiselect(question));
  input: Prompter['input'] = (question) => this.#answer(question, () => this.#prompter.input(question));
  integer: Prompter['integer'] = (question) => this.#answer(question, () => this.#prompter.integer(question));
  secret: Prompter['secret'] = (question) => this.#answer(question, () => this.#prompter.secret(question));
  confirm: Prompter['confirm'] = (question) => this.#answer(question, () => this.#prompter.confirm(question));

  async #answer<A>({ id }: Question, ask: () => Promise<A>): Promise<A> {
    const former = this.#remembered[this.answers.length];
    // The function took another way than before: the other answers belong to the way that it left.
    if (former?.id !== id) this.#remembered = [];
    // The same question had this answer, so it has the type of its answers.
    const answer = former?.id === id ? (former.answer as A) : await ask();
    this.answers.push({ id, answer });
    return answer;
  }
}

/**
 * Runs a function that asks questions. When the user presses Escape, the function runs again: it gets all earlier answers
 * but the last one at once, and that question is asked again; a BackError that names a question goes back to that one. The
 * function must have no effect but its questions, and it must ask the same questions after the same answers. If it runs
 * another `askingAgain` with the prompter that it got, the two are one: Escape at the first question of the inner function
 * goes back to the last question before.
 *
 * @param backFrom for an error of the function, and the ids of the questions that were answered, the question that is
 * asked again; undefined if no other answer avoids the error
 * @throws BackError on Escape at the first question, CancelledError on Ctrl-C, and what the function throws.
 */
export async function askingAgain<T>(
  prompter: Prompter,
  ask: (prompter: Prompter) => Promise<T>,
  backFrom: (error: unknown, answered: readonly string[]) => string | undefined = () => undefined,
): Promise<T> {
  if (prompter instanceof RememberingPrompter) return ask(prompter);
  let remembered: readonly Remembered[] = [];
  for (;;) {
    const run = new RememberingPrompter(prompter, remembered);
    try {
      return await ask(run);
    } catch (error) {
      const answered = run.answers.map(({ id }) => id);
      const to = error instanceof BackError ? (error.to ?? answered.at(-1)) : backFrom(error, answered);
      const last = to === undefined ? -1 : answered.lastIndexOf(to);
      if (last < 0) throw error;
      remembered = run.answers.slice(0, last);
    }
  }
}
