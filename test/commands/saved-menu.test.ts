import path from 'node:path';
import { expect, test } from 'vitest';
import { openSaved } from '../../src/commands/menu.ts';
import { createOutput } from '../../src/commands/output.ts';
import { remedies } from '../../src/remedies/index.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { templates } from '../support/practice-site.ts';
import { answering, inTurn } from '../support/prompter-double.ts';
import { remedyCommand } from '../support/remedy-commands.ts';
import { runCommand } from '../support/run-command.ts';

const flags = { json: false, quiet: false, verbose: false, 'no-color': true };

test('a folder without a plan is asked for again, and one from anywhere is opened', async () => {
  const currentFolder = await freshFolder();
  const labels = remedies.find(({ name }) => name === 'labels');
  const practice = (await labels?.load())?.practice;
  await practice?.layOut?.(path.join(currentFolder, 'site'), templates);
  const args = [...(practice?.given('site') ?? []), '--label', 'email', '--save', 'elsewhere/labels'];
  await runCommand(remedyCommand('labels'), args, { currentFolder });
  const prompter = answering({
    'saved.folder': inTurn('elsewhere', '"elsewhere/labels"'),
    'saved.action': 'show',
  });
  const { status, stdout } = await runCommand(
    (given, context) => openSaved(given, context, createOutput(context, flags)),
    [],
    { currentFolder, prompter },
  );
  expect(prompter.refusals.map(({ problem }) => problem)).toEqual([
    `There is no plan.json in ${path.join(currentFolder, 'elsewhere')}. Give a folder that --save wrote.`,
  ]);
  expect([status, stdout.includes('Change the logon label to e-mail address')]).toEqual([0, true]);
});

test('Enter alone at the folder goes back to the menu', async () => {
  const prompter = answering({ 'saved.folder': '' });
  const run = await runCommand((given, context) => openSaved(given, context, createOutput(context, flags)), [], {
    currentFolder: await freshFolder(),
    prompter,
  });
  expect(run).toEqual({ status: 0, stdout: '', stderr: '' });
});
