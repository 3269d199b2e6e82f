/** A change folder came from someone else: what in it is a link or a pipe is neither followed nor waited for. */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { planText } from '../../src/change/folder.ts';
import { lockFolder } from '../../src/change/folder-lock.ts';
import { openJournal, readJournal } from '../../src/change/journal.ts';
import type { Plan } from '../../src/change/plan.ts';
import { changesIn, openChange } from '../../src/change/position.ts';
import { readPlan } from '../../src/change/read-plan.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { documentsOf } from '../../src/commands/documents.ts';
import { run as show } from '../../src/commands/show.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { RefusedError } from '../../src/errors.ts';
import { commands, description } from '../review/plans.ts';
import { changeOf, planOf } from '../support/file-plans.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder, snapshot, writeTree } from '../support/fresh-folder.ts';
import { makePipe, need, symlink } from '../support/on-windows.ts';
import { labels } from '../support/remedy-commands.ts';
import { runCommand } from '../support/run-command.ts';
import { stringsContent } from '../support/strings-content.ts';

const plan = planOf([changeOf('/forms/a', Buffer.from('old label'), Buffer.from('new label'))]);

/** A change folder, whole, and beside it what a link in it could lead to. */
async function changeFolder(): Promise<{ readonly folder: string; readonly outside: string }> {
  const home = await freshFolder();
  const folder = path.join(home, 'change');
  const outside = path.join(home, 'outside');
  await mkdir(folder);
  await mkdir(outside);
  for (const place of [folder, outside]) {
    await writeFile(path.join(place, 'plan.json'), [...planText(plan)].join(''));
    await writeFile(path.join(place, 'journal.jsonl'), '');
    await writeFile(path.join(place, 'lock.json'), '{}\n');
  }
  return { folder, outside };
}

const notFiles: readonly (readonly [string, (place: string, outside: string) => Promise<void>])[] = [
  ['a link to such a file', (place, outside) => symlink(path.join(outside, path.basename(place)), place)],
  ['a link to nothing', (place, outside) => symlink(path.join(outside, 'new'), place)],
  ['a link to a device without end', (place) => symlink('/dev/zero', place)],
  ['a pipe that nobody writes to', makePipe],
  [
    'a link to a pipe',
    async (place, outside) => {
      await makePipe(path.join(outside, 'pipe'));
      await symlink(path.join(outside, 'pipe'), place);
    },
  ],
];

/** A change folder in which this file is something else. */
async function folderWith(
  name: string,
  put: (place: string, outside: string) => Promise<void>,
): Promise<{ readonly folder: string; readonly place: string; readonly outside: string }> {
  const { folder, outside } = await changeFolder();
  const place = path.join(folder, name);
  await rm(place);
  await put(place, outside);
  return { folder, place, outside };
}

const refusal = expect.objectContaining({
  code: 'refused',
  trouble: expect.objectContaining({ cameBack: expect.stringContaining('it is a link or a pipe') }),
});

describe.each(notFiles)('in a change folder, %s', (_, put) => {
  test('is not read as its plan', async () => {
    const { folder, place, outside } = await folderWith('plan.json', put);
    await expect(readPlan(place, noWaiting)).rejects.toEqual(refusal);
    await expect(openChange(folder, noWaiting)).rejects.toEqual(refusal);
    expect(await changesIn(path.dirname(folder), noWaiting)).toMatchObject([{ folder: outside }]);
  });

  test('is neither read nor written as its journal', async () => {
    const { folder, place, outside } = await folderWith('journal.jsonl', put);
    const before = await snapshot(outside);
    await expect(readJournal(place, noWaiting)).rejects.toEqual(refusal);
    await expect(openJournal(place, noWaiting)).rejects.toEqual(refusal);
    await expect(openChange(folder, noWaiting)).rejects.toEqual(refusal);
    expect(await snapshot(outside)).toEqual(before);
  });

  test('is neither taken nor replaced as its lock', async () => {
    const { folder, outside } = await folderWith('lock.json', put);
    const taken = lockFolder(folder, {
      holder: { process: 1, host: 'computer', since: '2026-11-22T08:00:00Z' },
      isRunning: () => false,
      patience: noWaiting,
    });
    await expect(taken).rejects.toBeInstanceOf(RefusedError);
    expect(await readFile(path.join(outside, 'lock.json'), 'utf8')).toBe('{}\n');
  });
});

/** A saved change of one file in a folder of its own, and what a link in it could lead to. */
async function savedChange() {
  const home = await freshFolder();
  const forms = { Exchange: { HTML: { 'strings.txt': stringsContent('User') } } };
  await writeTree(home, { outside: { kept: 'kept' }, forms });
  const run = (command: typeof labels, ...args: readonly string[]) =>
    runCommand(command, args, { currentFolder: home });
  const saved = await run(labels, '--root', path.join(home, 'forms'), '--text', 'E-mail', '--save', 'change');
  expect(saved.status).toBe(2);
  return { home, run, backup: path.join(home, 'change', 'backup'), outside: path.join(home, 'outside') };
}

