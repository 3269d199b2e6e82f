import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type FolderDocument,
  folderParts,
  freeFolder,
  planText,
  redrawDocuments,
  writeChangeFolder,
} from '../../src/change/folder.ts';
import { type Leftover, type Maker, unfinishedName } from '../../src/change/folder-files.ts';
import { readPlan } from '../../src/change/read-plan.ts';
import { FileError, UsageError } from '../../src/errors.ts';
import { systemError } from '../support/faulty-file-system.ts';
import { changeOf, planOf } from '../support/file-plans.ts';
import { countingIds, noWaiting } from '../support/fixed-world.ts';
import { freshFolder, snapshot, writeTree } from '../support/fresh-folder.ts';
import { need, symlink } from '../support/on-windows.ts';
import { unprivileged } from '../support/unprivileged.ts';

const changes = ['a', 'b', 'c'].map((name) => changeOf(`/forms/${name}`, Buffer.from('old'), Buffer.from('new')));
const plan = planOf(changes);
const documents: readonly FolderDocument[] = [
  { name: folderParts.text, content: ['one\n', 'two\n'] },
  { name: folderParts.entriesBefore, content: ['dn: x\n'] },
];

const running = 17;
const maker: Maker = { id: 42, host: 'computer', isRunning: (id) => id === running, randomId: countingIds() };
const write = (folder: string, content: readonly FolderDocument[] = documents): Promise<readonly Leftover[]> =>
  writeChangeFolder(folder, plan, content, maker, noWaiting);

