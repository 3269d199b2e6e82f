import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/change/plan.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { orphan as orphanRemedy, orphan as remedy } from '../../src/remedies/orphan/remedy.ts';
import { orphan as orphanDn, sendConnector } from '../change/entries-support.ts';
import { commandsOf } from '../support/finding-commands.ts';
import { type PracticeSite, siteInMemory } from '../support/practice-site.ts';
import { answering } from '../support/prompter-double.ts';
import { orphan } from '../support/remedy-commands.ts';
import {
  configuration,
  dnOf,
  findingOf,
  forestWith,
  group,
  head,
  legacyNameOf,
  organisation,
  people,
  person,
  planOf,
  record,
  runOn,
  serverObject,
} from './orphan-export.ts';

/** The practice site, on which EX04 was deleted by hand; and what its entries hold of some attributes. */
async function siteWithoutServer(): Promise<
  PracticeSite & { readonly values: (dn: string, attribute: string) => Promise<readonly string[]> }
> {
  const site = await siteInMemory();
  await site.withSession(async (session) => {
    const dns: string[] = [];
    const found = session.search({
      base: orphanDn,
      scope: 'subtree',
      filter: { kind: 'present', attribute: 'objectClass' },
      attributes: ['1.1'],
    });
    for await (const { dn } of found) dns.push(dn);
    for (const dn of dns.toSorted((one, other) => other.length - one.length)) await session.delete(dn);
  });
  return {
    ...site,
    values: (dn, attribute) =>
      site.withSession(async (session) => {
        const entry = await session.readEntry(dn, [attribute]);
        return entry?.attributes.get(attribute.toLowerCase())?.values.map(String) ?? [];
      }),
  };
}

const database = orphanDn.replace('CN=EX04,CN=Servers', 'CN=Mailbox Database 0417206991,CN=Databases');

/** The tree of what is gone, a line each: "EX04: 3 references", "  Microsoft MTA", "    homeMTA of anna". */
function treeIn({ exhibits }: Plan): readonly string[] {
  return exhibits.flatMap((exhibit) =>
    exhibit.kind === 'tree'
      ? exhibit.nodes.flatMap(({ depth, text, notes }) =>
          [text, ...notes.map((one) => `  ${one}`)].map((line) => `${'  '.repeat(depth)}${line}`),
        )
      : [],
  );
}

function notCleared(plan: Plan): readonly string[] | undefined {
  const found = findingOf(plan, 'leftovers-not-cleared');
  return found && [...found.evidence, ...commandsOf(orphanRemedy, found)];
}

