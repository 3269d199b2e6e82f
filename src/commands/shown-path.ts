/** Paths as the screen tells them. */

import path from 'node:path';
import type { Context } from './context.ts';

/** A path as short as it can be told from here. */
export function shownPath(file: string, context: Context): string {
  const relative = path.relative(context.currentFolder, file);
  if (relative.startsWith('..') || path.isAbsolute(relative)) return file;
  // What begins with a hyphen would be taken for an option.
  return relative.startsWith('-') ? `.${path.sep}${relative}` : relative;
}

/** A path or name as it can be pasted into a command line, where a shell would not put something else in its place. */
export function quoted(argument: string): string {
  if (/^[\w./\\:@%+=-]+$/.test(argument)) return argument;
  return /[$`"!]/.test(argument) ? `'${argument.replaceAll("'", "'\\''")}'` : `"${argument}"`;
}
