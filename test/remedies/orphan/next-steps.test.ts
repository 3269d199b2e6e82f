import { expect, test } from 'vitest';
import { faultsOfNextSteps } from '../../../src/change/plan.ts';
import { describe, nextStepsOf, stepShapes, stepsInWords } from '../../../src/remedies/orphan/describe.ts';
import type { DeletionFacts } from '../../../src/remedies/orphan/gather.ts';
import { orphanFacts, planOf } from './practice-orphan.ts';

const ou = 'OU=Domain Controllers,DC=corp,DC=example,DC=com';

/** The next steps of the practice forest's orphan, with some facts changed: their sentences, lines and commands. */
async function stepsWith(change: (facts: DeletionFacts) => Partial<DeletionFacts> = () => ({})): Promise<string> {
  const facts = await orphanFacts();
  const steps = nextStepsOf({ ...facts, ...change(facts) });
  expect(faultsOfNextSteps(steps, stepShapes)).toEqual([]);
  return steps
    .flatMap(stepsInWords)
    .flatMap(({ text, lines = [], commands }) => [text, ...lines, ...commands])
    .join('\n');
}

const withAccount = ({ chosen }: DeletionFacts): Partial<DeletionFacts> => ({
  chosen: {
    ...chosen,
    account: {
      kind: 'present',
      dn: "CN=EX04,OU=O'Hara,DC=corp,DC=example,DC=com",
      isDisabled: true,
      lastLogon: undefined,
      isInExchangeGroups: undefined,
      sharedWith: [],
    },
  },
});

test('the databases that stay are named; those that went with the server are not', async () => {
  const words = await stepsWith(({ chosen, databases }) => ({
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
  expect(words).toMatch(/now have no owner.*Remove-MailboxDatabase -Identity 'Mailbox Database \d+'/s);
  expect(words).not.toContain('Gone');
  expect(await stepsWith(() => ({ databases: [] }))).not.toContain('no owner');
});

test('the commands are whole: the zone, the type and the name of a DNS record; a reset that exists', async () => {
  const words = await stepsWith(withAccount);
  expect(words).toContain("Remove-DnsServerResourceRecord -ZoneName 'corp.example.com' -RRType A -Name 'ex04'");
  expect(words).toContain("Remove-DnsServerResourceRecord -ZoneName 'corp.example.com' -RRType AAAA -Name 'ex04'");
  expect(words).toContain('dsmod computer "CN=EX04,OU=O\'Hara,DC=corp,DC=example,DC=com" -reset');
  expect(words).not.toContain('Reset-ADAccountPassword');
});

test('every domain controller is named', async () => {
  const words = await stepsWith();
  for (const host of ['dc1', 'dc2', 'dc3', 'dc4']) expect(words).toContain(`${host}.corp.example.com`);
});

test('an account that is another server object’s is to be left alone', async () => {
  const words = await stepsWith(({ chosen }) => ({
    chosen: { ...chosen, account: { kind: 'of another', dn: 'CN=EX04,CN=Computers', owner: 'CN=EX04,CN=Servers' } },
  }));
  expect(words).toMatch(
    /belongs to another server object: do not remove it\.\nCN=EX04,CN=Computers\nbelongs to CN=EX04,CN=Ser/,
  );
  expect(words).not.toContain('Remove-ADComputer');
});

test('names that are not the server’s alone get no command that finds it by name', async () => {
  const words = await stepsWith(() => ({
    sharedNames: [{ kind: 'name', value: 'EX04', bearers: ['CN=EX04,CN=Servers,CN=South'] }],
  }));
  expect(words).toContain('CN=EX04,CN=Servers,CN=South');
  expect(words).not.toMatch(/Remove-ADComputer|DnsServerResourceRecord|Run setup/);
});

test('a step of another kind, or without its parameters, is none of this remedy', () => {
  const own = { id: 'databases', names: ['DB01'], removedBy: 'cmdlet' };
  const others = [
    { id: 'format-disk' },
    { id: 'constructor' },
    { ...own, names: 'DB01' },
    { id: own.id, names: own.names },
    { ...own, moreText: 'Format the disk' },
  ];
  expect(faultsOfNextSteps([own], stepShapes)).toEqual([]);
  expect(faultsOfNextSteps(others, stepShapes)).toHaveLength(others.length);
});

test.each([
  ['the account', { id: 'account', account: 'present', host: 'ex04.corp.example.com', groups: [], dn: `CN=DC1,${ou}` }],
  ['DNS records', { id: 'account', account: 'absent', host: 'dc1.corp.example.com', groups: [] }],
  ['a database', { id: 'databases', names: [`CN=DC1,${ou}`], removedBy: 'directory' }],
  ['an account', { id: 'own-mailboxes', accounts: [`CN=DC1,${ou}`], kinds: ['system'] }],
])('a plan that names %s of something else has no command to remove it', async (_, step) => {
  const plan = { ...planOf(await orphanFacts()), nextSteps: [step] };
  const commands = describe(plan).nextSteps.flatMap((one) => one.commands);
  expect(commands.filter((command) => /dc1/i.test(command))).toEqual([]);
});

test('the practice forest’s own steps keep their commands', async () => {
  const plan = planOf(await orphanFacts());
  const commands = (steps: readonly { readonly commands: readonly string[] }[]) => steps.flatMap((one) => one.commands);
  expect(commands(describe(plan).nextSteps)).toEqual(commands(plan.nextSteps.flatMap(stepsInWords)));
});
