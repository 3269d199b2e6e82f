/** Samba trees: the folder of one DC's databases, and what is done to it while no Samba runs on it. */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { run } from './command.ts';
import { forest } from './forest.ts';
import { type Change, replace, writeLdif } from './ldif.ts';

/** The DC's directory within its tree. */
export function databaseOf(tree: string): string {
  return join(tree, 'private', 'sam.ldb');
}

/** Copies a tree; holes in its database files stay holes. */
export async function copyTree(source: string, destination: string): Promise<void> {
  await run('cp', ['--archive', '--sparse=always', '--reflink=auto', source, destination]);
}

/** Changes a Samba database that no server has open; `relax` lifts the rules that bind LDAP clients. */
export async function ldbmodify(database: string, changes: readonly Change[]): Promise<void> {
  const relax = ['--option=dsdb:schema update allowed=yes', '--controls=relax:0'];
  await run('ldbmodify', ['-H', database, ...relax], { input: writeLdif(changes) });
}

/** A password that meets AD's complexity rules. */
export function randomPassword(): string {
  return `Aa1-${randomBytes(18).toString('base64url')}`;
}

/** Sets a password offline; its text stays out of any process list. */
export function setPassword(dn: string, password: string): Change {
  return replace(dn, { clearTextPassword: Buffer.from(password, 'utf16le') });
}

/** Gives the DC the address at which the test reaches it in the DC's own DNS (MS-DNSP 2.2.2.2.4.1). */
export function setAddress(name: string, address: string): Change {
  const record = Buffer.alloc(28);
  const typeA = 1;
  record.writeUInt16LE(4, 0);
  record.writeUInt16LE(typeA, 2);
  record.writeUInt8(5, 4);
  record.writeUInt8(0xf0, 5);
  record.writeUInt32LE(1, 8);
  record.writeUInt32BE(900, 12);
  record.set(address.split('.').map(Number), 24);
  const zone = `DC=${forest.domain},CN=MicrosoftDNS,DC=DomainDnsZones,${forest.domainNamingContext}`;
  return replace(`DC=${name},${zone}`, { dnsRecord: record });
}
