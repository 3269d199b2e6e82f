/** Names of attributes that replPropertyMetaData gives by number alone, as Samba's DCs do. */

import { equal } from '../ldap/filter.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { integerOf, textOf } from './entry.ts';

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
