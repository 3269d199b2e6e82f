/** A change folder came from someone else: what in it is a link or a pipe is neither followed nor waited for. */

import { constants } from 'node:buffer';
import { appendFile, copyFile, link, mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { backupPathOf } from '../../src/change/before-images.ts';
import { changesIn, openChange, planText } from '../../src/change/folder.ts';
import { lockFolder } from '../../src/change/folder-lock.ts';
import { openJournal, readJournal } from '../../src/change/journal.ts';
import type { Plan } from '../../src/change/plan.ts';
import { readPlan } from '../../src/change/read-plan.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { documentsOf } from '../../src/commands/change-folder.ts';
import { run as show } from '../../src/commands/show.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { RefusedError } from '../../src/errors.ts';
import { temporarySuffix } from '../../src/files/replace-file.ts';
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
  ['a pipe without a writer', makePipe],
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
    // It is looked for, and is not where its path leads on Linux.
    expect(await diff(true)).toMatch(/^# not drawn, because the file that the plan was made from is not here/m);
    expect(await diff(false)).toMatch(
      /^# not drawn, because the file is on another computer and --seal does not approve/m,
    );
    expect(await diff(false)).not.toContain('+new label');
  });
});

async function diffOf(plan: Plan, mayConnect: boolean, folder?: string): Promise<string> {
  const drawing = { commands, templates: new URL('file:///'), patience: noWaiting, mayConnect };
  const documents = documentsOf(
    plan,
    description(),
    drawing,
    folder === undefined ? undefined : { folder, records: [], position: { kind: 'not-applied' } },
  );
  let text = '';
  for await (const piece of documents.find(({ name }) => name === 'change.diff')?.content ?? []) text += piece;
  return text;
}

describe('a journal that is a file elsewhere too (hard link)', () => {
  test.each(['kept without a line end', 'kept\n'])('is not written to: %j', async (kept) => {
    const { home, run, outside } = await savedChange();
    await writeFile(path.join(outside, 'kept'), kept);
    await link(path.join(outside, 'kept'), path.join(home, 'change', 'journal.jsonl'));
    const refused = { status: 3, stderr: expect.stringContaining('hard link') };
    const before = await snapshot(path.join(home, 'forms'));
    expect(await run(apply, 'change', '--yes')).toMatchObject(refused);
    expect(await readFile(path.join(outside, 'kept'), 'utf8')).toBe(kept);
    expect(await snapshot(path.join(home, 'forms'))).toEqual(before);
  });

  test('is not written to by an undo, which changes nothing then', async () => {
    const { home, run, outside } = await savedChange();
    await run(apply, 'change', '--yes');
    const journal = path.join(home, 'change', 'journal.jsonl');
    await link(journal, path.join(outside, 'archive'));
    const before = [await snapshot(path.join(home, 'forms')), await readFile(journal, 'utf8')];
    expect(await run(undo, 'change', '--yes')).toMatchObject({ status: 3 });
    expect([await snapshot(path.join(home, 'forms')), await readFile(journal, 'utf8')]).toEqual(before);
  });
});

test('a journal that is too long for a text is refused with its length', async () => {
  const { folder } = await changeFolder();
  const journal = path.join(folder, 'journal.jsonl');
  await truncate(journal, constants.MAX_STRING_LENGTH + 1);
  await expect(readJournal(journal, noWaiting)).rejects.toMatchObject({
    trouble: { cameBack: `it has ${constants.MAX_STRING_LENGTH + 1} bytes, more than can be read` },
  });
});

test('a diff is drawn from a backup in the place where versions before this one kept it', async () => {
  const home = await freshFolder();
  const [before, after] = [Buffer.from('old label'), Buffer.from('new label')];
  await writeTree(home, { change: { backup: { C: { 'forms~strings.txt': before } } } });
  const changes = [changeOf('\\\\C\\forms\\strings.txt', before, after)];
  expect(await diffOf(planOf(changes), false, path.join(home, 'change'))).toContain('+new label');
});

test('a folder that is named like a lock does not keep a run from its end', async () => {
  const { home, run } = await savedChange();
  await mkdir(path.join(home, 'change', 'lock.json.x', 'y'), { recursive: true });
  expect(await run(apply, 'change', '--yes')).toMatchObject({ status: 0, stderr: '' });
});

describe('a plan that names another file as the real one of its path', () => {
  test.each(['/dev/zero', 'a pipe', 'a file'])('has %s not opened', async (kind) => {
    need('pipes');
    const { home, run, outside } = await savedChange();
    const real = kind.startsWith('/') ? kind : path.join(outside, 'real');
    if (kind === 'a pipe') await makePipe(real);
    const label = path.join(home, 'forms/Exchange/HTML/strings.txt');
    if (kind === 'a file') await copyFile(label, real);
    const plan = await readPlan(path.join(home, 'change', 'plan.json'), noWaiting);
    const forged = sealPlan({ ...plan, changes: plan.changes.map((change) => ({ ...change, realPath: real })) });
    await writeFile(path.join(home, 'change', 'plan.json'), [...planText(forged)].join(''));
    const begin = { seq: 1, time: '', event: 'begin', plan: forged.id, seal: forged.seal };
    const before = await readFile(label);
    await run(show, 'change');
    expect(await readFile(path.join(home, 'change/change.diff'), 'utf8')).toContain('# not drawn');
    expect(await run(show, 'change', '--drift')).toMatchObject({
      status: 3,
      stdout: expect.stringContaining('another file'),
    });
    expect(await run(apply, 'change', '--yes')).toMatchObject({ status: 3 });
    await writeFile(path.join(home, 'change', 'journal.jsonl'), `${JSON.stringify(begin)}\n`);
    expect(await run(undo, 'change', '--yes')).toMatchObject({ status: 3 });
    expect(await readFile(label)).toEqual(before);
  });
});

