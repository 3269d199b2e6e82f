/** How text looks: its colours by meaning, and the signs that a terminal can show. */

import { styleText } from 'node:util';

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

/** Signs are one column wide, except the ellipsis and the arrows. */
export interface Signs {
  /** Before a question: open, answered, cancelled, left with Escape. */
  readonly question: {
    readonly open: string;
    readonly answered: string;
    readonly cancelled: string;
    readonly back: string;
  };
  /** Before the choice that Enter would select. */
  readonly pointer: string;
  /** Between a question and its answer. */
  readonly separator: string;
  readonly bullet: string;
  /** Between the parts of a line. */
  readonly middleDot: string;
  readonly ellipsis: string;
  /** Points from a remark to the left. */
  readonly arrow: string;
  /** Between an old and a new value. */
  readonly becomes: string;
  /** Between the ends of a range. */
  readonly to: string;
  /** Between a number and the thing that it counts. */
  readonly times: string;
  /** A column that is filled, and the columns that are filled in part, from the least. */
  readonly bar: { readonly full: string; readonly parts: readonly string[] };
  /** Before a node of a tree: more nodes follow, the last node; and the line past a node that more follow. */
  readonly tree: { readonly branch: string; readonly last: string; readonly line: string; readonly dash: string };
}

/** Signs of a terminal that shows all of Unicode. */
export const unicodeSigns: Signs = {
  question: { open: '?', answered: '✔', cancelled: '✖', back: '←' },
  pointer: '▸',
  separator: '›',
  bullet: '•',
  middleDot: '·',
  ellipsis: '…',
  arrow: '←',
  becomes: '→',
  to: '–',
  times: '×',
  bar: { full: '█', parts: ['▏', '▎', '▍', '▌', '▋', '▊', '▉'] },
  tree: { branch: '├', last: '└', line: '│', dash: '─' },
};

/** Signs of a terminal that shows only ASCII. */
export const asciiSigns: Signs = {
  question: { open: '?', answered: '+', cancelled: 'x', back: '<' },
  pointer: '>',
  separator: '>',
  bullet: '*',
  middleDot: '-',
  ellipsis: '...',
  arrow: '<-',
  becomes: '->',
  to: '-',
  times: 'x',
  bar: { full: '#', parts: [] },
  tree: { branch: '+', last: '`', line: '|', dash: '-' },
};

/** The parts of the environment that decide about a terminal's signs and abilities. */
export interface TerminalEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
}

/**
 * The signs that a terminal can show. On systems other than Windows the locale decides (POSIX.1-2017, XBD 8.2: LC_ALL, then
 * LC_CTYPE, then LANG; "C" if none is set). On Windows the terminal program does: Windows Terminal and Visual Studio Code
 * have a font with all signs, and the fonts of the older console do not.
 */
export function signsFor({ env, platform }: TerminalEnvironment): Signs {
  if (env['TERM'] === 'dumb' || env['TERM'] === 'linux') return asciiSigns;
  if (platform === 'win32') {
    const hasFont = env['WT_SESSION'] !== undefined || env['TERM_PROGRAM'] === 'vscode';
    return hasFont ? unicodeSigns : asciiSigns;
  }
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || 'C';
  return /utf-?8/i.test(locale) ? unicodeSigns : asciiSigns;
}

/** Whether the cursor can be moved, so that lines can be redrawn. A terminal of the type "dumb" prints escape sequences. */
export function canRedraw({ env }: Pick<TerminalEnvironment, 'env'>): boolean {
  return env['TERM'] !== 'dumb';
}

/** The signs that sentences of ours hold. */
const signsOfSentences = ['ellipsis', 'middleDot', 'bullet', 'separator', 'arrow', 'becomes', 'to', 'times'] as const;

/** A sentence of ours with the signs of the set. Use it for text, not for paths, DNs and commands that are copied. */
export function inSigns(text: string, signs: Signs): string {
  if (signs === unicodeSigns) return text;
  return signsOfSentences.reduce((shown, name) => shown.replaceAll(unicodeSigns[name], signs[name]), text);
}
