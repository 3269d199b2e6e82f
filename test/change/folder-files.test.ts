/** A change folder came from someone else: what in it is a link or a pipe is neither followed nor waited for. */

import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { planText } from '../../src/change/folder.ts';
import { lockFolder } from '../../src/change/folder-lock.ts';
import { openJournal, readJournal } from '../../src/change/journal.ts';
import { changesIn, openChange } from '../../src/change/position.ts';
import { readPlan } from '../../src/change/read-plan.ts';
import { RefusedError } from '../../src/errors.ts';
import { changeOf, planOf } from '../support/file-plans.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder, snapshot } from '../support/fresh-folder.ts';
import { symlink } from '../support/on-windows.ts';

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
  ['a pipe that nobody writes to', async (place) => void execFileSync('mkfifo', [place])],
  [
    'a link to a pipe',
    async (place, outside) => {
      execFileSync('mkfifo', [path.join(outside, 'pipe')]);
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

describe.runIf(process.platform !== 'win32').each(notFiles)('in a change folder, %s', (_, put) => {
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
