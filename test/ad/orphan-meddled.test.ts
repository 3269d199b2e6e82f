import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { formatGuid } from '../../src/ad/entry.ts';
import type { DirectoryChange, Plan } from '../../src/change/plan.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { orphan } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import type { DomainController } from './lab/domain-controller.ts';
import { forest } from './lab/forest.ts';
import { add, type Change, replace } from './lab/ldif.ts';
import { startOneDomainController } from './lab/one-dc.ts';
import { type Contoso, contoso } from './scenario/contoso.ts';

/** What the server itself writes when an entry is edited, deleted or brought back. */
const ofServer = new Set(['usnchanged', 'usncreated', 'whenchanged', 'lastknownparent', 'dscorepropagationdata']);

/** One line a value: "dn | attribute: value", of everything below CN=Services and CN=Users. */
async function snapshot(dc: DomainController): Promise<ReadonlySet<string>> {
  const bases = [`CN=Services,${forest.configurationNamingContext}`, `CN=Users,${forest.domainNamingContext}`];
  const found = await Promise.all(bases.map((base) => dc.ldapsearch(['-b', base, '(objectClass=*)'])));
  const lines = found
    .flat()
    .flatMap((entry) =>
      entry.names
        .filter((name) => !ofServer.has(name))
        .flatMap((name) => entry.bytes(name).map((value) => `${entry.dn} | ${name}: ${value.toString('latin1')}`)),
    );
  return new Set(lines);
}

