import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Plan, RemoveLingeringChange } from '../../src/change/plan.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { run as show } from '../../src/commands/show.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { readLdifEntries } from '../../src/ldif/ldif-reader.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { type PracticeSite, practiceSite } from '../support/practice-site.ts';
import { answering } from '../support/prompter-double.ts';
import { remedyCommand } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';

const lingering = remedyCommand('lingering');
const domain = 'DC=corp,DC=example,DC=com';
const kept = ['CN=Pilot Kiosk', 'CN=Pilot Scanner'].map((name) => `${name},OU=Pilot,${domain}`);

const fromDc1 = ['--reference', 'dc1', '--partition', domain];

function planOf({ stdout }: CommandRun): Plan<RemoveLingeringChange> {
  return JSON.parse(stdout) as Plan<RemoveLingeringChange>;
}

describe('a dry run', () => {
  test('exits 2 if lingering objects are found, and lists them leaf first', async () => {
    const site = await practiceSite();
    const result = await site.run(lingering, [...fromDc1, '--json']);
    expect(result.status).toBe(2);
    const { changes } = planOf(result);
    expect(changes.map(({ dn }) => dn)).toEqual([...kept, `OU=Pilot,${domain}`]);
    expect(changes).toMatchObject(
      Array(3).fill({ on: 'dc3.corp.example.com', reference: { host: 'dc1.corp.example.com' } }),
    );
  });

  test('exits 1 if none is found and something is not provable, as with a DC that does not answer', async () => {
    const site = await practiceSite();
    const configuration = `CN=Configuration,${domain}`;
    const result = await site.run(lingering, ['--reference', 'dc1', '--partition', configuration, '--json']);
    expect(result.status).toBe(1);
    expect(planOf(result).findings.map(({ id }) => id)).toContain('not-provable');
  });

  test('shows the evidence on every DC and the matrix DC by partition', async () => {
    const site = await practiceSite();
    const { stdout } = await site.run(lingering, fromDc1);
    expect(stdout).toMatch(/DC3 +Paramaribo +72 days, of DC4 +1,727/);
    expect(stdout).toMatch(/last backup .* oldest tombstone .* newest change of its own/);
    expect(stdout).toMatch(/DC2 +none/);
    expect(stdout).toMatch(/DC3 +3 objects/);
    expect(stdout).toMatch(/DC4 +not provable/);
    expect(stdout).toContain('3 lingering objects to hand over');
  });

  test.each([
    ['a reference that the forest does not have', ['--reference', 'dc9']],
    ['a target that is the reference', [...fromDc1, '--target', 'dc1']],
    ['a partition that the forest does not have', ['--reference', 'dc1', '--partition', 'DC=other']],
    ['no reference, where no question can be asked', []],
  ])('exits 64 for %s', async (_, args) => {
    const site = await practiceSite();
    expect(await site.run(lingering, args)).toMatchObject({ status: 64 });
  });

  test('exits 64 on an export, which is the copy of one DC', async () => {
    const folder = await freshFolder();
    const configuration = `CN=Configuration,${domain}`;
    await writeFile(path.join(folder, 'export.ldf'), `dn: ${configuration}\nobjectClass: configuration\n`);
    const args = ['--ldif', 'export.ldf', '--reference', 'dc1'];
    const result = await runCommand(lingering, args, { currentFolder: folder });
    expect(result.status).toBe(64);
    expect(result.stderr).toContain('two have to be compared');
  });
});

