/** A relative distinguished name (RFC 4514 2.4) with the value escaped as a directory tool needs it. */
export function rdn(value: string, type = 'CN'): string {
  const escaped = value
    .replace(/[\\,+"<>;=]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replaceAll('\0', '\\00');
  return `${type}=${escaped}`;
}

/** A value, such as a DN, as it stands in a search filter (RFC 4515). */
export function filterValue(value: string): string {
  return value.replace(/[\\*()\0]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Names that AD allows and careless code breaks; 64 characters are the most that cn takes. */
export const nastyNames: readonly string[] = [
  'Public Folder Store (EX, 02)',
  '#1 store',
  'a+b=c',
  'the "old" store',
  'back\\slash',
  ' leading space',
  'trailing space ',
  'a<b>;c',
  'Postfächer für Zürich 郵箱 📬',
  'filter (*) & | ! = ~',
  '\u00a0no-break\u202fspaces',
  'x'.repeat(64),
];
