import { describe, expect, test } from 'vitest';
import { type Finding, judge, judgeAgain, notOfThisRemedy, whyRefused } from '../../src/change/findings.ts';

const finding = (parts: Partial<Finding> = {}): Finding => ({
  id: 'past-lifetime',
  level: 'blocker',
  title: 'DC4 has not replicated for 71 days',
  detail: '',
  evidence: [],
  subjects: ['DC4'],
  measure: { value: 71, unit: 'days' },
  acceptable: true,
  accepted: false,
  ...parts,
});

describe('an acceptance in a saved plan', () => {
  const isAcceptedAgain = (saved: Partial<Finding>, fresh: Partial<Finding>): boolean | undefined =>
    judgeAgain([finding({ accepted: true, ...saved })], [finding(fresh)])[0]?.accepted;

  test('covers the same finding when it is judged again', () => {
    expect(isAcceptedAgain({}, {})).toBe(true);
  });

  test('covers fewer subjects, in any letter case, and a smaller measure', () => {
    const fresh = { subjects: ['dc4'], measure: { value: 70, unit: 'days' } } as const;
    expect(isAcceptedAgain({ subjects: ['DC4', 'DC5'] }, fresh)).toBe(true);
  });

  test('does not cover another subject', () => {
    expect(isAcceptedAgain({}, { subjects: ['DC4', 'DC5'] })).toBe(false);
  });

  test('does not cover a worse measure, or one that the saved finding did not have', () => {
    const worse = { value: 72, unit: 'days' } as const;
    expect(isAcceptedAgain({}, { measure: worse })).toBe(false);
    const { measure: _, ...unmeasured } = finding({ accepted: true });
    expect(judgeAgain([unmeasured], [finding()])[0]?.accepted).toBe(false);
  });

  test('does not count if the fresh judgement says that the finding is not acceptable', () => {
    expect(isAcceptedAgain({}, { acceptable: false })).toBe(false);
  });

  test('does not cover a finding of another id', () => {
    expect(isAcceptedAgain({ id: 'parted-sides' }, {})).toBe(false);
  });
});

test('a blocker against restoring the recorded former value is acceptable, and one against a foreign change is not', () => {
  const drafts = [finding({ acceptable: false }), finding({ id: notOfThisRemedy, acceptable: false })];
  const ofUndo = judge(drafts, { undoes: 'a plan' }, ['past-lifetime', notOfThisRemedy]);
  expect(ofUndo.map(({ id, acceptable, accepted }) => [id, acceptable, accepted])).toEqual([
    ['past-lifetime', true, true],
    [notOfThisRemedy, false, false],
  ]);
  expect(judge(drafts, {}, ['past-lifetime']).map(({ accepted }) => accepted)).toEqual([false, false]);
});

test('a refusal counts the blockers that it is about: first those that can never be accepted', () => {
  const final = finding({ acceptable: false });
  expect(whyRefused([finding()])).toBe('a blocker is not accepted');
  expect(whyRefused([finding(), finding(), finding({ accepted: true })])).toBe('2 blockers are not accepted');
  expect(whyRefused([finding(), final])).toBe('a blocker cannot be accepted');
  expect(whyRefused([final, final, finding()])).toBe('2 blockers cannot be accepted');
});
