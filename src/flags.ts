/**
 * What a flag is, and how a command's arguments are read by its table of flags: the source also of --help, of
 * completion and of the README.
 */

import { parseArgs } from 'node:util';
import { UsageError } from './errors.ts';
import { nearestName } from './words.ts';

/** yes-no: given or not · text: one value, the last one counts · texts: repeatable. */
type FlagKind = 'yes-no' | 'text' | 'texts';

/** A flag of a command. */
export interface Flag {
  readonly kind: FlagKind;
  /** The placeholder of its value: "DAYS"; none for yes-no. */
  readonly value?: string;
  /** What it does, in a sentence or two without a final full stop. */
  readonly help: string;
  /** Its heading in --help. */
  readonly group: string;
  /** The values it takes, where there are only these: for errors and completion. */
  readonly values?: readonly string[];
}

/** Flags by their names, without hyphens. */
export type FlagTable = Readonly<Record<string, Flag>>;

type FlagValue<K extends FlagKind> = K extends 'yes-no'
  ? boolean
  : K extends 'text'
    ? string | undefined
    : readonly string[];

/** What was given for the flags of a table. */
export type Flags<T extends FlagTable = FlagTable> = { readonly [Name in keyof T]: FlagValue<T[Name]['kind']> };

/** The arguments of a command, read. `operands` are those that are no flags, in their order. */
interface Arguments<T extends FlagTable> {
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
    throw misuse(command, name, 'it takes no value', `Give ${name} without a value.`);
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

/** Without a flag: nothing is waited for, and reading may take a quarter of an hour in all. */
const secondsByDefault = { wait: 0, deadline: 900 } as const;

/**
 * A number of seconds that a flag gives, or its default.
 * @throws UsageError if it is not a whole number of seconds, or 0 for a deadline
 */
export function readSeconds(flag: 'wait' | 'deadline', given: string | undefined): number {
  if (given === undefined) return secondsByDefault[flag];
  const seconds = /^\d{1,6}$/.test(given) ? Number(given) : undefined;
  if (seconds !== undefined && (flag === 'wait' || seconds > 0)) return seconds;
  throw new UsageError({
    attempted: `read --${flag}`,
    on: given,
    cameBack: `it is not a whole number of seconds${seconds === undefined ? '' : ' above 0'}`,
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
