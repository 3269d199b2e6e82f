import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Plan, PlanConnection } from '../../src/change/plan.ts';
import type { SightOfDc } from '../../src/change/verify.ts';
import { run as apply } from '../../src/commands/apply.ts';
import type { Context } from '../../src/commands/context.ts';
import { run as show } from '../../src/commands/show.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { describePlan } from '../../src/commands/world.ts';
import { remedies } from '../../src/remedies/index.ts';
import { metadata as metadataRemedy } from '../../src/remedies/metadata/remedy.ts';
import type { Remedy } from '../../src/remedies/remedy.ts';
import {
  accepted,
  account,
  configuration,
  connection,
  dfsrMember,
  domain,
  dsaGuid,
  entry,
  frsMember,
  livingSettings,
  locatorZone,
  metadata,
  partition,
  planOf,
  record,
  type Site,
  server,
  settings,
  siteWithDeadDc,
  zone,
} from '../remedies/metadata/dead-dc.ts';
import { commandsOf } from '../support/finding-commands.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { answering, byDefault } from '../support/prompter-double.ts';
import { remedyCommand } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';

const base64 = (...values: readonly Buffer[]): readonly string[] => values.map((value) => value.toString('base64'));
const confirmed = ['--confirm', 'DC4'];
const wholeDc = [server, settings, account, `CN=RID Set,${account}`, connection, dfsrMember, frsMember];

function blockersIn(run: CommandRun): readonly (readonly [id: string, acceptable: boolean])[] {
  return planOf(run)
    .findings.filter(({ level }) => level === 'blocker')
    .map(({ id, acceptable }) => [id, acceptable] as const);
}