describe('the documents of a change folder', () => {
  test.each(['review.html', 'review.txt', 'change.diff', 'next-steps.txt'])(
    'are drawn anew when the change is shown: %s',
    async (name) => {
      const { home, run } = await savedChange();
      const document = path.join(home, 'change', name);
      const drawn = await readFile(document);
      await writeFile(document, 'edited');
      await run(show, 'change');
      expect(await readFile(document)).toEqual(drawn);
    },
  );

  test('have no diff of a file that has changed since', async () => {
    const { home, run } = await savedChange();
    await writeFile(path.join(home, 'forms/Exchange/HTML/strings.txt'), stringsContent('Another'));
    await run(show, 'change');
    expect(await readFile(path.join(home, 'change/change.diff'), 'utf8')).toMatch(/^# not drawn, .* is not here: /m);
  });

  test('have the diff of like files where only one of them is here, each with its own name', async () => {
    const folder = await freshFolder();
    const [before, after, other] = ['old label', 'new label', 'old label of another'].map((text) =>
      Buffer.from(text),
    ) as [Buffer, Buffer, Buffer];
    const files = ['one', 'two', 'three'].map((name) => path.join(folder, name, 'strings.txt')) as [
      string,
      string,
      string,
    ];
    await writeTree(folder, { one: { 'strings.txt': before } });
    const [one, two, three] = files;
    const changes = [changeOf(one, before, after), changeOf(two, before, after), changeOf(three, other, after)];
    const diff = await diffOf(planOf(changes), true);
    const named = (file: string): string => file.replace(/^(\w):/, '/$1').replaceAll(path.sep, '/');
    for (const file of [one, two]) {
      const hunk = '@@ -1,1 +1,1 @@\n-old label\n\\ No newline at end of file\n+new label\n';
      expect(diff).toContain(`+++ b${named(file)}\t\n${hunk}`);
    }
    expect(diff).toMatch(new RegExp(`^# not drawn, .* is not here: ${named(three).slice(1)}$`, 'm'));
  });

  test('have no diff of a file on a computer that only the plan names', async () => {
    need('doubleSlash');
    const [before, after] = [Buffer.from('old label'), Buffer.from('new label')];
    // Two slashes name a computer for our code, and a file of this one for Linux.
    const file = `/${path.join(await freshFolder(), 'strings.txt')}`;
    await writeFile(file, before);
    const diff = (mayConnect: boolean): Promise<string> => diffOf(planOf([changeOf(file, before, after)]), mayConnect);
    expect(await diff(true)).toContain('+new label');
    expect(await diff(false)).toMatch(/^# not drawn, as the file is on another computer and --seal does not approve/m);
    expect(await diff(false)).not.toContain('+new label');
  });
});

async function diffOf(plan: Plan, mayConnect: boolean): Promise<string> {
  const drawing = { commands, templates: new URL('file:///'), patience: noWaiting, mayConnect };
  const documents = documentsOf(plan, description(), drawing);
  let text = '';
  for await (const piece of documents.find(({ name }) => name === 'change.diff')?.content ?? []) text += piece;
  return text;
}

/** What a backup may be in a folder from someone else, and what a run would write or wait for there. */
const notBackups: readonly (readonly [string, (backup: string, outside: string) => Promise<void>])[] = [
  ['a link to another folder', (backup, outside) => symlink(outside, backup)],
  ['a link to nothing', (backup, outside) => symlink(path.join(outside, 'new'), backup)],
  ['a file', (backup) => writeFile(backup, '')],
  ['a pipe', makePipe],
  [
    'a folder with a link far below',
    async (backup, outside) => {
      await mkdir(path.join(backup, 'forms', 'Exchange'), { recursive: true });
      await symlink(outside, path.join(backup, 'forms', 'Exchange', 'HTML'));
    },
  ],
  [
    'a folder with a pipe in the place of a file as it was',
    async (backup) => {
      await mkdir(backup);
      await makePipe(path.join(backup, 'before.ldf'));
    },
  ],
];

describe.each(notBackups)('a change folder with %s in the place of its backup', (_, put) => {
  const refused = { status: 3, stderr: expect.stringContaining(path.join('change', 'backup')) };

  test('is refused by show, apply and undo before anything is written', async () => {
    const { home, run, backup, outside } = await savedChange();
    await put(backup, outside);
    const before = await snapshot(home);
    expect(await run(show, 'change')).toMatchObject(refused);
    expect(await run(apply, 'change', '--yes')).toMatchObject(refused);
    expect(await run(undo, 'change', '--yes')).toMatchObject(refused);
    expect(await snapshot(home)).toEqual(before);
  });

  test('is not written to by an undo of it', async () => {
    const { home, run, backup, outside } = await savedChange();
    expect(await run(apply, 'change', '--yes')).toMatchObject({ status: 0 });
    expect(await run(undo, 'change', '--save', 'undo')).toMatchObject({ status: 2 });
    await rm(backup, { recursive: true });
    await put(backup, outside);
    const before = await snapshot(home);
    expect(await run(apply, 'undo', '--yes')).toMatchObject(refused);
    expect(await snapshot(home)).toEqual(before);
  });
});
