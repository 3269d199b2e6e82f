import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Filter, or, present } from '../../src/ldap/session.ts';
import { recipientAttributes, recipientFilters, recipientReferences } from '../../src/remedies/orphan/recipients.ts';
import { run } from '../ad/lab/command.ts';
import type { DomainController } from '../ad/lab/domain-controller.ts';
import { forest } from '../ad/lab/forest.ts';
import { startOneDomainController } from '../ad/lab/one-dc.ts';
import { type Slapd, startSlapd } from '../ad/lab/slapd.ts';
import { subtree } from '../ad/scenario/bulk.ts';
import { adminGroup, exchangeOrganisation } from '../ad/scenario/organisation.ts';
import { exchangeServer } from '../ad/scenario/server.ts';
import { formatFilter } from '../support/filter-text.ts';

const root = path.join(import.meta.dirname, '../..');
const moduleOf = (name: string): string => pathToFileURL(path.join(root, 'dist', name)).href;

/** The middle of three measurements, in milliseconds. */
async function median(measure: () => Promise<number>): Promise<number> {
  const times = [await measure(), await measure(), await measure()].sort((one, other) => one - other);
  return times[1] ?? 0;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

describe('looking for recipients of a server among 100,000', () => {
  let slapd: Slapd;
  /** As many unlinked ones as a schema with Exchange has, in their order of magnitude. */
  const dnAttributes = 150;
  const legacyExchangeDn =
    '/o=Contoso Mail/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Configuration/cn=Servers/cn=EX01';

  beforeAll(async () => {
    slapd = await startSlapd({ people: 100_000, dnAttributes });
  });
  afterAll(() => slapd?.stop());

  /** In a process of its own, for its peak memory. */
  const gather = async (): Promise<{
    readonly milliseconds: number;
    readonly rss: number;
    readonly counts: number[];
    /** The attributes beside those of the list that were searched. */
    readonly others: readonly string[];
  }> => {
    const script = `
      import { ldapConnector } from '${moduleOf('ldap/connector.js')}';
      import { countRecipients, readOtherRecipients } from '${moduleOf('remedies/orphan/recipients.js')}';
      const openSession = (options) => ldapConnector(options).open(options);
      const session = await openSession({ host: '${slapd.address}', port: ${slapd.port}, tls: 'none', bind: { auth: 'password', user: '${slapd.user}', password: '${slapd.password}' } });
      const start = performance.now();
      const names = { legacyExchangeDn: '${legacyExchangeDn}', fqdn: undefined, name: undefined };
      const mailTransferAgents = ['CN=Microsoft MTA,CN=EX01,CN=Servers,${slapd.suffix}'];
      const scope = { isRecipient: () => true, isWritable: () => true };
      const counts = await countRecipients(session, '${slapd.suffix}', names, mailTransferAgents, { owned: ['CN=DB of EX01,CN=Databases,${slapd.suffix}'], others: [] }, scope);
      const places = { ...scope, session, domains: ['${slapd.suffix}'], global: undefined };
      const others = await readOtherRecipients(places, new Set(mailTransferAgents.map((dn) => dn.toLowerCase())));
      const milliseconds = performance.now() - start;
      await session.close();
      console.log(JSON.stringify({ milliseconds, rss: process.resourceUsage().maxRSS / 1024, counts: counts.map(({ count }) => count), others: others.attributes }));`;
    return JSON.parse(await run(process.execPath, ['--input-type=module', '-e', script]));
  };

  const byLdapsearch = (others: readonly string[]): Promise<number> => {
    const values = {
      legacyExchangeDN: [legacyExchangeDn],
      databases: [`CN=DB of EX01,CN=Databases,${slapd.suffix}`],
      'mail transfer agents': [`CN=Microsoft MTA,CN=EX01,CN=Servers,${slapd.suffix}`],
    };
    const search = (filter: Filter, attributes: readonly string[]): string =>
      `ldapsearch -x -LLL -o ldif-wrap=no -E pr=1000/noprompt -H ${slapd.url} -D '${slapd.user}' -w '${slapd.password}' -b '${slapd.suffix}' '${formatFilter(filter)}' ${attributes.join(' ')} > /dev/null`;
    const searches = [
      ...recipientReferences.flatMap((reference) =>
        recipientFilters(reference, values[reference.named]).map((filter) =>
          search(filter, recipientAttributes(reference)),
        ),
      ),
      search(or(...others.map(present)), ['objectClass', 'objectGUID', ...others]),
    ];
    return timed(() => run('sh', ['-c', searches.join(' && ')]));
  };

  test('takes at most 1.5 times as long as ldapsearch with the same filters, and 150 MB', async () => {
    const first = await gather();
    expect(first.counts).toEqual([50_000, 50_000, 0, 50_000, 0]);
    expect(first.others).toHaveLength(dnAttributes);
    const theirs = await median(() => byLdapsearch(first.others));
    const ours = await median(async () => (await gather()).milliseconds);
    process.stdout.write(
      `orphan, 100,000 recipients: ${ours.toFixed(0)} ms, ldapsearch ${theirs.toFixed(0)} ms, peak ${first.rss.toFixed(0)} MB\n`,
    );
    expect(ours / theirs).toBeLessThanOrEqual(1.5);
    expect(first.rss).toBeLessThanOrEqual(150);
  });
});

describe('reading every value of 100,000 entries', () => {
  let slapd: Slapd;

  beforeAll(async () => {
    slapd = await startSlapd({ people: 100_000 });
  });
  afterAll(() => slapd?.stop());

  /** In a process of its own, for its peak memory. */
  const scan = async (): Promise<{ readonly milliseconds: number; readonly rss: number; readonly found: number }> => {
    const script = `
      import { ldapConnector } from '${moduleOf('ldap/connector.js')}';
      import { readConfigurationReferrers } from '${moduleOf('remedies/orphan/referrers.js')}';
      const openSession = (options) => ldapConnector(options).open(options);
      const session = await openSession({ host: '${slapd.address}', port: ${slapd.port}, tls: 'none', bind: { auth: 'password', user: '${slapd.user}', password: '${slapd.password}' } });
      const start = performance.now();
      const server = 'cn=ex09,cn=servers,${slapd.suffix}';
      const names = { legacyExchangeDn: '/o=Contoso Mail/ou=First/cn=Configuration/cn=Servers/cn=EX09', fqdn: 'ex09.example.com', name: 'EX09' };
      const dns = new Set([server, ...Array.from({ length: 40 }, (_, index) => 'cn=child ' + index + ',' + server)]);
      const { referrers } = await readConfigurationReferrers(session, '${slapd.suffix}', { names, dns }, ['CN=DB of EX09,CN=Databases,${slapd.suffix}']);
      const milliseconds = performance.now() - start;
      await session.close();
      console.log(JSON.stringify({ milliseconds, rss: process.resourceUsage().maxRSS / 1024, found: referrers.length }));`;
    return JSON.parse(await run(process.execPath, ['--input-type=module', '-e', script]));
  };

  const byLdapsearch = (): Promise<number> =>
    timed(() =>
      run('sh', [
        '-c',
        `ldapsearch -x -LLL -o ldif-wrap=no -E pr=1000/noprompt -H ${slapd.url} -D '${slapd.user}' -w '${slapd.password}' -b '${slapd.suffix}' '(objectClass=*)' '*' > /dev/null`,
      ]),
    );

  test('takes at most 1.5 times as long as ldapsearch of the same subtree, and 150 MB', async () => {
    const first = await scan();
    const theirs = await median(byLdapsearch);
    const ours = await median(async () => (await scan()).milliseconds);
    process.stdout.write(
      `orphan, scan of 100,000 entries: ${ours.toFixed(0)} ms, ldapsearch ${theirs.toFixed(0)} ms, peak ${first.rss.toFixed(0)} MB\n`,
    );
    expect(first.found).toBe(0);
    expect(ours / theirs).toBeLessThanOrEqual(1.5);
    expect(first.rss).toBeLessThanOrEqual(150);
  });
});

describe('deleting a subtree of 1,000 entries', () => {
  let dc: DomainController;
  let home: string;
  const organisation = exchangeOrganisation(forest.configurationNamingContext);
  const group = adminGroup(organisation);
  const options = { version: '2010', site: forest.site, domain: forest.domain, children: 'none' } as const;
  const servers = ['ours 1', 'theirs 1', 'theirs 2', 'ours 2', 'other'].map((name) =>
    exchangeServer(group, { name, ...options }),
  );

  beforeAll(async () => {
    const bulk = servers.slice(0, 4).flatMap(({ dn }) => subtree(`CN=bulk,${dn}`, 999).changes);
    dc = await startOneDomainController({
      changes: [organisation, group, ...servers].flatMap(({ changes }) => changes).concat(bulk),
    });
    home = await mkdtemp(path.join(tmpdir(), 'orphan-bench-'));
  });
  afterAll(async () => {
    await dc?.stop();
    await rm(home, { recursive: true, force: true });
  });

  test('takes at most 1.5 times as long as ldapdelete -r', async () => {
    const bin = path.join(root, 'bin/adsi-remedy.js');
    const connection = ['--server', dc.address, '--ca', dc.caFile, '--user', dc.adminUser];
    const environment = { ADSI_REMEDY_PASSWORD: dc.adminPassword };
    const deleteByUs = async (name: string): Promise<number> => {
      const saved = path.join(home, name);
      await run(process.execPath, [bin, 'orphan', '--name', name, '--save', saved, ...connection], {
        environment,
      }).catch(
        // 2: there are changes to make.
        () => undefined,
      );
      return timed(() =>
        run(process.execPath, [bin, 'apply', saved, '--confirm', name, ...connection], { environment }),
      );
    };
    const deleteByLdapdelete = (dn: string): Promise<number> => {
      const logon = ['-x', '-H', `ldaps://${dc.address}`, '-D', dc.adminUser, '-y', dc.adminPasswordFile];
      return timed(() => run('ldapdelete', ['-r', ...logon, dn], { environment: { LDAPTLS_CACERT: dc.caFile } }));
    };
    // In this order both meet the database as often fresh as filled with tombstones.
    const first = await deleteByUs('ours 1');
    const theirs = (await deleteByLdapdelete(servers[1]?.dn ?? '')) + (await deleteByLdapdelete(servers[2]?.dn ?? ''));
    const ours = first + (await deleteByUs('ours 2'));
    process.stdout.write(`orphan, 2 × 1,000 entries: ${ours.toFixed(0)} ms, ldapdelete -r ${theirs.toFixed(0)} ms\n`);
    for (const { dn } of servers.slice(0, 4)) expect(await dc.exists(dn)).toBe(false);
    expect(ours / theirs).toBeLessThanOrEqual(1.5);
  });
});
