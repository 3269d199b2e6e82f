import { stripVTControlCharacters } from 'node:util';

/** Before every line of a diff. */
export const diffMargin = '    ';

/** Whether a printed line belongs to a diff: it stays as it is, however narrow the terminal, so that it can be copied. */
export function isDiffLine(line: string): boolean {
  return line.startsWith(diffMargin) && /^[-+] /.test(stripVTControlCharacters(line.slice(diffMargin.length)));
}
