/** Reading flags: one table a command, errors that name the flag and its nearest neighbour. */

import { parseArgs } from 'node:util';
import { UsageError } from '../errors.ts';
import type { FlagKind, Flags, FlagTable } from '../flags.ts';
import { nearestName } from '../words.ts';

const outputGroup = 'Output';

/** How the output looks; every command has these. */
export const outputFlags = {
  json: {
    kind: 'yes-no',
    help: 'one JSON document on stdout, all else on stderr; nothing is asked',
    group: outputGroup,
  },
  quiet: { kind: 'yes-no', help: 'results only', group: outputGroup },
  verbose: { kind: 'yes-no', help: 'every path, value and line', group: outputGroup },
  'no-color': { kind: 'yes-no', help: 'no colour (NO_COLOR is honoured too)', group: outputGroup },
  help: { kind: 'yes-no', help: 'this help', group: outputGroup },
} as const satisfies FlagTable;

const outcomeGroup = 'Outcome';

/** Accepting findings: all that judge a change have it. */
export const acceptFlags = {
  accept: { kind: 'texts', value: 'ID', help: 'accept a finding by its id (repeatable)', group: outcomeGroup },
} as const satisfies FlagTable;

/** What is done with the change: the remedies and undo have these. */
export const decisionFlags = {
  'dry-run': {
    kind: 'yes-no',
    help: 'stop after the diff; the default without a terminal, if neither --save nor --yes is given',
    group: outcomeGroup,
  },
  save: {
    kind: 'text',
    value: 'FOLDER',
    help: 'write the change folder for review, apply nothing',
    group: outcomeGroup,
  },
  yes: {
    kind: 'yes-no',
    help: 'apply without asking; every choice must come from flags',
    group: outcomeGroup,
  },
  ...acceptFlags,
  reason: { kind: 'text', value: 'TEXT', help: 'why, for the reviewer; sealed with the plan', group: outcomeGroup },
  ticket: { kind: 'text', value: 'ID', help: 'the ticket or change number; sealed with the plan', group: outcomeGroup },
} as const satisfies FlagTable;

/** How long reading may take. */
export const deadlineFlags = {
  deadline: {
    kind: 'text',
    value: 'SECONDS',
    help: 'how long reading may take in all (default 900)',
    group: outcomeGroup,
  },
} as const satisfies FlagTable;

/** Which plan was approved: show, apply and undo have it. */
export const sealFlags = {
  seal: {
    kind: 'text',
    value: 'HEX',
    help: 'the seal that was approved, at least its first 32 digits; another plan is refused',
    group: 'Approval',
  },
} as const satisfies FlagTable;

/** Where an entry is deleted: its name once more. */
export const confirmFlags = {
  confirm: {
    kind: 'text',
    value: 'NAME',
    help: 'the name of what is deleted, once more; required where no question can be asked',
    group: outcomeGroup,
  },
} as const satisfies FlagTable;

/** Watching a directory change arrive. */
export const waitFlags = {
  wait: {
    kind: 'text',
    value: 'SECONDS',
    help: 'directory: watch the change reach every domain controller; exit 1 if one has not received it in time',
    group: outcomeGroup,
  },
} as const satisfies FlagTable;

export interface Arguments<T extends FlagTable> {
  readonly flags: Flags<T>;
  readonly operands: readonly string[];
}

/**
 * Reads a command's arguments by its table.
 * @throws UsageError for a flag that is not in the table, one without its value, or more operands than `operands`
 */
export function readArguments<T extends FlagTable>(
  command: string,
  args: readonly string[],
  table: T,
  operands: readonly string[] = [],
): Arguments<T> {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { kind }]) => [
      name,
      kind === 'yes-no' ? ({ type: 'boolean' } as const) : ({ type: 'string', multiple: kind === 'texts' } as const),
    ]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string[]>();
  const found: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') found.push(token.value);
    if (token.kind !== 'option') continue;
    const kind = Object.hasOwn(table, token.name) ? table[token.name]?.kind : undefined;
    if (kind === undefined) throw unknownFlag(command, token.rawName, Object.keys(table));
    const isNextFlag = token.inlineValue === false && token.value.startsWith('-');
    const value = flagValue(command, kind, token.rawName, isNextFlag ? undefined : token.value);
    values.set(token.name, [...(kind === 'text' ? [] : (values.get(token.name) ?? [])), value]);
  }
  if (found.length > operands.length) throw tooMany(command, found.slice(operands.length), operands);
  const flags = Object.fromEntries(
    Object.entries(table).map(([name, { kind }]) => {
      const given = values.get(name);
      return [name, kind === 'yes-no' ? given !== undefined : kind === 'text' ? given?.at(-1) : (given ?? [])];
    }),
  );
  return { flags: flags as Flags<T>, operands: found };
}

function flagValue(command: string, kind: FlagKind, name: string, value: string | undefined): string {
  if (kind === 'yes-no' && value !== undefined) {
    throw misuse(command, name, 'it takes no value', `Give ${name} alone.`);
  }
  if (kind !== 'yes-no' && (value === undefined || value === '')) {
    throw misuse(
      command,
      name,
      'its value is missing',
      `Give it as ${name} VALUE, or as ${name}=VALUE if the value begins with a hyphen.`,
    );
  }
  return value ?? '';
}

/**
 * A number of seconds that a flag gives; `otherwise` without it.
 * @throws UsageError if it is not a whole number of seconds
 */
export function readSeconds(flag: 'wait' | 'deadline', given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  const seconds = /^\d{1,6}$/.test(given) ? Number(given) : undefined;
  if (seconds !== undefined && (flag === 'wait' || seconds > 0)) return seconds;
  throw new UsageError({
    attempted: `read --${flag}`,
    on: given,
    cameBack: 'it is not a whole number of seconds',
    next: `Give for example --${flag} 600.`,
  });
}

function misuse(command: string, on: string, cameBack: string, next: string): UsageError {
  return new UsageError({
    attempted: command === '' ? 'read the arguments' : `read the arguments of ${command}`,
    on,
    cameBack,
    next,
  });
}

function unknownFlag(command: string, given: string, names: readonly string[]): UsageError {
  const nearest = nearestName(given.replace(/^-+/, ''), names);
  const hint = nearest === undefined ? '' : `Did you mean --${nearest}? `;
  return misuse(
    command,
    given,
    'there is no such flag',
    `${hint}adsi-remedy ${command === '' ? '' : `${command} `}--help lists the flags.`,
  );
}

function tooMany(command: string, surplus: readonly string[], operands: readonly string[]): UsageError {
  const expected = operands.length === 0 ? 'flags only' : `only ${operands.join(' ')}`;
  return misuse(command, surplus.join(' '), `it takes ${expected}`, 'Put a path with spaces in quotes.');
}
