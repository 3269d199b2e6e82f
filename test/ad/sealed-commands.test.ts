import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { startDnsServer } from '../support/dns-server.ts';
import { writeTree } from '../support/fresh-folder.ts';
import { stringsContent } from '../support/strings-content.ts';
import { describeOnEveryNode } from '../terminal/support/nodes.ts';
import { run } from './lab/command.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import type { DomainController } from './lab/domain-controller.ts';
import { forest } from './lab/forest.ts';
import { replace } from './lab/ldif.ts';
import { startOneDomainController } from './lab/one-dc.ts';
import { type ClientRun, clientFolder, hasFfi, runClient } from './scenario/client-folder.ts';
import { type Contoso, contoso, withoutBlockers } from './scenario/contoso.ts';
import { directoryService } from './scenario/directory-service.ts';
import { type Environment, kerberosEnvironment, kinit, registerLdapService } from './scenario/kerberos.ts';
import { type RecordingProxy, recordingProxy } from './scenario/recording-proxy.ts';

const integrated = ['--auth', 'integrated'];
const administrator = `Administrator@${forest.realm}`;
const sealed = `sealed, as ${administrator} (Kerberos)`;
const acceptedOfOrphan = ['owned-databases', 'send-connector-source', 'expansion-server'].flatMap((id) => [
  '--accept',
  id,
]);

