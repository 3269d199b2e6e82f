import atOnce from 'node:fs';
import filesystem, { readdir, readFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openJournal } from '../../src/change/journal.ts';
import { run as apply } from '../../src/commands/apply.ts';
import type { Context } from '../../src/commands/context.ts';
import { run as show } from '../../src/commands/show.ts';
import { run as undo } from '../../src/commands/undo.ts';
import type { ExitStatus } from '../../src/errors.ts';
import { systemError } from '../support/faulty-file-system.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder, snapshot, writeTree } from '../support/fresh-folder.ts';
import { labels } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { stringsContent } from '../support/strings-content.ts';

/** The next refusals of the file system: the operation, what its path ends in, the errors in turn. */
const refusals: { operation: string; ending: string; errnos: string[] }[] = [];

/** The file system, in which a virus scanner holds files for a moment. */
const operations = ['open', 'readFile', 'rename', 'unlink', 'rm'] as const;
const real = { ...filesystem };
const { openSync } = atOnce;

function refuseIfHeld(operation: string, args: readonly unknown[]): void {
  const found = refusals.find(
    (each) => each.operation === operation && args.some((arg) => String(arg).endsWith(each.ending)),
  );
  const errno = found?.errnos.shift();
  if (errno !== undefined) throw systemError(errno);
}

function holdFiles(): void {
  atOnce.openSync = (...args) => {
    refuseIfHeld('openSync', args);
    return openSync(...args);
  };
  for (const operation of operations) {
    const held = async (...args: readonly unknown[]): Promise<unknown> => {
      refuseIfHeld(operation, args);
      return (real[operation] as (...all: readonly unknown[]) => Promise<unknown>)(...args);
    };
    Object.assign(filesystem, { [operation]: held });
  }
  syncBuiltinESMExports();
}

let home: string;
const forms = (): string => path.join(home, 'forms');
const german = (): string => path.join(forms(), 'Exchange', 'HTML', 'nls', 'de', 'strings.txt');
const before = stringsContent('Domain\\name:');

beforeEach(async () => {
  holdFiles();
  home = await freshFolder();
  await writeTree(forms(), { Exchange: { HTML: { nls: { de: { 'strings.txt': before } } } } });
});
afterEach(() => {
  refusals.length = 0;
  Object.assign(filesystem, real);
  atOnce.openSync = openSync;
  syncBuiltinESMExports();
});

/** On Windows, with a clock that does not wait. */
const onWindows = (
  command: (args: readonly string[], context: Context) => Promise<ExitStatus>,
  ...args: readonly string[]
): Promise<CommandRun> =>
  runCommand(command, args, { currentFolder: home, platform: 'win32', sleep: async () => undefined });
const save = (): Promise<CommandRun> => onWindows(labels, '--root', 'forms', '--text', 'Mail:', '--save', 'saved');
const refuse = (operation: string, ending: string, ...errnos: string[]): void =>
  void refusals.push({ operation, ending, errnos });

/** That all refusals were met, and that the user was told what is waited for. */
function expectWaited({ stdout }: CommandRun, ending: string): void {
  expect(refusals.flatMap(({ errnos }) => errnos)).toEqual([]);
  const waiting = stdout.split('\n').filter((line) => line.includes('Waiting: another program has'));
  expect(waiting.join('\n')).toContain(ending);
}

