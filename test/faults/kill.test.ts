import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run as undo } from '../../src/commands/undo.ts';
import { freshFolder, snapshot, type Tree, writeTree } from '../support/fresh-folder.ts';
import { labels } from '../support/remedy-commands.ts';
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

interface Ending {
  readonly signal: NodeJS.Signals;
  /** How many bytes the journal has grown by when the signal is sent. */
  readonly after: number;
}

/** Runs the command and, with an ending, sends it a signal in the middle. Its status, or the signal that ended it. */
async function run(args: readonly string[], cwd: string, journal: string, ending?: Ending): Promise<number | string> {
  const limit = lengthOf(journal) + (ending?.after ?? Number.POSITIVE_INFINITY);
  const child = spawn(process.execPath, [bin, ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  let isOver = false;
  const ended = once(child, 'exit').finally(() => {
    isOver = true;
  });
  for (let isSent = false; !isOver; await sleep(1)) {
    if (isSent || ending === undefined || lengthOf(journal) < limit) continue;
    child.kill(ending.signal);
    isSent = true;
  }
  const [status, signal] = await ended;
  return signal ?? status;
}

interface Site {
  readonly home: string;
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  /** What the forms hold now. */
  now(): Promise<Readonly<Record<string, string>>>;
}

/** Three hundred form files and a saved change for them. */
async function savedChange(): Promise<Site> {
  const home = await freshFolder();
  await writeTree(home, { forms: forms(old), reference: forms(now) });
  const [before, after] = await Promise.all(['forms', 'reference'].map((name) => snapshot(path.join(home, name))));
  const args = ['--root', 'forms', '--text', now, '--save', 'saved'];
  expect((await runCommand(labels, args, { currentFolder: home })).status).toBe(2);
  return { home, before: before ?? {}, after: after ?? {}, now: () => snapshot(path.join(home, 'forms')) };
}

/** Every file holds all of the old or all of the new bytes; anything else is a temporary file of ours. */
async function expectWhole(site: Site): Promise<void> {
  for (const [name, bytes] of Object.entries(await site.now())) {
    if (name.endsWith('.adsi-remedy-tmp')) continue;
    expect(bytes === site.before[name] || bytes === site.after[name], name).toBe(true);
  }
}

/** A file takes two lines of the journal, some 600 bytes: a third of all at most. */
const someBytes = (): number => 1 + Math.floor(Math.random() * 60_000);

/** At least the first file is done: before that, Ctrl-C cancels the run and nothing is changed in part. */
const bytesOfSomeFiles = (): number => 5_000 + someBytes();

/** Runs the command again and again and kills it each time, unless it ends before. Gives the number of kills. */
async function killedTimes(kills: number, args: readonly string[], journal: string, site: Site): Promise<number> {
  for (let kill = 0; kill < kills; kill += 1) {
    const status = await run(args, site.home, journal, { signal: 'SIGKILL', after: someBytes() });
    await expectWhole(site);
    if (status === 'SIGKILL') continue;
    expect(status).toBe(0);
    return kill;
  }
  expect(await run(args, site.home, journal)).toBe(0);
  return kills;
}

test('killed at any moment, a change and its undo can be resumed: no byte is wrong, no temporary file is left', async () => {
  const site = await savedChange();
  expect(Object.keys(site.before)).toHaveLength(300);
  const kills = await killedTimes(3, ['apply', 'saved'], path.join(site.home, 'saved/journal.jsonl'), site);
  expect(await site.now()).toEqual(site.after);
  const undone = await runCommand(undo, ['saved', '--save', 'undo'], { currentFolder: site.home });
  expect(undone.status).toBe(2);
  const more = await killedTimes(2, ['apply', 'undo'], path.join(site.home, 'undo/journal.jsonl'), site);
  expect(await site.now()).toEqual(site.before);
  expect(kills + more).toBeGreaterThan(0);
}, 120_000);

/** Saves, and ends the process as soon as the change folder is being written. */
async function killedWhileSaving(home: string, folder: string): Promise<void> {
  const args = ['labels', '--root', 'forms', '--text', now, '--save', folder];
  const child = spawn(process.execPath, [bin, ...args], { cwd: home, stdio: 'ignore' });
  const ended = once(child, 'exit');
  while (child.exitCode === null && !readdirSync(home).some((name) => name.endsWith('.unfinished'))) await sleep(1);
  child.kill('SIGKILL');
  await ended;
}

test('killed while a change is saved, what is left is removed by the next save beside it, under any name', async () => {
  const { home } = await savedChange();
  const left = (): readonly string[] => readdirSync(home).filter((name) => name.endsWith('.unfinished'));
  for (let save = 1; left().length === 0; save += 1) await killedWhileSaving(home, `killed-${save}`);
  const next = spawnSync(process.execPath, [bin, 'labels', '--root', 'forms', '--text', now, '--save', 'next'], {
    cwd: home,
    encoding: 'utf8',
  });
  expect(next.status).toBe(2);
  expect(next.stdout).toContain('Removed a leftover of an interrupted run: ');
  expect(left()).toEqual([]);
  expect(readdirSync(home)).toContain('saved');
}, 120_000);

test('interrupted by Ctrl-C, a change ends between two files with exit status 4, no temporary file is left, and the next run does the rest', async () => {
  const site = await savedChange();
  const journal = path.join(site.home, 'saved/journal.jsonl');
  expect(await run(['apply', 'saved'], site.home, journal, { signal: 'SIGINT', after: bytesOfSomeFiles() })).toBe(4);
  const now = await site.now();
  expect(Object.keys(now)).toEqual(Object.keys(site.before));
  expect(now).not.toEqual(site.after);
  await expectWhole(site);
  expect(await run(['apply', 'saved'], site.home, journal)).toBe(0);
  expect(await site.now()).toEqual(site.after);
}, 120_000);
