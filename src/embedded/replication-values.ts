/** A DC's view of replication as the raw values that Windows and Samba keep (MS-DRSR, little-endian). */

import { formatGuid, secondsSince1601 } from '../ad/values.ts';
import type { Cursor, InboundPartner } from './replication.ts';

const nullGuid = Buffer.alloc(16);
/** DRS_WRIT_REP, DRS_INIT_SYNC, DRS_PER_SYNC */
const replicaFlags = 0x70;
/** Of REPLICA_LINK version 1, before the address. */
const headerLength = 208;

/** A value of repsFrom: REPLICA_LINK, version 1 (MS-DRSR 5.170). `usn` is how far the source's changes are known. */
export function repsFromValue(partner: InboundPartner, forestDnsName: string, usn: bigint): Buffer {
  const dsaGuid = formatGuid(partner.source.objectGuid ?? nullGuid);
  const name = Buffer.from(`${dsaGuid}._msdcs.${forestDnsName}\0`, 'latin1');
  const address = Buffer.concat([Buffer.alloc(4), name]);
  address.writeUInt32LE(name.length);
  const header = Buffer.alloc(headerLength);
  header.writeUInt32LE(1, 0);
  header.writeUInt32LE(headerLength + address.length, 8);
  header.writeUInt32LE(partner.failures, 12);
  header.writeBigUInt64LE(seconds(partner.lastSuccess), 16);
  header.writeBigUInt64LE(seconds(partner.lastAttempt), 24);
  header.writeUInt32LE(partner.lastResult, 32);
  header.writeUInt32LE(headerLength, 36);
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
export function upToDateVectorValue(cursors: readonly Cursor[], usn: bigint): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(2, 0);
  header.writeUInt32LE(cursors.length, 8);
  const entries = cursors.map(({ source, lastSuccess }) => {
    const entry = Buffer.alloc(32);
    (source.invocationId ?? nullGuid).copy(entry);
    entry.writeBigUInt64LE(usn, 16);
    entry.writeBigUInt64LE(seconds(lastSuccess), 24);
    return entry;
  });
  return Buffer.concat([header, ...entries]);
}

function seconds(date: Date | undefined): bigint {
  return date === undefined ? 0n : secondsSince1601(date);
}
