/** What the DNS partitions publish of a domain controller: single values of nodes, never a whole node. */

import { parentDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { type DnsRecord, parseDnsRecord } from '../../ad/dns-record.ts';
import { allBytesOf, guidOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { writtenValueOf } from '../../ad/values.ts';
import type { HeldValues } from '../../change/clear-values.ts';
import { equal } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { searchIfThere } from './references.ts';

/** Values of one node. */
export interface DnsValues extends HeldValues {
  /** "SRV _ldap._tcp.corp.example.com" for each. */
  readonly records: readonly string[];
}

/** A node of a zone, with its records. */
export interface DnsNode {
  readonly dn: string;
  readonly guid: string;
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly values: readonly { readonly bytes: Buffer; readonly record: DnsRecord | undefined }[];
}

/**
 * The values that name the host (CNAME, SRV, NS, PTR), its A and AAAA records, and the records by which the naming
 * contexts and the GCs are found under its addresses, where no other host has them.
 *
 * @param host its dNSHostName
 */
export function dnsValuesOf(nodes: readonly DnsNode[], { namingContexts }: Forest, host: string): readonly DnsValues[] {
  const own = host.toLowerCase();
  const addressesOf = (isMeant: (node: DnsNode) => boolean): ReadonlySet<string> =>
    new Set(nodes.filter(isMeant).flatMap(({ values }) => values.flatMap(({ record }) => addressIn(record) ?? [])));
  const shared = new Set(
    namingContexts.flatMap(({ dnsName }) => {
      const name = dnsName?.toLowerCase();
      return name === undefined ? [] : [name, `gc._msdcs.${name}`];
    }),
  );
  const ownAddresses = addressesOf(({ name }) => name === own);
  const ofOthers = addressesOf(({ name }) => name !== own && !shared.has(name));
  const isOf = (name: string, record: DnsRecord): boolean => {
    if ('target' in record) return record.target === own;
    if (name === own) return true;
    return shared.has(name) && ownAddresses.has(record.address) && !ofOthers.has(record.address);
  };
  return nodes.flatMap(({ dn, guid, name, values }) => {
    const going = values.filter(({ record }) => record !== undefined && isOf(name, record));
    if (going.length === 0) return [];
    return [
      {
        dn,
        guid,
        reference: { attribute: 'dnsRecord' },
        values: going.map(({ bytes }) => writtenValueOf(bytes)),
        otherValues: values.filter((value) => !going.includes(value)).map(({ bytes }) => writtenValueOf(bytes)),
        records: going.map(({ record }) => `${record?.type} ${name}`),
      },
    ];
  });
}

/** Whether any record names the host. */
export function isInDns(nodes: readonly DnsNode[], host: string): boolean {
  const own = host.toLowerCase();
  return nodes.some(({ name, values }) =>
    values.some(({ record }) => record !== undefined && ('target' in record ? record.target === own : name === own)),
  );
}

function addressIn(record: DnsRecord | undefined): string | undefined {
  return record !== undefined && 'address' in record ? record.address : undefined;
}

/** The nodes of all zones in the partitions that this DC holds: CN=MicrosoftDNS, of old below CN=System of the domain. Throws DirectoryError. */
export async function readDnsNodes(session: DirectorySession, { namingContexts }: Forest): Promise<readonly DnsNode[]> {
  const nodes: DnsNode[] = [];
  const contexts = namingContexts.map(({ dn }) => dn);
  const held = contexts.filter((dn) => session.rootDse.namingContexts.some((one) => sameDn(one, dn)));
  for (const base of held.flatMap((dn) => [`CN=MicrosoftDNS,${dn}`, `CN=MicrosoftDNS,CN=System,${dn}`])) {
    for await (const entry of searchIfThere(session, base, equal('objectClass', 'dnsNode'), [
      'dnsRecord',
      'objectGUID',
    ])) {
      const zone = rdnOf(parentDn(entry.dn) ?? '').value;
      const { value } = rdnOf(entry.dn);
      nodes.push({
        dn: entry.dn,
        guid: guidOf(entry, 'objectGUID') ?? '',
        name: (value === '@' ? zone : `${value}.${zone}`).toLowerCase(),
        values: allBytesOf(entry, 'dnsRecord').map((bytes) => ({ bytes, record: parseDnsRecord(bytes) })),
      });
    }
  }
  return nodes;
}
