import { UsageError } from '../errors.ts';
import { choosingOne, choosingSeveral } from './choice-list.ts';
import type { Dialogue } from './dialogue.ts';
import { askPlainly } from './plain-question.ts';
import { ask, type Terminal } from './question-frame.ts';
import type { InputQuestion, IntegerQuestion, Prompter, Question } from './questions.ts';
import { readInteger, typing, yesOrNo } from './typed-answer.ts';

export type { Terminal } from './question-frame.ts';
export type * from './questions.ts';

/** The prompter at a terminal. */
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
  return {
    select: async (question) => give(choosingOne(question)),
    multiselect: async (question) => give(choosingSeveral(question)),
    input: ({ message, initial, validate }) =>
      give(typing({ message, initial, hidden: false, read: readText(validate) })),
    integer: ({ message, initial, validate }) =>
      give(typing({ message, initial: initial?.toString(), hidden: false, read: readValidInteger(validate) })),
    secret: ({ message, validate }) =>
      give(typing({ message, initial: undefined, hidden: true, read: readText(validate) })),
    confirm: (question) => give(yesOrNo(question)),
  };
}

/**
 * The prompter without a terminal: every question rejects with a UsageError that names the flag for the answer.
 *
 * @param reasonOf Why the question with this id can't be asked: "there is no terminal".
 */
export function unavailablePrompter(reasonOf: (id: string) => string): Prompter {
  const refuse = async (question: Question): Promise<never> => {
    throw new UsageError({
      attempted: 'ask a question',
      on: question.message,
      cameBack: reasonOf(question.id),
      next: question.flag === undefined ? 'Run it at a terminal.' : `Give ${question.flag}, or run it at a terminal.`,
    });
  };
  return { select: refuse, multiselect: refuse, input: refuse, integer: refuse, secret: refuse, confirm: refuse };
}
