import { Attribute, Change, type Client, type Control } from 'ldapts';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  clientOf,
  configuration,
  directoryService,
  domain,
  refusalOf,
  showDeleted,
  showRecycled,
  valuesOf,
} from './support.ts';

const server = `CN=EX04,CN=Services,${configuration}`;
const mta = `CN=MTA,${server}`;
const ldif = `
dn: ${server}
objectClass: msExchExchangeServer
legacyExchangeDN: /o=Org/cn=EX04
systemFlags: 1073741824
msExchCurrentServerRoles: 38
serialNumber: Version 14.3

dn: ${mta}
objectClass: mTA

dn: CN=Connector,CN=Services,${configuration}
objectClass: msExchRoutingSMTPConnector
msExchSourceBridgeheadServersDN: ${mta}
msExchSourceBridgeheadServersDN: ${directoryService}
homeMTA: ${mta}

dn: CN=Book,CN=Services,${configuration}
objectClass: msExchOAB
offLineABServer: ${server}
`;
const recycleBinOn = `
dn: CN=Partitions,${configuration}
msDS-EnabledFeature: CN=Recycle Bin Feature,CN=Optional Features,${directoryService}
`;

const connector = `CN=Connector,CN=Services,${configuration}`;

async function guidOf(client: Client, dn: string): Promise<string> {
  const options = { scope: 'base' as const, attributes: ['objectGUID'], explicitBufferAttributes: ['objectGUID'] };
  const { searchEntries } = await client.search(dn, options, showDeleted);
  return bytesOf(searchEntries[0], 'objectGUID').toString('hex');
}

async function readByGuid(client: Client, guid: string) {
  return (await client.search(`<GUID=${guid}>`, { scope: 'base' }, showDeleted)).searchEntries[0];
}

/** As a client has to ask for it: one modify, with the show-deleted control. */
function undelete(client: Client, guid: string, dn: string, more: Record<string, string> = {}): Promise<void> {
  const replace = (type: string, value: string) =>
    new Change({ operation: 'replace', modification: new Attribute({ type, values: [value] }) });
  const changes = [
    new Change({ operation: 'delete', modification: new Attribute({ type: 'isDeleted', values: [] }) }),
    replace('distinguishedName', dn),
    ...Object.entries(more).map(([type, value]) => replace(type, value)),
  ];
  return client.modify(`<GUID=${guid}>`, changes, showDeleted);
}