describe('where no run writes', () => {
  let site: Site;
  let ofDc4: CommandRun;
  const dryRun = (...args: readonly string[]): Promise<CommandRun> => site.run(metadata, [...args, '--json']);
  beforeAll(async () => {
    site = await siteWithDeadDc(await mkdtemp(path.join(tmpdir(), 'adsi-remedy-test-')));
    ofDc4 = await dryRun('--dc', 'dc4.corp.example.com');
  });
  afterAll(async () => {
    await site.save();
    await rm(site.folder, { recursive: true, force: true });
  });

  test('plans to delete a left-over server object, and nothing else', async () => {
    const { changes, findings } = planOf(await dryRun('--dc', 'DC0'));
    const leftOver = `CN=DC0,CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`;
    expect(changes).toMatchObject([{ kind: 'delete', dn: leftOver }]);
    expect(findings.filter(({ level }) => level === 'blocker')).toEqual([]);
  });

  test('deletes leaves first: connections, NTDS Settings, server, SYSVOL membership, and the account last', () => {
    expect(ofDc4.status).toBe(2);
    const deleted = planOf(ofDc4).changes.flatMap((change) => (change.kind === 'delete' ? [change.dn] : []));
    const localSettings = `CN=DFSR-LocalSettings,${account}`;
    expect(deleted).toEqual([
      connection,
      `CN=from-dc3,${settings}`,
      settings,
      server,
      dfsrMember,
      frsMember,
      `CN=Domain System Volume,${localSettings}`,
      `CN=RID Set,${account}`,
      localSettings,
      account,
    ]);
  });

  test('removes single DNS values, and none of a host that is alive', () => {
    const { changes } = planOf(ofDc4);
    const removed = changes.flatMap((change) =>
      change.kind === 'modify' && change.dn.includes('MicrosoftDNS')
        ? [[change.dn, change.edits.flatMap(({ remove }) => remove.map((value) => JSON.stringify(value)))]]
        : [],
    );
    const values = (...records: readonly Buffer[]): readonly string[] =>
      base64(...records).map((value) => JSON.stringify({ base64: value }));
    expect(removed).toEqual([
      [`DC=@,${zone}`, values(record('A', '10.0.0.4'), record('NS', 'dc4.corp.example.com'))],
      [`DC=dc4,${zone}`, values(record('A', '10.0.0.4'))],
      [`DC=_ldap._tcp,${zone}`, values(record('SRV', 'dc4.corp.example.com'))],
      [`DC=${dsaGuid},${locatorZone}`, values(record('CNAME', 'dc4.corp.example.com'))],
    ]);
  });

  test('gives the infrastructure role of an application partition to the DC that is written to, and seizes no other', () => {
    const { changes, leftOut } = planOf(ofDc4);
    const roles = changes.flatMap((change) =>
      change.kind === 'modify'
        ? change.edits.filter(({ attribute }) => attribute === 'fSMORoleOwner').map(({ add }) => [change.dn, add])
        : [],
    );
    expect(roles).toEqual([[`CN=Infrastructure,DC=DomainDnsZones,${domain}`, [livingSettings]]]);
    const ridManager = `fSMORoleOwner of CN=RID Manager$,CN=System,${domain}`;
    expect(leftOut).toContainEqual(expect.objectContaining({ what: ridManager, reason: 'holds-roles' }));
  });

  test('takes it out of the replicas of each application partition, and no other DC', () => {
    const { changes } = planOf(ofDc4);
    const ofPartitions = changes.filter((change) => change.dn.includes('CN=Partitions,'));
    const edits = ofPartitions.flatMap((change) => (change.kind === 'modify' ? change.edits : []));
    const edit = { attribute: 'msDS-NC-Replica-Locations', remove: [settings], add: [], held: expect.any(Array) };
    expect(ofPartitions.map(({ dn }) => dn)).toContain(partition);
    expect(edits).toEqual([edit, edit]);
  });

  test('says why a DC that is cut off is not removed, and that no undo makes it a DC again', () => {
    expect(blockersIn(ofDc4)).toEqual([
      ['not-proven-gone', true],
      ['holds-roles', true],
      ['promotion-only', true],
    ]);
    const evidence = planOf(ofDc4).findings.find(({ id }) => id === 'not-proven-gone')?.evidence;
    expect(evidence?.join('; ')).toMatch(/no route to host.*DC1 heard of it 71 days ago.*account is enabled/);
  });

  test('refuses a DC that answers and was heard lately, whatever is accepted', async () => {
    const accept = ['answers', 'heard-lately'].flatMap((id) => ['--accept', id]);
    const result = await dryRun('--dc', 'DC3', ...accept);
    expect(blockersIn(result)).toEqual(
      expect.arrayContaining([
        ['answers', false],
        ['heard-lately', false],
      ]),
    );
    expect(planOf(result).findings.filter(({ accepted: isAccepted }) => isAccepted)).toEqual([]);
  });

  test('refuses the DC that it is connected to', async () => {
    expect(blockersIn(await dryRun('--dc', 'DC1'))).toContainEqual(['own-dc', false]);
  });

  test('says of each id that --accept cannot overrule whether it is a note or a blocker', async () => {
    const toldOf = async (dc: string, id: string): Promise<string> =>
      (await site.run(metadata, ['--dc', dc, '--accept', id])).stdout;
    expect(await toldOf('DC4', 'supported-ways')).toContain(
      'supported-ways: this is a note, which needs no acceptance.',
    );
    expect(await toldOf('DC4', 'what-is-lost')).toContain(
      'what-is-lost: this is a warning, which needs no acceptance.',
    );
    expect(await toldOf('DC3', 'answers')).toContain('answers: this blocker cannot be accepted.');
  });

  test.each([
    ['nothing stops it', ['--dc', 'DC0'], 'a change folder for a reviewer, to be applied later'],
    ['a blocker stops it', ['--dc', 'DC1'], 'a change folder for a reviewer; it cannot be applied as it is'],
  ])('the wizard says what a change is saved for where %s', async (_, args, hint) => {
    const prompter = answering({
      'metadata.supported-way': 'None of them: plan the removal here',
      decision: 'nothing',
    });
    let hints: readonly (string | undefined)[] = [];
    const select: typeof prompter.select = (question) => {
      if (question.id === 'decision') hints = question.choices.map((choice) => choice.hint);
      return prompter.select(question);
    };
    await site.run(metadata, args, { ...prompter, select });
    expect(hints).toContain(hint);
  });

  test('lists the supported ways with the names filled in', async () => {
    const found = planOf(await dryRun('--dn', settings)).findings.find(({ id }) => id === 'supported-ways');
    const ways = commandsOf(metadataRemedy, found);
    // DC4 is Windows Server 2008 R2, which has no such cmdlet as Uninstall-ADDSDomainController.
    expect(ways).toContain('dcpromo /forceremoval');
    expect(ways.join('\n')).not.toContain('Uninstall-');
    expect(ways).toContain(`ntdsutil "metadata cleanup" "remove selected server ${server}" quit quit`);
  });

  test('shows the signs of each DC, and DNS records as what they say', async () => {
    const { stdout } = await site.run(metadata, ['--dc', 'DC4', '--dry-run']);
    expect(stdout).toMatch(/DC1 +Amsterdam +in use +connected to it/);
    expect(stdout).toMatch(/DC2 +Amsterdam +in use +answers · DC1 heard of it 2 minutes ago/);
    expect(stdout).toMatch(/DC4 +Paramaribo +cut off: may be running .*SYSVOL by DFSR · in DNS/);
    expect(stdout).toMatch(/DC0 +Amsterdam +left over +.*no NTDS Settings · no DC account/);
    expect(stdout).toMatch(/supported-ways .*demote dc4\.corp\.example\.com; delete its account .*; ntdsutil/);
    expect(stdout).toMatch(/- dnsRecord:: A 10\.0\.0\.4 \(28 bytes/);
    expect(stdout).toMatch(/- dnsRecord:: SRV dc4\.corp\.example\.com \(54 bytes/);
  });

  test('names the DCs where none is of the name that was given', async () => {
    const { status, stderr } = await site.run(metadata, ['--dc', 'DC9', '--dry-run']);
    expect(status).toBe(64);
    expect(stderr).toMatch(/DC9[\s\S]*Did you mean DC\d|Found: DC1/);
  });

  test('says what an export lacks that lists no DC', async () => {
    const folder = await freshFolder();
    await writeFile(path.join(folder, 'export.ldf'), entry(configuration, 'configuration'));
    const args = ['--ldif', 'export.ldf', '--dc', 'DC4', '--dry-run'];
    const { status, stderr } = await runCommand(metadata, args, { currentFolder: folder });
    expect([status, stderr]).toEqual([64, expect.stringContaining('an export may lack CN=Sites')]);
  });

  test('takes either --dc or --dn, and a DN that is one', async () => {
    const both = await site.run(metadata, ['--dc', 'DC4', '--dn', server, '--dry-run']);
    expect([both.status, both.stderr]).toEqual([64, expect.stringContaining('--dc with --dn')]);
    const wrong = await site.run(metadata, ['--dn', 'DC4', '--dry-run']);
    expect([wrong.status, wrong.stderr]).toEqual([64, expect.stringContaining('--dn DC4')]);
  });

  test('the wizard offers what is left over first, then the supported ways, and continues if none is taken', async () => {
    const prompter = answering({
      'metadata.dc': byDefault,
      'metadata.supported-way': 'None of them: plan the removal here',
      decision: 'nothing',
    });
    const { status, stdout } = await site.run(metadata, [], prompter);
    expect(prompter.asked).toEqual(['metadata.dc', 'metadata.supported-way', 'decision']);
    expect(stdout).toMatch(/- CN=DC0,CN=Servers,CN=Amsterdam/);
    expect(status).toBe(2);
  });

  test('the wizard says where else to look where none of them is gone, and changes nothing', async () => {
    const { status, stdout } = await site.run(metadata, [], answering({ 'metadata.dc': 'None of them' }));
    expect(status).toBe(0);
    expect(stdout).toContain('dcdiag /test:dns /e');
    expect(stdout).toContain('Nothing was changed.');
    expect(await site.there([server])).toEqual([server]);
  });

  test('the wizard names the roles that a DC has left which was removed whole, where none of the list is gone', async () => {
    const deleted = `CN=NTDS Settings\\0ADEL:11111111-2222-3333-4444-555555555555,CN=DC7,CN=Servers,CN=Paramaribo,CN=Sites,${configuration}`;
    const left = `CN=Infrastructure,DC=ForestDnsZones,${domain}`;
    const more = [
      entry(left, 'infrastructureUpdate', `fSMORoleOwner: ${deleted}`),
      entry(`CN=Infrastructure,${domain}`, 'infrastructureUpdate', `fSMORoleOwner: ${deleted}`),
    ].join('\n');
    const own = await siteWithDeadDc(await freshFolder(), more);
    const { stdout } = await own.run(metadata, [], answering({ 'metadata.dc': 'None of them' }));
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('Seize 1 FSMO role of deleted domain controllers on one in use.');
    expect(stdout).toContain('"connect to server dc1.corp.example.com" quit "seize infrastructure master" quit quit');
    expect(stdout).toContain(left);
  });

  test('the wizard shows the supported way that is taken and no other, and changes nothing', async () => {
    const prompter = answering({ 'metadata.dc': 'DC4', 'metadata.supported-way': 'ntdsutil can remove it' });
    const { status, stdout } = await site.run(metadata, [], prompter);
    expect(status).toBe(0);
    expect(stdout).toContain(`remove selected server ${server}`);
    // The ways are alternatives: as a list of steps the others would be taken as well.
    expect(stdout).not.toMatch(/dcpromo|Get-ADComputer/);
    expect(await site.there([server])).toEqual([server]);
  });

  test('apply is refused where another client has edited the account since', async () => {
    await site.run(metadata, ['--dc', 'DC4', '--save', 'change', '--json', ...accepted]);
    await site.edit(account, 'description', 'kept for the auditors');
    const { status } = await site.run(apply, ['change', '--yes', ...confirmed]);
    expect(status).toBe(3);
    expect(await site.there(wholeDc)).toEqual(wholeDc);
  });
});

describe('applied', () => {
  const srv = `DC=_ldap._tcp,${zone}`;

  test('leaves nothing of the DC, and undo brings back all but what a promotion makes', async () => {
    const site = await siteWithDeadDc(await freshFolder());
    const done = await site.run(metadata, ['--dc', 'DC4', '--yes', ...confirmed, ...accepted]);
    expect([done.status, done.stderr]).toEqual([0, '']);
    expect(done.stdout).toContain('All 4 domain controllers have it');
    const told = done.stdout.replaceAll(/\s+/g, ' ');
    expect(told).toContain('only the values that the plan leaves name it');
    expect(told).toContain('1. Seize 1 FSMO role on a domain controller in use');
    expect(told).toContain(
      'ntdsutil roles connections "connect to server dc1.corp.example.com" quit "seize RID master" quit quit',
    );
    expect(await site.there(wholeDc)).toEqual([]);
    expect(await site.values(srv, 'dnsRecord')).toEqual(base64(record('SRV', 'dc1.corp.example.com')));
    expect(await site.values(partition, 'msDS-NC-Replica-Locations')).toEqual(base64(Buffer.from(livingSettings)));

    await site.save();
    const [, folder = ''] = /undo '?(changes[^\s']+)/.exec(done.stdout) ?? [];
    const refused = await site.run(undo, [folder, '--yes', '--verbose']);
    expect(refused.status).toBe(3);
    expect(refused.stdout).toMatch(/blocker +rights-from-plan +The plan gives rights to \d+ entries/);
    expect(refused.stdout).toContain(`; member: ${account}`);
    const back = await site.run(undo, [folder, '--yes', '--accept', 'rights-from-plan']);
    expect([back.status, back.stderr]).toEqual([0, '']);
    expect(await site.there(wholeDc)).toEqual([server, account, dfsrMember, frsMember]);
    expect(await site.values(srv, 'dnsRecord')).toHaveLength(2);
    expect(await site.values(server, 'serverReference')).toEqual(base64(Buffer.from(account)));
    // Values that name NTDS Settings stay away.
    expect(await site.values(partition, 'msDS-NC-Replica-Locations')).toEqual(base64(Buffer.from(livingSettings)));
    expect(
      await site.values(`CN=NTDS Site Settings,CN=Paramaribo,CN=Sites,${configuration}`, 'interSiteTopologyGenerator'),
    ).toEqual([]);

    // The NTDS Settings with what is below, connections, the pool of RIDs, and what named them.
    const position = /undone as far as possible.*: \d+ entries and attributes cannot be restored/;
    expect(await readFile(path.join(site.folder, folder, 'review.html'), 'utf8')).toMatch(position);
    expect((await site.run(show, [folder])).stdout).toMatch(position);
    expect(back.stdout).toContain('left out (only the system makes it)');

    const again = await site.run(metadata, ['--dc', 'DC4', '--json']);
    const left = planOf(again).changes.flatMap((change) => (change.kind === 'delete' ? [change.dn] : []));
    expect(left).toContain(account);
    expect(left).not.toContain(settings);
  });

  // As many runs as there are changes: over a second.
  test('continues after the process ended at each step, before or after the directory carried it out', async () => {
    const site = await siteWithDeadDc(await freshFolder());
    const saved = await site.run(metadata, ['--dc', 'DC4', '--save', 'change', '--json', ...accepted]);
    const { changes } = planOf(saved);
    let write = 1;
    for (const [step, { dn, kind }] of changes.entries()) {
      const isCarriedOut = step % 2 === 0;
      site.endAtWrite({ write, isCarriedOut });
      const { status, stderr } = await site.run(apply, ['change', '--yes', ...confirmed]);
      expect([status, stderr], dn).toEqual([1, expect.stringContaining('the process ended')]);
      if (kind === 'delete') expect(await site.there([dn])).toEqual(isCarriedOut ? [] : [dn]);
      // What was not carried out is the first write of the next run, which ends at its second.
      write = isCarriedOut ? 1 : 2;
    }
    site.endAtWrite(undefined);
    const rest = await site.run(apply, ['change', '--yes', ...confirmed]);
    expect([rest.status, rest.stderr]).toEqual([0, '']);
    expect(await site.there(wholeDc)).toEqual([]);
  });
});