describe('what a deletion by hand left behind', () => {
  test('is grouped by the server, with what was below it, and shown as a tree on the screen and in the plan', async () => {
    const site = await siteWithoutServer();
    const tree = treeIn(planOf(await site.run(orphan, ['--leftovers', '--json'])));
    expect(tree.filter((line) => !line.startsWith(' '))).toEqual([expect.stringMatching(/^EX04: \d+ references$/)]);
    expect(tree).toEqual(
      expect.arrayContaining([
        '  EX04 (its object, or a database copy on it)',
        '    msExchOwningServer of Mailbox Database 0417206991',
        '  Microsoft MTA',
      ]),
    );
    const { stdout } = await site.run(orphan, ['--leftovers', '--dry-run']);
    expect(stdout).toContain('← msExchOwningServer of Mailbox Database 0417206991');
    expect(stdout.indexOf('EX04: ')).toBeLessThan(stdout.indexOf('- msExchOwningServer'));
  });

  test('is cleared as a plan with the same diff and proof, and undo says what cannot come back', async () => {
    const site = await siteWithoutServer();
    const before = await site.values(database, 'msExchOwningServer');
    expect(before).toEqual([expect.stringContaining('\\0ADEL:')]);
    const { status, stdout, stderr } = await site.run(orphan, ['--leftovers', '--yes']);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/- msExchOwningServer: CN=EX04\\0ADEL:/);
    expect(status).toBe(0);
    expect(await site.values(database, 'msExchOwningServer')).toEqual([]);
    expect((await site.run(orphan, ['--leftovers', '--dry-run'])).status).toBe(0);
    const undone = await site.run(undo, ['changes/2026-11-22-orphan', '--yes', '--verbose']);
    // No directory takes a reference to a deleted entry: the undo's review lists what cannot come back.
    expect(undone.stdout).toMatch(/warning +values-to-deleted-entries/);
    expect(undone.stdout).toContain(`msExchOwningServer of ${database}`);
    expect(undone).toMatchObject({ status: 0, stderr: '' });
    expect(await site.values(database, 'msExchOwningServer')).toEqual([]);
    const again = await site.run(undo, ['changes/2026-11-22-orphan', '--yes']);
    expect(again).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('it was applied, and undone as far as possible'),
    });
  });

  test('keeps what --keep names', async () => {
    const site = await siteWithoutServer();
    const id = `msExchOwningServer of ${database}`;
    const plan = planOf(await site.run(orphan, ['--leftovers', '--json', '--keep', id]));
    expect(plan.leftOut).toContainEqual({ what: id, reason: 'keep' });
    expect(JSON.stringify(plan.changes)).not.toContain('msExchOwningServer');
    expect(remedy.permits(plan as never)).toEqual([]);
    const unknown = planOf(await site.run(orphan, ['--leftovers', '--json', '--keep', 'homeMTA of CN=none']));
    expect(findingOf(unknown, 'nothing-to-keep')?.evidence).toEqual(['homeMTA of CN=none']);
  });

  test('is offered where the name is not there, and in the wizard, which preselects no server in use', async () => {
    const site = await siteWithoutServer();
    expect((await site.run(orphan, ['--name', 'EX04'])).stderr).toContain('--leftovers clears the references to it');
    const prompter = answering({ 'orphan.server': 'leftovers', decision: 'nothing' });
    const { stdout, status } = await site.run(orphan, [], prompter);
    expect(stdout).toMatch(/references? points? at deleted or missing entries/);
    expect(status).toBe(2);
    prompter.verifyAllAsked();
  });
});

