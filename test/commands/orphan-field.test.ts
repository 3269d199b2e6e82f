import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/change/plan.ts';
import { run as show } from '../../src/commands/show.ts';
import { deletedServer } from '../../src/remedies/orphan/deleted-server.ts';
import { orphan as remedy } from '../../src/remedies/orphan/remedy.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { runCommand } from '../support/run-command.ts';
import {
  adminGroup,
  adviceOf,
  blockersOf,
  configuration,
  databaseOf,
  deletedBy,
  dnOf,
  exchange,
  findingOf,
  forestWith,
  group,
  groups,
  legacyNameOf,
  type Made,
  person,
  planOf,
  planFor as planOn,
  record,
  runIn,
  runOn,
  serverObject,
} from './orphan-export.ts';

const server = dnOf('EX04');
const database = databaseOf('MDB4');

/** EX04 of a version, in an organisation with these entries. */
const forest = (made: Made, ...records: readonly string[]): readonly string[] =>
  forestWith(serverObject('EX04', made), ...records);
const exchange2016 = { version: 2016, roles: 16_439 } as const;
const exchange2010 = { version: 2010, roles: 38 } as const;
const exchange2003 = { version: 2003, roles: undefined } as const;
const another = (...lines: readonly string[]): string => serverObject('EX01', { roles: 38 }, ...lines);
const owned = (name = 'MDB4'): string => record(databaseOf(name), 'msExchMDB', `msExchOwningServer: ${server}`);
const copyOn = (name: string, of = database): string =>
  record(`CN=${name},${of}`, 'msExchMDBCopy', `msExchHostServerLink: ${dnOf(name)}`);
const inDatabase = (name: string, ...lines: readonly string[]): string =>
  person(name, `homeMDB: ${database}`, `msExchHomeServerName: ${legacyNameOf('EX04')}`, ...lines);

const planFor = async (records: readonly string[], ...args: readonly string[]): Promise<Plan> => {
  const plan = await planOn('EX04', records, ...args);
  expect(remedy.permits(plan as never)).toEqual([]);
  return plan;
};

describe('mailboxes of which the database was activated on another member of a DAG', () => {
  const active = record(database, 'msExchMDB', `msExchOwningServer: ${dnOf('EX01')}`);
  const mta = `CN=Microsoft MTA,${server}`;
  const switched = [
    ...forest(exchange2010, another(), active, record(mta, 'mTA')),
    inDatabase('anna', `homeMTA: ${mta}`),
    inDatabase('SystemMailbox{1f05a927-3be2-4fb9-aa03-b59fe3b56f4c}', 'msExchRecipientTypeDetails: 8388608'),
  ];

  test('only name the server: that can be accepted, homeMTA is cleared, and the name stays and is listed', async () => {
    const plan = await planFor(switched);
    expect(blockersOf(plan)).toEqual(['mailboxes-named-only']);
    expect(findingOf(plan, 'mailboxes-named-only')?.title).toContain('2 mailboxes still name the server');
    expect(plan.changes[0]).toMatchObject({ edits: [{ attribute: 'homeMTA', remove: [mta] }] });
    expect(plan.leftOut).toContainEqual({
      what: 'msExchHomeServerName of mailboxes in databases of other servers',
      reason: 'mailboxes-named-only',
      detail: '2',
      reference: { to: [server], because: 'mailbox' },
    });
    // What the proof after apply takes for left on purpose.
    expect(deletedServer(plan as never).leavesSomeOf).toContain('msexchhomeservername');
  });

  test.each([
    ['whose owner is not there', dnOf('EX09')],
    ['whose owner lost a naming conflict', `CN=EX01\\0ACNF:1b0ff4d6-0000-4000-8000-000000000001,CN=Servers,${group}`],
    ['that has no owner', undefined],
  ])('are on the server still, in a database %s', async (_, owner) => {
    const lost = record(database, 'msExchMDB', ...(owner === undefined ? [] : [`msExchOwningServer: ${owner}`]));
    const conflict = owner?.includes('CNF:') === true ? [record(owner, 'msExchExchangeServer')] : [];
    const plan = await planFor([...switched.filter((one) => one !== active), lost, ...conflict]);
    expect(blockersOf(plan)).toContain('mailboxes (final)');
  });
});

