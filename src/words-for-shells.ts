/** Names and DNs as arguments of commands that are printed for people to run. */

import { unseen } from './unseen.ts';

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
