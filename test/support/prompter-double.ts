import { inspect, isDeepStrictEqual } from 'node:util';
import { BackError, CancelledError } from '../../src/errors.ts';
import { choosingOne, choosingSeveral } from '../../src/terminal/choice-list.ts';
import type { Choice, Prompter, Question } from '../../src/terminal/prompter.ts';

/** The answer of a user who presses Ctrl-C. */
export const cancel = Symbol('cancel');

/** The answer of a user who presses Escape. */
export const back = Symbol('back');

/** The answer of a user who presses Enter only. */
export const byDefault = Symbol('by default');

interface InTurn {
  readonly inTurn: readonly unknown[];
}

/** Several answers to one question: for a question that is asked again, or whose first answer is refused. */
export function inTurn(...answers: readonly unknown[]): InTurn {
  return { inTurn: answers };
}

const isInTurn = (answer: unknown): answer is InTurn =>
  typeof answer === 'object' && answer !== null && 'inTurn' in answer;

export interface PrompterDouble extends Prompter {
  /** The ids of the questions that were asked, in order. */
  readonly asked: readonly string[];
  /** The answers that validation refused, with its reasons. */
  readonly refusals: readonly { readonly id: string; readonly problem: string }[];
  /** Throws if an answer was prepared for a question that was never asked. */
  verifyAllAsked(): void;
}

/**
 * A prompter that gives these answers by question id, through the real validation. A choice is answered by its value or
 * its label. A question without an answer left, or an answer that a user could not give, throws.
 */
export function answering(answers: Readonly<Record<string, unknown>>): PrompterDouble {
  const left = new Map(
    Object.entries(answers).map(([id, answer]) => [id, isInTurn(answer) ? [...answer.inTurn] : [answer]]),
  );
  const asked: string[] = [];
  const refusals: { id: string; problem: string }[] = [];

  const next = (question: Question): unknown => {
    const queue = left.get(question.id);
    if (queue === undefined || queue.length === 0) {
      throw new Error(`Unexpected question ${question.id}: ${question.message}`);
    }
    const answer = queue.shift();
    if (answer === cancel) throw new CancelledError();
    if (answer === back) throw new BackError();
    return answer;
  };

  /** Gives answers until one is accepted, as the terminal asks again. */
  async function ask<Answer>(
    question: Question,
    read: (answer: unknown) => Answer,
    problemOf: (answer: Answer) => string | undefined,
  ): Promise<Answer> {
    asked.push(question.id);
    for (;;) {
      const given = next(question);
      const answer = read(given);
      const problem = problemOf(answer);
      if (problem === undefined) return answer;
      refusals.push({ id: question.id, problem });
      if (left.get(question.id)?.length === 0) {
        throw new Error(`The question ${question.id} does not take ${inspect(given)}: ${problem}`);
      }
    }
  }

  const impossible = (question: Question, answer: unknown, why: string): Error =>
    new Error(`The question ${question.id} can't be answered by ${inspect(answer)}: ${why}`);

  function pick<T>(question: Question, choices: readonly Choice<T>[], answer: unknown): Choice<T> {
    const choice = choices.find(({ value, label }) => isDeepStrictEqual(value, answer) || label === answer);
    if (choice === undefined) {
      throw impossible(question, answer, `the choices are ${choices.map(({ label }) => label).join(', ')}`);
    }
    if (choice.disabled !== undefined) throw impossible(question, answer, choice.disabled);
    return choice;
  }

  function readAs<T extends string | number | boolean>(question: Question, sample: T, initial: T | undefined) {
    return (answer: unknown): T => {
      const given = answer === byDefault ? initial : answer;
      if (typeof given !== typeof sample) throw impossible(question, answer, `it takes a ${typeof sample}`);
      return given as T;
    };
  }

  const anything = (): undefined => undefined;
  return {
    asked,
    refusals,
    select: async (question) => {
      const dialogue = choosingOne(question);
      const { noneOfThese } = question;
      const choices = noneOfThese === undefined ? question.choices : [...question.choices, noneOfThese];
      const state = await ask(
        question,
        (answer) =>
          answer === byDefault
            ? dialogue.start
            : { ...dialogue.start, focus: choices.indexOf(pick(question, choices, answer)) },
        dialogue.problem,
      );
      return dialogue.answer(state);
    },
    multiselect: async (question) => {
      const dialogue = choosingSeveral(question);
      const state = await ask(
        question,
        (answer) => {
          if (answer === byDefault) return dialogue.start;
          if (!Array.isArray(answer)) throw impossible(question, answer, 'it takes a list');
          const picked = answer.map((one) => question.choices.indexOf(pick(question, question.choices, one)));
          return { ...dialogue.start, marked: new Set(picked) };
        },
        dialogue.problem,
      );
      return dialogue.answer(state);
    },
    input: (question) => ask(question, readAs(question, '', question.initial), (text) => question.validate?.(text)),
    integer: (question) =>
      ask(question, readAs(question, 0, question.initial), (value) =>
        Number.isSafeInteger(value) ? question.validate?.(value) : 'Type a whole number.',
      ),
    secret: (question) => ask(question, readAs(question, '', undefined), (text) => question.validate?.(text)),
    confirm: (question) => ask(question, readAs(question, true, question.initial ?? false), anything),
    verifyAllAsked: () => {
      const never = [...left].filter(([, queue]) => queue.length > 0).map(([id]) => id);
      if (never.length > 0) throw new Error(`Never asked: ${never.join(', ')}`);
    },
  };
}
