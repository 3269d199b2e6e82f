/** Names and DNs as arguments of commands that are printed for people to run. */

/**
 * The text as one PowerShell argument, in single quotes, in which PowerShell expands nothing. It takes typographic
 * single quotes for quotes too, and a doubled one for the character itself (about_Quoting_Rules). A control character,
 * which would break the line where it is pasted, becomes an expression: ('a' + [char]10 + 'b').
 */
export function quotedForPowerShell(text: string): string {
  const pieces = text.split(controlCharacters);
  if (pieces.length === 1) return inSingleQuotes(text);
  const parts = pieces.map((piece, index) =>
    // Every second piece is a control character, as the pattern captures it.
    index % 2 === 1 ? `[char]${piece.charCodeAt(0)}` : inSingleQuotes(piece),
  );
  return `(${parts.join(' + ')})`;
}

/** C0, DEL, C1 and the two separators that end a line in some terminals. */
const controlCharacters = /(\p{Cc}|\u2028|\u2029)/u;

function inSingleQuotes(text: string): string {
  return `'${text.replace(/['\u2018-\u201B]/g, '$&$&')}'`;
}
