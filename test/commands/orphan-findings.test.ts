import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/change/findings.ts';
import { orphan as orphanRemedy } from '../../src/remedies/orphan/remedy.ts';
import { commandsOf } from '../support/finding-commands.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { answering } from '../support/prompter-double.ts';
import {
  blockersOf,
  configuration,
  databaseOf,
  dnOf,
  forestWith,
  group,
  legacyNameOf,
  person,
  planFor,
  record,
  runIn,
  runOn,
  serverObject,
} from './orphan-export.ts';

const server = dnOf('EX04');
const database = databaseOf('MDB4');
const legacyExchangeDn = legacyNameOf('EX04');
const amsterdam = `msExchServerSite: CN=Amsterdam,CN=Sites,${configuration}`;
const utrecht = `msExchServerSite: CN=Utrecht,CN=Sites,${configuration}`;

const other = (name: string, roles: number, ...lines: readonly string[]): string =>
  record(dnOf(name), 'msExchExchangeServer', `msExchCurrentServerRoles: ${roles}`, ...lines);

/** EX04 and what else is in the forest. */
const forest = (...records: readonly string[]): readonly string[] =>
  forestWith(serverObject('EX04', { roles: 38 }, amsterdam), ...records);

const findingsOn = async (records: readonly string[]): Promise<readonly Finding[]> =>
  (await planFor('EX04', records)).findings;

const idsOn = async (...records: readonly string[]): Promise<readonly string[]> =>
  blockersOf(await planFor('EX04', forest(...records))).map((id) => id.replace(' (final)', ''));

const detailOf = (findings: readonly Finding[], id: string): string =>
  findings.find((finding) => finding.id === id)?.detail ?? '';

test.each([
  ['its FQDN among others', 'ex04.corp.example.com,[192.0.2.1]', true],
  ['another server', 'ex01.corp.example.com,[192.0.2.1]', false],
  ['its FQDN in a sentence', 'was ex04.corp.example.com before', false],
])('the smart hosts of a connector name it by %s: %s', async (_, hosts, isNamed) => {
  const connector = record(`CN=Out,${group}`, 'msExchRoutingSMTPConnector', `msExchSmtpSmartHost: ${hosts}`);
  const found = (await findingsOn(forest(other('EX01', 2), connector))).find(
    ({ id }) => id === 'references-to-replace',
  );
  expect(found?.evidence).toEqual(isNamed ? [`msExchSmtpSmartHost of CN=Out,${group}`] : undefined);
});

describe('the only server', () => {
  test.each([
    ['one that lost a naming conflict', other('EX01\\0ACNF:0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e', 38), true],
    ['one that was only provisioned', other('EX01', 4096), true],
    ['an Edge server', other('EX01', 64, utrecht), true],
    ['a whole one', other('EX01', 2), false],
  ])('is reported beside %s: %s', async (_, beside, isOnly) => {
    expect((await idsOn(beside)).includes('only-server')).toBe(isOnly);
  });
});

describe('the last hub of a site with an Edge server', () => {
  test.each([
    ['with the Edge server of its site', amsterdam, ['last-hub-of-edge-subscription']],
    ['with an Edge server of another site', utrecht, []],
  ])('is reported only with the Edge server of its own site: %s', async (_, site, ids) => {
    expect(await idsOn(other('EX01', 2, utrecht), other('EDGE1', 64, site))).toEqual(ids);
  });
});

describe("mailboxes of Exchange's own", () => {
  const isSystem = async (type: bigint): Promise<boolean> =>
    (
      await idsOn(
        other('EX01', 2),
        person('someone', `msExchHomeServerName: ${legacyExchangeDn}`, `msExchRecipientTypeDetails: ${type}`),
      )
    ).includes('arbitration-mailboxes');

  test.each([
    ['SystemAttendantMailbox', 8192n, true],
    ['SystemMailbox', 16_384n, true],
    ['ArbitrationMailbox', 8_388_608n, true],
    ['DiscoveryMailbox', 536_870_912n, true],
    ['MonitoringMailbox', 549_755_813_888n, true],
    ['AuditLogMailbox', 4_398_046_511_104n, true],
    ['UserMailbox', 1n, false],
    ['TeamMailbox', 137_438_953_472n, false],
    ['GroupMailbox', 1_099_511_627_776n, false],
    ['LinkedRoomMailbox', 2_199_023_255_552n, false],
  ])('%s (%s): %s', async (_, type, expected) => {
    expect(await isSystem(type)).toBe(expected);
  });
});

test('a witness path of a server with a longer name is no reference', async () => {
  const dag = (witness: string): string =>
    record(`CN=DAG1,${group}`, 'msExchMDBAvailabilityGroup', `msExchFileShareWitness: ${witness}`);
  const named = async (witness: string): Promise<boolean> =>
    (await findingsOn(forest(other('EX01', 2), dag(witness)))).some(({ id }) => id === 'references-to-replace');
  expect(await named('\\\\EX04\\DAG1')).toBe(true);
  expect(await named('\\\\ex04.corp.example.com\\DAG1')).toBe(true);
  expect(await named('\\\\EX041\\DAG1')).toBe(false);
});

