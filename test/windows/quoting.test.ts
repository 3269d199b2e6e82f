import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quotedWord } from '../../src/quoting.ts';
import { describeOnWindows, type WindowsComputer, windowsComputer } from './support/wine.ts';

const words = [
  'saved',
  'changes\\2026-11-22-labels',
  '\\\\TMG01\\C$\\Program Files\\forms',
  'C:\\a folder with blanks\\',
  'C:\\Jack & Jill (2)',
  "it's",
  'Order!',
  'a^b',
  'a;b,c=d',
  'ends with two\\\\',
  '',
];

describeOnWindows('a word of a printed command in cmd', (node) => {
  let computer: WindowsComputer;

  beforeAll(async () => {
    computer = await windowsComputer(node);
  });
  afterAll(() => computer?.clear());

  test('arrives as it is', async () => {
    const work = path.join(computer.driveC, 'work');
    await writeFile(
      path.join(work, 'words.js'),
      "require('node:fs').writeFileSync('words.json', JSON.stringify(process.argv.slice(2)));",
    );
    const line = words.map((word) => quotedWord(word, 'win32')).join(' ');
    expect(await computer.cmd(`${computer.node} words.js ${line}`)).toMatchObject({ status: 0 });
    expect(JSON.parse(await readFile(path.join(work, 'words.json'), 'utf8'))).toEqual(words);
  });
});
