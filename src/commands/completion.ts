/** adsi-remedy completion: scripts for shells, made from the commands and their flag tables. */

import { type ExitStatus, exitStatus, UsageError } from '../errors.ts';
import { type Flag, type FlagTable, readArguments } from '../flags.ts';
import { completionFlags } from './command-flags.ts';
import type { CommandSpec, Context } from './context.ts';

interface Completed {
  readonly command: CommandSpec;
  readonly flags: FlagTable;
}

const scripts: Readonly<Record<string, (commands: readonly Completed[]) => string>> = { bash, zsh, fish, powershell };

/** Runs the command: prints the script. @throws UsageError for a shell that there is no script for */
export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { operands } = readArguments('completion', args, completionFlags, ['SHELL']);
  const [shell = ''] = operands;
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) {
    throw new UsageError({
      attempted: 'write a completion script',
      on: shell === '' ? 'SHELL' : shell,
      cameBack: shell === '' ? 'no shell is named' : 'there is no script for this shell',
      next: `Give one of ${Object.keys(scripts).join(', ')}.`,
    });
  }
  const commands = await Promise.all(
    context.commands.map(async (command) => ({ command, flags: await command.flags() })),
  );
  context.stdout.write(script(commands));
  return exitStatus.done;
}

function longFlags(flags: FlagTable): readonly string[] {
  return Object.keys(flags).map((name) => `--${name}`);
}

/** For each word (a flag or a command) after which only certain values are valid, these values. */
function valuesBehind(commands: readonly Completed[]): readonly (readonly [word: string, values: readonly string[]])[] {
  const behind = new Map<string, readonly string[]>();
  for (const { command, flags } of commands) {
    if (command.operandValues !== undefined) behind.set(command.name, command.operandValues);
    for (const [flag, { values }] of Object.entries(flags)) if (values !== undefined) behind.set(`--${flag}`, values);
  }
  return [...behind];
}

function names(commands: readonly Completed[]): readonly string[] {
  return [...commands.map(({ command }) => command.name), '--help', '--version'];
}

function bash(commands: readonly Completed[]): string {
  const cases = commands
    .map(({ command, flags }) => `    ${command.name}) words='${longFlags(flags).join(' ')}' ;;`)
    .join('\n');
  const values = valuesBehind(commands)
    .map(([word, of]) => `    ${word}) values='${of.join(' ')}' ;;`)
    .join('\n');
  return `# bash completion for adsi-remedy
_adsi_remedy() {
  local current=\${COMP_WORDS[COMP_CWORD]} words= values=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names(commands).join(' ')}' -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases}
  esac
  case \${COMP_WORDS[COMP_CWORD-1]} in
${values}
  esac
  case $current in
    -*) values=$words ;;
  esac
  if [ -n "$values" ]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
  else
    local IFS=$'\\n'; COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _adsi_remedy adsi-remedy
`;
}

function zsh(commands: readonly Completed[]): string {
  const described = (name: string, text: string): string =>
    `'${name}:${text.replaceAll("'", "'\\''").replaceAll(':', '\\:')}'`;
  const cases = commands
    .map(({ command, flags }) => {
      const entries = Object.entries(flags).map(([name, { help }]) => described(`--${name}`, help));
      return `    ${command.name}) flags=(${entries.join(' ')}) ;;`;
    })
    .join('\n');
  const behind = valuesBehind(commands)
    .map(([word, of]) => `    ${word}) values=(${of.join(' ')}) ;;`)
    .join('\n');
  return `#compdef adsi-remedy
_adsi_remedy() {
  local -a commands flags values
  commands=(${commands.map(({ command }) => described(command.name, command.summary)).join(' ')})
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  case \${words[2]} in
${cases}
  esac
  case \${words[CURRENT-1]} in
${behind}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then _describe 'option' flags
  elif (( $#values )); then _describe 'value' values
  else _files; fi
}
compdef _adsi_remedy adsi-remedy
`;
}

function fish(commands: readonly Completed[]): string {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const behind = ({ name }: CommandSpec): string => `complete -c adsi-remedy -n '__fish_seen_subcommand_from ${name}'`;
  const taking = ({ kind, values }: Flag): string =>
    kind === 'yes-no' ? '' : values === undefined ? ' -r' : ` -x -a ${quoted(values.join(' '))}`;
  const lines = commands.flatMap(({ command, flags }) => [
    `complete -c adsi-remedy -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`,
    ...(command.operandValues === undefined
      ? []
      : [`${behind(command)} -f -a ${quoted(command.operandValues.join(' '))}`]),
    ...Object.entries(flags).map(
      ([name, flag]) => `${behind(command)} -l ${name}${taking(flag)} -d ${quoted(flag.help)}`,
    ),
  ]);
  return `# fish completion for adsi-remedy\n${lines.join('\n')}\n`;
}

/** Not run by any test. For a word that is not a flag it offers nothing: PowerShell then offers files and folders. */
function powershell(commands: readonly Completed[]): string {
  const list = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(', ');
  const cases = commands
    .map(({ command, flags }) => `        '${command.name}' { ${list(longFlags(flags))} }`)
    .join('\n');
  const values = valuesBehind(commands)
    .map(([word, of]) => `            '${word}' { ${list(of)} }`)
    .join('\n');
  return `# PowerShell completion for adsi-remedy
Register-ArgumentCompleter -Native -CommandName adsi-remedy -ScriptBlock {
    param($word, $ast, $position)
    $words = $ast.CommandElements | ForEach-Object { $_.ToString() }
    $candidates = @(if ($words.Count -lt 2 -or ($words.Count -eq 2 -and $word -ne '')) {
        ${list(names(commands))}
    } elseif ($word -like '-*') {
        switch ($words[1]) {
${cases}
        }
    } else {
        switch ($words[$words.Count - $(if ($word -eq '') { 1 } else { 2 })]) {
${values}
        }
    })
    $candidates | Where-Object { $_ -like "$word*" } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
}
`;
}
