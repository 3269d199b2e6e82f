/** Other kinds of DC, and other ways than that of metadata.test.ts: what is lost, a read-only DC, a plan made offline. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DirectoryChange, Plan } from '../../src/change/plan.ts';
import { run as applyCommand } from '../../src/commands/apply.ts';
import { run as undoCommand } from '../../src/commands/undo.ts';
import { startDnsServer } from '../support/dns-server.ts';
import { remedyCommand } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { run as runProgram } from './lab/command.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import { forest } from './lab/forest.ts';
import { add, replace } from './lab/ldif.ts';
import { copyTree, databaseOf } from './lab/tree.ts';
import { startTwoDomainControllers, type TwoDomainControllers } from './lab/two-dcs.ts';

const metadata = remedyCommand('metadata');
const { domainNamingContext: domain, configurationNamingContext: configuration, site } = forest;
const applications = ['DomainDnsZones', 'ForestDnsZones'].map((name) => `DC=${name},${domain}`);
const accountOf = (name: string): string => `CN=${name},OU=Domain Controllers,${domain}`;
const serverOf = (name: string): string => `CN=${name},CN=Servers,${site}`;
const acceptAll = ['not-proven-gone', 'promotion-only', 'lifetime-not-over'].flatMap((id) => ['--accept', id]);

function planOf({ stdout }: CommandRun): Plan<DirectoryChange> {
  return JSON.parse(stdout) as Plan<DirectoryChange>;
}

function deletedBy(run: CommandRun): readonly string[] {
  return planOf(run).changes.flatMap((change) => (change.kind === 'delete' ? [change.dn] : []));
}

/** The DNs of all entries, as Samba's own tool finds them in a database. */
async function entriesIn(database: string): Promise<readonly string[]> {
  const found = await Promise.all(
    [domain, configuration, ...applications].map((base) => runProgram('ldbsearch', ['-H', database, '-b', base, 'dn'])),
  );
  return found.flatMap((text) => [...text.matchAll(/^dn: (.*)$/gm)].map(([, dn = '']) => dn));
}

