/** Where the labels command looks for form sets: the folders and hosts that flags name, the known ones, or what a person says. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../errors.ts';
import { knownTemplateFolders } from '../files/template-tree.ts';
import { askRoots } from '../remedies/labels/wizard.ts';
import { unavailablePrompter } from '../terminal/prompter.ts';
import type { Context } from './context.ts';
import type { Output } from './output.ts';

export interface RootFlags {
  readonly root: readonly string[];
  readonly host: readonly string[];
  readonly yes: boolean;
}

/**
 * The folders to search, as absolute paths.
 * @throws UsageError if a host shows none, or none is named and nobody can be asked
 */
export async function findRoots(flags: RootFlags, context: Context, output: Output): Promise<readonly string[]> {
  const named = flags.root.map((root) => path.resolve(context.currentFolder, root));
  const onHosts = flags.host.flatMap((host) => foldersOnHost(host, context));
  if (named.length + onHosts.length > 0) return [...new Set([...named, ...onHosts])];
  const drive = context.env['SystemDrive'] ?? 'C:';
  const known = context.platform === 'win32' ? knownTemplateFolders(drive).filter((folder) => existsSync(folder)) : [];
  if (known.length > 0) return known;
  const prompter = flags.yes ? unavailablePrompter(() => '--yes asks nothing') : await output.prompter();
  const asked = await askRoots(prompter, (folder) => existsSync(path.resolve(context.currentFolder, folder)));
  return asked.map((root) => path.resolve(context.currentFolder, root));
}

/** The known folders on another machine, through its administrative share. */
function foldersOnHost(host: string, context: Context): readonly string[] {
  const trouble = (cameBack: string, next: string): UsageError =>
    new UsageError({ attempted: 'look for form sets on the host', on: host, cameBack, next });
  if (!/^[\w.-]+$/.test(host)) throw trouble('it is no host name', 'Give a name like TMG01, without \\\\.');
  if (context.platform !== 'win32') {
    throw trouble(
      `\\\\${host}\\C$ can only be opened by Windows`,
      'Mount the share and name the folder with --root, or run this on Windows.',
    );
  }
  const folders = knownTemplateFolders(`\\\\${host}\\C$`).filter((folder) => existsSync(folder));
  if (folders.length > 0) return folders;
  throw trouble(
    `none of the folders where TMG and ISA Server keep form sets can be seen below \\\\${host}\\C$`,
    'See that you can open that share with your account, or name the folder with --root.',
  );
}
