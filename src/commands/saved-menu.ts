/** The menu's way to a saved change: which one, and what to do with it. */

import path from 'node:path';
import { type ExitStatus, exitStatus } from '../errors.ts';
import type { Choice } from '../terminal/prompter.ts';
import type { Context } from './context.ts';
import type { Output } from './output.ts';
import { type SavedChange, type Standing, savedChangesIn, standingOf } from './saved-change.ts';

const standingWords: Readonly<Record<Standing['kind'], string>> = {
  'not-applied': 'not applied yet',
  applied: 'applied',
  'applied-in-part': 'applied in part',
  'undo-begun': 'undone in part',
  undone: 'undone',
};

/** Asks for a change folder in `changes` and for what to do, and does it. */
export async function openSaved(args: readonly string[], context: Context, output: Output): Promise<ExitStatus> {
  const saved = await savedChangesIn(path.join(context.currentFolder, 'changes'));
  if (saved.length === 0) {
    output.say('  There is no saved change in the folder "changes" here. Name one: adsi-remedy show FOLDER');
    return exitStatus.done;
  }
  const choices = await Promise.all(
    saved.map(async (change): Promise<Choice<{ change: SavedChange; standing: Standing }>> => {
      const standing = await standingOf(change);
      const hint = `${change.plan.remedy}, ${change.plan.created.slice(0, 16).replace('T', ' ')} UTC, ${standingWords[standing.kind]}`;
      return { value: { change, standing }, label: path.basename(change.folder), hint };
    }),
  );
  const prompter = await output.prompter();
  const { change, standing } = await prompter.select({
    id: 'saved.change',
    message: 'Which change?',
    choices,
    filterable: true,
  });
  const action = await prompter.select<'show' | 'apply' | 'undo'>({
    id: 'saved.action',
    message: 'What to do with it?',
    choices: actionsFor(standing),
  });
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

function actionsFor({ kind }: Standing): readonly Choice<'show' | 'apply' | 'undo'>[] {
  const canApply = kind === 'not-applied' || kind === 'applied-in-part';
  const canUndo = kind === 'applied' || kind === 'applied-in-part' || kind === 'undo-begun';
  return [
    { value: 'show', label: 'show', hint: 'the review, again' },
    ...(canApply ? [{ value: 'apply', label: 'apply', hint: 'each target is checked once more' } as const] : []),
    ...(canUndo ? [{ value: 'undo', label: 'undo', hint: 'a plan of its own, with its own diff' } as const] : []),
  ];
}
