import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/change/findings.ts';
import type { Plan } from '../../src/change/plan.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import {
  adminGroup,
  configuration,
  groups,
  head,
  organisation,
  person,
  planOf,
  record,
  runIn,
  runOn,
} from './orphan-export.ts';

const server = `CN=EX04,CN=Servers,CN=North,${groups}`;
const database = `CN=MDB4,CN=Databases,CN=North,${groups}`;
const legacyExchangeDn = '/o=Contoso/cn=EX04';
const [rootDse = '', ...rest] = head;
const systemObjects = 'CN=Microsoft Exchange System Objects,DC=corp,DC=example,DC=com';

/** The server of a version, in an organisation with these entries. */
const forest = (serial: string, roles: number | undefined, ...records: readonly string[]): readonly string[] => [
  rootDse.replace('namingContexts:', 'namingContexts: DC=corp,DC=example,DC=com\nnamingContexts:'),
  ...rest,
  ...organisation,
  ...adminGroup('North'),
  record(
    server,
    'msExchExchangeServer',
    ...(roles === undefined ? [] : [`msExchCurrentServerRoles: ${roles}`]),
    `serialNumber: ${serial}`,
    `legacyExchangeDN: ${legacyExchangeDn}`,
    'networkAddress: ncacn_ip_tcp:ex04.corp.example.com',
  ),
  ...records,
];
const exchange2016 = 'Version 15.1 (Build 32507.6)';
const exchange2010 = 'Version 14.3 (Build 30123.4)';
const another = (name = 'EX01'): string =>
  record(
    `CN=${name},CN=Servers,CN=North,${groups}`,
    'msExchExchangeServer',
    'msExchCurrentServerRoles: 38',
    `legacyExchangeDN: /o=Contoso/cn=${name}`,
    `networkAddress: ncacn_ip_tcp:${name.toLowerCase()}.corp.example.com`,
  );
const owned = (...lines: readonly string[]): string =>
  record(database, 'msExchMDB', `msExchOwningServer: ${server}`, ...lines);

const planFor = async (records: readonly string[], ...args: readonly string[]): Promise<Plan> =>
  planOf(await runOn(records, '--name', 'EX04', '--json', ...args));
const finding = ({ findings }: Plan, id: string): Finding | undefined => findings.find((one) => one.id === id);
const blockers = ({ findings }: Plan): readonly string[] =>
  findings
    .filter(({ level }) => level === 'blocker')
    .map(({ id, acceptable }) => `${id}${acceptable ? '' : ' (final)'}`);
const deletedBy = ({ changes }: Plan): readonly string[] =>
  changes.flatMap((change) => (change.kind === 'delete' ? [change.dn] : []));

