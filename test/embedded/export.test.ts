import { randomUUID } from 'node:crypto';
import { Attribute, Change } from 'ldapts';
import { describe, expect, it } from 'vitest';
import { openServedForest } from '../support/ldap-server/served-forest.ts';
import { configuration, connectTo, directoryService, domain, namesFound, now, refusalOf, valuesOf } from './support.ts';

const organisation = `CN=Org,CN=Microsoft Exchange,CN=Services,${configuration}`;
const ldif = `version: 1

dn: ${directoryService}
changetype: add
objectClass: top
objectClass: nTDSService
cn: Directory Service
uSNChanged: 5000

dn: ${organisation}
changetype: add
objectClass: msExchOrganizationContainer
cn: Org
whenCreated: {{now-3d}}
otherWellKnownObjects: B:32:C262A929D691B74A9E068728F8F842EA:CN=Admins,OU=Groups,${domain}
member: CN=Unknown,OU=Groups,${domain}
`;

const open = (content = ldif) =>
  openServedForest({
    sources: [{ name: 'export.ldf', content }],
    kind: 'export',
    clock: () => now,
    newGuid: randomUUID,
  });

const clientOfExport = async (content = ldif) => connectTo(await open(content), 'export');

describe('an export', () => {
  it('is one server, whose rootDSE says what its DNs show and claims nothing of a DC', async () => {
    const forest = await open();
    expect(forest.domainControllers).toEqual(['export']);
    const [rootDse] = (await (await connectTo(forest, 'export')).search('', { scope: 'base' })).searchEntries;
    expect(rootDse).toMatchObject({
      namingContexts: configuration,
      configurationNamingContext: configuration,
      rootDomainNamingContext: domain,
    });
    for (const name of [
      'dnsHostName',
      'currentTime',
      'isSynchronized',
      'isGlobalCatalogReady',
      'highestCommittedUSN',
    ]) {
      expect(rootDse, name).not.toHaveProperty(name);
    }
  });

  it('says what its own rootDSE record says, but for what the server itself can do', async () => {
    const rootDse = `dn:\ndnsHostName: DC7.corp.example.com\ncurrentTime: 20260101000000.0Z\nsupportedControl: 1.2.3\n\n${ldif.replace('version: 1\n', '')}`;
    const client = await connectTo(await open(rootDse), 'dc7.corp.example.com');
    expect(await valuesOf(client, '', 'currentTime')).toEqual(['20260101000000.0Z']);
    expect(await valuesOf(client, '', 'supportedControl')).toContain('1.2.840.113556.1.4.319');
  });

  it('adds nothing to its entries: what is absent stays absent', async () => {
    const client = await clientOfExport();
    const [entry] = (await client.search(organisation, { scope: 'base' })).searchEntries;
    expect(Object.keys(entry ?? {}).sort()).toEqual(
      ['cn', 'distinguishedName', 'dn', 'member', 'objectClass', 'otherWellKnownObjects', 'whenCreated'].sort(),
    );
    expect(entry?.['objectClass']).toBe('msExchOrganizationContainer');
    expect(entry?.['whenCreated']).toBe('{{now-3d}}');
    expect(await valuesOf(client, organisation, 'msDS-ReplAttributeMetaData')).toEqual([]);
  });

  it('computes that NTDS Settings are those of an RODC by their category too: those of Samba have no class of their own', async () => {
    const settings = (name: string, category: string): string => `
dn: CN=NTDS Settings,CN=${name},CN=Servers,CN=Site,CN=Sites,${configuration}
objectClass: nTDSDSA
objectCategory: CN=${category},CN=Schema,${configuration}
`;
    const client = await clientOfExport(ldif + settings('DC1', 'NTDS-DSA') + settings('RODC1', 'NTDS-DSA-RO'));
    const read = (name: string) =>
      valuesOf(client, `CN=NTDS Settings,CN=${name},CN=Servers,CN=Site,CN=Sites,${configuration}`, 'msDS-isRODC');
    expect([await read('DC1'), await read('RODC1')]).toEqual([['FALSE'], ['TRUE']]);
  });

  it('finds entries below one that it lacks, but not that one', async () => {
    const client = await clientOfExport();
    expect(await namesFound(client, configuration, '(objectClass=msExchOrganizationContainer)')).toHaveLength(1);
    expect((await refusalOf(client.search(configuration, { scope: 'base' }))).code).toBe(32);
  });

  it('finds by a DN whose entry it lacks', async () => {
    const client = await clientOfExport();
    expect(await namesFound(client, configuration, `(member=cn=unknown,OU=Groups,${domain})`)).toHaveLength(1);
    expect(await namesFound(client, configuration, `(member=CN=Other,OU=Groups,${domain})`)).toHaveLength(0);
  });

  it('takes writes in its copy, with USNs above those that it has', async () => {
    const client = await clientOfExport();
    await client.modify(
      directoryService,
      new Change({ operation: 'add', modification: new Attribute({ type: 'tombstoneLifetime', values: ['180'] }) }),
    );
    expect(await valuesOf(client, directoryService, 'tombstoneLifetime')).toEqual(['180']);
    expect(await valuesOf(client, directoryService, 'uSNChanged')).toEqual(['5001']);
    await client.del(organisation);
    expect(await namesFound(client, configuration, '(objectClass=msExchOrganizationContainer)')).toEqual([]);
  });

  it('keeps a value that does not fit its syntax, and finds by the others', async () => {
    const client = await clientOfExport(
      `dn: CN=x,${domain}\nobjectClass: user\nuserAccountControl: none\nmanager: not a DN\n`,
    );
    expect(await valuesOf(client, `CN=x,${domain}`, 'userAccountControl')).toEqual(['none']);
    expect(await valuesOf(client, `CN=x,${domain}`, 'manager')).toEqual(['not a DN']);
    expect((await client.search(domain, { filter: '(userAccountControl>=1)' })).searchEntries).toEqual([]);
  });

  it('shows back links that it has, beside those that its links make', async () => {
    const group = `CN=g,${domain}`;
    const content = `dn: CN=x,${domain}\nobjectClass: user\nmemberOf: CN=elsewhere,${domain}\nmemberOf: ${group}\n\ndn: ${group}\nobjectClass: group\nmember: CN=x,${domain}\n`;
    const client = await clientOfExport(content);
    expect((await valuesOf(client, `CN=x,${domain}`, 'memberOf')).sort()).toEqual([`CN=elsewhere,${domain}`, group]);
  });

  it('that is damaged is refused with the line', async () => {
    await expect(open(`dn: ${domain}\nobjectClass: domainDNS\nno colon here\n`)).rejects.toThrow(/line 3/);
  });
});
