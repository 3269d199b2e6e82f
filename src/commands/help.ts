/** The help texts, 80 columns wide, drawn from the flag tables. Loads only those tables, so that --help is quick. */

import type { Flag, FlagTable } from '../flags.ts';
import type { CommandSpec } from './context.ts';

const width = 80;
const column = 23;

const statuses = `Exit status
  0 done, or nothing to change · 1 failed, or not everything is known
  2 there are changes to make (dry run, or saved)
  3 refused (blocker, drift, undone, wrong target, another run at work)
  4 applied in part: apply continues, undo works
  64 wrong usage · 130 cancelled
`;

/** The general help, or that of a command. */
export async function helpText(commands: readonly CommandSpec[], name?: string): Promise<string> {
  const command = commands.find((candidate) => candidate.name === name);
  return command === undefined ? generalHelp(commands) : commandHelp(command);
}

function generalHelp(commands: readonly CommandSpec[]): string {
  const lines = [
    'adsi-remedy: careful changes to Exchange and Active Directory, each with',
    'preview, saved plan, drift check, journal and undo.',
    '',
    ...entry('adsi-remedy', 'at a terminal: the menu', 36),
    ...commands.flatMap(({ name, operand, summary }) =>
      entry(`adsi-remedy ${name} ${operand || '[options]'}`, summary, 36),
    ),
    ...entry('adsi-remedy --version', 'name and version', 36),
    ...entry('adsi-remedy COMMAND --help', 'the options of a command, with examples', 36),
    '',
    'At a terminal, changes need your approval after the diff is shown. In a script,',
    'and with --json, nothing is changed without --yes, or without apply FOLDER.',
    '',
    'Without --save, change folders are made in changes below the current folder; on',
    'Windows, if that is in C:\\Windows, in %USERPROFILE%\\adsi-remedy\\changes. If',
    'PowerShell refuses npx as a script, use npx.cmd. Run it on a workstation: the',
    'Windows of TMG is too old for Node.',
    '',
  ];
  return `${lines.join('\n')}\n${statuses}`;
}

async function commandHelp({ name, operand, about, flags, examples }: CommandSpec): Promise<string> {
  const table = await flags();
  const usage = ['adsi-remedy', name, operand, '[options]'].filter((word) => word !== '').join(' ');
  const groups = [...new Set(Object.values(table).map(({ group }) => group))];
  const lines = [
    ...wrappedAt(`${usage}: ${about}`, 0),
    ...groups.flatMap((group) => ['', group, ...flagsOf(table, group)]),
  ];
  const shown = examples.map((example) => `  adsi-remedy ${example}\n`).join('');
  return `${lines.join('\n')}\n\n${statuses}${shown === '' ? '' : `\nExamples\n${shown}`}`;
}

function flagsOf(table: FlagTable, group: string): readonly string[] {
  return Object.entries(table)
    .filter(([, flag]) => flag.group === group)
    .flatMap(([name, flag]) => entry(flagInWords(name, flag), flag.help, column));
}

/** "--days DAYS" */
export function flagInWords(name: string, { value }: Pick<Flag, 'value'>): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

/** A name with its meaning next to it, or below it if the name is too long. */
function entry(name: string, meaning: string, at: number): readonly string[] {
  const lines = wrappedAt(meaning, at);
  const head = `  ${name}`;
  if (head.length > at - 1) return [head, ...lines];
  return [head.padEnd(at) + (lines[0] ?? '').trimStart(), ...lines.slice(1)];
}

/** Words in lines of at most 80 columns, each set in. Plain ASCII words are as wide as they are long. */
function wrappedAt(text: string, indent: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (indent + longer.length <= width || line === '') line = longer;
    else {
      lines.push(' '.repeat(indent) + line);
      line = word;
    }
  }
  return [...lines, ' '.repeat(indent) + line];
}
