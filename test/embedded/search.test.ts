import { Control } from 'ldapts';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  clientOf,
  configuration,
  connectTo,
  directoryService,
  domain,
  namesFound,
  openForest,
  refusalOf,
  SdFlags,
  showDeleted,
} from './support.ts';

const container = (name: string, more = ''): string => `dn: CN=${name},${domain}\nobjectClass: container\n${more}\n`;
const many = (count: number): string =>
  Array.from({ length: count }, (_, index) => `dn: CN=c${index},${domain}\nobjectClass: contact\n`).join('\n');

describe('the rootDSE', () => {
  it('says what clients of Active Directory look for', async () => {
    const client = await clientOf();
    const [rootDse] = (await client.search('', { scope: 'base' })).searchEntries;
    expect(rootDse).toMatchObject({
      namingContexts: [domain, configuration, `CN=Schema,${configuration}`],
      configurationNamingContext: configuration,
      schemaNamingContext: `CN=Schema,${configuration}`,
      rootDomainNamingContext: domain,
      dnsHostName: 'dc1.corp.example.com',
      dsServiceName: `CN=NTDS Settings,CN=DC1,CN=Sites,${configuration}`,
      currentTime: '20261122090000.0Z',
      isGlobalCatalogReady: 'TRUE',
    });
    expect(rootDse?.['supportedCapabilities']).toContain('1.2.840.113556.1.4.800');
    expect(rootDse?.['supportedControl']).toContain('1.2.840.113556.1.4.805');
    expect(Number(rootDse?.['highestCommittedUSN'])).toBeGreaterThan(0);
  });
});

describe('scopes', () => {
  const ldif = `${container('a')}\ndn: CN=b,CN=a,${domain}\nobjectClass: container\n\ndn: CN=c,CN=b,CN=a,${domain}\nobjectClass: container\n`;

  it('reach the base, the children or the subtree', async () => {
    const client = await clientOf(ldif);
    const base = `CN=a,${domain}`;
    expect(await namesFound(client, base, '(cn=*)', 'base')).toEqual(['a']);
    expect(await namesFound(client, base, '(cn=*)', 'one')).toEqual(['b']);
    expect(await namesFound(client, base, '(cn=*)', 'sub')).toEqual(['a', 'b', 'c']);
    // The same by an index.
    expect(await namesFound(client, base, '(objectClass=container)', 'sub')).toEqual(['a', 'b', 'c']);
  });

  it('end at the next naming context, with a continuation reference to it', async () => {
    const client = await clientOf();
    const { searchEntries, searchReferences } = await client.search(domain, { filter: '(objectClass=nTDSService)' });
    expect(searchEntries).toEqual([]);
    expect(searchReferences).toEqual([`ldap://corp.example.com/${configuration}`]);
  });

  it("cover the whole forest on the global catalog's port", async () => {
    const client = await connectTo(await openForest(), 'dc1.corp.example.com', { trusted: true, globalCatalog: true });
    expect((await client.search('', { filter: '(objectClass=nTDSService)' })).searchEntries[0]?.dn).toBe(
      directoryService,
    );
    expect((await refusalOf(client.del(directoryService))).code).toBe(53);
  });
});