describe('the proof', () => {
  const onlyOn = (host: string, text: string): string => text.replace('\n', `\npracticeOnlyOn: ${host}\n`);
  const late = `CN=Late,OU=Paramaribo,${domain}`;
  const lateRecord = `DC=_kerberos._tcp,${zone}`;
  const srvOfDc4 = record('SRV', 'dc4.corp.example.com').toString('base64');
  const more = [
    onlyOn('dc3', entry(late, 'container', `interSiteTopologyGenerator: ${settings}`)),
    onlyOn('dc5', entry(lateRecord, 'dnsNode', `dnsRecord:: ${srvOfDc4}`)),
  ].join('\n');

  test('finds on each DC what only that one has, in every partition, and says what a DC did not show', async () => {
    const site = await siteWithDeadDc(await freshFolder(), more);
    site.withhold('dc2.corp.example.com', `DC=ForestDnsZones,${domain}`);
    const args = ['--dc', 'DC4', '--yes', '--json', ...confirmed, ...accepted];
    const { status, stdout } = await site.run(metadata, args);
    expect(status).toBe(0);
    const { domainControllers } = JSON.parse(stdout) as { domainControllers: readonly SightOfDc[] };
    const seen = domainControllers.map(({ host, state, detail }) => [host.split('.')[0], state, detail]);
    expect(seen).toEqual([
      ['dc1', 'there', expect.stringMatching(/only the values that the plan leaves name it in \d partitions$/)],
      ['dc2', 'unknown', expect.stringContaining(`not searched: DC=ForestDnsZones,${domain}: the server is busy`)],
      ['dc3', 'not-yet', expect.stringContaining(`still there: interSiteTopologyGenerator of ${late}`)],
      ['dc5', 'not-yet', expect.stringContaining('still there: SRV _kerberos._tcp.corp.example.com')],
    ]);
  });
});

