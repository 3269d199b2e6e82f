import { BackError } from '../errors.ts';
import type { Prompter, Question } from './questions.ts';

interface Remembered {
  readonly id: string;
  readonly answer: unknown;
}

const replaying = new WeakSet<Prompter>();

/**
 * Runs a function that asks questions. When the user presses Escape, the function runs again: it gets all earlier answers
 * but the last one at once, and that question is asked again. The function must have no effect but its questions, and it
 * must ask the same questions after the same answers. If it runs another `askingAgain` with the prompter that it got, the
 * two are one: Escape at the first question of the inner function goes back to the last question before.
 *
 * @throws BackError on Escape at the first question, CancelledError on Ctrl-C.
 */
export async function askingAgain<T>(prompter: Prompter, ask: (prompter: Prompter) => Promise<T>): Promise<T> {
  if (replaying.has(prompter)) return ask(prompter);
  let remembered: readonly Remembered[] = [];
  for (;;) {
    const run = rememberingPrompter(prompter, remembered);
    replaying.add(run.prompter);
    try {
      return await ask(run.prompter);
    } catch (error) {
      const answers = run.answers();
      if (!(error instanceof BackError) || answers.length === 0) throw error;
      remembered = answers.slice(0, -1);
    }
  }
}

/** A prompter that gives the remembered answers, then asks, and `answers`: all answers of this run in order. */
function rememberingPrompter(
  prompter: Prompter,
  remembered: readonly Remembered[],
): { readonly prompter: Prompter; readonly answers: () => readonly Remembered[] } {
  const answers: Remembered[] = [];
  let isReplay = true;
  const answerOf = async <A>({ id }: Question, ask: () => Promise<A>): Promise<A> => {
    const former = isReplay ? remembered[answers.length] : undefined;
    // After an unexpected question no remembered answer fits any more.
    isReplay = former?.id === id;
    // The same question had this answer, so it has the type of its answers.
    const answer = former?.id === id ? (former.answer as A) : await ask();
    answers.push({ id, answer });
    return answer;
  };
  return {
    answers: () => answers,
    prompter: {
      select: (question) => answerOf(question, () => prompter.select(question)),
      multiselect: (question) => answerOf(question, () => prompter.multiselect(question)),
      input: (question) => answerOf(question, () => prompter.input(question)),
      integer: (question) => answerOf(question, () => prompter.integer(question)),
      secret: (question) => answerOf(question, () => prompter.secret(question)),
      confirm: (question) => answerOf(question, () => prompter.confirm(question)),
    },
  };
}