describe('a name of a server that no object has', () => {
  const gone = legacyNameOf('EX09');
  const there = legacyNameOf('EX01');
  const forest = forestWith(serverObject('EX01', { roles: 38 }));
  const leftovers = async (...records: readonly string[]): Promise<Plan> =>
    planOf(await runOn([...forest, ...records], '--leftovers', '--json'));

  test('is left over too; that of one that is there is not', async () => {
    const plan = await leftovers(
      person('gone', `msExchExpansionServerName: ${gone}`),
      person('there', `msExchExpansionServerName: ${there}`),
    );
    expect(plan.changes).toMatchObject([
      { dn: expect.stringContaining('CN=gone'), edits: [{ attribute: 'msExchExpansionServerName', remove: [gone] }] },
    ]);
  });

  test('is found in the lists of a DAG by its FQDN', async () => {
    const plan = await leftovers(
      record(
        `CN=DAG1,${group}`,
        'msExchMDBAvailabilityGroup',
        'msExchStartedMailboxServers: EX01.corp.example.com',
        'msExchStartedMailboxServers: ex09.corp.example.com',
      ),
    );
    expect(plan.changes).toMatchObject([
      { edits: [{ attribute: 'msExchStartedMailboxServers', remove: ['ex09.corp.example.com'] }] },
    ]);
    expect(remedy.permits(plan as never)).toEqual([]);
  });

  test('is listed where a database has it as its RPC client access server; that of an array or of a server is not', async () => {
    const database = (name: string, server: string): string =>
      record(`CN=${name},CN=Databases,${group}`, 'msExchMDB', `legacyExchangeDN: ${server}/cn=Microsoft Private MDB`);
    const array = legacyNameOf('outlook.corp.example.com');
    const plan = await leftovers(
      record(`CN=outlook,CN=Arrays,${group}`, 'msExchClientAccessArray', `legacyExchangeDN: ${array}`),
      database('DB of gone', gone),
      database('DB of there', there),
      database('DB of array', array),
      record(`CN=itself,${group}`, 'mTA', `legacyExchangeDN: ${gone}/cn=Microsoft MTA`),
    );
    expect(plan.changes).toEqual([]);
    expect(notCleared(plan)).toEqual([
      `legacyExchangeDN of CN=DB of gone,CN=Databases,${group} (needs another value)`,
      "Set-MailboxDatabase -Identity 'DB of gone' -RpcClientAccessServer 'ex01.corp.example.com'",
    ]);
  });

  test('is listed where a mailbox has it as its server, and stays, as only Exchange moves a mailbox', async () => {
    const plan = await leftovers(
      person('on gone', `msExchHomeServerName: ${gone}`),
      person('on there', `msExchHomeServerName: ${there}`),
    );
    expect(plan.changes).toEqual([]);
    expect(plan.leftOut).toEqual([
      { what: expect.stringMatching(/^msExchHomeServerName of CN=on gone,/), reason: 'leftovers-not-cleared' },
    ]);
  });

  test.each([
    [
      'msExchFileShareWitness',
      '\\\\ex09.corp.example.com\\DAG1',
      "-Identity 'DAG1' -WitnessServer <another file server>",
    ],
    [
      'msExchAlternateFileShareWitness',
      '\\\\EX09\\DAG1',
      "-Identity 'DAG1' -AlternateWitnessServer <another file server>",
    ],
    ['msExchSmtpSmartHost', 'ex09.corp.example.com,[192.0.2.1]', "-Properties 'msExchSmtpSmartHost'"],
    ['msExchInternalUrl', 'https://ex09.corp.example.com/owa', "-Properties 'msExchInternalUrl'"],
  ])('is listed in text: %s: %s, with the command that gives another value', async (attribute, value, command) => {
    const dag = (...lines: readonly string[]): string =>
      record(`CN=DAG1,${group}`, 'msExchMDBAvailabilityGroup', ...lines);
    const plan = await leftovers(dag(`${attribute}: ${value}`, 'msExchStartedMailboxServers: ex09.corp.example.com'));
    expect(notCleared(plan)).toEqual([
      `${attribute} of CN=DAG1,${group} (needs another value)`,
      expect.stringContaining(command),
    ]);
    expect(findingOf(plan, 'leftovers-not-cleared')?.detail).toContain('check what answers under that name');
    expect(treeIn(plan)[0]).toBe('ex09: 2 references');
  });

  test.each([
    ['a file server', '\\\\fs01.corp.example.com\\DAG1'],
    ['a server that is there', '\\\\ex01.corp.example.com\\DAG1'],
    ['a host of the same name elsewhere', '\\\\ex09.example.net\\DAG1'],
  ])('is not that of %s in a path', async (_, witness) => {
    const plan = await leftovers(
      person('gone', `msExchExpansionServerName: ${gone}`),
      record(`CN=DAG1,${group}`, 'msExchMDBAvailabilityGroup', `msExchFileShareWitness: ${witness}`),
    );
    expect(notCleared(plan)).toBeUndefined();
  });

  test('has a command for each value that stays', async () => {
    const dead = `CN=EX09\\0ADEL:1b0ff4d6-0000-4000-8000-000000000001,CN=Deleted Objects,${configuration}`;
    const plan = await leftovers(
      record(`CN=Default OAB,${group}`, 'msExchOAB', `offLineABServer: ${dead}`),
      record(`CN=PF09,CN=Databases,${group}`, 'msExchPublicMDB', `legacyExchangeDN: ${gone}/cn=Microsoft Public MDB`),
      person('anna', `msExchHomeServerName: ${gone}`),
    );
    expect(notCleared(plan)?.filter((line) => /^[A-Z][a-z]+-/.test(line))).toEqual([
      `Set-ADObject -Identity 'CN=Default OAB,${group}' -Replace @{'offLineABServer'='${dnOf('EX01')}'}`,
      expect.stringContaining("Remove-PublicFolderDatabase -Identity 'PF09'"),
      expect.stringContaining("Set-Mailbox -Identity 'CN=anna,CN=Users,DC=corp,DC=example,DC=com' -Database"),
      "Disable-Mailbox -Identity 'CN=anna,CN=Users,DC=corp,DC=example,DC=com'",
    ]);
    // Without the tombstone the entry is known by the name that other values have for the server.
    expect(treeIn(plan)[0]).toBe('EX09: 3 references');
  });

  test('of which nothing shows the server is grouped apart', async () => {
    const mta = `CN=Microsoft MTA\\0ADEL:1b0ff4d6-0000-4000-8000-000000000002,CN=Deleted Objects,${configuration}`;
    const plan = await leftovers(person('anna', `homeMTA: ${mta}`));
    expect(treeIn(plan)).toEqual([
      'No server, or an unknown one: 1 reference',
      '  Microsoft MTA',
      '    homeMTA of anna',
    ]);
  });

  test('is not the name of an entry itself, as of a CAS array', async () => {
    const plan = await leftovers(record(`CN=mail,${group}`, 'msExchClientAccessArray', `legacyExchangeDN: ${gone}`));
    expect(plan.findings.map(({ id }) => id)).toEqual(['no-leftovers', 'export-incomplete']);
  });
});