describe('bases', () => {
  it('may be an objectGUID or an objectSid', async () => {
    const client = await clientOf();
    const options = { scope: 'base' as const, explicitBufferAttributes: ['objectGUID', 'objectSid'] };
    const { searchEntries } = await client.search(`CN=Reader,CN=Users,${domain}`, options);
    const [user] = searchEntries;
    const [guid, sid] = ['objectGUID', 'objectSid'].map((name) => bytesOf(user, name).toString('hex'));
    for (const base of [`<GUID=${guid}>`, `<SID=${sid}>`]) {
      expect((await client.search(base, { scope: 'base' })).searchEntries[0]?.dn, base).toBe(user?.dn);
    }
  });

  it('that are nowhere give 32 with the nearest entry above, and 208D', async () => {
    const client = await clientOf();
    expect(await refusalOf(client.search(`CN=x,CN=y,CN=Users,${domain}`))).toEqual({
      code: 32,
      text: expect.stringMatching(/^0000208D: NameErr: .*best match of:\n\t'CN=Users,DC=corp/s),
    });
  });

  it('of another forest give a referral, what is no DN gives 34', async () => {
    const client = await clientOf();
    expect(await refusalOf(client.search('DC=elsewhere,DC=example'))).toMatchObject({
      text: expect.stringContaining("ref 1: 'elsewhere.example'"),
    });
    expect((await refusalOf(client.search('no dn'))).code).toBe(34);
  });
});

describe('the attributes given', () => {
  const read = async (attributes: string[], more = {}) => {
    const client = await clientOf();
    const [entry] = (await client.search(directoryService, { scope: 'base', attributes, ...more })).searchEntries;
    // ldapts adds names that were asked for and not given.
    return Object.fromEntries(Object.entries(entry ?? {}).filter(([name]) => name !== '1.1'));
  };

  it('with none named are all that are stored, without computed ones and the security descriptor', async () => {
    const entry = await read([]);
    expect(Object.keys(entry)).toEqual(
      expect.arrayContaining([
        'objectClass',
        'objectGUID',
        'whenCreated',
        'uSNChanged',
        'name',
        'distinguishedName',
        'objectCategory',
      ]),
    );
    expect(entry).not.toHaveProperty('nTSecurityDescriptor');
    expect(entry).not.toHaveProperty('canonicalName');
    expect(entry['objectClass']).toEqual(['top', 'nTDSService']);
    expect(entry['objectCategory']).toBe(`CN=NTDS-Service,CN=Schema,${configuration}`);
  });

  it('are the ones named, spelled as in the schema, computed ones included', async () => {
    const entry = await read(['CANONICALNAME', 'ntsecuritydescriptor']);
    expect(Object.keys(entry).sort()).toEqual(['canonicalName', 'dn', 'nTSecurityDescriptor']);
    expect(entry['canonicalName']).toBe('corp.example.com/Configuration/Services/Windows NT/Directory Service');
  });

  it('are none with 1.1, computed ones with +, and names alone with typesOnly', async () => {
    expect(Object.keys(await read(['1.1']))).toEqual(['dn']);
    expect(await read(['+'])).toHaveProperty('allowedAttributes');
    expect((await read(['name'], { returnAttributeValues: false }))['name']).toEqual([]);
  });

  it('show an administrator that tombstoneLifetime may be written, although it is not set', async () => {
    const entry = await read(['allowedAttributesEffective']);
    expect(entry['allowedAttributesEffective']).toContain('tombstoneLifetime');
    expect(entry['allowedAttributesEffective']).not.toContain('objectGUID');
  });

  it('leave out of the security descriptor what the SD flags control does not name', async () => {
    const client = await clientOf();
    const descriptor = async (controls: Control[]) => {
      const options = {
        scope: 'base' as const,
        attributes: ['nTSecurityDescriptor'],
        explicitBufferAttributes: ['nTSecurityDescriptor'],
      };
      return bytesOf(
        (await client.search(directoryService, options, controls)).searchEntries[0],
        'nTSecurityDescriptor',
      );
    };
    const whole = await descriptor([]);
    const owner = await descriptor([new SdFlags(1)]);
    const offsets = (bytes: Buffer) => [4, 8, 12, 16].map((field) => bytes.readUInt32LE(field) !== 0);
    expect(offsets(whole)).toEqual([true, true, false, true]);
    expect(offsets(owner)).toEqual([true, false, false, false]);
    // SE_SELF_RELATIVE, and for the whole SE_DACL_PRESENT
    expect([whole, owner].map((bytes) => bytes.readUInt16LE(2))).toEqual([0x8004, 0x8000]);
    expect(owner.subarray(owner.readUInt32LE(4)).toString('hex')).toBe('01020000000000052000000020020000');
  });

  it('come in ranges above 1500 values', async () => {
    const users = Array.from({ length: 3200 }, (_, index) => `CN=u${index},CN=Users,${domain}`);
    const ldif = [
      ...users.map((dn) => `dn: ${dn}\nobjectClass: user\n`),
      `dn: CN=all,${domain}\nobjectClass: group\ngroupType: 8\n${users.map((dn) => `member: ${dn}`).join('\n')}\n`,
    ].join('\n');
    const client = await clientOf(ldif);
    const read = async (attribute: string) => {
      const [entry] = (await client.search(`CN=all,${domain}`, { scope: 'base', attributes: [attribute] }))
        .searchEntries;
      // ldapts adds the name that was asked for, without values.
      return Object.entries(entry ?? {}).filter(([name, values]) => name !== 'dn' && values.length > 0);
    };
    const parts = [await read('member'), await read('member;range=1500-*'), await read('member;range=3000-*')].flat();
    expect(parts.map(([name, values]) => [name, (values as string[]).length])).toEqual([
      ['member;range=0-1499', 1500],
      ['member;range=1500-2999', 1500],
      ['member;range=3000-*', 200],
    ]);
    expect(parts.flatMap(([, values]) => values)).toEqual(users);
    expect(await read('member;range=10-11')).toEqual([['member;range=10-11', [users[10], users[11]]]]);
  });
});

describe('limits', () => {
  it('give the first 1000 entries of an unpaged search and result 4', async () => {
    const client = await clientOf(many(1001));
    expect((await refusalOf(client.search(domain, { filter: '(objectClass=contact)' }))).code).toBe(4);
    expect(await namesFound(client, domain, '(&(objectClass=contact)(!(cn=c7)))')).toHaveLength(1000);
  });

  it('give all entries in pages, of at most 1000', async () => {
    const client = await clientOf(many(2500));
    const pages: number[] = [];
    const seen = new Set<string>();
    for await (const { searchEntries } of client.searchPaginated(domain, {
      filter: '(objectClass=contact)',
      paged: { pageSize: 5000 },
    })) {
      pages.push(searchEntries.length);
      for (const { dn } of searchEntries) seen.add(dn);
    }
    expect(pages).toEqual([1000, 1000, 500]);
    expect(seen.size).toBe(2500);
  });
});

describe('controls', () => {
  it('that are critical and unknown stop the request with 12; others are passed over', async () => {
    const client = await clientOf();
    expect((await refusalOf(client.search(domain, {}, new Control('1.2.3.4', { critical: true })))).code).toBe(12);
    const { searchEntries } = await client.search(
      domain,
      { scope: 'base' },
      new Control('1.2.3.4', { critical: false }),
    );
    expect(searchEntries).toHaveLength(1);
  });

  it('are needed to see the container of deleted objects', async () => {
    const client = await clientOf();
    const base = `CN=Deleted Objects,${domain}`;
    expect((await refusalOf(client.search(base, { scope: 'base' }))).code).toBe(32);
    expect((await client.search(base, { scope: 'base' }, showDeleted)).searchEntries).toHaveLength(1);
  });
});
