import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run as labels } from '../../src/commands/labels.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { freshFolder, snapshot, type Tree, writeTree } from '../support/fresh-folder.ts';
import { runCommand } from '../support/run-command.ts';
import { stringsContent } from '../support/strings-content.ts';

const bin = fileURLToPath(new URL('../../bin/adsi-remedy.js', import.meta.url));

const languages = [
  'de',
  'fr',
  'it',
  'es',
  'nl',
  'sv',
  'da',
  'fi',
  'pl',
  'cs',
  'hu',
  'ru',
  'el',
  'tr',
  'he',
  'ja',
  'ko',
  'th',
  'vi',
  'ro',
];
const sets = ['Exchange', 'ISA', 'One', 'Two', 'Three'];
const classes = { HTML: 'utf-16le with BOM', xHTML: 'utf-8', cHTML: 'utf-16be with BOM' } as const;

const old = 'Domain\\user name:';
const now = 'E-mail address:';

function forms(label: string): Tree {
  const ofClass = (encoding: (typeof classes)[keyof typeof classes]): Tree => ({
    nls: Object.fromEntries(
      languages.map((name) => [name, { 'strings.txt': stringsContent(`${label}`, { encoding }) }]),
    ),
  });
  const ofSet = Object.fromEntries(Object.entries(classes).map(([name, encoding]) => [name, ofClass(encoding)]));
  return Object.fromEntries(sets.map((set) => [set, ofSet]));
}

const lengthOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Runs the command; kills it when the journal has grown by so many bytes, if it comes to that. The exit status, if not. */
async function run(
  args: readonly string[],
  cwd: string,
  journal: string,
  killAfter?: number,
): Promise<number | 'killed'> {
  const limit = lengthOf(journal) + (killAfter ?? Number.POSITIVE_INFINITY);
  const child = spawn(process.execPath, [bin, ...args], { cwd, stdio: 'ignore' });
  const ended = once(child, 'exit');
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    if (lengthOf(journal) >= limit) child.kill('SIGKILL');
    await sleep(1);
  }
  const [status, signal] = await ended;
  return signal === 'SIGKILL' ? 'killed' : Number(status);
}

test('killed at any moment, a change and its undo are gone on with: no byte is wrong, no temporary file is left', async () => {
  const home = await freshFolder();
  const place = path.join(home, 'forms');
  await writeTree(place, forms(old));
  const before = await snapshot(place);
  const reference = await freshFolder();
  await writeTree(reference, forms(now));
  const after = await snapshot(reference);
  const files = Object.keys(before).length;
  expect(files).toBe(300);

  const saved = await runCommand(labels, ['--root', 'forms', '--text', now, '--save', 'saved'], {
    currentFolder: home,
  });
  expect(saved.status).toBe(2);

  /** Every file holds all of one or all of the other; besides them there are only temporary files of ours. */
  async function expectWhole(): Promise<number> {
    let reached = 0;
    for (const [name, bytes] of Object.entries(await snapshot(place))) {
      if (name.endsWith('.adsi-remedy-tmp')) continue;
      if (bytes === after[name]) reached += 1;
      else expect(bytes === before[name], name).toBe(true);
    }
    return reached;
  }

  /** Runs the command again and again, killed each time a little later, until it comes to its end. */
  async function untilDone(args: readonly string[], journal: string, mostKills: number): Promise<number> {
    let kills = 0;
    for (; kills < mostKills; kills += 1) {
      // A file takes two lines of some 300 bytes.
      const status = await run(args, home, journal, 1 + Math.floor(Math.random() * 60_000));
      await expectWhole();
      if (status !== 'killed') {
        expect(status).toBe(0);
        return kills;
      }
    }
    expect(await run(args, home, journal)).toBe(0);
    return kills;
  }

  const kills = await untilDone(['apply', 'saved'], path.join(home, 'saved/journal.jsonl'), 3);
  expect(await snapshot(place)).toEqual(after);

  const undone = await runCommand(undo, ['saved', '--save', 'undo'], { currentFolder: home });
  expect(undone.status).toBe(2);
  const more = await untilDone(['apply', 'undo'], path.join(home, 'undo/journal.jsonl'), 2);
  expect(await snapshot(place)).toEqual(before);
  expect(kills + more).toBeGreaterThan(1);
  expect((await readdir(place, { recursive: true })).filter((name) => name.includes('.adsi-remedy-tmp'))).toEqual([]);
}, 30_000);
