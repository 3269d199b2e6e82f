import { describe, expect, onTestFinished, test } from 'vitest';
import { type Forest, forestHeadline, isHostOfForest, readForest, writableAttributes } from '../../../src/ad/forest.ts';
import { DirectoryError } from '../../../src/errors.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import { responseTag, result, searchEntry } from '../../ldap/peer/ber.ts';
import { domainController, fakePeer } from '../../ldap/peer/fake-peer.ts';
import { openSession } from '../../support/open-session.ts';

type Attributes = Readonly<Record<string, readonly (string | Buffer)[]>>;

const configuration = 'CN=Configuration,DC=example,DC=com';
const partitions = `CN=Partitions,${configuration}`;
const sites = `CN=Sites,${configuration}`;
const forestGuid = '9c04206a-9a46-41df-b23b-f2b402ba789f';
const guid = (last: number) =>
  Buffer.from(`6a20049c469adf41b23bf2b402ba78${last.toString(16).padStart(2, '0')}`, 'hex');

/** What a forest of two sites holds; `more` adds entries or takes the place of others. */
function directory(more: Readonly<Record<string, Attributes>> = {}): Record<string, Attributes> {
  const amsterdam = `CN=Amsterdam,${sites}`;
  const utrecht = `CN=Utrecht,${sites}`;
  const server = (name: string) => ({
    objectClass: ['top', 'server'],
    dNSHostName: [`${name}.example.com`],
    serverReference: [`CN=${name},OU=Domain Controllers,DC=example,DC=com`],
  });
  const crossRef = (nCName: string, systemFlags: number, dnsRoot: string, more: Attributes = {}) => ({
    objectClass: ['top', 'crossRef'],
    nCName: [nCName],
    systemFlags: [String(systemFlags)],
    dnsRoot: [dnsRoot],
    ...more,
  });
  return {
    [configuration]: { objectGUID: [guid(0x9f)] },
    [partitions]: { objectClass: ['top', 'crossRefContainer'] },
    [`CN=Enterprise Configuration,${partitions}`]: crossRef(configuration, 1, 'example.com'),
    [`CN=Enterprise Schema,${partitions}`]: crossRef(`CN=Schema,${configuration}`, 1, 'example.com'),
    [`CN=EXAMPLE,${partitions}`]: crossRef('DC=example,DC=com', 3, 'example.com'),
    [`CN=zones,${partitions}`]: crossRef('DC=ForestDnsZones,DC=example,DC=com', 5, 'ForestDnsZones.example.com'),
    [`CN=intended,${partitions}`]: crossRef('DC=new,DC=example,DC=com', 3, 'new.example.com', { Enabled: ['FALSE'] }),
    [`CN=external,${partitions}`]: crossRef('DC=other,DC=org', 0, 'other.org'),
    [utrecht]: { objectClass: ['top', 'site'] },
    [amsterdam]: { objectClass: ['top', 'site'] },
    [`CN=DC2,CN=Servers,${utrecht}`]: server('DC2'),
    [`CN=NTDS Settings,CN=DC2,CN=Servers,${utrecht}`]: {
      objectClass: ['top', 'applicationSettings', 'nTDSDSA', 'nTDSDSARO'],
      objectGUID: [guid(2)],
      'msDS-hasFullReplicaNCs': [configuration],
    },
    [`CN=DC1,CN=Servers,${amsterdam}`]: server('DC1'),
    [`cn=ntds settings,CN=DC1,CN=Servers,${amsterdam}`]: {
      objectClass: ['top', 'applicationSettings', 'nTDSDSA'],
      objectGUID: [guid(1)],
      invocationId: [guid(0x11)],
      options: ['7'],
      'msDS-hasMasterNCs': ['DC=example,DC=com', configuration],
      hasPartialReplicaNCs: ['DC=emea,DC=example,DC=com'],
      'msDS-Behavior-Version': ['4'],
    },
    [`CN=OLD1,CN=Servers,${amsterdam}`]: { objectClass: ['top', 'server'] },
    ...more,
  };
}

/** A session with a DC that gives, for any search, the entries at or below its base. */
async function sessionOn(entries: Readonly<Record<string, Attributes>>): Promise<DirectorySession> {
  const peer = await fakePeer(
    domainController(({ messageId, parts }, socket) => {
      const base = parts[0]?.content.toString() ?? '';
      const isBase = parts[1]?.content[0] === 0;
      const found = Object.entries(entries).filter(([dn]) => dn === base || (!isBase && dn.endsWith(`,${base}`)));
      for (const [dn, attributes] of found) socket.write(searchEntry(messageId, dn, attributes));
      socket.write(result(messageId, responseTag.search, { code: found.length === 0 ? 32 : 0 }));
    }),
  );
  const session = await openSession({ host: '127.0.0.1', port: peer.port, tls: 'none', bind: 'anonymous' });
  onTestFinished(() => session.close());
  return session;
}

async function forestOf(more: Readonly<Record<string, Attributes>> = {}): Promise<Forest> {
  return await readForest(await sessionOn(directory(more)));
}

