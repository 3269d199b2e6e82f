/** The scripts that `completion` prints, in the shells that they are for. */

import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandsOf } from '../../src/commands/commands.ts';
import { run as completion } from '../../src/commands/completion.ts';
import { remedies } from '../../src/remedies/index.ts';
import { describeWithProgram } from '../support/describe-with-program.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { runCommand } from '../support/run-command.ts';

const commands = commandsOf(remedies);

/** The script in a file of its own. */
async function scriptFor(shell: string): Promise<string> {
  const currentFolder = await freshFolder();
  const file = path.join(currentFolder, `completion.${shell}`);
  await writeFile(file, (await runCommand(completion, [shell], { currentFolder })).stdout);
  return file;
}

/** The lines that a shell prints. */
function lines(shell: string, args: readonly string[], program: string, more: readonly string[]): readonly string[] {
  const stdout = execFileSync(shell, [...args, program, ...more], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return stdout.split('\n').filter((line) => line !== '');
}

/** What completes the words, the last one begun: a line each, behind the candidate perhaps what it means. */
interface Shell {
  readonly name: 'bash' | 'zsh' | 'fish';
  readonly complete: (shell: string, script: string, words: readonly string[]) => readonly string[];
}

const shells: readonly Shell[] = [
  {
    name: 'bash',
    complete: (shell, script, words) =>
      lines(
        shell,
        ['--norc', '-c'],
        `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _adsi_remedy; printf '%s\\n' "\${COMPREPLY[@]}"`,
        [script, ...words],
      ),
  },
  {
    name: 'zsh',
    // Its own functions work within its line editor only: these print what they are given.
    complete: (shell, script, words) =>
      lines(
        shell,
        ['-f', '-c'],
        `compdef() { :; }; _describe() { print -rl -- "\${(P@)2}"; }; source "$0"; words=("$@"); CURRENT=$#; _adsi_remedy`,
        [script, ...words],
      ).map((line) => line.replace(/(?<!\\):/, '\t')),
  },
  {
    name: 'fish',
    complete: (shell, script, words) =>
      lines(shell, ['--no-config', '-c'], 'source $argv[1]; complete -C "$argv[2]"', [script, words.join(' ')]),
  },
];

describe.each(shells)('the completion for $name', ({ name, complete }) => {
  describeWithProgram('run there', [name], (shell) => {
    const candidates = async (script: string, ...words: readonly string[]): Promise<readonly string[]> =>
      complete(shell, script, ['adsi-remedy', ...words]).map((line) => line.split('\t')[0] ?? '');

    test('offers every command, and behind it every flag of its own, and no other', async () => {
      const script = await scriptFor(name);
      expect(await candidates(script, '')).toEqual(expect.arrayContaining(commands.map((command) => command.name)));
      const offered: Record<string, readonly string[]> = {};
      const wanted: Record<string, readonly string[]> = {};
      for (const command of commands) {
        offered[command.name] = (await candidates(script, command.name, '--')).toSorted();
        wanted[command.name] = Object.keys(await command.flags())
          .map((flag) => `--${flag}`)
          .toSorted();
      }
      expect(offered).toEqual(wanted);
      expect(Object.keys(wanted).length).toBeGreaterThan(remedies.length);
    });

    test('offers the values of a flag and of an operand that takes only these', async () => {
      const script = await scriptFor(name);
      const values = async (...words: readonly string[]) => (await candidates(script, ...words)).toSorted();
      expect(await values('tombstone', '--tls', '')).toEqual(['ldaps', 'none', 'starttls']);
      expect(await values('apply', '--auth', '')).toEqual(['integrated', 'password']);
      expect(await values('completion', '')).toEqual(['bash', 'fish', 'powershell', 'zsh']);
    });
  });
});

describeWithProgram('the completion for bash', ['bash'], (shell) => {
  test('offers files and folders behind a command, names with spaces whole', async () => {
    const script = await scriptFor('bash');
    const folder = path.join(path.dirname(script), 'the change of May');
    await mkdir(folder);
    const [bash] = shells;
    expect(bash?.complete(shell, script, ['adsi-remedy', 'apply', folder.slice(0, -4)])).toEqual([folder]);
  });
});

test('the completion for PowerShell, which no test runs, names every command and behind it its own flags', async () => {
  const script = await readFile(await scriptFor('powershell'), 'utf8');
  for (const command of commands) {
    const flags = Object.keys(await command.flags()).map((flag) => `'--${flag}'`);
    expect(script).toContain(`'${command.name}' { ${flags.join(', ')} }`);
  }
  expect(script).toContain("'--tls' { 'ldaps', 'starttls', 'none' }");
  expect(script).toContain("'completion' { 'bash', 'zsh', 'fish', 'powershell' }");
  expect(script).toContain(`${commands.map(({ name }) => `'${name}'`).join(', ')}, '--help', '--version'`);
});
