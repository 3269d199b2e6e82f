/** A metadata plan that someone edited and sealed again, on its way through apply: the directory stays as it is. */

import { randomUUID } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Finding, finalBlocker } from '../../src/change/findings.ts';
import type { DeleteChange, DirectoryChange, Plan } from '../../src/change/plan.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { run as undoCommand } from '../../src/commands/undo.ts';
import {
  accepted,
  account,
  configuration,
  domain,
  metadata,
  record,
  type Site,
  siteWithDeadDc,
  zone,
} from '../remedies/metadata/dead-dc.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import type { CommandRun } from '../support/run-command.ts';

const leftOver = `CN=DC0,CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`;
const living = `CN=DC3,CN=Servers,CN=Paramaribo,CN=Sites,${configuration}`;
const livingAccount = `CN=DC2,OU=Domain Controllers,${domain}`;
const admins = `CN=Domain Admins,CN=Users,${domain}`;

type Edit = (plan: Plan<DirectoryChange>) => Partial<Plan<DirectoryChange>>;

/** Saves the plan to remove a DC, edits and seals it, and applies it. */
async function applied(site: Site, dc: string, confirm: string, edit: Edit): Promise<CommandRun> {
  expect((await site.run(metadata, ['--dc', dc, '--save', 'change', ...accepted])).status).toBe(2);
  const file = path.join(site.folder, 'change', 'plan.json');
  const plan = JSON.parse(await readFile(file, 'utf8')) as Plan<DirectoryChange>;
  await writeFile(file, JSON.stringify(sealPlan({ ...plan, ...edit(plan) })));
  return site.run(apply, ['change', '--yes', '--confirm', confirm]);
}

const subjectOf = ({ dn, guid }: DeleteChange) => ({ dn, guid });
/** What the entry is said to hold. */
const saying = (change: DeleteChange, name: string, ...values: readonly string[]): DeleteChange => ({
  ...change,
  attributes: [...change.attributes.filter((one) => one.name !== name), { name, values }],
});
const acceptedAlready = (id: string, subject: string): Finding => ({
  ...finalBlocker(id, '', '', { subjects: [subject] }),
  acceptable: true,
  accepted: true,
});

test('deletes no account of a domain controller that answers', async () => {
  const site = await siteWithDeadDc(await freshFolder());
  const victim = await site.deletionOf(livingAccount);
  const run = await applied(site, 'DC0', 'DC2', () => ({ subject: subjectOf(victim), changes: [victim] }));
  expect(run.status).toBe(3);
  expect(run.stderr).toContain('dc2.corp.example.com answers');
  expect(await site.there([livingAccount])).toEqual([livingAccount]);
});

test('deletes no domain controller that answers, however its DN is spelled', async () => {
  const site = await siteWithDeadDc(await freshFolder());
  const respelled = (change: DeleteChange): DeleteChange => ({ ...change, dn: change.dn.replace('CN=DC3', 'cn=dc3') });
  const [settings, server] = (
    await Promise.all([`CN=NTDS Settings,${living}`, living].map((dn) => site.deletionOf(dn)))
  ).map(respelled);
  if (settings === undefined || server === undefined) throw new Error('both are there');
  const run = await applied(site, 'DC0', 'dc3', ({ findings }) => ({
    subject: subjectOf(server),
    changes: [settings, { ...server, children: [settings.guid] }],
    findings: [...findings, acceptedAlready('promotion-only', 'dc3'), acceptedAlready('promotion-only', 'DC3')],
  }));
  expect(run.status).toBe(3);
  expect(run.stderr).toContain('dc3.corp.example.com answers');
  expect(await site.there([living])).toEqual([living]);
});

test('takes no other entry for the account of a domain controller, whatever the plan says that it holds', async () => {
  const site = await siteWithDeadDc(await freshFolder());
  const { attributes: _, ...group } = await site.deletionOf(admins);
  const attributes = [
    { name: 'objectClass', values: ['computer'] },
    { name: 'primaryGroupID', values: ['516'] },
  ];
  const victim = { ...group, attributes };
  const run = await applied(site, 'DC0', 'Domain Admins', () => ({ subject: subjectOf(victim), changes: [victim] }));
  expect(run.status).toBe(3);
  expect(run.stderr).toContain('not-of-this-remedy');
  expect(await site.there([admins])).toEqual([admins]);
});

