/** Paths as the screen tells them. */

import path from 'node:path';
import type { Context } from './context.ts';

/** A path as short as it can be told from here. */
export function shownPath(file: string, context: Context): string {
  const relative = path.relative(context.currentFolder, file);
  return relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}

/** A path or name as it can be pasted into a command line. */
export function quoted(argument: string): string {
  return /^[\w./\\:@%+=-]+$/.test(argument) ? argument : `"${argument}"`;
}
