/**
 * Whether what the directory has under an objectGUID is the entry that a plan deleted. A plan that was handed over may
 * give the objectGUID of another entry, whose rights and memberships would come back under the name that it shows.
 */

import { deletedRdnOf, normalizedDn, parentDn, rdnOf } from '../ad/dn.ts';
import { type Entry, textOf, textsOf } from '../ad/entry.ts';
import type { PlanAttribute } from './plan.ts';

/** What identifies a deleted entry beside its objectGUID. */
export interface DeletedIdentity {
  readonly dn: string;
  readonly objectClass?: readonly string[];
}

/** The classes that a plan holds of an entry. */
export function classesIn(attributes: readonly PlanAttribute[]): readonly string[] {
  const held = attributes.find(({ name }) => name.toLowerCase() === 'objectclass');
  return (held?.values ?? []).filter((value) => typeof value === 'string');
}

/** Whether two lists name the same classes. */
export function areSameClasses(one: readonly string[], other: readonly string[]): boolean {
  const key = (classes: readonly string[]): string =>
    [...new Set(classes.map((name) => name.toLowerCase()))].sort().join(' ');
  return key(one) === key(other);
}

/** What makes a live entry another one than the plan deleted, in words; undefined if it is of its classes. */
export function otherClass({ objectClass = [] }: DeletedIdentity, found: Entry): string | undefined {
  const classes = textsOf(found, 'objectClass');
  return areSameClasses(classes, objectClass)
    ? undefined
    : `it is of the class ${classes.at(-1) ?? 'none'}; the plan deleted one of the class ${objectClass.at(-1) ?? 'none'}`;
}

/**
 * What makes a deleted object another one than the plan deleted, in words; undefined if it had its name, its parent and
 * its classes.
 */
export function otherTombstone(planned: DeletedIdentity, deleted: Entry): string | undefined {
  const name = textOf(deleted, 'msDS-LastKnownRDN');
  const mangled = deletedRdnOf(deleted.dn)?.value;
  if (!isNameOf(planned.dn, name, mangled)) return `its tombstone is that of ${name ?? mangled ?? deleted.dn}`;
  const parent = textOf(deleted, 'lastKnownParent') ?? parentDn(deleted.dn) ?? '';
  if (!isParentOf(planned.dn, parent)) return `the tombstone is of an entry that was in ${parent}`;
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