test('takes no other entry for the Kerberos account of a read-only domain controller', async () => {
  const site = await siteWithDeadDc(await freshFolder());
  const group = await site.deletionOf(admins);
  const run = await applied(site, 'DC4', 'DC4', ({ changes }) => ({
    changes: changes.flatMap((change): readonly DirectoryChange[] =>
      change.kind === 'delete' && change.dn === account
        ? [saying(group, 'sAMAccountName', 'krbtgt_7'), saying(change, 'msDS-KrbTgtLink', admins)]
        : [change],
    ),
  }));
  expect(run.status).toBe(3);
  expect(run.stderr).toContain('not-of-this-remedy');
  expect(await site.there([admins, account])).toEqual([admins, account]);
});

test.each([
  ['value', 'description', 'restored by the undo'],
  ['name in DNS that is the server’s', 'dNSHostName', 'dc0.elsewhere.example.com'],
])('deletes nothing where an entry does not hold a %s that the plan shows', async (_, name, value) => {
  const site = await siteWithDeadDc(await freshFolder());
  const run = await applied(site, 'DC0', 'DC0', ({ changes }) => ({
    changes: changes.map((change) => (change.kind === 'delete' ? saying(change, name, value) : change)),
  }));
  expect(run.status).toBe(3);
  expect(run.stdout).toContain(`the plan expected ${value}`);
  expect(await site.there([leftOver])).toEqual([leftOver]);
});

test('is refused with the DNS name of another host, whose records would go', async () => {
  const site = await siteWithDeadDc(await freshFolder());
  const run = await applied(site, 'DC0', 'DC0', ({ changes }) => ({
    changes: changes.map((change) =>
      change.kind === 'delete' ? saying(change, 'dNSHostName', 'www.corp.example.com') : change,
    ),
  }));
  expect(run.status).toBe(3);
  expect(run.stderr).toContain(`Its DNS name www.corp.example.com is not that of ${leftOver}`);
});

describe('a made-up change with a journal that says that it was applied', () => {
  const reader = `CN=Administrator,CN=Users,${domain}`;
  const journalOf = ({ id, seal }: Plan, on: string): string =>
    ['begin', 'intent', 'done']
      .map((event, index) => ({
        seq: index + 1,
        time: '2026-11-22T09:00:00.000Z',
        event,
        plan: id,
        ...(event === 'begin' ? { seal } : { change: 0, on }),
      }))
      .map((record) => `${JSON.stringify(record)}\n`)
      .join('');

  /** Saves the plan with other changes, sealed, and a journal in which they are done. */
  async function madeUp(site: Site, folder: string, more: Partial<Plan<DirectoryChange>>): Promise<Plan> {
    const place = path.join(site.folder, folder);
    await cp(path.join(site.folder, 'change'), place, { recursive: true });
    const plan = JSON.parse(await readFile(path.join(place, 'plan.json'), 'utf8')) as Plan<DirectoryChange>;
    const sealed = sealPlan({ ...plan, ...more, id: randomUUID() });
    await writeFile(path.join(place, 'plan.json'), JSON.stringify(sealed));
    await writeFile(path.join(place, 'journal.jsonl'), journalOf(sealed, admins));
    return sealed;
  }

  const undoing = (plan: Plan, folder: string) => ({
    undoes: { id: plan.id, seal: plan.seal, folder: `../${folder}`, seq: 3 },
    findings: [],
    exhibits: [],
    nextSteps: [],
    leftOut: [],
  });

  test('is not undone, nor is its undo: they would give the values that the change never took', async () => {
    const site = await siteWithDeadDc(await freshFolder());
    await site.run(metadata, ['--dc', 'DC0', '--save', 'change']);
    const { guid } = await site.deletionOf(admins);
    const edit = (remove: readonly string[], add: readonly string[]): readonly DirectoryChange[] => [
      { kind: 'modify', dn: admins, guid, edits: [{ attribute: 'managedBy', remove, add }] },
    ];
    const original = await madeUp(site, 'made-up', { changes: edit([reader], []) });
    const undo = await madeUp(site, 'undo', { changes: edit([], [reader]), ...undoing(original, 'made-up') });
    await rm(path.join(site.folder, 'undo', 'journal.jsonl'));
    // What the undo of an undo takes its right from is that undo alone, and any edit is permitted there.
    const away = await madeUp(site, 'away', { changes: edit([reader], []), ...undoing(original, 'nowhere') });
    await madeUp(site, 'again', { changes: edit([], [reader]), ...undoing(away, 'away') });
    await rm(path.join(site.folder, 'again', 'journal.jsonl'));
    expect(undo.changes).toHaveLength(1);
    const runs = [
      await site.run(apply, ['undo', '--yes']),
      await site.run(apply, ['again', '--yes']),
      await site.run(undoCommand, ['made-up', '--yes']),
      await site.run(undoCommand, ['away', '--yes']),
    ];
    expect(runs.map(({ status }) => status)).toEqual([3, 3, 3, 3]);
    expect(await site.values(admins, 'managedBy')).toEqual([]);
  });
});