describe('a failed first install', () => {
  const arbitration = person(
    'SystemMailbox{1f05a927-3be2-4fb9-aa03-b59fe3b56f4c}',
    `homeMDB: ${database}`,
    `msExchHomeServerName: ${legacyExchangeDn}`,
    'msExchRecipientTypeDetails: 8388608',
    'msExchMailboxGuid:: AAECAwQFBgcICQoLDA0ODw==',
  );
  const health = person('HealthMailbox0659e34', `homeMDB: ${database}`, `msExchHomeServerName: ${legacyExchangeDn}`);
  const ofDatabase = record(
    `CN=SystemMailbox{4E6B7F0A-93D1-4C57-8A62-0B9F4C1D7E35},${systemObjects}`,
    'msExchSystemMailbox',
    'mailNickname: SystemMailbox4E6B',
    `homeMDB: ${database}`,
  );
  const records = forest(exchange2016, 16_439, owned(), arbitration, health, ofDatabase);

  test("has Exchange's own mailboxes that can be accepted, and that the plan clears wholly", async () => {
    const plan = await planFor(records);
    expect(blockers(plan)).toEqual(['arbitration-mailboxes', 'only-server', 'owned-databases']);
    const found = finding(plan, 'arbitration-mailboxes');
    expect(found?.evidence.map((line) => line.split(':')[0]).toSorted()).toEqual([
      'arbitration',
      'monitoring',
      'system',
    ]);
    expect(found?.detail).not.toMatch(/Get-Mailbox|New-MoveRequest/);
    const cleared = plan.changes.flatMap((change) =>
      change.kind === 'modify' && change.dn.includes('1f05a927') ? change.edits.map(({ attribute }) => attribute) : [],
    );
    expect(cleared.toSorted()).toEqual(
      ['homeMDB', 'mailNickname', 'msExchHomeServerName', 'msExchMailboxGuid', 'msExchRecipientTypeDetails'].toSorted(),
    );
    expect(deletedBy(plan).filter((dn) => !dn.endsWith(configuration))).toEqual([]);
    expect(plan.nextSteps).toContainEqual({
      id: 'own-mailboxes',
      accounts: expect.arrayContaining([expect.stringContaining('Health')]),
      kinds: expect.arrayContaining(['arbitration', 'monitoring', 'system']),
    });
  });

  test('lets the databases that only it owns go with it, where no user has a mailbox in them', async () => {
    const copy = record(`CN=EX04,${database}`, 'msExchMDBCopy', `msExchHostServerLink: ${server}`);
    const plan = await planFor([...records, copy], '--also', 'databases');
    expect(blockers(plan)).toEqual(['arbitration-mailboxes', 'only-server']);
    expect(deletedBy(plan)).toEqual([`CN=EX04,${database}`, database, server]);
    expect(plan.changes.some((change) => change.kind === 'modify' && change.dn === database)).toBe(false);
  });

  test('keeps a database with a user’s mailbox, and gives that up only where the files are said to be gone', async () => {
    const anna = person('anna', `homeMDB: ${database}`, `msExchHomeServerName: ${legacyExchangeDn}`);
    const plan = await planFor([...records, anna], '--also', 'databases');
    expect(deletedBy(plan)).toEqual([server]);
    expect(finding(plan, 'mailboxes')).toMatchObject({
      title: '1 mailbox is on the server or in its databases',
      acceptable: true,
      detail: expect.stringContaining('only if the database files are gone'),
    });
    expect(blockers(await planFor([...records, anna, another()]))).toContain('mailboxes (final)');
  });

  test('with another server has them moved first, by the cmdlets of their kinds', async () => {
    const plan = await planFor([...records, another()]);
    expect(blockers(plan)).toContain('arbitration-mailboxes (final)');
    expect(finding(plan, 'arbitration-mailboxes')?.detail).toContain(
      "Get-Mailbox -Arbitration -Server 'EX04' | New-MoveRequest",
    );
    expect(plan.changes.some((change) => change.kind === 'modify' && change.dn.includes('1f05a927'))).toBe(false);
  });
});

describe('a member of a DAG', () => {
  const group = `CN=DAG1,CN=North,${groups}`;
  const records = [
    ...forest(exchange2010, 38).map((one) =>
      one.startsWith(`dn: ${server}\n`)
        ? one.replace('serialNumber', `msExchMDBAvailabilityGroupLink: ${group}\nserialNumber`)
        : one,
    ),
    another(),
    record(group, 'msExchMDBAvailabilityGroup'),
    owned(),
    record(`CN=EX04,${database}`, 'msExchMDBCopy', `msExchHostServerLink: ${server}`),
    record(`CN=EX01,${database}`, 'msExchMDBCopy', `msExchHostServerLink: CN=EX01,CN=Servers,CN=North,${groups}`),
  ];

  test('has a database with another copy activated there, never removed', async () => {
    const plan = await planFor(records, '--also', 'databases');
    const detail = finding(plan, 'dag-member')?.detail ?? '';
    const order = [
      "Move-ActiveMailboxDatabase -Identity 'MDB4' -ActivateOnServer 'EX01'",
      "Remove-MailboxDatabaseCopy -Identity 'MDB4\\EX04'",
      "Remove-DatabaseAvailabilityGroupServer -Identity 'DAG1' -MailboxServer 'EX04' -ConfigurationOnly",
    ].map((command) => detail.indexOf(command));
    expect(order).toEqual(order.toSorted((one, other) => one - other));
    expect(order).not.toContain(-1);
    expect(finding(plan, 'owned-databases')?.detail).toContain('Move-ActiveMailboxDatabase');
    expect(JSON.stringify(plan.findings)).not.toContain('Remove-MailboxDatabase -Identity');
    expect(deletedBy(plan)).toEqual([server]);
  });

  test('takes the copy object along that it left below a database of another server', async () => {
    const others = `CN=MDB1,CN=Databases,CN=North,${groups}`;
    const copy = `CN=EX04,${others}`;
    const plan = await planFor([
      ...forest(exchange2010, 38, another()),
      record(others, 'msExchMDB', `msExchOwningServer: CN=EX01,CN=Servers,CN=North,${groups}`),
      record(copy, 'msExchMDBCopy', `msExchHostServerLink: ${server}`),
    ]);
    expect(deletedBy(plan)).toEqual([copy, server]);
  });
});

