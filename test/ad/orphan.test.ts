import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from './lab/command.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import type { DomainController } from './lab/domain-controller.ts';
import { forest } from './lab/forest.ts';
import { add, type Entry, replace } from './lab/ldif.ts';
import { startOneDomainController } from './lab/one-dc.ts';
import { startTwoDomainControllers, type TwoDomainControllers } from './lab/two-dcs.ts';
import { type Contoso, contoso, nastyStores, withoutBlockers } from './scenario/contoso.ts';
import { disallowDelete, enableRecycleBin } from './scenario/directory-service.ts';

const bin = path.join(import.meta.dirname, '../../bin/adsi-remedy.js');
const services = `CN=Services,${forest.configurationNamingContext}`;

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as a user runs it, on one DC, in a folder of its own. */
class Command {
  readonly folder: string;
  readonly #dc: DomainController;
  readonly #caFile: string;

  constructor(dc: DomainController, folder: string, caFile = dc.caFile) {
    this.#dc = dc;
    this.folder = folder;
    this.#caFile = caFile;
  }

  start(command: string, ...args: readonly string[]) {
    const dc = this.#dc;
    const connection = ['--server', dc.address, '--ca', this.#caFile, '--tls-name', dc.address, '--user', dc.adminUser];
    const given = args.includes('--user') ? connection.slice(0, -2) : connection;
    return spawn(process.execPath, [bin, command, ...given, '--verbose', ...args], {
      cwd: this.folder,
      env: { ...process.env, ADSI_REMEDY_PASSWORD: dc.adminPassword, NO_COLOR: '1' },
    });
  }

  async run(command: string, ...args: readonly string[]): Promise<Outcome> {
    const child = this.start(command, ...args);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.end();
    const [status] = await once(child, 'close');
    return { status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
  }

  async journal(folder: string): Promise<readonly { readonly event: string; readonly on?: string }[]> {
    const text = await readFile(path.join(this.folder, folder, 'journal.jsonl'), 'utf8').catch(() => '');
    // The last line may be being written.
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }
}

/** What a delete and its undo may leave different: what the server itself writes (README, "What undo can't bring back"). */
const notCompared = new Set(['usnchanged', 'usncreated', 'whenchanged', 'lastknownparent', 'dscorepropagationdata']);

/** Runs LDIF by OpenLDAP's client, as an administrator does who has a change folder and not this tool. */
async function ldapmodify(dc: DomainController, file: string): Promise<void> {
  const session = ['-x', '-H', `ldaps://${dc.address}`, '-D', dc.adminUser, '-y', dc.adminPasswordFile];
  await run('ldapmodify', [...session, '-f', file], { environment: { LDAPTLS_CACERT: dc.caFile } });
}

/** One line a value: "dn | attribute: value". */
type Snapshot = ReadonlySet<string>;

/** Everything below CN=Services and CN=Users, as ldapsearch shows it. */
async function snapshot(dc: DomainController): Promise<Snapshot> {
  const bases = [services, `CN=Users,${forest.domainNamingContext}`];
  const entries = await Promise.all(
    bases.map((base) => dc.ldapsearch(['-b', base, '(objectClass=*)', '*', 'nTSecurityDescriptor'])),
  );
  const lines = entries
    .flat()
    .flatMap((entry: Entry) =>
      entry.names
        .filter((name) => !notCompared.has(name))
        .flatMap((name) => entry.bytes(name).map((value) => `${entry.dn} | ${name}: ${value.toString('latin1')}`)),
    );
  return new Set(lines);
}

/** The values that one snapshot has and the other has not. */
function differences(before: Snapshot, after: Snapshot): readonly string[] {
  return [
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ];
}

/** With the Recycle Bin on, Samba shows the back links of deleted entries, which cannot be written. */
function isKeptByServer(name: string): boolean {
  return name === 'lastknownparent' || name.endsWith('bl');
}

/** Every attribute anywhere that still names a deleted entry. */
async function traces(dc: DomainController): Promise<readonly string[]> {
  const bases = [services, forest.domainNamingContext];
  const entries = await Promise.all(bases.map((base) => dc.ldapsearch(['-b', base, '(objectClass=*)'])));
  return entries
    .flat()
    .flatMap((entry) =>
      entry.names.flatMap((name) =>
        !isKeptByServer(name) && entry.texts(name).some((value) => /\\0ADEL:/.test(value))
          ? [`${name} of ${entry.dn}`]
          : [],
      ),
    );
}

const accepted = ['owned-databases', 'send-connector-source', 'expansion-server'].flatMap((id) => ['--accept', id]);
const confirmed = ['--confirm', 'EX02'];
const deleteNow = ['--name', 'EX02', '--yes', ...confirmed, ...accepted];

describeWithSamba('The orphan remedy on Samba', () => {
  let dc: DomainController;
  let scene: Contoso;
  let command: Command;
  let home: string;

  beforeAll(async () => {
    scene = contoso({ now: new Date() });
    dc = await startOneDomainController({
      changes: [...scene.changes, ...nastyStores(scene.old03).flatMap((store) => store.changes)],
    });
    home = await mkdtemp(path.join(tmpdir(), 'orphan-'));
    command = new Command(dc, home);
  });
  afterAll(async () => {
    await dc?.stop();
    await rm(home, { recursive: true, force: true });
  });

  describe('before anything is changed', () => {
    test('finds every kind of reference and makes each a blocker or a clean-up', async () => {
      const { status, stdout } = await command.run('orphan', '--name', 'EX02', '--json');
      expect(status).toBe(2);
      const plan = JSON.parse(stdout);
      const blockers = plan.findings.filter((finding: { level: string }) => finding.level === 'blocker');
      expect(blockers.map(({ id }: { id: string }) => id).sort()).toEqual([
        'dag-member',
        'expansion-server',
        'mailboxes',
        'oab-generation',
        'owned-databases',
        'send-connector-source',
      ]);
      const edited = plan.changes
        .filter(({ kind }: { kind: string }) => kind === 'modify')
        .flatMap(({ dn, edits }: { dn: string; edits: { attribute: string }[] }) =>
          edits.map(({ attribute }) => `${attribute} of ${dn.split(',')[0]}`),
        );
      expect(edited.sort()).toEqual([
        'homeMTA of CN=bert',
        'msExchAddressListServiceLink of CN=Recipient Update Service (CORP)',
        'msExchExpansionServerName of CN=All Staff',
        'msExchMasterServerOrAvailabilityGroup of CN=DB02',
        'msExchMasterServerOrAvailabilityGroup of CN=PF02',
        'msExchOABVirtualDirectoriesLink of CN=Default Offline Address Book',
        'msExchOwningServer of CN=DB02',
        'msExchOwningServer of CN=PF02',
        'msExchRoutingMasterDN of CN=Exchange Routing Group (DWBGZMFD01QNBJR)',
        'msExchSourceBridgeheadServersDN of CN=Internet',
        'msExchStoppedMailboxServers of CN=DAG1',
        'msExchTargetBridgeheadServersDN of CN=To the old site',
        'otherWellKnownObjects of CN=Microsoft Exchange',
      ]);
      const deleted: string[] = plan.changes
        .filter(({ kind }: { kind: string }) => kind === 'delete')
        .map(({ dn }: { dn: string }) => dn);
      const { ofOrphan, publicOfOrphan, db01 } = scene.databases;
      expect(deleted).toEqual(
        expect.arrayContaining([ofOrphan, publicOfOrphan, db01].map(({ dn }) => `CN=EX02,${dn}`)),
      );
    });

    test('reports what refers to databases that stay without an owner', async () => {
      const { stdout } = await command.run('orphan', '--name', 'EX02', '--json');
      const found = JSON.parse(stdout).findings.find(({ id }: { id: string }) => id === 'references-to-its-databases');
      const { db01, publicOfOrphan } = scene.databases;
      expect(found.evidence.toSorted()).toEqual([
        `msExchHomePublicMDB of ${db01.dn}: ${publicOfOrphan.dn}`,
        `siteFolderServer of ${scene.group.dn}: ${publicOfOrphan.dn}`,
      ]);
    });

    test('deletes a second object of a live server and leaves what refers to the live one by name', async () => {
      const second = scene.ex01.dn.replace(scene.group.dn, scene.oldGroup.dn);
      const names = {
        legacyExchangeDN: scene.ex01.legacyExchangeDn,
        networkAddress: `ncacn_ip_tcp:${scene.ex01.fqdn}`,
      };
      const users = `CN=Users,${forest.domainNamingContext}`;
      const group = add(`CN=expanded by EX01,${users}`, {
        objectClass: 'group',
        mailNickname: 'expanded',
        msExchExpansionServerName: scene.ex01.legacyExchangeDn,
      });
      await dc.ldapmodify([
        add(second, { objectClass: 'msExchExchangeServer', msExchCurrentServerRoles: '38', ...names }),
        group,
      ]);
      const before = await snapshot(dc);
      const args = ['--dn', second, '--accept', 'live-account', '--yes', '--confirm', 'EX01'];
      const { status, stdout, stderr } = await command.run('orphan', ...args);
      expect(`${status}${stderr}`).toBe('0');
      expect(stdout).toContain(`shared with ${scene.ex01.dn}`);
      expect(stdout).toContain(`recipients of ${forest.domainNamingContext}: none points at a deleted entry`);
      const lost = differences(before, await snapshot(dc)).map((line) => line.slice('- '.length).split(' | ')[0]);
      expect(new Set(lost)).toEqual(new Set([second]));
      await dc.ldapmodify([{ kind: 'delete', dn: group.dn }]);
    });

    test('weighs the servers: the one without an account is the likely orphan, the others live', async () => {
      const { stdout } = await command.run('orphan', '--name', 'EX02', '--dry-run');
      const verdictOf = (name: string): string | undefined =>
        new RegExp(`^  ${name} +(likely orphan|unclear|in use)`, 'm').exec(stdout)?.[1];
      expect(['EX01', 'EX02', 'EX13', 'OLD03'].map(verdictOf)).toEqual(['in use', 'likely orphan', 'in use', 'in use']);
    });

    test('refuses to apply while a blocker is not accepted', async () => {
      const { status, stderr } = await command.run('orphan', ...deleteNow);
      expect(status).toBe(3);
      expect(stderr).toContain('mailboxes');
      expect(await dc.exists(scene.orphan.dn)).toBe(true);
    });

    test('finds the right to delete lacking before anything is deleted', async () => {
      await dc.ldapmodify([
        add(`CN=helper,CN=Users,${forest.domainNamingContext}`, {
          objectClass: 'user',
          sAMAccountName: 'helper',
          userAccountControl: '512',
          unicodePwd: Buffer.from(`"${dc.adminPassword}"`, 'utf16le'),
        }),
      ]);
      const mayRead = ['--objectdn', scene.organisation.microsoftExchange, '--sddl', '(A;CI;RPLCLORC;;;AU)'];
      await run('samba-tool', ['dsacl', 'set', '-H', dc.samDatabase, ...mayRead]);
      const { stdout } = await command.run('orphan', '--name', 'EX02', '--json', '--user', `helper@${forest.domain}`);
      const found = JSON.parse(stdout).findings.find(({ id }: { id: string }) => id === 'no-right-to-delete');
      expect(found).toMatchObject({ level: 'blocker', acceptable: false });
      expect(found.evidence).toContain(scene.orphan.dn);
    });

    test.each([
      [['--name', 'EX20'], 64, /Did you mean EX02 or EX01/],
      [['--dn', 'CN=EX02,CN=Servers'], 64, /no object of that name/],
      [['--name', 'EX02', '--dn', 'CN=EX02'], 64, /both name a server/],
    ])('answers %j clearly', async (args, expected, words) => {
      const { status, stderr } = await command.run('orphan', ...args);
      expect(status).toBe(expected);
      expect(stderr).toMatch(words);
    });

    test('finds a protected entry in the plan, not at the delete', async () => {
      const mta = scene.ex13.mta;
      await dc.offline([disallowDelete(mta)]);
      const { stdout } = await command.run('orphan', '--name', 'EX13', '--json');
      const found = JSON.parse(stdout).findings.find(({ id }: { id: string }) => id === 'protected-entries');
      expect(found).toMatchObject({ level: 'blocker', acceptable: false, evidence: [mta] });
    });
  });

  describe('once no blocker is left', () => {
    let before: Snapshot;

    beforeAll(async () => {
      await dc.ldapmodify(withoutBlockers(scene));
      before = await snapshot(dc);
    });

    test('deletes the server and leaves nothing that points at a deleted entry', async () => {
      const { status, stdout } = await command.run('orphan', ...deleteNow, '--wait', '5');
      expect(`${status}\n${stdout}`).toMatch(/^0\n/);
      expect(await dc.exists(scene.orphan.dn)).toBe(false);
      expect(await traces(dc)).toEqual([]);
      expect(stdout).toMatch(/dc1\.corp\.example\.com +has it +deleted: (\d+) of \1, tombstones found/);
    });

    test('looks through the recipients of its domain, and of no other where there is none', async () => {
      const folder = (await changeFolders()).at(-1) ?? '';
      const { stdout } = await command.run('apply', folder, '--json');
      expect(JSON.parse(stdout).further).toEqual([
        {
          of: `recipients of ${forest.domainNamingContext}`,
          state: 'there',
          detail: expect.stringContaining('none points at'),
        },
      ]);
    });

    test('has nothing left to do when it is applied a second time', async () => {
      const folder = (await changeFolders()).at(-1);
      const { status, stdout } = await command.run('apply', folder ?? '');
      expect(status).toBe(0);
      expect(stdout).toContain('Nothing is left to do');
    });

    test('says what is not proven to a user who may not see deleted objects', async () => {
      const folder = (await changeFolders()).at(-1) ?? '';
      const { status, stdout } = await command.run('apply', folder, '--user', `helper@${forest.domain}`);
      expect(stdout).toMatch(/dc1\.corp\.example\.com +unknown +deleted: (\d+) of \1 by name/);
      expect(stdout.replace(/\s+/g, ' ')).toContain('members of Administrators may');
      // Not everything is known.
      expect(status).toBe(1);
    });

    test('undo brings every attribute back', async () => {
      const folder = (await changeFolders()).at(-1);
      const { status, stderr } = await command.run('undo', folder ?? '', '--yes');
      expect(`${status}${stderr}`).toBe('0');
      expect(differences(before, await snapshot(dc))).toEqual([]);
    });

    test('does the same by one request with --tree-delete', async () => {
      const save = ['--save', 'tree', '--tree-delete', '--name', 'EX02', ...accepted];
      expect((await command.run('orphan', ...save)).status).toBe(2);
      expect((await command.run('apply', 'tree', ...confirmed)).status).toBe(0);
      expect(await dc.exists(scene.orphan.dn)).toBe(false);
      expect(await traces(dc)).toEqual([]);
      expect((await command.run('undo', 'tree', '--yes')).status).toBe(0);
      expect(differences(before, await snapshot(dc))).toEqual([]);
    });

    test('is refused where recipients have come to point at the server since the plan was made', async () => {
      const { anna } = scene.mailboxes;
      await command.run('orphan', '--save', 'pointed at', '--name', 'EX02', ...accepted);
      await dc.ldapmodify([
        replace(anna.dn, { homeMTA: scene.orphan.mta, msExchExpansionServerName: scene.orphan.legacyExchangeDn }),
      ]);
      const pointed = await command.run('apply', 'pointed at', ...confirmed);
      expect(pointed.status).toBe(3);
      expect(pointed.stderr).toContain('dangling-references');
      for (const name of ['homeMTA', 'msExchExpansionServerName']) {
        expect(pointed.stdout).toContain(`${name} of ${anna.dn}`);
      }
      expect(await dc.exists(scene.orphan.dn)).toBe(true);

      await dc.ldapmodify([replace(anna.dn, { homeMTA: scene.ex01.mta, msExchExpansionServerName: [] })]);
      const clean = await command.run('apply', 'pointed at', ...confirmed, '--wait', '1');
      expect(clean.stdout).toMatch(/^ +recipients of DC=corp,DC=example,DC=com: none points at a deleted entry/m);
      expect(clean.status).toBe(0);
      expect((await command.run('undo', 'pointed at', '--yes')).status).toBe(0);
      expect(differences(before, await snapshot(dc))).toEqual([]);
    });

    test('continues after kill -9 at any step, and can be undone after that', async () => {
      await command.run('orphan', '--save', 'killed', '--name', 'EX02', ...accepted);
      for (const records of [1, 2, 7, 20, 33, 48]) {
        const child = command.start('apply', 'killed', ...confirmed);
        while (child.exitCode === null && (await command.journal('killed')).length < records) {
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
      }
      const { status } = await command.run('apply', 'killed', ...confirmed);
      expect(status).toBe(0);
      expect(await dc.exists(scene.orphan.dn)).toBe(false);
      expect(await traces(dc)).toEqual([]);
      expect((await command.run('undo', 'killed', '--yes')).status).toBe(0);
      expect(differences(before, await snapshot(dc))).toEqual([]);
    });

    test('saves LDIF that ldapmodify runs to the same end', async () => {
      await command.run('orphan', '--save', 'by-ldif', '--name', 'EX02', ...accepted);
      await ldapmodify(dc, path.join(home, 'by-ldif', 'change.ldf'));
      expect(await dc.exists(scene.orphan.dn)).toBe(false);
      expect(await traces(dc)).toEqual([]);
      // The journal learns of it, so that undo knows what to bring back.
      expect((await command.run('apply', 'by-ldif', ...confirmed)).status).toBe(0);
      expect((await command.run('undo', 'by-ldif', '--yes')).status).toBe(0);
      expect(differences(before, await snapshot(dc))).toEqual([]);
    });

    test('saves LDIF of a tree delete and of the undo that ldapmodify runs to the same end', async () => {
      await command.run('orphan', '--save', 'tree-by-ldif', '--tree-delete', '--name', 'EX02', ...accepted);
      await ldapmodify(dc, path.join(home, 'tree-by-ldif', 'change.ldf'));
      expect(await dc.exists(scene.orphan.dn)).toBe(false);
      expect((await command.run('apply', 'tree-by-ldif', ...confirmed)).status).toBe(0);
      expect((await command.run('undo', 'tree-by-ldif', '--save', 'back-by-ldif')).status).toBe(2);
      await ldapmodify(dc, path.join(home, 'back-by-ldif', 'change.ldf'));
      expect(differences(before, await snapshot(dc))).toEqual([]);
      expect((await command.run('apply', 'back-by-ldif')).status).toBe(0);
      expect(differences(before, await snapshot(dc))).toEqual([]);
    });

    test('continues after the domain controller went away in the middle', async () => {
      await command.run('orphan', '--save', 'away', '--name', 'EX02', ...accepted);
      const child = command.start('apply', 'away', ...confirmed);
      while (child.exitCode === null && (await command.journal('away')).length < 50) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await dc.pause();
      if (child.exitCode === null) await once(child, 'close');
      expect(child.exitCode).toBe(4);
      await dc.resume();
      expect((await command.run('apply', 'away', ...confirmed)).status).toBe(0);
      expect(await dc.exists(scene.orphan.dn)).toBe(false);
      expect((await command.run('undo', 'away', '--yes')).status).toBe(0);
      expect(differences(before, await snapshot(dc))).toEqual([]);
    });

    test('continues with an undo that was killed', async () => {
      await command.run('orphan', '--save', 'undone', '--name', 'EX02', ...accepted);
      expect((await command.run('apply', 'undone', ...confirmed)).status).toBe(0);
      expect((await command.run('undo', 'undone', '--save', 'back')).status).toBe(2);
      for (const records of [2, 9, 30]) {
        const child = command.start('apply', 'back');
        while (child.exitCode === null && (await command.journal('back')).length < records) {
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
        const original = await command.run('apply', 'undone', ...confirmed);
        expect(original.stderr).toContain('an undo of this change was started and has not finished: ');
        expect(original.status).toBe(3);
      }
      expect((await command.run('apply', 'back')).status).toBe(0);
      expect(differences(before, await snapshot(dc))).toEqual([]);
    });

    test('does not undo over an entry that has come back otherwise', async () => {
      await command.run('orphan', '--save', 'taken', '--name', 'EX02', ...accepted);
      expect((await command.run('apply', 'taken', ...confirmed)).status).toBe(0);
      await dc.ldapmodify([add(scene.orphan.dn, { objectClass: 'msExchExchangeServer' })]);
      const { status, stdout } = await command.run('undo', 'taken', '--yes');
      expect(status).toBe(3);
      expect(stdout).toContain('came-back-otherwise');
      await dc.ldapmodify([{ kind: 'delete', dn: scene.orphan.dn }]);
      expect((await command.run('undo', 'taken', '--yes')).status).toBe(0);
      expect(differences(before, await snapshot(dc))).toEqual([]);
    });

    test('deletes and restores entries of every nasty name', async () => {
      const args = ['--name', 'OLD03', '--accept', 'live-account', '--accept', 'owned-databases'];
      await command.run('orphan', '--save', 'nasty', ...args);
      const applied = await command.run('apply', 'nasty', '--confirm', 'OLD03');
      expect(`${applied.status}${applied.stderr}`).toBe('0');
      expect(await dc.exists(scene.old03.dn)).toBe(false);
      const undone = await command.run('undo', 'nasty', '--yes');
      expect(`${undone.status}${undone.stderr}`).toBe('0');
      expect(differences(before, await snapshot(dc))).toEqual([]);
    });
  });

  async function changeFolders(): Promise<readonly string[]> {
    const { readdir } = await import('node:fs/promises');
    return (await readdir(path.join(home, 'changes'))).sort().map((name) => path.join('changes', name));
  }
});

describeWithSamba(
  'The orphan remedy on two domain controllers',
  () => {
    let dcs: TwoDomainControllers;
    let scene: Contoso;
    let home: string;
    /** Each of the lab's DCs has a certificate authority of its own. */
    let bothAuthorities: string;

    beforeAll(async () => {
      scene = contoso({ now: new Date() });
      dcs = await startTwoDomainControllers();
      await dcs.dc1.offline(scene.changes);
      await dcs.dc1.ldapmodify(withoutBlockers(scene));
      await dcs.replicate('dc2', forest.configurationNamingContext);
      await dcs.replicate('dc2', forest.domainNamingContext);
      home = await mkdtemp(path.join(tmpdir(), 'orphan-'));
      bothAuthorities = path.join(home, 'authorities.pem');
      const certificates = await Promise.all([dcs.dc1, dcs.dc2].map(({ caFile }) => readFile(caFile, 'utf8')));
      await writeFile(bothAuthorities, certificates.join(''));
    });
    afterAll(async () => {
      await dcs?.stop();
      await rm(home, { recursive: true, force: true });
    });

    test('watches the deletion reach the other one, and says so while it has not', async () => {
      const command = new Command(dcs.dc1, home, bothAuthorities);
      await dcs.cut();
      const dns = ['--dns', dcs.dc1.address];
      await command.run('orphan', '--save', 'saved', '--name', 'EX02', ...dns, ...accepted);
      const cut = await command.run('apply', 'saved', ...confirmed, ...dns, '--wait', '2');
      expect(cut.stdout).toMatch(/dc1\.corp\.example\.com +has it/);
      expect(cut.stdout).toMatch(/dc2\.corp\.example\.com +not yet +deleted: 0 of \d+/);
      expect(cut.status).toBe(1);
      expect(await dcs.dc2.exists(scene.orphan.dn)).toBe(true);

      await dcs.heal();
      await dcs.replicate('dc2', forest.configurationNamingContext);
      const healed = await command.run('apply', 'saved', ...confirmed, ...dns, '--wait', '10');
      expect(healed.stdout).toMatch(/dc2\.corp\.example\.com +has it/);
      expect(healed.status).toBe(0);
      expect(await dcs.dc2.exists(scene.orphan.dn)).toBe(false);
    });

    test('names a domain controller that can not be reached, and undoes on the other DC', async () => {
      const command = new Command(dcs.dc2, home, bothAuthorities);
      await dcs.replicate('dc2', forest.domainNamingContext);
      await dcs.dc1.pause();
      const accept = ['--accept', 'rights-from-plan'];
      const undone = await command.run('undo', 'saved', '--yes', ...accept, '--dns', dcs.dc2.address);
      expect(`${undone.status}${undone.stderr}`).toBe('0');
      expect(undone.stdout).toMatch(/dc1\.corp\.example\.com +unreachable/);
      expect(await dcs.dc2.exists(scene.orphan.mta)).toBe(true);
    });
  },
  { namespaces: true },
);

describeWithSamba('The undo of an orphan where Samba can undelete nothing, as the Recycle Bin is on', () => {
  let dc: DomainController;
  let scene: Contoso;
  let home: string;

  beforeAll(async () => {
    scene = contoso({ now: new Date() });
    dc = await startOneDomainController({ changes: [...scene.changes, enableRecycleBin] });
    await dc.ldapmodify(withoutBlockers(scene));
    home = await mkdtemp(path.join(tmpdir(), 'orphan-'));
  });
  afterAll(async () => {
    await dc?.stop();
    await rm(home, { recursive: true, force: true });
  });

  test('makes the entries again and says what a new objectGUID means', async () => {
    const command = new Command(dc, home);
    const before = await snapshot(dc);
    await command.run('orphan', '--save', 'saved', '--name', 'EX02', ...accepted);
    expect((await command.run('apply', 'saved', ...confirmed)).status).toBe(0);
    expect(await traces(dc)).toEqual([]);
    const refused = await command.run('undo', 'saved', '--yes');
    expect(refused.status).toBe(3);
    expect(refused.stdout).toMatch(/blocker +rights-from-plan/);
    const { status, stdout, stderr } = await command.run('undo', 'saved', '--yes', '--accept', 'rights-from-plan');
    expect(`${status}${stderr}`).toBe('0');
    expect(stdout).toContain('new-object-guid');
    expect(await attributesThatDiffer(before)).toEqual(['objectguid', 'whencreated']);
  });

  test('saves LDIF that makes them again by ldapmodify', async () => {
    const command = new Command(dc, home);
    const before = await snapshot(dc);
    await command.run('orphan', '--save', 'again', '--name', 'EX02', ...accepted);
    expect((await command.run('apply', 'again', ...confirmed)).status).toBe(0);
    expect((await command.run('undo', 'again', '--save', 'back')).status).toBe(2);
    await ldapmodify(dc, path.join(home, 'back', 'change.ldf'));
    expect(await attributesThatDiffer(before)).toEqual(['objectguid', 'whencreated']);
  });

  async function attributesThatDiffer(before: Snapshot): Promise<readonly string[]> {
    const names = differences(before, await snapshot(dc))
      .map((line) => /\| ([^:]+):/.exec(line)?.[1] ?? '')
      .filter((name) => !isKeptByServer(name));
    return [...new Set(names)].sort();
  }
});

describeWithSamba('What a deletion by hand left behind on Samba', () => {
  let dc: DomainController;
  let scene: Contoso;
  let home: string;

  beforeAll(async () => {
    scene = contoso({ now: new Date() });
    dc = await startOneDomainController({ changes: scene.changes });
    home = await mkdtemp(path.join(tmpdir(), 'orphan-'));
  });
  afterAll(async () => {
    await dc?.stop();
    await rm(home, { recursive: true, force: true });
  });

  test('is cleared, but for mandatory attributes, and undo puts back the text', async () => {
    const command = new Command(dc, home);
    await deleteTree(dc, scene.orphan.dn);
    const before = await snapshot(dc);
    const left = await traces(dc);
    const mandatory = `offlineabserver of ${scene.referrers.offlineAddressBook.dn}`;
    expect(left).toEqual(expect.arrayContaining([mandatory, `homemta of ${scene.mailboxes.bert.dn}`]));
    expect(left).toContain(`otherwellknownobjects of ${scene.organisation.microsoftExchange}`);
    const found = await command.run('orphan', '--leftovers', '--save', 'left');
    expect(found.stdout).toContain(`offLineABServer of ${scene.referrers.offlineAddressBook.dn} (mandatory)`);
    // What was below the server is of its group, as the tombstones show.
    expect(found.stdout.match(/^ {2}\S.*: \d+ references?$/gm)).toEqual([
      expect.stringMatching(/^ {2}EX02: \d+ references$/),
    ]);
    const applied = await command.run('apply', 'left');
    expect(`${applied.status}${applied.stderr}`).toBe('0');
    expect(await traces(dc)).toEqual([mandatory]);
    const undone = await command.run('undo', 'left', '--yes');
    expect(`${undone.status}${undone.stderr}`).toBe('0');
    expect(undone.stdout).toContain('values-to-deleted-entries');
    const lost = differences(before, await snapshot(dc));
    expect(lost.every((line) => line.startsWith('- ') && line.includes('\\0ADEL:'))).toBe(true);
    expect(lost).toHaveLength(left.length - 1);
  });

  test("is cleared by the plan's LDIF too, which ldapmodify imports", async () => {
    const { ex01, ex13, mailboxes, organisation, referrers } = scene;
    const attendant = ({ dn }: { readonly dn: string }, part: string): string =>
      `B:32:${part.repeat(4)}:CN=Microsoft System Attendant,${dn}`;
    await dc.ldapmodify([
      replace(mailboxes.anna.dn, { homeMTA: ex13.mta }),
      replace(scene.databases.db01.dn, { msExchOwningServer: ex13.dn }),
      replace(organisation.microsoftExchange, {
        otherWellKnownObjects: [attendant(ex01, '01020304'), attendant(ex13, '05060708')],
      }),
    ]);
    const mandatory = `offlineabserver of ${referrers.offlineAddressBook.dn}`;
    await deleteTree(dc, ex13.dn);
    expect((await traces(dc)).length).toBe(4);
    expect((await new Command(dc, home).run('orphan', '--leftovers', '--save', 'ldif')).status).toBe(2);
    await ldapmodify(dc, path.join(home, 'ldif', 'change.ldf'));
    expect(await traces(dc)).toEqual([mandatory]);
    const [exchange] = await dc.ldapsearch(['-b', organisation.microsoftExchange, '-s', 'base', '(objectClass=*)']);
    expect(exchange?.texts('otherwellknownobjects')).toEqual([attendant(ex01, '01020304')]);
  });
});

/** Deletes an entry and all below it, leaves first, as with ADSI Edit. */
async function deleteTree(dc: DomainController, dn: string): Promise<void> {
  const entries = await dc.ldapsearch(['-b', dn, '(objectClass=*)', '1.1']);
  const leafFirst = entries.map((entry) => entry.dn).toSorted((one, other) => other.length - one.length);
  await dc.ldapmodify(leafFirst.map((one) => ({ kind: 'delete', dn: one })));
}
