/** JSON Schema, as far as the schemas of the package use it: made from a shape, and compared with a document. */

import { readFileSync } from 'node:fs';
import { isObject, type Shape } from '../../src/change/json-shape.ts';

export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

export const schemaFolder = new URL('../../templates/schema/', import.meta.url);

/** The schema of what has a shape. */
export function schemaOf(shape: Shape): JsonSchema {
  if (shape === 'text' || shape === 'dn') return { type: 'string' };
  if (shape === 'boolean') return { type: 'boolean' };
  if (shape === 'number' || shape === 'object') return { type: shape };
  if (shape instanceof RegExp) return { type: 'string', pattern: patternOf(shape) };
  if ('integer' in shape) return { type: 'integer', minimum: shape.integer[0], maximum: shape.integer[1] };
  if ('oneOf' in shape) return { enum: shape.oneOf };
  if ('items' in shape) return { type: 'array', items: schemaOf(shape.items) };
  if ('either' in shape) return { anyOf: shape.either.map(schemaOf) };
  if ('kinds' in shape) {
    const kinds = Object.entries(shape.kinds).map(([kind, member]) => ofKind(schemaOf(member), kind));
    return kinds.length === 1 ? (kinds[0] ?? false) : { anyOf: kinds };
  }
  const members = { ...shape.members, ...shape.optional };
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(members).map(([name, member]) => [name, schemaOf(member)])),
    required: Object.keys(shape.members),
    additionalProperties: false,
  };
}

const wholeCharacters = String.raw`(?:[^\ud800-\udfff]|[\ud800-\udbff][\udc00-\udfff])`;

/**
 * A pattern has no flags in a schema: the hex digits of GUIDs are named in both cases. It knows no Unicode properties either,
 * which the patterns of Python and .NET lack, and a pair of surrogates may count as one character or as two.
 */
function patternOf({ source, flags }: RegExp): string {
  const portable = source.replaceAll(String.raw`\P{Surrogate}`, wholeCharacters);
  return flags.includes('i') ? portable.replaceAll('a-f', 'a-fA-F') : portable;
}

function ofKind(schema: JsonSchema, kind: string): JsonSchema {
  if (typeof schema === 'boolean' || !isObject(schema['properties'])) return schema;
  return { ...schema, properties: { ...schema['properties'], kind: { const: kind } } };
}

/** The schema in a file of templates/schema: "plan". */
export function packagedSchema(name: string): JsonSchema {
  return JSON.parse(readFileSync(new URL(`${name}.schema.json`, schemaFolder), 'utf8'));
}

/** The keywords that are compared, and those that say nothing of the data. A schema with another one is refused. */
const known = new Set(
  '$schema $defs title description $ref type properties required additionalProperties items enum const pattern minimum maximum anyOf'.split(
    ' ',
  ),
);

/** The places where a document does not follow a schema of the package, each with the keyword that says so. */
export function breaches(document: unknown, schema: JsonSchema, root: JsonSchema = schema, at = '$'): string[] {
  if (typeof schema === 'boolean') return schema ? [] : [`${at}: nothing may be here`];
  const unknown = Object.keys(schema).filter((keyword) => !known.has(keyword));
  if (unknown.length > 0) throw new RangeError(`this keyword is not compared here: ${unknown.join(', ')}`);
  return [
    ...ofReference(document, schema['$ref'], root, at),
    ...ofValue(document, schema).map((keyword) => `${at}: ${keyword}`),
    ...ofMembers(document, schema, root, at),
    ...ofAlternatives(document, schema['anyOf'], root, at),
  ];
}

function ofReference(document: unknown, reference: unknown, root: JsonSchema, at: string): string[] {
  if (typeof reference !== 'string') return [];
  const [file = '', place = ''] = reference.split('#');
  const target = file === '' ? root : packagedSchema(file.replace(/\.schema\.json$/, ''));
  let found: unknown = target;
  for (const name of place.split('/').slice(1)) found = isObject(found) ? found[name] : undefined;
  if (!isObject(found)) throw new RangeError(`there is no ${reference}`);
  return breaches(document, found, target, at);
}

function ofValue(document: unknown, schema: Readonly<Record<string, unknown>>): string[] {
  const checks: Readonly<Record<string, (wanted: unknown) => boolean>> = {
    type: (wanted) => typeOf(document) === wanted || (wanted === 'number' && typeof document === 'number'),
    enum: (wanted) => Array.isArray(wanted) && wanted.includes(document),
    const: (wanted) => document === wanted,
    pattern: (wanted) => typeof document === 'string' && new RegExp(String(wanted), 'u').test(document),
    minimum: (wanted) => Number(document) >= Number(wanted),
    maximum: (wanted) => Number(document) <= Number(wanted),
  };
  return Object.entries(checks)
    .filter(([keyword, holds]) => keyword in schema && !holds(schema[keyword]))
    .map(([keyword]) => keyword);
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (Number.isInteger(value)) return 'integer';
  return value === null ? 'null' : typeof value;
}

function ofMembers(
  document: unknown,
  schema: Readonly<Record<string, unknown>>,
  root: JsonSchema,
  at: string,
): string[] {
  if (Array.isArray(document)) {
    const items = schema['items'] as JsonSchema | undefined;
    return items === undefined ? [] : document.flatMap((item, index) => breaches(item, items, root, `${at}[${index}]`));
  }
  if (!isObject(document)) return [];
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const others = (schema['additionalProperties'] ?? true) as JsonSchema;
  const required = (schema['required'] ?? []) as readonly string[];
  const missing = required.filter((name) => !(name in document)).map((name) => `${at}.${name}: required`);
  const within = Object.entries(document).flatMap(([name, value]) =>
    breaches(value, Object.hasOwn(properties, name) ? (properties[name] ?? others) : others, root, `${at}.${name}`),
  );
  return [...missing, ...within];
}

function ofAlternatives(document: unknown, alternatives: unknown, root: JsonSchema, at: string): string[] {
  if (!Array.isArray(alternatives)) return [];
  const tried = alternatives.map((alternative: JsonSchema) => breaches(document, alternative, root, at));
  // What the nearest alternative says is what helps.
  return tried.some((found) => found.length === 0) ? [] : (tried.sort((a, b) => a.length - b.length)[0] ?? []);
}
