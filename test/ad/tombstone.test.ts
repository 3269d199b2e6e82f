import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatGuid } from '../../src/ad/entry.ts';
import type { Plan } from '../../src/change/plan.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { startDnsServer } from '../support/dns-server.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { tombstone } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { run as runProgram } from './lab/command.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import type { DomainController } from './lab/domain-controller.ts';
import { forest, namingContexts } from './lab/forest.ts';
import { add, replace } from './lab/ldif.ts';
import { startOneDomainController } from './lab/one-dc.ts';
import { startTwoDomainControllers, type TwoDomainControllers } from './lab/two-dcs.ts';
import { tombstones } from './scenario/deleted-objects.ts';
import { directoryService, unsetTombstoneLifetime } from './scenario/directory-service.ts';
import { partner, repsFrom } from './scenario/replication.ts';

const day = 86_400_000;

/** As ldapsearch shows it. */
async function lifetimeOn(dc: DomainController): Promise<string | undefined> {
  const [entry] = await dc.ldapsearch(['-b', directoryService, '-s', 'base', 'tombstoneLifetime']);
  return entry?.text('tombstoneLifetime');
}

function findingIds(json: string): readonly string[] {
  return (JSON.parse(json) as Plan).findings.map(({ id }) => id);
}

/** The change folder that a run without a name for it has made. */
async function onlyChange(folder: string): Promise<string> {
  const [name, ...more] = await readdir(path.join(folder, 'changes'));
  if (name === undefined || more.length > 0) throw new Error('there is not one change folder');
  return path.join('changes', name);
}

