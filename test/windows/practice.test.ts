import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshFolder, snapshot } from '../support/fresh-folder.ts';
import { describeOnWindows, type WindowsComputer, windowsComputer } from './support/wine.ts';

const bin = fileURLToPath(new URL('../../bin/adsi-remedy.js', import.meta.url));

/**
 * The words of a run in a folder, with it and that of bin left out, slashes in the paths, the time of the run hidden,
 * and wherever the lines were broken.
 */
const comparable = (words: string, folder: string, binFolder: string): string =>
  words
    .replaceAll(folder, '.')
    .replaceAll(binFolder, 'bin')
    .replaceAll('\\', '/')
    .replace(/\s+/g, ' ')
    .replace(/\b\d{14}\.0Z/g, 'TIME');

/** The icacls of Wine 8 writes nothing, and a warning of the labels remedy, the first one, says so. */
const withoutWarningOfWine = (words: string): string =>
  words
    .replace(/^ {2}warning +access-not-known .*\r?\n(?: {4,}.*\r?\n)+/m, '')
    .replace(/(?<=left out \([^)]*\) · \d+ notes · )\d+(?= warnings)/, (count) => `${Number(count) - 1}`);

describeOnWindows('the practice site on Windows', (node) => {
  let computer: WindowsComputer;

  beforeAll(async () => {
    computer = await windowsComputer(node);
  });
  afterAll(() => computer?.clear());

  test('has the same bytes and gives the same words as on Linux', async () => {
    const here = await freshFolder();
    const words = execFileSync(process.execPath, [bin, 'practice', 'site', '--verbose'], {
      cwd: here,
      encoding: 'utf8',
      // Under npx the commands that are printed begin with npx.
      env: { ...process.env, npm_command: '' },
    });
    const there = await computer.run(['practice', 'site', '--verbose']);
    expect(there.status).toBe(0);
    expect(await snapshot(path.join(computer.driveC, 'work', 'site'))).toEqual(await snapshot(path.join(here, 'site')));
    expect(comparable(withoutWarningOfWine(there.stdout), 'C:\\work', 'R:\\bin')).toBe(
      comparable(words, here, path.dirname(bin)),
    );
    expect(words.length).toBeGreaterThan(1000);
  });
});
