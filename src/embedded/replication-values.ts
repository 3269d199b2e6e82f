/**
 * Replication as clients read it: the XML values that Windows constructs (MS-ADTS 3.1.1.4.5.13 to 22), and the raw ones
 * that Windows and Samba keep (MS-DRSR, little-endian).
 */

import { createHash } from 'node:crypto';
import { formatGuid, guidFromText, secondsSince1601 } from '../ad/entry.ts';
import { type Cursor, domainControllersIn, type InboundPartner, type ReplicationState } from './domain-controller.ts';
import type { AttributeStamp, StoredEntry } from './entry.ts';
import type { AttributeType } from './schema.ts';
import type { Store } from './store.ts';

const nullGuid = Buffer.alloc(16);
/** DRS_WRIT_REP, DRS_INIT_SYNC, DRS_PER_SYNC; the same bits as DS_REPL_NBR_WRITEABLE and so on. */
const replicaFlags = 0x70;

/** msDS-NCReplInboundNeighbors of one naming context. */
export function neighborsOf({ partners }: ReplicationState, store: Store, namingContext: StoredEntry): string[] {
  return partners.map(({ source, lastSuccess, lastAttempt, lastResult, failures }) =>
    xml('DS_REPL_NEIGHBOR', {
      pszNamingContext: namingContext.dn,
      pszSourceDsaDN: source.ntdsSettings ?? '',
      pszSourceDsaAddress: `${guid(source.objectGuid)}._msdcs.${store.forestDnsName}`,
      pszAsyncIntersiteTransportDN: '',
      dwReplicaFlags: replicaFlags,
      dwReserved: 0,
      uuidNamingContextObjGuid: guid(namingContext.bytes('objectGUID')),
      uuidSourceDsaObjGuid: guid(source.objectGuid),
      uuidSourceDsaInvocationID: guid(source.invocationId),
      uuidAsyncIntersiteTransportObjGuid: guid(undefined),
      usnLastObjChangeSynced: store.usn,
      usnAttributeFilter: store.usn,
      ftimeLastSyncSuccess: time(lastSuccess),
      ftimeLastSyncAttempt: time(lastAttempt),
      dwLastSyncResult: lastResult,
      cNumConsecutiveSyncFailures: failures,
    }),
  );
}

/** msDS-NCReplCursors, the same for every naming context. */
export function cursorsOf({ cursors }: ReplicationState): string[] {
  return cursors.map(({ source, usn, lastSuccess }) =>
    xml('DS_REPL_CURSOR', {
      uuidSourceDsaInvocationID: guid(source.invocationId),
      usnAttributeFilter: usn,
      ftimeLastSyncSuccess: time(lastSuccess),
      pszSourceDsaDN: source.ntdsSettings ?? '',
    }),
  );
}

/** msDS-ReplAttributeMetaData; an attribute that was removed keeps its metadata. */
export function metadataOf(entry: StoredEntry, store: Store): string[] {
  const controllers = domainControllersIn(store);
  return shownStamps(entry, store).map(([type, stamp]) => {
    const origin = controllers.find(({ invocationId }) => guid(invocationId) === stamp.origin);
    return xml('DS_REPL_ATTR_META_DATA', {
      pszAttributeName: type.name,
      dwVersion: stamp.version,
      ftimeLastOriginatingChange: time(stamp.time),
      uuidLastOriginatingDsaInvocationID: stamp.origin,
      usnOriginatingChange: stamp.originUsn,
      usnLocalChange: stamp.usn,
      pszLastOriginatingDsaDN: origin?.ntdsSettings ?? '',
    });
  });
}

/** The values of links have separate metadata (msDS-ReplValueMetaData), which is not given here. */
function shownStamps(entry: StoredEntry, store: Store): [AttributeType, AttributeStamp][] {
  return store.stampsOf(entry).filter(([{ link }]) => link.direction === 'none');
}

/** AD's constructed XML: one element per line, and a NUL at the end. */
function xml(root: string, fields: Readonly<Record<string, string | number | bigint>>): string {
  const lines = Object.entries(fields).map(([name, value]) => `\t<${name}>${escapeXml(String(value))}</${name}>\n`);
  return `<${root}>\n${lines.join('')}</${root}>\n\0`;
}

function escapeXml(text: string): string {
  // Next to no value has one: looking once is faster than three copies.
  return /[&<>]/.test(text) ? text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;') : text;
}

function guid(bytes: Buffer | undefined): string {
  return formatGuid(bytes ?? nullGuid);
}

/** "Never" is the beginning of Windows time. */
function time(date: Date | undefined): string {
  return date === undefined ? '1601-01-01T00:00:00Z' : `${date.toISOString().slice(0, 19)}Z`;
}

/** Of REPLICA_LINK version 1, before the address. */
const linkHeaderLength = 208;

