import { once } from 'node:events';
import { Attribute, Change, type Client } from 'ldapts';
import { describe, expect, it } from 'vitest';
import { formatGuid } from '../../src/ad/entry.ts';
import { parseRepsFrom, parseUpToDateVector } from '../../src/ad/replication-values.ts';
import { repsFromValue } from '../../src/embedded/replication-values.ts';
import {
  bytesOf,
  configuration,
  connectTo,
  directoryService,
  domain,
  openForest,
  refusalOf,
  valuesOf,
} from './support.ts';

const [dc1, dc2, rodc] = ['dc1.corp.example.com', 'dc2.corp.example.com', 'rodc.corp.example.com'] as const;

const setLifetime = (client: Client, days: string): Promise<void> =>
  client.modify(
    directoryService,
    new Change({ operation: 'replace', modification: new Attribute({ type: 'tombstoneLifetime', values: [days] }) }),
  );
const lifetime = (client: Client) => valuesOf(client, directoryService, 'tombstoneLifetime');

describe('the DCs of one forest', () => {
  it('are those that the data names, each with a rootDSE of its own', async () => {
    const forest = await openForest();
    expect(forest.domainControllers).toEqual([dc1, dc2, rodc]);
    const client = await connectTo(forest, dc2);
    expect(await valuesOf(client, '', 'dnsHostName')).toEqual([dc2]);
    expect(await valuesOf(client, '', 'isGlobalCatalogReady')).toEqual(['FALSE']);
  });

  it('show each other their changes', async () => {
    const forest = await openForest();
    await setLifetime(await connectTo(forest, dc1), '180');
    expect(await lifetime(await connectTo(forest, dc2))).toEqual(['180']);
  });

  it("show of each other's changes who made them", async () => {
    const forest = await openForest();
    await setLifetime(await connectTo(forest, dc2), '180');
    const metadata = await valuesOf(await connectTo(forest, dc1), directoryService, 'msDS-ReplAttributeMetaData');
    const originOf = (attribute: string): string | undefined => {
      const value = metadata.find((xml) => xml.includes(`<pszAttributeName>${attribute}<`));
      return /<pszLastOriginatingDsaDN>CN=NTDS Settings,CN=(\w+),/.exec(value ?? '')?.[1];
    };
    expect(originOf('tombstoneLifetime')).toBe('DC2');
    expect(originOf('whenCreated')).toBe('DC1');
  });

  it('number their writes upwards also while they lag', async () => {
    const forest = await openForest();
    const second = await connectTo(forest, dc2);
    const usn = async (): Promise<bigint> =>
      BigInt((await valuesOf(second, directoryService, 'uSNChanged'))[0] ?? Number.NaN);
    await setLifetime(second, '180');
    const before = await usn();
    forest.cut(dc2);
    await setLifetime(second, '200');
    expect(await usn()).toBeGreaterThan(before);
  });

  it('show nothing of the others while they lag, and all once they have caught up', async () => {
    const forest = await openForest();
    const [first, second] = [await connectTo(forest, dc1), await connectTo(forest, dc2)];
    forest.cut(dc2);
    await setLifetime(first, '180');
    await first.add(`CN=new,${domain}`, { objectClass: 'container' });
    expect(await lifetime(second)).toEqual([]);
    await second.add(`CN=own,${domain}`, { objectClass: 'container' });
    expect((await refusalOf(second.search(`CN=new,${domain}`))).code).toBe(32);
    expect(await valuesOf(first, `CN=own,${domain}`, 'objectGUID')).toEqual(
      await valuesOf(second, `CN=own,${domain}`, 'objectGUID'),
    );
    forest.heal(dc2);
    forest.replicate(dc2);
    expect(await lifetime(second)).toEqual(['180']);
    expect(await valuesOf(second, `CN=new,${domain}`, 'name')).toEqual(['new']);
    expect(await valuesOf(second, `CN=own,${domain}`, 'name')).toEqual(['own']);
  });

  it('keep links and DNs right in the copy of one that lags', async () => {
    const forest = await openForest();
    forest.cut(dc2);
    const [first, second] = [await connectTo(forest, dc1), await connectTo(forest, dc2)];
    await first.del(`CN=Administrator,CN=Users,${domain}`);
    expect(await valuesOf(first, `CN=Domain Admins,CN=Users,${domain}`, 'member')).toEqual([]);
    expect(await valuesOf(second, `CN=Domain Admins,CN=Users,${domain}`, 'member')).toEqual([
      `CN=Administrator,CN=Users,${domain}`,
    ]);
    expect(await valuesOf(second, `CN=Administrator,CN=Users,${domain}`, 'memberOf')).toEqual([
      `CN=Domain Admins,CN=Users,${domain}`,
    ]);
  });

  it('refer writes to a writable one if they are read-only', async () => {
    const client = await connectTo(await openForest(), rodc);
    expect(await refusalOf(setLifetime(client, '180'))).toMatchObject({
      text: expect.stringContaining(`ref 1: '${dc1}'`),
    });
    expect(await valuesOf(client, '', 'supportedCapabilities')).toContain('1.2.840.113556.1.4.1920');
  });

  it('can refuse connections, stay silent, answer late, or have a clock that is wrong', async () => {
    const forest = await openForest();
    forest.setCondition(dc2, { reachable: 'refused' });
    await expect(forest.connect(dc2)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(forest.connect('dc9.corp.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    forest.setCondition(dc2, { reachable: 'yes', delay: 60, clockOffset: 90_000 });
    const client = await connectTo(forest, dc2);
    const start = performance.now();
    expect(await valuesOf(client, '', 'currentTime')).toEqual(['20261122090130.0Z']);
    expect(performance.now() - start).toBeGreaterThan(55);
  });

  it('can withhold attributes, as one that does not know them', async () => {
    const forest = await openForest(`dn:\ndnsHostName: ${dc1}\npracticeInboundPartner: dc2 success=never\n`);
    const client = await connectTo(forest);
    expect(await valuesOf(client, configuration, 'msDS-NCReplInboundNeighbors')).toHaveLength(1);
    forest.setCondition(dc1, { withheld: ['msDS-NCReplInboundNeighbors', 'msDS-ReplAllInboundNeighbors'] });
    expect(await valuesOf(client, configuration, 'msDS-NCReplInboundNeighbors')).toEqual([]);
    expect(await valuesOf(client, '', 'msDS-ReplAllInboundNeighbors')).toEqual([]);
  });

  it('end the stream of a client that goes away', async () => {
    const stream = await (await openForest()).connect(dc1);
    const closed = once(stream, 'close');
    stream.destroy();
    expect(await closed).toEqual([]);
  });
});

describe('the data of a forest', () => {
  it('is refused where the parent of an entry is missing, with the line', async () => {
    const ldif = `# one\n\ndn: CN=a,CN=b,${domain}\nobjectClass: container\n`;
    await expect(openForest(ldif)).rejects.toThrow(/test, line 3: the parent of CN=a,CN=b,DC=corp/);
  });
});

describe('the replication state of a DC', () => {
  const state = `
dn:
dnsHostName: ${dc1}
practiceInboundPartner: dc2 success={{now-2m}}
practiceInboundPartner: rodc success={{now-71d}} attempt={{now-1h}} result=1722 failures=12
practiceCursor: dc2 success={{now-2m}}
`;

  it('is given in XML as Windows has it, for each naming context', async () => {
    const client = await connectTo(await openForest(state));
    const neighbors = await valuesOf(client, configuration, 'msDS-NCReplInboundNeighbors');
    expect(neighbors).toHaveLength(2);
    expect(neighbors[1]).toMatch(/^<DS_REPL_NEIGHBOR>\n/);
    expect(neighbors[1]).toMatch(/<\/DS_REPL_NEIGHBOR>\n\0$/);
    for (const part of [
      `<pszNamingContext>${configuration}</pszNamingContext>`,
      `<pszSourceDsaDN>CN=NTDS Settings,CN=RODC,CN=Sites,${configuration}</pszSourceDsaDN>`,
      '<ftimeLastSyncSuccess>2026-09-12T09:00:00Z</ftimeLastSyncSuccess>',
      '<ftimeLastSyncAttempt>2026-11-22T08:00:00Z</ftimeLastSyncAttempt>',
      '<dwLastSyncResult>1722</dwLastSyncResult>',
      '<cNumConsecutiveSyncFailures>12</cNumConsecutiveSyncFailures>',
    ]) {
      expect(neighbors[1]).toContain(part);
    }
    expect(await valuesOf(client, '', 'msDS-ReplAllInboundNeighbors')).toHaveLength(6);
    expect((await valuesOf(client, domain, 'msDS-NCReplCursors'))[0]).toContain('2026-11-22T08:58:00Z');
  });

  it("is the DC's own: another says nothing of it, and none shows how the LDIF puts it", async () => {
    const forest = await openForest(state);
    expect(await valuesOf(await connectTo(forest, dc2), configuration, 'msDS-NCReplInboundNeighbors')).toEqual([]);
    const [rootDse] = (await (await connectTo(forest)).search('', { scope: 'base' })).searchEntries;
    expect(Object.keys(rootDse ?? {}).filter((name) => /practice/i.test(name))).toEqual([]);
  });

  it('is given in raw values too, as MS-DRSR has them', async () => {
    const client = await connectTo(await openForest(state));
    const read = async (attribute: string) => {
      const options = { scope: 'base' as const, attributes: [attribute], explicitBufferAttributes: [attribute] };
      return [(await client.search(configuration, options)).searchEntries[0]?.[attribute] ?? []].flat() as Buffer[];
    };
    const repsFrom = await read('repsFrom');
    const [, lost] = repsFrom.map(parseRepsFrom);
    expect(lost).toMatchObject({
      lastSuccess: new Date('2026-09-12T09:00:00Z'),
      lastResult: 1722,
      consecutiveFailures: 12,
    });
    expect(repsFrom[1]?.toString('latin1')).toContain(`${lost?.sourceDsaGuid}._msdcs.corp.example.com`);
    const [cursor] = (await read('replUpToDateVector')).flatMap(parseUpToDateVector);
    expect(cursor?.lastSuccess).toEqual(new Date('2026-11-22T08:58:00Z'));
    const invocationId = await client.search(`CN=NTDS Settings,CN=DC2,CN=Sites,${configuration}`, {
      explicitBufferAttributes: ['invocationId'],
    });
    expect(cursor?.invocationId).toBe(formatGuid(bytesOf(invocationId.searchEntries[0], 'invocationId')));
  });

  it('has the bytes of a real value', () => {
    const real = Buffer.from(repsFromOfSamba, 'base64');
    const source = {
      host: 'dc2.lab.test',
      ntdsSettings: 'CN=NTDS Settings',
      objectGuid: real.subarray(160, 176),
      invocationId: real.subarray(176, 192),
      isGlobalCatalog: false,
      isReadOnly: false,
    };
    const partner = {
      source,
      lastSuccess: new Date('2026-11-22T05:33:25Z'),
      lastAttempt: new Date('2026-11-22T05:36:34Z'),
      lastResult: 87,
      failures: 4,
    };
    const value = repsFromValue(partner, 'lab.test', real.readBigUInt64LE(136));
    // The flags and the second of the two USNs are the server's own affair.
    for (const bytes of [real, value]) bytes.fill(0, 44, 48).fill(0, 144, 160);
    expect(value.toString('hex')).toBe(real.toString('hex'));
  });

  it('is refused where it names a DC that is not there', async () => {
    await expect(openForest(`dn:\ndnsHostName: ${dc1}\npracticeInboundPartner: dc9 success=never\n`)).rejects.toThrow(
      /dc9/,
    );
  });
});

/** repsFrom as Samba wrote it; only the schedule, which is the same byte throughout, was filled in again. */
const repsFromOfSamba =
  'AQAAAAAAAAAJAQAABAAAAKUPEyEDAAAAYhATIQMAAABXAAAA0AAAADkAAAB0AAAAERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGogBJxGmt9BsjvytAK6eJ87pey624ZWRoCmhF5HYFEgAAAAAAAAAAAAAAAAAAAAADUAAAA5YzA0MjA2YS05YTQ2LTQxZGYtYjIzYi1mMmI0MDJiYTc4OWYuX21zZGNzLmxhYi50ZXN0AA==';