describe('a change folder', () => {
  test('holds the plan and its documents, and nothing else is left beside it', async () => {
    const home = await freshFolder();
    await write(path.join(home, 'new', 'change'));
    expect(await snapshot(home)).toEqual({
      'new/change/plan.json': [...planText(plan)].join(''),
      'new/change/review.txt': 'one\ntwo\n',
      'new/change/backup/before.ldf': 'dn: x\n',
    });
    expect(await readPlan(path.join(home, 'new', 'change', 'plan.json'), noWaiting)).toEqual(plan);
  });

  test('is for its owner alone: it holds values of the directory', async () => {
    need('modes');
    const folder = path.join(await freshFolder(), 'change');
    await write(folder);
    const modeOf = async (name: string): Promise<number> => (await stat(path.join(folder, name))).mode & 0o777;
    expect(await Promise.all(['.', 'backup'].map(modeOf))).toEqual([0o700, 0o700]);
    expect(await Promise.all(['plan.json', 'review.txt', 'backup/before.ldf'].map(modeOf))).toEqual([
      0o600, 0o600, 0o600,
    ]);
  });

  test('takes away what killed runs of this computer left beside it under any name, and nothing else', async () => {
    const home = await freshFolder();
    const gone = { ...maker, id: 41, isRunning: () => false };
    const left = path.basename(unfinishedName('other', gone));
    const kept = [
      unfinishedName('change', { ...gone, host: 'computer-2' }),
      unfinishedName('change', { ...gone, id: running }),
      'change.1.unfinished',
      'change.notes.unfinished',
      left.replace('.unfinished', ''),
      `${left}-copy`,
    ];
    for (const name of [left, ...kept]) await writeTree(home, { [name]: { backup: { 'plan.json': '{' } } });
    expect(await write(path.join(home, 'change'))).toEqual([{ path: path.join(home, left) }]);
    expect((await readdir(home)).sort()).toEqual(['change', ...kept].sort());
  });

  test('does not follow a link of such a name', async () => {
    const home = await freshFolder();
    await writeTree(home, { mine: { 'plan.json': '{' } });
    await symlink(path.join(home, 'mine'), path.join(home, unfinishedName('other', { ...maker, id: 41 })));
    expect(await write(path.join(home, 'change'))).toEqual([]);
    expect(await readFile(path.join(home, 'mine', 'plan.json'), 'utf8')).toBe('{');
  });

  test('is written beside what can’t be removed, which is reported', async () => {
    const home = await freshFolder();
    const left = path.join(home, unfinishedName('other', { ...maker, id: 41 }));
    await writeTree(left, { locked: { 'plan.json': '{' } });
    await chmod(home, 0o777);
    await chmod(path.join(left, 'locked'), 0o555);
    const leftovers = await unprivileged(() => write(path.join(home, 'change')));
    await chmod(path.join(left, 'locked'), 0o755);
    expect(leftovers).toEqual([{ path: left, cameBack: 'permission denied (EACCES)' }]);
    expect(await readdir(home)).toContain('change');
  });

  test("is cleared of a killed run's partial document when its documents are drawn again", async () => {
    const folder = path.join(await freshFolder(), 'change');
    await write(folder);
    const left = path.join(folder, unfinishedName('review.txt', { ...maker, id: 41 }));
    await writeFile(left, 'one');
    expect(await redrawDocuments(folder, documents.slice(0, 1), maker, noWaiting)).toEqual([{ path: left }]);
    expect((await readdir(folder)).sort()).toEqual(['backup', 'plan.json', 'review.txt']);
  });

  test('may take the place of an empty folder', async () => {
    const folder = await freshFolder();
    await write(folder);
    expect(await readdir(folder)).toContain('plan.json');
  });

  test('is written in pieces: a document may be longer than any string', async () => {
    const home = await freshFolder();
    async function* lines(): AsyncGenerator<string> {
      for (let line = 0; line < 30_000; line += 1) yield `line ${line}\n`;
    }
    await write(path.join(home, 'change'), [{ name: 'review.txt', content: lines() }]);
    const text = await readFile(path.join(home, 'change', 'review.txt'), 'utf8');
    expect(text.split('\n')).toHaveLength(30_001);
    expect(text).toContain('\nline 29999\n');
  });

  test('never overwrites anything: a folder with something in it, a file, a change saved before', async () => {
    const home = await freshFolder();
    await mkdir(path.join(home, 'full', 'inner'), { recursive: true });
    await writeFile(path.join(home, 'file'), 'mine');
    await write(path.join(home, 'saved'));
    const before = await snapshot(home);
    for (const name of ['full', 'file', 'saved', 'file/below']) {
      const writing = write(path.join(home, name));
      await expect(writing).rejects.toThrow(UsageError);
      await expect(writing).rejects.toMatchObject({ trouble: { on: path.join(home, name) } });
    }
    expect(await snapshot(home)).toEqual(before);
  });

  test('that may not be written says so, and nothing is left', async () => {
    const home = await freshFolder();
    await chmod(home, 0o555);
    const error = await unprivileged(() => write(path.join(home, 'change')).catch((caught: unknown) => caught));
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({
      errno: 'EACCES',
      trouble: { on: path.join(home, 'change'), cameBack: 'permission denied (EACCES)' },
    });
    expect(await readdir(home)).toEqual([]);
  });

  test('whose writing is interrupted is not there at all', async () => {
    const home = await freshFolder();
    for (const error of [
      systemError('ENOSPC'),
      new Error('a defect'),
      new UsageError({ attempted: 'a', on: 'b', cameBack: 'c', next: 'd' }),
    ]) {
      async function* failing(): AsyncGenerator<string> {
        yield 'some text';
        throw error;
      }
      const thrown = await write(path.join(home, 'change'), [{ name: 'review.txt', content: failing() }]).catch(
        (caught: unknown) => caught,
      );
      if ('code' in error && error.code === 'ENOSPC') {
        expect(thrown).toBeInstanceOf(FileError);
        expect(thrown).toMatchObject({ trouble: { cameBack: 'the disk is full (ENOSPC)' } });
      } else {
        expect(thrown).toBe(error);
      }
      expect(await readdir(home)).toEqual([]);
    }
  });

  test('has a plan.json with a change a line, for people and for diff', () => {
    const lines = [...planText(plan)].join('').split('\n');
    expect(lines.filter((line) => line.includes('"kind":"file"'))).toHaveLength(3);
    expect(JSON.parse(lines.join('\n'))).toEqual(plan);
  });
});

describe('the name of a change folder without --save', () => {
  test('is the day and the remedy, with a number where that is taken', async () => {
    const home = await freshFolder();
    const free = (): Promise<string> => freeFolder(home, '2026-11-22T23:59:59.000Z', 'labels');
    expect(await free()).toBe(path.join(home, '2026-11-22-labels'));
    await mkdir(path.join(home, '2026-11-22-labels'));
    await mkdir(path.join(home, '2026-11-22-labels-2'));
    expect(await free()).toBe(path.join(home, '2026-11-22-labels-3'));
  });

  test('does not need its parent folder to exist', async () => {
    const home = path.join(await freshFolder(), 'changes');
    expect(await freeFolder(home, '2026-11-22T00:00:00.000Z', 'undo')).toBe(path.join(home, '2026-11-22-undo'));
  });
});