describeWithSamba('An orphan that another administrator edits between plan, apply and undo', () => {
  let dc: DomainController;
  let scene: Contoso;
  let folder: string;
  let before: ReadonlySet<string>;

  const run = (command: Parameters<typeof runCommand>[0], ...args: readonly string[]): Promise<CommandRun> =>
    runCommand(command, [...args, '--verbose', '--server', dc.address, '--ca', dc.caFile, '--user', dc.adminUser], {
      currentFolder: folder,
      env: { ADSI_REMEDY_PASSWORD: dc.adminPassword },
    });
  const save = (name: string, ...way: readonly string[]): Promise<CommandRun> => {
    const accepted = ['owned-databases', 'send-connector-source', 'expansion-server'].flatMap((id) => ['--accept', id]);
    return run(orphan, '--name', 'EX02', '--save', name, ...accepted, ...way);
  };

  beforeAll(async () => {
    scene = contoso({ now: new Date() });
    dc = await startOneDomainController({ changes: scene.changes });
    const { ex01, databases, mailboxes, referrers } = scene;
    await dc.ldapmodify([
      replace(mailboxes.cleo.dn, { homeMDB: databases.db01.dn, msExchHomeServerName: ex01.legacyExchangeDn }),
      replace(referrers.offlineAddressBook.dn, { offLineABServer: ex01.dn }),
      replace(scene.orphan.dn, { msExchMDBAvailabilityGroupLink: [] }),
    ]);
    before = await snapshot(dc);
  });
  afterAll(() => dc?.stop());
  beforeEach(async () => {
    folder = await freshFolder();
  });

  describe.each([
    ['by single deletes', []],
    ['by one request', ['--tree-delete']],
  ])('is deleted %s', (_, way) => {
    test.each<[string, () => Change, () => Change]>([
      [
        'a child has appeared',
        () => add(`CN=new,${scene.orphan.receiveConnectors}`, { objectClass: 'msExchSmtpReceiveConnector' }),
        () => ({ kind: 'delete', dn: `CN=new,${scene.orphan.receiveConnectors}` }),
      ],
      [
        'an entry was edited',
        () => replace(scene.orphan.smtpServer, { description: 'in use' }),
        () => replace(scene.orphan.smtpServer, { description: [] }),
      ],
    ])(
      'only as a whole, references included: not while %s, and completely afterwards',
      async (_what, meddle, takeBack) => {
        expect(await save('saved', ...way)).toMatchObject({ status: 2 });
        await dc.ldapmodify([meddle()]);
        const meddled = await snapshot(dc);
        const { status, stdout } = await run(apply, 'saved', '--confirm', 'EX02');
        expect(stdout).toMatch(/CN=new,|description is in use/);
        expect(status).toBe(3);
        expect(await snapshot(dc)).toEqual(meddled);
        await dc.ldapmodify([takeBack()]);
        expect(await run(apply, 'saved', '--confirm', 'EX02')).toMatchObject({ status: 0 });
        expect(await dc.exists(scene.orphan.dn)).toBe(false);
        expect(await run(undo, 'saved', '--yes')).toMatchObject({ status: 0 });
        expect(await snapshot(dc)).toEqual(before);
      },
    );

    test('and comes back, with all but a reference that was set anew', async () => {
      const { dn } = scene.referrers.distributionGroup;
      const attribute = 'msExchExpansionServerName';
      await save('saved', ...way);
      expect(await run(apply, 'saved', '--confirm', 'EX02')).toMatchObject({ status: 0 });
      await dc.ldapmodify([replace(dn, { [attribute]: '/o=x' })]);
      const { status, stdout } = await run(undo, 'saved', '--yes');
      expect(stdout).toContain('changed-since');
      const { legacyExchangeDn } = scene.orphan;
      expect(stdout).toContain(
        `${dn}: ${attribute} is /o=x now; before the change ${attribute} was ${legacyExchangeDn}`,
      );
      expect(status).toBe(0);
      const after = await snapshot(dc);
      expect([...before].filter((line) => !after.has(line))).toEqual([
        `${dn} | ${attribute.toLowerCase()}: ${legacyExchangeDn}`,
      ]);
      expect([...after].filter((line) => !before.has(line))).toEqual([`${dn} | ${attribute.toLowerCase()}: /o=x`]);
      await dc.ldapmodify([replace(dn, { [attribute]: legacyExchangeDn })]);
    });
  });

  test('is not brought back from the tombstone of another entry, whose objectGUID a forged plan gives', async () => {
    const victim = `CN=Kept Group,CN=Users,${forest.domainNamingContext}`;
    await dc.ldapmodify([add(victim, { objectClass: 'group', sAMAccountName: 'Kept Group' })]);
    const [entry] = await dc.ldapsearch(['-b', victim, '-s', 'base', 'objectGUID']);
    const guid = formatGuid(entry?.bytes('objectGUID')[0] ?? Buffer.alloc(16));
    await dc.ldapmodify([{ kind: 'delete', dn: victim }]);
    expect((await save('forged')).status).toBe(2);
    expect((await run(apply, 'forged', '--yes', '--confirm', 'EX02')).status).toBe(0);
    const file = path.join(folder, 'forged', 'plan.json');
    const journal = path.join(folder, 'forged', 'journal.jsonl');
    const plan = JSON.parse(await readFile(file, 'utf8')) as Plan<DirectoryChange>;
    const changes = plan.changes.map(
      (change): DirectoryChange =>
        change.kind === 'delete' && change.dn === scene.orphan.dn ? { ...change, guid } : change,
    );
    const edited = sealPlan({ ...plan, changes, subject: { dn: scene.orphan.dn, guid } });
    await writeFile(file, JSON.stringify(edited));
    await writeFile(journal, (await readFile(journal, 'utf8')).replaceAll(plan.seal, edited.seal));
    const forged = await run(undo, 'forged', '--yes', '--seal', edited.seal, '--accept', 'rights-from-plan');
    expect(forged.status).toBe(3);
    expect(forged.stderr).toContain('An objectGUID of the plan belongs to another entry');
    expect(await dc.exists(victim)).toBe(false);
    expect(await dc.exists(scene.orphan.dn)).toBe(false);
    await writeFile(file, JSON.stringify(plan));
    await writeFile(journal, (await readFile(journal, 'utf8')).replaceAll(edited.seal, plan.seal));
    expect((await run(undo, 'forged', '--yes')).status).toBe(0);
    expect(await dc.exists(scene.orphan.dn)).toBe(true);
  });
});
