/** What all writes share: who writes, the marks that a write leaves on an entry, and values from a client. */

import { formatGeneralizedTime } from '../ad/values.ts';
import { refuse } from './refusal.ts';
import { type AttributeType, attributeType, classType } from './schema.ts';
import type { Store, StoredEntry } from './store.ts';
import { isWellFormed, Reference, toValue, type Value, valueKey } from './value.ts';
import type { Reader } from './view.ts';

export interface Writer extends Reader {
  /** objectGUID for an entry that this request creates. */
  readonly newGuid: () => Buffer;
  /** Whether the permissive-modify and tree-delete controls were sent. */
  readonly permissive: boolean;
  readonly treeDelete: boolean;
  /** A DC that may be written to: where a read-only one sends its clients. */
  readonly writableHost: string;
}

/** Throws Refusal unless the writer may write, and here: a read-only DC names another one. */
export function assertMayWrite(dn: string, { domainController, writableHost, access }: Writer): void {
  if (domainController.isReadOnly) throw refuse.referral(writableHost, dn);
  if (!access.mayWrite) throw refuse.access();
}

/** Sets attributes and leaves the marks of a write: version and time of each, uSNChanged and whenChanged. */
export function commit(
  entry: StoredEntry,
  changes: ReadonlyMap<AttributeType, readonly Value[]>,
  writer: Writer,
): void {
  const { store, now } = writer;
  const { ntdsSettings } = writer.domainController;
  const usn = store.nextUsn();
  for (const [type, values] of changes) {
    const versionBefore = entry.stamps.get(type)?.version ?? (entry.attributes.has(type) ? 1 : 0);
    entry.stamps.set(type, {
      version: versionBefore + 1,
      time: now,
      usn,
      ...(ntdsSettings === undefined ? {} : { origin: ntdsSettings }),
    });
    store.set(entry, type, values);
  }
  store.set(entry, whenChanged, [formatGeneralizedTime(now)]);
  store.set(entry, usnChanged, [usn.toString()]);
}

const whenChanged = attributeType('whenChanged');
const usnChanged = attributeType('uSNChanged');

/** The value of objectCategory that the server supplies; [] in an export that shows no schema. */
export function categoryOf(objectClass: readonly Value[], store: Store): Value[] {
  const schema = store.schema?.dn;
  const classes = objectClass.map((name) => classType(name.toString()));
  const mostSpecific = classes.toSorted((one, other) => other.chain.length - one.chain.length)[0];
  if (schema === undefined || mostSpecific === undefined) return [];
  return [new Reference(store.reach(`CN=${mostSpecific.category},${schema}`), '')];
}

/** A client's values for an attribute. Throws Refusal: wrong syntax, a DN of no entry, the same value twice. */
export function valuesFrom(type: AttributeType, given: readonly Buffer[], writer: Writer): Value[] {
  const values = given.map((bytes) => {
    const value = toValue(type, bytes, (dn) => writer.store.reach(dn));
    if (value === undefined) throw refuse.badName(bytes.toString('utf8'));
    if (!isWellFormed(type, value)) throw refuse.syntax();
    return value;
  });
  if (new Set(values.map((value) => valueKey(type, value))).size < values.length) throw refuse.valueExists(type.name);
  return values;
}

/** Throws Refusal where a DN value names no entry, or a deleted one. In an export, what it lacks may yet exist. */
export function assertTargetsExist(type: AttributeType, values: readonly Value[], { domainController }: Writer): void {
  if (domainController.ntdsSettings === undefined) return;
  const dangling = (value: Value): boolean =>
    value instanceof Reference && (!value.target.present || value.target.isDeleted);
  if (values.some(dangling)) throw refuse.nameReference(type.name);
}

/** Throws Refusal if the type may not be written by a client, or not with so many values. */
export function assertWritable(type: AttributeType, values: readonly Value[]): void {
  if (type.systemOnly) throw refuse.systemOnly(type.name);
  if (type.single && values.length > 1) throw refuse.singleValue(type.name);
}
