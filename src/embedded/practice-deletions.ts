/** What has been deleted in the practice forest over the last 58 days, as tombstones in LDIF. */

import { childDn } from '../ad/dn.ts';
import { formatGuid } from '../ad/values.ts';
import { ldifRecord } from '../ldif/ldif-writer.ts';
import { steadyGuid } from './steady-guid.ts';

const domain = 'DC=corp,DC=example,DC=com';
const configuration = `CN=Configuration,${domain}`;
const domainDnsZones = `DC=DomainDnsZones,${domain}`;
const forestDnsZones = `DC=ForestDnsZones,${domain}`;

interface Kind {
  readonly namingContext: string;
  readonly parent: string;
  readonly objectClass: string;
  /** How many days ago each was deleted; the place in the list numbers the names. */
  readonly days: readonly number[];
  readonly name: (number: number) => string;
  /** What tombstones keep (MS-ADTS 3.1.1.5.5.1.1). */
  readonly kept?: (name: string) => Readonly<Record<string, string>>;
}

const padded = (number: number): string => String(number).padStart(3, '0');

/** Many in the first days, few towards the end, and a heap 30 days ago, when an office moved. */
const kinds: readonly Kind[] = [
  {
    namingContext: domain,
    parent: `OU=Amsterdam,${domain}`,
    objectClass: 'user',
    days: [0, 1, 3, 4, 8, 9, 15, 22, 36, 51],
    name: (number) => `Temporary worker ${number}`,
    kept: (name) => ({ sAMAccountName: name.replace('Temporary worker ', 'temp'), userAccountControl: '514' }),
  },
  {
    namingContext: domain,
    parent: `CN=Computers,${domain}`,
    objectClass: 'computer',
    days: [0, 2, 2, 6, 11, 19, 30, 30, 30, 30, 30, 30, 30, 30, 31, 44, 57],
    name: (number) => `PC-PBO-${padded(number)}`,
    kept: (name) => ({ sAMAccountName: `${name}$`, userAccountControl: '4096' }),
  },
  {
    namingContext: domain,
    parent: `OU=Servers,${domain}`,
    objectClass: 'computer',
    // EX04's account: the first sign of the orphan that it left.
    days: [55],
    name: () => 'EX04',
    kept: () => ({ sAMAccountName: 'EX04$', userAccountControl: '4096', dNSHostName: 'ex04.corp.example.com' }),
  },
  {
    namingContext: domain,
    parent: `OU=Paramaribo,${domain}`,
    objectClass: 'printQueue',
    days: [1, 5, 30, 30, 30, 30, 47],
    name: (number) => `PRN-PBO-${padded(number)}`,
  },
  {
    namingContext: domain,
    parent: `OU=Distribution Groups,${domain}`,
    objectClass: 'group',
    days: [12, 33],
    name: (number) => `Project ${number}`,
    kept: (name) => ({ sAMAccountName: name, groupType: '8' }),
  },
  {
    namingContext: configuration,
    parent: `CN=NTDS Settings,CN=DC2,CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`,
    objectClass: 'nTDSConnection',
    days: [0, 7, 14, 21, 28, 46, 52],
    name: (number) => formatGuid(steadyGuid(`connection ${number}`)),
  },
  {
    namingContext: domainDnsZones,
    parent: `CN=MicrosoftDNS,${domainDnsZones}`,
    objectClass: 'dnsNode',
    days: [2, 9, 16, 30, 41],
    name: (number) => `host${padded(number)}`,
  },
  {
    namingContext: forestDnsZones,
    parent: `CN=MicrosoftDNS,${forestDnsZones}`,
    objectClass: 'dnsNode',
    days: [55],
    name: () => 'ex04-alias',
  },
];

/** LDIF with the placeholders that the loader fills in. */
export function practiceDeletions(): string {
  return kinds.flatMap((kind) => kind.days.map((day, index) => tombstone(kind, day, index + 1))).join('');
}

function tombstone({ namingContext, parent, objectClass, name, kept }: Kind, day: number, number: number): string {
  const type = objectClass === 'dnsNode' ? 'DC' : 'CN';
  const guid = formatGuid(steadyGuid(`${parent} ${name(number)}`));
  const attributes: Record<string, string> = {
    objectClass,
    isDeleted: 'TRUE',
    isRecycled: 'TRUE',
    lastKnownParent: parent,
    whenCreated: `{{now-${day + 200}d}}`,
    // Some minutes apart, as they would be.
    whenChanged: `{{now-${day * 1440 + number * 7}m}}`,
    ...kept?.(name(number)),
  };
  return ldifRecord({
    kind: 'content',
    dn: childDn(`CN=Deleted Objects,${namingContext}`, type, `${name(number)}\nDEL:${guid}`),
    attributes: Object.entries(attributes).map(([key, value]) => ({ name: key, values: [Buffer.from(value)] })),
  });
}
