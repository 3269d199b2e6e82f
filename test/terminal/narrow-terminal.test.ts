import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { isDiffLine } from '../../src/review/diff-text.ts';
import { displayWidth } from '../../src/terminal/text-layout.ts';
import { openPractice } from './support/practice.ts';

/** Words that can't be broken: commands, names of computers, attributes. */
const isOneWord = (line: string): boolean => /^ +(?:run +\S.*|repadmin \/.*|(?:node|npx) .*|\S+)$/.test(line);

test.each([
  [80, 24, /^dc1.* written on DC1 at$/],
  [40, 24, /^dc1.* has it +180,/],
])('at %d columns every line fits, but for those of the diff and for commands', async (columns, rows, row) => {
  const practice = await openPractice(process.execPath, { columns, rows });
  practice.start('tombstone');
  await practice.answer(/New lifetime in days/, '180');
  await practice.answer(/Accept\s+this\s+and\s+continue\?/, 'y');
  await practice.session.waitFor(/\? Apply\s+now, save for\s+review, or\s+do\s+nothing\?/);
  practice.session.press('down', 2);
  practice.session.press('enter');
  await practice.session.waitFor(/\? What do you want to\s+repair\?/);
  const lines = stripVTControlCharacters(practice.session.output()).split(/[\r\n]+/);
  const tooWide = lines.filter((line) => displayWidth(line) > columns && !isDiffLine(line) && !isOneWord(line));
  expect(tooWide).toEqual([]);
  expect(lines.filter((line) => row.test(line.trim()))).toHaveLength(1);
  await practice.cancel();
});

describe('on a terminal of little ability', () => {
  test('the C locale gets ASCII, and a dumb terminal no escape sequence', async () => {
    const practice = await openPractice(process.execPath, { env: { TERM: 'dumb', LC_ALL: 'C' } });
    const { session } = practice;
    session.type('tombstone\r');
    await session.waitFor('New lifetime in days (180):');
    session.type('180\r');
    await practice.answer(/Accept\s+this\s+and\s+continue\? \(y\/N\)[\s\S]*y or n:/, 'y');
    await session.waitFor('Number or name (1):');
    session.type('Apply now\r');
    await session.waitFor(/past\s+the\s+old\s+one[\s\S]*What do you want to repair\?[\s\S]*Number or name \(1\):/);
    session.type('quit\r');
    expect(await session.exit).toMatchObject({ status: 0 });
    expect(session.output()).toContain('1 entry changed');
    expect(session.output()).not.toContain('\x1b');
    expect(session.output().match(/[^\x00-\x7f]/g) ?? []).toEqual([]);
  });

  test('what the choices of a list say is ASCII too, in a list that is redrawn and in one that is printed', async () => {
    for (const [env, question] of [
      [{ LC_ALL: 'C' }, /gone for good\?[\s\S]*Escape\s+goes\s+back/],
      [{ TERM: 'dumb', LC_ALL: 'C' }, /gone for good\?[\s\S]*Number or name/],
    ] as const) {
      const { session } = await openPractice(process.execPath, { env });
      session.type('metadata\r');
      await session.waitFor(question);
      expect(session.output()).toContain('in use - connected to it - account enabled');
      expect(session.output().match(/[^\x00-\x7f]/g) ?? []).toEqual([]);
      session.press('ctrl-c');
      await session.exit;
    }
  });
});