test('servers that the user may not see are not treated as gone: their names are cleared only if that is accepted', async () => {
  // Nothing of the organisation is to be seen, as a user without rights reads it.
  const unread = [
    ...forestWith().filter((one) => !/^dn: .*CN=Contoso,/.test(one)),
    person('all', `msExchExpansionServerName: ${legacyNameOf('EX01')}`),
  ];
  const plan = planOf(await runOn(unread, '--leftovers', '--json'));
  expect(findingOf(plan, 'servers-not-seen')).toMatchObject({
    level: 'blocker',
    acceptable: true,
    evidence: ['/o=Contoso/ou=North'],
  });
  const readable = planOf(await runOn([...forestWith(), ...unread.slice(-1)], '--leftovers', '--json'));
  expect(findingOf(readable, 'servers-not-seen')).toBeUndefined();
});

test('members of a DAG whose servers the user may not see are not treated as gone either', async () => {
  const dag = record(
    `CN=DAG1,CN=Database Availability Groups,${group}`,
    'msExchMDBAvailabilityGroup',
    'msExchStartedMailboxServers: ex01.corp.example.com',
  );
  const unread = [...forestWith().filter((one) => !one.startsWith('dn: CN=Servers,')), dag];
  const plan = planOf(await runOn(unread, '--leftovers', '--json'));
  expect(findingOf(plan, 'servers-not-seen')).toMatchObject({ level: 'blocker', evidence: [group] });
});

test('a server whose names the export lacks is not treated as gone', async () => {
  const nameless = record(dnOf('EX01'), 'msExchExchangeServer', 'msExchCurrentServerRoles: 38');
  const plan = planOf(
    await runOn(
      [
        ...forestWith(nameless),
        person('all', `msExchExpansionServerName: ${legacyNameOf('EX01')}`),
        person('old', `msExchExpansionServerName: ${legacyNameOf('EX09')}`),
        record(
          `CN=DAG1,${group}`,
          'msExchMDBAvailabilityGroup',
          'msExchStartedMailboxServers: ex01.corp.example.com',
          'msExchStartedMailboxServers: ex09.corp.example.com',
        ),
      ],
      '--leftovers',
      '--json',
    ),
  );
  expect(plan.changes.map((change) => (change.kind === 'modify' ? change.edits : []))).toMatchObject([
    [{ remove: ['ex09.corp.example.com'] }],
    [{ remove: [legacyNameOf('EX09')] }],
  ]);
});