describe('the undo of a made-up undo', () => {
  const group = `CN=Servers of the branch,OU=Paramaribo,${domain}`;
  const journalOf = ({ id, seal, changes }: Plan): string =>
    [{ event: 'begin', seal }, ...changes.map((_, change) => ({ event: 'done', change }))]
      .map((record, index) => ({ seq: index + 1, time: '2026-11-22T09:00:00.000Z', plan: id, ...record }))
      .map((record) => `${JSON.stringify(record)}\n`)
      .join('');

  test.each([
    ['a group', group],
    ['the account of a living domain controller', livingAccount],
    ['another entry', `OU=Paramaribo,${domain}`],
  ])('does not delete %s that it never brought back', async (_, victim) => {
    const site = await siteWithDeadDc(await freshFolder());
    await site.run(metadata, ['--dc', 'DC0', '--save', 'change']);
    const folder = path.join(site.folder, 'change');
    const plan = JSON.parse(await readFile(path.join(folder, 'plan.json'), 'utf8')) as Plan<DirectoryChange>;
    const entry = await site.deletionOf(victim);
    const original = sealPlan({ ...plan, id: randomUUID(), changes: [...plan.changes, entry] });
    const made = sealPlan({
      ...original,
      id: randomUUID(),
      undoes: { id: original.id, seal: original.seal, folder: '..', seq: 9 },
      changes: [{ kind: 'undelete', dn: entry.dn, guid: entry.guid, tombstoneDn: 'CN=x,DC=x', attributes: [] }],
      findings: [],
      exhibits: [],
      nextSteps: [],
      leftOut: [],
    });
    await mkdir(path.join(folder, 'undo'));
    for (const [one, place] of [
      [original, folder],
      [made, path.join(folder, 'undo')],
    ] as const) {
      await writeFile(path.join(place, 'plan.json'), JSON.stringify(one));
      await writeFile(path.join(place, 'journal.jsonl'), journalOf(one));
    }
    for (const more of [[], ['--seal', made.seal]]) {
      expect((await site.run(undoCommand, ['change/undo', '--yes', ...more])).status).toBe(3);
    }
    expect(await site.there([victim])).toEqual([victim]);
  });
});

test('removes no DNS record of another host, whatever else the plan does to the same entry', async () => {
  const other = `DC=dc1,${zone}`;
  const site = await siteWithDeadDc(await freshFolder());
  const node = await site.deletionOf(other);
  const removal = (data: string): DirectoryChange => ({
    kind: 'modify',
    dn: node.dn,
    guid: node.guid,
    edits: [{ attribute: 'dnsRecord', remove: [{ base64: record('A', data).toString('base64') }], add: [] }],
  });
  // The first is done already: the entry holds no such record.
  const run = await applied(site, 'DC4', 'DC4', ({ changes }) => ({
    changes: [removal('10.0.0.99'), removal('10.0.0.1'), ...changes],
  }));
  expect(run.status).toBe(3);
  expect(run.stderr).toContain('not-of-this-remedy');
  expect(await site.values(other, 'dnsRecord')).toEqual([record('A', '10.0.0.1').toString('base64')]);
});

test('removes no DNS record for a domain controller that never was', async () => {
  const node = `DC=dc1,${zone}`;
  const site = await siteWithDeadDc(await freshFolder());
  const { dn, guid } = await site.deletionOf(node);
  const made: DirectoryChange = {
    kind: 'delete',
    dn: `CN=www,CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`,
    guid: randomUUID(),
    usnChanged: '1',
    children: [],
    attributes: [
      { name: 'objectClass', values: ['top', 'server'] },
      { name: 'dNSHostName', values: ['www.corp.example.com'] },
    ],
  };
  const edits = [{ attribute: 'dnsRecord', remove: [{ base64: record('A', '10.0.0.1').toString('base64') }], add: [] }];
  const run = await applied(site, 'DC0', 'www', () => ({
    subject: { dn: made.dn, guid: made.guid },
    changes: [{ kind: 'modify', dn, guid, edits }, made],
  }));
  expect(run.status).toBe(3);
  expect(run.stderr).toContain('dc-gone');
  expect(await site.values(node, 'dnsRecord')).toEqual([record('A', '10.0.0.1').toString('base64')]);
});
