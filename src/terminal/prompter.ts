import { BackError, CancelledError, UsageError } from '../errors.ts';
import { choosingOne, choosingSeveral } from './choice-list.ts';
import { type Dialogue, messageOf } from './dialogue.ts';
import { ask, listen, paperOf, type Terminal, typedText } from './question-frame.ts';
import type {
  Choice,
  ConfirmQuestion,
  InputQuestion,
  IntegerQuestion,
  MultiselectQuestion,
  Prompter,
  Question,
  SecretQuestion,
  SelectQuestion,
} from './questions.ts';
import { inSigns, type Signs, unicodeSigns } from './style.ts';
import { displayWidth, graphemesOf, wrapped } from './text-width.ts';
import { readInteger, typing, yesOrNo } from './typed-answer.ts';
import { visible } from './visible.ts';

export type { Terminal } from './question-frame.ts';
export type * from './questions.ts';

export function terminalPrompter(terminal: Terminal): Prompter {
  const give = <State, Answer>(dialogue: Dialogue<State, Answer>): Promise<Answer> =>
    terminal.canRedraw === false ? askPlainly(terminal, dialogue) : ask(terminal, dialogue);
  const readText = (validate: InputQuestion['validate']) => (text: string) => {
    const problem = validate?.(text);
    return problem === undefined ? { answer: text } : { problem };
  };
  const readValidInteger = (validate: IntegerQuestion['validate']) => (text: string) => {
    const reading = readInteger(text);
    const problem = 'answer' in reading ? validate?.(reading.answer) : undefined;
    return problem === undefined ? reading : { problem };
  };
  const { signs = unicodeSigns } = terminal;
  return {
    select: async (question) => give(choosingOne(selectInSigns(question, signs))),
    multiselect: async (question) =>
      give(choosingSeveral({ ...question, choices: inSignsOf(question.choices, signs) })),
    input: ({ message, initial, validate }) =>
      give(typing({ message, initial, hidden: false, read: readText(validate) })),
    integer: ({ message, initial, validate }) =>
      give(typing({ message, initial: initial?.toString(), hidden: false, read: readValidInteger(validate) })),
    secret: ({ message, validate }) =>
      give(typing({ message, initial: undefined, hidden: true, read: readText(validate) })),
    confirm: ({ about = [], ...question }) =>
      give(yesOrNo({ ...question, about: about.map((text) => inSigns(text, signs)) })),
  };
}

function selectInSigns<T>(question: SelectQuestion<T>, signs: Signs): SelectQuestion<T> {
  const { noneOfThese } = question;
  const choices = inSignsOf(question.choices, signs);
  return noneOfThese === undefined
    ? { ...question, choices }
    : { ...question, choices, noneOfThese: choiceInSigns(noneOfThese, signs) };
}

function inSignsOf<T>(choices: readonly Choice<T>[], signs: Signs): readonly Choice<T>[] {
  return choices.map((choice) => choiceInSigns(choice, signs));
}

/** Hints are sentences of ours; a label may be a name that is to be recognised, and stays as it is. */
function choiceInSigns<T>(choice: Choice<T>, signs: Signs): Choice<T> {
  const { hint, disabled } = choice;
  return {
    ...choice,
    ...(hint === undefined ? {} : { hint: inSigns(hint, signs) }),
    ...(disabled === undefined ? {} : { disabled: inSigns(disabled, signs) }),
  };
}

/**
 * The prompter without a terminal: every question rejects with a UsageError that names the flag for the answer.
 *
 * @param reasonOf Why the question with this id can't be asked: "there is no terminal".
 * @param otherWay How to be asked, for a question without a flag or for a user who does not want it.
 */
