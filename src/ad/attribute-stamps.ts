/** When an attribute of an entry was last changed, and on which DC: replication metadata. */

import { allBytesOf, bytesOf, type Entry } from './entry.ts';
import {
  type AttributeStamp,
  parseAttributeStampXml,
  parsePropertyMetaData,
  UnreadableReplicationValueError,
} from './replication-values.ts';

/** What to read for stampOf and stampsOf: Windows has both, Samba only the first. */
export const metadataAttributes: readonly string[] = ['replPropertyMetaData', 'msDS-ReplAttributeMetaData'];

/** What to read for linkStampsOf: Windows only. */
export const linkMetadataAttribute = 'msDS-ReplValueMetaData';

/** The last change of an attribute, from an entry read with `metadataAttributes`; undefined where the DC does not show it. */
export function stampOf(entry: Entry, attribute: string): AttributeStamp | undefined {
  const wanted = attribute.toLowerCase();
  return stampsOf(entry).find((stamp) => stamp.attribute.toLowerCase() === wanted);
}

/** The last change of each attribute, from an entry read with `metadataAttributes`; [] where the DC does not show them. */
export function stampsOf(entry: Entry): readonly AttributeStamp[] {
  const xml = allBytesOf(entry, 'msDS-ReplAttributeMetaData');
  const raw = bytesOf(entry, 'replPropertyMetaData');
  return orNone(() => {
    if (xml.length > 0) return xml.map(parseAttributeStampXml);
    return raw === undefined ? [] : parsePropertyMetaData(raw);
  });
}

/**
 * The last change of each value of a link, such as a group's member, from an entry read with `linkMetadataAttribute`:
 * these have stamps of their own, with the same fields (MS-ADTS 3.1.1.4.5.18). [] where the DC does not show them.
 */
export function linkStampsOf(entry: Entry): readonly AttributeStamp[] {
  return orNone(() => allBytesOf(entry, linkMetadataAttribute).map(parseAttributeStampXml));
}

function orNone(read: () => readonly AttributeStamp[]): readonly AttributeStamp[] {
  try {
    return read();
  } catch (error) {
    // Metadata that cannot be understood says nothing.
    if (error instanceof UnreadableReplicationValueError) return [];
    throw error;
  }
}

/**
 * The stamp of objectClass, which is written once, when the entry is created: where, when and with which USN (MS-DRSR
 * 4.1.24.3). Its attribute number is 0.
 */
export function creationStamp(stamps: readonly AttributeStamp[]): AttributeStamp | undefined {
  return stamps.find(({ attribute }) => attribute === 'objectClass' || attribute === 'attid 0');
}
