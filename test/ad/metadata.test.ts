import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DirectoryChange, Plan } from '../../src/change/plan.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { startDnsServer } from '../support/dns-server.ts';
import { remedyCommand } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { CommandError, run as runProgram } from './lab/command.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import type { DomainController } from './lab/domain-controller.ts';
import { forest, namingContexts } from './lab/forest.ts';
import { add, readLdif, replace } from './lab/ldif.ts';
import { copyTree, databaseOf } from './lab/tree.ts';
import { startTwoDomainControllers, type TwoDomainControllers } from './lab/two-dcs.ts';
import { repsFrom } from './scenario/replication.ts';

const bin = path.join(import.meta.dirname, '../../bin/adsi-remedy.js');
const metadata = remedyCommand('metadata');
const { domainNamingContext: domain, configurationNamingContext: configuration, site } = forest;
const server = `CN=DC2,CN=Servers,${site}`;
const settings = `CN=NTDS Settings,${server}`;
const account = `CN=DC2,OU=Domain Controllers,${domain}`;
const group = `CN=Branch servers,CN=Users,${domain}`;
const topology = `CN=Topology,CN=Domain System Volume,CN=DFSR-GlobalSettings,CN=System,${domain}`;
const member = `CN=DC2,${topology}`;
const zone = `DC=${forest.domain},CN=MicrosoftDNS,DC=DomainDnsZones,${domain}`;
const applications = ['DomainDnsZones', 'ForestDnsZones'].map((name) => `DC=${name},${domain}`);
const day = 86_400_000;
const accepted = ['not-proven-gone', 'promotion-only'].flatMap((id) => ['--accept', id]);
const confirmed = ['--confirm', 'DC2'];

/** What every write and every logon leaves behind, and what DNS counts: a record's serial and time to live. */
const notCompared =
  /^(usn|whenchanged|lastlogon|logoncount|reps(from|to)|replpropertymetadata|repluptodatevector|dnsrecord|dnstombstoned)/;

/** One line an entry and a value, of every partition, as Samba's own tool prints the database. */
async function contentOf(database: string): Promise<ReadonlySet<string>> {
  const lines = new Set<string>();
  for (const base of [domain, configuration, ...applications]) {
    for (const entry of readLdif(await runProgram('ldbsearch', ['-H', database, '-b', base, '-s', 'sub']))) {
      lines.add(entry.dn);
      for (const name of entry.names.filter((one) => !notCompared.test(one))) {
        for (const value of entry.bytes(name)) lines.add(`${entry.dn} | ${name}: ${value.toString('latin1')}`);
      }
    }
  }
  return lines;
}

/** Names in the records of every DNS node, whatever their type. */
async function publishedNames(database: string): Promise<readonly string[]> {
  const found = await Promise.all(
    applications.map((base) =>
      runProgram('ldbsearch', ['-H', database, '-b', base, '(objectClass=dnsNode)', 'dnsRecord']),
    ),
  );
  return found
    .flatMap((text) => readLdif(text))
    .flatMap((entry) => entry.bytes('dnsRecord').map((value) => `${entry.dn} ${value.toString('latin1')}`));
}

function lost(before: ReadonlySet<string>, after: ReadonlySet<string>): readonly string[] {
  return [...before].filter((line) => !after.has(line)).sort();
}

/** The errors that Samba's own check finds, in its words, without the history of each value. */
async function databaseErrors(database: string): Promise<readonly string[]> {
  const args = ['dbcheck', '--cross-ncs', '-H', database, '--configfile=/dev/null'];
  const text = await runProgram('samba-tool', args).catch((error: unknown) => {
    // It ends with 1 where it finds any.
    if (error instanceof CommandError) return error.stdout;
    throw error;
  });
  expect(text).toMatch(/Checked \d+ objects \(\d+ errors\)/);
  return text
    .split('\n')
    .filter((line) => /^(ERROR|WARNING)/.test(line))
    .map((line) => line.replace(/ - .*/, ''));
}

function guidText(bytes: Buffer): string {
  const hex = (from: number, to: number): string => bytes.subarray(from, to).toString('hex');
  const turned = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).reverse().toString('hex');
  return [turned(0, 4), turned(4, 6), turned(6, 8), hex(8, 10), hex(10, 16)].join('-');
}

