import type { Context } from '../../src/commands/context.ts';
import { runRemedy } from '../../src/commands/run-remedy.ts';
import type { ExitStatus } from '../../src/errors.ts';
import { remedies } from '../../src/remedies/index.ts';

type Command = (args: readonly string[], context: Context) => Promise<ExitStatus>;

/** The command of a remedy of the list. */
export function remedyCommand(name: string): Command {
  return (args, context) => {
    const entry = remedies.find((candidate) => candidate.name === name);
    if (entry === undefined) throw new RangeError(`no remedy ${name}`);
    return runRemedy(entry, args, context);
  };
}

export const labels = remedyCommand('labels');
export const orphan = remedyCommand('orphan');
export const tombstone = remedyCommand('tombstone');
