import { expect, test } from 'vitest';
import { createStyle, type Style } from '../../src/terminal/style.ts';

/** The text in each meaning. */
function painted({ signs: _signs, ...paints }: Style): readonly string[] {
  return Object.values(paints).map((paint) => paint('text'));
}

test('without colour every text stays as it is', () => {
  expect(new Set(painted(createStyle(false)))).toEqual(new Set(['text']));
});

test('with colour every meaning is marked, whatever the environment says', () => {
  const texts = painted(createStyle(true));
  expect(texts.length).toBeGreaterThan(5);
  for (const text of texts) expect(text).toMatch(/^(?:\x1b\[\d+m)+text(?:\x1b\[\d+m)+$/);
});

test('a changed word keeps the colour of its line', () => {
  const { removed, changedWord } = createStyle(true);
  expect(removed(`- ${changedWord('old')} value`)).toBe('\x1b[31m- \x1b[7mold\x1b[27m value\x1b[39m');
});

test('nothing is written for no text', () => {
  expect(createStyle(true).added('')).toBe('');
});
