/** An orphan plan that someone edited and sealed again, with a journal of theirs: the directory stays as it is. */

import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { guidOf } from '../../src/ad/entry.ts';
import type { DirectoryChange, Plan } from '../../src/change/plan.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { descriptor } from '../support/descriptors.ts';
import { siteInMemory } from '../support/practice-site.ts';
import { orphan } from '../support/remedy-commands.ts';

const domain = 'DC=corp,DC=example,DC=com';
/** A mailbox of Exchange's own, in a database of a server that is alive. */
const mailbox = `CN=SystemMailbox{1f05a927-7a2c-4f2d-9b3e-6c1d0b5e8a41},CN=Users,${domain}`;
const accepted = ['owned-databases', 'replication-past-lifetime', 'send-connector-source'].flatMap((id) => [
  '--accept',
  id,
]);

test('does not move on to a mailbox of another server, even if a journal says that the change before it is done', async () => {
  const site = await siteInMemory();
  expect((await site.run(orphan, ['--name', 'EX04', '--save', 'change', ...accepted])).status).toBe(2);
  const file = path.join(site.folder, 'change', 'plan.json');
  const plan = JSON.parse(await readFile(file, 'utf8')) as Plan<DirectoryChange>;
  const held = () => site.withSession((session) => session.readEntry(mailbox, ['objectGUID', 'homeMDB']));
  const before = await held();
  const database = before?.attributes.get('homemdb')?.values.map(String) ?? [];
  expect(database).toHaveLength(1);
  const removal = (attribute: string, remove: readonly string[]): DirectoryChange => ({
    kind: 'modify',
    dn: mailbox,
    guid: before === undefined ? '' : (guidOf(before, 'objectGUID') ?? ''),
    edits: [{ attribute, remove, add: [] }],
  });
  const edited = sealPlan({
    ...plan,
    changes: [removal('homeMTA', ['CN=none']), removal('homeMDB', database), ...plan.changes],
  });
  await writeFile(file, JSON.stringify(edited));
  const time = '2026-11-22T12:00:00.000Z';
  const records = [
    { seq: 1, time, event: 'begin', plan: plan.id, seal: edited.seal },
    { seq: 2, time, event: 'intent', plan: plan.id, change: 0, on: mailbox },
    { seq: 3, time, event: 'done', plan: plan.id, change: 0, on: mailbox },
  ];
  await writeFile(
    path.join(site.folder, 'change', 'journal.jsonl'),
    records.map((record) => `${JSON.stringify(record)}\n`).join(''),
  );
  const run = await site.run(apply, ['change', '--yes', '--confirm', 'EX04']);
  expect(run.status).toBe(3);
  expect(run.stderr).toContain('not-of-this-remedy');
  expect((await held())?.attributes.get('homemdb')?.values.map(String)).toEqual(database);
});

test('continues if an entry is gone that its journal does not record as done: the run was killed in between', async () => {
  const site = await siteInMemory();
  const also = ['--also', 'databases', ...accepted.slice(2)];
  expect((await site.run(orphan, ['--name', 'EX04', '--save', 'change', ...also])).status).toBe(2);
  const plan = JSON.parse(
    await readFile(path.join(site.folder, 'change', 'plan.json'), 'utf8'),
  ) as Plan<DirectoryChange>;
  const database = plan.changes.find(({ kind, dn }) => kind === 'delete' && dn.startsWith('CN=Mailbox Database'));
  await site.withSession((session) => session.delete(database?.dn ?? ''));
  const run = await site.run(apply, ['change', '--yes', '--confirm', 'EX04']);
  expect(run.stderr).toBe('');
  expect(run.status).toBe(0);
});