describe('what an earlier clean-up has left', () => {
  const accountOf = (name: string): string => `CN=${name},OU=Domain Controllers,${domain}`;
  const hostOf = (name: string): string => `dNSHostName: ${name.toLowerCase()}.corp.example.com`;
  const left = accountOf('DC7');
  const readOnly = accountOf('RODC8');
  const readOnlyServer = `CN=RODC8,CN=Servers,CN=Paramaribo,CN=Sites,${configuration}`;
  const kerberos = `CN=krbtgt_4711,CN=Users,${domain}`;
  const otherKerberos = `CN=krbtgt_4712,CN=Users,${domain}`;
  const revealed = `CN=Branch users,OU=Paramaribo,${domain}`;
  const demotedServer = `CN=DC6,CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`;
  const demoted = `CN=DC6,CN=Computers,${domain}`;
  const otherZone = `DC=example.net,CN=MicrosoftDNS,DC=DomainDnsZones,${domain}`;
  const more = [
    entry(demotedServer, 'server', 'dNSHostName: dc6.example.net'),
    entry(demoted, 'computer', 'dNSHostName: dc6.example.net', 'primaryGroupID: 515', 'userAccountControl: 4096'),
    entry(otherZone, 'dnsZone'),
    entry(`DC=dc6,${otherZone}`, 'dnsNode', `dnsRecord:: ${record('A', '10.0.0.6').toString('base64')}`),
    entry(left, 'computer', hostOf('DC7'), 'primaryGroupID: 516', 'userAccountControl: 532480'),
    entry(`CN=RID Set,${left}`, 'rIDSet', 'rIDNextRID: 1305'),
    entry(kerberos, 'user', 'sAMAccountName: krbtgt_4711', 'userAccountControl: 514'),
    entry(otherKerberos, 'user', 'sAMAccountName: krbtgt_4712', 'userAccountControl: 514'),
    entry(revealed, 'group', 'groupType: -2147483646'),
    entry(
      readOnly,
      'computer',
      ...[hostOf('RODC8'), 'primaryGroupID: 521', 'userAccountControl: 83890176'],
      ...[`msDS-KrbTgtLink: ${kerberos}`, `msDS-RevealOnDemandGroup: ${revealed}`],
    ),
    entry(readOnlyServer, 'server', hostOf('RODC8'), `serverReference: ${readOnly}`),
  ].join('\n');

  let site: Site;
  beforeAll(async () => {
    site = await siteWithDeadDc(await mkdtemp(path.join(tmpdir(), 'adsi-remedy-test-')), more);
  });
  afterAll(async () => {
    await site.save();
    await rm(site.folder, { recursive: true, force: true });
  });

  test('of a demoted DC that serves on its server object goes alone, also where its DNS name is of no domain', async () => {
    const plan = planOf(await site.run(metadata, ['--dc', 'DC6', '--dry-run', '--json']));
    expect(plan.changes.map(({ kind, dn }) => [kind, dn])).toEqual([['delete', demotedServer]]);
    expect(plan.findings.find(({ id }) => id === 'name-in-use')?.evidence).toEqual([demoted]);
    // It has one: it is no account of a DC.
    expect(plan.findings.map(({ title }) => title)).not.toContain('DC6 has no computer account');
  });

  test('an account without a server object goes with its children, and undo brings it back', async () => {
    const saved = await site.run(metadata, ['--dc', 'DC7', '--save', 'change', '--json', ...accepted]);
    expect(planOf(saved).changes.map(({ kind, dn }) => [kind, dn])).toEqual([
      ['delete', `CN=RID Set,${left}`],
      ['delete', left],
    ]);
    const done = await site.run(apply, ['change', '--yes', '--confirm', 'DC7']);
    expect([done.status, done.stderr]).toEqual([0, '']);
    expect(await site.there([left, account])).toEqual([account]);
    const back = await site.run(undo, ['change', '--yes', '--accept', 'rights-from-plan']);
    expect([back.status, back.stderr]).toEqual([0, '']);
    expect(await site.there([left])).toEqual([left]);
  });

  test('undo of a server object alone brings back all of it, and mentions no promotion', async () => {
    await site.run(metadata, ['--dc', 'DC0', '--save', 'server-only', ...accepted]);
    await site.run(apply, ['server-only', '--yes', '--confirm', 'DC0']);
    const { status, stdout } = await site.run(undo, ['server-only', '--yes']);
    expect(status).toBe(0);
    expect(stdout).not.toMatch(/promotion|NTDS Settings/);
    expect((await site.run(show, ['server-only'])).stdout).toContain('It was applied and undone.');
  });

  test('of an RODC its own Kerberos account goes too, and no other, nor the groups that it may hold', async () => {
    const done = await site.run(metadata, ['--dc', 'RODC8', '--save', 'rodc', '--json', ...accepted]);
    expect(planOf(done).findings.find(({ id }) => id === 'promotion-only')?.detail).toContain('its Kerberos account');
    const applied = await site.run(apply, ['rodc', '--yes', '--confirm', 'RODC8']);
    expect([applied.status, applied.stderr]).toEqual([0, '']);
    const all = [readOnlyServer, kerberos, readOnly, otherKerberos, revealed];
    expect(await site.there(all)).toEqual([otherKerberos, revealed]);
  });

  test('undo brings the RODC back without its Kerberos account, whose number no client writes', async () => {
    const back = await site.run(undo, ['rodc', '--yes', '--accept', 'rights-from-plan']);
    expect([back.status, back.stderr]).toEqual([0, '']);
    expect(await site.there([readOnlyServer, kerberos, readOnly])).toEqual([readOnlyServer, readOnly]);
    expect(await site.values(readOnly, 'msDS-KrbTgtLink')).toEqual([]);
  });
});

