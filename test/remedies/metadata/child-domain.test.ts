import { expect, test } from 'vitest';
import { DirectoryError } from '../../../src/errors.ts';
import { assess } from '../../../src/remedies/metadata/assess.ts';
import { propose } from '../../../src/remedies/metadata/changes.ts';
import { gather } from '../../../src/remedies/metadata/gather.ts';
import type { DirectoryWorld } from '../../../src/remedies/remedy.ts';
import { configuration, domain, hostOf, openDcs } from '../lingering/support/pair.ts';

const child = `DC=child,${domain}`;
const serverOf = (name: string): string => `CN=${name},CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`;
const accountOf = (name: string): string => `CN=${name},OU=Domain Controllers,${child}`;

/** A DC of the child domain, which is a global catalog too, as LDIF. */
function dcOfChild(name: string): string {
  const host = hostOf(name.toLowerCase());
  return `
dn: ${accountOf(name)}
objectClass: computer
primaryGroupID: 516
userAccountControl: 532480
dNSHostName: ${host}

dn: ${serverOf(name)}
objectClass: server
dNSHostName: ${host}
serverReference: ${accountOf(name)}

dn: CN=NTDS Settings,${serverOf(name)}
objectClass: nTDSDSA
options: 1
${[child, configuration, `CN=Schema,${configuration}`].map((dn) => `msDS-hasMasterNCs: ${dn}`).join('\n')}
hasPartialReplicaNCs: ${domain}
`;
}

const childDomain = `
dn: ${child}
objectClass: domainDNS

dn: OU=Domain Controllers,${child}
objectClass: organizationalUnit

dn: CN=CHILD,CN=Partitions,${configuration}
objectClass: crossRef
nCName: ${child}
dnsRoot: child.corp.example.com
nETBIOSName: CHILD
systemFlags: 3
${dcOfChild('DC11')}${dcOfChild('DC12')}`;

test('a DC of a child domain is removed on a DC of its own domain, and on no other', async () => {
  const dcs = await openDcs(['dc1'], childDomain);
  const openOther: DirectoryWorld['openOther'] = async (host) => {
    if (host !== hostOf('dc11')) return dcs.forest.open({ host });
    throw new DirectoryError({ attempted: 'connect', on: host, cameBack: 'refused', next: '' });
  };
  const lookOn = async (name: string) => {
    const options = { wanted: { kind: 'name' as const, name: 'DC11' }, isWayAsked: true, accept: [] };
    const facts = await gather(await dcs.world(name, { openOther }), { kind: 'new', options });
    const proposal = propose(facts);
    const final = assess(facts, proposal).filter(({ level, acceptable }) => level === 'blocker' && !acceptable);
    return { deleted: proposal.changes.map(({ dn }) => dn), final: final.map(({ id }) => id) };
  };
  // All of them replicated a moment ago.
  expect((await lookOn('dc1')).final).toEqual(['heard-lately', 'other-domain']);
  expect(await lookOn('dc12')).toEqual({
    deleted: [`CN=NTDS Settings,${serverOf('DC11')}`, serverOf('DC11'), accountOf('DC11')],
    final: ['heard-lately'],
  });
});