test('changes nothing for a server that never existed, even if the plan gives it the name of a live one', async () => {
  const site = await siteInMemory();
  expect((await site.run(orphan, ['--name', 'EX04', '--save', 'change', ...accepted])).status).toBe(2);
  const file = path.join(site.folder, 'change', 'plan.json');
  const plan = JSON.parse((await readFile(file, 'utf8')).replaceAll('EX04', 'EX99')) as Plan<DirectoryChange>;
  const named = () => site.withSession((session) => session.readEntry(mailbox, ['objectGUID', 'msExchHomeServerName']));
  const before = await named();
  const [name = ''] = before?.attributes.get('msexchhomeservername')?.values.map(String) ?? [];
  expect(name).toMatch(/^\/o=/);
  const changes = plan.changes.flatMap((change): readonly DirectoryChange[] => {
    if (change.kind !== 'delete' || !change.dn.startsWith('CN=EX99,')) return [];
    const others = change.attributes.filter((attribute) => attribute.name !== 'legacyExchangeDN');
    return [{ ...change, children: [], attributes: [...others, { name: 'legacyExchangeDN', values: [name] }] }];
  });
  const removal: DirectoryChange = {
    kind: 'modify',
    dn: mailbox,
    guid: before === undefined ? '' : (guidOf(before, 'objectGUID') ?? ''),
    edits: [{ attribute: 'msExchHomeServerName', remove: [name], add: [] }],
  };
  await writeFile(file, JSON.stringify(sealPlan({ ...plan, changes: [removal, ...changes] })));
  const run = await site.run(apply, ['change', '--yes', '--confirm', 'EX99']);
  expect(run.stderr).toContain('server-gone');
  expect(run.status).toBe(3);
  expect((await named())?.attributes.get('msexchhomeservername')?.values.map(String)).toEqual([name]);
});

test('gives no account rights that were put into a plan after it was applied, unless they are accepted in words', async () => {
  const site = await siteInMemory();
  const saved = ['--name', 'EX04', '--save', 'change', ...accepted];
  expect((await site.run(orphan, saved)).status).toBe(2);
  expect((await site.run(apply, ['change', '--yes', '--confirm', 'EX04'])).status).toBe(0);
  const file = path.join(site.folder, 'change', 'plan.json');
  const plan = JSON.parse(await readFile(file, 'utf8')) as Plan<DirectoryChange>;
  const server = plan.subject?.dn ?? '';
  const forged = descriptor({ dacl: [{ mask: 0xf01ff, sid: 'S-1-1-0' }] });
  const values = [{ base64: forged.toString('base64') }];
  const changes = plan.changes.map((change): DirectoryChange => {
    if (change.kind !== 'delete' || change.dn !== server) return change;
    const others = change.attributes.filter(({ name }) => name !== 'nTSecurityDescriptor');
    return { ...change, attributes: [...others, { name: 'nTSecurityDescriptor', values }] };
  });
  const edited = sealPlan({ ...plan, changes });
  await writeFile(file, JSON.stringify(edited));
  const journal = path.join(site.folder, 'change', 'journal.jsonl');
  await writeFile(journal, (await readFile(journal, 'utf8')).replaceAll(plan.seal, edited.seal));

  const refused = await site.run(undo, ['change', '--yes']);
  expect(refused.status).toBe(3);
  expect(refused.stderr).toContain('--accept rights-from-plan');
  expect(refused.stdout).toContain('+ nTSecurityDescriptor:: allow Everyone (S-1-1-0): full control');
  expect(refused.stdout).toContain('The plan gives rights to 1 entry');

  await site.run(undo, ['change', '--save', 'back']);
  expect((await site.run(apply, ['back', '--yes'])).status).toBe(3);
  const review = await readFile(path.join(site.folder, 'back', 'review.txt'), 'utf8');
  expect(review).toContain('+ nTSecurityDescriptor:: allow Everyone (S-1-1-0): full control');
  expect(await readFile(path.join(site.folder, 'back', 'review.html'), 'utf8')).toContain(
    'allow Everyone (S-1-1-0): full control',
  );
  expect((await site.run(apply, ['back', '--yes', '--accept', 'rights-from-plan'])).status).toBe(0);
});

