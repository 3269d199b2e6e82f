/**
 * A DC's replication state and the stamps of single attributes (replication metadata), from what the directory holds:
 * - repsFrom, replUpToDateVector, replPropertyMetaData, which Windows and Samba both have (MS-DRSR, little-endian);
 * - in XML, which Windows alone has: msDS-NCReplInboundNeighbors, msDS-ReplAllInboundNeighbors, msDS-NCReplCursors,
 *   msDS-ReplAttributeMetaData (MS-ADTS 3.1.1.4.5.13 to 22). The name of the root element differs between documents and
 *   servers, and values end in NUL: fields are identified only by the names of the child elements.
 *
 * A value that is truncated or has an unknown format is an error: it must never look like a healthy state.
 */

import { DirectoryError } from '../errors.ts';
import { sameDn } from './dn.ts';
import {
  allBytesOf,
  dateOfFileTime,
  dateOfSecondsSince1601,
  type Entry,
  formatGuid,
  guidFromText,
  normalizedGuid,
  type PointInTime,
  parseLargeInteger,
  ValueSyntaxError,
} from './entry.ts';
import type { DomainController } from './forest.ts';

/** A DC from which this one replicates a naming context, and the result of the last attempts. */
export interface InboundNeighbor {
  /** Only in XML; repsFrom is an attribute of the naming context itself. */
  readonly namingContext?: string;
  /** objectGUID of the source's NTDS Settings, as repadmin expects it. */
  readonly sourceDsaGuid: string;
  readonly lastSuccess: PointInTime;
  /** A Windows error code; 0 is success. */
  readonly lastResult: number;
  readonly consecutiveFailures: number;
}

/** Up to which USN this DC has the changes of another, directly or through others. */
export interface ReplicationCursor {
  readonly invocationId: string;
  readonly usn: bigint;
  /** 'unknown' in old vectors, which hold no time, and on Samba, which does not record it. */
  readonly lastSuccess: PointInTime | 'unknown';
  /** DN of that DC's NTDS Settings, which identifies the DC of a former invocationId. Only in XML. */
  readonly sourceDsaDn?: string;
}

/** The last change of one attribute of one entry. */
export interface AttributeStamp {
  /** lDAPDisplayName; from replPropertyMetaData, for most attributes, the attribute's number as "attid 131126". */
  readonly attribute: string;
  readonly version: number;
  readonly changed: PointInTime;
  readonly originatingInvocationId: string;
  readonly originatingUsn: bigint;
}

/** A replication value that cannot be read: the state of its DC is unknown. */
export class UnreadableReplicationValueError extends DirectoryError {
  constructor(attribute: string, found: string) {
    super({
      attempted: 'read the replication state',
      on: attribute,
      cameBack: found,
      next: 'Treat the state as unknown, and query that DC directly: repadmin /showrepl',
    });
  }
}

/** What to read for stampOf and stampsOf: Windows has both, Samba only the first. */
export const metadataAttributes: readonly string[] = ['replPropertyMetaData', 'msDS-ReplAttributeMetaData'];

/** What to read for linkStampsOf: Windows only. */
export const linkMetadataAttribute = 'msDS-ReplValueMetaData';

/** The last change of an attribute, from an entry read with `metadataAttributes`; undefined if the DC does not show it. */
export function stampOf(entry: Entry, attribute: string): AttributeStamp | undefined {
  const wanted = attribute.toLowerCase();
  return stampsOf(entry).find((stamp) => stamp.attribute.toLowerCase() === wanted);
}

/** The last change of each attribute, from an entry read with `metadataAttributes`; [] if the DC does not show them. */
export function stampsOf(entry: Entry): readonly AttributeStamp[] {
  const xml = allBytesOf(entry, 'msDS-ReplAttributeMetaData');
  return orNone(() =>
    xml.length > 0
      ? xml.map(parseAttributeStampXml)
      : allBytesOf(entry, 'replPropertyMetaData').flatMap(parsePropertyMetaData),
  );
}

