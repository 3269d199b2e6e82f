import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/change/plan.ts';
import type { Context } from '../../src/commands/context.ts';
import { openPracticeDirectory } from '../../src/commands/directory.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { openPracticeForest } from '../../src/embedded/forest.ts';
import { noSleep } from '../support/fixed-world.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { answering } from '../support/prompter-double.ts';
import { orphan } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import {
  adminGroup,
  adviceOf,
  groups,
  head,
  organisation,
  person,
  planOf,
  record,
  runIn,
  runOn,
} from './orphan-export.ts';

const guid = '0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e';
const legacyExchangeDn = '/o=Contoso/cn=EX01';
const names = [`legacyExchangeDN: ${legacyExchangeDn}`, 'networkAddress: ncacn_ip_tcp:ex01.corp.example.com'];
const roles = 'msExchCurrentServerRoles: 16';
const live = `CN=EX01,CN=Servers,CN=North,${groups}`;
const second = `CN=EX01,CN=Servers,CN=South,${groups}`;
const loser = `CN=EX01\\0ACNF:${guid},CN=Servers,CN=North,${groups}`;
const lately = (BigInt(Date.now() + 11_644_473_600_000) * 10_000n).toString();

/** A live EX01 that text all over the forest names: a DAG, a witness, a database, a group, a mailbox. */
const liveServer = [
  ...head.slice(1),
  ...organisation,
  ...adminGroup('North', 'EX09'),
  ...adminGroup('South'),
  record(live, 'msExchExchangeServer', roles, ...names),
  record(
    `CN=DAG1,CN=North,${groups}`,
    'msExchMDBAvailabilityGroup',
    'msExchStartedMailboxServers: ex01.corp.example.com',
    'msExchFileShareWitness: \\\\ex01\\DAG1',
  ),
  record(`CN=DB01,CN=North,${groups}`, 'msExchMDB', `legacyExchangeDN: ${legacyExchangeDn}/cn=Microsoft Private MDB`),
  person('group', `msExchExpansionServerName: ${legacyExchangeDn}`),
  person('anna', `msExchHomeServerName: ${legacyExchangeDn}`),
  record(
    `CN=EX01,CN=Computers,DC=corp,DC=example,DC=com`,
    'computer',
    'name: EX01',
    'dNSHostName: ex01.corp.example.com',
    'userAccountControl: 4096',
    `lastLogonTimestamp: ${lately}`,
  ),
];

const twin = (dn: string, ...lines: readonly string[]): string =>
  record(dn, 'msExchExchangeServer', roles, ...names, ...lines);

const findingIn = ({ findings }: Plan, id: string): Plan['findings'][number] | undefined =>
  findings.find((finding) => finding.id === id);
const blockersOf = ({ findings }: Plan): readonly string[] =>
  findings.filter(({ level, accepted }) => level === 'blocker' && !accepted).map(({ id }) => id);

describe.each([
  ['of another admin group with the same names', second, ['--accept', 'live-account']],
  ['that lost a naming conflict', loser, []],
])('a server object %s', (_, dn, accept) => {
  const planned = async (...records: readonly string[]): Promise<Plan> =>
    planOf(await runOn([...liveServer, twin(dn), ...records], '--dn', dn, '--json', ...accept));

  test('goes alone: what names the live server by text is neither changed nor in the way', async () => {
    const plan = await planned();
    expect(plan.changes.map((change) => [change.kind, 'dn' in change ? change.dn : ''])).toEqual([['delete', dn]]);
    expect(blockersOf(plan)).toEqual([]);
  });

  test('is said to share its names, with what that means', async () => {
    const found = findingIn(await planned(), 'shared-names');
    expect(found).toMatchObject({
      level: 'warning',
      evidence: [
        `legacyExchangeDN ${legacyExchangeDn}: shared with ${live}`,
        `FQDN ex01.corp.example.com: shared with ${live}`,
        `name EX01: shared with ${live}`,
      ],
    });
    expect(found?.detail).toContain('so it stays and is not a blocker');
  });

  test('loses what names this very object', async () => {
    const connector = `CN=Internet,CN=North,${groups}`;
    const plan = await planned(
      record(`CN=1,${dn}`, 'protocolCfgSMTPServer'),
      record(connector, 'msExchRoutingSMTPConnector', `msExchSourceBridgeheadServersDN: CN=1,${dn}`),
      record(`CN=DB02,CN=North,${groups}`, 'msExchMDB', `msExchOwningServer: ${dn}`),
      person('bert', `homeMDB: CN=DB02,CN=North,${groups}`),
    );
    expect(plan.changes.filter(({ kind }) => kind === 'modify')).toMatchObject([
      { dn: connector },
      { dn: `CN=DB02,CN=North,${groups}` },
    ]);
    expect(findingIn(plan, 'mailboxes')).toMatchObject({ title: expect.stringMatching(/^1 mailbox/) });
  });

  test('comes with no command that would reach the live server by its name', async () => {
    const folder = await freshFolder();
    const records = [
      ...liveServer,
      twin(dn, `msExchMDBAvailabilityGroupLink: CN=DAG1,CN=North,${groups}`),
      record(`CN=DB02,CN=North,${groups}`, 'msExchMDB', `msExchOwningServer: ${dn}`),
      person('bert', `homeMDB: CN=DB02,CN=North,${groups}`, 'msExchRecipientTypeDetails: 8388608'),
    ];
    await runIn(folder, records, ['--dn', dn, '--save', 'saved']);
    const read = (name: string): Promise<string> => readFile(path.join(folder, 'saved', name), 'utf8');
    const { findings } = JSON.parse(await read('plan.json')) as Plan;
    const words = JSON.stringify(
      findings.map((finding) => [adviceOf(finding), finding.id === 'mailboxes' ? [] : finding.evidence]),
    );
    expect(words).toContain('-Clear msExchMDBAvailabilityGroupLink');
    expect(words).not.toMatch(/Server EX01|RecoverServer/);
    expect(await read('next-steps.txt')).not.toMatch(/Remove-ADComputer|DnsServerResourceRecord|Run setup/);
    expect((await read('next-steps.txt')).replace(/\r\n +/g, '')).toContain(live);
  });

  test('is not asked about by the name of a machine that may be the other one', async () => {
    const { stdout } = await runOn(
      [...liveServer, twin(dn)],
      '--dn',
      dn,
      '--probe',
      '--dry-run',
      '--verbose',
      ...accept,
    );
    expect(stdout).toContain('not probed: another server object has the name ex01.corp.example.com too');
  });

  test('is not asked about in the wizard by ways that find a server by its name', async () => {
    const answers = answering({ 'accept.live-account': true, 'orphan.also': [], decision: 'nothing' });
    const { status } = await runIn(await freshFolder(), [...liveServer, twin(dn)], ['--dn', dn], answers);
    expect(status).toBe(2);
    expect(answers.asked).not.toContain('orphan.supported-way');
  });
});

