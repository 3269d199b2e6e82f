/** When each naming context was last backed up: the DC that is backed up changes dSASignature on its head. */

import { allBytesOf, bytesOf, type Entry } from '../../ad/entry.ts';
import {
  type AttributeStamp,
  parsePropertyMetaData,
  UnreadableReplicationValueError,
} from '../../ad/replication-values.ts';
import { parseAttributeStampXml } from '../../ad/replication-xml.ts';
import { DirectoryError } from '../../errors.ts';
import type { DirectorySession } from '../../ldap/session.ts';

export interface LastBackup {
  readonly namingContext: string;
  /** 'never-or-not-told': the metadata has no dSASignature, or may not be read. */
  readonly time: Date | 'never-or-not-told';
}

/** What to read for stampOf: Windows has both, Samba only the first. */
export const metadataAttributes: readonly string[] = ['replPropertyMetaData', 'msDS-ReplAttributeMetaData'];

/** Reads the last backup of a naming context that the session's DC has. */
export async function readLastBackup(session: DirectorySession, namingContext: string): Promise<LastBackup> {
  try {
    const head = await session.readEntry(namingContext, metadataAttributes);
    const changed = head === undefined ? undefined : stampOf(head, 'dSASignature')?.changed;
    return { namingContext, time: changed instanceof Date ? changed : 'never-or-not-told' };
  } catch (error) {
    // The DC does not give it: then nothing is known of backups, and that is what the result says.
    if (error instanceof DirectoryError && error.resultCode !== undefined)
      return { namingContext, time: 'never-or-not-told' };
    throw error;
  }
}

/** The last change of an attribute, from an entry read with `metadataAttributes`; undefined where it is not told. */
export function stampOf(entry: Entry, attribute: string): AttributeStamp | undefined {
  const xml = allBytesOf(entry, 'msDS-ReplAttributeMetaData');
  const raw = bytesOf(entry, 'replPropertyMetaData');
  const wanted = attribute.toLowerCase();
  try {
    const stamps =
      xml.length > 0 ? xml.map(parseAttributeStampXml) : raw === undefined ? [] : parsePropertyMetaData(raw);
    return stamps.find((stamp) => stamp.attribute.toLowerCase() === wanted);
  } catch (error) {
    // Metadata that can't be understood tells nothing.
    if (error instanceof UnreadableReplicationValueError) return undefined;
    throw error;
  }
}