describeWithSamba('tombstone on one domain controller', () => {
  let dc: DomainController;
  let folder: string;

  const run = (command: Parameters<typeof runCommand>[0], args: readonly string[], user: string = forest.adminUser) =>
    runCommand(command, [...args, '--server', dc.address, '--ca', dc.caFile, '--user', user], {
      currentFolder: folder,
      env: { ADSI_REMEDY_PASSWORD: dc.adminPassword },
    });

  beforeAll(async () => {
    dc = await startOneDomainController();
  });
  afterAll(() => dc?.stop());

  /** OpenLDAP's tools as administrator, with their own LDIF. */
  const ldapTool = async (program: string, args: readonly string[]): Promise<string> => {
    const session = ['-x', '-H', `ldaps://${dc.address}`, '-D', forest.adminUser, '-y', dc.adminPasswordFile];
    return runProgram(program, [...session, ...args], { environment: { LDAPTLS_CACERT: dc.caFile } });
  };

  const inFreshFolder = (name: string, body: () => Promise<void>): void =>
    test(name, async () => {
      folder = await freshFolder();
      await dc.ldapmodify([replace(directoryService, { tombstoneLifetime: '180' })]);
      await body();
    });

  inFreshFolder('changes the value, finds nothing to do on a second run, and undo brings 180 back', async () => {
    expect(await run(tombstone, ['--days', '365', '--yes'])).toMatchObject({ status: 0 });
    expect(await lifetimeOn(dc)).toBe('365');

    const second = await run(tombstone, ['--days', '365', '--yes']);
    expect(second).toMatchObject({ status: 0 });
    expect(second.stdout).toContain('Nothing to change');

    expect(await run(undo, [await onlyChange(folder), '--yes'])).toMatchObject({ status: 0 });
    expect(await lifetimeOn(dc)).toBe('180');
  });

  inFreshFolder('changes nothing on a dry run, which exits 2', async () => {
    expect(await run(tombstone, ['--days', '365'])).toMatchObject({ status: 2 });
    expect(await lifetimeOn(dc)).toBe('180');
  });

  inFreshFolder('sets a value where there was none, and undo leaves none', async () => {
    await dc.ldapmodify([unsetTombstoneLifetime]);
    expect(await run(tombstone, ['--days', '365', '--yes'])).toMatchObject({ status: 0 });
    expect(await lifetimeOn(dc)).toBe('365');
    expect(await run(undo, [await onlyChange(folder), '--yes'])).toMatchObject({ status: 0 });
    expect(await lifetimeOn(dc)).toBeUndefined();
  });

  inFreshFolder('removes the value with --unset; Samba then uses 180', async () => {
    const result = await run(tombstone, ['--unset', '--yes']);
    expect(result.stdout).toContain('(not set: 180 days)');
    expect(result.status).toBe(0);
    expect(await lifetimeOn(dc)).toBeUndefined();
  });

  inFreshFolder('refuses a saved plan if the value has changed since, and names both values', async () => {
    expect(await run(tombstone, ['--days', '365', '--save', 'saved'])).toMatchObject({ status: 2 });
    await dc.ldapmodify([replace(directoryService, { tombstoneLifetime: '200' })]);
    const result = await run(apply, ['saved']);
    expect(result.status).toBe(3);
    expect(result.stdout).toContain('tombstoneLifetime is 200; the plan expected 180');
    expect(await lifetimeOn(dc)).toBe('200');
  });

  inFreshFolder('refuses what needs accepting, and does it when accepted', async () => {
    expect(await run(tombstone, ['--days', '36', '--yes'])).toMatchObject({ status: 3 });
    expect(await lifetimeOn(dc)).toBe('180');
    expect(await run(tombstone, ['--days', '36', '--yes', '--accept', 'below-recommended'])).toMatchObject({
      status: 0,
    });
    expect(await lifetimeOn(dc)).toBe('36');
  });

  inFreshFolder('refuses a number that garbage collection would not honour', async () => {
    await dc.ldapmodify([replace(directoryService, { garbageCollPeriod: '168' })]);
    try {
      const args = ['--days', '21', '--yes', '--accept', 'below-recommended'];
      const result = await run(tombstone, args);
      expect(result.status).toBe(3);
      expect(result.stdout).toContain('too-short-for-garbage-collection');
    } finally {
      await dc.ldapmodify([replace(directoryService, { garbageCollPeriod: [] })]);
    }
    expect(await lifetimeOn(dc)).toBe('180');
  });

  inFreshFolder('warns a user without the right before anything is written, and lets a plan be saved', async () => {
    const user = 'reader@corp.example.com';
    const dn = `CN=reader,CN=Users,${forest.domainNamingContext}`;
    await dc.ldapmodify([
      add(dn, {
        objectClass: 'user',
        sAMAccountName: 'reader',
        userPrincipalName: user,
        unicodePwd: Buffer.from(`"${dc.adminPassword}"`, 'utf16le'),
        userAccountControl: '512',
      }),
    ]);
    const refused = await run(tombstone, ['--days', '365', '--yes'], user);
    expect(refused.status).toBe(3);
    expect(refused.stdout).toContain('no-right-to-write');
    expect(await lifetimeOn(dc)).toBe('180');

    await run(tombstone, ['--days', '365', '--save', 'saved', '--accept', 'no-right-to-write'], user);
    expect(await run(apply, ['saved'], user)).toMatchObject({ status: 1 });
    expect(await lifetimeOn(dc)).toBe('180');
    expect(await run(apply, ['saved'])).toMatchObject({ status: 0 });
    expect(await lifetimeOn(dc)).toBe('365');
  });

  inFreshFolder('counts tombstones by age: their loss has to be accepted, also for a plan saved before', async () => {
    const args = ['--days', '90', '--accept', 'below-recommended'];
    expect(await run(tombstone, [...args, '--save', 'saved'])).toMatchObject({ status: 2 });
    const parent = `CN=Users,${forest.domainNamingContext}`;
    await tombstones(dc, { namingContext: forest.domainNamingContext, parent, ages: [1, 95, 170], now: new Date() });
    const result = await run(tombstone, [...args, '--yes']);
    expect(result.status).toBe(3);
    expect(result.stdout).toMatch(
      /purges-deleted-objects {2}The lower value removes (at least )?2 deleted objects for good/,
    );
    const later = await run(apply, ['saved']);
    expect(later.status).toBe(3);
    expect(later.stderr).toContain('purges-deleted-objects is new: when the plan was made there was no such finding.');
    expect(await lifetimeOn(dc)).toBe('180');
    expect(await run(apply, ['saved', '--accept', 'purges-deleted-objects'])).toMatchObject({ status: 0 });
    expect(await lifetimeOn(dc)).toBe('90');
  });

  inFreshFolder('finds the domain controllers by DNS, and passes over one that is down', async () => {
    const dead = 'dead.corp.example.com';
    const dns = await startDnsServer({
      addresses: { [dead]: '127.0.0.1', [dc.host]: dc.address },
      services: {
        [`_ldap._tcp.dc._msdcs.${forest.domain}`]: [dead, dc.host].map((target) => ({ target, port: 389 })),
        [`_gc._tcp.${forest.domain}`]: [{ target: dead, port: 3268 }],
      },
    });
    const args = ['--days', '365', '--domain', forest.domain, '--dns', dns, '--ca', dc.caFile];
    const world = { currentFolder: folder, env: { ADSI_REMEDY_PASSWORD: dc.adminPassword } };
    const result = await runCommand(tombstone, [...args, '--user', forest.adminUser], world);
    expect(result.stderr).toBe('');
    expect(result.status).toBe(2);
    expect(result.stdout).toContain('configuration read from dc1.corp.example.com (GC, LDAPS)');
  });

  inFreshFolder('works on an export, and writes the LDIF that changes the directory', async () => {
    const configuration = ['-b', forest.configurationNamingContext, '-E', 'pr=500/noprompt'];
    await writeFile(path.join(folder, 'export.ldf'), await ldapTool('ldapsearch', ['-LLL', ...configuration]));
    const world = { currentFolder: folder };
    const result = await runCommand(tombstone, ['--ldif', 'export.ldf', '--days', '365', '--yes', '--json'], world);
    expect(result.status).toBe(0);
    expect(await lifetimeOn(dc)).toBe('180');
    const { ldif } = JSON.parse(result.stdout) as { readonly ldif: string };
    await ldapTool('ldapmodify', ['-f', ldif]);
    expect(await lifetimeOn(dc)).toBe('365');
  });
});

