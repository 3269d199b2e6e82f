import { expect, test } from 'vitest';
import { createStyle, type Style } from '../../src/terminal/style.ts';

function paintsOf({ signs: _signs, ...paints }: Style): readonly ((text: string) => string)[] {
  return Object.values(paints);
}

test('without colour every text stays as it is', () => {
  for (const paint of paintsOf(createStyle(false))) expect(paint('text')).toBe('text');
});

test('with colour every meaning is marked, whatever the environment says', () => {
  for (const paint of paintsOf(createStyle(true)))
    expect(paint('text')).toMatch(/^(?:\x1b\[\d+m)+text(?:\x1b\[\d+m)+$/);
});

test('a changed word keeps the colour of its line', () => {
  const { removed, changedWord } = createStyle(true);
  expect(removed(`- ${changedWord('old')} value`)).toBe('\x1b[31m- \x1b[7mold\x1b[27m value\x1b[39m');
});

test('nothing is written for no text', () => {
  expect(createStyle(true).added('')).toBe('');
});