describe('a failed first install', () => {
  const arbitration = inDatabase(
    'SystemMailbox{1f05a927-3be2-4fb9-aa03-b59fe3b56f4c}',
    'msExchRecipientTypeDetails: 8388608',
    'msExchMailboxGuid:: AAECAwQFBgcICQoLDA0ODw==',
  );
  const health = inDatabase('HealthMailbox0659e34');
  const ofDatabase = record(
    `CN=SystemMailbox{4E6B7F0A-93D1-4C57-8A62-0B9F4C1D7E35},CN=Microsoft Exchange System Objects,DC=corp,DC=example,DC=com`,
    'msExchSystemMailbox',
    'mailNickname: SystemMailbox4E6B',
    `homeMDB: ${database}`,
  );
  const records = forest(exchange2016, owned(), arbitration, health, ofDatabase);

  test("has Exchange's own mailboxes that can be accepted, and that the plan clears wholly", async () => {
    const plan = await planFor(records);
    expect(blockersOf(plan)).toEqual(['arbitration-mailboxes', 'only-server', 'owned-databases']);
    const found = findingOf(plan, 'arbitration-mailboxes');
    expect(found?.evidence.map((line) => line.split(':')[0]).toSorted()).toEqual([
      'arbitration',
      'monitoring',
      'system',
    ]);
    expect(adviceOf(found)).not.toMatch(/Get-Mailbox|New-MoveRequest/);
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
    const plan = await planFor([...records, copyOn('EX04')], '--also', 'databases');
    expect(blockersOf(plan)).toEqual(['arbitration-mailboxes', 'only-server']);
    expect(deletedBy(plan)).toEqual([`CN=EX04,${database}`, database, server]);
    expect(plan.changes.some((change) => change.kind === 'modify' && change.dn === database)).toBe(false);
  });

  test('keeps a database with a user’s mailbox, and gives that up only where the files are said to be gone', async () => {
    const anna = inDatabase('anna');
    const plan = await planFor([...records, anna], '--also', 'databases');
    expect(deletedBy(plan)).toEqual([server]);
    expect(findingOf(plan, 'mailboxes')).toMatchObject({
      title: '1 mailbox is on the server or in its databases',
      acceptable: true,
      detail: expect.stringMatching(/No other server is left.*if the database files are gone/),
    });
    expect(blockersOf(await planFor([...records, anna, another()]))).toContain('mailboxes (final)');
  });

  test('leaves homeMTA of a user’s mailbox with the mailbox, and calls none of these of another domain', async () => {
    const mta = `CN=Microsoft MTA,${server}`;
    const onMta = [
      inDatabase('SystemMailbox{e0dc1c29-89c3-4034-b678-e6c29d823ed9}', `homeMTA: ${mta}`),
      inDatabase('anna', `homeMTA: ${mta}`),
      person('no longer a mailbox', `homeMTA: ${mta}`).replace(
        /^mailNickname.*$/m,
        `msExchHomeServerName: ${legacyNameOf('EX04')}`,
      ),
    ];
    const plan = await planFor([...records, record(mta, 'mTA'), ...onMta]);
    const ofMailboxes = plan.leftOut.filter(({ what }) => what.startsWith('homeMTA '));
    expect(ofMailboxes).toEqual([
      {
        what: 'homeMTA of mailboxes on it',
        reason: 'mailboxes',
        detail: '1',
        reference: { to: [mta], because: 'mailbox' },
      },
    ]);
    const cleared = plan.changes.flatMap((change) =>
      change.kind === 'modify' && change.edits.some(({ attribute }) => attribute === 'homeMTA') ? [change.dn] : [],
    );
    expect(cleared.map((dn) => dn.split(',')[0]).toSorted()).toEqual([
      'CN=SystemMailbox{e0dc1c29-89c3-4034-b678-e6c29d823ed9}',
      'CN=no longer a mailbox',
    ]);
    // The proof counts what the plan leaves, and nothing else.
    expect([...deletedServer(plan as never).leavesSomeOf].toSorted()).toEqual([
      'homemdb',
      'homemta',
      'msexchhomeservername',
    ]);
    const elsewhere = (await planFor([...records, record(mta, 'mTA'), ...onMta, another()])).leftOut;
    expect(JSON.stringify(elsewhere)).not.toContain('other domains');
  });

  test('with another server has them moved first, by the cmdlets of their kinds', async () => {
    const plan = await planFor([...records, another()]);
    expect(blockersOf(plan)).toContain('arbitration-mailboxes (final)');
    expect(adviceOf(findingOf(plan, 'arbitration-mailboxes'))).toContain(
      "Get-Mailbox -Arbitration -Server 'EX04' | New-MoveRequest",
    );
    expect(plan.changes.some((change) => change.kind === 'modify' && change.dn.includes('1f05a927'))).toBe(false);
  });
});

