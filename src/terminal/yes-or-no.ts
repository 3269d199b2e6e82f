import type { Dialogue } from './dialogue.ts';
import type { ConfirmQuestion } from './questions.ts';

/** The question for a yes or a no: `y` or `n`, then Enter, so that no single stray key starts anything. */
export function yesOrNo(question: ConfirmQuestion): Dialogue<boolean | undefined, boolean> {
  const initial = question.initial ?? false;
  const word = (answer: boolean): string => (answer ? 'yes' : 'no');
  return {
    message: question.message,
    inBrackets: initial ? 'Y/n' : 'y/N',
    entryColumns: 'yes'.length,
    start: undefined,
    press: (answer, key) => {
      const letter = key.text?.toLowerCase();
      if (letter === 'y') return true;
      if (letter === 'n') return false;
      return key.action === 'delete' || key.action === 'eraseLine' ? undefined : answer;
    },
    view: (answer) => {
      const entry = answer === undefined ? '' : word(answer);
      return { entry, cursor: entry.length, rows: [] };
    },
    problem: () => undefined,
    answer: (answer) => answer ?? initial,
    summary: (answer) => word(answer ?? initial),
  };
}
