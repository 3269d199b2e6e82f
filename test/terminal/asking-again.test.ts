import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BackError, CancelledError } from '../../src/errors.ts';
import { askingAgain, type Prompter } from '../../src/terminal/prompter.ts';
import { answering, back, cancel, inTurn } from '../support/prompter-double.ts';

/** Three questions; the second depends on the first answer. */
async function ask(prompter: Prompter): Promise<readonly unknown[]> {
  const wants = await prompter.confirm({ id: 'wants', message: 'Check the DCs?' });
  const second = wants
    ? await prompter.input({ id: 'server', message: 'Which server?' })
    : await prompter.integer({ id: 'days', message: 'Days?' });
  const reason = await prompter.input({ id: 'reason', message: 'Reason?' });
  return [wants, second, reason];
}

describe('askingAgain', () => {
  test('asks the previous question again after Escape, and only that one', async () => {
    const prompter = answering({ wants: true, server: inTurn('dc1', 'dc2'), reason: inTurn(back, 'audit') });
    expect(await askingAgain(prompter, ask)).toEqual([true, 'dc2', 'audit']);
    expect(prompter.asked).toEqual(['wants', 'server', 'reason', 'server', 'reason']);
  });

  test('goes back further with each Escape, and on along another way', async () => {
    const prompter = answering({
      wants: inTurn(true, false),
      server: inTurn('dc1', back),
      days: 180,
      reason: inTurn(back, 'audit'),
    });
    expect(await askingAgain(prompter, ask)).toEqual([false, 180, 'audit']);
    expect(prompter.asked).toEqual(['wants', 'server', 'reason', 'server', 'wants', 'days', 'reason']);
  });

  test('ends with BackError on Escape at the first question', async () => {
    await expect(askingAgain(answering({ wants: back }), ask)).rejects.toThrow(BackError);
    const returned = answering({ wants: inTurn(true, back), server: back });
    await expect(askingAgain(returned, ask)).rejects.toThrow(BackError);
    expect(returned.asked).toEqual(['wants', 'server', 'wants']);
  });

  test('ends with CancelledError on Ctrl-C at any question', async () => {
    const cancelled = askingAgain(answering({ wants: true, server: cancel }), ask);
    await expect(cancelled).rejects.toThrow(CancelledError);
    await expect(cancelled).rejects.not.toThrow(BackError);
  });

  test('goes back to the question before an inner askingAgain', async () => {
    const prompter = answering({
      root: inTurn('C:\\A', 'C:\\B'),
      wants: inTurn(back, true),
      server: 'dc1',
      reason: 'x',
    });
    const answers = await askingAgain(prompter, async (outer) => [
      await outer.input({ id: 'root', message: 'Root?' }),
      ...(await askingAgain(outer, ask)),
    ]);
    expect(answers).toEqual(['C:\\B', true, 'dc1', 'x']);
  });

  test('keeps apart the answers to a question that is asked several times', async () => {
    const prompter = answering({ path: inTurn('a', 'b', back, 'c', 'd') });
    const paths = await askingAgain(prompter, async (again) => {
      const given: string[] = [];
      for (let count = 0; count < 3; count++) given.push(await again.input({ id: 'path', message: 'Path?' }));
      return given;
    });
    expect(paths).toEqual(['a', 'c', 'd']);
  });
});

/** A prompter that takes the next step of a script at every question; after its end, the answer 0. */
function scripted(script: readonly (number | 'back')[]): Prompter {
  let at = 0;
  const integer = async (): Promise<number> => {
    const step = script[at++] ?? 0;
    if (step === 'back') throw new BackError();
    return step;
  };
  return { ...answering({}), integer };
}

/** As many questions as the answers ask for: each question's id depends on the answers before. */
async function askByAnswers(prompter: Prompter): Promise<readonly string[]> {
  const trail: string[] = [];
  for (let left = 3; left > 0; left--) {
    const id = `after-${trail.join('-')}`;
    const answer = await prompter.integer({ id, message: id });
    trail.push(String(answer));
    if (answer % 3 === 1 && trail.length < 6) left += 1;
  }
  return trail;
}

test('any answers and Escapes have the outcome of giving the final answers straight', async () => {
  const step = fc.oneof({ weight: 2, arbitrary: fc.nat({ max: 8 }) }, fc.constant('back' as const));
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (script) => {
      // What is left when every Escape takes back one answer; an Escape too many leaves the questions.
      const final: number[] = [];
      let questions = 0;
      let leaves = false;
      for (const step of script) {
        const isDone = (await countQuestions(final)) === final.length;
        if (isDone || leaves) break;
        questions += 1;
        if (step !== 'back') final.push(step);
        else if (final.pop() === undefined) leaves = true;
      }
      const outcome = askingAgain(scripted(script.slice(0, questions)), askByAnswers);
      if (leaves) {
        await expect(outcome).rejects.toThrow(BackError);
        return;
      }
      compared += 1;
      expect(await outcome).toEqual(await askByAnswers(scripted(final)));
    }),
  );
  expect(compared).toBeGreaterThan(10);
});

/** How many questions are asked if the first answers are these and all others 0. */
async function countQuestions(answers: readonly number[]): Promise<number> {
  return (await askByAnswers(scripted(answers))).length;
}