describeWithSamba('tombstone beside a domain controller that is long gone', () => {
  let dc: DomainController;
  const dsaGuid = '9c04206a-9a46-41df-b23b-f2b402ba789f';

  beforeAll(async () => {
    const now = Date.now();
    dc = await startOneDomainController({
      changes: partner({
        name: 'dc2',
        dsaGuid,
        invocationId: '7cb35a22-8b13-4cb1-8a7a-4a39c4b0d3c1',
        lastSuccess: new Date(now - 200 * day),
        lastAttempt: new Date(now - 3_600_000),
        result: 8614,
        failures: 4800,
      }),
    });
  });
  afterAll(() => dc?.stop());

  test('reports it from what the other last heard, and does not raise the value until that is accepted', async () => {
    const folder = await freshFolder();
    const world = { currentFolder: folder, env: { ADSI_REMEDY_PASSWORD: dc.adminPassword } };
    const directory = ['--server', dc.address, '--ca', dc.caFile, '--user', forest.adminUser];
    const result = await runCommand(tombstone, ['--days', '365', '--json', ...directory], world);
    expect(result.status).toBe(2);
    expect(findingIds(result.stdout)).toEqual(expect.arrayContaining(['past-lifetime', 'unreachable-dcs']));
    const finding = (JSON.parse(result.stdout) as Plan).findings.find(({ id }) => id === 'past-lifetime');
    expect(finding?.level).toBe('blocker');
    // Its partner has no other DC to hear from, and is not to blame.
    expect(finding?.subjects).toEqual(['DC2']);
    const shown = await runCommand(tombstone, ['--days', '365', '--verbose', ...directory], world);
    expect(shown.stdout).toMatch(
      new RegExp(
        `^ {2}run +adsi-remedy lingering --server ${dc.address} .*--reference dc1\\.corp\\.example\\.com --target dc2\\.corp\\.example\\.com$`,
        'm',
      ),
    );
    expect(finding?.detail).not.toContain('demote');

    expect(await runCommand(tombstone, ['--days', '365', '--yes', ...directory], world)).toMatchObject({ status: 3 });
    expect(await lifetimeOn(dc)).toBe('180');
  });
});