test('a DC of a child domain is refused, with a DC of its own domain to use', async () => {
  const child = `DC=child,${domain}`;
  const ofChild = (name: string): string => {
    const own = `CN=${name},CN=Servers,CN=Paramaribo,CN=Sites,${configuration}`;
    const held = [child, configuration].map((dn) => `msDS-hasMasterNCs: ${dn}`);
    return [
      entry(own, 'server', `dNSHostName: ${name.toLowerCase()}.child.corp.example.com`),
      entry(`CN=NTDS Settings,${own}`, 'nTDSDSA', ...held),
    ].join('\n');
  };
  const crossRef = entry(
    `CN=CHILD,CN=Partitions,${configuration}`,
    'crossRef',
    ...[`nCName: ${child}`, 'dnsRoot: child.corp.example.com', 'nETBIOSName: CHILD', 'systemFlags: 3'],
  );
  const more = [entry(child, 'domainDNS'), crossRef, ofChild('DC11'), ofChild('DC12')].join('\n');
  const site = await siteWithDeadDc(await freshFolder(), more);
  const saved = await site.run(metadata, ['--dc', 'DC11', '--save', 'change', '--json']);
  expect(blockersIn(saved)).toContainEqual(['other-domain', false]);
  const detail = planOf(saved).findings.find(({ id }) => id === 'other-domain')?.detail;
  expect(detail).toContain('--server dc12.child.corp.example.com');
  const { status } = await site.run(apply, ['change', '--yes', '--confirm', 'DC11', '--accept', 'other-domain']);
  expect(status).toBe(3);
  const settingsOfDc11 = `CN=NTDS Settings,CN=DC11,CN=Servers,CN=Paramaribo,CN=Sites,${configuration}`;
  expect(await site.there([settingsOfDc11])).toEqual([settingsOfDc11]);
});