describe('a forest', () => {
  test('is identified by the head of its configuration partition', async () => {
    expect(await forestOf()).toMatchObject({
      configurationNamingContext: configuration,
      objectGuid: forestGuid,
      rootDomainNamingContext: 'DC=example,DC=com',
    });
  });

  test('has the naming contexts that exist in it, not those intended or elsewhere', async () => {
    expect((await forestOf()).namingContexts).toEqual([
      { dn: configuration, kind: 'configuration', dnsName: 'example.com' },
      { dn: `CN=Schema,${configuration}`, kind: 'schema', dnsName: 'example.com' },
      { dn: 'DC=example,DC=com', kind: 'domain', dnsName: 'example.com' },
      {
        dn: 'DC=ForestDnsZones,DC=example,DC=com',
        kind: 'application',
        dnsName: 'ForestDnsZones.example.com',
      },
    ]);
  });

  test('has the domain controllers, sorted, with the properties of each', async () => {
    const { domainControllers } = await forestOf();

    expect(domainControllers).toEqual([
      {
        name: 'DC1',
        site: 'Amsterdam',
        dn: `CN=DC1,CN=Servers,CN=Amsterdam,${sites}`,
        dnsHostName: 'DC1.example.com',
        serverReference: 'CN=DC1,OU=Domain Controllers,DC=example,DC=com',
        settingsDn: `cn=ntds settings,CN=DC1,CN=Servers,CN=Amsterdam,${sites}`,
        dsaGuid: '9c04206a-9a46-41df-b23b-f2b402ba7801',
        invocationId: '9c04206a-9a46-41df-b23b-f2b402ba7811',
        retiredSignatures: [],
        isGlobalCatalog: true,
        isReadOnly: false,
        functionalLevel: 4,
        isInboundReplicationOff: true,
        isOutboundReplicationOff: true,
        fullNamingContexts: ['DC=example,DC=com', configuration],
        partialNamingContexts: ['DC=emea,DC=example,DC=com'],
      },
      expect.objectContaining({
        name: 'DC2',
        site: 'Utrecht',
        isGlobalCatalog: false,
        isReadOnly: true,
        isInboundReplicationOff: false,
        invocationId: undefined,
        fullNamingContexts: [configuration],
      }),
    ]);
  });

  test('a server object without NTDS Settings is a leftover', async () => {
    expect((await forestOf()).leftoverServers).toEqual([
      {
        name: 'OLD1',
        site: 'Amsterdam',
        dn: `CN=OLD1,CN=Servers,CN=Amsterdam,${sites}`,
        dnsHostName: undefined,
        serverReference: undefined,
      },
    ]);
  });

  test.each([
    ['off', {}],
    [
      'on',
      { 'msDS-EnabledFeature': [`CN=Recycle Bin Feature,CN=Optional Features,CN=Directory Service,${configuration}`] },
    ],
    [
      'off',
      { 'msDS-EnabledFeature': [`CN=Privileged Access Management Feature,CN=Optional Features,${configuration}`] },
    ],
  ] as const)('its Recycle Bin is %s by the features of the partitions container', async (state, features) => {
    const container = { objectClass: ['top', 'crossRefContainer'], ...features };

    expect((await forestOf({ [partitions]: container })).recycleBin).toBe(state);
  });

  test('where the partitions container cannot be read, the Recycle Bin is unknown', async () => {
    const { [partitions]: _, ...rest } = directory();

    expect((await readForest(await sessionOn(rest))).recycleBin).toBe('unknown');
  });

  test('whose head cannot be read is an error: changes are bound to its identity', async () => {
    const reading = forestOf({ [configuration]: { cn: ['Configuration'] } });

    await expect(reading).rejects.toThrow(DirectoryError);
    await expect(reading).rejects.toThrow('may not see its head or objectGUID');
  });
});

describe('writable attributes', () => {
  test('are those that the user may write, as the server computes them', async () => {
    const session = await sessionOn({
      'CN=x': { allowedAttributesEffective: ['tombstoneLifetime', 'cn'] },
      'CN=y': {},
    });
    expect(await writableAttributes(session, 'CN=x')).toEqual(new Set(['tombstonelifetime', 'cn']));
    expect(await writableAttributes(session, 'CN=y')).toEqual(new Set());
    expect(await writableAttributes(session, 'CN=z')).toBeUndefined();
  });
});

describe('a host of the forest', () => {
  const forest = {
    namingContexts: [
      { dn: 'DC=corp,DC=example,DC=com', kind: 'domain', dnsName: 'Corp.example.com' },
      { dn: 'DC=tree,DC=net', kind: 'domain', dnsName: 'tree.net.' },
      { dn: 'CN=Schema,CN=Configuration,DC=corp,DC=example,DC=com', kind: 'schema', dnsName: undefined },
      { dn: 'DC=odd', kind: 'application', dnsName: '' },
      { dn: 'DC=forged', kind: 'application', dnsName: '0.0.1' },
    ],
  } as const;

  test.each(['dc1.corp.example.com', 'DC7.EMEA.CORP.EXAMPLE.COM', 'dc1.tree.net.', 'corp.example.com'])(
    'is %s, at or below a DNS root',
    (host) => {
      expect(isHostOfForest(forest, host)).toBe(true);
    },
  );

  test.each(['evil-corp.example.com', 'example.com', 'dc1.corp.example.com.evil.net', '10.0.0.1', '::1', 'dc1', ''])(
    'is not %j',
    (host) => {
      expect(isHostOfForest(forest, host)).toBe(false);
    },
  );
});

describe('the headline', () => {
  const forest = {
    rootDomainNamingContext: 'DC=corp,DC=example,DC=com',
    configurationNamingContext: 'CN=Configuration,DC=corp,DC=example,DC=com',
  } as Forest;

  test.each(['dc1.corp.example.com (GC, LDAPS)', 'an export'])(
    'has the DNS name of the forest and that it was read from %s',
    (readFrom) => {
      expect(forestHeadline(forest, readFrom)).toBe(`Forest corp.example.com, configuration read from ${readFrom}`);
    },
  );
});