/** The DC's memory of its partner: silent for 200 days, refused since. Its own replication service stays quiet. */
async function rememberAsSilent(dc: DomainController, partnerDc: DomainController, failures: number): Promise<void> {
  const [settings] = await dc.ldapsearch([
    ...['-b', `CN=NTDS Settings,CN=${partnerDc.host.split('.')[0]?.toUpperCase()},CN=Servers,${forest.site}`],
    ...['-s', 'base', 'objectGUID', 'invocationId'],
  ]);
  const guid = (attribute: string): string => formatGuid(settings?.bytes(attribute)[0] ?? Buffer.alloc(0));
  const memory = repsFrom({
    name: '',
    dsaGuid: guid('objectGUID'),
    invocationId: guid('invocationId'),
    lastSuccess: new Date(Date.now() - 200 * day),
    lastAttempt: new Date(Date.now() - 3_600_000),
    result: 8614,
    failures,
  });
  await appendFile(
    dc.configurationFile,
    '\tdreplsrv:periodic_startup_interval = 3600\n\tdreplsrv:periodic_interval = 3600\n',
  );
  await dc.offline(namingContexts.map((namingContext) => replace(namingContext, { repsFrom: memory })));
}

/** Runs the tool against DC1, in a folder of its own; it finds both DCs by DNS. */
async function fromDc1({ dc1, dc2 }: TwoDomainControllers): Promise<{
  readonly folder: string;
  run(command: Parameters<typeof runCommand>[0], args: readonly string[]): Promise<CommandRun>;
}> {
  const folder = await freshFolder();
  const bundle = path.join(folder, 'ca.pem');
  await writeFile(bundle, (await readFile(dc1.caFile, 'utf8')) + (await readFile(dc2.caFile, 'utf8')));
  const dns = await startDnsServer({ addresses: { [dc1.host]: dc1.address, [dc2.host]: dc2.address } });
  const directory = ['--server', dc1.host, '--dns', dns, '--ca', bundle, '--user', forest.adminUser];
  const world = { currentFolder: folder, env: { ADSI_REMEDY_PASSWORD: dc1.adminPassword } };
  return { folder, run: (command, args) => runCommand(command, [...args, ...directory], world) };
}