test('entries without objectGUID in an export are refused, not treated as the same entry', async () => {
  const named = `msExchExpansionServerName: ${legacyNameOf('EX09')}`;
  const bare = ['all', 'some'].map((name) => person(name, named).replace(/^objectGUID.*\n/m, ''));
  const { status, stderr, stdout } = await runOn([...forestWith(), ...bare], '--leftovers', '--json');
  expect(stderr + stdout).toContain('the entry shows no objectGUID');
  expect(status).not.toBe(0);
  const one = person('sales', named);
  const keep = ['all', 'some'].flatMap((name) => ['--keep', `msExchExpansionServerName of CN=${name},${people}`]);
  const plan = planOf(await runOn([...forestWith(), ...bare, one], '--leftovers', '--json', ...keep));
  expect(plan.changes).toMatchObject([{ dn: `CN=sales,${people}` }]);
});

test('an administrative group that was renamed is known by its legacyExchangeDN', async () => {
  const renamed = forestWith().map((one) =>
    one.startsWith(`dn: ${group}\n`) ? one.replace(/\n$/, '\nlegacyExchangeDN: /o=Contoso/ou=First\n') : one,
  );
  const old = legacyNameOf('OLD03').replace('ou=North', 'ou=First');
  const plan = planOf(
    await runOn([...renamed, person('all', `msExchExpansionServerName: ${old}`)], '--leftovers', '--json'),
  );
  expect(findingOf(plan, 'servers-not-seen')).toBeUndefined();
  expect(plan.changes).toHaveLength(1);
});

describe('a server whose object is missing, without a tombstone', () => {
  const mta = `CN=Microsoft MTA,${dnOf('EX09')}`;
  const there = serverObject('EX01', { roles: 38 });
  const ofThere = record(`CN=Microsoft MTA,${dnOf('EX01')}`, 'mTA');
  const forest = forestWith(
    there,
    ofThere,
    person('anna', `homeMTA: ${mta}`),
    person('bert', `homeMTA: CN=Microsoft MTA,${dnOf('ex01')}`),
    record(`CN=DB1,CN=Databases,${group}`, 'msExchPrivateMDB', `msExchOwningServer: ${dnOf('EX09')}`),
    record(`CN=OAB,${group}`, 'msExchOAB', `offLineABServer: ${dnOf('EX09')}`),
  );

  test('is left over, and is cleared once it is accepted that it is gone', async () => {
    const plan = planOf(await runOn(forest, '--leftovers', '--json'));
    expect(treeIn(plan)).toEqual([
      'EX09: 3 references',
      '  EX09 (its object: missing, no tombstone)',
      '    msExchOwningServer of DB1',
      '    offLineABServer of OAB: stays, mandatory attribute',
      '  Microsoft MTA (missing, no tombstone)',
      '    homeMTA of anna',
    ]);
    expect(findingOf(plan, 'entries-not-there')).toMatchObject({
      level: 'blocker',
      acceptable: true,
      subjects: expect.arrayContaining([mta, dnOf('EX09')]),
    });
    expect(plan.changes).toMatchObject([
      { dn: expect.stringContaining('CN=DB1'), edits: [{ remove: [dnOf('EX09')] }] },
      { dn: expect.stringContaining('CN=anna'), edits: [{ remove: [mta] }] },
    ]);
    expect(remedy.permits(plan as never)).toEqual([]);
  });

  test('raises no blocker where every reference to it is kept', async () => {
    const keep = [
      `homeMTA of CN=anna,CN=Users,DC=corp,DC=example,DC=com`,
      `msExchOwningServer of CN=DB1,CN=Databases,${group}`,
    ];
    const plan = planOf(await runOn(forest, '--leftovers', '--json', ...keep.flatMap((id) => ['--keep', id])));
    expect(plan.findings.filter(({ level }) => level === 'blocker')).toEqual([]);
    expect(plan.changes).toEqual([]);
  });

  test('is not one that lost a naming conflict, nor one in an administrative group that is not seen', async () => {
    const conflict = `CN=EX02\\0ACNF:1b0ff4d6-0000-4000-8000-000000000001,CN=Servers,${group}`;
    const plan = planOf(
      await runOn(
        [
          ...forestWith(there, record(conflict, 'msExchExchangeServer')),
          person('anna', `homeMTA: ${conflict}`),
          person('bert', `homeMTA: ${mta.replace('CN=North', 'CN=South')}`),
        ],
        '--leftovers',
        '--json',
      ),
    );
    expect(plan.changes).toMatchObject([{ dn: expect.stringContaining('CN=bert') }]);
    expect(findingOf(plan, 'servers-not-seen')).toMatchObject({ level: 'blocker' });
  });
});