describe('the last server that is left', () => {
  const lists = `CN=Offline Address Lists,CN=Address Lists Container,CN=Contoso,${exchange}`;
  const addressBook = record(`CN=Default Offline Address Book,${lists}`, 'msExchOAB', `offLineABServer: ${server}`);

  test('has an offline address book that can be accepted, as no other server can generate it', async () => {
    const plan = await planFor(forest(exchange2010, addressBook));
    expect(blockersOf(plan)).toEqual(['oab-generation', 'only-server']);
    expect(adviceOf(findingOf(plan, 'oab-generation'))).toContain('After you install a new server, set it to that one');
    expect(plan.leftOut).toContainEqual({
      what: `offLineABServer of CN=Default Offline Address Book,${lists}`,
      reason: 'mandatory-references',
      reference: { to: [server], because: 'mandatory' },
    });
    expect(blockersOf(await planFor(forest(exchange2010, addressBook, another())))).toEqual(['oab-generation (final)']);
  });

  test('is advised with nothing that needs an Exchange server', async () => {
    const dag = `CN=DAG1,${group}`;
    const plan = await planFor([
      ...forestWith(serverObject('EX04', exchange2010, `msExchMDBAvailabilityGroupLink: ${dag}`)),
      record(dag, 'msExchMDBAvailabilityGroup', 'msExchFileShareWitness: \\\\ex04\\DAG1'),
      owned(),
      record(databaseOf('MDB5'), 'msExchMDB', `legacyExchangeDN: ${legacyNameOf('EX04')}/cn=Microsoft Private MDB`),
      inDatabase('anna'),
      person('archived', `msExchArchiveDatabaseLink: ${database}`),
      addressBook,
    ]);
    const ids = ['mailboxes', 'archives', 'dag-member', 'only-server', 'owned-databases', 'oab-generation'];
    expect(plan.findings.map(({ id }) => id)).toEqual(expect.arrayContaining([...ids, 'references-to-replace']));
    const advice = plan.findings.filter(({ id }) => id !== 'supported-ways').map(adviceOf);
    expect(advice.join('\n')).not.toMatch(/(?:Get|Set|Move|Remove|New|Enable)-(?!ADObject)\w+/);
    expect(adviceOf(findingOf(plan, 'dag-member'))).toContain(
      `Set-ADObject -Identity '${server}' -Clear msExchMDBAvailabilityGroupLink`,
    );
    expect(plan.nextSteps).toContainEqual({ id: 'databases', names: [database], removedBy: 'directory' });
  });

  test('clears a mailbox that is arbitration by its type, whatever its name', async () => {
    const plan = await planFor(forest(exchange2010, owned(), inDatabase('m', 'msExchRecipientTypeDetails: 8388608')));
    const edits = plan.changes.flatMap((change) => (change.kind === 'modify' ? change.edits : []));
    expect(edits.map(({ attribute }) => attribute)).toContain('mailNickname');
    const otherType = JSON.parse(JSON.stringify(plan).replaceAll('8388608', '1'));
    expect(remedy.permits(otherType)).toContainEqual(
      expect.stringMatching(/^It removes \S+ from mailNickname of CN=m,/),
    );
  });
});

