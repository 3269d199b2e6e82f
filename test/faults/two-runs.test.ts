import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { link, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { backupPathOf } from '../../src/change/before-images.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { freshFolder, snapshot, type Tree, writeTree } from '../support/fresh-folder.ts';
import { labels } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { stringsContent } from '../support/strings-content.ts';

type Command = Parameters<typeof runCommand>[0];

let home: string;
let before: Readonly<Record<string, string>>;

const forms = (sets: number): Tree =>
  Object.fromEntries(
    Array.from({ length: sets }, (_, set) => [
      `Set${set}`,
      { HTML: { 'strings.txt': stringsContent('Domain\\user name:', { encoding: 'utf-8' }) } },
    ]),
  );

const labelsNow = () => snapshot(path.join(home, 'forms'));
const run = (command: Command, ...args: readonly string[]): Promise<CommandRun> =>
  runCommand(command, args, { currentFolder: home });

async function saveChange(sets: number): Promise<void> {
  home = await freshFolder();
  await writeTree(path.join(home, 'forms'), forms(sets));
  before = await labelsNow();
  expect(await run(labels, '--root', 'forms', '--label', 'email', '--save', 'saved')).toMatchObject({ status: 2 });
}

describe('while another run has the change folder', () => {
  beforeEach(() => saveChange(3));

  const lock = (): string => path.join(home, 'saved', 'lock.json');
  const lockedBy = (process: number, host: string): Promise<void> =>
    writeFile(lock(), JSON.stringify({ process, host, since: '2026-11-22T09:00:00.000Z' }));

  test('an apply is refused, and nothing is changed', async () => {
    await lockedBy(1, 'computer');
    expect(await run(apply, 'saved')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('process 1 on computer, since 2026-11-22'),
    });
    expect(await labelsNow()).toEqual(before);
  });

  test('an undo is refused, made now or before, and nothing is changed', async () => {
    await run(apply, 'saved');
    await run(undo, 'saved', '--save', 'undo-saved');
    const applied = await labelsNow();
    await lockedBy(1, 'computer');
    expect(await run(undo, 'saved', '--yes')).toMatchObject({ status: 3 });
    expect(await run(apply, 'undo-saved')).toMatchObject({ status: 3 });
    expect(await labelsNow()).toEqual(applied);
  });

  test('an undo can be previewed', async () => {
    await run(apply, 'saved');
    await lockedBy(1, 'computer');
    expect(await run(undo, 'saved', '--dry-run')).toMatchObject({ status: 2 });
  });

  test('that was killed, its lock is taken over', async () => {
    await lockedBy(1, 'computer');
    const killed = { id: 2, host: 'computer', isRunning: () => false };
    expect(await runCommand(apply, ['saved'], { currentFolder: home, process: killed })).toMatchObject({ status: 0 });
    expect(existsSync(lock())).toBe(false);
  });
});

test('an undo that was planned before the change was resumed is refused: it would leave the rest in place', async () => {
  await saveChange(3);
  const held = path.join(home, 'forms', 'Set2', 'HTML', 'strings.txt');
  const content = await readFile(held);
  await writeFile(held, 'edited');
  expect(await run(apply, 'saved')).toMatchObject({ status: 4 });
  expect(await run(undo, 'saved', '--save', 'undo-saved')).toMatchObject({ status: 2 });
  await writeFile(held, content);
  expect(await run(apply, 'saved')).toMatchObject({ status: 0 });
  const applied = await labelsNow();
  expect(await run(apply, 'undo-saved')).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('was resumed after this undo was planned'),
  });
  expect(await labelsNow()).toEqual(applied);
});

test('a second name that a killed run left in the backup is removed, and the next run does the rest', async () => {
  await saveChange(3);
  const left = path.join(home, 'forms', 'Set2', 'HTML', 'strings.txt');
  const content = await readFile(left);
  await writeFile(left, 'edited');
  expect(await run(apply, 'saved')).toMatchObject({ status: 4 });
  await writeFile(left, content);
  const backup = path.join(home, 'saved', 'backup', backupPathOf(left));
  await mkdir(path.dirname(backup), { recursive: true });
  await link(left, backup);
  expect(await run(apply, 'saved')).toMatchObject({ status: 0 });
  expect((await stat(left)).nlink).toBe(1);
  expect(await readFile(backup)).toEqual(content);
});

describe('in separate processes', () => {
  const bin = fileURLToPath(new URL('../../bin/adsi-remedy.js', import.meta.url));
  const start = (stdio: 'ignore' | 'pipe') =>
    spawn(process.execPath, [bin, 'apply', 'saved'], { cwd: home, stdio: ['ignore', stdio, stdio] });

  beforeEach(() => saveChange(150));

  test('of two runs that start together one does the work, and undo restores every byte', async () => {
    const endings = await Promise.all([start('ignore'), start('ignore')].map((child) => once(child, 'exit')));
    const statuses = endings.map(([status]: unknown[]) => status);
    expect(statuses).toContain(0);
    // The other one finds the first at work, or everything done.
    expect([0, 3]).toEqual(expect.arrayContaining(statuses));
    expect(await run(undo, 'saved', '--yes')).toMatchObject({ status: 0 });
    expect(await labelsNow()).toEqual(before);
  });

  test('output that is not read does not stop the work', async () => {
    const child = start('pipe');
    child.stdout?.destroy();
    child.stderr?.destroy();
    expect((await once(child, 'exit'))[0]).toBe(0);
    expect(await run(undo, 'saved', '--yes')).toMatchObject({ status: 0 });
    expect(await labelsNow()).toEqual(before);
  });
});