/**
 * The last change of each value of a link, such as a group's member, from an entry read with `linkMetadataAttribute`:
 * these have separate stamps, with the same fields (MS-ADTS 3.1.1.4.5.18). [] if the DC does not show them.
 */
export function linkStampsOf(entry: Entry): readonly AttributeStamp[] {
  return orNone(() => allBytesOf(entry, linkMetadataAttribute).map(parseAttributeStampXml));
}

function orNone(read: () => readonly AttributeStamp[]): readonly AttributeStamp[] {
  try {
    return read();
  } catch (error) {
    // Metadata that cannot be read shows nothing.
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

/** The highest USN that the DC has of each invocationId: every change up to there has arrived (MS-DRSR 5.203). */
export type KnownChanges = ReadonlyMap<string, bigint>;

/** Whether the DC has had the change. DCs are compared by invocationId: a restored one keeps its DSA GUID, not this. */
export function isKnown(known: KnownChanges, stamp: AttributeStamp): boolean {
  return stamp.originatingUsn <= (known.get(stamp.originatingInvocationId.toLowerCase()) ?? -1n);
}

/** Finds the DC of the forest that made a change, by its invocationId; undefined if no DC has or had it. */
export type Originator = (invocationId: string) => DomainController | undefined;

/**
 * A DC that was restored has a new invocationId. The former ones are in its retired signatures, and Windows names their DC
 * next to the cursors of its vectors.
 *
 * @param cursors of the DCs that answered
 */
export function originatorOf(
  domainControllers: readonly DomainController[],
  cursors: readonly ReplicationCursor[],
): Originator {
  const known = new Map<string, DomainController>();
  for (const { invocationId, sourceDsaDn } of cursors) {
    const named = domainControllers.find(
      ({ settingsDn }) => sourceDsaDn !== undefined && sameDn(settingsDn, sourceDsaDn),
    );
    if (named !== undefined) known.set(invocationId.toLowerCase(), named);
  }
  for (const one of domainControllers) {
    if (one.invocationId !== undefined) known.set(one.invocationId.toLowerCase(), one);
  }
  return (invocationId) =>
    known.get(invocationId.toLowerCase()) ??
    domainControllers.find(({ retiredSignatures = [] }) =>
      retiredSignatures.some((signatures) => signatures.includes(guidFromText(invocationId))),
    );
}

/** One value of repsFrom (MS-DRSR 5.170, versions 1 and 2). Throws UnreadableReplicationValueError. */
export function parseRepsFrom(value: Buffer): InboundNeighbor {
  return readable('repsFrom', () => {
    const version = value.readUInt32LE(0);
    if (version !== 1 && version !== 2) throw unreadable('repsFrom', `version ${version}`);
    const length = value.readUInt32LE(8);
    const headerLength = version === 1 ? 208 : 216;
    if (length < headerLength || length > value.length) throw cutShort('repsFrom', value.length, length);
    const sourceDsaGuid = formatGuid(value.subarray(160, 176));
    if (sourceDsaGuid === nullGuid) throw unreadable('repsFrom', 'no source');
    return {
      sourceDsaGuid,
      lastSuccess: dateOfSecondsSince1601(value.readBigUInt64LE(16)),
      lastResult: value.readUInt32LE(32),
      consecutiveFailures: value.readUInt32LE(12),
    };
  });
}

/** The cursors of a replUpToDateVector (MS-DRSR 5.203 to 5.206, versions 1 and 2). Throws UnreadableReplicationValueError. */
export function parseUpToDateVector(value: Buffer): ReplicationCursor[] {
  return readable('replUpToDateVector', () => {
    const version = value.readUInt32LE(0);
    if (version !== 1 && version !== 2) throw unreadable('replUpToDateVector', `version ${version}`);
    return rowsOf('replUpToDateVector', value, version === 1 ? 24 : 32).map((row) => ({
      invocationId: formatGuid(row.subarray(0, 16)),
      usn: row.readBigUInt64LE(16),
      lastSuccess: version === 1 ? 'unknown' : cursorTime(row.readBigUInt64LE(24)),
    }));
  });
}

/** The stamps of a replPropertyMetaData (its version 1, as stored). Throws UnreadableReplicationValueError. */
export function parsePropertyMetaData(value: Buffer): AttributeStamp[] {
  return readable('replPropertyMetaData', () => {
    const version = value.readUInt32LE(0);
    if (version !== 1) throw unreadable('replPropertyMetaData', `version ${version}`);
    return rowsOf('replPropertyMetaData', value, 48).map((row) => {
      const attributeNumber = row.readUInt32LE(0);
      return {
        attribute: attributeNames.get(attributeNumber) ?? `attid ${attributeNumber}`,
        version: row.readUInt32LE(4),
        changed: dateOfSecondsSince1601(row.readBigUInt64LE(8)),
        originatingInvocationId: formatGuid(row.subarray(16, 32)),
        originatingUsn: row.readBigUInt64LE(32),
      };
    });
  });
}

/** Runs a reader; a RangeError at the end of a buffer and a ValueSyntaxError become the error of this file. */
function readable<T>(attribute: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw unreadable(attribute, 'truncated');
    if (error instanceof ValueSyntaxError) throw unreadable(attribute, error.trouble.cameBack);
    throw error;
  }
}

/** The GUID that means "none". */
const nullGuid = '00000000-0000-0000-0000-000000000000';

/** By the prefix table of a new forest (MS-DRSR 5.16.4): 1.2.840.113556.1.2 is 2, 1.2.840.113556.1.4 is 9. */
const attributeNames: ReadonlyMap<number, string> = new Map([
  [0x2_0030, 'isDeleted'],
  [0x2_0036, 'tombstoneLifetime'],
  [0x2_004a, 'dSASignature'],
  [0x2_012d, 'garbageCollPeriod'],
  [0x9_0814, 'msDS-DeletedObjectLifetime'],
]);

/** The rows of a table: a count at byte 8, the rows from byte 16. */
function rowsOf(attribute: string, value: Buffer, rowLength: number): Buffer[] {
  const headerLength = 16;
  const count = value.readUInt32LE(8);
  const length = headerLength + count * rowLength;
  if (length > value.length) throw cutShort(attribute, value.length, length);
  return Array.from({ length: count }, (_, index) => {
    const start = headerLength + index * rowLength;
    return value.subarray(start, start + rowLength);
  });
}

/** Windows counts seconds here; Samba counts 100 ns units and always writes 1970. */
function cursorTime(count: bigint): ReplicationCursor['lastSuccess'] {
  const isSeconds = count < 2n ** 40n;
  if (isSeconds) return dateOfSecondsSince1601(count);
  const time = dateOfFileTime(count.toString());
  return time !== 'never' && time.getTime() === 0 ? 'unknown' : time;
}

function unreadable(attribute: string, found: string): UnreadableReplicationValueError {
  return new UnreadableReplicationValueError(attribute, `the value cannot be read: ${found}`);
}

function cutShort(attribute: string, found: number, expected: number): UnreadableReplicationValueError {
  return unreadable(attribute, `${found} bytes instead of ${expected}`);
}

/** One value of msDS-NCReplInboundNeighbors or msDS-ReplAllInboundNeighbors. Throws UnreadableReplicationValueError. */
export function parseInboundNeighborXml(value: Buffer): InboundNeighbor {
  return readableXml('msDS-NCReplInboundNeighbors', value, (fields) => ({
    ...fields.optionalText('namingContext', 'pszNamingContext'),
    sourceDsaGuid: fields.guid('uuidSourceDsaObjGuid'),
    lastSuccess: fields.time('ftimeLastSyncSuccess'),
    lastResult: fields.count('dwLastSyncResult'),
    consecutiveFailures: fields.count('cNumConsecutiveSyncFailures'),
  }));
}

/** One value of msDS-NCReplCursors. Throws UnreadableReplicationValueError. */
export function parseCursorXml(value: Buffer): ReplicationCursor {
  return readableXml('msDS-NCReplCursors', value, (fields) => ({
    invocationId: fields.guid('uuidSourceDsaInvocationID'),
    usn: parseLargeInteger(fields.text('usnAttributeFilter')),
    lastSuccess: fields.time('ftimeLastSyncSuccess'),
    ...fields.optionalText('sourceDsaDn', 'pszSourceDsaDN'),
  }));
}

/** One value of msDS-ReplAttributeMetaData. Throws UnreadableReplicationValueError. */
export function parseAttributeStampXml(value: Buffer): AttributeStamp {
  return readableXml('msDS-ReplAttributeMetaData', value, (fields) => ({
    attribute: fields.text('pszAttributeName'),
    version: fields.count('dwVersion'),
    changed: fields.time('ftimeLastOriginatingChange'),
    originatingInvocationId: normalizedGuid(fields.text('uuidLastOriginatingDsaInvocationID')),
    originatingUsn: parseLargeInteger(fields.text('usnOriginatingChange')),
  }));
}

function readableXml<T>(attribute: string, value: Buffer, read: (fields: XmlFields) => T): T {
  return readable(attribute, () => read(new XmlFields(attribute, value)));
}

/** The child elements of the one root element, by name. */
class XmlFields {
  readonly #attribute: string;
  readonly #fields = new Map<string, string>();

  constructor(attribute: string, value: Buffer) {
    this.#attribute = attribute;
    const text = withoutTrailingNul(value.toString('utf8'));
    const root = /^\s*(?:<\?xml[^>]*\?>\s*)?<([\w.-]+)(?:\s[^<>]*)?>(.*)<\/\1\s*>$/s.exec(text);
    if (root === null) throw unreadable(this.#attribute, 'not one complete XML element');
    const inner = root[2] ?? '';
    const child = /\s*<([\w.-]+)(?:\s[^<>]*?)?(?:\/>|>([^<]*)<\/\1\s*>)\s*/y;
    while (child.lastIndex < inner.length) {
      const [, name, content = ''] = child.exec(inner) ?? [];
      if (name === undefined) throw unreadable(this.#attribute, 'an element that is not a field');
      if (this.#fields.has(name)) throw unreadable(this.#attribute, `${name} twice`);
      this.#fields.set(name, withoutEntities(content).trim());
    }
  }

  text(name: string): string {
    const text = this.#fields.get(name) ?? '';
    if (text === '') throw unreadable(this.#attribute, `no ${name}`);
    return text;
  }

  /** The text as a property with this key; no property if the field is missing. */
  optionalText<Key extends string>(key: Key, name: string): { readonly [K in Key]?: string } {
    const text = this.#fields.get(name) ?? '';
    return text === '' ? {} : ({ [key]: text } as { readonly [K in Key]: string });
  }

  guid(name: string): string {
    const guid = normalizedGuid(this.text(name));
    if (guid === nullGuid) throw unreadable(this.#attribute, `no ${name}`);
    return guid;
  }

  /** An unsigned number of 32 bits. */
  count(name: string): number {
    const text = this.text(name);
    if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 32) throw unreadable(this.#attribute, `${name} "${text}"`);
    return Number(text);
  }

  /** `2026-11-22T05:33:25Z`; the first second of 1601 is 'never'. */
  time(name: string): PointInTime {
    const text = this.text(name);
    const time = new Date(text.endsWith('Z') ? text : `${text}Z`);
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?$/.test(text) || Number.isNaN(time.getTime())) {
      throw unreadable(this.#attribute, `${name} "${text}"`);
    }
    return text.startsWith('1601-01-01T00:00:00') ? 'never' : time;
  }
}

/** Without a pattern for the end: that takes quadratic time on long white space elsewhere. */
function withoutTrailingNul(text: string): string {
  let end = text.length;
  while (end > 0 && /[\0\s]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

const namedEntities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** An ampersand that does not begin an entity is kept: names of objects may contain one. */
function withoutEntities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return namedEntities[name.toLowerCase()] ?? whole;
      const codePoint = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : whole;
    },
  );
}