describe('a member of a DAG', () => {
  const dag = `CN=DAG1,${group}`;
  const records = [
    ...forestWith(serverObject('EX04', exchange2010, `msExchMDBAvailabilityGroupLink: ${dag}`)),
    another(),
    record(dag, 'msExchMDBAvailabilityGroup'),
    owned(),
    copyOn('EX04'),
    copyOn('EX01'),
  ];

  test('has a database with another copy activated there, never removed, and its own copy goes', async () => {
    const plan = await planFor(records, '--also', 'databases');
    const detail = adviceOf(findingOf(plan, 'dag-member'));
    const order = [
      "Move-ActiveMailboxDatabase -Identity 'MDB4' -ActivateOnServer 'EX01'",
      "Remove-MailboxDatabaseCopy -Identity 'MDB4\\EX04'",
      "Remove-DatabaseAvailabilityGroupServer -Identity 'DAG1' -MailboxServer 'EX04' -ConfigurationOnly",
    ].map((command) => detail.indexOf(command));
    expect(order).toEqual(order.toSorted((one, other) => one - other));
    expect(order).not.toContain(-1);
    expect(adviceOf(findingOf(plan, 'owned-databases'))).toContain('Move-ActiveMailboxDatabase');
    expect(plan.findings.map(adviceOf).join('\n')).not.toContain('Remove-MailboxDatabase -Identity');
    expect(deletedBy(plan)).toEqual([`CN=EX04,${database}`, server]);
    expect(findingOf(plan, 'databases-stay')?.evidence).toEqual([`${database}: EX01 holds a copy of it`]);
  });

  test('has mailboxes moved of those databases alone that have no other copy', async () => {
    const alone = databaseOf('MDB5');
    const plan = await planFor([
      ...records,
      owned('MDB5'),
      copyOn('EX04', alone),
      inDatabase('anna'),
      person('bert', `homeMDB: ${alone}`, `msExchHomeServerName: ${legacyNameOf('EX04')}`),
    ]);
    expect(adviceOf(findingOf(plan, 'mailboxes'))).toBe(
      [
        'Move them first.',
        'Activate the databases on the servers that have a copy:',
        "Move-ActiveMailboxDatabase -Identity 'MDB4' -ActivateOnServer 'EX01'",
        '',
        "Get-Mailbox -Database 'MDB5' -ResultSize Unlimited | New-MoveRequest",
      ].join('\n'),
    );
    expect(adviceOf(findingOf(plan, 'dag-member'))).not.toContain('MDB5');
  });

  test('takes the copy object along that it left below a database of another server', async () => {
    const others = databaseOf('MDB1');
    const plan = await planFor([
      ...forest(exchange2010, another()),
      record(others, 'msExchMDB', `msExchOwningServer: ${dnOf('EX01')}`),
      copyOn('EX04', others),
    ]);
    expect(deletedBy(plan)).toEqual([`CN=EX04,${others}`, server]);
  });
});

test('a database of 2010 is given an RPC client access server of 2010, and none of another version', async () => {
  const legacyName = `legacyExchangeDN: ${legacyNameOf('EX04')}/cn=Microsoft Private MDB`;
  const onDatabase = record(databaseOf('MDB5'), 'msExchMDB', legacyName);
  const advice = async (version: 2010 | 2016): Promise<string> => {
    const records = forest(exchange2010, serverObject('EX01', { version, roles: 38 }), onDatabase);
    return adviceOf(findingOf(await planFor(records), 'references-to-replace'));
  };
  expect(await advice(2010)).toContain("-RpcClientAccessServer 'ex01.corp.example.com'");
  expect(await advice(2016)).not.toContain('RpcClientAccessServer');
});

