/** The commands: the remedies of the list, and those that work on saved changes. One table for main, help and completion. */

import type { RemedyEntry } from '../remedies/index.ts';
import { applyFlags, completionFlags, outputFlags, remedyFlags, showFlags, undoFlags } from './command-flags.ts';
import type { CommandSpec } from './context.ts';

/** @param folder the change folder of the examples */
const own = (folder: string): readonly CommandSpec[] => [
  {
    name: 'show',
    operand: 'FOLDER',
    summary: 'the review of a saved change',
    about:
      'show the review of a saved change, and write its documents again from the plan. Reads only the change folder, unless --drift is given. Changes no target.',
    flags: async () => showFlags,
    examples: [`show ${folder}`, `show ${folder} --drift`],
    load: async () => (await import('./show.ts')).run,
  },
  {
    name: 'apply',
    operand: 'FOLDER',
    summary: 'apply a saved change, or continue where it stopped',
    about:
      'apply a saved change, or continue where it stopped. The change is judged again, and each target is compared with the plan right before it is written. A target that has changed since is not written.',
    flags: async () => applyFlags,
    examples: [`apply ${folder} --dry-run`, `apply ${folder} --yes`],
    load: async () => (await import('./apply.ts')).run,
  },
  {
    name: 'undo',
    operand: 'FOLDER',
    summary: 'plan the reverse of what was applied; review; apply',
    about:
      'plan the reverse of what was applied, review it and apply it. The undo is judged like every change. Without --save, its change folder is created in FOLDER.',
    flags: async () => undoFlags,
    examples: [`undo ${folder}`, `undo ${folder} --yes`],
    load: async () => (await import('./undo.ts')).run,
  },
  {
    name: 'practice',
    operand: '[DIR]',
    summary: 'try everything on a practice site (default ./adsi-remedy-practice)',
    about:
      'create a practice site in DIR (default ./adsi-remedy-practice) and open the menu on it. Without a terminal, and with --json, the remedies run on it as dry runs. Your own systems are not changed. To run a remedy on it outside its menu, give --practice DIR.',
    flags: async () => outputFlags,
    examples: ['practice', 'practice /tmp/site'],
    load: async () => (await import('./practice.ts')).run,
  },
  {
    name: 'completion',
    operand: 'SHELL',
    operandValues: ['bash', 'zsh', 'fish', 'powershell'],
    summary: 'completion for bash, zsh, fish or powershell',
    about: 'print a completion script for bash, zsh, fish or powershell.',
    flags: async () => completionFlags,
    examples: ['completion bash >> ~/.bashrc', 'completion powershell | Out-String | Invoke-Expression'],
    load: async () => (await import('./completion.ts')).run,
  },
];

/** All commands: those of the remedies, then those on saved changes. */
export function commandsOf(remedies: readonly RemedyEntry[]): readonly CommandSpec[] {
  return [...remedies.map(remedyCommand), ...own(savedFolder(remedies))];
}

/** The first change folder that an example of a remedy saves. */
function savedFolder(remedies: readonly RemedyEntry[]): string {
  const [first = 'changes/NAME'] = remedies.flatMap(({ examples }) =>
    examples.flatMap((line) => /--save (\S+)/.exec(line)?.[1] ?? []),
  );
  return first;
}

function remedyCommand(entry: RemedyEntry): CommandSpec {
  return {
    name: entry.name,
    operand: '',
    summary: entry.summary,
    about: `${entry.summary}.`,
    flags: () => remedyFlags(entry),
    examples: entry.examples,
    load: async () => {
      const { runRemedy } = await import('./run-remedy.ts');
      return (args, context) => runRemedy(entry, args, context);
    },
  };
}