/** How many changes the journal of the change says are done. */
function doneIn(folder: string): number {
  const journal = path.join(folder, 'change', 'journal.jsonl');
  return existsSync(journal) ? readFileSync(journal, 'utf8').split('"event":"done"').length - 1 : 0;
}

/** A DC that starts pulls from its partner within a quarter of a minute; when it is notified is up to Samba. */
async function startAgain(dc: DomainController): Promise<void> {
  await dc.pause();
  await dc.resume();
}

function planOf({ stdout }: CommandRun): Plan<DirectoryChange> {
  return JSON.parse(stdout) as Plan<DirectoryChange>;
}

function finalBlockers(run: CommandRun): readonly string[] {
  return planOf(run)
    .findings.filter(({ level, acceptable }) => level === 'blocker' && !acceptable)
    .map(({ id }) => id);
}

describeWithSamba(
  'metadata on three domain controllers, one of them permanently gone',
  () => {
    let dcs: TwoDomainControllers;
    let dc3: DomainController;
    let folder: string;
    let before: ReadonlySet<string>;
    let bySamba: string;
    /** What Samba's own removal took away. */
    let lostBySamba: readonly string[];
    let isDead = false;

    const directoryOf = async (dc: 'dc1' | 'dc2', caFile = 'ca.pem'): Promise<readonly string[]> => {
      const { dc1, dc2 } = dcs;
      // Nothing listens there.
      const second = isDead ? '127.0.0.2' : dc2.address;
      const addresses = { [dc1.host]: dc1.address, [dc2.host]: second, [dc3.host]: dc3.address };
      const dns = await startDnsServer({ addresses });
      const ca = path.join(folder, caFile);
      return ['--server', dcs[dc].host, '--dns', dns, '--ca', ca, '--user', forest.adminUser];
    };
    const on =
      (dc: 'dc1' | 'dc2', caFile?: string) =>
      async (command: Parameters<typeof runCommand>[0], args: readonly string[]) =>
        await runCommand(command, [...args, ...(await directoryOf(dc, caFile))], {
          currentFolder: folder,
          env: { ADSI_REMEDY_PASSWORD: dcs.dc1.adminPassword },
        });
    /** Runs the command as a process; with `killAfter` until the journal holds so many changes. */
    const runProcess = async (args: readonly string[], killAfter = Number.POSITIVE_INFINITY) => {
      const env = { ...process.env, ADSI_REMEDY_PASSWORD: dcs.dc1.adminPassword, NO_COLOR: '1' };
      const given = [bin, ...args, ...(await directoryOf('dc1'))];
      const child = spawn(process.execPath, given, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
      const timer = setInterval(() => {
        if (doneIn(folder) >= killAfter) child.kill('SIGKILL');
      }, 2);
      const out: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
      const [status, signal] = await once(child, 'close').finally(() => clearInterval(timer));
      return { end: signal ?? status, stdout: Buffer.concat(out).toString() };
    };
    const run = on('dc1');
    const databaseOfDc1 = (): string => dcs.dc1.samDatabase;

    beforeAll(async () => {
      dcs = await startTwoDomainControllers();
      dc3 = await dcs.join('dc3');
      folder = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-test-'));
      const certificates = [dcs.dc1, dcs.dc2, dc3].map(({ caFile }) => readFile(caFile, 'utf8'));
      await writeFile(path.join(folder, 'ca.pem'), (await Promise.all(certificates)).join(''));
      await copyFile(dcs.dc1.caFile, path.join(folder, 'ca-of-dc1.pem'));
    });
    afterAll(async () => {
      await dcs?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test('refuses a DC that answers, the own DC, and names the roles of the one that holds them', async () => {
      expect(finalBlockers(await run(metadata, ['--dc', 'DC2', '--json']))).toEqual(
        expect.arrayContaining(['answers', 'heard-lately']),
      );
      expect(finalBlockers(await run(metadata, ['--dc', 'DC1', '--json']))).toContain('own-dc');
      const { findings } = planOf(await on('dc2')(metadata, ['--dc', 'DC1', '--json']));
      expect(findings.find(({ id }) => id === 'holds-roles')?.subjects).toHaveLength(5);
    });

    test('refuses a DC that answers with a certificate that is not trusted', async () => {
      const { findings } = planOf(await on('dc1', 'ca-of-dc1.pem')(metadata, ['--dc', 'DC2', '--json']));
      const [how = ''] = findings.find(({ id }) => id === 'answers')?.evidence ?? [];
      expect(how).toMatch(/: port 389 is open, but: .*certificate/);
    });

    test('plans what Samba removes itself, and what that leaves behind', async () => {
      const { dc1 } = dcs;
      const [found] = await dc1.ldapsearch(['-b', settings, '-s', 'base', 'objectGUID', 'invocationId']);
      const idOf = (name: string): string => guidText(found?.bytes(name)[0] ?? Buffer.alloc(16));
      await dcs.dc2.stop();
      isDead = true;
      const parents = topology
        .split(/,(?=CN=)/)
        .slice(0, 3)
        .map((_, index, all) => [...all.slice(index), `CN=System,${domain}`].join(','));
      for (const dn of parents.reverse())
        if (!(await dc1.exists(dn))) await dc1.ldapmodify([add(dn, { objectClass: classOf(dn) })]);
      await dc1.ldapmodify([
        add(member, { objectClass: 'msDFSR-Member', 'msDFSR-ComputerReference': account, serverReference: settings }),
        add(group, { objectClass: 'group', sAMAccountName: 'Branch servers', member: account, managedBy: account }),
      ]);
      const heard = { name: 'dc2', dsaGuid: idOf('objectGUID'), invocationId: idOf('invocationId') };
      const silent = {
        lastSuccess: new Date(Date.now() - 200 * day),
        lastAttempt: new Date(),
        result: 1722,
        failures: 900,
      };
      const old = repsFrom({ ...heard, ...silent });
      // What a DC hears of another one by way of a third, it has heard a moment ago: it forgets that.
      const heardAround = { replUpToDateVector: [] };
      const contexts = [...namingContexts, ...applications];
      await Promise.all([
        dc1.offline(contexts.map((context) => replace(context, { ...heardAround, repsFrom: old }))),
        dc3.offline(contexts.map((context) => replace(context, heardAround))),
      ]);

      await dc1.pause();
      await copyTree(path.dirname(path.dirname(dc1.configurationFile)), path.join(folder, 'copy'));
      await dc1.resume();
      bySamba = databaseOf(path.join(folder, 'copy'));
      before = await contentOf(databaseOfDc1());
      await runProgram('samba-tool', [
        ...['domain', 'demote', '--remove-other-dead-server=DC2', '-H', bySamba, '--configfile=/dev/null'],
      ]);

      const saved = await run(metadata, ['--dc', 'DC2', '--save', 'change', '--json', ...accepted]);
      expect([saved.status, finalBlockers(saved)]).toEqual([2, []]);
      const deleted = planOf(saved).changes.flatMap((change) => (change.kind === 'delete' ? [change.dn] : []));
      lostBySamba = lost(before, await contentOf(bySamba));
      const entriesOfSamba = lostBySamba.filter((line) => !line.includes(' | '));
      expect(deleted.toSorted()).toEqual(entriesOfSamba);
      expect(deleted).toEqual(expect.arrayContaining([settings, server, member, account]));
    });

    test('continues after runs that were killed one change after the other, and waits until no DC replicates from it', async () => {
      const applying = ['apply', 'change', '--yes', ...confirmed];
      const isKilledAfter = async (changes: number): Promise<boolean> =>
        (await runProcess(applying, changes)).end === 'SIGKILL';
      expect(await isKilledAfter(1)).toBe(true);
      expect(await dcs.dc1.exists(account)).toBe(true);
      let kills = 1;
      // The last changes are left: of a plan that is finished nothing but the proof would be seen.
      const { changes } = JSON.parse(await readFile(path.join(folder, 'change', 'plan.json'), 'utf8')) as Plan;
      while (doneIn(folder) < changes.length - 3 && (await isKilledAfter(doneIn(folder) + 1))) kills += 1;
      expect(kills).toBeGreaterThan(changes.length / 2);
      // The lab's KCC is off: the DC still tries to replicate from it.
      const rest = await runProcess(applying);
      expect(rest).toEqual({ end: 0, stdout: expect.stringContaining('until the KCC has run') });
      expect(await dcs.dc1.exists(account)).toBe(false);
      await startAgain(dc3);
      let isWaiting = true;
      const waiting = runProcess([...applying, '--wait', '120']).finally(() => {
        isWaiting = false;
      });
      // What a pass of the KCC removes, a replication that has begun before it writes back with its result. The KCC of a
      // DC runs every 15 minutes and removes it with its next pass.
      while (isWaiting) await runProgram('samba_kcc', ['-H', databaseOfDc1(), '--configfile=/dev/null']);
      const { end, stdout } = await waiting;
      expect([end, stdout]).toEqual([0, expect.stringContaining('All 2 domain controllers have it')]);
      // The Configuration partition, the domain, and its two application partitions, on each of both.
      expect(stdout.replaceAll(/\s+/g, ' ').match(/nothing names it in 4 partitions/g)).toHaveLength(2);
      const gone = [settings, server, member, account];
      expect(await Promise.all(gone.map((dn) => dc3.exists(dn)))).toEqual(gone.map(() => false));
    });

    test('has removed what Samba itself removes, and left a database that is as clean', async () => {
      const after = await contentOf(databaseOfDc1());
      expect(lostBySamba.filter((line) => after.has(line))).toEqual([]);
      expect(lost(before, after).filter((line) => !lostBySamba.includes(line))).toEqual([]);
      const named = [...after].filter((line) => /\bDC2\b/i.test(line) && !/^DC=DC2,DC=corp/i.test(line));
      expect(named).toEqual([]);
      // Samba keeps a link value that was removed before its target was deleted, and the check still sees it: for both
      // the replica locations of application partitions, for the plan also what it clears in the group.
      const [ours, samba] = await Promise.all([databaseOfDc1(), bySamba].map(databaseErrors));
      const cleared = ['member', 'managedBy'].map(
        (attribute) => `WARNING: target DN is deleted for ${attribute} in object ${group}`,
      );
      expect(samba).toHaveLength(applications.length);
      expect(ours?.toSorted()).toEqual([...(samba ?? []), ...cleared].sort());
    });

    test('leaves no DNS value that names it', async () => {
      const names = await publishedNames(databaseOfDc1());
      expect(names.length).toBeGreaterThan(10);
      expect(names.filter((text) => /\x03dc2\x04corp/i.test(text))).toEqual([]);
      const [node] = await dcs.dc1.ldapsearch(['-b', `DC=dc2,${zone}`, '-s', 'base', 'dnsRecord']);
      expect(node?.bytes('dnsRecord')).toEqual([]);
    });

    test('undo brings back what no promotion makes, and a second plan removes that as a left-over', async () => {
      const refused = await run(undo, ['change', '--yes', '--verbose']);
      expect(refused.status).toBe(3);
      expect(refused.stdout).toContain(`; member: ${account}`);
      const back = await run(undo, ['change', '--yes', '--accept', 'rights-from-plan']);
      expect([back.status, back.stderr]).toEqual([0, '']);
      const { dc1 } = dcs;
      const there = await Promise.all([server, account, member, settings].map((dn) => dc1.exists(dn)));
      expect(there).toEqual([true, true, true, false]);
      const [branch] = await dc1.ldapsearch(['-b', group, '-s', 'base', 'member', 'managedBy']);
      expect([branch?.texts('member'), branch?.texts('managedBy')]).toEqual([[account], [account]]);

      const again = await run(metadata, ['--dc', 'DC2', '--yes', ...confirmed]);
      expect([again.status, again.stderr]).toEqual([0, '']);
      expect(await dc1.exists(account)).toBe(false);
    });

    test('lets a new DC of the same name join and replicate, as the remaining one does', async () => {
      const { dc1 } = dcs;
      const dc2 = await dcs.join('dc2');
      const made = `CN=after,${group.slice(group.indexOf(',') + 1)}`;
      await dc1.ldapmodify([add(made, { objectClass: 'contact' })]);
      const pulled = async (dc: DomainController): Promise<void> => {
        await startAgain(dc);
        await expect.poll(() => dc.exists(made), { timeout: 120_000, interval: 500 }).toBe(true);
      };
      await Promise.all([dc2, dc3].map(pulled));
    });
  },
  { namespaces: true },
);

/** The classes of the containers of SYSVOL's replica set (MS-FRS2 2.3). */
function classOf(dn: string): string {
  if (dn.startsWith('CN=Topology,')) return 'msDFSR-Topology';
  return dn.startsWith('CN=Domain System Volume,') ? 'msDFSR-ReplicationGroup' : 'msDFSR-GlobalSettings';
}
