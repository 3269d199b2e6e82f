/** Applying a part of a plan: --only and --except, by the numbers that its review gives the rows. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { run as apply } from '../../src/commands/apply.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { type PracticeSite, siteInMemory } from '../support/practice-site.ts';
import { answering } from '../support/prompter-double.ts';
import { orphan } from '../support/remedy-commands.ts';

const accepted = ['owned-databases', 'send-connector-source', 'replication-past-lifetime'].flatMap((id) => [
  '--accept',
  id,
]);
/** The rows of its plan: four clearings of references, then the deletes, leaves first, EX04 itself last. */
const [clearings, leaves, server] = ['1,2,3,4', '5,6,7,8', '15'];
const serverDn = /^CN=EX04,CN=Servers,/;

let site: PracticeSite;

beforeEach(async () => {
  site = await siteInMemory();
  await site.run(orphan, ['--name', 'EX04', '--save', 'saved', ...accepted]);
});

const applied = (...args: readonly string[]) => site.run(apply, ['saved', '--confirm', 'EX04', ...args]);

/** What the journal says was written, by the indices of the changes. */
async function done(): Promise<readonly number[]> {
  const journal = await readFile(path.join(site.folder, 'saved', 'journal.jsonl'), 'utf8').catch(() => '');
  const records = journal.split('\n').filter((line) => line !== '');
  return records.map((line) => JSON.parse(line)).flatMap(({ event, change }) => (event === 'done' ? [change] : []));
}

describe('a selection', () => {
  test.each([
    ['--only', clearings, [0, 1, 2, 3]],
    ['--except', '5,6,7,8,9,10,11,12,13,14,15', [0, 1, 2, 3]],
    ['--only', '1, 3', [0, 2]],
  ])('%s %s writes its rows alone, and leaves the rest open', async (flag, rows, indices) => {
    expect((await applied(flag, rows)).status).toBe(4);
    expect(await done()).toEqual(indices);
  });

  const all = '1,2,3,4,5,6,7,8,9,10,11,12,13,14,15';
  test.each([
    ['a delete without the clearings of references', ['--only', leaves], '1, 2, 3, 4', `${clearings},${leaves}`],
    ['a delete without those below it', ['--except', leaves], '5, 6, 7, 8', all],
    ['the server alone', ['--only', server], '1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14', all],
  ])('of %s is refused with the numbers that are missing, and with a whole one', async (_, args, missing, whole) => {
    const { status, stderr } = await applied(...args);
    expect([status, stderr]).toEqual([64, expect.stringContaining(`\n  on         ${missing}\n`)]);
    expect(stderr).toContain(`Select them too: --only ${whole}. Or leave the delete out.`);
    expect(await done()).toEqual([]);
  });

  test('of a delete needs no row that was applied before', async () => {
    expect((await applied('--only', clearings)).status).toBe(4);
    expect((await applied('--only', leaves)).status).toBe(4);
    expect(await done()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect((await applied('--only', '9,10,11,12,13,14,15')).status).toBe(0);
  });

  test.each([
    [['--only', '16'], '16', 'it is not a row number; there are 15 rows'],
    [['--only', '1-3'], '1-3', 'it is not a row number; there are 15 rows'],
    [['--except', '1,,2'], '1,,2', 'it is not a row number; there are 15 rows'],
    [['--only', '1', '--except', '2'], '--only with --except', 'both select rows'],
  ])('%j is refused', async (args, on, result) => {
    const { status, stderr } = await applied(...args);
    expect(status).toBe(64);
    expect(stderr).toContain(`\n  on         ${on}\n  result     ${result}\n`);
    expect(await done()).toEqual([]);
  });

  test('is undone alone', async () => {
    await applied('--only', clearings);
    const undone = await site.run(undo, ['saved', '--yes']);
    expect(undone).toMatchObject({ status: 0, stderr: '' });
    expect(undone.stdout).toContain('4 entries restored');
  });
});

describe('the rows of a part', () => {
  const numbersIn = (text: string): readonly number[] =>
    [...text.matchAll(/^ {1,3}(\d+) (?: modify|- )/gm)].map(([, number]) => Number(number));
  const others = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

  beforeEach(async () => {
    await applied('--only', clearings);
  });

  test('keep their numbers in a dry run, which shows what it would write', async () => {
    const { status, stdout } = await applied('--dry-run');
    expect([status, numbersIn(stdout).toSorted((one, other) => one - other)]).toEqual([2, others]);
    expect(stdout).toContain('11 entries to change: 11 deleted');
    expect(stdout).toContain('11 of 15 changes would be written');
  });

  test('keep their numbers where the rest is asked about', async () => {
    const { status, stdout } = await site.run(apply, ['saved'], answering({ apply: false }));
    expect([status, numbersIn(stdout).toSorted((one, other) => one - other)]).toEqual([2, others]);
    expect(stdout).toMatch(/^ 15 - CN=EX04,CN=Servers,/m);
  });
});

test('the last row is the server object', async () => {
  const plan = JSON.parse(await readFile(path.join(site.folder, 'saved', 'plan.json'), 'utf8'));
  expect(plan.changes.at(-1).dn).toMatch(serverDn);
  expect(plan.changes).toHaveLength(15);
});