test('the loser of a naming conflict is no live server for the account of the winner, which is live', async () => {
  const { stdout } = await runOn([...liveServer, twin(loser)], '--dn', loser, '--dry-run');
  expect(stdout).toMatch(/EX01 \(CNF\) +likely orphan +belongs to another server object/);
  expect(stdout).toMatch(/EX01 +in use +present, logon today/);
});

test('two objects of one account are both unclear: the account does not show which is in use', async () => {
  const { stdout } = await runOn([...liveServer, twin(second)], '--dn', second, '--json');
  const [signs] = (JSON.parse(stdout) as Plan).findings.filter(({ id }) => id === 'signs');
  const found = findingIn(JSON.parse(stdout) as Plan, 'live-account');
  expect(found).toMatchObject({ acceptable: true, evidence: [expect.any(String), `may belong to ${live}`] });
  expect(signs?.title).toContain('unclear');
  expect(signs?.evidence).toContainEqual(expect.stringContaining('but another server object has that name too'));
});

test('the winner of a naming conflict keeps its names: what names it is a blocker and is cleared', async () => {
  const plan = planOf(await runOn([...liveServer, twin(loser)], '--dn', live, '--json'));
  expect(blockersOf(plan)).toEqual(['mailboxes', 'expansion-server', 'live-account']);
  expect(findingIn(plan, 'shared-names')).toBeUndefined();
  expect(plan.changes[0]).toMatchObject({ edits: [{ attribute: 'msExchStartedMailboxServers' }] });
});

describe('on the practice site, with an EX01 that lost a naming conflict', () => {
  const servers =
    'CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,CN=Nordwind Trading,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=corp,DC=example,DC=com';
  const now = (): Date => new Date('2026-11-22T09:00:00Z');
  const templates = new URL('../../templates/', import.meta.url);

  async function site(): Promise<{
    readonly run: (command: typeof orphan, args: readonly string[]) => Promise<CommandRun>;
  }> {
    const folder = await freshFolder();
    const forest = [...(await openPracticeForest(folder, templates, now, randomUUID)).toLdif()].join('');
    const unfolded = forest.replaceAll('\n ', '');
    const winner = unfolded.split('\n\n').find((one) => one.includes(`dn: CN=EX01,${servers}\n`)) ?? '';
    const kept = winner
      .split('\n')
      .filter((line) => /^(?:objectClass|legacyExchangeDN|networkAddress|msExchCurr)/i.test(line));
    await mkdir(path.join(folder, 'directory'));
    await writeFile(
      path.join(folder, 'directory/forest.ldif'),
      `${forest}\n${record(`CN=EX01\\0ACNF:${guid},${servers}`, 'msExchExchangeServer', ...kept)}`,
    );
    return {
      run: (command, args) => {
        const context = { currentFolder: folder, templates, sleep: noSleep, now };
        const directory = (): ReturnType<typeof openPracticeDirectory> =>
          openPracticeDirectory(folder, { ...context, randomId: randomUUID } as unknown as Context);
        return runCommand(command, args, { ...context, directory });
      },
    };
  }

  test('its deletion and the undo of it are proven, though the mailboxes of the winner hold its names', async () => {
    const { run } = await site();
    const accepted = ['--accept', 'replication-past-lifetime'];
    const args = ['--dn', `CN=EX01\\0ACNF:${guid},${servers}`, '--yes', '--confirm', 'EX01', ...accepted];
    const { stdout, stderr } = await run(orphan, args);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/recipients of DC=corp,DC=example,DC=com: none points at a deleted entry/);
    const undone = await run(undo, ['changes/2026-11-22-orphan', '--yes']);
    expect(undone.stderr).toBe('');
    expect(undone.stdout).toContain('1 of 1 entries restored');
  });
});
