import { styleText } from 'node:util';
import { type Signs, unicodeSigns } from './signs.ts';

/** How text of each meaning looks. Make control characters visible (`visible`) and fit the text (`truncate`, `wrap`, `table`) before you style it. */
export interface Style {
  readonly removed: (text: string) => string;
  readonly added: (text: string) => string;
  /** The part of a removed or added line that differs; may be nested in those two. */
  readonly changedWord: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly blocker: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly note: (text: string) => string;
  readonly heading: (text: string) => string;
  /** The choice that Enter would select. */
  readonly focused: (text: string) => string;
  /** The signs that the terminal can show. */
  readonly signs: Signs;
}

type Format = Parameters<typeof styleText>[0];

/** The style with colours, or a style that leaves every text as it is. The caller decides about colours and signs. */
export function createStyle(color: boolean, signs: Signs = unicodeSigns): Style {
  const paint = (format: Format) => (text: string) =>
    color && text !== '' ? styleText(format, text, { validateStream: false }) : text;
  return {
    removed: paint('red'),
    added: paint('green'),
    changedWord: paint('inverse'),
    dim: paint('dim'),
    bold: paint('bold'),
    blocker: paint(['bold', 'red']),
    warning: paint('yellow'),
    note: paint('cyan'),
    heading: paint(['bold', 'underline']),
    focused: paint('cyan'),
    signs,
  };
}
