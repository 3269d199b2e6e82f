/** How long deleted objects are kept, from the stored values and the defaults. */

import type { DirectorySession, RootDse } from '../ldap/session.ts';
import { counted, day } from '../words.ts';
import { joinDn } from './dn.ts';
import { type Entry, integerOf } from './entry.ts';

/** Whose server it is; it decides what an unset value means. */
export type ServerKind = 'windows' | 'samba' | 'unknown';

/** Microsoft's recommendation, and the value in forests created since Windows Server 2003 SP1. */
export const recommendedDays = 180;

/** MS-ADTS 6.1.1.2.4.1.1: garbageCollPeriod in hours, where it is not set. */
const defaultGarbageCollectionHours = 12;

/** KB 198793: the longest garbageCollPeriod that is honoured, in hours. */
const longestGarbageCollectionHours = 168;

/** An export names no vendor unless that is in it. Windows does not name its vendor, Samba does. */
export function serverKindOf(rootDse: RootDse, isExport: boolean): ServerKind {
  if (rootDse.vendor?.toLowerCase().includes('samba')) return 'samba';
  if (isExport || !rootDse.isActiveDirectory || rootDse.vendor !== undefined) return 'unknown';
  return 'windows';
}

/** Attributes of the Directory Service object; undefined if it is not set. */
export interface StoredLifetimes {
  /** tombstoneLifetime, in days. */
  readonly tombstoneLifetime: number | undefined;
  /** msDS-DeletedObjectLifetime, in days; counts with the Recycle Bin only. */
  readonly deletedObjectLifetime: number | undefined;
  /** garbageCollPeriod, in hours. */
  readonly garbageCollectionHours: number | undefined;
}

/** The DN of CN=Directory Service in a forest, which holds them. */
export function directoryServiceDn(configurationNamingContext: string): string {
  return joinDn('CN=Directory Service,CN=Windows NT,CN=Services', configurationNamingContext);
}

/** What to read of it for storedLifetimesOf. */
export const lifetimeAttributes = ['tombstoneLifetime', 'garbageCollPeriod', 'msDS-DeletedObjectLifetime'];

/** What the Directory Service object holds of them. Throws ValueSyntaxError if a value is no integer. */
export function storedLifetimesOf(entry: Entry): StoredLifetimes {
  return {
    tombstoneLifetime: integerOf(entry, 'tombstoneLifetime'),
    deletedObjectLifetime: integerOf(entry, 'msDS-DeletedObjectLifetime'),
    garbageCollectionHours: integerOf(entry, 'garbageCollPeriod'),
  };
}

/** Evidence for the lifetime in force. */
export interface LifetimeEvidence {
  /** Age in days of the oldest tombstone that is still there. */
  readonly oldestTombstone: number | undefined;
  /** Shortest silence in days after which a DC refused its partner as past the lifetime (8614). */
  readonly refusedAfter: number | undefined;
}

/** The lifetime in force, in days. Where sources differ on a stored value it is a range. */
export interface Lifetime {
  /** The shortest that is possible: what replication is judged by. */
  readonly days: number;
  /** The longest that is possible. */
  readonly atMost: number;
}

/**
 * What an unset tombstoneLifetime means on the server, in days: 60 on every Windows version (MS-ADTS 6.1.1.2.4.1.1), 180
 * on Samba.
 */
export function daysIfUnset(kind: ServerKind): number {
  return kind === 'samba' ? 180 : 60;
}

/** "not set: 60 days in force" */
export function unsetInWords(kind: ServerKind): string {
  return `${unsetInDiff(kind)}${kind === 'unknown' ? '; the export does not show which it is' : ' in force'}`;
}

/** The side of a diff that has no value: "not set: 60 days". */
export function unsetInDiff(kind: ServerKind): string {
  return kind === 'unknown' ? 'not set: 60 days on Windows, 180 on Samba' : `not set: ${daysIfUnset(kind)} days`;
}

/** "180 days", "2 to 60 days" */
export function lifetimeInWords({ days, atMost }: Lifetime): string {
  return days === atMost ? counted(days, 'day') : `${days} to ${atMost} days`;
}

/**
 * The days that the stored values amount to. Sources differ on a value that is too small: MS-ADTS 3.1.1.1.15 takes 60 days
 * up to Windows Server 2008 and 2 days from 2008 R2 on, TechNet dd392260 takes 3 days, KB 198793 the default. Samba
 * honours what is stored.
 */
