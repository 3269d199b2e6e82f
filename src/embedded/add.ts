/** The add operation (RFC 4511 4.7, MS-ADTS 3.1.1.5.2). */

import { formatDn, parseDn, type RdnAttribute } from '../ad/dn.ts';
import { formatGeneralizedTime } from '../ad/values.ts';
import type { AddRequest } from './protocol.ts';
import { refuse } from './refusal.ts';
import { refusingBadName, resolveEntry, resolvePlace } from './resolve.ts';
import { type AttributeType, attributeType, classType, wholeChain } from './schema.ts';
import { defaultDescriptor } from './security-descriptor.ts';
import { foldedText, type Value } from './value.ts';
import { assertMayWrite, assertTargetsExist, assertWritable, categoryOf, valuesFrom, type Writer } from './writer.ts';

/** Throws Refusal. */
export function addEntry(request: AddRequest, writer: Writer): void {
  assertMayWrite(request.dn, writer);
  const { rdn, parentDn } = placeOf(request.dn);
  const parent = resolveEntry(parentDn, { ...writer, shows: { deleted: false, recycled: false } });
  if (resolvePlace(request.dn, writer)?.present === true) throw refuse.exists();
  const given = givenValues(request, rdn, writer);
  const objectClass = wholeChain((given.get(attributeType('objectClass')) ?? []).map((value) => value.toString()));
  if (objectClass.length === 0) throw refuse.objectClass('0000207B');
  for (const name of objectClass.flatMap((value) => classType(value).mandatory)) {
    if (!given.has(attributeType(name))) throw refuse.objectClass('0000207C');
  }
  const { store, now } = writer;
  const usn = store.nextUsn().toString();
  const time = formatGeneralizedTime(now);
  const supplied: readonly (readonly [string, readonly Value[]])[] = [
    ['objectCategory', categoryOf(objectClass, store)],
    ['nTSecurityDescriptor', [defaultDescriptor()]],
    ...[...given].map(([type, values]) => [type.name, values] as const),
    ['objectClass', objectClass],
    ['instanceType', ['4']],
    ['objectGUID', [writer.newGuid()]],
    ['name', [rdn.value]],
    ['whenCreated', [time]],
    ['whenChanged', [time]],
    ['uSNCreated', [usn]],
    ['uSNChanged', [usn]],
  ];
  const entry = store.insert(`${formatDn([[rdn]])},${parent.dn}`);
  for (const [name, values] of supplied) store.set(entry, attributeType(name), values);
}

function placeOf(dn: string): { rdn: RdnAttribute; parentDn: string } {
  const [leaf, ...above] = refusingBadName(dn, parseDn);
  if (leaf === undefined || leaf.length > 1) throw refuse.naming();
  return { rdn: leaf[0], parentDn: formatDn(above) };
}

/** instanceType may be given, as AD allows, but is the server's to say. */
const maybeGiven = new Set(['instancetype']);

function givenValues(request: AddRequest, rdn: RdnAttribute, writer: Writer): Map<AttributeType, readonly Value[]> {
  const given = new Map<AttributeType, readonly Value[]>();
  for (const { name, values } of request.attributes) {
    const type = attributeType(name);
    if (maybeGiven.has(type.name.toLowerCase())) continue;
    const read = valuesFrom(type, values, writer);
    if (read.length === 0 || given.has(type)) throw refuse.noAttribute(type.name);
    assertWritable(type, read);
    assertTargetsExist(type, read, writer);
    given.set(type, read);
  }
  const naming = attributeType(rdn.type);
  const named = given.get(naming) ?? [rdn.value];
  if (!named.some((value) => foldedText(value.toString()) === foldedText(rdn.value))) throw refuse.naming();
  return given.set(naming, named);
}
