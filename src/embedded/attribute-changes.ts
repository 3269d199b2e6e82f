/** What the changes of a modify make of an entry's values. Nothing is written here. */

import { rdnOf } from '../ad/dn.ts';
import type { AttributeChange } from './protocol.ts';
import { refuse } from './refusal.ts';
import { type AttributeType, attributeType, classType } from './schema.ts';
import { allSecurityParts, replaceParts } from './security-descriptor.ts';
import type { StoredEntry } from './store.ts';
import { type Value, valueKey } from './value.ts';
import { assertTargetsExist, assertWritable, valuesFrom, type Writer } from './writer.ts';

/** The values of every attribute that the changes touch, as they are after all of them. Throws Refusal. */
export function changedValues(
  entry: StoredEntry,
  changes: readonly AttributeChange[],
  writer: Writer,
): ReadonlyMap<AttributeType, readonly Value[]> {
  const after = new Map<AttributeType, readonly Value[]>();
  for (const change of changes) {
    const type = attributeType(change.attribute);
    if (isNaming(entry, type)) throw refuse.onRdn();
    const before = after.get(type) ?? entry.attributes.get(type) ?? [];
    const values = changedOnce(type, before, change, writer);
    assertWritable(type, values);
    after.set(type, values);
  }
  return after;
}

function isNaming(entry: StoredEntry, type: AttributeType): boolean {
  return type.name === 'distinguishedName' || type.name.toLowerCase() === rdnOf(entry.rdn).type.toLowerCase();
}

function changedOnce(
  type: AttributeType,
  before: readonly Value[],
  { operation, values }: AttributeChange,
  writer: Writer,
): readonly Value[] {
  const given = valuesFrom(type, values, writer);
  if (operation !== 'delete') assertTargetsExist(type, given, writer);
  if (type.syntax === 'securityDescriptor') return [newDescriptor(before, given, writer)];
  switch (operation) {
    case 'replace':
      return given;
    case 'add':
      return withAdded(type, before, given, writer.permissive);
    case 'delete':
      return withDeleted(type, before, given, writer.permissive);
  }
}

function withAdded(
  type: AttributeType,
  before: readonly Value[],
  given: readonly Value[],
  permissive: boolean,
): Value[] {
  const held = new Set(before.map((value) => valueKey(type, value)));
  const added = given.filter((value) => !held.has(valueKey(type, value)));
  if (added.length < given.length && !permissive) throw refuse.valueExists(type.name);
  if (type.single && before.length > 0 && added.length > 0) throw refuse.attributeExists(type.name);
  return [...before, ...added];
}

function withDeleted(
  type: AttributeType,
  before: readonly Value[],
  given: readonly Value[],
  permissive: boolean,
): Value[] {
  if (given.length === 0) {
    if (before.length === 0 && !permissive) throw refuse.noAttribute(type.name);
    return [];
  }
  const gone = new Set(given.map((value) => valueKey(type, value)));
  const kept = before.filter((value) => !gone.has(valueKey(type, value)));
  if (before.length - kept.length < gone.size && !permissive) throw refuse.noValue(type.name);
  return kept;
}

/** A descriptor is written in the parts that the SD flags control names, whatever the operation. */
function newDescriptor(before: readonly Value[], given: readonly Value[], { securityParts }: Writer): Buffer {
  const [old] = before;
  const [replacement] = given;
  const joined =
    Buffer.isBuffer(replacement) && given.length === 1
      ? replaceParts(Buffer.isBuffer(old) ? old : undefined, replacement, securityParts ?? allSecurityParts)
      : undefined;
  if (joined === undefined) throw refuse.syntax();
  return joined;
}

/** Throws Refusal if the entry would lack an attribute that its classes demand. */
export function assertMandatory(entry: StoredEntry, changes: ReadonlyMap<AttributeType, readonly Value[]>): void {
  const after = (name: string): readonly Value[] => changes.get(attributeType(name)) ?? entry.values(name);
  const demanded = after('objectClass').flatMap((name) => classType(name.toString()).mandatory);
  if (demanded.some((name) => after(name).length === 0)) throw refuse.objectClass('0000207C');
  if (after('objectClass').length === 0) throw refuse.objectClass('0000207B');
}
