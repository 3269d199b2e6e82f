/** Commands as they are printed: they run unchanged where they are printed. */

import path from 'node:path';
import { UsageError } from '../errors.ts';
import { unseen } from '../unseen.ts';
import type { Context } from './context.ts';

/** A path as short as it can be named from here. */
export function shownPath(file: string, { currentFolder }: Pick<Context, 'currentFolder'>): string {
  const relative = path.relative(currentFolder, file);
  if (relative.startsWith('..') || path.isAbsolute(relative)) return file;
  if (relative === '') return '.';
  // What begins with a hyphen would be taken for an option.
  return relative.startsWith('-') ? `.${path.sep}${relative}` : relative;
}

/** A command of this tool, as it was started: by npx, from a clone, or installed. */
export function commandLine(
  words: readonly string[],
  { program, platform }: Pick<Context, 'program' | 'platform'>,
): string {
  return [...program, ...words].map((word) => quotedWord(word, platform)).join(' ');
}

/**
 * A word as it can be pasted into a command line: of sh, or on Windows of both cmd and PowerShell.
 * @throws UsageError for a word that no quoting keeps as it is there
 */
export function quotedWord(word: string, platform: NodeJS.Platform): string {
  if (/[\u0000-\u001f\u007f]/.test(word)) throw unquotable(word, 'it holds a control character');
  if (platform !== 'win32') {
    return /^[\w./:@%+=,-]+$/.test(word)
      ? word
      : `'${word.replaceAll("'", String.raw`'\''`).replace(everyUnseen, printed)}'`;
  }
  // PowerShell takes an @ at the beginning for more than a character.
  if (/^[\w./\\:+=-][\w./\\:@+=-]*$/.test(word)) return word;
  // Within double quotes both shells keep all but these: cmd puts in the value of %NAME%, PowerShell that of $name, and
  // typographic double quotes end the word there.
  if (/["\u201C-\u201E`%]|\$[\w({?^$:]/.test(word))
    throw unquotable(word, 'cmd and PowerShell read it in different ways');
  // A backslash before the closing quote would take that for part of the word.
  return `"${word.replace(/\\+$/, '$&$&')}"`;
}

const everyUnseen = new RegExp(unseen, 'gu');

/** A character that is not seen, within single quotes of sh: seen there as the bytes that printf puts in its place. */
function printed(character: string): string {
  const bytes = [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`);
  return `'"$(printf '${bytes.join('')}')"'`;
}

/**
 * To be called before anything is written: the end of a run prints commands with the folder's name.
 * @throws UsageError if it can't be part of a command
 */
export function requireQuotable(folder: string, context: Pick<Context, 'currentFolder' | 'platform'>): void {
  quotedWord(shownPath(folder, context), context.platform);
}

function unquotable(word: string, cameBack: string): UsageError {
  return new UsageError({
    attempted: 'write a command to be copied',
    on: word,
    cameBack,
    next: 'Give it another name, without such characters.',
  });
}
