/** The tools that people take for such a change today, each doing it as well as it can. */

import { spawnSync } from 'node:child_process';

export interface StreamEditor {
  readonly name: string;
  /** The command that gives the key this text in these files. */
  command(label: string, files: readonly string[]): readonly [command: string, args: readonly string[]];
}

export const streamEditors: readonly StreamEditor[] = [
  {
    name: 'sed -i',
    command: (label, files) => ['sed', ['-i', sedScript(label), ...files]],
  },
  {
    name: 'perl -pi',
    command: (label, files) => [
      'perl',
      ['-pi', '-e', `s{^(L_UserName_Text=")[^"]*}{$1${label.replace(/[\\$@{}]/g, '\\$&')}}`, ...files],
    ],
  },
  {
    name: 'sd',
    command: (label, files) => [
      'sd',
      ['(?m)^(L_UserName_Text=")[^"]*', `\${1}${label.replaceAll('$', '$$$$')}`, ...files],
    ],
  },
];

/** The edit as sed's script; nothing is special in the texts that we have but what is escaped here. */
export function sedScript(label: string): string {
  return `s|^\\(L_UserName_Text="\\)[^"]*|\\1${label.replace(/[\\&|]/g, '\\$&')}|`;
}

export function isInstalled(editor: StreamEditor): boolean {
  const [command] = editor.command('', []);
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}
