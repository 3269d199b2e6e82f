import { Resolver } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandError, run } from './lab/command.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import type { DomainController } from './lab/domain-controller.ts';
import { forest } from './lab/forest.ts';
import { add, type Entry } from './lab/ldif.ts';
import { startOneDomainController } from './lab/one-dc.ts';
import { subtree } from './scenario/bulk.ts';
import { contoso, nastyStores } from './scenario/contoso.ts';
import { tombstones } from './scenario/deleted-objects.ts';
import { directoryService, disallowDelete, enableRecycleBin } from './scenario/directory-service.ts';
import { filterValue, nastyNames } from './scenario/names.ts';
import { partner } from './scenario/replication.ts';
import { exchangeAttributes } from './schema/exchange.ts';

const day = 24 * 60 * 60 * 1000;
const { configurationNamingContext, domainNamingContext, schemaNamingContext } = forest;

/** The result code that a directory tool ended with; 0 for success. */
async function resultOf(answer: Promise<unknown>): Promise<number | null> {
  try {
    await answer;
    return 0;
  } catch (error) {
    if (error instanceof CommandError) return error.status;
    throw error;
  }
}

/** The only entry that a search gives. */
async function read(dc: DomainController, dn: string, ...args: readonly string[]): Promise<Entry> {
  const [entry] = await dc.ldapsearch(['-b', dn, '-s', 'base', ...args]);
  if (entry === undefined) throw new Error(`Nothing at ${dn}`);
  return entry;
}

