/** How a list of choices is drawn: in full where there is room, else by pages, with the choice at the pointer in full. */

import type { Space } from './dialogue.ts';
import type { Style } from './style.ts';
import { displayWidth, pad, truncate, wrap } from './text-width.ts';

/** A choice as it is drawn; its texts have no control characters. */
export interface DrawnChoice {
  readonly label: string;
  /** Its hint, or why it is disabled. */
  readonly aside: string | undefined;
  /** The box before the label, if the choice can be marked. */
  readonly box: string;
  readonly isDisabled: boolean;
  readonly hasPointer: boolean;
}

export interface DrawnList {
  /** Those that match the filter. */
  readonly choices: readonly DrawnChoice[];
  /** The width of the column of labels; 0 if the hints are no column. */
  readonly labelColumns: number;
  /** The parts of the help line, joined with a dot. */
  readonly help: readonly string[];
}

/** Rows, columns and signs of the space for a list and its help. */
export type ListSpace = Omit<Space, 'entryColumns'>;

/** The choices of the page with the one at the pointer, all of them if they fit, and the help below. */
export function choiceRows(list: DrawnList, space: ListSpace): readonly string[] {
  const { choices } = list;
  const help = helpRows(list.help, space);
  const whole = choices.map((choice) => linesOf(choice, list, space));
  if (whole.flat().length + help.length <= space.rows) return [...whole.flat(), ...help];
  const { size, more } = pageOf(list, whole, space);
  const position = Math.max(
    0,
    choices.findIndex(({ hasPointer }) => hasPointer),
  );
  const top = Math.floor(position / size) * size;
  const rows = choices.slice(top, top + size).flatMap((choice, index) => {
    const lines = whole[top + index] ?? [];
    return lines.length === 1 || (choice.hasPointer && lines.length <= more + 1)
      ? lines
      : [cutLine(choice, list, space)];
  });
  const place = choices.length > size ? [`${position + 1} of ${choices.length}`] : [];
  return [...rows, ...helpRows([...place, ...list.help], space)];
}

/** How many choices are on a page. */
export function pageSize(list: DrawnList, space: ListSpace): number {
  const whole = list.choices.map((choice) => linesOf(choice, list, space));
  return pageOf(list, whole, space).size;
}

/** A page, and the rows that it keeps free for the further lines of the choice at the pointer. */
function pageOf(
  { choices, help }: DrawnList,
  whole: readonly (readonly string[])[],
  space: ListSpace,
): { readonly size: number; readonly more: number } {
  const longest = Math.max(1, ...whole.map(({ length }) => length));
  const more = Math.max(0, Math.min(longest - 1, Math.floor((space.rows - 4) / 3)));
  const count = choices.length;
  const below = helpRows([`${count} of ${count}`, ...help], space).length;
  return { size: Math.max(1, space.rows - below - more), more };
}

/** The help in full if that leaves most rows to the choices, else a line of it. */
function helpRows(parts: readonly string[], { columns, rows, style }: ListSpace): readonly string[] {
  const { middleDot, ellipsis } = style.signs;
  const help = parts.join(` ${middleDot} `);
  const lines = wrap(help, columns, { indent: 2, hangingIndent: 2 });
  const shown = lines.length <= Math.max(1, Math.floor(rows / 4)) ? lines : [truncate(`  ${help}`, columns, ellipsis)];
  return shown.map(style.dim);
}

/** All of a choice: the hint beside the label, in a column if the hints are one, or below the label. */
function linesOf(choice: DrawnChoice, { labelColumns }: DrawnList, { columns, style }: ListSpace): readonly string[] {
  const lead = leadOf(choice, style);
  const indent = displayWidth(lead);
  const further = ' '.repeat(indent + 2);
  const { aside } = choice;
  const [first = '', ...rest] = wrap(choice.label, Math.max(1, columns - indent - 2));
  const labels = [lead + first, ...rest.map((line) => further + line)];
  if (aside === undefined) return labels.map((line) => painted(choice, line, '', style));
  const head = pad(labels[0] ?? '', indent + labelColumns);
  if (rest.length === 0 && displayWidth(head) + 2 + displayWidth(aside) <= columns) {
    return [painted(choice, head, `  ${aside}`, style)];
  }
  if (labelColumns === 0) {
    const asides = wrap(aside, Math.max(1, columns - indent - 2)).map((line) =>
      painted(choice, '', further + line, style),
    );
    return [...labels.map((line) => painted(choice, line, '', style)), ...asides];
  }
  const margin = ' '.repeat(indent + labelColumns + 2);
  return wrap(aside, Math.max(1, columns - margin.length)).map((line, index) =>
    index === 0 ? painted(choice, head, `  ${line}`, style) : painted(choice, '', margin + line, style),
  );
}

/** As much of a choice as one line holds. */
function cutLine(choice: DrawnChoice, { labelColumns }: DrawnList, { columns, style }: ListSpace): string {
  const { ellipsis } = style.signs;
  const lead = leadOf(choice, style);
  const columnsOfLabel = choice.aside === undefined ? 0 : displayWidth(lead) + labelColumns;
  const head = truncate(pad(lead + choice.label, columnsOfLabel), columns, ellipsis);
  const rest = choice.aside === undefined ? '' : truncate(`  ${choice.aside}`, columns - displayWidth(head), ellipsis);
  return painted(choice, head, rest, style);
}

function leadOf({ hasPointer, box }: DrawnChoice, { signs: { pointer } }: Style): string {
  return `${hasPointer ? pointer : ' '.repeat(displayWidth(pointer))} ${box}`;
}

function painted({ isDisabled, hasPointer }: DrawnChoice, label: string, aside: string, style: Style): string {
  if (isDisabled) return style.dim(label + aside);
  return (hasPointer ? style.focused(label) : label) + style.dim(aside);
}
