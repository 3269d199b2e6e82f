import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { asciiSigns, canRedraw, inSigns, type Signs, signsFor, unicodeSigns } from '../../src/terminal/style.ts';

const textsOf = (signs: Signs): readonly string[] =>
  Object.values(signs).flatMap((sign): readonly string[] =>
    typeof sign === 'string' ? [sign] : Object.values<string | readonly string[]>(sign).flat(),
  );

test('the ASCII signs are ASCII', () => {
  const texts = textsOf(asciiSigns);
  expect(texts.length).toBeGreaterThan(10);
  expect(texts.filter((text) => !/^[!-~]+$/.test(text))).toEqual([]);
});

describe('the signs of a terminal', () => {
  const onLinux = (env: Record<string, string>) => signsFor({ env, platform: 'linux' });
  const onWindows = (env: Record<string, string> = {}) => signsFor({ env, platform: 'win32' });

  test('are Unicode in a locale with UTF-8', () => {
    for (const locale of ['C.UTF-8', 'en_US.UTF-8', 'nl_NL.utf8']) expect(onLinux({ LANG: locale })).toBe(unicodeSigns);
  });

  test('are ASCII in the C locale, in other character sets, and without any locale', () => {
    for (const locale of ['C', 'POSIX', 'en_US', 'de_DE.ISO-8859-1', '']) {
      expect(onLinux({ LANG: locale })).toBe(asciiSigns);
    }
    expect(onLinux({})).toBe(asciiSigns);
  });

  test('follow LC_ALL before LC_CTYPE before LANG', () => {
    expect(onLinux({ LC_ALL: 'C', LANG: 'C.UTF-8' })).toBe(asciiSigns);
    expect(onLinux({ LC_ALL: '', LC_CTYPE: 'C.UTF-8', LANG: 'C' })).toBe(unicodeSigns);
  });

  test('are ASCII on terminals whose fonts lack the signs', () => {
    expect(onLinux({ TERM: 'linux', LANG: 'C.UTF-8' })).toBe(asciiSigns);
    expect(onLinux({ TERM: 'dumb', LANG: 'C.UTF-8' })).toBe(asciiSigns);
  });

  test('follow the terminal program on Windows', () => {
    expect(onWindows()).toBe(asciiSigns);
    expect(onWindows({ WT_SESSION: 'x' })).toBe(unicodeSigns);
    expect(onWindows({ TERM_PROGRAM: 'vscode' })).toBe(unicodeSigns);
  });
});

test('a terminal of the type "dumb" redraws nothing', () => {
  expect(canRedraw({ env: { TERM: 'dumb' } })).toBe(false);
  expect(canRedraw({ env: { TERM: 'xterm-256color' } })).toBe(true);
  expect(canRedraw({ env: {} })).toBe(true);
});

test('a sentence is written with the signs of the set', () => {
  const sentence = '60 → 180 days · 2 warnings … see 30–59 Zürich 2 × EX01';
  expect(inSigns(sentence, unicodeSigns)).toBe(sentence);
  expect(inSigns(sentence, asciiSigns)).toBe('60 -> 180 days - 2 warnings ... see 30-59 Zürich 2 x EX01');
});

test('no sentence of the source has typographic quotes or apostrophes, which ASCII terminals lack', () => {
  const source = new URL('../../src/', import.meta.url);
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const isComment = (line: string): boolean => /^\s*(?:\/\*|\*|\/\/)/.test(line);
  const lines = files.flatMap((file) => readFileSync(new URL(file, source), 'utf8').split('\n'));
  // Regular expressions that look for such signs print none.
  const withoutPatterns = (line: string): string => line.replace(/\/(?:\^?\[[^\]]*\])[^'`]*?\/u/g, '');
  expect(lines.length).toBeGreaterThan(1000);
  expect(withoutPatterns("say(/^[“”]x$/u.test(a) ? '“a' : b)")).toBe("say(.test(a) ? '“a' : b)");
  expect(lines.filter((line) => !isComment(line) && /[‘’“”]/.test(withoutPatterns(line)))).toEqual([]);
});
