/** Comparing an entry with what a plan holds of it. */

import { deletedRdnOf, isDeletedDn, rdnOf } from '../ad/dn.ts';
import { allBytesOf, bytesOfWrittenValue, type Entry, writtenValueOf } from '../ad/entry.ts';
import { dnIn } from '../ad/naming.ts';
import { DirectoryError } from '../errors.ts';
import { type Control, sdFlags, securityInformation } from '../ldap/session.ts';
import { isSecurityDescriptor, isVolatile } from './attribute-kinds.ts';
import type { DeletedEntry, PlanAttribute, PlanValue } from './plan.ts';

/** Everything that an entry holds, its security descriptor without the SACL included. */
export const wholeEntry: readonly string[] = ['*', 'nTSecurityDescriptor'];

/** Owner, group and DACL: what an administrator may read and write without the right to manage auditing. */
export const withoutSacl: Control = sdFlags(
  securityInformation.owner | securityInformation.group | securityInformation.dacl,
);

/** The attributes of an entry as a plan holds them, in the order of the server. */
export function planAttributesOf(entry: Entry): readonly PlanAttribute[] {
  return [...entry.attributes.values()].map(({ name, values }) => ({ name, values: values.map(writtenValueOf) }));
}

/** An entry to be deleted, from how it was read: whole, with its security descriptor. */
export function deletedEntry(entry: Entry, guid: string): DeletedEntry {
  const attributes = planAttributesOf(entry);
  const usnChanged = attributes.find(({ name }) => name.toLowerCase() === 'usnchanged')?.values[0];
  return { dn: entry.dn, guid, usnChanged: typeof usnChanged === 'string' ? usnChanged : '0', attributes };
}

/** The values of one planned attribute as bytes; [] if it is not planned. */
export function plannedValues(attributes: readonly PlanAttribute[], name: string): readonly Buffer[] {
  const key = name.toLowerCase();
  return attributes.find((attribute) => attribute.name.toLowerCase() === key)?.values.map(bytesOfWrittenValue) ?? [];
}

/** Whether the entry has exactly these values, in any order. */
export function hasExactly(entry: Entry, { name, values }: PlanAttribute): boolean {
  return sameValues(allBytesOf(entry, name), values.map(bytesOfWrittenValue));
}

export function sameValues(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  if (one.length !== other.length) return false;
  const keys = new Set(one.map((value) => value.toString('latin1')));
  return other.every((value) => keys.has(value.toString('latin1')));
}

/**
 * The first edit of an entry since it was planned, in words; undefined if there is none.
 * Not counted are attributes that the system keeps, and DNs that are gone or changed because their target was deleted.
 *
 * @param exists whether there is an entry of this DN
 */
export async function editSincePlanned(
  planned: readonly PlanAttribute[],
  found: Entry,
  exists: (dn: string) => Promise<boolean>,
): Promise<string | undefined> {
  const plannedNames = new Map(planned.map((attribute) => [attribute.name.toLowerCase(), attribute.name]));
  const backLinks = new Set(planned.filter((one) => one.isBackLink).map(({ name }) => name.toLowerCase()));
  const names = new Map([...[...found.attributes].map(([key, { name }]) => [key, name] as const), ...plannedNames]);
  for (const [key, name] of names) {
    if (backLinks.has(key)) continue;
    // What the user could not read when the plan was made can't be compared now.
    if (isVolatile(key) || (isSecurityDescriptor(key) && !plannedNames.has(key))) continue;
    const before = plannedValues(planned, name);
    const now = allBytesOf(found, name);
    if (sameValues(before, now)) continue;
    const gone = missingFrom(now, before);
    const come = missingFrom(before, now);
    if (come.every((value) => isTraceOf(value, gone)) && (await areLostTargets(gone, exists))) continue;
    return `${name} is ${inWords(now)}; the plan expected ${inWords(before)}`;
  }
  return undefined;
}

function missingFrom(values: readonly Buffer[], wanted: readonly Buffer[]): readonly Buffer[] {
  const keys = new Set(values.map((value) => value.toString('latin1')));
  return wanted.filter((value) => !keys.has(value.toString('latin1')));
}

/** Whether this is the DN of a deleted entry that one of the values named before it was deleted. */
function isTraceOf(value: Buffer, gone: readonly Buffer[]): boolean {
  const deleted = dnOrNothing(() => deletedRdnOf(dnOf(value)));
  return deleted !== undefined && gone.some((before) => dnOrNothing(() => rdnOf(dnOf(before)).value) === deleted.value);
}

async function areLostTargets(gone: readonly Buffer[], exists: (dn: string) => Promise<boolean>): Promise<boolean> {
  for (const value of gone) {
    const dn = dnOf(value);
    const looksLikeDn = dnOrNothing(() => rdnOf(dn)) !== undefined && !isDeletedDn(dn);
    if (!looksLikeDn || (await exists(dn))) return false;
  }
  return true;
}

/** Of a value of any DN syntax: a DN-Binary value goes with its target too, as of msDS-RevealedUsers. */
function dnOf(value: Buffer): string {
  return dnIn(value.toString());
}

/** Values of any syntax are tried as DNs; that one is none is an answer. */
function dnOrNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DirectoryError) return undefined;
    throw error;
  }
}

function inWords(values: readonly Buffer[]): string {
  if (values.length === 0) return 'not set';
  const words = (value: PlanValue): string =>
    typeof value === 'string' ? value : `${Buffer.byteLength(value.base64, 'base64')} bytes`;
  return values.map((value) => words(writtenValueOf(value))).join(', ');
}