describeWithSamba(
  'metadata on two domain controllers and a read-only one',
  () => {
    let dcs: TwoDomainControllers;
    let readOnly: string;
    let folder: string;
    let isDead = false;

    const run = async (command: Parameters<typeof runCommand>[0], args: readonly string[]): Promise<CommandRun> => {
      const { dc1, dc2 } = dcs;
      // Nothing listens there.
      const nowhere = '127.0.0.2';
      const addresses = { [dc1.host]: dc1.address, [dc2.host]: isDead ? nowhere : dc2.address, [readOnly]: nowhere };
      const dns = await startDnsServer({ addresses });
      const reached = ['--server', dcs.dc1.host, '--dns', dns, '--ca', path.join(folder, 'ca.pem')];
      return await runCommand(command, [...args, ...reached, '--user', forest.adminUser], {
        currentFolder: folder,
        env: { ADSI_REMEDY_PASSWORD: dcs.dc1.adminPassword },
      });
    };
    /** OpenLDAP's client on the first DC. */
    const client = async (program: string, args: readonly string[]): Promise<string> => {
      const { address, adminPasswordFile, caFile } = dcs.dc1;
      const session = ['-x', '-H', `ldaps://${address}`, '-D', forest.adminUser, '-y', adminPasswordFile];
      return await runProgram(program, [...session, ...args], { environment: { LDAPTLS_CACERT: caFile } });
    };

    beforeAll(async () => {
      dcs = await startTwoDomainControllers();
      readOnly = await dcs.joinReadOnly('rodc1');
      folder = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-test-'));
      const certificates = [dcs.dc1, dcs.dc2].map(({ caFile }) => readFile(caFile, 'utf8'));
      await writeFile(path.join(folder, 'ca.pem'), (await Promise.all(certificates)).join(''));
    });
    afterAll(async () => {
      await dcs?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test('names what only a DC has that no longer replicates, and keeps it', async () => {
      await dcs.cut();
      const made = `CN=made-there,CN=Users,${domain}`;
      const administrators = `CN=Domain Admins,CN=Users,${domain}`;
      await dcs.dc2.ldapmodify([
        add(made, { objectClass: 'contact' }),
        replace(administrators, { description: 'edited there' }),
      ]);
      const saved = await run(metadata, ['--dc', 'DC2', '--save', 'lost', '--json']);
      expect(saved.stderr.replaceAll(/ +/g, ' ')).toContain(`${administrators} description\n`);
      expect(saved.stderr.replaceAll(/ +/g, ' ')).toContain(`${made} created\n`);
      const found = planOf(saved).findings.find(({ id }) => id === 'only-it-has');
      expect(found?.subjects).toEqual(expect.arrayContaining([administrators, made]));
      // What it only took in from the other is not among them.
      expect(found?.subjects.filter((dn) => dn.includes('RODC1'))).toEqual([]);
      const kept = await readFile(path.join(folder, 'lost', 'only-there.ldf'), 'utf8');
      expect(kept).toContain(`dn: ${made}\n`);
      expect(kept).toContain('description: edited there\n');
      await dcs.heal();
    });

    test('removes a read-only DC with its Kerberos account, as Samba itself does, and undoes it', async () => {
      const { dc1 } = dcs;
      const [found] = await dc1.ldapsearch(['-b', accountOf('RODC1'), '-s', 'base', 'msDS-KrbTgtLink']);
      const kerberos = found?.text('msDS-KrbTgtLink') ?? '';
      await dc1.pause();
      await copyTree(path.dirname(path.dirname(dc1.configurationFile)), path.join(folder, 'copy'));
      await dc1.resume();
      const before = await entriesIn(dc1.samDatabase);
      const copy = databaseOf(path.join(folder, 'copy'));
      await runProgram('samba-tool', [
        ...['domain', 'demote', '--remove-other-dead-server=RODC1', '-H', copy, '--configfile=/dev/null'],
      ]);
      const after = new Set(await entriesIn(copy));
      const goneBySamba = before.filter((dn) => !after.has(dn));

      const saved = await run(metadata, ['--dc', 'RODC1', '--save', 'rodc', '--json', ...acceptAll]);
      expect(deletedBy(saved).toSorted()).toEqual([...goneBySamba].sort());
      expect(deletedBy(saved)).toContain(kerberos);
      const applied = await run(applyCommand, ['rodc', '--yes', '--confirm', 'RODC1']);
      expect([applied.status, applied.stderr]).toEqual([0, '']);
      const gone = [kerberos, accountOf('RODC1'), serverOf('RODC1')];
      expect(await Promise.all(gone.map((dn) => dc1.exists(dn)))).toEqual([false, false, false]);

      const back = await run(undoCommand, ['rodc', '--yes', '--accept', 'rights-from-plan']);
      expect([back.status, back.stderr]).toEqual([0, '']);
      expect(await Promise.all(gone.map((dn) => dc1.exists(dn)))).toEqual([false, true, true]);
      const again = await run(metadata, ['--dc', 'RODC1', '--yes', '--confirm', 'RODC1', ...acceptAll]);
      expect([again.status, again.stderr]).toEqual([0, '']);
    });

    test('plans on an export what ldapmodify then removes, so that nothing is left to plan', async () => {
      const { dc1, dc2 } = dcs;
      await dc2.stop();
      isDead = true;
      const all = ['-LLL', '-E', 'pr=500/noprompt'];
      const parts = ['', configuration, domain, ...applications].map((base) =>
        client('ldapsearch', base === '' ? ['-LLL', '-b', '', '-s', 'base'] : [...all, '-b', base]),
      );
      await writeFile(path.join(folder, 'export.ldf'), (await Promise.all(parts)).join('\n'));
      const args = ['--dn', accountOf('DC2'), '--ldif', 'export.ldf', '--save', 'offline', '--json', ...acceptAll];
      const saved = await runCommand(metadata, args, { currentFolder: folder });
      expect(saved.status).toBe(2);
      const online = await run(metadata, ['--dc', 'DC2', '--json']);
      expect(deletedBy(saved)).toEqual(deletedBy(online));
      await client('ldapmodify', ['-f', path.join(folder, 'offline', 'change.ldf')]);
      expect(await dc1.exists(accountOf('DC2'))).toBe(false);
      const again = await run(metadata, ['--dc', 'DC2']);
      expect(again.stderr).toContain('Found: DC1');
      const names = await runProgram('ldbsearch', ['-H', dc1.samDatabase, '-b', configuration, '(objectClass=*)']);
      expect(names.match(/.*CN=DC2,.*/g)).toBeNull();
    });
  },
  { namespaces: true },
);
