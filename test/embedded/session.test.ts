/** Our own directory session over a stream within the process, without a network. */

import { describe, expect, it } from 'vitest';
import { OutcomeUnknownError } from '../../src/errors.ts';
import { ldapConnector } from '../../src/ldap/connector.ts';
import { type DirectorySession, everything } from '../../src/ldap/session.ts';
import type { ServedForest } from '../support/ldap-server/served-forest.ts';
import { domain, openForest } from './support.ts';

const dc1 = 'dc1.corp.example.com';

function sessionOn(forest: ServedForest, host = dc1, deadlineMs = 5000): Promise<DirectorySession> {
  const connector = ldapConnector({
    tls: 'none',
    bind: 'anonymous',
    deadlineMs,
    createConnection: ({ host: name, port }) => forest.connect(name, { globalCatalog: port === 3268 }),
  });
  return connector.open({ host, port: 389 });
}

async function dnsOf(session: DirectorySession, base: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { dn } of session.search({
    base,
    scope: 'one',
    filter: everything,
    attributes: ['1.1'],
    pageSize: 2,
  }))
    found.push(dn);
  return found;
}

describe('a session within the process', () => {
  it('reads all pages, also empty ones, and writes', async () => {
    const forest = await openForest();
    forest.planFault(dc1, { on: 'search', nth: 2, fault: { kind: 'empty-pages', count: 2 } });
    const session = await sessionOn(forest);
    expect(await dnsOf(session, `CN=Users,${domain}`)).toHaveLength(3);
    await session.delete(`CN=Reader,CN=Users,${domain}`);
    expect(await dnsOf(session, `CN=Users,${domain}`)).toHaveLength(2);
    await session.close();
  });

  it.each(['drop-before', 'drop-after', 'drop-within'] as const)('learns of a connection lost by %s', async (kind) => {
    const forest = await openForest();
    const session = await sessionOn(forest);
    forest.planFault(dc1, { on: 'delete', nth: 1, fault: { kind } });
    const reader = `CN=Reader,CN=Users,${domain}`;
    await expect(session.delete(reader)).rejects.toBeInstanceOf(OutcomeUnknownError);
    const again = await sessionOn(forest);
    const left = await again.readEntry(reader, ['1.1']);
    expect(left === undefined).toBe(kind !== 'drop-before');
  });

  it('gives up on a DC that refuses and on one that is silent', async () => {
    const forest = await openForest();
    forest.setCondition(dc1, { reachable: 'refused' });
    await expect(sessionOn(forest)).rejects.toThrow(/refused/i);
    forest.setCondition(dc1, { reachable: 'silent' });
    await expect(sessionOn(forest, dc1, 100)).rejects.toThrow();
  });

  it('is answered for by many DCs at once, each in its own time', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `far${index}`);
    const ldif = names.map(
      (
        name,
      ) => `dn: CN=${name},CN=Sites,CN=Configuration,${domain}\nobjectClass: server\ndNSHostName: ${name}.corp.example.com\n
dn: CN=NTDS Settings,CN=${name},CN=Sites,CN=Configuration,${domain}\nobjectClass: nTDSDSA\n`,
    );
    const forest = await openForest(ldif.join('\n'));
    for (const host of forest.domainControllers) forest.setCondition(host, { delay: 20 });
    const hosts = names.map((name) => `${name}.corp.example.com`);
    const said = await Promise.all(
      hosts.map(async (host) => {
        const session = await sessionOn(forest, host);
        const entry = await session.readEntry(domain, ['objectGUID']);
        await session.close();
        return [session.rootDse.dnsHostName, entry?.dn];
      }),
    );
    expect(said).toEqual(hosts.map((host) => [host, domain]));
  });
});
