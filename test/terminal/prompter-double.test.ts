import { describe, expect, test } from 'vitest';
import { CancelledError } from '../../src/errors.ts';
import { answering, byDefault, cancel, inTurn } from '../support/prompter-double.ts';

const choices = [
  { value: 'save', label: 'Save for review' },
  { value: 'apply', label: 'Apply now', disabled: 'a blocker was not accepted' },
  { value: 'leave', label: 'Do nothing' },
];
const ofAtLeastThree = (days: number): string | undefined => (days < 3 ? 'At least 3 days.' : undefined);
const days = { id: 'days', message: 'Days?', validate: ofAtLeastThree };

describe('the prompter double', () => {
  test('answers by question id, a choice by its value or its label', async () => {
    const prompter = answering({ next: 'Do nothing', days: 180, also: ['leave', 'save'], really: true });
    expect(await prompter.select({ id: 'next', message: 'Next?', choices })).toBe('leave');
    expect(await prompter.integer(days)).toBe(180);
    expect(await prompter.multiselect({ id: 'also', message: 'Also?', choices, initial: [] })).toEqual([
      'save',
      'leave',
    ]);
    expect(await prompter.confirm({ id: 'really', message: 'Really?' })).toBe(true);
    expect(prompter.asked).toEqual(['next', 'days', 'also', 'really']);
    prompter.verifyAllAsked();
  });

  test('gives the default for a user who only presses Enter', async () => {
    const prompter = answering({ next: byDefault, also: byDefault, days: byDefault, really: byDefault });
    expect(await prompter.multiselect({ id: 'also', message: 'Also?', choices, initial: ['leave'] })).toEqual([
      'leave',
    ]);
    expect(await prompter.select({ id: 'next', message: 'Next?', choices, initial: 2 })).toBe('leave');
    expect(await prompter.integer({ ...days, initial: 60 })).toBe(60);
    expect(await prompter.confirm({ id: 'really', message: 'Really?' })).toBe(false);
  });

  test('throws at an unexpected question', async () => {
    await expect(answering({}).confirm({ id: 'really', message: 'Really?' })).rejects.toThrow(
      'Unexpected question really: Really?',
    );
  });

  test('runs the validation, and continues with the next answer as a user would', async () => {
    const prompter = answering({ days: inTurn(1, 180) });
    expect(await prompter.integer(days)).toBe(180);
    expect(prompter.refusals).toEqual([{ id: 'days', problem: 'At least 3 days.' }]);
  });

  test('throws where validation refuses the last answer', async () => {
    await expect(answering({ days: 1 }).integer(days)).rejects.toThrow('does not take 1: At least 3 days.');
  });

  test('throws at an answer that a user could not give', async () => {
    await expect(answering({ next: 'apply' }).select({ id: 'next', message: '', choices })).rejects.toThrow(
      'a blocker was not accepted',
    );
    await expect(answering({ next: 'shred' }).select({ id: 'next', message: '', choices })).rejects.toThrow(
      'the choices are Save for review, Apply now, Do nothing',
    );
    await expect(answering({ days: 'many' }).integer(days)).rejects.toThrow('it takes a number');
    await expect(answering({ days: byDefault }).integer(days)).rejects.toThrow('it takes a number');
  });

  test('requires the minimum of several choices', async () => {
    const question = { id: 'also', message: 'Also?', choices, initial: [], minimum: 1 };
    await expect(answering({ also: [] }).multiselect(question)).rejects.toThrow('does not take []: Mark at least one.');
  });

  test('cancels', async () => {
    await expect(answering({ days: cancel }).integer(days)).rejects.toThrow(CancelledError);
  });

  test('reports answers that were never asked for', async () => {
    const prompter = answering({ days: inTurn(180, 60), really: true });
    await prompter.integer(days);
    expect(() => prompter.verifyAllAsked()).toThrow('Never asked: days, really');
  });
});
