/** The ANSI code pages of Windows, and which one the files of a language are in where nothing else tells. */

/** The pages that a form set's language can have. */
export const codePages = [874, 932, 936, 949, 950, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258] as const;
export type CodePage = (typeof codePages)[number];

/** Languages by page; with the script where the language is written in more than one. */
const languagesOfPage: Readonly<Record<CodePage, string>> = {
  1250: 'bs-Latn cs hr hu pl ro sk sl sq sr-Latn',
  1251: 'az-Cyrl be bg bs-Cyrl kk mk ru sr-Cyrl uk uz-Cyrl',
  1252: 'ca da de en es eu fi fr gl id is it ms nb nl nn no pt sv',
  1253: 'el',
  1254: 'az-Latn tr uz-Latn',
  1255: 'he',
  1256: 'ar fa ur',
  1257: 'et lt lv',
  1258: 'vi',
  874: 'th',
  932: 'ja',
  936: 'zh-Hans',
  949: 'ko',
  950: 'zh-Hant',
};

/** What was asked for already: a fleet has the same fifty languages in thousands of folders. */
const writings = new Map<string, string>();

const pageOfWriting = new Map(
  codePages.flatMap((page) => languagesOfPage[page].split(' ').map((language) => [writingOf(language), page] as const)),
);

/**
 * The ANSI code page that Windows gives a culture (LOCALE_IDEFAULTANSICODEPAGE of its locale), by its language and
 * script: that of another script is never taken. Undefined where none is known: Windows has none for hi, ta, te, ka
 * and hy, whose files can only be Unicode.
 *
 * @param culture a tag of BCP 47 ("de-AT", "sr-Cyrl-RS", "zh-TW"), in any letter case
 * @throws RangeError if it is none
 */
export function ansiCodePageOf(culture: string): CodePage | undefined {
  return pageOfWriting.get(writingOf(culture));
}

/** The language with the script that it is written in, spelled out: cs-Latn, zh-Hant of zh-TW. */
function writingOf(culture: string): string {
  const known = writings.get(culture);
  if (known !== undefined) return known;
  const { language, script } = new Intl.Locale(culture).maximize();
  const writing = `${language}-${script}`;
  writings.set(culture, writing);
  return writing;
}
