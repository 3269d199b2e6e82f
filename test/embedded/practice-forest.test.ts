import { randomUUID } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Attribute, Change, type Client, type Entry } from 'ldapts';
import { describe, expect, it } from 'vitest';
import { deletedRdnOf } from '../../src/ad/dn.ts';
import { openPracticeForest, type PracticeForest } from '../../src/embedded/forest.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { type ServedForest, served } from '../support/ldap-server/served-forest.ts';
import {
  configuration,
  connectTo,
  directoryService,
  domain,
  namesFound,
  now,
  showDeleted,
  valuesOf,
} from './support.ts';

const templates = new URL('../../templates/', import.meta.url);
const open = async (folder: string): Promise<PracticeForest & ServedForest> =>
  served(await openPracticeForest(folder, templates, () => now, randomUUID));

/** To open it takes longer than to look at it. */
let shared: ReturnType<typeof open> | undefined;
/** A client of the forest as the templates have it, for tests that change nothing. */
async function clientOfPractice(): Promise<Client> {
  shared ??= open('');
  return connectTo(await shared);
}

const adminGroup = `CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,CN=Nordwind Trading,CN=Microsoft Exchange,CN=Services,${configuration}`;
const orphan = `CN=EX04,CN=Servers,${adminGroup}`;
const daysAgo = (days: number): string => new Date(now.getTime() - days * 86_400_000).toISOString().slice(0, 10);

describe('the practice forest', () => {
  it('has five DCs, of which the fourth cannot be reached', async () => {
    const forest = await open(await freshFolder());
    expect(forest.domainControllers.map((host) => host.split('.')[0])).toEqual(['dc1', 'dc2', 'dc3', 'dc4', 'dc5']);
    await expect(forest.connect('dc4.corp.example.com')).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
  });

  it('leaves the tombstone lifetime and the Recycle Bin as they are by default', async () => {
    const client = await clientOfPractice();
    expect(await valuesOf(client, directoryService, 'tombstoneLifetime')).toEqual([]);
    expect(await valuesOf(client, `CN=Partitions,${configuration}`, 'msDS-EnabledFeature')).toEqual([]);
  });

  it('has two sites that have heard nothing of each other for 47 days, and a DC that is silent for 71', async () => {
    const forest = await open(await freshFolder());
    const third = await connectTo(forest, 'dc3.corp.example.com');
    const heard = await valuesOf(third, configuration, 'msDS-NCReplInboundNeighbors');
    expect(heard[0]).toContain(`<ftimeLastSyncSuccess>${daysAgo(47)}`);
    const cursors = await valuesOf(await connectTo(forest), configuration, 'msDS-NCReplCursors');
    for (const name of ['CN=DC3', 'CN=DC5']) {
      expect(cursors.find((xml) => xml.includes(name))).toContain(`<ftimeLastSyncSuccess>${daysAgo(47)}`);
    }
    expect(cursors.find((xml) => xml.includes('CN=DC4'))).toContain(`<ftimeLastSyncSuccess>${daysAgo(71)}`);
  });

  it('was backed up nine days ago', async () => {
    const client = await clientOfPractice();
    const metadata = await valuesOf(client, domain, 'msDS-ReplAttributeMetaData');
    const backup = metadata.find((xml) => xml.includes('>dSASignature<'));
    expect(backup).toContain(`<ftimeLastOriginatingChange>${daysAgo(9)}`);
  });

  it('has dozens of deleted entries of every age below 60 days, in three naming contexts', async () => {
    const client = await clientOfPractice();
    const ages: number[] = [];
    for (const base of [domain, configuration, `DC=DomainDnsZones,${domain}`]) {
      const { searchEntries } = await client.search(base, { filter: '(isDeleted=TRUE)' }, showDeleted);
      const deleted = searchEntries.filter(({ dn }) => deletedRdnOf(dn) !== undefined);
      expect(deleted.length, base).toBeGreaterThan(0);
      for (const { whenChanged } of deleted) ages.push((now.getTime() - timeOf(String(whenChanged))) / 86_400_000);
    }
    expect(ages.length).toBeGreaterThanOrEqual(40);
    expect(Math.max(...ages)).toBeGreaterThan(55);
    expect(Math.max(...ages)).toBeLessThan(60);
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(0);
  });

  it('has four Exchange servers, of which EX04 has no computer account and lacks half of what it should have', async () => {
    const client = await clientOfPractice();
    expect(await namesFound(client, configuration, '(objectClass=msExchExchangeServer)')).toEqual([
      'EX01',
      'EX02',
      'EX03',
      'EX04',
    ]);
    const computers = await namesFound(client, domain, '(objectCategory=computer)');
    expect(computers.filter((name) => name.startsWith('EX'))).toEqual(['EX01', 'EX02', 'EX03']);
    const healthy = await namesFound(client, `CN=EX01,CN=Servers,${adminGroup}`, '(objectClass=*)');
    const left = await namesFound(client, orphan, '(objectClass=*)');
    expect(left.length).toBeLessThan(healthy.length / 2);
    expect(await valuesOf(client, orphan, 'msExchCurrentServerRoles')).toEqual(['38']);
  });

  it('still refers to EX04: by links, by DNs that are none, and by text', async () => {
    const client = await clientOfPractice();
    const escaped = (dn: string): string =>
      dn.replace(/[()*\\]/g, (character) => `\\${character.charCodeAt(0).toString(16)}`);
    const refer = (base: string, attribute: string, to: string) =>
      namesFound(client, base, `(${attribute}=${escaped(to)})`);
    expect(
      await refer(configuration, 'msExchSourceBridgeheadServersDN', `CN=1,CN=SMTP,CN=Protocols,${orphan}`),
    ).toEqual(['Internet']);
    expect(await refer(configuration, 'msExchOwningServer', orphan)).toEqual(['Mailbox Database 0417206991']);
    expect(await refer(domain, 'homeMTA', `CN=Microsoft MTA,${orphan}`)).toHaveLength(1);
    const holding = async (base: string, filter: string, attribute: string, text: string) =>
      (await client.search(base, { filter, attributes: [attribute] })).searchEntries.filter((entry) =>
        String(entry[attribute]).includes(text),
      );
    expect(await holding(configuration, '(objectClass=msExchMDB)', 'legacyExchangeDN', '/cn=EX04/')).toHaveLength(1);
    expect(await holding(domain, '(msExchHomeServerName=*)', 'msExchHomeServerName', 'cn=EX01')).not.toEqual([]);
    expect(await holding(domain, '(msExchHomeServerName=*)', 'msExchHomeServerName', 'cn=EX04')).toEqual([]);
  });

  it('has users whose user principal name is not their address', async () => {
    const client = await clientOfPractice();
    const { searchEntries: users } = await client.search(domain, { filter: '(&(objectClass=user)(homeMDB=*))' });
    const searchEntries = users.filter(({ mail }) => String(mail).endsWith('@nordwind.example.com'));
    const differ = searchEntries.filter(
      ({ mail, userPrincipalName }) => String(mail).toLowerCase() !== String(userPrincipalName).toLowerCase(),
    );
    expect(differ.length).toBeGreaterThan(5);
    expect(differ.length).toBeLessThan(searchEntries.length / 2);
  });

  it('refers to no entry that is not there, but for what the schema would name', async () => {
    const client = await clientOfPractice();
    const entries: Entry[] = [];
    for (const base of namingContexts) entries.push(...(await client.search(base, {}, showDeleted)).searchEntries);
    const known = new Set(entries.map(({ dn }) => dn.toLowerCase()));
    const named = new Set(entries.flatMap(dnsNamedBy));
    expect([...named].filter((dn) => !known.has(dn))).toEqual([]);
    expect(named.size).toBeGreaterThan(100);
  });

  it('gives every entry the same objectGUID and uSNChanged on every opening', async () => {
    const seen = await Promise.all(
      [1, 2].map(async () => {
        const client = await connectTo(await open(await freshFolder()));
        const options = { attributes: ['objectGUID', 'uSNChanged'], explicitBufferAttributes: ['objectGUID'] };
        const { searchEntries } = await client.search(configuration, options, showDeleted);
        return searchEntries.map(({ dn, objectGUID, uSNChanged }) => [dn, String(objectGUID), uSNChanged]);
      }),
    );
    expect(seen[0]).toEqual(seen[1]);
  });
});

