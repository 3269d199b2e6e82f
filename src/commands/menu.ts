/** adsi-remedy alone: the menu at a terminal, the help elsewhere. */

import { type ExitStatus, exitStatus, UsageError } from '../errors.ts';
import type { Context } from './context.ts';
import { nearestName, outputFlags, readArguments } from './flags.ts';
import { commandNames, helpText } from './help.ts';
import { createOutput } from './output.ts';

/** What the menu gives to each remedy: nothing, or the practice site. */
export interface MenuArguments {
  readonly labels: readonly string[];
  readonly orphan: readonly string[];
  readonly tombstone: readonly string[];
}

const noArguments: MenuArguments = { labels: [], orphan: [], tombstone: [] };

export async function run(
  args: readonly string[],
  context: Context,
  given: MenuArguments = noArguments,
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
  const prompter = await output.prompter();
  const remedy = await prompter.select<keyof MenuArguments | 'help' | 'leave'>({
    id: 'menu',
    message: 'What needs a careful hand?',
    choices: [
      { value: 'labels', label: 'labels', hint: 'the logon labels of TMG and ISA form sets' },
      { value: 'tombstone', label: 'tombstone', hint: "the forest's tombstoneLifetime" },
      { value: 'orphan', label: 'orphan', hint: 'an Exchange server object that a failed install left' },
      { value: 'help', label: 'help', hint: 'commands, flags and exit statuses' },
      { value: 'leave', label: 'leave' },
    ],
  });
  const passedOn = args.filter((arg) => arg !== '--help');
  switch (remedy) {
    case 'leave':
      return exitStatus.done;
    case 'help':
      output.say(helpText());
      return exitStatus.done;
    case 'labels':
      return (await import('./labels.ts')).run([...given.labels, ...passedOn], context);
    case 'orphan':
      return (await import('./orphan.ts')).run([...given.orphan, ...passedOn], context);
    case 'tombstone':
      return (await import('./tombstone.ts')).run([...given.tombstone, ...passedOn], context);
  }
}