describe('the command that another remedy prints for a DC that is gone', () => {
  const onPlan = (connection: PlanConnection): string => {
    const target = {
      kind: 'forest',
      configurationNamingContext: configuration,
      domainController: 'dc1.corp.example.com',
    };
    const describing: Pick<Remedy, 'describe'> = {
      describe: (_, { serverCleanup }) => ({
        title: serverCleanup?.command(server) ?? '',
        summary: [],
        changes: [],
        nextSteps: [],
      }),
    };
    const context = { remedies, program: ['adsi-remedy'], platform: 'linux' } as unknown as Context;
    const plan = { target: { ...target, connection } } as unknown as Plan;
    return describePlan({ remedy: describing, plan }, context).title;
  };

  test('reaches the DC as that plan reached it', () => {
    const connection = { kind: 'server', auth: 'password', tls: 'starttls', user: 'admin@corp.example.com' } as const;
    expect(onPlan({ ...connection, host: 'dc1.corp.example.com', port: 389 } as unknown as PlanConnection)).toMatch(
      / metadata --server dc1\.corp\.example\.com --tls starttls --user admin@corp\.example\.com --dn CN=DC4,/,
    );
  });

  test('removes that DC where it is run as printed', async () => {
    const site = await siteWithDeadDc(await freshFolder());
    const children = [`CN=Domain System Volume,CN=DFSR-LocalSettings,${account}`, `CN=DFSR-LocalSettings,${account}`];
    for (const dn of [...children, `CN=RID Set,${account}`, account]) await site.remove(dn);
    const { stdout } = await site.run(remedyCommand('tombstone'), ['--days', '90', '--dry-run', '--verbose']);
    const printed = / metadata --practice \. (--dn \S+)$/m.exec(stdout)?.[1]?.split(' ') ?? [];
    const { changes } = planOf(await site.run(metadata, [...printed, '--json']));
    expect(changes.map((change) => change.dn)).toContain(settings);
  });
});

