import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { guidOf } from '../../src/ad/entry.ts';
import type { Plan, RemoveLingeringChange } from '../../src/change/plan.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { run as apply } from '../../src/commands/apply.ts';
import type { Context } from '../../src/commands/context.ts';
import { run as show } from '../../src/commands/show.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { describePlan } from '../../src/commands/world.ts';
import { readLdifEntries } from '../../src/ldif/ldif-reader.ts';
import { remedies } from '../../src/remedies/index.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { type PracticeSite, siteInMemory } from '../support/practice-site.ts';
import { answering } from '../support/prompter-double.ts';
import { remedyCommand } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';

const lingering = remedyCommand('lingering');
const domain = 'DC=corp,DC=example,DC=com';
const kept = ['CN=Pilot Kiosk', 'CN=Pilot Scanner'].map((name) => `${name},OU=Pilot,${domain}`);

const fromDc1 = ['--reference', 'dc1', '--partition', domain];
/** DC4 of the practice forest does not answer. */
const confirmed = [...fromDc1, '--accept', 'silent-dc'];

function planOf({ stdout }: CommandRun): Plan<RemoveLingeringChange> {
  return JSON.parse(stdout) as Plan<RemoveLingeringChange>;
}

describe('a dry run', () => {
  test('exits 2 if lingering objects are found, and lists them leaf first', async () => {
    const site = await siteInMemory();
    const result = await site.run(lingering, [...fromDc1, '--json']);
    expect(result.status).toBe(2);
    const { changes } = planOf(result);
    expect(changes.map(({ dn }) => dn)).toEqual([...kept, `OU=Pilot,${domain}`]);
    expect(changes).toMatchObject(
      Array(3).fill({ on: 'dc3.corp.example.com', reference: { host: 'dc1.corp.example.com' } }),
    );
  });

  test('exits 1 if none is found and something is not provable, as with a DC that does not answer', async () => {
    const site = await siteInMemory();
    const configuration = `CN=Configuration,${domain}`;
    const result = await site.run(lingering, ['--reference', 'dc1', '--partition', configuration, '--json']);
    expect(result.status).toBe(1);
    expect(planOf(result).findings.map(({ id }) => id)).toContain('not-provable');
  });

  test('exits 1 if only a DC that is no target has lingering objects, and names it', async () => {
    const site = await siteInMemory();
    const args = ['--reference', 'dc1', '--target', 'dc2', '--partition', domain, '--json'];
    const result = await site.run(lingering, args);
    expect(result.status).toBe(1);
    const { changes, findings } = planOf(result);
    expect(changes).toEqual([]);
    expect(findings.find(({ id }) => id === 'others-not-clean')?.subjects).toEqual(['DC3']);
  });

  test('shows the evidence on every DC and the matrix DC by partition', async () => {
    const site = await siteInMemory();
    const { stdout } = await site.run(lingering, fromDc1);
    expect(stdout).toMatch(/DC3 +Paramaribo +72 days ago, from DC4 +1,727/);
    expect(stdout).toMatch(/last backup .* oldest tombstone .* newest change made on it/);
    expect(stdout).toMatch(/DC2 +none/);
    expect(stdout).toMatch(/DC3 +3 objects/);
    expect(stdout).toMatch(/DC4 +not provable/);
    expect(stdout).toContain('3 objects to hand over');
    expect(stdout).toMatch(/Objects by verdict\n.*Lingering +Changed since\n +DC3 +DC1 +corp\.example\.com +3 +1/);
    expect(stdout).not.toContain('objectGUID 79c2bbc4');
  });

  test('shows with --verbose the class of every object, where it comes from, and that it was changed', async () => {
    const site = await siteInMemory();
    const { stdout } = await site.run(lingering, [...fromDc1, '--verbose']);
    expect(stdout).toMatch(
      /CN=Pilot Scanner,\S+ +user +DC3 +DC1\n +objectGUID 79c2bbc4\S+, created \d{4}-\d\d-\d\d by DC1\n +changed since/,
    );
  });

  test.each([
    ['a reference that the forest does not have', ['--reference', 'dc9']],
    ['a target that is the reference', [...fromDc1, '--target', 'dc1']],
    ['a partition that the forest does not have', ['--reference', 'dc1', '--partition', 'DC=other']],
    ['no reference, where no question can be asked', []],
  ])('exits 64 for %s', async (_, args) => {
    const site = await siteInMemory();
    expect(await site.run(lingering, args)).toMatchObject({ status: 64 });
  });

  test('exits 64 on an export, which is the copy of one DC', async () => {
    const folder = await freshFolder();
    const configuration = `CN=Configuration,${domain}`;
    await writeFile(path.join(folder, 'export.ldf'), `dn: ${configuration}\nobjectClass: configuration\n`);
    const args = ['--ldif', 'export.ldf', '--reference', 'dc1'];
    const result = await runCommand(lingering, args, { currentFolder: folder });
    expect(result.status).toBe(64);
    expect(result.stderr).toContain('two are needed to compare');
  });
});

