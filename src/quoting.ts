/** Names, paths, commands and JSON, quoted so that nothing in them acts on a shell, a terminal or the text around them. */

import path from 'node:path';
import { UsageError } from './errors.ts';

/** Where a command is printed, and run unchanged. */
export interface Shell {
  /** The folder that relative paths start from. */
  readonly currentFolder: string;
  readonly platform: NodeJS.Platform;
  /** How this tool was started, as the words before its arguments: ["npx", "adsi-remedy@1.0.0"]. */
  readonly program: readonly string[];
}

/**
 * Characters that act on a terminal or on the order of the text around them, or are not drawn at all, so that a name can
 * look like another one: C0 and C1 controls, line and paragraph separators, halves of surrogate pairs, and (Unicode
 * properties Cf and Default_Ignorable_Code_Point) bidirectional marks, embeddings and isolates, joiners, zero-width
 * spaces, variation selectors; and the Braille pattern without dots, which no label holds.
 */
export const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800]/u;

/** A path as short as it can be named from here. */
export function shownPath(file: string, { currentFolder }: Pick<Shell, 'currentFolder'>): string {
  const relative = path.relative(currentFolder, file);
  if (relative.startsWith('..') || path.isAbsolute(relative)) return file;
  if (relative === '') return '.';
  // A path that begins with a hyphen would be taken for an option.
  return relative.startsWith('-') ? `.${path.sep}${relative}` : relative;
}

/** A host that can be put into a command of any shell as it is. */
export const hostPattern = /^\w[\w.-]*$/;

/** Whether a name can be put into a command as a host, unquoted in every shell: in a plan it may be anything. */
export function isHost(name: string): boolean {
  return hostPattern.test(name);
}

/** A host in a command; "DC" in place of a name that cannot be put into one. */
export function hostInCommand(name: string): string {
  return isHost(name) ? name : 'DC';
}

/** A command of this tool, as it was started: by npx, from a clone, or installed. @throws UsageError as quotedWord does */
export function commandLine(
  words: readonly string[],
  { program, platform }: Pick<Shell, 'program' | 'platform'>,
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
  // Within double quotes both shells keep all characters except these: cmd puts in the value of %NAME%, PowerShell that
  // of $name, and typographic double quotes end the word there.
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
 * Call this before anything is written: the end of a run prints commands with the folder's name.
 * @throws UsageError if it can't be part of a command
 */
export function requireQuotable(folder: string, shell: Pick<Shell, 'currentFolder' | 'platform'>): void {
  quotedWord(shownPath(folder, shell), shell.platform);
}

function unquotable(word: string, cameBack: string): UsageError {
  return new UsageError({
    attempted: 'write a command to be copied',
    on: word,
    cameBack,
    next: 'Give it another name, without such characters.',
  });
}

/**
 * The text as one PowerShell argument, in single quotes, in which PowerShell expands nothing. It takes typographic
 * single quotes for quotes too, and a doubled one for the character itself (about_Quoting_Rules). A character that is not
 * seen, or would break the line where it is pasted, becomes an expression: ('a' + [char]10 + 'b').
 */
export function quotedForPowerShell(text: string): string {
  const pieces = text.split(unseenCharacters);
  if (pieces.length === 1) return inSingleQuotes(text);
  const parts = pieces.map((piece, index) =>
    // Every second piece is such a character, as the pattern captures it; .NET has it in units of UTF-16.
    index % 2 === 1
      ? [...Array(piece.length).keys()].map((unit) => `[char]${piece.charCodeAt(unit)}`).join(' + ')
      : inSingleQuotes(piece),
  );
  return `(${parts.join(' + ')})`;
}

const unseenCharacters = new RegExp(`(${unseen.source})`, 'u');

function inSingleQuotes(text: string): string {
  return `'${text.replace(/['\u2018-\u201B]/g, '$&$&')}'`;
}

/**
 * JSON in ASCII: PowerShell 5.1 decodes what it reads from a pipe with the OEM code page, and no character of it acts
 * on a terminal.
 *
 * @param indent how many spaces a level; none for one line
 */
export function asciiJson(value: unknown, indent?: number): string {
  return String(JSON.stringify(value, undefined, indent)).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