describeWithSamba(
  'whole commands with --auth integrated',
  () => {
    let dc: DomainController;
    let scene: Contoso;
    let home: string;
    /** With a ticket of the administrator. */
    let withTicket: Environment;
    let withoutTicket: Environment;

    beforeAll(async () => {
      scene = contoso({ now: new Date() });
      dc = await startOneDomainController({
        changes: [...scene.changes, ...withoutBlockers(scene)],
        services: ['ldap', 'dns', 'kdc'],
      });
      home = join(dc.samDatabase, '..');
      await registerLdapService(dc);
      await run('samba-tool', ['user', 'create', 'kim', dc.adminPassword, '-H', dc.samDatabase]);
      withTicket = await kerberosEnvironment(home, 'administrator', dc.address);
      withoutTicket = await kerberosEnvironment(home, 'none', dc.address);
      await kinit(withTicket, 'Administrator', dc.adminPassword);
    });
    afterAll(() => dc?.stop());

    describeOnEveryNode('the tool', (node) => {
      let client: string;
      let byName: readonly string[];

      beforeAll(async () => {
        client = await clientFolder(home, !hasFfi(node));
      });
      beforeEach(async () => {
        const dns = await startDnsServer({ addresses: { [dc.host]: dc.address } });
        byName = ['--server', dc.host, '--dns', dns];
        await dc.ldapmodify([replace(directoryService, { tombstoneLifetime: '180' })]);
      });

      const tool = (environment: Environment, ...args: readonly string[]): Promise<ClientRun> =>
        runClient([node.path, join(client, 'bin', 'adsi-remedy.js'), ...args], environment, client);
      /** Fresh names of change folders, so that one client folder serves all tests. */
      let folders = 0;
      const folder = (): string => `change-${folders++}`;
      const lifetime = async (): Promise<string | undefined> => {
        const [entry] = await dc.ldapsearch(['-b', directoryService, '-s', 'base', 'tombstoneLifetime']);
        return entry?.text('tombstoneLifetime');
      };
      const proxied = async (): Promise<{ readonly proxy: RecordingProxy; readonly server: readonly string[] }> => {
        const proxy = await recordingProxy(dc.address, dc.ports.ldap);
        onTestFinished(() => proxy.close());
        return { proxy, server: ['--server', `127.0.0.1:${proxy.port}`, '--tls-name', dc.host] };
      };
      const fileOf = (change: string, name: string): Promise<string> => readFile(join(client, change, name), 'utf8');

      test("tombstone: dry run, --save, apply and undo, by the DC's own name and with the ticket of kinit", async () => {
        const days = ['--days', '365'];
        const dryRun = await tool(withTicket, 'tombstone', ...days, ...integrated, ...byName);
        expect([dryRun.status, await lifetime()]).toEqual([2, '180']);
        expect(dryRun.stdout).toContain(`Logged on: ${sealed}`);
        expect(dryRun.stdout.replace(/\s+/g, ' ')).toContain(`configuration read from ${dc.host} (GC), ${sealed}`);

        const saved = folder();
        const save = await tool(withTicket, 'tombstone', ...days, ...integrated, ...byName, '--save', saved);
        expect([save.status, await lifetime()]).toEqual([2, '180']);
        const plan = await fileOf(saved, 'plan.json');
        expect(JSON.parse(plan).target.connection).toMatchObject({ auth: 'integrated', tls: 'none', port: 389 });
        expect(plan).not.toContain(administrator);
        expect(await fileOf(saved, 'review.html')).toContain('sealed (Kerberos)');

        const apply = await tool(withTicket, 'apply', saved, '--seal', JSON.parse(plan).seal, '--yes');
        expect([apply.status, await lifetime(), apply.stdout]).toEqual([0, '365', expect.stringContaining(sealed)]);
        const [begin = ''] = (await fileOf(saved, 'journal.jsonl')).split('\n');
        expect(JSON.parse(begin)).toMatchObject({ event: 'begin', connection: sealed });
        expect(await fileOf(saved, 'review.html')).toContain(sealed);

        const undo = await tool(withTicket, 'undo', saved, ...integrated, ...byName, '--yes');
        expect([undo.status, await lifetime()]).toEqual([0, '180']);
        const said = [dryRun, save, apply, undo].map(({ stdout, stderr }) => stdout + stderr).join('\n');
        expect(said).not.toMatch(/without TLS|WITHOUT ENCRYPTION|in the clear/);
      });

      test.runIf(node.outermost)('orphan: dry run, --save, apply and undo, recipients included', async () => {
        const guid = async (): Promise<Buffer | undefined> => {
          if (!(await dc.exists(scene.orphan.dn))) return undefined;
          const [entry] = await dc.ldapsearch(['-b', scene.orphan.dn, '-s', 'base', 'objectGUID']);
          return entry?.bytes('objectGUID')[0];
        };
        const before = await guid();
        const named = ['--name', 'EX02', ...integrated, ...byName];
        const dryRun = await tool(withTicket, 'orphan', ...named, '--json');
        expect([dryRun.status, await guid()]).toEqual([2, before]);
        expect(dryRun.stdout).toContain(scene.mailboxes.bert.dn);

        const saved = folder();
        const save = await tool(withTicket, 'orphan', ...named, '--save', saved, ...acceptedOfOrphan);
        expect([save.status, await guid()]).toEqual([2, before]);

        const confirmed = ['--yes', '--confirm', 'EX02', ...integrated, ...byName];
        const apply = await tool(withTicket, 'apply', saved, ...confirmed);
        expect([apply.status, await guid()]).toEqual([0, undefined]);

        const undo = await tool(withTicket, 'undo', saved, '--yes', ...integrated, ...byName);
        expect([undo.status, await guid()]).toEqual([0, before]);
      });

      test('labels --check-upn reads the global catalog on port 3268', async () => {
        await writeTree(client, { root: { Set: { HTML: { 'strings.txt': stringsContent('Domain\\user name:') } } } });
        const args = ['--root', 'root', '--label', 'email', '--check-upn'];
        const { status, stdout } = await tool(withTicket, 'labels', ...args, ...integrated, ...byName);

        expect([status, stdout]).toEqual([
          2,
          expect.stringContaining('3 of 3 mailbox users have a user principal name that differs'),
        ]);
      });

      test('nothing passes in clear: no DN, attribute, value or typed password', async () => {
        const { proxy, server } = await proxied();
        const typed = { ...withoutTicket, ADSI_REMEDY_PASSWORD: dc.adminPassword };
        const user = ['--user', `Administrator@${forest.domain}`];
        const args = ['tombstone', '--days', '365', ...integrated, ...server, ...user, '--yes'];
        expect(await tool(typed, ...args)).toMatchObject({ status: 0 });

        expect(await lifetime()).toBe('365');
        expect(proxy.passed()).toContain('GSSAPI');
        expect(proxy.passed().length).toBeGreaterThan(10_000);
        const words = [dc.adminPassword, 'CN=', 'DC=', 'tombstoneLifetime', 'objectClass', 'defaultNamingContext'];
        expect(words.filter((word) => proxy.passed().includes(word))).toEqual([]);
      });

      test('a ticket goes to a server that only the plan names no sooner than a password does: 64, nothing sent', async () => {
        const { proxy, server } = await proxied();
        const saved = folder();
        await tool(withTicket, 'tombstone', '--days', '365', ...integrated, ...server, '--save', saved);
        const passedBefore = proxy.passed().length;
        const apply = await tool(withTicket, 'apply', saved, '--yes');

        expect([apply.status, apply.stderr]).toEqual([64, expect.stringContaining('only the plan names it')]);
        expect(proxy.passed().length).toBe(passedBefore);
        expect(await lifetime()).toBe('180');
      });

      test('a wrong password is tried once with --domain, not on each of four domain controllers', async () => {
        const names = ['dc1', 'dc7', 'dc8', 'dc9'].map((name) => `${name}.${forest.domain}`);
        const dns = await startDnsServer({
          addresses: Object.fromEntries(names.map((name) => [name, dc.address])),
          services: { [`_ldap._tcp.dc._msdcs.${forest.domain}`]: names.map((target) => ({ target, port: 389 })) },
        });
        const wrong = { ...withoutTicket, ADSI_REMEDY_PASSWORD: 'Wrong-1' };
        const where = ['--domain', forest.domain, '--dns', dns, '--user', `kim@${forest.domain}`];
        const { status, stdout, stderr } = await tool(wrong, 'tombstone', '--days', '365', ...integrated, ...where);
        const [, first = 'none'] = /Server (\S+):389/.exec(stdout) ?? [];

        expect([status, stderr]).toEqual([1, expect.stringContaining('wrong user name or password')]);
        expect(names).toContain(first);
        expect(stderr).toContain(`on         ${first}:389`);
      });

      test('without a ticket no logon is sent, and the error says how to get one', async () => {
        const { proxy, server } = await proxied();
        const { status, stderr } = await tool(withoutTicket, 'tombstone', '--days', '365', ...integrated, ...server);

        expect([status, stderr]).toEqual([1, expect.stringContaining('kinit USER@REALM')]);
        expect(proxy.passed()).not.toContain('GSSAPI');
      });

      test('a user without the right to change learns whose right is needed, and changes nothing', async () => {
        const typed = { ...withoutTicket, ADSI_REMEDY_PASSWORD: dc.adminPassword };
        const saved = folder();
        await tool(withTicket, 'tombstone', '--days', '365', ...integrated, ...byName, '--save', saved);
        const kim = [...integrated, ...byName, '--user', `kim@${forest.domain}`, '--yes'];
        const { status, stderr, stdout } = await tool(typed, 'apply', saved, ...kim);

        expect([status, stderr + stdout]).toEqual([3, expect.stringContaining('no-right-to-write')]);
        expect(await lifetime()).toBe('180');
      });
    });
  },
  { programs: ['kinit'] },
);