describe('the change folder', () => {
  async function saved(): Promise<{ readonly site: PracticeSite; readonly text: (name: string) => Promise<string> }> {
    const site = await practiceSite();
    expect(await site.run(lingering, [...fromDc1, '--save', 'change'])).toMatchObject({ status: 2 });
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
  });

  test('keeps every attribute of every object', async () => {
    const { text } = await saved();
    const records: (readonly [dn: string, attributes: readonly string[]])[] = [];
    for await (const { dn, attributes } of readLdifEntries(await text(path.join('backup', 'before.ldf')), 'before')) {
      records.push([dn, attributes.map(({ name }) => name)]);
    }
    expect(records.map(([dn]) => dn)).toEqual([...kept, `OU=Pilot,${domain}`]);
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
  });

  test('is looked at again by apply, which exits 3 with the commands while objects are left', async () => {
    const { site } = await saved();
    const before = await readdir(path.join(site.folder, 'change'));
    const result = await site.run(apply, ['change', '--yes']);
    expect(result.status).toBe(3);
    expect(result.stdout + result.stderr).toContain('repadmin /removelingeringobjects dc3.corp.example.com');
    expect(await readdir(path.join(site.folder, 'change'))).toEqual(before);
  });

  test('has a review that speaks of looking again, and of no undo', async () => {
    const { text } = await saved();
    const paper = await text('review.txt');
    expect(paper).toContain('How to carry it out');
    expect(paper).toMatch(/Look again {2}.*apply change/);
    expect(paper).not.toMatch(/^ {2}(Apply|Undo) /m);
    const page = await text('review.html');
    expect(page).toContain('<h3>Look again</h3>');
    for (const untrue of ['--only', '<h3>Undo</h3>', 'journal.jsonl', 'read again by its objectGUID']) {
      expect(page).not.toContain(untrue);
    }
  });

  test('is kept as evidence also where nothing was found', async () => {
    const site = await practiceSite();
    const configuration = `CN=Configuration,${domain}`;
    const result = await site.run(lingering, ['--reference', 'dc1', '--partition', configuration, '--save', 'none']);
    expect(result.status).toBe(1);
    const plan = JSON.parse(await readFile(path.join(site.folder, 'none', 'plan.json'), 'utf8')) as Plan;
    expect(plan.changes).toEqual([]);
    const page = await readFile(path.join(site.folder, 'none', 'review.html'), 'utf8');
    expect(page).toMatch(/Nothing to change<\/strong> Read the 1 warning before you approve/);
    expect(await site.run(show, ['none'])).toMatchObject({ status: 0 });
    expect(await site.run(apply, ['none'])).toMatchObject({ status: 1 });
  });

  test('can be shown, and cannot be undone: nothing was written', async () => {
    const { site } = await saved();
    expect(await site.run(show, ['change'])).toMatchObject({ status: 0 });
    const result = await site.run(undo, ['change']);
    expect(result.status).toBe(3);
    expect(result.stderr).toContain('writes nothing');
  });
});

test('--yes saves the list and exits 3, as this tool removes nothing', async () => {
  const site = await practiceSite();
  const result = await site.run(lingering, [...fromDc1, '--yes']);
  expect(result.status).toBe(3);
  const [name = ''] = await readdir(path.join(site.folder, 'changes'));
  expect(await readdir(path.join(site.folder, 'changes', name))).toContain('change.ldf');
});

test('the wizard asks for the reference, the targets and the partitions, and offers to save the list', async () => {
  const site = await practiceSite();
  const prompter = answering({
    'lingering.reference': 'DC1',
    'lingering.targets': ['DC3'],
    'lingering.partitions': [domain],
    decision: 'nothing',
  });
  const result = await site.run(lingering, [], prompter);
  prompter.verifyAllAsked();
  expect(result.status).toBe(2);
  expect(result.stdout).toContain('3 lingering objects to hand over');
});

test('the wizard offers to keep the evidence where nothing was found', async () => {
  const site = await practiceSite();
  const why = { reason: '', ticket: '' };
  const prompter = answering({ 'lingering.reference': 'DC1', 'lingering.targets': ['DC3'], decision: 'Save', ...why });
  const result = await site.run(lingering, ['--partition', `CN=Configuration,${domain}`], prompter);
  expect(result.status).toBe(1);
  const [name = ''] = await readdir(path.join(site.folder, 'changes'));
  expect(await readdir(path.join(site.folder, 'changes', name))).toContain('plan.json');
});
