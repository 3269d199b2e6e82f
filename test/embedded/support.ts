/** A small forest and an independent client for the tests of the embedded directory. */

import { randomUUID } from 'node:crypto';
import { type BerWriter, Client, Control, type Entry } from 'ldapts';
import { onTestFinished } from 'vitest';
import type { EmbeddedOptions } from '../../src/embedded/forest.ts';
import type { Account } from '../support/ldap-server/accounts.ts';
import { type ConnectOptions, openServedForest, type ServedForest } from '../support/ldap-server/served-forest.ts';

export const domain = 'DC=corp,DC=example,DC=com';
export const configuration = `CN=Configuration,${domain}`;
export const directoryService = `CN=Directory Service,CN=Windows NT,CN=Services,${configuration}`;
export const now = new Date('2026-11-22T09:00:00Z');

/** A domain and a Configuration partition with two DCs and a read-only one; nothing else. */
const skeleton = `
dn: ${domain}
objectClass: domainDNS

dn: CN=Deleted Objects,${domain}
objectClass: container
isDeleted: TRUE

dn: CN=Users,${domain}
objectClass: container

dn: CN=Administrator,CN=Users,${domain}
objectClass: user
sAMAccountName: Administrator
userPrincipalName: admin@corp.example.com

dn: CN=Domain Admins,CN=Users,${domain}
objectClass: group
groupType: -2147483646
member: CN=Administrator,CN=Users,${domain}

dn: CN=Reader,CN=Users,${domain}
objectClass: user
sAMAccountName: reader

dn: ${configuration}
objectClass: configuration

dn: CN=Deleted Objects,${configuration}
objectClass: container
isDeleted: TRUE

dn: CN=Schema,${configuration}
objectClass: dMD

dn: CN=Partitions,${configuration}
objectClass: crossRefContainer

dn: CN=CORP,CN=Partitions,${configuration}
objectClass: crossRef
nCName: ${domain}
nETBIOSName: CORP

dn: CN=Services,${configuration}
objectClass: container

dn: CN=Windows NT,CN=Services,${configuration}
objectClass: container

dn: ${directoryService}
objectClass: nTDSService

dn: CN=Optional Features,${directoryService}
objectClass: container

dn: CN=Recycle Bin Feature,CN=Optional Features,${directoryService}
objectClass: msDS-OptionalFeature

dn: CN=Sites,${configuration}
objectClass: sitesContainer

${['DC1', 'DC2', 'RODC']
  .map(
    (name) => `dn: CN=${name},CN=Sites,${configuration}
objectClass: server
dNSHostName: ${name.toLowerCase()}.corp.example.com

dn: CN=NTDS Settings,CN=${name},CN=Sites,${configuration}
objectClass: ${name === 'RODC' ? 'nTDSDSARO' : 'nTDSDSA'}
options: ${name === 'DC1' ? 1 : 0}
`,
  )
  .join('\n')}
`;

/** The skeleton with more LDIF. */
export function openForest(
  ldif = '',
  { accounts = [], ...options }: Partial<EmbeddedOptions> & { readonly accounts?: readonly Account[] } = {},
): Promise<ServedForest> {
  return openServedForest(
    {
      sources: [
        { name: 'skeleton', content: skeleton },
        { name: 'test', content: ldif },
      ],
      kind: 'forest',
      clock: () => now,
      newGuid: randomUUID,
      ...options,
    },
    [...accounts, { name: 'Administrator', password: 'secret' }, { name: 'reader', password: 'secret' }],
  );
}

/** A client of a DC's port, closed at the end of the test; not bound yet. */
export async function connectTo(
  forest: ServedForest,
  host = 'dc1.corp.example.com',
  options: ConnectOptions = { trusted: true },
): Promise<Client> {
  const { port, close } = await forest.listen(host, options);
  const client = new Client({ url: `ldap://127.0.0.1:${port}`, timeout: 5000, strictDN: false });
  onTestFinished(async () => {
    await client.unbind().catch(() => undefined);
    await close();
  });
  return client;
}

/** The skeleton with more LDIF, and an administrator's client of DC1. */
export async function clientOf(ldif = ''): Promise<Client> {
  return connectTo(await openForest(ldif));
}

/** What the promise was refused with: LDAP result and diagnostic text. */
export async function refusalOf(promise: Promise<unknown>): Promise<{ code: number; text: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { code: Number(error.code), text: error.message };
    throw error;
  }
  throw new Error('expected a refusal');
}

/** The names of the entries that a search finds, sorted. */
export async function namesFound(
  client: Client,
  base: string,
  filter: string,
  scope: 'base' | 'one' | 'sub' = 'sub',
): Promise<string[]> {
  const { searchEntries } = await client.search(base, { filter, scope, attributes: ['name'] });
  return searchEntries.map(({ name }) => String(name)).sort();
}

export const showDeleted = new Control('1.2.840.113556.1.4.417', { critical: true });
export const showRecycled = new Control('1.2.840.113556.1.4.2064', { critical: true });
export const treeDelete = new Control('1.2.840.113556.1.4.805', { critical: true });
export const permissiveModify = new Control('1.2.840.113556.1.4.1413', { critical: true });

/** The attribute of an entry, which must be there and have been asked for as bytes. */
export function bytesOf(entry: Entry | undefined, attribute: string): Buffer {
  const value = entry?.[attribute];
  if (!Buffer.isBuffer(value)) throw new Error(`expected bytes of ${attribute}, got ${String(value)}`);
  return value;
}

/** The values of one attribute of one entry as text; [] if there are none. */
export async function valuesOf(
  client: Client,
  dn: string,
  attribute: string,
  ...controls: Control[]
): Promise<string[]> {
  const options = { scope: 'base' as const, attributes: [attribute] };
  const { searchEntries } = await client.search(dn, options, controls);
  return [searchEntries[0]?.[attribute] ?? []].flat().map(String);
}

/** Which parts of the security descriptor are meant. */
export class SdFlags extends Control {
  readonly #flags: number;

  constructor(flags: number) {
    super('1.2.840.113556.1.4.801', { critical: true });
    this.#flags = flags;
  }

  override writeControl(writer: BerWriter): void {
    writer.writeBuffer(Buffer.from([0x30, 3, 2, 1, this.#flags]), 4);
  }
}