export function unavailablePrompter(
  reasonOf: (id: string) => string,
  otherWay: 'run it at a terminal' | 'leave out --json' | 'leave out --yes' = 'run it at a terminal',
): Prompter {
  const refuse = async (question: Question): Promise<never> => {
    throw new UsageError({
      attempted: 'ask a question',
      on: question.message,
      cameBack: reasonOf(question.id),
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

  select<T>(question: SelectQuestion<T>): Promise<T> {
    return this.#answer(question, () => this.#prompter.select(question));
  }

  multiselect<T>(question: MultiselectQuestion<T>): Promise<readonly T[]> {
    return this.#answer(question, () => this.#prompter.multiselect(question));
  }

  input(question: InputQuestion): Promise<string> {
    return this.#answer(question, () => this.#prompter.input(question));
  }

  integer(question: IntegerQuestion): Promise<number> {
    return this.#answer(question, () => this.#prompter.integer(question));
  }

  secret(question: SecretQuestion): Promise<string> {
    return this.#answer(question, () => this.#prompter.secret(question));
  }

  confirm(question: ConfirmQuestion): Promise<boolean> {
    return this.#answer(question, () => this.#prompter.confirm(question));
  }

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
 * function must have no effect but its questions, and it
 * must ask the same questions after the same answers. If it runs another `askingAgain` with the prompter that it got, the
 * two are one: Escape at the first question of the inner function goes back to the last question before.
 *
 * @param backFrom for an error of the function, and the ids of the questions that were answered, the question that is
 * asked again; undefined where no other answer avoids the error
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

/**
 * Asks one question and gives its answer, as `ask` does.
 *
 * @throws BackError on Escape; CancelledError on Ctrl-C, Ctrl-D and the end of the input.
 */
async function askPlainly<State, Answer>(terminal: Terminal, dialogue: Dialogue<State, Answer>): Promise<Answer> {
  const { columns, style } = paperOf(terminal);
  const { rows, hangingIndent, hint, hidden, read } = dialogue.plain;
  const print = (text: string, indent: number): string => wrapped(text, columns, indent).join('\n');
  const question = print(`${style.signs.question.open} ${visible(messageOf(dialogue))}`, 2);
  const lead =
    hint === undefined ? ': ' : `\n${[...rows.map((row) => print(row, hangingIndent)), `  ${hint}: `].join('\n')}`;
  let refusal = '';
  for (;;) {
    const reading = read(await readLine(terminal, refusal + question + lead, hidden));
    const problem = 'problem' in reading ? reading.problem : dialogue.problem(reading.answer);
    if ('answer' in reading && problem === undefined) return dialogue.answer(reading.answer);
    refusal = `${print(`  ${visible(problem ?? '')}`, 2)}\n`;
  }
}

/** One line, typed after the question. It is echoed here, because the echo of the terminal would show a secret. */
async function readLine(terminal: Terminal, question: string, hidden: boolean): Promise<string> {
  const { input, output } = terminal;
  if (input.readableEnded) throw new CancelledError();
  let line = '';
  let stopListening = (): void => undefined;
  const shown = (text: string): string => (hidden ? '*'.repeat(graphemesOf(text).length) : text);
  try {
    return await new Promise<string>((resolve, reject) => {
      let isOpen = true;
      const settle = (action: () => void): void => {
        isOpen = false;
        output.write('\n');
        action();
      };
      stopListening = listen(terminal, {
        key: (text, key) => {
          if (!isOpen) return;
          if (key.name === 'return' || key.name === 'enter') return settle(() => resolve(line));
          if (key.name === 'escape') return settle(() => reject(new BackError()));
          if (key.ctrl && (key.name === 'c' || key.name === 'd')) return settle(() => reject(new CancelledError()));
          if (key.name === 'backspace') {
            const last = graphemesOf(line).at(-1) ?? '';
            line = line.slice(0, line.length - last.length);
            output.write('\b \b'.repeat(displayWidth(shown(last))));
            return;
          }
          const typed = typedText(text, key) ?? '';
          line += typed;
          output.write(shown(typed));
        },
        end: () => reject(new CancelledError()),
        resize: () => undefined,
      });
      // Only now: before, the terminal itself would echo what is typed.
      output.write(question);
    });
  } finally {
    stopListening();
  }
}
