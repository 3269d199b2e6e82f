/** How long deleted objects are kept, from what is stored and what is not. */

import type { RootDse } from '../../ldap/root-dse.ts';

/** Who made the server; it decides what an unset value means. */
export type ServerKind = 'windows' | 'samba' | 'unknown';

/** What Microsoft recommends, and writes into forests made since Windows Server 2003 SP1. */
export const recommendedDays = 180;

/** MS-ADTS 6.1.1.2.4.1.1: an unset tombstoneLifetime is 60 days on every Windows version; Samba takes 180. */
const daysWhenUnset: Readonly<Record<ServerKind, number>> = { windows: 60, samba: 180, unknown: 60 };

/** MS-ADTS 6.1.1.2.4.1.1: garbageCollPeriod in hours, where it is not set. */
const defaultGarbageCollectionHours = 12;

/** An export has no maker: only what stands in it. Windows does not name its vendor, Samba does. */
export function serverKindOf(rootDse: RootDse, isExport: boolean): ServerKind {
  if (rootDse.vendor?.toLowerCase().includes('samba')) return 'samba';
  if (isExport || !rootDse.isActiveDirectory || rootDse.vendor !== undefined) return 'unknown';
  return 'windows';
}

/** Attributes of the Directory Service object; undefined where it is not set. */
export interface StoredLifetimes {
  /** tombstoneLifetime, in days. */
  readonly tombstoneLifetime: number | undefined;
  /** msDS-DeletedObjectLifetime, in days; counts with the Recycle Bin only. */
  readonly deletedObjectLifetime: number | undefined;
  /** garbageCollPeriod, in hours. */
  readonly garbageCollectionHours: number | undefined;
}

/** What an unset value means on the server, in days. */
export function unsetMeans(kind: ServerKind): number {
  return daysWhenUnset[kind];
}

/** "not set: Windows then uses 60" */
export function unsetInWords(kind: ServerKind): string {
  switch (kind) {
    case 'windows':
      return 'not set: Windows then uses 60';
    case 'samba':
      return 'not set: Samba then uses 180';
    case 'unknown':
      return 'not set: Windows then uses 60, Samba 180; which of them this is can not be told';
  }
}

/** The side of a diff that has no value: "not set: 60 days". */
export function unsetInDiff(kind: ServerKind): string {
  return kind === 'unknown' ? 'not set: 60 days on Windows, 180 on Samba' : `not set: ${unsetMeans(kind)} days`;
}

/** The days that a stored value amounts to: the server's default where it is not set or too small to be honoured. */
export function effectiveLifetime(stored: StoredLifetimes, kind: ServerKind): number {
  const { tombstoneLifetime } = stored;
  return tombstoneLifetime === undefined || isTooSmall(tombstoneLifetime) ? unsetMeans(kind) : tombstoneLifetime;
}

/** MS-ADTS 6.1.1.2.4.1.1: values below 2 days are taken for unset. */
export function isTooSmall(days: number): boolean {
  return days < 2;
}

/** How often each DC collects garbage, in hours. */
export function garbageCollectionHours(stored: StoredLifetimes): number {
  return stored.garbageCollectionHours ?? defaultGarbageCollectionHours;
}

/** The lifetime must be longer than three periods of garbage collection (KB 198793); what is wrong, if it is not. */
export function faultWithGarbageCollection(days: number, stored: StoredLifetimes): string | undefined {
  const hours = garbageCollectionHours(stored);
  return days * 24 > 3 * hours
    ? undefined
    : `it must be longer than three times garbageCollPeriod, which is ${hours} hours: more than ${(3 * hours) / 24} days`;
}
