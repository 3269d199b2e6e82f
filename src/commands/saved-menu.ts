/** The menu's way to a saved change: which one, and what to do with it. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { folderParts } from '../change/folder.ts';
import {
  changesIn,
  openChange,
  type Position,
  positionInBrief,
  positionOf,
  type SavedChange,
} from '../change/position.ts';
import { type ExitStatus, exitStatus } from '../errors.ts';
import type { Patience } from '../files/patience.ts';
import { askingAgain, type Choice, type Prompter } from '../terminal/prompter.ts';
import { pastedPath } from '../words.ts';
import type { Context } from './context.ts';
import { patienceShowing } from './held-files.ts';
import type { Output } from './output.ts';

/** Asks for a change folder, one in `changes` or any other, and for what to do, and does it. */
export async function openSaved(args: readonly string[], context: Context, output: Output): Promise<ExitStatus> {
  const patience = patienceShowing(context, output);
  const saved = await changesIn(context.changes, patience);
  const choices = await Promise.all(
    saved.map(async (change): Promise<Choice<SavedChange | undefined>> => {
      const { plan, folder } = change;
      const position = await positionOf(change, patience);
      const hint = `${plan.remedy}, ${plan.created.slice(0, 16).replace('T', ' ')} UTC, ${positionInBrief(position)}`;
      return { value: change, label: path.basename(folder), hint };
    }),
  );
  const asked = await askingAgain(await output.prompter(), (prompter) =>
    askChangeAndAction(choices, context, patience, prompter),
  );
  if (asked === undefined) return exitStatus.done;
  const { change, action } = asked;
  const passedOn = [change.folder, ...args];
  switch (action) {
    case 'show':
      return (await import('./show.ts')).run(passedOn, context);
    case 'apply':
      return (await import('./apply.ts')).run(passedOn, context);
    case 'undo':
      return (await import('./undo.ts')).run(passedOn, context);
  }
}

async function askChangeAndAction(
  choices: readonly Choice<SavedChange | undefined>[],
  context: Context,
  patience: Patience,
  prompter: Prompter,
): Promise<{ readonly change: SavedChange; readonly action: 'show' | 'apply' | 'undo' } | undefined> {
  const elsewhere: Choice<undefined> = { value: undefined, label: 'Another folder', hint: 'name the change folder' };
  const picked =
    choices.length === 0
      ? undefined
      : await prompter.select({
          id: 'saved.change',
          message: 'Which change?',
          choices: [...choices, elsewhere],
          filterable: true,
        });
  const change = picked ?? (await askFolder(context, patience, prompter));
  if (change === undefined) return undefined;
  const action = await prompter.select<'show' | 'apply' | 'undo'>({
    id: 'saved.action',
    message: 'What do you want to do with it?',
    choices: actionsFor(await positionOf(change, patience)),
  });
  return { change, action };
}

/** A folder by its path; Enter alone goes back. A mistyped one is asked for again. */
async function askFolder(context: Context, patience: Patience, prompter: Prompter): Promise<SavedChange | undefined> {
  const folderOf = (typed: string): string => path.resolve(context.currentFolder, pastedPath(typed));
  const named = await prompter.input({
    id: 'saved.folder',
    message: 'Change folder (empty: back to the menu)',
    flag: 'show FOLDER',
    validate: (typed) =>
      pastedPath(typed) === '' || existsSync(path.join(folderOf(typed), folderParts.plan))
        ? undefined
        : `There is no ${folderParts.plan} in ${folderOf(typed)}. Give a folder that --save wrote.`,
  });
  return pastedPath(named) === '' ? undefined : openChange(folderOf(named), patience);
}

function actionsFor({ kind }: Position): readonly Choice<'show' | 'apply' | 'undo'>[] {
  const canApply = kind === 'not-applied' || kind === 'applied-in-part';
  const canUndo = kind === 'applied' || kind === 'applied-in-part' || kind === 'undone-in-part';
  return [
    { value: 'show', label: 'show', hint: 'the review' },
    ...(canApply
      ? [{ value: 'apply', label: 'apply', hint: 'judged again, each target compared with the plan' } as const]
      : []),
    ...(canUndo ? [{ value: 'undo', label: 'undo', hint: 'plan the reverse, with its own diff' } as const] : []),
  ];
}
