/** Shapes of JSON data, and the one place that compares data with them. Data must match its shape exactly. */

import { DnSyntaxError, dnDepth } from '../ad/dn.ts';
import { asciiJson } from '../quoting.ts';

/** Data as JSON holds it. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** The texts in a list of an intent or a next step; [] of anything that is no list. */
export function stringsIn(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one: JsonValue) => typeof one === 'string') : [];
}

/** The shape that a value of JSON is to have. */
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
  /** `distinctBy` names the text of an item that no other item has, in any letter case. */
  | { readonly items: Shape; readonly distinctBy?: string }
  | { readonly members: Readonly<Record<string, Shape>>; readonly optional?: Readonly<Record<string, Shape>> }
  /** An object whose member `kind` says which of these it is. */
  | { readonly kinds: Readonly<Record<string, Shape>> }
  /** Either of two. */
  | { readonly either: readonly [Shape, Shape] };

const deepestJson = 8;

/** The place of the first thing that does not have its shape: "changes[3].splices[0].offset"; undefined if all has. */
export function flawIn(value: unknown, shape: Shape): string | undefined {
  return placeOfFlaw(value, shape)?.reduce<string>(placeWithin, '');
}

type Place = readonly (string | number)[];

function placeOfFlaw(value: unknown, shape: Shape): Place | undefined {
  if (typeof shape === 'string' || shape instanceof RegExp) return isPlain(value, shape) ? undefined : [];
  if ('integer' in shape) return isInteger(value, shape.integer) ? undefined : [];
  if ('oneOf' in shape) return typeof value === 'string' && shape.oneOf.includes(value) ? undefined : [];
  if ('items' in shape) return flawInItems(value, shape.items, shape.distinctBy);
  if ('either' in shape) return placeOfFlaw(value, shape.either[0]) && placeOfFlaw(value, shape.either[1]);
  if ('kinds' in shape) return flawInKind(value, shape.kinds);
  return flawInMembers(value, shape.members, shape.optional ?? {});
}

function isPlain(value: unknown, shape: Extract<Shape, string> | RegExp): boolean {
  if (shape === 'text') return typeof value === 'string';
  if (shape === 'boolean') return typeof value === 'boolean';
  if (shape === 'number') return Number.isFinite(value);
  if (shape === 'object') return isObject(value) && isJson(value, deepestJson);
  if (shape === 'dn') return typeof value === 'string' && isDn(value);
  return typeof value === 'string' && shape.test(value);
}

/** UTF-8 has no half characters: such a DN would be sent as another one than is shown. */
function isDn(text: string): boolean {
  try {
    return !/\p{Surrogate}/u.test(text) && dnDepth(text) > 0;
  } catch (error) {
    if (error instanceof DnSyntaxError) return false;
    throw error;
  }
}

function flawInKind(value: unknown, kinds: Readonly<Record<string, Shape>>): Place | undefined {
  if (!isObject(value)) return [];
  const { kind } = value;
  const shape = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  return shape === undefined ? ['kind'] : placeOfFlaw(value, shape);
}

function isInteger(value: unknown, [least, most]: readonly [number, number]): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most;
}

function flawInItems(value: unknown, shape: Shape, distinctBy: string | undefined): Place | undefined {
  if (!Array.isArray(value)) return [];
  const known = new Set<string>();
  for (const [index, item] of value.entries()) {
    const flaw = placeOfFlaw(item, shape);
    if (flaw !== undefined) return [index, ...flaw];
    if (distinctBy === undefined) continue;
    const key = isObject(item) ? String(item[distinctBy]).toLowerCase() : '';
    if (known.has(key)) return [index, distinctBy];
    known.add(key);
  }
  return undefined;
}

function flawInMembers(
  value: unknown,
  members: Readonly<Record<string, Shape>>,
  optional: Readonly<Record<string, Shape>>,
): Place | undefined {
  if (!isObject(value)) return [];
  for (const name of Object.keys(members)) {
    const flaw = flawInMember(value, name, members);
    if (flaw !== undefined) return flaw;
  }
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(members, name)) continue;
    const flaw = flawInMember(value, name, optional);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

/** A member outside the shape could mislead a reader of the file. */
function flawInMember(
  value: Readonly<Record<string, unknown>>,
  name: string,
  shapes: Readonly<Record<string, Shape>>,
): Place | undefined {
  const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  const flaw = shape === undefined ? [] : placeOfFlaw(value[name], shape);
  return flaw && [name, ...flaw];
}

/** A name that came from the data is shown: it is quoted, in ASCII, where it is not a plain word. */
function placeWithin(at: string, step: string | number): string {
  if (typeof step === 'number') return `${at}[${step}]`;
  if (!/^[\w-]+$/.test(step)) return `${at}[${asciiJson(step)}]`;
  return at === '' ? step : `${at}.${step}`;
}

function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (depth === 0) return false;
  const within = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : undefined;
  return within?.every((item) => isJson(item, depth - 1)) ?? false;
}

/** Whether it is an object of JSON: no list and not null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The name of a member that occurs twice in one object of a JSON text; undefined if there is none. Parsers keep the
 * last one, readers see the first.
 */
export function duplicateMember(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(json, at);
      const names = isName(json, end) ? open.at(-1) : undefined;
      if (names !== undefined) {
        const name = nameIn(json.slice(at + 1, end - 1));
        if (names.has(name)) return name;
        names.add(name);
      }
      at = end - 1;
    }
  }
  return undefined;
}

/** Most names hold nothing that is escaped, and there are many. */
function nameIn(written: string): string {
  return written.includes('\\') ? String(JSON.parse(`"${written}"`)) : written;
}

/** The place behind the quotation mark that ends the string of JSON that begins at `from`. */
function endOfString(json: string, from: number): number {
  let end = json.indexOf('"', from + 1);
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end + 1;
}

/** Whether an odd number of backslashes is before this place. */
function isEscaped(json: string, place: number): boolean {
  let before = place;
  while (json[before - 1] === '\\') before -= 1;
  return (place - before) % 2 === 1;
}

/** Whether a string of JSON that ends before this place is the name of a member. */
function isName(json: string, end: number): boolean {
  let next = end;
  while (' \t\r\n'.includes(json[next] ?? ':')) next += 1;
  return json[next] === ':';
}
