import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { run as practice } from '../../src/commands/practice.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { runCommand } from '../support/run-command.ts';

test('practice without a terminal shows the three remedies as dry runs, and changes nothing but its own folder', async () => {
  const currentFolder = await freshFolder();
  const { status, stdout } = await runCommand(practice, [], { currentFolder });
  expect(status).toBe(0);
  for (const remedy of ['labels --label email', 'tombstone --days 180', 'orphan --name EX04']) {
    expect(stdout).toContain(`adsi-remedy ${remedy} --dry-run`);
  }
  expect(stdout.match(/This was a dry run: nothing was changed/g)).toHaveLength(3);
  expect(await readdir(currentFolder)).toEqual(['adsi-remedy-practice']);
});

test('practice --json gives the three plans as one document, alone on stdout', async () => {
  const { status, stdout } = await runCommand(practice, ['--json'], { currentFolder: await freshFolder() });
  expect(status).toBe(0);
  const plans: Record<string, { remedy: string; changes: unknown[] }> = JSON.parse(stdout);
  expect(Object.entries(plans).map(([name, { remedy }]) => [name, remedy])).toEqual([
    ['labels', 'labels'],
    ['tombstone', 'tombstone'],
    ['orphan', 'orphan'],
  ]);
  expect(plans['labels']?.changes).not.toEqual([]);
});
