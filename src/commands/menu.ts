/** adsi-remedy alone: the menu at a terminal, the help elsewhere. */

import { type ExitStatus, exitStatus, UsageError } from '../errors.ts';
import type { Context } from './context.ts';
import { nearestName, outputFlags, readArguments } from './flags.ts';
import { commandNames, helpText } from './help.ts';
import { createOutput, type Output } from './output.ts';
import { openSaved } from './saved-menu.ts';

type Remedy = 'labels' | 'tombstone' | 'orphan';

export interface MenuOptions {
  /** What each remedy is given: nothing, or the practice site. */
  readonly given: Readonly<Record<Remedy, readonly string[]>>;
  /** Whether the menu comes back after each choice, until the user leaves. */
  readonly stays: boolean;
}

const plainMenu: MenuOptions = { given: { labels: [], orphan: [], tombstone: [] }, stays: false };

export async function run(
  args: readonly string[],
  context: Context,
  options: MenuOptions = plainMenu,
): Promise<ExitStatus> {
  const [first] = args;
  if (first !== undefined && !first.startsWith('-')) {
    const nearest = nearestName(first, commandNames);
    throw new UsageError({
      attempted: 'read the command',
      on: first,
      cameBack: 'there is no such command',
      next: `${nearest === undefined ? '' : `Did you mean ${nearest}? `}adsi-remedy --help lists the commands.`,
    });
  }
  const { flags } = readArguments('adsi-remedy', args, outputFlags);
  const output = createOutput(context, flags);
  if (!output.canAsk) {
    context.stderr.write(helpText());
    return exitStatus.usage;
  }
  const passedOn = args.filter((arg) => arg !== '--help');
  let status: ExitStatus = exitStatus.done;
  for (;;) {
    const choice = await choose(output);
    if (choice === 'leave') return status;
    status = await carryOutChoice(choice, passedOn, context, output, options.given);
    if (!options.stays) return status;
    output.say('');
  }
}

type MenuChoice = Remedy | 'saved' | 'help' | 'leave';

async function choose(output: Output): Promise<MenuChoice> {
  const prompter = await output.prompter();
  return prompter.select<MenuChoice>({
    id: 'menu',
    message: 'What needs a careful hand?',
    choices: [
      { value: 'labels', label: 'labels', hint: 'the logon labels of TMG and ISA form sets' },
      { value: 'tombstone', label: 'tombstone', hint: "the forest's tombstoneLifetime" },
      { value: 'orphan', label: 'orphan', hint: 'an Exchange server object that a failed install left' },
      { value: 'saved', label: 'saved', hint: 'show, apply or undo a saved change' },
      { value: 'help', label: 'help', hint: 'commands, flags and exit statuses' },
      { value: 'leave', label: 'leave' },
    ],
  });
}

async function carryOutChoice(
  choice: Exclude<MenuChoice, 'leave'>,
  args: readonly string[],
  context: Context,
  output: Output,
  given: MenuOptions['given'],
): Promise<ExitStatus> {
  switch (choice) {
    case 'help':
      output.say(helpText());
      return exitStatus.done;
    case 'saved':
      return openSaved(args, context, output);
    case 'labels':
      return (await import('./labels.ts')).run([...given.labels, ...args], context);
    case 'orphan':
      return (await import('./orphan.ts')).run([...given.orphan, ...args], context);
    case 'tombstone':
      return (await import('./tombstone.ts')).run([...given.tombstone, ...args], context);
  }
}