describeWithSamba('The lab with one domain controller', () => {
  const now = new Date();
  const site = contoso({ now });
  const stores = nastyStores(site.orphan);
  let dc: DomainController;

  beforeAll(async () => {
    dc = await startOneDomainController({
      changes: [
        ...site.changes,
        ...stores.flatMap(({ changes }) => changes),
        ...partner({
          name: 'dc4',
          dsaGuid: '5f0d3c1e-8a67-4b2d-9e01-7c6f5d4b3a29',
          invocationId: '0b6a7c5d-1f2e-4d3c-8b9a-6e5d4c3b2a19',
          lastSuccess: new Date(now.getTime() - 200 * day),
          lastAttempt: now,
          result: 8614,
          failures: 4711,
        }),
      ],
    });
  });
  afterAll(() => dc?.stop());

  test('refuses a simple bind without TLS', async () => {
    const strongerAuthRequired = 8;
    const search = run('ldapsearch', ['-x', '-H', `ldap://${dc.address}`, '-D', dc.adminUser, '-w', 'x', '-b', '']);
    expect(await resultOf(search)).toBe(strongerAuthRequired);
  });

  test.each(['ldaps', 'globalCatalogTls'] as const)(
    'has a certificate of its own CA for host and address on %s',
    async (port) => {
      const client = [
        's_client',
        '-connect',
        `${dc.address}:${dc.ports[port]}`,
        '-verify_return_error',
        '-CAfile',
        dc.caFile,
      ];
      expect(await resultOf(run('openssl', [...client, '-verify_hostname', dc.host]))).toBe(0);
      expect(await resultOf(run('openssl', [...client, '-verify_ip', dc.address]))).toBe(0);
      expect(await resultOf(run('openssl', [...client, '-verify_hostname', 'dc2.corp.example.com']))).not.toBe(0);
    },
  );

  test('answers as a global catalog and after StartTLS', async () => {
    const environment = { LDAPTLS_CACERT: dc.caFile, LDAPTLS_REQCERT: 'demand' };
    const anonymous = ['-x', '-b', '', '-s', 'base', '-LLL', 'isGlobalCatalogReady'];
    for (const url of [
      `ldaps://${dc.address}:${dc.ports.globalCatalogTls}`,
      `ldap://${dc.address}:${dc.ports.globalCatalog}`,
    ]) {
      expect(await run('ldapsearch', ['-H', url, ...anonymous], { environment })).toContain(
        'isGlobalCatalogReady: TRUE',
      );
    }
    expect(
      await resultOf(run('ldapsearch', ['-H', `ldap://${dc.address}`, '-ZZ', ...anonymous], { environment })),
    ).toBe(0);
  });

  test('names itself in its DNS by the address at which the test reaches it', async () => {
    const resolver = new Resolver({ timeout: 5000, tries: 1 });
    resolver.setServers([dc.address]);
    const services = await resolver.resolveSrv(`_ldap._tcp.dc._msdcs.${forest.domain}`);
    expect(services).toEqual([{ name: dc.host, port: dc.ports.ldap, priority: 0, weight: 100 }]);
    expect(await resolver.resolveSrv(`_gc._tcp.${forest.domain}`)).toMatchObject([
      { name: dc.host, port: dc.ports.globalCatalog },
    ]);
    expect(await resolver.resolve4(dc.host)).toEqual([dc.address]);
  });

  test('has a tombstone lifetime of 180 days', async () => {
    expect((await read(dc, directoryService)).text('tombstoneLifetime')).toBe('180');
  });

  test('has every attribute of the Exchange schema, single-valued and linked as in Exchange', async () => {
    const filter = '(objectClass=attributeSchema)';
    const found = await dc.ldapsearch([
      '-b',
      schemaNamingContext,
      filter,
      'lDAPDisplayName',
      'isSingleValued',
      'linkID',
    ]);
    const loaded = new Map(found.map((entry) => [entry.text('lDAPDisplayName'), entry]));
    for (const { name, single, linkId } of exchangeAttributes) {
      const entry = loaded.get(name);
      expect([name, entry?.text('isSingleValued'), entry?.text('linkID')]).toEqual([
        name,
        single ? 'TRUE' : 'FALSE',
        linkId?.toString(),
      ]);
    }
  });

  test('finds the Exchange servers, and the transport servers below one of 2013 by their own class', async () => {
    const exchangeServers = '(&(objectClass=msExchExchangeServer)(!(objectClass=msExchExchangeTransportServer)))';
    const servers = await dc.ldapsearch(['-b', site.organisation.dn, exchangeServers]);
    const shown = servers.map((entry) =>
      ['cn', 'msExchCurrentServerRoles', 'serialNumber', 'versionNumber'].map((name) => entry.text(name)),
    );
    expect(shown.sort()).toEqual([
      ['EX01', '38', 'Version 14.3 (Build 30123.4)', '1937997947'],
      ['EX02', '38', 'Version 14.3 (Build 30123.4)', '1937997947'],
      ['EX13', '16439', 'Version 15.0 (Build 31497.2)', '1941997017'],
      ['OLD03', undefined, 'Version 6.5 (Build 7638.2: Service Pack 2)', '7638'],
    ]);
    expect(await dc.ldapsearch(['-b', site.ex13.dn, '(objectClass=msExchExchangeTransportServer)'])).toHaveLength(2);
  });

  test('keeps names that careless code breaks', async () => {
    const [group] = stores;
    const found = await dc.ldapsearch(['-b', group?.dn ?? '', '-s', 'one', 'cn']);
    expect(found.map((entry) => entry.text('cn')).sort()).toEqual([...nastyNames].sort());
  });

  test('keeps bytes that are no text', async () => {
    const entry = await read(dc, site.orphan.dn, 'msExchServerInternalTLSCert');
    expect(entry.bytes('msExchServerInternalTLSCert')).toEqual([Buffer.from([0x30, 0x82, 0x00, 0xff, 0x80, 0x0a])]);
  });

  test('gives linked referrers on the back link of what they refer to', async () => {
    const database = await read(dc, site.databases.ofOrphan.dn, 'homeMDBBL');
    expect(database.texts('homeMDBBL')).toEqual([site.mailboxes.cleo.dn]);
  });

  test('shows a partner last heard of 200 days ago', async () => {
    const printed = await run('ldbsearch', [
      '-H',
      dc.samDatabase,
      '-b',
      configurationNamingContext,
      '-s',
      'base',
      '--show-binary',
      'repsFrom',
    ]);
    expect(printed).toMatch(/source_dsa_obj_guid\s*: 5f0d3c1e-8a67-4b2d-9e01-7c6f5d4b3a29/);
    expect(printed).toMatch(/consecutive_sync_failures\s*: 0x00001267 \(4711\)/);
    expect(printed).toMatch(/result_last_attempt\s*: WERR_DS_REPL_LIFETIME_EXCEEDED/);
    const [, lastSuccess] = /last_success\s*: (.*)/.exec(printed) ?? [];
    expect(Date.parse(lastSuccess ?? '')).toBe(Math.floor((now.getTime() - 200 * day) / 1000) * 1000);
  });

  test('has tombstones of the requested ages', async () => {
    const ages = [1, 59, 61, 179];
    await tombstones(dc, { namingContext: domainNamingContext, parent: `CN=Users,${domainNamingContext}`, ages, now });
    const limit = new Date(now.getTime() - 60 * day).toISOString().replaceAll(/[-:T]|\..*/g, '');
    const showDeleted = ['-b', domainNamingContext, '-E', '!1.2.840.113556.1.4.417'];
    const old = await dc.ldapsearch([
      ...showDeleted,
      `(&(isDeleted=TRUE)(name=deleted*)(whenChanged<=${limit}.0Z))`,
      'name',
    ]);
    expect(old.map((entry) => entry.text('name')?.split('\n')[0]).sort()).toEqual([
      'deleted 2 of 61 days',
      'deleted 3 of 179 days',
    ]);
  });

  test('accepts a subtree of the requested number of entries', async () => {
    const tree = subtree(`CN=Large,CN=Services,${configurationNamingContext}`, 50);
    await dc.ldapmodify(tree.changes);
    expect(await dc.ldapsearch(['-b', tree.dn, '1.1'])).toHaveLength(50);
  });

  test('can be changed offline, where no rule of the server applies', async () => {
    const dn = `CN=Protected,CN=Services,${configurationNamingContext}`;
    const unwillingToPerform = 53;
    await dc.offline([add(dn, { objectClass: 'container' }), disallowDelete(dn)]);
    expect(await resultOf(dc.ldapmodify([{ kind: 'delete', dn }]))).toBe(unwillingToPerform);
    expect(await dc.exists(dn)).toBe(true);
  });

  test('refuses connections while it is paused, and comes back', async () => {
    await dc.pause();
    const refused = await new Promise<unknown>((resolve) => {
      connect(dc.ports.ldaps, dc.address)
        .once('error', resolve)
        .once('connect', () => resolve('connected'));
    });
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
    await dc.resume();
    expect(await dc.exists(site.orphan.dn)).toBe(true);
  });

  test('on deletion drops linked references, rewrites unlinked ones and leaves strings', async () => {
    const { orphan, referrers, mailboxes, databases } = site;
    const guid = (await dc.ldbsearch(['-b', orphan.mta, '-s', 'base', 'objectGUID']))[0]?.text('objectGUID');
    // As ldapdelete -r does: children before parents.
    const subtree = (await dc.ldapsearch(['-b', orphan.dn, '1.1'])).map(({ dn }) => dn);
    const depth = (dn: string): number => dn.replaceAll('\\,', '').split(',').length;
    const leafFirst = subtree.sort((one, other) => depth(other) - depth(one));
    await dc.ldapmodify(leafFirst.map((dn) => ({ kind: 'delete', dn })));
    expect(await dc.exists(orphan.dn)).toBe(false);

    const connector = await read(dc, referrers.sendConnector.dn);
    expect(connector.texts('msExchSourceBridgeheadServersDN')).toEqual([site.ex01.smtpServer]);
    expect((await read(dc, referrers.recipientUpdateService.dn)).names).not.toContain('msexchaddresslistservicelink');

    const bert = await read(dc, mailboxes.bert.dn);
    expect(bert.text('homeMTA')).toBe(
      `CN=Microsoft MTA\\0ADEL:${guid},CN=Deleted Objects,${configurationNamingContext}`,
    );
    expect((await read(dc, referrers.offlineAddressBook.dn)).text('offLineABServer')).toContain('\\0ADEL:');
    expect((await read(dc, databases.ofOrphan.dn)).text('msExchOwningServer')).toContain('\\0ADEL:');
    expect((await read(dc, site.organisation.microsoftExchange)).text('otherWellKnownObjects')).toContain('\\0ADEL:');
    expect(await dc.ldapsearch(['-b', domainNamingContext, `(homeMTA=${filterValue(orphan.mta)})`])).toEqual([]);

    expect((await read(dc, mailboxes.cleo.dn)).text('msExchHomeServerName')).toBe(orphan.legacyExchangeDn);
    expect((await read(dc, referrers.availabilityGroup.dn)).texts('msExchStoppedMailboxServers')).toEqual([
      orphan.fqdn,
    ]);
  });

  test('keeps all attributes of what is deleted once the Recycle Bin is on', async () => {
    const dn = `CN=Recycled,CN=Services,${configurationNamingContext}`;
    await dc.offline([enableRecycleBin]);
    await dc.ldapmodify([add(dn, { objectClass: 'container', description: 'kept' }), { kind: 'delete', dn }]);
    const deleted = await dc.ldapsearch([
      '-b',
      configurationNamingContext,
      '-E',
      '!1.2.840.113556.1.4.417',
      '(name=Recycled*)',
    ]);
    expect(deleted.map((entry) => entry.text('description'))).toEqual(['kept']);
  });
});

describeWithSamba('A domain controller that is stopped', () => {
  test('leaves no folder and no listener behind', async () => {
    const dc = await startOneDomainController();
    await dc.stop();
    expect(existsSync(dirname(dc.samDatabase))).toBe(false);
    await expect(dc.ldapsearch(['-b', '', '-s', 'base', '-o', 'nettimeout=1'])).rejects.toThrow();
  });
});