/** The change to delete EX04, applied. */
async function appliedSite() {
  const site = await siteInMemory();
  expect((await site.run(orphan, ['--name', 'EX04', '--save', 'change', ...accepted])).status).toBe(2);
  expect((await site.run(apply, ['change', '--yes', '--confirm', 'EX04'])).status).toBe(0);
  const folder = path.join(site.folder, 'change');
  /** Edits a plan, seals it, and has its journal say that it was this one. */
  const edit = async (change: (plan: Plan<DirectoryChange>) => Partial<Plan<DirectoryChange>>, at = folder) => {
    const file = path.join(at, 'plan.json');
    const plan = JSON.parse(await readFile(file, 'utf8')) as Plan<DirectoryChange>;
    const edited = sealPlan({ ...plan, ...change(plan) });
    await writeFile(file, JSON.stringify(edited));
    const journal = path.join(at, 'journal.jsonl');
    const text = await readFile(journal, 'utf8').catch(() => '');
    if (text !== '') await writeFile(journal, text.replaceAll(plan.seal, edited.seal));
    return edited;
  };
  return { site, folder, edit };
}

test('ignores an acceptance of rights in an undo that was handed over, unless its seal is given', async () => {
  const { site, edit } = await appliedSite();
  const forged = descriptor({ dacl: [{ mask: 0xf01ff, sid: 'S-1-1-0' }] });
  await edit(({ changes, subject }) => ({
    changes: changes.map((change): DirectoryChange => {
      if (change.kind !== 'delete' || change.dn !== subject?.dn) return change;
      const others = change.attributes.filter(({ name }) => name !== 'nTSecurityDescriptor');
      const values = [{ base64: forged.toString('base64') }];
      return { ...change, attributes: [...others, { name: 'nTSecurityDescriptor', values }] };
    }),
  }));
  const saved = await site.run(undo, ['change', '--save', 'back', '--accept', 'rights-from-plan']);
  const { seal } = JSON.parse(await readFile(path.join(site.folder, 'back', 'plan.json'), 'utf8')) as Plan;
  expect(saved.stdout).toContain(`--seal ${seal.slice(0, 32)}`);
  const refused = await site.run(apply, ['back', '--yes']);
  expect(refused.status).toBe(3);
  expect(refused.stderr).toContain('rights-from-plan was accepted in the plan');
  expect((await site.run(apply, ['back', '--yes', '--seal', seal])).status).toBe(0);
});

test('brings back no tombstone but that of the entry which the plan shows', async () => {
  const { site, edit } = await appliedSite();
  const other = 'CN=Kept,CN=Users,DC=corp,DC=example,DC=com';
  const guid = await site.withSession(async (session) => {
    const values = [Buffer.from('container')];
    await session.add(other, [{ name: 'objectClass', values }]);
    const found = await session.readEntry(other, ['objectGUID']);
    await session.delete(other);
    return found === undefined ? '' : (guidOf(found, 'objectGUID') ?? '');
  });
  await edit(({ changes }) => ({
    changes: changes.map(
      (change): DirectoryChange =>
        change.kind === 'delete' && change.children.length === 0 ? { ...change, guid } : change,
    ),
  }));
  const refused = await site.run(undo, ['change', '--yes', '--accept', 'rights-from-plan']);
  expect(refused.status).toBe(3);
  expect(refused.stderr).toContain('An objectGUID of the plan belongs to another entry');
});

test('deletes nothing by the undo of an undo that was not accepted', async () => {
  const { site, folder } = await appliedSite();
  expect((await site.run(undo, ['change', '--yes', '--accept', 'rights-from-plan'])).status).toBe(0);
  const { subject } = JSON.parse(await readFile(path.join(folder, 'plan.json'), 'utf8')) as Plan;
  const server = () => site.withSession((session) => session.readEntry(subject?.dn ?? '', ['1.1']));
  const [name = ''] = (await readdir(folder)).filter((one) => one.endsWith('-undo'));
  const again = await site.run(undo, [path.join('change', name), '--yes']);
  expect(again.status).toBe(3);
  expect(again.stderr).toContain('--accept deletes-from-plan');
  expect(await server()).toBeDefined();
});

test('does not continue a change that was edited after it was begun', async () => {
  const { site, folder } = await appliedSite();
  const file = path.join(folder, 'plan.json');
  const plan = JSON.parse(await readFile(file, 'utf8')) as Plan;
  await writeFile(file, JSON.stringify(sealPlan({ ...plan, reason: 'another' })));
  const run = await site.run(apply, ['change', '--yes', '--confirm', 'EX04']);
  expect(run.status).toBe(3);
  expect(run.stderr).toContain('it was edited after applying it began');
});