describe('the change folder', () => {
  async function saved(): Promise<{ readonly site: PracticeSite; readonly text: (name: string) => Promise<string> }> {
    const site = await siteInMemory();
    expect(await site.run(lingering, [...confirmed, '--save', 'change'])).toMatchObject({ status: 2 });
    return { site, text: (name) => readFile(path.join(site.folder, 'change', name), 'utf8') };
  }

  test('has an operation of the rootDSE for each object, by GUID, and says what must be compared first', async () => {
    const { text } = await saved();
    const ldif = await text('change.ldf');
    expect(ldif).toContain('# Removes 3 lingering objects from dc3.corp.example.com');
    expect(ldif).toContain('/advisory_mode must have given this list');
    const lines = ldif.replaceAll('\n ', '').matchAll(/^removeLingeringObject:: (.*)$/gm);
    const values = [...lines].map(([, value = '']) => Buffer.from(value, 'base64').toString());
    const { changes } = JSON.parse(await text('plan.json')) as Plan<RemoveLingeringChange>;
    expect(values).toEqual(changes.map(({ guid, reference }) => `<GUID=${reference.dsaGuid}>:<GUID=${guid}>`));
    expect(values).toHaveLength(3);
    expect(ldif).toContain('# ldifde -i -s dc3.corp.example.com -f change.ldf\n');
  });

  test('has neither operations nor commands while a DC that is silent is not confirmed to be out of use', async () => {
    const site = await siteInMemory();
    expect(await site.run(lingering, [...fromDc1, '--save', 'change'])).toMatchObject({ status: 2 });
    for (const name of ['change.ldf', 'next-steps.txt', 'review.txt', 'review.html']) {
      const text = await readFile(path.join(site.folder, 'change', name), 'utf8');
      expect(text).not.toMatch(/^removeLingeringObject|repadmin \/removelingeringobjects dc3|ldifde -i/m);
    }
    expect(await site.run(apply, ['change', '--accept', 'silent-dc'])).toMatchObject({
      status: 3,
      stdout: expect.stringContaining('repadmin /removelingeringobjects dc3.corp.example.com'),
    });
  });

  test('keeps every attribute of every object', async () => {
    const { text } = await saved();
    const records: (readonly [dn: string, attributes: readonly string[]])[] = [];
    for await (const { dn, attributes } of readLdifEntries(await text(path.join('backup', 'before.ldf')), 'before')) {
      records.push([dn, attributes.map(({ name }) => name)]);
    }
    expect(records.map(([dn]) => dn)).toEqual([...kept, `OU=Pilot,${domain}`]);
    expect(await text(path.join('backup', 'before.ldf'))).not.toContain('undo');
    expect(records[1]?.[1]).toEqual(expect.arrayContaining(['description', 'objectSid', 'nTSecurityDescriptor']));
  });

  test('gives the commands of repadmin, first those that only list', async () => {
    const { text } = await saved();
    const steps = await text('next-steps.txt');
    const command =
      /repadmin \/removelingeringobjects dc3\.corp\.example\.com [0-9a-f-]{36} "DC=corp,DC=example,DC=com"/g;
    expect(steps.match(command)).toHaveLength(2);
    expect(steps.indexOf('/advisory_mode')).toBeGreaterThan(0);
    expect(steps).toContain('+allowDivergent');
    expect(steps).toContain('ldifde -i -s dc3.corp.example.com -f change.ldf');
    expect(steps.replace(/\s+/g, ' ')).toContain(
      `against dc1.corp.example.com in ${domain}: the 3 objects of this plan`,
    );
  });

  test('is looked at again by apply, which exits 3 with the commands while objects are left', async () => {
    const { site } = await saved();
    const before = await readdir(path.join(site.folder, 'change'));
    const result = await site.run(apply, ['change', '--yes']);
    expect(result.status).toBe(3);
    expect(result.stdout + result.stderr).toContain('repadmin /removelingeringobjects dc3.corp.example.com');
    expect(await readdir(path.join(site.folder, 'change'))).toEqual(before);
  });

  test.each(['--only', '--except'])('has no rows that apply could write: %s is wrong usage', async (flag) => {
    const { site } = await saved();
    const { status, stderr } = await site.run(apply, ['change', flag, '1']);
    expect(status).toBe(64);
    expect(stderr).toContain(`Leave out ${flag}.`);
  });

  test('of which an object is not lingering is refused by apply, which gives no command then', async () => {
    const { site, text } = await saved();
    const plan = JSON.parse(await text('plan.json')) as Plan<RemoveLingeringChange>;
    const living = `CN=Domain Admins,CN=Users,${domain}`;
    const [entry, ...others] = plan.changes;
    const { guid = '' } = await site.withSession(async (session) => {
      const found = await session.readEntry(living, ['objectGUID']);
      return { guid: found === undefined ? undefined : guidOf(found, 'objectGUID') };
    });
    if (entry === undefined) throw new Error('the plan has three objects');
    const changes = [{ ...entry, dn: living, guid }, ...others];
    await writeFile(path.join(site.folder, 'change', 'plan.json'), JSON.stringify(sealPlan({ ...plan, changes })));
    const { status, stdout } = await site.run(apply, ['change', '--yes']);
    expect(status).toBe(3);
    expect(stdout).toContain(`In the saved plan, but not found now: ${living}.`);
    expect(stdout).toContain(`Found now, but not in the saved plan: ${entry.dn}.`);
    expect(stdout).not.toMatch(/repadmin \/removelingeringobjects|ldifde/);
  });

  test.each([
    ['a DN', (change: RemoveLingeringChange) => ({ ...change, dn: `CN=Nobody,${domain}` })],
    ['a partition', (change: RemoveLingeringChange) => ({ ...change, namingContext: 'DC=example,DC=com' })],
  ])(
    'that shows %s that the object does not have is refused by apply, which gives no command then',
    async (_, edit) => {
      const { site, text } = await saved();
      const plan = JSON.parse(await text('plan.json')) as Plan<RemoveLingeringChange>;
      const changes = plan.changes.map((change, index) => (index === 0 ? edit(change) : change));
      await writeFile(path.join(site.folder, 'change', 'plan.json'), JSON.stringify(sealPlan({ ...plan, changes })));
      const { status, stdout } = await site.run(apply, ['change', '--yes']);
      expect(status).toBe(3);
      expect(stdout).toContain('In the saved plan, but not found now: ');
      expect(stdout).not.toMatch(/repadmin \/removelingeringobjects|ldifde/);
    },
  );

  test('has the steps drawn by apply from what it sees, not from those of the saved plan', async () => {
    const { site, text } = await saved();
    const plan = JSON.parse(await text('plan.json')) as Plan<RemoveLingeringChange>;
    const nextSteps = [{ id: 'replicate-again', hosts: ['evil.example.com'] }];
    await writeFile(path.join(site.folder, 'change', 'plan.json'), JSON.stringify(sealPlan({ ...plan, nextSteps })));
    await site.run(apply, ['change', '--yes']);
    expect(await text('next-steps.txt')).not.toContain('evil');
  });

  test('says that the names in its commands are those of the plan', async () => {
    const { text } = await saved();
    for (const name of ['next-steps.txt', 'review.txt', 'review.html']) {
      expect(await text(name)).toContain('The names in the commands come from the plan');
    }
  });

  test('has its LDIF drawn again before apply recommends it', async () => {
    const { site, text } = await saved();
    const drawn = await text('change.ldf');
    await writeFile(path.join(site.folder, 'change', 'change.ldf'), 'dn: CN=Users,DC=corp\nchangetype: delete\n');
    const dryRun = await site.run(apply, ['change', '--dry-run']);
    expect([dryRun.status, dryRun.stdout.includes('ldifde')]).toEqual([3, false]);
    const { stdout } = await site.run(apply, ['change', '--yes']);
    expect(stdout).toContain('ldifde -i -s dc3.corp.example.com -f change.ldf');
    expect(await text('change.ldf')).toBe(drawn);
  });

  test('that was blocked has its LDIF once apply has accepted the blocker', async () => {
    const site = await siteInMemory();
    await site.run(lingering, [...fromDc1, '--save', 'change']);
    await site.run(apply, ['change', '--accept', 'silent-dc']);
    expect(await readFile(path.join(site.folder, 'change', 'change.ldf'), 'utf8')).toContain('removeLingeringObject');
  });

  test('has a review that mentions another look, and no undo', async () => {
    const { text } = await saved();
    const paper = await text('review.txt');
    expect(paper).toContain('How to carry it out');
    expect(paper).toMatch(/Check again {2}.*apply change/);
    expect(paper).not.toMatch(/^ {2}(Apply|Undo) /m);
    // Counts first, the list behind.
    const places = [`3 objects in ${domain}`, 'Lingering objects by domain controller', 'hand over\r\n'];
    const order = places.map((words) => paper.indexOf(words));
    expect(order).toEqual(order.toSorted((one, other) => one - other));
    expect(Math.min(...order)).toBeGreaterThan(0);
    const page = await text('review.html');
    expect(page).toContain('<h3>Check again</h3>');
    for (const untrue of ['--only', '<h3>Undo</h3>', 'journal.jsonl', 'read again by its objectGUID']) {
      expect(page).not.toContain(untrue);
    }
  });

  test('is kept as evidence also where nothing was found', async () => {
    const site = await siteInMemory();
    const configuration = `CN=Configuration,${domain}`;
    const result = await site.run(lingering, ['--reference', 'dc1', '--partition', configuration, '--save', 'none']);
    expect(result.status).toBe(1);
    const plan = JSON.parse(await readFile(path.join(site.folder, 'none', 'plan.json'), 'utf8')) as Plan;
    expect(plan.changes).toEqual([]);
    const ldif = await readFile(path.join(site.folder, 'none', 'change.ldf'), 'utf8');
    expect(ldif).toContain('there is nothing to import');
    expect(ldif).not.toMatch(/ldifde|ldapmodify/);
    const page = await readFile(path.join(site.folder, 'none', 'review.html'), 'utf8');
    expect(page).toMatch(/Nothing to change<\/strong> Read the 1 warning before you approve/);
    expect(await site.run(show, ['none'])).toMatchObject({ status: 0 });
    expect(await site.run(apply, ['none'])).toMatchObject({ status: 1 });
  });

  test('can be shown, and cannot be undone: nothing was written', async () => {
    const { site } = await saved();
    const shown = await site.run(show, ['change']);
    expect(shown.status).toBe(0);
    expect(shown.stdout).toContain('To check again: ');
    expect(shown.stdout).not.toContain('Apply it with');
    expect(shown.stdout).toMatch(/^ *Targets +dc2\S+ · dc3\S+ · dc4/m);
    // What was asked for is not what was seen.
    expect(shown.stdout).toMatch(/^ *Not provable on +.*DC4/m);
    const result = await site.run(undo, ['change']);
    expect(result.status).toBe(3);
    expect(result.stderr).toContain('writes nothing');
  });
});

