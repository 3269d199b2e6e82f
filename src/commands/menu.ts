/** adsi-remedy without a command: the menu at a terminal, which also opens saved changes; otherwise the help. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { changesIn, folderParts, openChange, type SavedChange } from '../change/folder.ts';
import { type Position, positionInBrief, positionOf } from '../change/position.ts';
import { BackError, type ExitStatus, exitStatus, UsageError } from '../errors.ts';
import type { Patience } from '../files/system-errors.ts';
import { readArguments } from '../flags.ts';
import { askingAgain, type Choice, type Prompter } from '../terminal/prompter.ts';
import { nearestName, pastedPath } from '../words.ts';
import { run as apply } from './apply.ts';
import { outputFlags } from './command-flags.ts';
import type { Context } from './context.ts';
import { helpText } from './help.ts';
import { createOutput, type Output } from './output.ts';
import { runRemedy } from './run-remedy.ts';
import { run as show } from './show.ts';
import { run as undo } from './undo.ts';

interface MenuOptions {
  /** Additional arguments for a remedy: none, or the flags of the practice site. */
  readonly given: (remedy: string) => readonly string[];
  /** Whether the menu comes back after each choice, until the user quits. */
  readonly stays: boolean;
}

const plainMenu: MenuOptions = { given: () => [], stays: false };

/**
 * Opens the menu and does what is chosen there. Without a terminal it prints the help.
 * @throws UsageError for an unknown command or flag; what the command that is chosen throws
 */
export async function run(
  args: readonly string[],
  context: Context,
  options: MenuOptions = plainMenu,
): Promise<ExitStatus> {
  const [first] = args;
  if (first !== undefined && !first.startsWith('-')) {
    const nearest = nearestName(
      first,
      context.commands.map(({ name }) => name),
    );
    throw new UsageError({
      attempted: 'read the command',
      on: first,
      cameBack: 'there is no such command',
      next: `${nearest === undefined ? '' : `Did you mean ${nearest}? `}adsi-remedy --help lists the commands.`,
    });
  }
  const { flags } = readArguments('', args, outputFlags);
  const output = createOutput(context, flags);
  if (!output.canAsk) {
    context.stderr.write(await helpText(context.commands));
    return exitStatus.usage;
  }
  const passedOn = args.filter((arg) => arg !== '--help');
  let status: ExitStatus = exitStatus.done;
  for (;;) {
    const choice = await choose(context, output);
    if (choice === 'quit') return status;
    try {
      status = await carryOutChoice(choice, passedOn, context, output, options);
    } catch (error) {
      // Escape at the first question of a choice comes back to the menu.
      if (error instanceof BackError) continue;
      throw error;
    }
    if (!options.stays) return status;
    output.say('');
  }
}

async function choose({ remedies }: Context, output: Output): Promise<string> {
  return output.prompter.select<string>({
    id: 'menu',
    message: 'What do you want to repair?',
    choices: [
      ...remedies.map(({ name, summary }) => ({ value: name, label: name, hint: summary })),
      { value: 'saved', label: 'saved', hint: 'show, apply or undo a saved change' },
      { value: 'help', label: 'help', hint: 'commands, flags and exit statuses' },
      { value: 'quit', label: 'quit' },
    ],
  });
}

async function carryOutChoice(
  choice: string,
  args: readonly string[],
  context: Context,
  output: Output,
  { given }: MenuOptions,
): Promise<ExitStatus> {
  const entry = context.remedies.find(({ name }) => name === choice);
  if (entry !== undefined) return runRemedy(entry, [...given(choice), ...args], context);
  if (choice === 'saved') return openSaved(args, context, output);
  output.say(await helpText(context.commands));
  return exitStatus.done;
}

/** What can be done with a saved change. */
const savedCommands = { show, apply, undo };

type Action = keyof typeof savedCommands;

/** Asks for a change folder, one in `changes` or any other, and for what to do, and does it. */
export async function openSaved(args: readonly string[], context: Context, output: Output): Promise<ExitStatus> {
  const { patience } = output;
  const saved = await changesIn(context.changes, patience);
  const choices = await Promise.all(
    saved.map(async (change): Promise<Choice<SavedChange | undefined>> => {
      const { plan, folder } = change;
      const position = await positionOf(change, patience);
      const hint = `${plan.remedy}, ${plan.created.slice(0, 16).replace('T', ' ')} UTC, ${positionInBrief(position)}`;
      return { value: change, label: path.basename(folder), hint };
    }),
  );
  const asked = await askingAgain(output.prompter, (prompter) =>
    askChangeAndAction(choices, context, { ...output, prompter }),
  );
  if (asked === undefined) return exitStatus.done;
  return savedCommands[asked.action]([asked.change.folder, ...args], context);
}

async function askChangeAndAction(
  choices: readonly Choice<SavedChange | undefined>[],
  context: Context,
  { prompter, patience }: Output,
): Promise<{ readonly change: SavedChange; readonly action: Action } | undefined> {
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
  const action = await prompter.select<Action>({
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

function actionsFor({ kind }: Position): readonly Choice<Action>[] {
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