export function lifetimeInForce(
  stored: StoredLifetimes,
  kind: ServerKind,
  evidence: LifetimeEvidence = { oldestTombstone: undefined, refusedAfter: undefined },
): Lifetime {
  const { tombstoneLifetime } = stored;
  if (tombstoneLifetime === undefined) return { days: daysIfUnset(kind), atMost: daysIfUnset(kind) };
  if (!isTooSmall(stored, kind)) return { days: tombstoneLifetime, atMost: tombstoneLifetime };
  const shortest = Math.max(2, tombstoneLifetime);
  const longest = daysIfUnset(kind);
  // A tombstone that is still there outlived the last collection; a DC that was refused was silent for longer than that.
  const collectionDays = Math.ceil(garbageCollectionHours(stored) / 24);
  const days = Math.min(longest, Math.max(shortest, (evidence.oldestTombstone ?? 0) - collectionDays));
  return { days, atMost: Math.max(days, Math.min(longest, evidence.refusedAfter ?? longest)) };
}

/** The lifetime of a forest as one server holds it. */
export interface ReadLifetime {
  /** CN=Directory Service; undefined if the user may not see it, or the export lacks it. */
  readonly entry: Entry | undefined;
  readonly kind: ServerKind;
  /** A value that is not set, or not visible, counts as the server's default. */
  readonly inForce: Lifetime;
}

/**
 * Reads the lifetime in force, and more attributes of the same object. Throws DirectoryError, or ValueSyntaxError for a
 * value.
 */
export async function readLifetime(
  session: Pick<DirectorySession, 'readEntry' | 'rootDse'>,
  configurationNamingContext: string,
  { isExport = false, attributes = [] }: { readonly isExport?: boolean; readonly attributes?: readonly string[] } = {},
): Promise<ReadLifetime> {
  const names = [...lifetimeAttributes, ...attributes];
  const entry = await session.readEntry(directoryServiceDn(configurationNamingContext), names);
  const kind = serverKindOf(session.rootDse, isExport);
  return { entry, kind, inForce: lifetimeInForce(entry === undefined ? noLifetimes : storedLifetimesOf(entry), kind) };
}

const noLifetimes: StoredLifetimes = {
  tombstoneLifetime: undefined,
  deletedObjectLifetime: undefined,
  garbageCollectionHours: undefined,
};

/**
 * The silence, in days, that was past the former lifetime when the value was last written: a higher value makes no DC
 * healthy. Metadata keeps no former value, so the server's default is used for it. undefined if the
 * value was never written, or so long ago that the lifetime in force is shorter.
 */
export function silenceAtLastWrite(
  written: Date | undefined,
  kind: ServerKind,
  inForce: Lifetime,
  now: Date,
): number | undefined {
  if (written === undefined || written > now) return undefined;
  const silence = daysIfUnset(kind) + (now.getTime() - written.getTime()) / day;
  return silence >= inForce.days ? undefined : silence;
}

/** Whether the stored value is so small that another one may be in force. Samba honours every value. */
export function isTooSmall(stored: StoredLifetimes, kind: ServerKind): boolean {
  const { tombstoneLifetime } = stored;
  if (tombstoneLifetime === undefined || kind === 'samba') return false;
  return tombstoneLifetime < Math.max(3, Math.ceil((3 * garbageCollectionHours(stored)) / 24));
}

/** How often each DC collects garbage, in hours. A stored value that is out of range counts as 12 (KB 198793). */
export function garbageCollectionHours(stored: StoredLifetimes): number {
  const { garbageCollectionHours: hours } = stored;
  return hours === undefined || isOutOfRange(hours) ? defaultGarbageCollectionHours : hours;
}

/** KB 198793: garbageCollPeriod is 1 to 168 hours. */
export function isOutOfRange(hours: number): boolean {
  return hours < 1 || hours > longestGarbageCollectionHours;
}

/**
 * The lifetime must be longer than three periods of garbage collection (KB 198793), and a period has 168 hours at most;
 * what is wrong, if it is not.
 */
export function faultWithGarbageCollection(days: number, stored: StoredLifetimes): string | undefined {
  const hours = Math.min(stored.garbageCollectionHours ?? defaultGarbageCollectionHours, longestGarbageCollectionHours);
  return days * 24 > 3 * hours
    ? undefined
    : `it must be longer than three times garbageCollPeriod (${hours} hours): more than ${(3 * hours) / 24} days`;
}
