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