describe('a pipe in the place of a file to be changed', () => {
  test('is drift to show, apply and undo, and not waited for', async () => {
    need('pipes');
    const { home, run } = await savedChange();
    const label = path.join(home, 'forms/Exchange/HTML/strings.txt');
    const replaceByPipe = async () => {
      await rm(label);
      await makePipe(label);
    };
    const before = await readFile(label);
    await replaceByPipe();
    expect(await run(show, 'change', '--drift')).toMatchObject({ status: 3 });
    expect(await run(apply, 'change', '--yes')).toMatchObject({ stdout: expect.stringContaining('drifted') });
    await rm(label);
    await writeFile(label, before);
    expect(await run(apply, 'change', '--yes')).toMatchObject({ status: 0 });
    await replaceByPipe();
    expect(await run(show, 'change', '--drift')).toMatchObject({ status: 3 });
    expect(await run(undo, 'change', '--yes')).toMatchObject({ status: 3 });
  });
});

test('a change folder whose name no command can hold is refused before anything is written', async () => {
  need('refusedNames');
  const { home, run } = await savedChange();
  await rename(path.join(home, 'change'), path.join(home, 'a\tb'));
  const before = await snapshot(home);
  for (const command of [show, apply, undo]) {
    const refused = { status: 64, stderr: expect.stringContaining('control character') };
    expect(await run(command, 'a\tb', '--yes')).toMatchObject(command === show ? { status: 64 } : refused);
  }
  expect(await snapshot(home)).toEqual(before);
});

test('apply checks the files even if the journal says that all is done', async () => {
  const { home, run } = await savedChange();
  await run(apply, 'change', '--yes');
  expect(await run(apply, 'change', '--yes')).toMatchObject({ status: 0 });
  const label = path.join(home, 'forms/Exchange/HTML/strings.txt');
  await writeFile(label, stringsContent('User'));
  const again = await run(apply, 'change', '--yes');
  expect(again).toMatchObject({ status: 1, stdout: expect.stringContaining(`${label}: it has other content`) });
  expect(await readFile(label)).toEqual(stringsContent('User'));
});

describe('an undo', () => {
  test('is not outrun by a record that gives itself a high number', async () => {
    const { home, run } = await savedChange();
    await run(apply, 'change', '--yes');
    const { id } = await readPlan(path.join(home, 'change', 'plan.json'), noWaiting);
    const record = { seq: 99, time: '', event: 'done', plan: id, change: 0 };
    await appendFile(path.join(home, 'change', 'journal.jsonl'), `${JSON.stringify(record)}\n`);
    expect(await run(undo, 'change', '--yes')).toMatchObject({ status: 0 });
  });

  test('of a change that its journal wrongly calls undone is made with its seal', async () => {
    const { home, run } = await savedChange();
    const before = await snapshot(path.join(home, 'forms'));
    await run(apply, 'change', '--yes');
    const { id, seal } = await readPlan(path.join(home, 'change', 'plan.json'), noWaiting);
    await appendFile(
      path.join(home, 'change', 'journal.jsonl'),
      `${JSON.stringify({ time: '', event: 'undone', plan: id })}\n`,
    );
    expect(await run(undo, 'change', '--yes')).toMatchObject({ status: 3, stderr: expect.stringContaining('--seal') });
    expect(await run(undo, 'change', '--yes', '--seal', seal)).toMatchObject({ status: 0 });
    expect(await snapshot(path.join(home, 'forms'))).toEqual(before);
  });

  test('takes away what a killed undo has left beside the files, and second names of them', async () => {
    need('secondNames');
    const { home, run } = await savedChange();
    const before = await snapshot(path.join(home, 'forms'));
    await run(apply, 'change', '--yes');
    await run(undo, 'change', '--save', 'change/undo');
    const killed = await readPlan(path.join(home, 'change/undo/plan.json'), noWaiting);
    const label = path.join(home, 'forms/Exchange/HTML/strings.txt');
    const backup = path.join(home, 'change/undo/backup', backupPathOf(label));
    await mkdir(path.dirname(backup), { recursive: true });
    await link(label, backup);
    await writeFile(path.join(path.dirname(label), `.strings.txt.${killed.id}.x${temporarySuffix}`), 'half');
    const intent = { seq: 1, time: '', event: 'intent', plan: killed.id, change: 0 };
    await writeFile(path.join(home, 'change/undo/journal.jsonl'), `${JSON.stringify(intent)}\n`);
    expect(await run(undo, 'change', '--yes')).toMatchObject({ status: 0 });
    expect(await snapshot(path.join(home, 'forms'))).toEqual(before);
  });
});

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
