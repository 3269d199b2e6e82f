/** Shapes of JSON data, and the one place that compares data with them. Data has its shape, no more and no less. */

import { DnSyntaxError, dnDepth } from '../ad/dn.ts';
import { asciiJson } from '../ascii-json.ts';

export type Shape =
  | 'text'
  | 'boolean'
  | 'number'
  /** Any object of JSON, nested no deeper than a plan's own data is. */
  | 'object'
  /** A distinguished name of an entry. */
  | 'dn'
  | RegExp
  | { readonly integer: readonly [least: number, most: number] }
  | { readonly oneOf: readonly string[] }
  | { readonly items: Shape }
  | { readonly members: Readonly<Record<string, Shape>>; readonly optional?: Readonly<Record<string, Shape>> }
  /** An object whose member `kind` says which of these it is. */
  | { readonly kinds: Readonly<Record<string, Shape>> }
  /** Either of two. */
  | { readonly either: readonly [Shape, Shape] };

const deepestJson = 8;

/**
 * The place of the first thing that does not have its shape: "changes[3].splices[0].offset"; undefined if all has.
 *
 * @param at the place of the value itself, for what is within it
 */
export function flawIn(value: unknown, shape: Shape, at = ''): string | undefined {
  if (typeof shape === 'string' || shape instanceof RegExp) return isPlain(value, shape) ? undefined : at;
  if ('integer' in shape) return isInteger(value, shape.integer) ? undefined : at;
  if ('oneOf' in shape) return typeof value === 'string' && shape.oneOf.includes(value) ? undefined : at;
  if ('items' in shape) return flawInItems(value, shape.items, at);
  if ('either' in shape) return flawIn(value, shape.either[0], at) && flawIn(value, shape.either[1], at);
  if ('kinds' in shape) return flawInKind(value, shape.kinds, at);
  return flawInMembers(value, shape.members, shape.optional ?? {}, at);
}

function isPlain(value: unknown, shape: Extract<Shape, string> | RegExp): boolean {
  if (shape === 'text') return typeof value === 'string';
  if (shape === 'boolean') return typeof value === 'boolean';
  if (shape === 'number') return Number.isFinite(value);
  if (shape === 'object') return isObject(value) && isJson(value, deepestJson);
  if (shape === 'dn') return typeof value === 'string' && isDn(value);
  return typeof value === 'string' && shape.test(value);
}

function isDn(text: string): boolean {
  try {
    return dnDepth(text) > 0;
  } catch (error) {
    if (error instanceof DnSyntaxError) return false;
    throw error;
  }
}

function flawInKind(value: unknown, kinds: Readonly<Record<string, Shape>>, at: string): string | undefined {
  if (!isObject(value)) return at;
  const { kind } = value;
  const shape = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  return shape === undefined ? memberOf(at, 'kind') : flawIn(value, shape, at);
}

function isInteger(value: unknown, [least, most]: readonly [number, number]): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most;
}

function flawInItems(value: unknown, shape: Shape, at: string): string | undefined {
  if (!Array.isArray(value)) return at;
  for (const [index, item] of value.entries()) {
    const flaw = flawIn(item, shape, `${at}[${index}]`);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

function flawInMembers(
  value: unknown,
  members: Readonly<Record<string, Shape>>,
  optional: Readonly<Record<string, Shape>>,
  at: string,
): string | undefined {
  if (!isObject(value)) return at;
  for (const [name, shape] of Object.entries(members)) {
    const flaw = flawIn(value[name], shape, memberOf(at, name));
    if (flaw !== undefined) return flaw;
  }
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(members, name)) continue;
    const shape = Object.hasOwn(optional, name) ? optional[name] : undefined;
    // A member that no reader knows could say anything to a person who reads the file.
    const flaw = shape === undefined ? memberOf(at, name) : flawIn(value[name], shape, memberOf(at, name));
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

/** A name that came from the data is shown: it is quoted, in ASCII, where it is not a plain word. */
function memberOf(at: string, name: string): string {
  if (!/^[\w-]+$/.test(name)) return `${at}[${asciiJson(name)}]`;
  return at === '' ? name : `${at}.${name}`;
}

function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (depth === 0) return false;
  const within = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : undefined;
  return within?.every((item) => isJson(item, depth - 1)) ?? false;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The name of a member that stands twice in one object of a JSON text; undefined if there is none. Parsers keep the
 * last one, readers see the first.
 */
export function duplicateMember(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let last: string | undefined;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]/gs)) {
    const names = open.at(-1);
    if (token === ':' && last !== undefined && names !== undefined) {
      const name: unknown = JSON.parse(last);
      if (names.has(String(name))) return String(name);
      names.add(String(name));
    }
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    last = token.startsWith('"') ? token : undefined;
  }
  return undefined;
}
