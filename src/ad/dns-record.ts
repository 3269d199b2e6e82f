/**
 * Values of dnsRecord, as the DNS partitions of AD hold them (MS-DNSP 2.3.2.2): each is one resource record of the node,
 * in binary. Only the kinds by which a name or an address of a host is published are read.
 */

/** A resource record that names a host, or gives an address. */
export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  /** `target` is a DNS name in lower case, without the final dot. */
  | { readonly type: 'CNAME' | 'NS' | 'PTR' | 'SRV'; readonly target: string };

/** The record types of MS-DNSP 2.2.2.1.1 that are read here. */
const recordTypes: ReadonlyMap<number, DnsRecord['type']> = new Map([
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [12, 'PTR'],
  [28, 'AAAA'],
  [33, 'SRV'],
] as const);

const headerLength = 24;
/** Priority, weight and port come before the target of an SRV record (MS-DNSP 2.2.2.2.4.18). */
const serviceHeaderLength = 6;

/** The record in a value; undefined for another type, and for a value that is cut short. */
export function parseDnsRecord(value: Buffer): DnsRecord | undefined {
  if (value.length < headerLength) return undefined;
  const data = value.subarray(headerLength, headerLength + value.readUInt16LE(0));
  const type = recordTypes.get(value.readUInt16LE(2));
  switch (type) {
    case undefined:
      return undefined;
    case 'A':
      return data.length === 4 ? { type, address: data.join('.') } : undefined;
    case 'AAAA':
      return data.length === 16 ? { type, address: addressOf(data) } : undefined;
    default: {
      const target = nameIn(type === 'SRV' ? data.subarray(serviceHeaderLength) : data);
      return target === undefined ? undefined : { type, target };
    }
  }
}

/** All eight groups, in hex without leading zeros. */
function addressOf(data: Buffer): string {
  return Array.from({ length: 8 }, (_, index) => data.readUInt16BE(index * 2).toString(16)).join(':');
}

/** DNS_COUNT_NAME (MS-DNSP 2.2.2.2.2): the length of all, the number of labels, then each label with its length. */
function nameIn(data: Buffer): string | undefined {
  const count = data[1];
  if (count === undefined) return undefined;
  const labels: string[] = [];
  let at = 2;
  for (let index = 0; index < count; index += 1) {
    const length = data[at];
    if (length === undefined || at + 1 + length > data.length) return undefined;
    labels.push(data.toString('utf8', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return labels.join('.').toLowerCase();
}
