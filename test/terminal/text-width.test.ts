import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displayWidth, graphemesOf, pad, startOf, truncate, wrap } from '../../src/terminal/text-layout.ts';

const thai = 'ที่อยู่อีเมล';
const vietnameseDecomposed = 'Địa chỉ e-mail'.normalize('NFD');
const japanese = 'メール アドレス:';
const arabic = 'عُنوان';
const family = '👩‍👩‍👧';

describe('displayWidth', () => {
  test.each([
    ['ASCII', 'E-mail address:', 15],
    ['nothing', '', 0],
    ['Thai, whose vowels and tone marks stand above and below', thai, 7],
    ['decomposed Vietnamese', vietnameseDecomposed, 14],
    ['Japanese', japanese, 16],
    ['halfwidth katakana', 'ﾒｰﾙ', 3],
    ['Korean', '전자 메일', 9],
    ['Korean in conjoining jamo', '전'.normalize('NFD'), 2],
    ['Arabic with a vowel sign', arabic, 5],
    ['Hebrew', 'דואר', 4],
    ['an emoji', '✅', 2],
    ['an emoji joined of several', family, 2],
    ['a flag', '🇳🇱', 2],
    ['block elements', '███▋', 4],
    ['a character beyond the first plane', '𠀀', 2],
    ['zero width space and marks of direction', 'a\u200b\u200fb', 2],
  ])('counts the columns of %s', (_what, text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });

  test('counts no columns for colour', () => {
    expect(displayWidth('\x1b[31mメール\x1b[39m')).toBe(6);
  });
});

test('a grapheme is a letter with its marks', () => {
  expect(graphemesOf('ที่')).toEqual(['ที่']);
  expect(graphemesOf(vietnameseDecomposed)).toHaveLength(14);
});

test('graphemes are those of Unicode, in every script', () => {
  const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
  const unit = fc.oneof(
    fc.constantFrom(...'eéßОжД日本メール가각ﾞ゙́​👩‍👧🇳🇱ที่…→█\u00ad\u2060'),
    fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)),
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 4 }), (text) => {
      expect(graphemesOf(text)).toEqual([...segmenter.segment(text)].map(({ segment }) => segment));
    }),
    { numRuns: 2000 },
  );
});

describe('startOf and truncate', () => {
  test('cut between graphemes, never within one', () => {
    expect(startOf(thai, 2)).toBe('ที่อ');
    expect(startOf(`${family}x`, 1)).toBe('');
  });

  test('a wide character that does not fit entirely is left out', () => {
    expect(startOf('メール', 5)).toBe('メー');
  });

  test('the ellipsis may be of several columns', () => {
    expect(truncate('corp.example.com', 8, '...')).toBe('corp....');
    expect(truncate('corp.example.com', 2, '...')).toBe('co');
  });

  test('an ellipsis says that the text was cut', () => {
    expect(truncate('corp.example.com', 8)).toBe('corp.ex…');
    expect(truncate(japanese, 6)).toBe('メー…');
  });

  test('a text that fits stays as it is', () => {
    expect(truncate(thai, 7)).toBe(thai);
  });

  test('never give more columns than there are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, columns) => {
        expect(displayWidth(truncate(text, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

describe('pad', () => {
  test('fills to the right or to the left by columns, not by code units', () => {
    expect(pad(japanese, 18)).toBe(`${japanese}  `);
    expect(pad(thai, 9, 'right')).toBe(`  ${thai}`);
  });

  test('leaves a longer text alone', () => {
    expect(pad('abc', 2)).toBe('abc');
  });
});

describe('wrap', () => {
  test('breaks at spaces, with the further lines set in', () => {
    expect(wrap('blocker: DC4 has not replicated for 71 days.', 22, { hangingIndent: 9 })).toEqual([
      'blocker: DC4 has not',
      '         replicated',
      '         for 71 days.',
    ]);
  });

  test('sets in the first line', () => {
    expect(wrap('one two', 6, { indent: 2 })).toEqual(['  one', 'two']);
  });

  test('keeps the line breaks of the text', () => {
    expect(wrap('one\n\ntwo', 10)).toEqual(['one', '', 'two']);
  });

  test('does not break at a no-break space', () => {
    expect(wrap('Adresse e-mail\u00a0:', 13)).toEqual(['Adresse', 'e-mail\u00a0:']);
  });

  test('cuts a word that is longer than a line', () => {
    expect(wrap('a CN=Services,DC=corp b', 8)).toEqual(['a', 'CN=Servi', 'ces,DC=c', 'orp b']);
  });

  test('fills lines by columns where there are no spaces', () => {
    expect(wrap('電子メールアドレス', 8)).toEqual(['電子メー', 'ルアドレ', 'ス']);
  });

  test('loses nothing and stays within the columns', () => {
    const words = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).map((word) => word.replace(/\s/gu, 'x')));
    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 40 }), fc.nat(4), (list, columns, hangingIndent) => {
        const lines = wrap(list.join(' '), columns, { hangingIndent });
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
        expect(lines.join('').replaceAll(' ', '')).toBe(list.join(''));
      }),
    );
  });
});