describe('the last server of a legacy administrative group', () => {
  const exchange2003 = 'Version 6.5 (Build 7638.2: Service Pack 2)';

  test('leaves an empty CN=Servers, which is said and offered', async () => {
    const records = forest(exchange2003, undefined, ...adminGroup('Modern', 'EX01'));
    const plan = await planFor(records);
    expect(finding(plan, 'empty-servers-container')).toMatchObject({
      level: 'warning',
      evidence: [`CN=Servers,CN=North,${groups}`],
    });
    const along = await planFor(records, '--also', 'servers-container');
    expect(deletedBy(along)).toEqual([server, `CN=Servers,CN=North,${groups}`]);
    expect(finding(along, 'empty-servers-container')).toBeUndefined();
  });

  test('does not where another server is left there', async () => {
    const plan = await planFor(forest(exchange2003, undefined, another()), '--also', 'servers-container');
    expect(deletedBy(plan)).toEqual([server]);
    expect(finding(plan, 'empty-servers-container')).toBeUndefined();
  });
});

describe('an export', () => {
  const daysAgo = (days: number): string =>
    `${new Date(Date.now() - days * 86_400_000).toISOString().replace(/[-:T]/g, '').slice(0, 14)}.0Z`;
  const fileTime = (days: number): string =>
    ((BigInt(Date.now()) - BigInt(days) * 86_400_000n + 11_644_473_600_000n) * 10_000n).toString();
  const account = (logon: number): string =>
    record(
      'CN=EX04,CN=Computers,DC=corp,DC=example,DC=com',
      'computer',
      'name: EX04',
      'dNSHostName: ex04.corp.example.com',
      'userAccountControl: 4096',
      `lastLogonTimestamp: ${fileTime(logon)}`,
    );

  test('of 75 days ago is judged as of its newest entry, and said to be old', async () => {
    const dated = record(`CN=dated,${configuration}`, 'container', `whenChanged: ${daysAgo(75)}`);
    const plan = await planFor(forest(exchange2016, 16, another(), account(77), dated));
    expect(finding(plan, 'signs')?.title).toBe('Verdict: in use');
    expect(finding(plan, 'export-old')).toMatchObject({ level: 'warning', measure: { value: 75, unit: 'days' } });
  });

  test('without objectGUID is refused with the switches that leave it out', async () => {
    const without = forest(exchange2016, 38).map((one) => one.replace(/^objectGUID::.*\n/m, ''));
    const { status, stderr } = await runOn(without, '--name', 'EX04', '--dry-run');
    expect(status).toBe(1);
    expect(stderr).toMatch(/-m and -o leave out objectGUID, and\s+-l leaves out what it does not list/);
  });

  test('made with -l names the attributes that are missing', async () => {
    const without = forest(exchange2016, 38).map((one) =>
      one.replace(/^(?:networkAddress|legacyExchangeDN):.*\n/gm, ''),
    );
    const found = finding(await planFor(without), 'export-incomplete');
    expect(found?.evidence.filter((line) => line.includes('-l'))).toEqual([
      expect.stringMatching(/^no legacyExchangeDN on any server/),
      expect.stringMatching(/^no networkAddress on any server/),
    ]);
  });
});

test('a setup log of a machine that has Exchange is a blocker', async () => {
  const folder = await freshFolder();
  const log = [
    "[1] Setup will search for an Exchange Server object for the local machine with name 'EX04'.",
    `[1] Exchange Server object found : '${server}'.`,
    "[1] The installation mode is set to: 'BuildToBuildUpgrade'.",
  ];
  await writeFile(path.join(folder, 'ExchangeSetup.log'), log.join('\r\n'));
  const run = await runIn(folder, forest(exchange2016, 16_439, another()), [
    '--setup-log',
    'ExchangeSetup.log',
    '--json',
  ]);
  expect(finding(planOf(run), 'setup-log-installed')).toMatchObject({
    level: 'blocker',
    evidence: ["The installation mode is set to: 'BuildToBuildUpgrade'"],
    source: { name: expect.stringContaining('ExchangeSetup.log'), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
});

test('an object without an FQDN in networkAddress explains no message of setup', async () => {
  const without = forest(exchange2016, 16_439, another()).map((one) => one.replace(/^networkAddress: .*ex04.*\n/m, ''));
  const plan = await planFor(without);
  expect(finding(plan, 'supported-ways')?.detail).toContain('this one has none');
});