test('--yes saves the list and exits 3, as this tool removes nothing', async () => {
  const site = await siteInMemory();
  const result = await site.run(lingering, [...fromDc1, '--yes']);
  expect(result.status).toBe(3);
  const [name = ''] = await readdir(path.join(site.folder, 'changes'));
  expect(await readdir(path.join(site.folder, 'changes', name))).toContain('change.ldf');
});

test('the wizard asks for the reference, the targets and the partitions, and offers to save the list', async () => {
  const site = await siteInMemory();
  const prompter = answering({
    'lingering.reference': 'DC1',
    'lingering.targets': ['DC3'],
    'lingering.partitions': [domain],
    'accept.silent-dc': true,
    decision: 'nothing',
  });
  const result = await site.run(lingering, [], prompter);
  prompter.verifyAllAsked();
  expect(result.status).toBe(2);
  expect(result.stdout).toContain('3 objects to hand over');
});

test('the wizard offers to keep the evidence where nothing was found', async () => {
  const site = await siteInMemory();
  const why = { reason: '', ticket: '' };
  const prompter = answering({ 'lingering.reference': 'DC1', 'lingering.targets': ['DC3'], decision: 'Save', ...why });
  const result = await site.run(lingering, ['--partition', `CN=Configuration,${domain}`], prompter);
  expect(result.status).toBe(1);
  const [name = ''] = await readdir(path.join(site.folder, 'changes'));
  expect(await readdir(path.join(site.folder, 'changes', name))).toContain('plan.json');
});

