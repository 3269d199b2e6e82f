import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { Context } from '../src/commands/context.ts';
import { openPracticeDirectory } from '../src/commands/directory.ts';
import { runRemedy } from '../src/commands/run-remedy.ts';
import { type RemedyEntry, remedies } from '../src/remedies/index.ts';
import { countingIds, fixedClock } from './support/fixed-world.ts';
import { freshFolder } from './support/fresh-folder.ts';
import { templates } from './support/practice-site.ts';
import { runCommand } from './support/run-command.ts';
import { screenPicture } from './support/screen-picture.ts';

const pictures = new URL('screens/', templates);
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const columns = 100;

/** What the remedy's dry run on the practice site writes to a terminal with colours. */
async function screenOf(
  entry: RemedyEntry,
  width = columns,
): Promise<{ readonly command: string; readonly written: string }> {
  const currentFolder = await freshFolder();
  const { practice } = await entry.load();
  const site = path.join(currentFolder, 'practice');
  await practice.layOut?.(site, templates);
  const pieces: string[] = [];
  const terminal = Object.assign(
    new Writable({
      write(piece: Buffer, _encoding, done) {
        pieces.push(piece.toString());
        done();
      },
    }),
    { isTTY: true, columns: width },
  );
  const world = { currentFolder, templates, now: fixedClock, randomId: countingIds() };
  const args = [...practice.given('practice'), ...practice.dryRun, '--dry-run'];
  await runCommand((given, context) => runRemedy(entry, given, context), args, {
    ...world,
    env: { LANG: 'en_US.UTF-8', TERM: 'xterm-256color' },
    stdout: terminal as unknown as Context['stdout'],
    directory: () => openPracticeDirectory(site, world as unknown as Context),
  });
  const lines = pieces.join('').split('\n');
  const written = lines.map((line) => upTo(line, currentFolder)).join('\n');
  return { command: `adsi-remedy ${[entry.name, ...args].join(' ')}`, written };
}

/**
 * The line as far as the folder's path, which differs from machine to machine and from run to run. The screen cuts long
 * lines anywhere in a path, so that the beginning of one decides.
 */
function upTo(line: string, folder: string): string {
  const at = line.indexOf(folder.slice(0, 5));
  return at < 0 ? line : `${line.slice(0, at)}…`;
}

test.each(remedies.map((entry) => [entry.name, entry] as const))(
  'the picture of %s in the README is its screen on the practice site',
  async (name, entry) => {
    const { command, written } = await screenOf(entry);
    const drawn = screenPicture(`$ ${command}\n\n${written}`, `The screen of ${command}`, columns, 70);
    const file = new URL(`${name}.svg`, pictures);
    if (process.env['UPDATE_SCREENS'] === '1') {
      mkdirSync(pictures, { recursive: true });
      writeFileSync(file, drawn);
    }
    expect(existsSync(file) && readFileSync(file, 'utf8')).toBe(drawn);
    expect(readme).toContain(`(templates/screens/${name}.svg)`);
  },
);

test('the labels of the practice site, 492 files in 41 languages, are 60 lines before the decision at 80 columns', async () => {
  const entry = remedies.find(({ name }) => name === 'labels') ?? expect.fail('no labels');
  const { written } = await screenOf(entry, 80);
  const lines = stripVTControlCharacters(written).split('\n');
  const summary = lines.findIndex((line) => line.includes('492 of 674 files to change, in 41 languages'));
  expect(summary).toBeGreaterThan(0);
  const decision = lines.findIndex((line) => line.includes('This was a dry run'));
  expect(decision).toBeGreaterThan(summary);
  expect(decision).toBeLessThanOrEqual(60);
  expect(lines.join(' ').replace(/\s+/g, ' ')).toContain('languages, to e-mail address (TMG01: 247, TMG02: 245)');
  // What stops the change is shown with the file that does.
  expect(lines.join('\n')).toMatch(/lost-letters .*\n +.*Partners\/HTML\/nls\/de\/strings.txt/);
  expect(lines.join('\n')).toMatch(/default-domain-script .*\n +Partners · HTML · logon.js on TMG01/);
});

test('each picture is that of a remedy', () => {
  expect(readdirSync(pictures).sort()).toEqual(remedies.map(({ name }) => `${name}.svg`).sort());
});
