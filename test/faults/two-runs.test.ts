import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { lockFolder } from '../../src/change/folder-lock.ts';
import { run as labels } from '../../src/commands/labels.ts';
import { freshFolder, snapshot, type Tree, writeTree } from '../support/fresh-folder.ts';
import { runCommand } from '../support/run-command.ts';
import { stringsContent } from '../support/strings-content.ts';

/** Runs at the same time, each a process of its own, on one change folder. */

const bin = fileURLToPath(new URL('../../bin/adsi-remedy.js', import.meta.url));

let home: string;
let saved: string;
let before: Readonly<Record<string, string>>;

const forms = (): Tree =>
  Object.fromEntries(
    Array.from({ length: 200 }, (_, set) => [
      `Set${set}`,
      { HTML: { 'strings.txt': stringsContent('Domain\\user name:', { encoding: 'utf-8' }) } },
    ]),
  );

beforeEach(async () => {
  home = await freshFolder();
  saved = path.join(home, 'saved');
  await writeTree(path.join(home, 'forms'), forms());
  before = await snapshot(path.join(home, 'forms'));
  const args = ['--root', 'forms', '--label', 'email', '--save', 'saved'];
  expect(await runCommand(labels, args, { currentFolder: home })).toMatchObject({ status: 2 });
});

interface Ending {
  readonly status: unknown;
  readonly stderr: string;
}

function start(...args: readonly string[]): { readonly ended: Promise<Ending>; readonly process: number } {
  const child = spawn(process.execPath, [bin, ...args], { cwd: home, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([status]: unknown[]) => ({ status, stderr }));
  return { ended, process: child.pid ?? 0 };
}

const labelsNow = () => snapshot(path.join(home, 'forms'));

/** This process in the place of another run. */
const takeFolder = (): Promise<() => Promise<void>> =>
  lockFolder(saved, {
    holder: { process: process.pid, host: hostname(), since: '2026-11-22T09:00:00.000Z' },
    isRunning: () => true,
    randomId: randomUUID,
  });

test('an apply is refused while another run is at work, and nothing is changed', async () => {
  const letGo = await takeFolder();
  expect(await start('apply', 'saved').ended).toMatchObject({
    status: 3,
    stderr: expect.stringContaining(`process ${process.pid}`),
  });
  expect(await labelsNow()).toEqual(before);
  await letGo();
  expect(await start('apply', 'saved').ended).toMatchObject({ status: 0 });
});

test('an undo is refused while another run is at work on what it would reverse', async () => {
  await start('apply', 'saved').ended;
  expect(await start('undo', 'saved', '--save', 'undo-saved').ended).toMatchObject({ status: 2 });
  const applied = await labelsNow();
  const letGo = await takeFolder();
  expect(await start('undo', 'saved', '--yes').ended).toMatchObject({ status: 3 });
  expect(await start('apply', 'undo-saved').ended).toMatchObject({ status: 3 });
  expect(await labelsNow()).toEqual(applied);
  await letGo();
  expect(await start('apply', 'undo-saved').ended).toMatchObject({ status: 0 });
  expect(await labelsNow()).toEqual(before);
});

test('of two that start together one does the work, and undo brings every byte back', async () => {
  const runs = await Promise.all([start('apply', 'saved').ended, start('apply', 'saved').ended]);
  // The other one finds it at work, or finds everything done.
  expect([0, 3]).toEqual(expect.arrayContaining(runs.map(({ status }) => status)));
  expect(runs.map(({ status }) => status)).toContain(0);
  expect(await start('undo', 'saved', '--yes').ended).toMatchObject({ status: 0 });
  expect(await labelsNow()).toEqual(before);
});

test('a lock that a killed run has left keeps nobody away', async () => {
  const killed = start('--version');
  await killed.ended;
  const holder = { process: killed.process, host: hostname(), since: '2026-11-22T09:00:00.000Z' };
  await writeFile(path.join(saved, 'lock.json'), JSON.stringify(holder));
  expect(await start('apply', 'saved').ended).toMatchObject({ status: 0 });
  expect(existsSync(path.join(saved, 'lock.json'))).toBe(false);
});

test('an undo that was planned before the apply was gone on with is refused', async () => {
  const held = path.join(home, 'forms', 'Set7', 'HTML', 'strings.txt');
  const content = await readFile(held);
  await writeFile(held, 'edited');
  expect(await start('apply', 'saved').ended).toMatchObject({ status: 4 });
  expect(await start('undo', 'saved', '--save', 'undo-saved').ended).toMatchObject({ status: 2 });
  await writeFile(held, content);
  expect(await start('apply', 'saved').ended).toMatchObject({ status: 0 });
  const applied = await labelsNow();
  expect(await start('apply', 'undo-saved').ended).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('gone on with'),
  });
  expect(await labelsNow()).toEqual(applied);
});

test('output that nobody reads does not keep the work from its end', async () => {
  const child = spawn(process.execPath, [bin, 'apply', 'saved'], { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  child.stderr.destroy();
  expect((await once(child, 'exit'))[0]).toBe(0);
  expect(await start('undo', 'saved', '--yes').ended).toMatchObject({ status: 0 });
  expect(await labelsNow()).toEqual(before);
});