describe("the practice forest's changes", () => {
  const setLifetime = new Change({
    operation: 'add',
    modification: new Attribute({ type: 'tombstoneLifetime', values: ['180'] }),
  });

  it('are written to nothing while there are none', async () => {
    const folder = await freshFolder();
    const forest = await open(folder);
    await (await connectTo(forest)).search(domain);
    forest.save();
    expect(await readdir(folder)).toEqual([]);
  });

  it('are still there when the site is opened again, with all else', async () => {
    const folder = await freshFolder();
    const before = await open(folder);
    const first = await connectTo(before);
    await first.modify(directoryService, setLifetime);
    await first.del(`CN=OAB (Default Web Site),CN=HTTP,CN=Protocols,${orphan}`);
    before.save();
    const state = async (client: Client) => {
      const attributes = ['*', 'nTSecurityDescriptor', 'msDS-ReplAttributeMetaData'];
      const found: Entry[] = [];
      for (const base of [domain, configuration]) {
        found.push(...(await client.search(base, { attributes }, showDeleted)).searchEntries);
      }
      // Neither entries nor link values have an order.
      const sorted = found.map((entry) =>
        Object.entries(entry).map(([name, values]) => [name, [values].flat().map(String).sort()]),
      );
      return sorted.map((entry) => JSON.stringify(entry.sort())).sort();
    };
    const forest = await open(folder);
    const second = await connectTo(forest);
    expect(await state(second)).toEqual(await state(first));
    expect(await valuesOf(second, '', 'highestCommittedUSN')).toEqual(await valuesOf(first, '', 'highestCommittedUSN'));
    const heard = await valuesOf(second, '', 'msDS-ReplAllInboundNeighbors');
    expect(heard).toEqual(await valuesOf(first, '', 'msDS-ReplAllInboundNeighbors'));
    expect(heard.length).toBeGreaterThan(0);
  });

  it('are reported as not saved where they cannot be written', async () => {
    const folder = await freshFolder();
    const forest = await open(folder);
    await (await connectTo(forest)).modify(directoryService, setLifetime);
    await writeFile(path.join(folder, 'directory'), 'a file in the way');
    expect(() => forest.save()).toThrow(/save the practice forest.*EEXIST/s);
  });
});

const namingContexts = [
  domain,
  configuration,
  `CN=Schema,${configuration}`,
  `DC=DomainDnsZones,${domain}`,
  `DC=ForestDnsZones,${domain}`,
];

/** Lower-case DNs in the entry's values, with or without a binary part before them. */
function dnsNamedBy(entry: Entry): string[] {
  return Object.entries(entry)
    .filter(([attribute]) => attribute !== 'objectCategory' && attribute !== 'lastKnownParent')
    .flatMap(([, values]) => [values].flat().map(String))
    .flatMap((value) => /(?:^|^B:32:[0-9A-F]+:)((?:CN|OU|DC)=.*,DC=com)$/.exec(value)?.[1]?.toLowerCase() ?? []);
}

function timeOf(generalizedTime: string): number {
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)(..)(..)(..)/.exec(generalizedTime) ?? [];
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}
