/** Replication partners that the lab does not have, as a DC would remember them. Load them offline, with no kcc running. */

import { forest, namingContexts } from '../lab/forest.ts';
import { add, type Change, replace } from '../lab/ldif.ts';
import { fileTime } from './recipients.ts';

export interface PartnerOptions {
  /** The first label of its dNSHostName. */
  readonly name: string;
  /** objectGUID of its NTDS Settings. */
  readonly dsaGuid: string;
  readonly invocationId: string;
  readonly lastSuccess: Date;
  readonly lastAttempt: Date;
  /** Windows error code of the last attempt; 0 for success. */
  readonly result: number;
  readonly failures: number;
  /** Whether its computer account is there; true if left out. */
  readonly hasAccount?: boolean;
}

/** A further DC of the forest, and what this DC remembers of pulling from it, in every naming context. */
export function partner(options: PartnerOptions): readonly Change[] {
  const server = `CN=${options.name.toUpperCase()},CN=Servers,${forest.site}`;
  const account = `CN=${options.name.toUpperCase()},OU=Domain Controllers,${forest.domainNamingContext}`;
  const settings = `CN=NTDS Settings,${server}`;
  const globalCatalog = '1';
  return [
    ...(options.hasAccount === false
      ? []
      : [add(account, { objectClass: 'computer', sAMAccountName: `${options.name.toUpperCase()}$` })]),
    add(server, {
      objectClass: 'server',
      dNSHostName: `${options.name}.${forest.domain}`,
      ...(options.hasAccount === false ? {} : { serverReference: account }),
    }),
    add(settings, {
      objectClass: 'nTDSDSA',
      objectGUID: guidBytes(options.dsaGuid),
      invocationId: guidBytes(options.invocationId),
      options: globalCatalog,
      dMDLocation: forest.schemaNamingContext,
      hasMasterNCs: namingContexts,
      'msDS-HasMasterNCs': namingContexts,
    }),
    ...namingContexts.map((namingContext) => replace(namingContext, { repsFrom: repsFrom(options) })),
  ];
}

/** A value of repsFrom, version 1 (MS-DRSR 5.170). */
export function repsFrom(options: PartnerOptions): Buffer {
  const fixedLength = 208;
  const address = Buffer.from(`${options.dsaGuid}._msdcs.${forest.domain}\0`, 'latin1');
  const value = Buffer.alloc(fixedLength + 4 + address.length);
  value.writeUInt32LE(1, 0);
  value.writeUInt32LE(value.length, 8);
  value.writeUInt32LE(options.failures, 12);
  value.writeBigUInt64LE(secondsSince1601(options.lastSuccess), 16);
  value.writeBigUInt64LE(secondsSince1601(options.lastAttempt), 24);
  value.writeUInt32LE(options.result, 32);
  value.writeUInt32LE(fixedLength, 36);
  value.writeUInt32LE(4 + address.length, 40);
  value.writeUInt32LE(0x74, 44);
  // The schedule: once an hour, always.
  value.fill(0x11, 48, 132);
  value.set(guidBytes(options.dsaGuid), 160);
  value.set(guidBytes(options.invocationId), 176);
  value.writeUInt32LE(address.length, fixedLength);
  value.set(address, fixedLength + 4);
  return value;
}

function secondsSince1601(date: Date): bigint {
  return BigInt(fileTime(date)) / 10_000_000n;
}

/** A GUID as AD stores it: the first three groups with their least significant byte first. */
export function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
