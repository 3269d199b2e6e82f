import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { isDiffLine } from '../../src/review/text.ts';
import { displayWidth } from '../../src/terminal/text-width.ts';
import { openPractice } from './support/practice.ts';

test('at 80 columns every line fits, but for those of the diff and for commands', async () => {
  const practice = await openPractice(process.execPath, { columns: 80, rows: 24 });
  practice.start('tombstone');
  await practice.answer(/New lifetime in days/, '180');
  await practice.answer(/Go on all\s+the\s+same\?/, 'y');
  await practice.applyNow();
  await practice.seeMenu();
  const lines = stripVTControlCharacters(practice.session.output()).split(/[\r\n]+/);
  const tooWide = lines.filter((line) => displayWidth(line) > 80 && !isDiffLine(line) && !/^ +repadmin \//.test(line));
  expect(tooWide).toEqual([]);
  expect(lines.filter((line) => /^dc1.* written on DC1 at$/.test(line.trim()))).toHaveLength(1);
  await practice.cancel();
});
