import type { Dialogue } from './dialogue.ts';
import type { Style } from './style.ts';
import { displayWidth, wrap } from './text-width.ts';
import { visible } from './visible.ts';

export interface Paper {
  /** What a line may take, one less than the terminal has: a full line would make it wrap. */
  readonly columns: number;
  /** What all lines may take, one less than the terminal has. */
  readonly rows: number;
  readonly style: Style;
}

export interface Drawing {
  readonly lines: readonly string[];
  readonly cursor: { readonly row: number; readonly column: number };
}

/** Between a question and its answer. */
const separator = '›';

/** Text of any origin in lines that leave room for the sign before the first. */
function wrapBehind(sign: string, text: string, paper: Paper): readonly string[] {
  const indent = displayWidth(sign) + 1;
  return wrap(visible(text), paper.columns, { indent, hangingIndent: indent });
}

/**
 * What is on the screen while a question is open.
 *
 * @param signs The sign before the question and the one before the row that Enter would take.
 * @param problem Why Enter was not accepted.
 */
export function drawOpen<State>(
  dialogue: Dialogue<State, unknown>,
  state: State,
  signs: { readonly question: string; readonly pointer: string },
  problem: string | undefined,
  paper: Paper,
): Drawing & { readonly bodyRows: number } {
  const { columns, style } = paper;
  const { message, inBrackets } = dialogue;
  const words = wrapBehind(signs.question, inBrackets === undefined ? message : `${message} (${inBrackets})`, paper);
  const indent = ' '.repeat(displayWidth(signs.question) + 1);
  const question = words.map((line, index) => {
    const margin = index === 0 ? `${style.note(signs.question)} ` : indent;
    return margin + style.bold(line.trimStart());
  });

  const lead = `${style.dim(separator)} `;
  const behind = displayWidth(`${words.at(-1) ?? ''} ${separator} `);
  const ownLine = columns - behind < Math.max(1, dialogue.entryColumns);
  const entryColumn = ownLine ? displayWidth(`${indent}${separator} `) : behind;
  const entryRow = ownLine ? words.length : words.length - 1;

  const problems = problem === undefined ? [] : wrapBehind(signs.question, problem, paper).map(style.blocker);
  const bodyRows = Math.max(2, paper.rows - entryRow - 1 - problems.length);
  const view = dialogue.view(state, {
    entryColumns: Math.max(2, columns - entryColumn),
    columns,
    rows: bodyRows,
    style,
    pointer: signs.pointer,
  });
  const head = question.join('\n') + (ownLine ? `\n${indent}` : ' ') + lead + view.entry;
  return {
    lines: [...head.split('\n'), ...problems, ...view.rows],
    cursor: { row: entryRow, column: entryColumn + view.cursor },
    bodyRows,
  };
}

/** What stays on the screen when a question is closed: the question, and the answer if there is one. */
export function drawClosed(message: string, answer: string | undefined, sign: string, paper: Paper): Drawing {
  const words = wrapBehind(sign, answer === undefined ? message : `${message} ${separator} ${answer}`, paper);
  const lines = [...`${sign} ${words.join('\n').trimStart()}`.split('\n'), ''];
  return { lines, cursor: { row: lines.length - 1, column: 0 } };
}

/** Draws each drawing over the one before. */
export function canvas(output: { write(text: string): unknown }): (drawing: Drawing) => void {
  let cursorRow = 0;
  return ({ lines, cursor }) => {
    const home = `${cursorRow > 0 ? `\x1b[${cursorRow}A` : ''}\r\x1b[J`;
    const up = lines.length - 1 - cursor.row;
    const place = `${up > 0 ? `\x1b[${up}A` : ''}\r${cursor.column > 0 ? `\x1b[${cursor.column}C` : ''}`;
    cursorRow = cursor.row;
    output.write(home + lines.join('\n') + place);
  };
}
