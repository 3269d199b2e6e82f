/** The people of the practice forest, as LDIF: users with mailboxes, some of whom log on by another name than their address. */

import { ldifRecord } from '../ldif/ldif-writer.ts';
import { steadyGuid } from './steady-guid.ts';

interface Office {
  readonly name: string;
  readonly database: string;
  readonly server: string;
}

const amsterdam: Office = { name: 'Amsterdam', database: 'MDB-AMS-01', server: 'EX01' };
const amsterdamSecond: Office = { name: 'Amsterdam', database: 'MDB-AMS-02', server: 'EX02' };
const paramaribo: Office = { name: 'Paramaribo', database: 'MDB-PBO-01', server: 'EX03' };

/**
 * How the user principal name goes with the address: Amsterdam has been changed over, where one name differs in case
 * alone (which is no difference); Paramaribo has not, so that its people could not log on with their address.
 */
type LogOnName = 'address' | 'address in capitals' | 'old name';

const people: readonly (readonly [
  name: string,
  office: Office,
  logOnName: LogOnName,
  state?: 'disabled' | 'no mailbox',
])[] = [
  ['Anouk Visser', amsterdam, 'address'],
  ['Bram de Wit', amsterdam, 'address'],
  ['Carlijn Smit', amsterdam, 'address in capitals'],
  ['Daan Meijer', amsterdam, 'address'],
  ['Eva Bakker', amsterdam, 'address'],
  ['Floris Jansen', amsterdam, 'old name'],
  ['Guusje Mulder', amsterdam, 'address'],
  ['Hidde Vos', amsterdam, 'address', 'disabled'],
  ['Imke Peters', amsterdamSecond, 'address'],
  ['Jasper Hendriks', amsterdamSecond, 'address'],
  ['Kiki van Dam', amsterdamSecond, 'address'],
  ['Lars Brouwer', amsterdamSecond, 'address'],
  ['Mila Dijkstra', amsterdamSecond, 'address'],
  ['Niels Kuiper', amsterdamSecond, 'old name'],
  ['Olivia Koster', amsterdamSecond, 'address'],
  ['Pim Schouten', amsterdamSecond, 'address', 'no mailbox'],
  ['Radjin Kanhai', paramaribo, 'old name'],
  ['Sherida Pinas', paramaribo, 'old name'],
  ['Tamara Wijdenbosch', paramaribo, 'old name'],
  ['Urmila Ramdin', paramaribo, 'old name'],
  ['Vinod Bissessar', paramaribo, 'old name'],
  ['Wendell Simons', paramaribo, 'address'],
  ['Xaviera Tjon', paramaribo, 'old name', 'disabled'],
  ['Yoeri Amatsing', paramaribo, 'old name'],
];

const domain = 'DC=corp,DC=example,DC=com';
const adminGroup = `CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,CN=Nordwind Trading,CN=Microsoft Exchange,CN=Services,CN=Configuration,${domain}`;
const legacyAdminGroup = '/o=Nordwind Trading/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)';

/** LDIF with the placeholders that the loader fills in. */
export function practicePeople(): string {
  return [...people.map(person), mailGroup()].join('');
}

function person([name, office, logOnName, state]: (typeof people)[number], index: number): string {
  const [givenName = '', ...rest] = name.split(' ');
  const alias = `${givenName.charAt(0)}${rest.join('')}`.toLowerCase();
  const address = `${name.toLowerCase().replaceAll(' ', '.')}@nordwind.example.com`;
  const upn = { address, 'address in capitals': address.toUpperCase(), 'old name': `${alias}@corp.example.com` }[
    logOnName
  ];
  const mailbox = state === 'no mailbox' ? {} : mailboxOf(alias, address, office);
  return record(`CN=${name},OU=${office.name},${domain}`, {
    objectClass: 'user',
    sAMAccountName: alias,
    userPrincipalName: upn,
    givenName,
    sn: rest.join(' '),
    displayName: name,
    userAccountControl: state === 'disabled' ? '514' : '512',
    mail: address,
    lastLogonTimestamp: `{{filetime now-${(index * 5) % 13}d}}`,
    pwdLastSet: `{{filetime now-${(index * 11) % 85}d}}`,
    ...mailbox,
  });
}

function mailboxOf(
  alias: string,
  address: string,
  { database, server }: Office,
): Record<string, string | readonly string[] | Buffer> {
  return {
    mailNickname: alias,
    proxyAddresses: [`SMTP:${address}`, `smtp:${alias}@corp.example.com`],
    homeMDB: `CN=${database},CN=Databases,${adminGroup}`,
    homeMTA: `CN=Microsoft MTA,CN=${server},CN=Servers,${adminGroup}`,
    msExchHomeServerName: `${legacyAdminGroup}/cn=Configuration/cn=Servers/cn=${server}`,
    legacyExchangeDN: `${legacyAdminGroup}/cn=Recipients/cn=${alias}`,
    msExchMailboxGuid: steadyGuid(alias),
    msExchRecipientDisplayType: '1073741824',
    msExchRecipientTypeDetails: '1',
  };
}

function mailGroup(): string {
  const address = 'everybody@nordwind.example.com';
  return record(`CN=Everybody,OU=Distribution Groups,${domain}`, {
    objectClass: 'group',
    groupType: '8',
    sAMAccountName: 'Everybody',
    mail: address,
    mailNickname: 'everybody',
    proxyAddresses: `SMTP:${address}`,
    legacyExchangeDN: `${legacyAdminGroup}/cn=Recipients/cn=everybody`,
    msExchExpansionServerName: `${legacyAdminGroup}/cn=Configuration/cn=Servers/cn=EX02`,
    member: people.map(([name, office]) => `CN=${name},OU=${office.name},${domain}`),
  });
}

function record(dn: string, attributes: Readonly<Record<string, string | readonly string[] | Buffer>>): string {
  return ldifRecord({
    kind: 'content',
    dn,
    attributes: Object.entries(attributes).map(([name, given]) => ({
      name,
      values: (Buffer.isBuffer(given) ? [given] : [given].flat()).map((value) => Buffer.from(value)),
    })),
  });
}
