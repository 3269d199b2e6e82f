import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import type { DomainController } from './lab/domain-controller.ts';
import { forest } from './lab/forest.ts';
import { add } from './lab/ldif.ts';
import { startOneDomainController } from './lab/one-dc.ts';
import { kerberosEnvironment, kinit, registerLdapService } from './scenario/kerberos.ts';

describeWithSamba('trial', () => {
  let dc: DomainController;
  beforeAll(async () => {
    dc = await startOneDomainController({
      services: ['ldap', 'dns', 'kdc'],
      changes: [
        add('OU=bulk,' + forest.domainNamingContext, { objectClass: 'organizationalUnit' }),
        ...Array.from({ length: 10_000 }, (_, i) =>
          add(`CN=entry ${i},OU=bulk,${forest.domainNamingContext}`, {
            objectClass: 'contact',
            description: `This is the description of entry number ${i}`,
            mail: `entry${i}@example.com`,
          }),
        ),
      ],
    });
  }, 900_000);
  afterAll(() => dc?.stop());
  test('x', async () => {
    await registerLdapService(dc);
    const env = await kerberosEnvironment('/tmp/ldapwork', 'bench', dc.address);
    await kinit(env, 'Administrator', dc.adminPassword);
    await writeFile(
      '/tmp/ldapwork/bench.mjs',
      `
import { readFileSync } from 'node:fs';
import { openSession } from '/tmp/trees/ldap/dist/ldap/connector.js';
import { everything } from '/tmp/trees/ldap/dist/ldap/filter.js';
const ca = readFileSync(${JSON.stringify(dc.caFile)});
const ways = { ldaps: { tls: 'ldaps', ca, bind: { auth: 'password', user: ${JSON.stringify(dc.adminUser)}, password: ${JSON.stringify(dc.adminPassword)} } }, sealed: { tls: 'none', bind: { auth: 'integrated' } } };
const times = { ldaps: [], sealed: [] }, cpu = { ldaps: [], sealed: [] };
for (let i = 0; i < 6; i++) for (const way of ['ldaps', 'sealed']) {
  const t = performance.now(), c = process.cpuUsage();
  const s = await openSession({ host: ${JSON.stringify(dc.address)}, tlsName: ${JSON.stringify(dc.host)}, ...ways[way] });
  let n = 0; for await (const e of s.search({ base: 'OU=bulk,${forest.domainNamingContext}', scope: 'subtree', filter: everything, attributes: ['*'] })) n++;
  await s.close();
  if (i > 0) { times[way].push(Math.round(performance.now() - t)); const u = process.cpuUsage(c); cpu[way].push(Math.round((u.user + u.system) / 1000)); }
  if (n !== 10001) throw new Error(String(n));
}
const med = (l) => l.toSorted((a, b) => a - b)[2];
console.log(process.version, times, cpu, 'median', med(times.ldaps), med(times.sealed), (med(times.sealed) / med(times.ldaps)).toFixed(2), 'cpu', med(cpu.ldaps), med(cpu.sealed));
process.exit(0);`,
    );
    for (const node of [process.execPath, process.env['N26'] ?? ''])
      console.log(
        execFileSync(node, ['/tmp/ldapwork/bench.mjs'], { env: { ...process.env, ...env }, encoding: 'utf8' }),
      );
    expect(1).toBe(1);
  }, 600_000);
});
