/** Reading a plan that was saved, maybe by somebody else, maybe damaged on the way: it is used only if it is whole. */

import { readFile } from 'node:fs/promises';
import { FileError, PlanNotUsableError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import { type Change, type Plan, planFormat, planVersion } from './plan.ts';
import { sealOf } from './seal.ts';

/**
 * Reads a plan file and checks it: JSON, format, version, shape and seal.
 * @throws FileError if it can't be read; PlanNotUsableError if it is half-written, of a later version, of an unknown
 * remedy, or not as it was sealed
 */
export async function readPlan(path: string): Promise<Plan> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new FileError({
      attempted: 'read the plan',
      on: path,
      cameBack: errnoInWords(error),
      next: 'Give the change folder that --save wrote: it holds plan.json.',
      cause: error,
    });
  });
  return parsePlan(text, path);
}

/** The same for text that is already in memory; `path` is for the messages. */
export function parsePlan(text: string, path: string): Plan {
  const refuse = (cameBack: string, next: string): PlanNotUsableError =>
    new PlanNotUsableError({ attempted: 'use the plan', on: path, cameBack, next });
  const again = 'Nothing was changed. Make the plan again, or take the file from a copy that is whole.';

  let value: unknown;
  try {
    // An editor that has saved the file unchanged may have put a byte order mark before it.
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    // The parser's own words speak of characters; what counts is that it is no whole plan.
    throw refuse(`it is no JSON, or was written only in part (${text.length} characters)`, again);
  }
  if (!isObject(value) || value['format'] !== planFormat) throw refuse(`it is not of the format ${planFormat}`, again);
  if (value['version'] !== planVersion) {
    throw refuse(
      `it is of version ${JSON.stringify(value['version'])}, and this tool reads version ${planVersion}`,
      'Nothing was changed. Use the version of adsi-remedy that made the plan.',
    );
  }
  const flaw = flawIn(value);
  if (flaw !== undefined) throw refuse(`${flaw} is missing or of the wrong kind`, again);
  const plan = value as unknown as Plan;
  if (sealOf(plan) !== plan.seal) {
    throw refuse(
      'its seal does not fit: it was edited after it was made',
      'Nothing was changed. A plan is never edited: make a new one with the choices that you want.',
    );
  }
  return plan;
}

type Shape = 'string' | 'number' | 'boolean' | 'array' | 'object' | 'values' | 'fingerprint';

const planShape: Readonly<Record<string, Shape>> = {
  id: 'string',
  tool: 'string',
  created: 'string',
  target: 'object',
  findings: 'array',
  changes: 'array',
  seal: 'string',
};

const findingShape: Readonly<Record<string, Shape>> = {
  id: 'string',
  level: 'string',
  title: 'string',
  detail: 'string',
  evidence: 'array',
  acceptable: 'boolean',
  accepted: 'boolean',
};

/** What a change may have or not, and must then be of this kind. */
const optionalShapes: Readonly<Record<string, Shape>> = { tombstoneDn: 'string', held: 'values' };

const changeShapes: Readonly<Record<Change['kind'], Readonly<Record<string, Shape>>>> = {
  file: {
    path: 'string',
    root: 'string',
    set: 'string',
    class: 'string',
    language: 'string',
    encoding: 'string',
    before: 'fingerprint',
    after: 'fingerprint',
    splices: 'array',
  },
  modify: { dn: 'string', guid: 'string', edits: 'array' },
  delete: { dn: 'string', guid: 'string', usnChanged: 'string', children: 'array', attributes: 'array' },
  'delete-tree': { dn: 'string', guid: 'string', entries: 'array' },
  undelete: { dn: 'string', guid: 'string', attributes: 'array' },
  add: { dn: 'string', attributes: 'array' },
};

/** The arrays of objects within a change, and what each of their items must have. */
const itemShapes: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  splices: { key: 'string', line: 'number', offset: 'number', old: 'string', new: 'string' },
  edits: { attribute: 'string', remove: 'values', add: 'values' },
  attributes: { name: 'string', values: 'values' },
  entries: { dn: 'string', guid: 'string', usnChanged: 'string', attributes: 'array' },
};

/** Names the first member that a plan must have and hasn't. */
function flawIn(plan: Readonly<Record<string, unknown>>): string | undefined {
  return (
    flawOf(plan, planShape, '') ??
    flawOf(plan['target'], { kind: 'string' }, 'target.') ??
    (isOnFiles(plan['target']) ? flawOf(plan['target'], { roots: 'array' }, 'target.') : undefined) ??
    flawOfItems(plan['findings'], 'findings', () => findingShape) ??
    flawOfItems(plan['changes'], 'changes', changeShapeOf, plan['target'])
  );
}

function isOnFiles(target: unknown): boolean {
  return isObject(target) && target['kind'] === 'files';
}

function changeShapeOf(change: unknown, target: unknown): Readonly<Record<string, Shape>> | undefined {
  const kind = isObject(change) ? change['kind'] : undefined;
  if ((kind === 'file') !== isOnFiles(target)) return undefined;
  return Object.entries(changeShapes).find(([name]) => name === kind)?.[1];
}

function flawOfItems(
  items: unknown,
  where: string,
  shapeOf: (item: unknown, target: unknown) => Readonly<Record<string, Shape>> | undefined,
  target?: unknown,
): string | undefined {
  if (!Array.isArray(items)) return where;
  for (const [index, item] of items.entries()) {
    const at = `${where}[${index}]`;
    const shape = shapeOf(item, target);
    if (shape === undefined) return `${at}.kind`;
    const flaw = flawOf(item, { ...shape, ...optionalShapesIn(item) }, `${at}.`);
    if (flaw !== undefined) return flaw;
    for (const member of Object.keys(shape)) {
      const within = itemShapes[member];
      const inner = within && isObject(item) ? flawOfItems(item[member], `${at}.${member}`, () => within) : undefined;
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

function optionalShapesIn(item: unknown): Readonly<Record<string, Shape>> {
  return isObject(item) ? Object.fromEntries(Object.entries(optionalShapes).filter(([name]) => name in item)) : {};
}

function flawOf(value: unknown, shape: Readonly<Record<string, Shape>>, where: string): string | undefined {
  if (!isObject(value)) return where.slice(0, -1);
  const name = Object.keys(shape).find((member) => !hasShape(value[member], shape[member]));
  return name === undefined ? undefined : `${where}${name}`;
}

function hasShape(value: unknown, shape: Shape | undefined): boolean {
  switch (shape) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'fingerprint':
      return flawOf(value, { length: 'number', sha256: 'string' }, 'fingerprint.') === undefined;
    case 'values':
      return Array.isArray(value) && value.every(isPlanValue);
    default:
      return typeof value === shape;
  }
}

function isPlanValue(value: unknown): boolean {
  return typeof value === 'string' || (isObject(value) && typeof value['base64'] === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
