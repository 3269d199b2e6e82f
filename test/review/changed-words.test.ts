import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { markChangedWords, type Segment } from '../../src/review/rows.ts';

/** Changed words in brackets. */
function written(segments: readonly Segment[]): string {
  return segments.map(({ text, changed }) => (changed ? `[${text}]` : text)).join('');
}

function marked(old: string, now: string): readonly [old: string, now: string] {
  const { old: before, new: after } = markChangedWords(old, now);
  return [written(before), written(after)];
}

const joined = (segments: readonly Segment[]): string => segments.map(({ text }) => text).join('');
const kept = (segments: readonly Segment[]): string => joined(segments.filter(({ changed }) => !changed));

/** Lines of few different words, so that they have much in common in many ways. */
const line = fc
  .array(fc.constantFrom('user', 'name', 'Domain', '\\', ':', ' ', 'メール', 'ชื่อ', 'اسم', '👩‍👩‍👧', 'a\u0301'), {
    maxLength: 12,
  })
  .map((words) => words.join(''));

describe('what is marked', () => {
  test.each([
    ['a word that is replaced', 'Domain\\user name:', 'Domain\\account name:', '[account]'],
    ['words that are added', 'Name:', 'User name:', '[User name]'],
    ['punctuation by itself', 'Name:', 'Name;', '[;]'],
    ['white space by itself', 'Adresse :', 'Adresse\u00a0:', '[\u00a0]'],
    ['a letter with its combining marks as one', 'cafe', 'cafe\u0301', '[cafe\u0301]'],
    ['a number as a word', '60 days', '180 days', '[180]'],
    ['Arabic by words', 'اسم المستخدم:', 'اسم الحساب:', '[الحساب]'],
  ])('%s', (_what, old, now, mark) => {
    expect(marked(old, now)[1]).toContain(mark);
  });

  test('only what differs, on either side', () => {
    expect(marked('Domain\\user name:', 'E-mail user name:')).toEqual(['[Domain\\]user name:', '[E-mail ]user name:']);
  });

  test('nothing of equal lines', () => {
    expect(marked('User name:', 'User name:')).toEqual(['User name:', 'User name:']);
  });

  test('everything where nothing was before', () => {
    expect(markChangedWords('', 'User name:')).toEqual({ old: [], new: [{ text: 'User name:', changed: true }] });
  });

  test('lines of more than 200 words as a whole', () => {
    const long = 'word '.repeat(101);
    expect(marked(long, 'word')).toEqual([`[${long}]`, '[word]']);
    expect(marked('word', long)).toEqual(['[word]', `[${long}]`]);
  });
});

describe('for any two lines', () => {
  test('the segments joined are the lines again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (old, now) => {
        const segments = markChangedWords(old, now);
        expect([joined(segments.old), joined(segments.new)]).toEqual([old, now]);
      }),
    );
  });

  test('what is not marked is the same on both sides', () => {
    fc.assert(
      fc.property(line, line, (old, now) => {
        const segments = markChangedWords(old, now);
        expect(kept(segments.old)).toBe(kept(segments.new));
      }),
    );
  });

  test('neighbours are joined: marked and unmarked segments take turns', () => {
    fc.assert(
      fc.property(line, line, (old, now) => {
        const { old: before, new: after } = markChangedWords(old, now);
        for (const segments of [before, after]) {
          expect(segments.some(({ changed }, index) => changed === segments[index + 1]?.changed)).toBe(false);
        }
      }),
    );
  });

  test('a word put in anywhere is all that is marked', () => {
    fc.assert(
      fc.property(line, line, (before, after) => {
        const segments = markChangedWords(`${before}|${after}`, `${before}|inserted|${after}`);
        expect(kept(segments.old)).toBe(`${before}|${after}`);
        expect(
          joined(segments.new.filter(({ changed }) => changed))
            .split('|')
            .sort(),
        ).toEqual(['', 'inserted']);
      }),
    );
  });
});
