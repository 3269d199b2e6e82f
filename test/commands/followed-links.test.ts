/** Files outside the given folders that links lead to: a saved plan only says that --follow-links was given. */

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { FileChange, Plan } from '../../src/change/plan.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { freshFolder, writeTree } from '../support/fresh-folder.ts';
import { symlink } from '../support/on-windows.ts';
import { labels } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';

const before = 'L_UserName_Text="Benutzer:"\r\n';
const after = 'L_UserName_Text="Mail:"\r\n';
let home: string;
const outside = (): string => path.join(home, 'elsewhere', 'strings.txt');
const planFile = (): string => path.join(home, 'change', 'plan.json');
const savedPlan = async (): Promise<Plan<FileChange>> => JSON.parse(await readFile(planFile(), 'utf8'));

const run = (command: Parameters<typeof runCommand>[0], args: readonly string[]): Promise<CommandRun> =>
  runCommand(command, args, { currentFolder: home });

/** A plan for a file that a link leads to from the folder that is given. */
async function savePlan(): Promise<void> {
  home = await freshFolder();
  await writeTree(home, { elsewhere: { 'strings.txt': before }, forms: { Exchange: { HTML: { nls: {} } } } });
  await symlink('../../../../elsewhere', path.join(home, 'forms/Exchange/HTML/nls/de'));
  const flags = ['--root', 'forms', '--text', 'Mail:', '--follow-links', '--save', 'change'];
  expect((await run(labels, flags)).status).toBe(2);
}

test('are shown in the plan as accepted by --follow-links', async () => {
  await savePlan();
  const { findings } = await savedPlan();
  expect(findings).toContainEqual(
    expect.objectContaining({
      id: 'links-followed',
      level: 'blocker',
      accepted: true,
      evidence: [`${path.join(home, 'forms/Exchange/HTML/nls/de/strings.txt')} → ${outside()}`],
    }),
  );
});

test('are not written for a plan that may have been edited: the run has to accept it', async () => {
  await savePlan();
  const refused = await run(apply, ['change', '--yes']);
  expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining('links-followed')]);
  expect(await readFile(outside(), 'utf8')).toBe(before);

  expect((await run(apply, ['change', '--yes', '--accept', 'links-followed'])).status).toBe(0);
  expect(await readFile(outside(), 'utf8')).toBe(after);
});

test('are written where the seal approves the plan', async () => {
  await savePlan();
  const { seal } = await savedPlan();
  expect((await run(apply, ['change', '--yes', '--seal', seal])).status).toBe(0);
  expect(await readFile(outside(), 'utf8')).toBe(after);
});

test('are not written by a plan without the finding, sealed again', async () => {
  await savePlan();
  const plan = await savedPlan();
  await writeFile(planFile(), JSON.stringify(sealPlan({ ...plan, findings: [] })));
  const { status, stderr } = await run(apply, ['change', '--yes']);
  expect([status, stderr]).toEqual([3, expect.stringContaining('links-followed')]);
  expect(await readFile(outside(), 'utf8')).toBe(before);
});
