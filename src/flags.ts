/** What a flag is: the one source of reading arguments, of --help, of completion and of the README's tables. */

/** yes-no: given or not · text: one value, the last one counts · texts: repeatable. */
export type FlagKind = 'yes-no' | 'text' | 'texts';

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

export type FlagTable = Readonly<Record<string, Flag>>;

type FlagValue<K extends FlagKind> = K extends 'yes-no'
  ? boolean
  : K extends 'text'
    ? string | undefined
    : readonly string[];

/** What was given for the flags of a table. */
export type Flags<T extends FlagTable = FlagTable> = { readonly [Name in keyof T]: FlagValue<T[Name]['kind']> };