describe('offline', () => {
  const site = `CN=Amsterdam,CN=Sites,${configuration}`;
  const dcs = ['DC1', 'DC2'].flatMap((name) => {
    const own = `CN=${name},CN=Servers,${site}`;
    const computer = `CN=${name},OU=Domain Controllers,${domain}`;
    const host = `dNSHostName: ${name.toLowerCase()}.corp.example.com`;
    return [
      exported(own, 'server', host, `serverReference: ${computer}`),
      exported(
        `CN=NTDS Settings,${own}`,
        'nTDSDSA',
        `msDS-hasMasterNCs: ${domain}`,
        `msDS-hasMasterNCs: ${configuration}`,
      ),
      exported(computer, 'computer', host, 'primaryGroupID: 516', 'userAccountControl: 532480'),
    ];
  });
  const crossRef = ['nETBIOSName: CORP', `nCName: ${domain}`, 'dnsRoot: corp.example.com', 'systemFlags: 3'];
  const whole = [
    `dn:\nconfigurationNamingContext: ${configuration}\ndefaultNamingContext: ${domain}\nschemaNamingContext: CN=Schema,${configuration}\nnamingContexts: ${configuration}\nnamingContexts: ${domain}\ndnsHostName: dc1.corp.example.com\ndsServiceName: CN=NTDS Settings,CN=DC1,CN=Servers,${site}\n`,
    exported(domain, 'domainDNS'),
    exported(`OU=Domain Controllers,${domain}`, 'organizationalUnit'),
    exported(configuration, 'configuration'),
    exported(`CN=Partitions,${configuration}`, 'crossRefContainer'),
    exported(`CN=CORP,CN=Partitions,${configuration}`, 'crossRef', ...crossRef),
    exported(`CN=Sites,${configuration}`, 'sitesContainer'),
    exported(site, 'site'),
    exported(`CN=Servers,${site}`, 'serversContainer'),
    exported(
      `CN=NTDS Site Settings,${site}`,
      'nTDSSiteSettings',
      `interSiteTopologyGenerator: CN=NTDS Settings,CN=DC2,CN=Servers,${site}`,
    ),
    ...dcs,
  ];

  test('plans on an export, writes the LDIF to import, and says what an export does not show', async () => {
    const folder = await freshFolder();
    await writeFile(path.join(folder, 'forest.ldf'), whole.join('\n'));
    const args = ['--dc', 'DC2', '--ldif', 'forest.ldf', '--save', 'change', '--json', '--accept', 'not-proven-gone'];
    const more = ['--accept', 'promotion-only', '--accept', 'lifetime-not-over'];
    const saved = await runCommand(metadata, [...args, ...more], { currentFolder: folder });
    expect([saved.status, saved.stderr.includes('error')]).toEqual([2, false]);
    const { findings, changes } = planOf(saved);
    expect(findings.map(({ id }) => id)).toContain('export');
    expect(changes.map(({ kind, dn }) => [kind, dn])).toEqual([
      ['modify', `CN=NTDS Site Settings,${site}`],
      ['delete', `CN=NTDS Settings,CN=DC2,CN=Servers,${site}`],
      ['delete', `CN=DC2,CN=Servers,${site}`],
      ['delete', `CN=DC2,OU=Domain Controllers,${domain}`],
    ]);
    const ldif = await readFile(path.join(folder, 'change', 'change.ldf'), 'utf8');
    expect(ldif.match(/^changetype: delete$/gm)).toHaveLength(3);
  });

  describe('applied', () => {
    const accept = ['not-proven-gone', 'promotion-only', 'lifetime-not-over'].flatMap((id) => ['--accept', id]);
    const applied = ['change', '--ldif', 'forest.ldf', '--yes', '--confirm', 'DC2', ...accept];
    const savedUnaccepted = async (): Promise<string> => {
      const currentFolder = await freshFolder();
      await writeFile(path.join(currentFolder, 'forest.ldf'), whole.join('\n'));
      const args = ['--dc', 'DC2', '--ldif', 'forest.ldf', '--save', 'change'];
      expect((await runCommand(metadata, args, { currentFolder })).status).toBe(2);
      return currentFolder;
    };

    test('it writes LDIF that says to import it only once the blockers are accepted', async () => {
      const currentFolder = await savedUnaccepted();
      const ldif = (): Promise<string> => readFile(path.join(currentFolder, 'change', 'change.ldf'), 'utf8');
      expect(await ldif()).toContain('# DO NOT IMPORT: blocker promotion-only is not accepted');
      expect(await runCommand(apply, applied, { currentFolder })).toMatchObject({ status: 0, stderr: '' });
      expect(await ldif()).toContain('# Accepted blocker promotion-only');
      expect(await ldif()).not.toContain('DO NOT IMPORT');
    });

    test('it refuses a selection: the LDIF to import holds the whole plan', async () => {
      const currentFolder = await savedUnaccepted();
      const { status, stderr } = await runCommand(apply, [...applied, '--only', '1'], { currentFolder });
      expect([status, stderr]).toEqual([64, expect.stringContaining('the LDIF to import, which holds the whole plan')]);
    });
  });

  test('names another DC to seize the roles, and leaves those of partitions, where the export has no rootDSE', async () => {
    const folder = await freshFolder();
    const zones = `DC=DomainDnsZones,${domain}`;
    const owner = `CN=NTDS Settings,CN=DC2,CN=Servers,${site}`;
    const roles = [
      exported(`CN=System,${domain}`, 'container'),
      exported(`CN=RID Manager$,CN=System,${domain}`, 'rIDManager', `fSMORoleOwner: ${owner}`),
      exported('CN=Zones,CN=Partitions,'.concat(configuration), 'crossRef', `nCName: ${zones}`, 'systemFlags: 5'),
      exported(zones, 'domainDNS'),
      exported(`CN=Infrastructure,${zones}`, 'infrastructureUpdate', `fSMORoleOwner: ${owner}`),
    ];
    await writeFile(path.join(folder, 'forest.ldf'), [...whole.slice(1), ...roles].join('\n'));
    const args = ['--dc', 'DC2', '--ldif', 'forest.ldf', '--save', 'change', '--json'];
    const plan = planOf(await runCommand(metadata, args, { currentFolder: folder }));
    expect(plan.nextSteps[0]).toEqual({ id: 'seize-roles', host: 'dc1.corp.example.com', roles: ['RID master'] });
    expect(plan.leftOut.map(({ what, reason }) => [what, reason])).toEqual([
      [`fSMORoleOwner of CN=RID Manager$,CN=System,${domain}`, 'holds-roles'],
      [`fSMORoleOwner of CN=Infrastructure,${zones}`, 'application-infrastructure'],
    ]);
  });
});

/** An entry of an export. */
function exported(dn: string, objectClass: string, ...lines: readonly string[]): string {
  const guid = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64');
  return [`dn: ${dn}`, `objectClass: ${objectClass}`, `objectGUID:: ${guid}`, ...lines, ''].join('\n');
}
