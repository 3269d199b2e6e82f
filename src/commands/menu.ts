/** adsi-remedy without a command: the menu at a terminal, the help elsewhere. */

import { BackError, type ExitStatus, exitStatus, UsageError } from '../errors.ts';
import type { Context } from './context.ts';
import { nearestName, outputFlags, readArguments } from './flags.ts';
import { helpText } from './help.ts';
import { createOutput, type Output } from './output.ts';
import { openSaved } from './saved-menu.ts';

export interface MenuOptions {
  /** What a remedy is given besides the arguments: nothing, or the flags of the practice site. */
  readonly given: (remedy: string) => readonly string[];
  /** Whether the menu comes back after each choice, until the user quits. */
  readonly stays: boolean;
}

const plainMenu: MenuOptions = { given: () => [], stays: false };

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
    const carriedOut = await unlessBack(() => carryOutChoice(choice, passedOn, context, output, options));
    if (carriedOut === 'back') continue;
    status = carriedOut;
    if (!options.stays) return status;
    output.say('');
  }
}

/** Escape at the first question of a choice comes back to the menu. */
async function unlessBack<T>(work: () => Promise<T>): Promise<T | 'back'> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackError) return 'back';
    throw error;
  }
}

async function choose({ remedies }: Context, output: Output): Promise<string> {
  const prompter = await output.prompter();
  return prompter.select<string>({
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
  if (entry !== undefined) {
    const { runRemedy } = await import('./run-remedy.ts');
    return runRemedy(entry, [...given(choice), ...args], context);
  }
  if (choice === 'saved') return openSaved(args, context, output);
  output.say(await helpText(context.commands));
  return exitStatus.done;
}