test('one mailbox and one group are reported as one', async () => {
  const findings = await findingsOn(
    forest(
      other('EX01', 2),
      person('anna', `msExchHomeServerName: ${legacyExchangeDn}`),
      person('group', `msExchExpansionServerName: ${legacyExchangeDn}`),
    ),
  );
  const evidence = findings.flatMap(({ evidence: lines }) => lines);
  expect(evidence).toContain('1 mailbox homed on it (msExchHomeServerName)');
  expect(evidence).toContain('1 group, as expansion server (msExchExpansionServerName)');
});

test('each blocker comes with commands that do what it asks for', async () => {
  const connector = `CN=Internet,${group}`;
  const findings = await findingsOn(
    forest(
      other('EX01', 2),
      record(`CN=1,${server}`, 'protocolCfgSMTPServer'),
      record(connector, 'msExchRoutingGroupConnector', `msExchSourceBridgeheadServersDN: CN=1,${server}`),
      record(database, 'msExchMDB', `msExchOwningServer: ${server}`),
      record(
        'CN=EX04,CN=Computers,DC=corp,DC=example,DC=com',
        'computer',
        'name: EX04',
        'dNSHostName: ex04.corp.example.com',
      ),
    ),
  );
  const commandsFor = (id: string): string =>
    commandsOf(
      orphanRemedy,
      findings.find((finding) => finding.id === id),
    ).join('\n');
  const databases = commandsFor('owned-databases');
  expect(databases).toContain("Get-Mailbox -Database 'MDB4' -ResultSize Unlimited | New-MoveRequest");
  expect(databases).toContain("Remove-MailboxDatabase -Identity 'MDB4'");
  expect(databases).not.toContain('Set-MailboxDatabase');
  const connectors = commandsFor('send-connector-source');
  expect(connectors).toContain(
    `Set-ADObject -Identity '${connector}' -Remove @{msExchSourceBridgeheadServersDN='CN=1,${server}'}`,
  );
  expect(commandsFor('supported-ways')).toContain(
    'dsmod computer "CN=EX04,CN=Computers,DC=corp,DC=example,DC=com" -reset',
  );
});

describe('in the wizard', () => {
  const records = forest(
    other('EX01', 2),
    record(database, 'msExchMDB', `msExchOwningServer: ${server}`),
    record(`CN=1,${server}`, 'protocolCfgSMTPServer'),
    record(`CN=Internet,${group}`, 'msExchRoutingSMTPConnector', `msExchSourceBridgeheadServersDN: CN=1,${server}`),
  );
  const runWizard = async (cleanUp: readonly string[]): Promise<{ readonly stdout: string; readonly plan: string }> => {
    const folder = await freshFolder();
    const answers = answering({
      'orphan.supported-way': 'none',
      'orphan.also': [],
      'orphan.clean-up': cleanUp,
      'accept.owned-databases': true,
      'accept.send-connector-source': true,
      'accept.dangling-references': true,
      decision: 'save',
      reason: '',
      ticket: '',
    });
    const { stdout } = await runIn(folder, records, ['--name', 'EX04'], answers);
    const [saved = ''] = /changes[\\/]\S+?-orphan/.exec(stdout) ?? [];
    return { stdout, plan: await readFile(path.join(folder, saved, 'plan.json'), 'utf8') };
  };

  test('whether this object is what setup complains of is said before the question for another way', async () => {
    const { stdout } = await runWizard([]);
    expect(stdout.indexOf('this object explains the message')).toBeGreaterThan(0);
    expect(stdout.indexOf('this object explains the message')).toBeLessThan(stdout.indexOf('blocker '));
  });

  test('what acceptance does to a reference follows from whether it was left out', async () => {
    expect(detailOf(JSON.parse((await runWizard([])).plan).findings, 'owned-databases')).toContain(
      'If you left out clearing it, their msExchOwningServer names the deleted server',
    );
    const cleared = (await runWizard([`msExchOwningServer of ${database}`])).plan;
    expect(detailOf(JSON.parse(cleared).findings, 'owned-databases')).toContain('msExchOwningServer is cleared');
  });

  test('linked values are in the plan whatever was chosen, as they go with their target', async () => {
    const { changes } = JSON.parse((await runWizard([])).plan) as { changes: { kind: string; edits: unknown }[] };
    expect(changes.filter(({ kind }) => kind === 'modify').map(({ edits }) => edits)).toEqual([
      [{ attribute: 'msExchSourceBridgeheadServersDN', remove: [`CN=1,${server}`], add: [] }],
    ]);
  });
});

test('the forest is named as the other remedies name it, and an export as one', async () => {
  const { stdout } = await runOn(forest(other('EX01', 2)), '--name', 'EX04', '--dry-run');
  expect(stdout).toMatch(/^ {2}Forest corp\.example\.com, configuration read from an export$/m);
});

test('of more servers than one search asks for, each has its account', async () => {
  const names = Array.from({ length: 60 }, (_, number) => `EX${100 + number}`);
  const accounts = names.map((name) =>
    record(
      `CN=${name},CN=Computers,DC=corp,DC=example,DC=com`,
      'computer',
      `name: ${name}`,
      'userAccountControl: 4098',
    ),
  );
  const { stdout } = await runOn(
    [...forest(), ...names.map((name) => other(name, 2)), ...accounts],
    '--name',
    'EX04',
    '--dry-run',
  );
  expect(stdout.match(/^ {2}EX1\d\d .* disabled$/gm)).toHaveLength(60);
});
