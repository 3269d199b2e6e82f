/**
 * The steps that a remedy's findings have: what a plan holds of each, and what the remedy makes of that. A finding itself
 * holds no command: whoever edits a plan would have the tool print it.
 */

import type { NextStep } from '../change/findings.ts';
import { flawIn, type Shape } from '../change/json-shape.ts';
import { hostPattern } from '../quoting.ts';
import type { Leads, Step } from './remedy.ts';

/** What a parameter may be. */
const shapes = {
  /**
   * A name as the directory has it, or a part of a command that has no other shape; '' for none. A name that lost a
   * naming conflict holds a line feed: commands quote it, or leave it out.
   */
  name: 'text',
  names: { items: 'text' },
  dn: 'dn',
  dns: { items: 'dn' },
  host: hostPattern,
  hosts: { items: hostPattern },
  /** The name of an attribute or class. */
  attribute: /^[A-Za-z][A-Za-z0-9-]*$/,
  attributes: { items: /^[A-Za-z][A-Za-z0-9-]*$/ },
  number: { integer: [0, Number.MAX_SAFE_INTEGER] },
  /** A number that may be larger than JSON holds exactly. */
  digits: /^\d{1,20}$/,
  flag: 'boolean',
} as const satisfies Readonly<Record<string, Shape>>;

type Kind = keyof typeof shapes;

interface ValueOf extends Record<Kind, unknown> {
  readonly name: string;
  readonly names: readonly string[];
  readonly dn: string;
  readonly dns: readonly string[];
  readonly host: string;
  readonly hosts: readonly string[];
  readonly attribute: string;
  readonly attributes: readonly string[];
  readonly number: number;
  readonly digits: string;
  readonly flag: boolean;
}

type Parameters = Readonly<Record<string, Kind>>;

type Values<P extends Parameters> = { readonly [Name in keyof P]: ValueOf[P[Name]] };

/** A kind of step: what a plan holds of it, and its words. */
export interface StepKind<P extends Parameters = Parameters> {
  readonly parameters: P;
  /** Undefined where a parameter is missing, unknown, or not what it may be. */
  inWords(step: NextStep, leads: Leads): Step | undefined;
}

/**
 * A kind of step with these parameters.
 *
 * @param drawn its words; commands alone where these say it all
 */
export function stepKind<const P extends Parameters>(
  parameters: P,
  drawn: (values: Values<P>, leads: Leads) => Step | readonly string[],
): StepKind<P> {
  return {
    parameters,
    inWords: (step, leads) => {
      if (!hasValues(step, parameters)) return undefined;
      const words = drawn(step, leads);
      return 'text' in words ? words : { text: '', commands: words };
    },
  };
}

function hasValues<P extends Parameters>(step: NextStep, parameters: P): step is NextStep & Values<P> {
  const members = Object.fromEntries(Object.entries(parameters).map(([name, kind]) => [name, shapes[kind]]));
  return flawIn(step, { members: { id: 'text', ...members } }) === undefined;
}

/** The steps of one remedy's findings. */
export interface FindingSteps<T extends Readonly<Record<string, StepKind>>> {
  /** A step as a finding holds it. */
  of<Id extends keyof T & string>(id: Id, values: Values<T[Id]['parameters']>): NextStep;
  /** A step in words; undefined for one that is none of these. */
  inWords(step: NextStep, leads: Leads): Step | undefined;
}

/** The steps of these kinds, each by its id. */
export function findingSteps<T extends Readonly<Record<string, StepKind>>>(kinds: T): FindingSteps<T> {
  return {
    of: (id, values) => ({ id, ...values }),
    inWords: (step, leads) => (Object.hasOwn(kinds, step.id) ? kinds[step.id]?.inWords(step, leads) : undefined),
  };
}