describe('what Windows refuses for a moment is waited for, and the user sees it', () => {
  test.each(['EPERM', 'EBUSY', 'EACCES'])('the change folder’s rename (%s)', async (errno) => {
    refuse('rename', 'saved', errno, errno);
    const run = await save();
    expect(run.status).toBe(2);
    expectWaited(run, 'saved');
    expect(await readdir(home)).toEqual(['forms', 'saved']);
  });

  test('the removal of the lock', async () => {
    await save();
    refuse('rename', 'lock.json', 'EPERM', 'EBUSY');
    const run = await onWindows(apply, 'saved');
    expect(run.status).toBe(0);
    expectWaited(run, 'lock.json');
    expect(await readdir(path.join(home, 'saved'))).not.toContain('lock.json');
  });

  test('making the lock', async () => {
    await save();
    refuse('open', 'lock.json', 'EBUSY');
    const run = await onWindows(apply, 'saved');
    expect(run.status).toBe(0);
    expectWaited(run, 'lock.json');
  });

  test('opening the journal', async () => {
    refuse('open', 'journal.jsonl', 'EBUSY');
    await (await openJournal(path.join(home, 'journal.jsonl'), noWaiting)).close();
    expect(refusals).toEqual([expect.objectContaining({ errnos: [] })]);
  });

  test('a document that is drawn again', async () => {
    await save();
    refuse('rename', 'review.txt', 'EPERM');
    const run = await onWindows(apply, 'saved');
    expect(run.status).toBe(0);
    expectWaited(run, 'review.txt');
  });

  test('the read of a target that is to be brought back', async () => {
    await save();
    await onWindows(apply, 'saved');
    refuse('openSync', path.join('de', 'strings.txt'), 'EBUSY');
    const run = await onWindows(undo, 'saved', '--yes');
    expect(run.status).toBe(0);
    expectWaited(run, path.join('de', 'strings.txt'));
    expect(await readFile(german())).toEqual(before);
  });

  test('the read of a backup that the diff is drawn from', async () => {
    await save();
    refuse('openSync', 'de~strings.txt', 'EBUSY');
    const run = await onWindows(apply, 'saved');
    expect(run.status).toBe(0);
    expectWaited(run, 'de~strings.txt');
    expect((await snapshot(path.join(home, 'saved')))['change.diff']).toContain('+L_UserName_Text="Mail:"');
  });
});

describe('the plan and an existing journal are waited for wherever they are read', () => {
  const once = (ending: string): void => refuse('open', ending, 'EBUSY', 'EBUSY');

  const commands = { show, apply, undo };
  const all = (['show', 'apply', 'undo'] as const).flatMap((command) => [
    [command, 'plan.json'] as const,
    [command, 'journal.jsonl'] as const,
  ]);

  test.each(all)('by %s: %s', async (command, name) => {
    await save();
    if (command !== 'apply') await onWindows(apply, 'saved');
    once(path.join('saved', name));
    const run = await onWindows(commands[command], 'saved', ...(command === 'undo' ? ['--dry-run'] : []));
    expect(run.status).toBe(command === 'undo' ? 2 : 0);
    expectWaited(run, name);
  });

  test.each(['plan.json', 'journal.jsonl'])('%s of what an undo brings back', async (name) => {
    await save();
    await onWindows(apply, 'saved');
    await onWindows(undo, 'saved', '--save', 'undo');
    once(path.join('saved', name));
    const run = await onWindows(apply, 'undo');
    expect(run.status).toBe(0);
    expectWaited(run, name);
    expect(await readFile(german())).toEqual(before);
  });

  test('the plan of an undo that stays held ends the run: the change may be undone in part', async () => {
    await save();
    await onWindows(apply, 'saved');
    await onWindows(undo, 'saved', '--save', 'undo');
    refuse('open', path.join('undo', 'plan.json'), ...Array.from({ length: 8 }, () => 'EBUSY'));
    const { status, stderr } = await onWindows(apply, 'saved');
    expect(status).toBe(1);
    expect(stderr).toContain('(EBUSY)');
  });
});

test('what stays refused ends the run after the waits, with the system’s answer', async () => {
  refuse('rename', 'saved', ...Array.from({ length: 8 }, () => 'EPERM'));
  const { status, stderr } = await save();
  expect(status).toBe(1);
  expect(stderr).toContain('(EPERM)');
  expect(await readdir(home)).toEqual(['forms']);
});

test('a file without the right to read is not waited for', async () => {
  await save();
  await onWindows(apply, 'saved');
  refuse('openSync', path.join('de', 'strings.txt'), 'EPERM');
  const { stdout } = await onWindows(undo, 'saved', '--yes');
  expect(refusals).toEqual([expect.objectContaining({ errnos: [] })]);
  expect(stdout).not.toContain('Waiting');
});
