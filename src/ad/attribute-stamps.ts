/** When an attribute of an entry was last changed, and on which DC: replication metadata. */

import { allBytesOf, bytesOf, type Entry } from './entry.ts';
import { type AttributeStamp, parsePropertyMetaData, UnreadableReplicationValueError } from './replication-values.ts';
import { parseAttributeStampXml } from './replication-xml.ts';

/** What to read for stampOf: Windows has both, Samba only the first. */
export const metadataAttributes: readonly string[] = ['replPropertyMetaData', 'msDS-ReplAttributeMetaData'];

/** The last change of an attribute, from an entry read with `metadataAttributes`; undefined where the DC does not show it. */
export function stampOf(entry: Entry, attribute: string): AttributeStamp | undefined {
  const xml = allBytesOf(entry, 'msDS-ReplAttributeMetaData');
  const raw = bytesOf(entry, 'replPropertyMetaData');
  const wanted = attribute.toLowerCase();
  try {
    const stamps =
      xml.length > 0 ? xml.map(parseAttributeStampXml) : raw === undefined ? [] : parsePropertyMetaData(raw);
    return stamps.find((stamp) => stamp.attribute.toLowerCase() === wanted);
  } catch (error) {
    // Metadata that cannot be understood says nothing.
    if (error instanceof UnreadableReplicationValueError) return undefined;
    throw error;
  }
}