/** A value of repsFrom: REPLICA_LINK, version 1 (MS-DRSR 5.170). `usn` is how far the source's changes are known. */
export function repsFromValue(partner: InboundPartner, forestDnsName: string, usn: bigint): Buffer {
  const name = Buffer.from(`${guid(partner.source.objectGuid)}._msdcs.${forestDnsName}\0`, 'latin1');
  const address = Buffer.concat([Buffer.alloc(4), name]);
  address.writeUInt32LE(name.length);
  const header = Buffer.alloc(linkHeaderLength);
  header.writeUInt32LE(1, 0);
  header.writeUInt32LE(linkHeaderLength + address.length, 8);
  header.writeUInt32LE(partner.failures, 12);
  header.writeBigUInt64LE(seconds(partner.lastSuccess), 16);
  header.writeBigUInt64LE(seconds(partner.lastAttempt), 24);
  header.writeUInt32LE(partner.lastResult, 32);
  header.writeUInt32LE(linkHeaderLength, 36);
  header.writeUInt32LE(address.length, 40);
  header.writeUInt32LE(replicaFlags, 44);
  // A schedule that lets it replicate at any hour.
  header.fill(0x11, 48, 48 + 84);
  header.writeBigUInt64LE(usn, 136);
  header.writeBigUInt64LE(usn, 152);
  (partner.source.objectGuid ?? nullGuid).copy(header, 160);
  (partner.source.invocationId ?? nullGuid).copy(header, 176);
  return Buffer.concat([header, address]);
}

/** The value of replUpToDateVector: UPTODATE_VECTOR, version 2 (MS-DRSR 5.205 and 5.8). */
export function upToDateVectorValue(cursors: readonly Cursor[]): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(2, 0);
  header.writeUInt32LE(cursors.length, 8);
  const rows = cursors.map(({ source, usn, lastSuccess }) => {
    const row = Buffer.alloc(32);
    (source.invocationId ?? nullGuid).copy(row);
    row.writeBigUInt64LE(usn, 16);
    row.writeBigUInt64LE(seconds(lastSuccess), 24);
    return row;
  });
  return Buffer.concat([header, ...rows]);
}

/** The value of replPropertyMetaData: PROPERTY_META_DATA_VECTOR, version 1 (MS-DRSR 5.165). */
export function propertyMetaDataValue(entry: StoredEntry, store: Store): Buffer {
  const stamps = shownStamps(entry, store)
    .map(([{ name }, stamp]) => ({ id: attributeId(name), stamp }))
    .toSorted((one, other) => one.id - other.id);
  const bytes = Buffer.alloc(16 + 48 * stamps.length);
  bytes.writeUInt32LE(1, 0);
  bytes.writeUInt32LE(stamps.length, 8);
  const origins = new Map([...new Set(stamps.map(({ stamp }) => stamp.origin))].map((id) => [id, guidFromText(id)]));
  let at = 16;
  for (const { id, stamp } of stamps) {
    bytes.writeUInt32LE(id, at);
    bytes.writeUInt32LE(stamp.version, at + 4);
    bytes.writeBigUInt64LE(seconds(stamp.time), at + 8);
    origins.get(stamp.origin)?.copy(bytes, at + 16);
    bytes.writeBigUInt64LE(stamp.originUsn, at + 32);
    bytes.writeBigUInt64LE(stamp.usn, at + 40);
    at += 48;
  }
  return bytes;
}

/** Attributes by number, with the prefixes that every forest begins with (MS-DRSR 5.16.4). */
const attributeIds = new Map<string, number>(
  Object.entries({
    objectClass: 0x0,
    cn: 0x3,
    ou: 0xb,
    description: 0xd,
    instanceType: 0x2_0001,
    whenCreated: 0x2_0002,
    displayName: 0x2_000d,
    isDeleted: 0x2_0030,
    tombstoneLifetime: 0x2_0036,
    dSASignature: 0x2_004a,
    invocationId: 0x2_0073,
    nTSecurityDescriptor: 0x2_0119,
    name: 0x9_0001,
    userAccountControl: 0x9_0008,
    objectSid: 0x9_0092,
    sAMAccountName: 0x9_00dd,
    systemFlags: 0x9_0177,
    dNSHostName: 0x9_026b,
    userPrincipalName: 0x9_0290,
    lastKnownParent: 0x9_030d,
    objectCategory: 0x9_030e,
    isRecycled: 0x9_080a,
  }),
);

/** Of any other attribute a number in the range of msDS-IntId (MS-ADTS 3.1.1.2.3), the same on every run. */
function attributeId(name: string): number {
  const id =
    attributeIds.get(name) ?? (createHash('sha256').update(name).digest().readUInt32LE() % 0x4000_0000) + 0x8000_0000;
  attributeIds.set(name, id);
  return id;
}

function seconds(date: Date | undefined): bigint {
  return date === undefined ? 0n : secondsSince1601(date);
}
