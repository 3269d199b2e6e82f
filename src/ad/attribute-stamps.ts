/**
 * When an attribute of an entry was last changed, and on which DC: replication metadata. Its names of attributes, which
 * Samba's DCs give by number alone.
 */

import { type DirectorySession, equal } from '../ldap/session.ts';
import { allBytesOf, bytesOf, type Entry, integerOf, textOf } from './entry.ts';
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

/** The prefixes of a new forest's table that attributes have (MS-DRSR 5.16.4). */
const prefixes: ReadonlyMap<string, number> = new Map([
  ['2.5.4', 0],
  ['1.2.840.113556.1.2', 2],
  ['1.2.840.113556.1.3', 3],
  ['1.2.840.113556.1.4', 9],
  ['0.9.2342.19200300.100', 19],
  ['2.16.840.1.113730.3', 20],
  ['0.9.2342.19200300.100.1', 21],
  ['2.16.840.1.113730.3.1', 22],
  ['2.5.21', 24],
  ['2.5.18', 25],
  ['2.5.20', 26],
  ['1.3.6.1.4.1.250.1', 29],
  ['1.2.840.113549.1.9', 30],
]);

/** Above it the number holds a part of the OID's last arc only. */
const highestArc = 0x3fff;

/** The name of each attribute by its number in replication metadata, as far as the schema shows it. Throws DirectoryError. */
export async function readAttributeNumbers(session: DirectorySession): Promise<ReadonlyMap<number, string>> {
  const numbers = new Map<number, string>();
  const base = session.rootDse.schemaNamingContext;
  if (base === undefined) return numbers;
  const filter = equal('objectClass', 'attributeSchema');
  const attributes = ['lDAPDisplayName', 'attributeID', 'msDS-IntId'];
  for await (const entry of session.search({ base, scope: 'one', filter, attributes })) {
    const number = integerOf(entry, 'msDS-IntId') ?? numberOf(textOf(entry, 'attributeID') ?? '');
    // msDS-IntId is signed in LDAP.
    if (number !== undefined) numbers.set(number >>> 0, textOf(entry, 'lDAPDisplayName') ?? '');
  }
  return numbers;
}

/** Undefined for an OID whose prefix each forest numbers for itself. */
function numberOf(oid: string): number | undefined {
  const dot = oid.lastIndexOf('.');
  const prefix = prefixes.get(oid.slice(0, dot));
  const arc = Number(oid.slice(dot + 1));
  return prefix === undefined || arc > highestArc ? undefined : prefix * 0x1_0000 + arc;
}
