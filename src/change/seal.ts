/** The seal of a plan: SHA-256 over the canonical form of its JSON, with object members by name and no white space. */

import { createHash } from 'node:crypto';
import { type Change, type Plan, planFormat, planVersion } from './plan.ts';

/** A plan to be sealed; what is left out is empty. */
export type UnsealedPlan<C extends Change = Change> = Omit<Plan<C>, 'format' | 'version' | 'seal' | Defaulted> &
  Partial<Pick<Plan<C>, Defaulted>>;
type Defaulted = 'intent' | 'leftOut' | 'by' | 'exhibits' | 'nextSteps';

/** Seals a plan: any later edit can be detected. */
export function sealPlan<C extends Change>(content: UnsealedPlan<C>): Plan<C> {
  const plan = {
    format: planFormat,
    version: planVersion,
    by: { account: '', computer: '' },
    intent: {},
    leftOut: [],
    exhibits: [],
    nextSteps: [],
    ...content,
  } as const;
  return { ...plan, seal: sealOf(plan) };
}

/** The SHA-256 (hex) over the canonical form of a plan without its seal. */
export function sealOf(plan: Omit<Plan, 'seal'> & { readonly seal?: string }): string {
  const hash = createHash('sha256');
  // Each call of the hash costs more than the few characters of most pieces.
  let pieces = '';
  for (const piece of canonicalForm({ ...plan, seal: undefined })) {
    pieces += piece;
    if (pieces.length < 65_536) continue;
    hash.update(pieces);
    pieces = '';
  }
  return hash.update(pieces).digest('hex');
}

/**
 * Gives the canonical form in pieces, one for each item of a list that is a member of the whole, so that a plan of ten
 * thousand changes is never in memory as one string. Members that are undefined are left out, as JSON does.
 */
export function* canonicalForm(value: Readonly<Record<string, unknown>>): Generator<string> {
  let separator = '{';
  for (const { name, written } of membersOf(Object.keys(value))) {
    const member = value[name];
    if (member === undefined) continue;
    yield separator + written;
    if (Array.isArray(member)) yield* piecesOf(member);
    else yield canonicalText(member);
    separator = ',';
  }
  yield separator === '{' ? '{}' : '}';
}

function* piecesOf(list: readonly unknown[]): Generator<string> {
  let separator = '[';
  for (const item of list) {
    yield separator + canonicalText(item);
    separator = ',';
  }
  yield separator === '[' ? '[]' : ']';
}

/** The canonical JSON of a value: what differs only in white space or in the order of members gives the same text. */
export function canonicalText(value: unknown): string {
  if (!isObject(value)) return JSON.stringify(value);
  let text = '';
  let separator = '';
  if (Array.isArray(value)) {
    for (const item of value) {
      text += separator + canonicalText(item);
      separator = ',';
    }
    return `[${text}]`;
  }
  for (const { name, written } of membersOf(Object.keys(value))) {
    const member = value[name];
    if (member === undefined) continue;
    text += separator + written + canonicalText(member);
    separator = ',';
  }
  return `{${text}}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

interface MemberName {
  readonly name: string;
  /** As JSON writes it, with the colon. */
  readonly written: string;
}

/** Names of members as objects have them, and the same in their canonical order. */
interface Shape {
  readonly names: readonly string[];
  readonly members: readonly MemberName[];
}

/** A plan has tens of thousands of objects of a few shapes: sorting each of them would take longer than everything else. */
const knownShapes: Shape[] = [];
const mostShapes = 32;

/** The names in the order of their UTF-16 code units. */
function membersOf(names: readonly string[]): readonly MemberName[] {
  for (const known of knownShapes) if (isSameList(known.names, names)) return known.members;
  const members = names.toSorted().map((name) => ({ name, written: `${JSON.stringify(name)}:` }));
  if (knownShapes.length < mostShapes) knownShapes.push({ names, members });
  return members;
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
}
