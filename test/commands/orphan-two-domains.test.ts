import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type EmbeddedForest, openEmbeddedForest } from '../../src/embedded/forest.ts';
import { type DirectorySession, everything } from '../../src/ldap/session.ts';
import { orphan as orphanDn } from '../change/entries-support.ts';
import { practiceForest, practiceTime } from '../support/practice-forest.ts';
import { directoryOf, siteInMemory } from '../support/practice-site.ts';
import { orphan } from '../support/remedy-commands.ts';
import { adviceOf, configuration, findingOf, planOf } from './orphan-export.ts';

const domain = 'DC=corp,DC=example,DC=com';
const child = `DC=emea,${domain}`;
const settings = `CN=DC9,CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`;
const piet = `CN=piet,CN=Users,${child}`;
const allOfEmea = `CN=All of EMEA,CN=Users,${child}`;
const group = 'Exchange Administrative Group (FYDIBOHF23SPDLT)';
const legacyName = `/o=Nordwind Trading/ou=${group}/cn=Configuration/cn=Servers/cn=EX04`;

/** A second domain, below the practice forest's, with a DC of its own and recipients that name EX04. */
const secondDomain = `
dn: ${child}
objectClass: domainDNS

dn: CN=Users,${child}
objectClass: container

dn: CN=EMEA,CN=Partitions,${configuration}
objectClass: crossRef
nCName: ${child}
dnsRoot: emea.corp.example.com
nETBIOSName: EMEA
systemFlags: 3

dn: ${settings}
objectClass: server
dNSHostName: dc9.emea.corp.example.com

dn: CN=NTDS Settings,${settings}
objectClass: nTDSDSA
options: 1
${[child, configuration, `CN=Schema,${configuration}`].map((dn) => `msDS-hasMasterNCs: ${dn}`).join('\n')}

dn: ${piet}
objectClass: user
mailNickname: piet
homeMTA: CN=Microsoft MTA,${orphanDn}

dn: ${allOfEmea}
objectClass: group
mailNickname: emea
msExchExpansionServerName: ${legacyName}
`;

async function deleteServer(session: DirectorySession): Promise<void> {
  const dns: string[] = [];
  const found = session.search({ base: orphanDn, scope: 'subtree', filter: everything, attributes: ['1.1'] });
  for await (const { dn } of found) dns.push(dn);
  for (const dn of dns.toSorted((one, other) => other.length - one.length)) await session.delete(dn);
}

async function twoDomains(): Promise<EmbeddedForest> {
  const one = await practiceForest();
  // DC1 is of the first domain alone, and a global catalog.
  const held = [domain, configuration, `CN=Schema,${configuration}`].map((dn) => `namingContexts: ${dn}\n`).join('');
  const dc1 = 'dnsHostName: dc1.corp.example.com\n';
  const content = `${[...one.toLdif()].join('').replace(`dn:\n${dc1}`, `dn:\n${dc1}${held}`)}\n${secondDomain}`;
  return openEmbeddedForest({
    kind: 'forest',
    sources: [{ name: 'two', content }],
    clock: practiceTime,
    newGuid: randomUUID,
  });
}

describe('the recipients of another domain', () => {
  const clearing = [
    `Get-ADObject -Server 'emea.corp.example.com' -LDAPFilter '(homeMTA=CN=Microsoft MTA,${orphanDn.replace('(', '\\28').replace(')', '\\29')})' | Set-ADObject -Server 'emea.corp.example.com' -Clear homeMTA`,
    "Set-ADObject -Server 'emea.corp.example.com' -Clear msExchExpansionServerName",
  ];

  test('come from a global catalog, which the review says, and have commands for their own domain', async () => {
    const site = await siteInMemory(twoDomains());
    const plan = planOf(await site.run(orphan, ['--name', 'EX04', '--json']));
    const elsewhere = findingOf(plan, 'recipients-in-other-domains');
    expect(elsewhere?.evidence).toEqual(expect.arrayContaining([piet, allOfEmea]));
    for (const command of clearing) expect(adviceOf(elsewhere)).toContain(command);
    expect(adviceOf(findingOf(plan, 'expansion-server'))).toContain(
      `Set-ADObject -Identity '${allOfEmea}' -Server 'emea.corp.example.com' -Clear msExchExpansionServerName`,
    );
    expect(findingOf(plan, 'recipients-looked-at')?.detail).toContain('in a global catalog, as far as it holds them');
    expect(plan.changes.filter((change) => change.kind === 'modify' && change.dn.endsWith(child))).toEqual([]);
    expect(plan.leftOut.map(({ what }) => what)).toContain('homeMTA of recipients of other domains');
  });

  test('are not known without a global catalog, which a warning says', async () => {
    const forest = await twoDomains();
    const site = await siteInMemory(Promise.resolve(forest));
    const directory = async () => ({ ...(await directoryOf(forest)), openGlobalCatalog: async () => undefined });
    const plan = planOf(await site.run(orphan, ['--name', 'EX04', '--json'], undefined, { directory }));
    expect(findingOf(plan, 'one-domain-only')).toBeDefined();
    expect(findingOf(plan, 'recipients-in-other-domains')).toBeUndefined();
    const left = planOf(await site.run(orphan, ['--leftovers', '--json'], undefined, { directory }));
    expect(left.findings.map(({ id }) => id).toSorted()).toEqual(['no-leftovers', 'one-domain-only']);
  });

  test('are left over too after a deletion by hand, listed with the command for their domain and not written', async () => {
    const site = await siteInMemory(twoDomains());
    await site.withSession(deleteServer);
    const plan = planOf(await site.run(orphan, ['--leftovers', '--json']));
    const stays = findingOf(plan, 'leftovers-not-cleared');
    expect(adviceOf(stays)).toContain(
      `Set-ADObject -Identity '${piet}' -Server 'emea.corp.example.com' -Clear homeMTA`,
    );
    expect(stays?.evidence).toEqual(
      expect.arrayContaining([
        `homeMTA of ${piet} (in another domain)`,
        `msExchExpansionServerName of ${allOfEmea} (in another domain)`,
      ]),
    );
    expect(findingOf(plan, 'leftovers')?.detail).toContain('in a global catalog, as far as it holds the attributes');
    expect(plan.changes.map(({ kind }) => kind)).toContain('modify');
    expect(plan.changes.filter((change) => change.kind === 'modify' && change.dn.endsWith(child))).toEqual([]);
  });
});