describeWithSamba(
  'tombstone on two domain controllers',
  () => {
    let dcs: TwoDomainControllers;

    beforeAll(async () => {
      dcs = await startTwoDomainControllers();
    });
    afterAll(() => dcs?.stop());

    test('names the one that does not have the change while the link is cut, and all after it is healed', async () => {
      const { dc1, dc2 } = dcs;
      const { run, folder } = await fromDc1(dcs);

      const before = await run(tombstone, ['--days', '365', '--dry-run', '--json']);
      const { exhibits } = JSON.parse(before.stdout) as Plan;
      const bars = exhibits.flatMap((exhibit) => (exhibit.kind === 'bars' ? exhibit.rows : []));
      expect(bars.map(({ name }) => name).sort()).toEqual(['DC1', 'DC2']);
      // The two have replicated when they were made, which may be long ago: they are kept for later runs.
      expect(bars.map(({ value }) => typeof value)).toEqual(['number', 'number']);

      await dcs.cut();
      const cut = await run(tombstone, ['--days', '365', '--yes', '--wait', '4']);
      expect(cut.status).toBe(1);
      expect(cut.stdout).toMatch(/dc1\.corp\.example\.com +has it +365/);
      expect(cut.stdout).toMatch(/dc2\.corp\.example\.com +not yet +180/);
      expect([await lifetimeOn(dc1), await lifetimeOn(dc2)]).toEqual(['365', '180']);

      await dcs.heal();
      const undone = run(undo, [await onlyChange(folder), '--yes', '--wait', '60']);
      await expect.poll(() => lifetimeOn(dc1), { timeout: 60_000, interval: 100 }).toBe('180');
      await dcs.replicate('dc2', forest.configurationNamingContext);
      expect(await undone).toMatchObject({ status: 0 });
      expect([await lifetimeOn(dc1), await lifetimeOn(dc2)]).toEqual(['180', '180']);
    });

    test('advises both directions where the two refuse each other, and a raise stays on one until it is undone', async () => {
      const { dc1, dc2 } = dcs;
      await dcs.cut();
      // Of the two, DC1 ran on and DC2 was away: it counts the fewer failures.
      await rememberAsSilent(dc1, dc2, 7000);
      await rememberAsSilent(dc2, dc1, 12);
      const { run, folder } = await fromDc1(dcs);

      const plan = JSON.parse((await run(tombstone, ['--days', '365', '--save', 'saved', '--json'])).stdout) as Plan;
      const blockers = plan.findings.filter(({ level }) => level === 'blocker');
      expect(blockers.map(({ id }) => id)).toEqual(['parted-sides']);
      expect([...(blockers[0]?.subjects ?? [])].sort()).toEqual(['DC1', 'DC2']);
      const evidence = blockers[0]?.evidence.join('\n');
      expect(evidence).toMatch(/^DC1 .*7,000 failures in a row.*refuses the other side \(8614\)/m);
      expect(evidence).toMatch(/^DC2 .*12 failures in a row.*refuses the other side \(8614\)/m);
      expect(plan.findings.map(({ id }) => id)).toContain('refused-partners');

      const steps = await readFile(path.join(folder, 'saved', 'next-steps.txt'), 'utf8');
      for (const [reference, target] of [
        [dc1.host, dc2.host],
        [dc2.host, dc1.host],
      ] as const) {
        expect(steps).toMatch(
          new RegExp(`lingering --server ${reference} .*--reference ${reference} --target ${target}`),
        );
        expect(steps).toContain(`repadmin /regkey ${reference} +allowDivergent`);
        expect(steps).toContain(`repadmin /regkey ${reference} -allowDivergent`);
      }

      expect(await run(tombstone, ['--days', '365', '--yes'])).toMatchObject({ status: 3 });
      const accepted = await run(tombstone, ['--days', '365', '--yes', '--accept', 'parted-sides']);
      expect(accepted.status).toBe(0);
      expect(accepted.stdout).toMatch(/These DCs do not receive the value\s+by\s+replication: dc2\.corp\.example\.com/);
      expect([await lifetimeOn(dc1), await lifetimeOn(dc2)]).toEqual(['365', '180']);
      // The undo is a lowering, under which the two are parted again.
      const undoing = [await onlyChange(folder), '--yes', '--accept', 'parted-past-new-lifetime'];
      expect(await run(undo, undoing)).toMatchObject({ status: 0 });
      expect([await lifetimeOn(dc1), await lifetimeOn(dc2)]).toEqual(['180', '180']);
    });

    test('reports the state of one that is down as unknown, and is not held up by it', async () => {
      await dcs.dc2.pause();
      try {
        const folder = await freshFolder();
        const { dc1, dc2 } = dcs;
        const dns = await startDnsServer({ addresses: { [dc1.host]: dc1.address, [dc2.host]: dc2.address } });
        const args = ['--days', '365', '--json', '--server', dc1.host, '--dns', dns, '--ca', dc1.caFile];
        const world = { currentFolder: folder, env: { ADSI_REMEDY_PASSWORD: dc1.adminPassword } };
        const result = await runCommand(tombstone, [...args, '--user', forest.adminUser], world);
        expect(result.status).toBe(2);
        const { findings } = JSON.parse(result.stdout) as Plan;
        const silent = findings.find(({ id }) => id === 'unreachable-dcs');
        expect(silent?.subjects).toEqual(['DC2']);
        expect(silent?.evidence[0]).toContain('DC2: nothing listens on that port (ECONNREFUSED)');
      } finally {
        await dcs.dc2.resume();
      }
    });
  },
  { namespaces: true },
);