test('what is outside Exchange stays as it is, but for attributes of Exchange', async () => {
  const dead = `CN=EX09\\0ADEL:1b0ff4d6-0000-4000-8000-000000000001,CN=Deleted Objects,${configuration}`;
  const elsewhere = record(
    `CN=x,CN=Services,${configuration}`,
    'container',
    `manager: ${dead}`,
    `msExchQueuingMDB: ${dead}`,
  );
  const plan = planOf(await runOn([...head, ...organisation, elsewhere], '--leftovers', '--json'));
  expect(plan.changes.flatMap((change) => (change.kind === 'modify' ? change.edits : []))).toMatchObject([
    { attribute: 'msExchQueuingMDB', remove: [dead] },
  ]);
});

test('a recipient is left over by any attribute of Exchange that the schema has for DNs, if a server object was deleted', async () => {
  const schema = `CN=Schema,${configuration}`;
  const id = '0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e';
  const dead = `CN=EX09\\0ADEL:${id},CN=Deleted Objects,${configuration}`;
  const plan = planOf(
    await runOn(
      [
        ...head,
        ...organisation,
        record(schema, 'dMD'),
        ...['msExchLabReference', 'labReference'].map((name) =>
          record(`CN=${name},${schema}`, 'attributeSchema', `lDAPDisplayName: ${name}`, 'attributeSyntax: 2.5.5.1'),
        ),
        person('anna', `msExchLabReference: ${dead}`),
        person('bert', `labReference: ${dead}`),
        person('carl', `msExchLabReference: CN=Dora\\0ADEL:${id},CN=Deleted Objects,DC=corp,DC=example,DC=com`),
      ],
      '--leftovers',
      '--json',
    ),
  );
  expect(plan.changes).toMatchObject([
    { dn: expect.stringContaining('CN=anna'), edits: [{ attribute: 'msExchLabReference', remove: [dead] }] },
  ]);
  expect(remedy.permits(plan as never)).toEqual([]);
});

test('a plan for leftovers that holds anything else is not permitted', async () => {
  const site = await siteWithoutServer();
  const plan = planOf(await site.run(orphan, ['--leftovers', '--json']));
  const edit = (attribute: string, value: string) => ({
    kind: 'modify' as const,
    dn: sendConnector,
    guid: '',
    edits: [{ attribute, remove: [value], add: [] }],
  });
  const permits = (...changes: readonly unknown[]): readonly string[] => remedy.permits({ ...plan, changes } as never);
  expect(permits(...plan.changes)).toEqual([]);
  expect(permits(edit('homeMTA', 'CN=Microsoft MTA,CN=EX01'))).toEqual([
    expect.stringContaining('does not name a deleted server or entry'),
  ]);
  expect(
    permits({ kind: 'delete', dn: sendConnector, guid: '', usnChanged: '1', children: [], attributes: [] }),
  ).toHaveLength(1);
});