test('a database that lost a naming conflict is in a plan that can be saved and read, and in commands whole', async () => {
  const conflict = 'CNF:1b0ff4d6-0000-4000-8000-000000000001';
  const records = forest(exchange2010, another(), owned(`MDB4\\0A${conflict}`));
  const folder = await freshFolder();
  await runIn(folder, records, ['--name', 'EX04', '--save', 'plan']);
  const { stderr, stdout, status } = await runCommand(show, ['plan', '--verbose'], { currentFolder: folder });
  expect(`${stdout}${stderr}`).toContain(`Remove-MailboxDatabase -Identity ('MDB4' + [char]10 + '${conflict}')`);
  expect(status).toBe(0);
});

describe('an empty CN=Servers of a legacy administrative group', () => {
  const own = `CN=Servers,${group}`;
  const modern = adminGroup('Exchange Administrative Group (FYDIBOHF23SPDLT)');
  const old = `CN=Servers,CN=Old,${groups}`;

  test('is left by its last server, which is said, and offered to go with the plan', async () => {
    const records = forest(exchange2003, ...modern);
    const plan = await planFor(records);
    expect(findingOf(plan, 'empty-servers-container')).toMatchObject({ level: 'warning', evidence: [own] });
    const along = await planFor(records, '--also', 'servers-container');
    expect(deletedBy(along)).toEqual([server, own]);
    expect(findingOf(along, 'empty-servers-container')).toBeUndefined();
  });

  test('is none where another server is left there', async () => {
    const plan = await planFor(forest(exchange2003, another()), '--also', 'servers-container');
    expect(deletedBy(plan)).toEqual([server]);
    expect(findingOf(plan, 'empty-servers-container')).toBeUndefined();
  });

  test('that an earlier server left is found too, in a plan for any server and among leftovers', async () => {
    const records = forest(exchange2010, another(), ...modern, ...adminGroup('Old'));
    expect(findingOf(await planFor(records), 'empty-servers-container')?.evidence).toEqual([old]);
    expect(deletedBy(await planFor(records, '--also', 'servers-container'))).toEqual([server, old]);
    const leftovers = planOf(await runOn(records, '--leftovers', '--json'));
    expect(adviceOf(findingOf(leftovers, 'empty-servers-container'))).toContain(`Remove-ADObject -Identity '${old}'`);
    expect(leftovers.changes).toEqual([]);
  });

  test('is the only other thing that a plan may delete of its kind: no server that is still in it', async () => {
    const plan = await planFor(forest(exchange2003, ...modern), '--also', 'servers-container');
    const renamed = JSON.parse(JSON.stringify(plan).replaceAll('CN=EX04,CN=Servers', 'CN=EX05,CN=Servers'));
    const [first] = renamed.changes;
    expect(remedy.permits({ ...plan, changes: [first, ...plan.changes] } as never)).toContainEqual(
      expect.stringContaining('It deletes CN=EX05,'),
    );
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
    const plan = await planFor(forest({ version: 2016, roles: 16 }, another(), account(77), dated));
    expect(findingOf(plan, 'signs')?.title).toBe('Verdict: in use');
    expect(findingOf(plan, 'signs')?.evidence.join()).toMatch(/against: logged on \d days? before the export/);
    expect(findingOf(plan, 'live-account')?.title).toMatch(/logged on \d days? before the export/);
    expect(findingOf(plan, 'export-old')).toMatchObject({ level: 'warning', measure: { value: 75, unit: 'days' } });
  });

  test('without objectGUID is refused with the switches that leave it out', async () => {
    const without = forest({ version: 2016, roles: 38 }).map((one) => one.replace(/^objectGUID::.*\n/m, ''));
    const { status, stderr } = await runOn(without, '--name', 'EX04', '--dry-run');
    expect(status).toBe(1);
    expect(stderr).toMatch(/-m and -o leave out objectGUID, and\s+-l leaves out attributes that it does not list/);
  });

  describe('made with -l', () => {
    const whole = forest(exchange2016, another(), owned(), copyOn('EX04'), inDatabase('anna'), account(77));
    const without = (...names: readonly string[]): readonly string[] =>
      whole.map((one) => one.replaceAll(new RegExp(`^(?:${names.join('|')}):.*\n`, 'gm'), ''));
    const missingIn = async (records: readonly string[]): Promise<readonly string[]> =>
      (findingOf(await planFor(records), 'export-incomplete')?.evidence ?? []).filter((line) => line.includes('-l'));

    test.each([
      ['legacyExchangeDN', 'server'],
      ['networkAddress', 'server'],
      ['msExchCurrentServerRoles', 'server'],
      ['userAccountControl', 'computer account'],
      ['lastLogonTimestamp', 'computer account'],
      ['homeMDB', 'recipient'],
      ['msExchHomeServerName', 'recipient'],
      ['msExchOwningServer', 'database'],
      ['msExchHostServerLink', 'database copy'],
    ])('without %s on any %s says that it is missing', async (name, on) => {
      expect(await missingIn(whole)).toEqual([]);
      expect(await missingIn(without(name))).toEqual([expect.stringMatching(`^no ${name} on any ${on} `)]);
    });

    test('without version and roles says nothing of an old Exchange on a server of 2007 or later', async () => {
      const modern = without('serialNumber', 'versionNumber', 'msExchCurrentServerRoles').map((one) =>
        one.replaceAll('North', 'Exchange Administrative Group (FYDIBOHF23SPDLT)'),
      );
      const plan = await planFor(modern);
      expect(JSON.stringify(plan.findings)).not.toMatch(/2003|setup of this version|System Manager|Exchange Tasks/);
      expect(adviceOf(findingOf(plan, 'supported-ways'))).toContain('This object has no roles');
      expect(findingOf(plan, 'export-incomplete')?.evidence.join()).toContain(
        'no msExchCurrentServerRoles on any server',
      );
    });

    test('without homeMDB lets no database go, as mailboxes may be in it', async () => {
      const plan = await planFor(without('homeMDB'), '--also', 'databases');
      expect(deletedBy(plan)).not.toContain(database);
      expect(findingOf(plan, 'databases-stay')?.evidence).toEqual([
        `${database}: the export does not show which mailboxes are in it`,
      ]);
    });

    test('without objectClass is refused with that, and not for want of rights', async () => {
      const { status, stderr } = await runOn(without('objectClass'), '--name', 'EX04', '--dry-run');
      expect(stderr).toMatch(/no entry has objectClass/);
      expect(stderr).not.toContain('user');
      expect(status).toBe(3);
    });
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
  const run = await runIn(folder, forest(exchange2016, another()), ['--setup-log', 'ExchangeSetup.log', '--json']);
  expect(findingOf(planOf(run), 'setup-log-installed')).toMatchObject({
    level: 'blocker',
    evidence: ["The installation mode is set to: 'BuildToBuildUpgrade'"],
    source: { name: expect.stringContaining('ExchangeSetup.log'), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  // What the log shows is no sign of an orphan.
  expect(findingOf(planOf(run), 'signs')).toMatchObject({
    title: 'Verdict: in use',
    evidence: expect.arrayContaining(['against: its setup log comes from a machine with Exchange installed']),
  });
});

test('an object without an FQDN in networkAddress explains no message of setup', async () => {
  const without = forest(exchange2016, another()).map((one) => one.replace(/^networkAddress: .*ex04.*\n/m, ''));
  const plan = await planFor(without);
  expect(adviceOf(findingOf(plan, 'supported-ways'))).toContain('and this one has none');
});
