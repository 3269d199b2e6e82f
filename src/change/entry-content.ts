/** Compares an entry with its content in a plan, and checks whether it is the entry that a plan deleted. */

import { deletedRdnOf, dnIn, isDeletedDn, normalizedDn, parentDn, rdnOf } from '../ad/dn.ts';
import { allBytesOf, bytesOfWrittenValue, type Entry, textOf, textsOf, writtenValueOf } from '../ad/entry.ts';
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
function plannedValues(attributes: readonly PlanAttribute[], name: string): readonly Buffer[] {
  const key = name.toLowerCase();
  return attributes.find((attribute) => attribute.name.toLowerCase() === key)?.values.map(bytesOfWrittenValue) ?? [];
}

/** Whether the entry has exactly these values, in any order. */
export function hasExactly(entry: Entry, { name, values }: PlanAttribute): boolean {
  return sameValues(allBytesOf(entry, name), values.map(bytesOfWrittenValue));
}

/** Whether two lists hold the same values, in any order; each value occurs once. */
function sameValues(one: readonly Buffer[], other: readonly Buffer[]): boolean {
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
    // Attributes that the user could not read when the plan was made can't be compared now.
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

/** Values of any syntax are tried as DNs; a value that is not a DN is a normal result. */
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

/**
 * What identifies a deleted entry in addition to its objectGUID. A plan from someone else may give the objectGUID of another
 * entry, whose rights and memberships would come back under the name that the plan shows.
 */
export interface DeletedIdentity {
  readonly dn: string;
  readonly objectClass?: readonly string[];
}

/** The text values of an attribute, as a plan holds them. */
export function plannedTexts(
  { attributes }: { readonly attributes: readonly PlanAttribute[] },
  wanted: string,
): readonly string[] {
  const held = attributes.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  return (held?.values ?? []).filter((value) => typeof value === 'string');
}

/** The classes that a plan holds of an entry. */
export function classesIn(attributes: readonly PlanAttribute[]): readonly string[] {
  return plannedTexts({ attributes }, 'objectClass');
}

/** Whether two lists name the same classes. */
export function areSameClasses(one: readonly string[], other: readonly string[]): boolean {
  const key = (classes: readonly string[]): string =>
    [...new Set(classes.map((name) => name.toLowerCase()))].sort().join(' ');
  return key(one) === key(other);
}

/** Why a live entry is not the one that the plan deleted, in words; undefined if it has the same classes. */
export function otherClass({ objectClass = [] }: DeletedIdentity, found: Entry): string | undefined {
  const classes = textsOf(found, 'objectClass');
  return areSameClasses(classes, objectClass)
    ? undefined
    : `its class is ${classes.at(-1) ?? 'none'}; the plan deleted an entry of the class ${objectClass.at(-1) ?? 'none'}`;
}

/**
 * Why a deleted object is not the one that the plan deleted, in words; undefined if it had its name, its parent and
 * its classes.
 */
export function otherTombstone(planned: DeletedIdentity, deleted: Entry): string | undefined {
  const name = textOf(deleted, 'msDS-LastKnownRDN');
  const mangled = deletedRdnOf(deleted.dn)?.value;
  if (!isNameOf(planned.dn, name, mangled)) return `its tombstone belongs to ${name ?? mangled ?? deleted.dn}`;
  const parent = textOf(deleted, 'lastKnownParent') ?? parentDn(deleted.dn) ?? '';
  if (!isParentOf(planned.dn, parent)) return `the tombstone belongs to an entry that was in ${parent}`;
  return otherClass(planned, deleted);
}

/** AD cuts a name of more than 215 characters to make room for the mark and the objectGUID of a tombstone. */
const longestKept = 215;

function isNameOf(dn: string, name: string | undefined, mangled: string | undefined): boolean {
  const planned = rdnOf(dn).value.toLowerCase();
  const found = (name ?? mangled)?.toLowerCase();
  if (found === planned) return true;
  return name === undefined && found?.length === longestKept && planned.startsWith(found);
}

/** A parent that was deleted too, and has not come back under its objectGUID, is known by its name alone. */
function isParentOf(dn: string, parent: string): boolean {
  const planned = parentDn(dn) ?? '';
  if (normalizedDn(parent) === normalizedDn(planned)) return true;
  const deleted = deletedRdnOf(parent);
  return deleted !== undefined && planned !== '' && isNameOf(planned, undefined, deleted.value);
}