describe('the command that other remedies print', () => {
  const context = {
    remedies,
    program: ['adsi-remedy'],
    platform: 'linux',
    currentFolder: '/work',
  } as unknown as Context;
  const server = { kind: 'server', host: '192.0.2.1', port: 3269, auth: 'password', tls: 'ldaps', user: 'me' } as const;
  const plan = {
    target: {
      kind: 'forest',
      configurationNamingContext: `CN=Configuration,${domain}`,
      objectGuid: '9c04206a-9a46-41df-b23b-f2b402ba789f',
      domainController: 'dc1.corp.example.com',
      connection: { ...server, tlsName: 'dc1.corp.example.com' },
    },
  } as unknown as Plan;

  /** The command for a reference, printed by a run that was given a --ca or not. */
  function commandFor(reference: string, caFile?: string): string {
    const describing: Parameters<typeof describePlan>[0]['remedy'] = {
      describe: (_, { objectComparison }) => {
        const command = objectComparison?.command({ reference, targets: ['dc2.corp.example.com'] }) ?? '';
        return { title: command, summary: [], changes: [], nextSteps: [] };
      },
    };
    return describePlan({ remedy: describing, plan, directory: { caFile } }, context).title;
  }

  test('repeats the trust of this run, and its address, port and name on the certificate where that is the same server', () => {
    expect(commandFor('dc1.corp.example.com', '/work/ca.pem')).toBe(
      'adsi-remedy lingering --server 192.0.2.1:3269 --ca ca.pem --tls-name dc1.corp.example.com --user me --reference dc1.corp.example.com --target dc2.corp.example.com',
    );
    expect(commandFor('dc2.corp.example.com', '/work/ca.pem')).toMatch(
      /--server dc2\.corp\.example\.com --ca ca\.pem --user/,
    );
    expect(commandFor('dc1.corp.example.com')).not.toContain('--ca');
  });
});
