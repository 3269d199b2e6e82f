import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import { ansiCodePageOf, type CodePage, codePages } from '../../src/files/text-encoding.ts';

const culturesOf: readonly (readonly [CodePage, string])[] = [
  [1250, 'bs bs-Latn cs hr hu pl ro sk sl sq sr-Latn sr-ME'],
  [1251, 'be bg mk ru sr-Cyrl uk kk az-Cyrl bs-Cyrl uz-Cyrl'],
  [1252, 'ca da de en es eu fi fr gl id is it ms nb nl nn no pt sv'],
  [1253, 'el'],
  [1254, 'az az-Latn tr uz-Latn'],
  [1255, 'he iw'],
  [1256, 'ar fa ur'],
  [1257, 'et lt lv'],
  [1258, 'vi'],
  [874, 'th'],
  [932, 'ja'],
  [936, 'zh zh-CN zh-Hans zh-Hans-HK zh-SG'],
  [949, 'ko'],
  [950, 'zh-TW zh-HK zh-MO zh-Hant zh-Hant-SG'],
];

describe('the code page of a language', () => {
  test.each(culturesOf)('%i is that of %s', (page, cultures) => {
    for (const culture of cultures.split(' ')) expect([culture, ansiCodePageOf(culture)]).toEqual([culture, page]);
  });

  test('goes with regions, and any letter case', () => {
    expect(['de-AT', 'SR-latn-rs', 'ZH-tw', 'pt-BR'].map(ansiCodePageOf)).toEqual([1252, 1250, 950, 1252]);
  });

  test.each(['hi', 'ta', 'te', 'ka', 'hy'])('is none for %s, which can only be Unicode', (culture) => {
    expect(ansiCodePageOf(culture)).toBeUndefined();
  });

  test.each(['en-Shaw', 'ru-Latn', 'kk-Arab', 'tr-Arab', 'az-Arab', 'ms-Arab'])(
    'is none for %s: that of another script is not taken',
    (culture) => {
      expect(ansiCodePageOf(culture)).toBeUndefined();
    },
  );

  test('is not asked for what is no culture', () => {
    expect(() => ansiCodePageOf('Sonstiges')).toThrow(RangeError);
  });
});

/** Letters beyond ASCII that a culture writes the names of languages with, each as often as it comes up there. */
function lettersOf(culture: string): readonly string[] {
  const names = new Intl.DisplayNames(culture, { type: 'language', fallback: 'none' });
  const text = culturesOf.flatMap(([, cultures]) => cultures.split(' ').map((tag) => names.of(tag) ?? '')).join('');
  return [...text].filter((character) => /[^\0-\x7f]/.test(character) && /\p{L}/u.test(character));
}

/** How many of the letters the page has; tones of Vietnamese stand behind their letter there. */
function heldBy(page: CodePage, letters: readonly string[]): number {
  const has = (text: string): boolean =>
    iconv.decode(iconv.encode(text, `windows-${page}`), `windows-${page}`) === text;
  const toneApart = (letter: string): string =>
    letter.normalize('NFD').replace(/(.)(\u031b|\u0302|\u0306)?/gu, (part) => part.normalize('NFC'));
  return letters.filter((letter) => has(letter) || (page === 1258 && has(toneApart(letter)))).length;
}

test.each(culturesOf.flatMap(([page, cultures]) => cultures.split(' ').map((culture) => [culture, page] as const)))(
  'what %s is written with, page %i has as good as any page',
  (culture, page) => {
    const letters = lettersOf(culture);
    const most = Math.max(...codePages.map((candidate) => heldBy(candidate, letters)));
    // A language's name may be borrowed with its letters: the å of "bokmål" in Polish.
    expect(heldBy(page, letters)).toBeGreaterThanOrEqual(most * 0.95);
  },
);