describe('without the Recycle Bin, a deleted entry', () => {
  it('is a tombstone among the deleted objects, with little left', async () => {
    const client = await clientOf(ldif);
    const guid = await guidOf(client, mta);
    const serverGuid = await guidOf(client, server);
    await client.del(mta);
    await client.del(server);
    const tombstone = await readByGuid(client, serverGuid);
    expect(tombstone?.dn).toMatch(/^CN=EX04\\0ADEL:[0-9a-f-]{36},CN=Deleted Objects,CN=Configuration,/);
    expect(Object.keys(tombstone ?? {}).sort()).toEqual(
      [
        'cn',
        'distinguishedName',
        'dn',
        'instanceType',
        'isDeleted',
        'isRecycled',
        'lastKnownParent',
        'legacyExchangeDN',
        'name',
        'objectClass',
        'objectGUID',
        'systemFlags',
        'uSNChanged',
        'uSNCreated',
        'whenChanged',
        'whenCreated',
      ].sort(),
    );
    expect(tombstone?.['lastKnownParent']).toBe(`CN=Services,${configuration}`);
    expect((await readByGuid(client, guid))?.['lastKnownParent']).toBe(tombstone?.dn);
  });

  it('shows when it was deleted and recycled', async () => {
    const client = await clientOf(ldif);
    const guid = await guidOf(client, mta);
    await client.del(mta);
    for (const attribute of ['msDS-LocalEffectiveDeletionTime', 'msDS-LocalEffectiveRecycleTime']) {
      expect(await valuesOf(client, `<GUID=${guid}>`, attribute, showDeleted)).toEqual(['20261122090000.0Z']);
    }
  });

  it('is found only with the show-deleted or show-recycled control', async () => {
    const client = await clientOf(ldif);
    await client.del(mta);
    const find = async (...controls: Control[]) => {
      const filter = '(&(isDeleted=TRUE)(!(cn=Deleted Objects)))';
      return (await client.search(configuration, { filter }, controls)).searchEntries.length;
    };
    expect([await find(), await find(showDeleted), await find(showRecycled)]).toEqual([0, 1, 1]);
  });

  it('takes the links to it along, and leaves other DNs pointing at its tombstone', async () => {
    const client = await clientOf(ldif);
    await client.del(mta);
    expect(await valuesOf(client, connector, 'msExchSourceBridgeheadServersDN')).toEqual([directoryService]);
    expect(await valuesOf(client, connector, 'homeMTA')).toEqual([expect.stringMatching(/^CN=MTA\\0ADEL:/)]);
    const byOldDn = await client.search(configuration, { filter: `(homeMTA=${mta})` });
    expect(byOldDn.searchEntries).toEqual([]);
  });

  it('comes back under its objectGUID with what the request gives; DNs heal, links do not', async () => {
    const client = await clientOf(ldif);
    const [mtaGuid, serverGuid] = [await guidOf(client, mta), await guidOf(client, server)];
    await client.del(mta);
    await client.del(server);
    await undelete(client, serverGuid, server, { msExchCurrentServerRoles: '38' });
    await undelete(client, mtaGuid, mta);
    const entry = await readByGuid(client, serverGuid);
    expect(entry).toMatchObject({ dn: server, name: 'EX04', cn: 'EX04', msExchCurrentServerRoles: '38' });
    expect(entry?.['objectCategory']).toBe(`CN=ms-Exch-Exchange-Server,CN=Schema,${configuration}`);
    for (const gone of ['isDeleted', 'isRecycled', 'lastKnownParent', 'serialNumber'])
      expect(entry).not.toHaveProperty(gone);
    expect(await valuesOf(client, connector, 'homeMTA')).toEqual([mta]);
    expect(await valuesOf(client, connector, 'msExchSourceBridgeheadServersDN')).toEqual([directoryService]);
  });

  it('does not come back below a parent that is deleted (32), over another (68), or without what it must have (65)', async () => {
    const client = await clientOf(ldif);
    const book = `CN=Book,CN=Services,${configuration}`;
    const [mtaGuid, serverGuid] = [await guidOf(client, mta), await guidOf(client, server)];
    const bookGuid = await guidOf(client, book);
    for (const dn of [mta, server, book]) await client.del(dn);
    const deletedServer = (await readByGuid(client, serverGuid))?.dn;
    for (const dn of [mta, `CN=MTA,${deletedServer}`]) {
      expect((await refusalOf(undelete(client, mtaGuid, dn))).code, dn).toBe(32);
    }
    expect((await refusalOf(undelete(client, bookGuid, connector))).code).toBe(68);
    expect((await refusalOf(undelete(client, bookGuid, book))).code).toBe(65);
    await undelete(client, bookGuid, book, { offLineABServer: directoryService });
  });

  it('takes no other change, and no second delete', async () => {
    const client = await clientOf(ldif);
    const guid = await guidOf(client, mta);
    await client.del(mta);
    const change = new Change({
      operation: 'replace',
      modification: new Attribute({ type: 'description', values: ['x'] }),
    });
    expect((await refusalOf(client.modify(`<GUID=${guid}>`, [change], showDeleted))).code).toBe(53);
    expect((await refusalOf(client.del(`<GUID=${guid}>`, showDeleted))).code).toBe(53);
  });

  it('stays where it was if systemFlags forbid the move', async () => {
    const client = await clientOf(`dn: CN=s,${domain}\nobjectClass: server\nsystemFlags: 33554432\n`);
    const guid = await guidOf(client, `CN=s,${domain}`);
    await client.del(`CN=s,${domain}`);
    expect((await readByGuid(client, guid))?.dn).toMatch(/^CN=s\\0ADEL:[0-9a-f-]{36},DC=corp,/);
  });

  it('leaves its name free, so that another can take it without the DNs that named the first', async () => {
    const client = await clientOf(ldif);
    await client.del(mta);
    await client.add(mta, { objectClass: 'mTA' });
    expect(await valuesOf(client, connector, 'homeMTA')).toEqual([expect.stringMatching(/^CN=MTA\\0ADEL:/)]);
  });
});

describe('with the Recycle Bin, a deleted entry', () => {
  it('keeps all it had, hides its links, and gets everything back by an undelete', async () => {
    const client = await clientOf(ldif + recycleBinOn);
    const guid = await guidOf(client, mta);
    await client.del(mta);
    const deleted = await readByGuid(client, guid);
    expect(deleted).toMatchObject({ isDeleted: 'TRUE', 'msDS-LastKnownRDN': 'MTA' });
    expect(deleted).toHaveProperty('objectCategory');
    expect(await valuesOf(client, connector, 'msExchSourceBridgeheadServersDN')).toEqual([directoryService]);
    await undelete(client, guid, mta);
    expect(await valuesOf(client, connector, 'msExchSourceBridgeheadServersDN')).toEqual([mta, directoryService]);
  });

  it('hides the links that it has itself', async () => {
    const client = await clientOf(ldif + recycleBinOn);
    const guid = await guidOf(client, connector);
    await client.del(connector);
    expect(await readByGuid(client, guid)).not.toHaveProperty('msExchSourceBridgeheadServersDN');
    await undelete(client, guid, connector);
    expect(await valuesOf(client, connector, 'msExchSourceBridgeheadServersDN')).toEqual([mta, directoryService]);
  });

  it('cannot come back once it is recycled, and is shown by show-recycled alone', async () => {
    const guid = '11111111-2222-3333-4444-555555555555';
    const dn = `CN=old\\0ADEL:${guid},CN=Deleted Objects,${configuration}`;
    const client = await clientOf(`${recycleBinOn}\ndn: ${dn}\nobjectClass: container\nisRecycled: TRUE\n`);
    expect((await refusalOf(client.search(dn, { scope: 'base' }, showDeleted))).code).toBe(32);
    expect((await client.search(dn, { scope: 'base' }, showRecycled)).searchEntries).toHaveLength(1);
  });
});
