import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Context } from '../../src/commands/context.ts';
import { openPracticeDirectory } from '../../src/commands/embedded-directory.ts';
import { run as practice } from '../../src/commands/practice.ts';
import { remedies } from '../../src/remedies/index.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { orphan } from '../support/remedy-commands.ts';
import { runCommand } from '../support/run-command.ts';

test('practice without a terminal shows the five remedies as dry runs, and changes nothing but its own folder', async () => {
  const currentFolder = await freshFolder();
  const { status, stdout } = await runCommand(practice, [], { currentFolder });
  expect(status).toBe(0);
  const lingering = 'lingering --reference dc1.corp.example.com';
  const known = ['labels --label email', 'tombstone --days 180', 'orphan --name EX04', lingering, 'metadata --dc DC0'];
  for (const remedy of known) {
    expect(stdout).toContain(`adsi-remedy ${remedy} --dry-run`);
  }
  expect(stdout.match(/This was a dry run: nothing was changed/g)).toHaveLength(5);
  const found = [
    'members-differ',
    'copies-left-out',
    'form-without-label',
    'form-names-the-domain',
    'lost-letters',
    'default-domain-script',
    'no-wording',
  ];
  for (const id of found) expect(stdout).toMatch(new RegExp(`^ +(?:note|warning|blocker) +${id} `, 'm'));
  expect(await readdir(currentFolder)).toEqual(['adsi-remedy-practice']);
});

test('practice --json gives the five plans as one document, alone on stdout', async () => {
  const { status, stdout } = await runCommand(practice, ['--json'], { currentFolder: await freshFolder() });
  expect(status).toBe(0);
  const plans: Record<string, { remedy: string; changes: unknown[] }> = JSON.parse(stdout);
  expect(Object.entries(plans).map(([name, { remedy }]) => [name, remedy])).toEqual([
    ['labels', 'labels'],
    ['orphan', 'orphan'],
    ['tombstone', 'tombstone'],
    ['lingering', 'lingering'],
    ['metadata', 'metadata'],
  ]);
  expect(plans['labels']?.changes).not.toEqual([]);
});

test('practice without a terminal says of an orphan that was deleted there that nothing is left to change', async () => {
  const currentFolder = await freshFolder();
  const folder = path.join(currentFolder, 'adsi-remedy-practice');
  const world: Partial<Context> = { templates: new URL('../../templates/', import.meta.url), now: () => new Date() };
  const site = { currentFolder, remedies: remedies.filter(({ name }) => name === 'orphan') };
  const args = ['--name', 'EX04', '--yes', '--confirm', 'EX04'];
  const accepted = ['owned-databases', 'send-connector-source', 'replication-past-lifetime'].flatMap((id) => [
    '--accept',
    id,
  ]);
  const directory: Context['directory'] = () =>
    openPracticeDirectory(folder, { ...world, randomId: randomUUID } as Context);
  await runCommand(practice, [], site);
  const deleted = await runCommand(orphan, [...args, ...accepted], { currentFolder, ...world, directory });
  expect(deleted.stdout).toContain('Undo it with');

  const { status, stdout, stderr } = await runCommand(practice, [], site);
  expect(stdout).toMatch(/orphan --name EX04 --dry-run[\s\S]*Nothing to change: it is not there any more/);
  expect([status, stderr]).toEqual([0, '']);
  const json = await runCommand(practice, ['--json'], site);
  expect(JSON.parse(json.stdout)).toMatchObject({ orphan: { remedy: 'orphan', changes: [] } });
  expect(json.status).toBe(0);
});
