import { expect, test } from 'vitest';
import { gather, type OrphanFacts } from '../../../src/remedies/orphan/gather.ts';
import { nextSteps } from '../../../src/remedies/orphan/next-steps.ts';
import { survey } from '../../../src/remedies/orphan/survey.ts';
import { openBench } from '../../change/entries-support.ts';

/** The next steps of the practice forest's orphan, with some facts changed. */
async function stepsWith(
  change: (facts: OrphanFacts) => Partial<OrphanFacts> = () => ({}),
): Promise<readonly string[]> {
  const now = new Date('2026-11-22T09:00:00Z');
  const { session } = await openBench();
  const reach = { session, global: undefined, isExport: false };
  const surveyed = await survey(reach, now);
  const chosen = surveyed.servers.find(({ server }) => server.name === 'EX04');
  if (chosen === undefined) throw new Error('the practice forest has EX04');
  const facts = await gather(reach, surveyed, chosen, { probe: false, now });
  return nextSteps({ ...facts, ...change(facts) });
}

const withAccount = ({ chosen }: OrphanFacts): Partial<OrphanFacts> => ({
  chosen: {
    ...chosen,
    account: {
      kind: 'present',
      dn: 'CN=EX04,OU=Servers,OU=A unit of a long name,OU=Another unit of a long name,DC=corp,DC=example,DC=com',
      isDisabled: true,
      lastLogon: undefined,
      isInExchangeGroups: undefined,
      sharedWith: [],
    },
  },
});

test('no line is wider than 76 columns', async () => {
  const shared = (): Partial<OrphanFacts> => ({
    sharedNames: [
      { kind: 'name', value: 'EX04', bearers: [`CN=EX04,${'CN=a container of a long name,'.repeat(9)}DC=com`] },
    ],
  });
  for (const change of [undefined, withAccount, shared]) {
    expect((await stepsWith(change)).filter((line) => line.length > 76)).toEqual([]);
  }
});

test('the databases that stay are named; those that went with the server are not', async () => {
  const steps = await stepsWith(({ chosen, databases }) => ({
    databases: [...databases, `CN=Gone,${chosen.server.dn}`],
    subtree: [
      {
        entry: { dn: `CN=Gone,${chosen.server.dn}`, guid: '', usnChanged: '1', attributes: [] },
        depth: 1,
        objectClasses: new Set(),
        systemFlags: 0,
      },
    ],
  }));
  expect(steps.join('\n')).toMatch(/no owner now.*?\n {5}Mailbox Database \d+/s);
  expect(steps.join('\n')).not.toContain('Gone');
  expect((await stepsWith(() => ({ databases: [] }))).join('\n')).not.toContain('no owner');
});

test('the commands are whole: the zone, the type and the name of a DNS record; a reset that there is', async () => {
  const text = (await stepsWith(withAccount)).join('\n');
  expect(text).toMatch(/Remove-DnsServerResourceRecord `\n +-ZoneName corp\.example\.com -RRType A -Name ex04$/m);
  expect(text).toContain('dsmod computer');
  expect(text).not.toContain('Reset-ADAccountPassword');
});

test('an account that is another server object’s is to be left alone', async () => {
  const text = (
    await stepsWith(({ chosen }) => ({
      chosen: { ...chosen, account: { kind: 'of another', dn: 'CN=EX04,CN=Computers', owner: 'CN=EX04,CN=Servers' } },
    }))
  ).join('\n');
  expect(text).toMatch(/CN=EX04,CN=Computers, is that of another\s+server object: leave it/);
  expect(text).not.toContain('Remove-ADComputer');
});
