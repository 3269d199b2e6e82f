import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Plan, RemoveLingeringChange } from '../../src/change/plan.ts';
import { run as apply } from '../../src/commands/apply.ts';
import type { OpenDirectory } from '../../src/commands/context.ts';
import { connectByDns, ldapConnector } from '../../src/ldap/connector.ts';
import { interrupted } from '../remedies/lingering/support/pair.ts';
import { startDnsServer } from '../support/dns-server.ts';
import { remedyCommand } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { run as runProgram } from './lab/command.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import type { DomainController } from './lab/domain-controller.ts';
import { forest, namingContexts } from './lab/forest.ts';
import { add, type Change, replace } from './lab/ldif.ts';
import { startTwoDomainControllers, type TwoDomainControllers } from './lab/two-dcs.ts';

const people = `OU=Lab,${forest.domainNamingContext}`;
const users = `CN=Users,${forest.domainNamingContext}`;
const dnOf = (name: string): string => `CN=${name},${people}`;
const contact = (name: string): Change => add(dnOf(name), { objectClass: 'contact' });
const deletion = (name: string): Change => ({ kind: 'delete', dn: dnOf(name) });

const onBoth = ['a1', 'a2', 'a3', 'b1', 'b2', 'late', 'kept'];
const deletedOnDc1 = ['a1', 'a2', 'a3'];
const deletedOnDc2 = ['b1', 'b2'];

const lookForLingering = remedyCommand('lingering');

/** What Samba has instead of garbage collection on request. */
async function expunge({ samDatabase, configurationFile }: DomainController): Promise<void> {
  const where = ['-H', samDatabase, `--configfile=${configurationFile}`];
  const contexts = [forest.domainNamingContext, forest.configurationNamingContext];
  await runProgram('samba-tool', ['domain', 'tombstones', 'expunge', ...contexts, '--tombstone-lifetime=0', ...where]);
}

function namesIn(dns: readonly string[]): readonly string[] {
  return dns.map((dn) => /^CN=([^,\\]+)/.exec(dn)?.[1] ?? dn).sort();
}

function planOf({ stdout }: CommandRun): Plan<RemoveLingeringChange> {
  return JSON.parse(stdout) as Plan<RemoveLingeringChange>;
}

function foundBy(plan: Plan, id: string): readonly string[] {
  const evidence = plan.findings.find((finding) => finding.id === id)?.evidence ?? [];
  return namesIn(evidence.map((line) => line.replace(/^\S+: /, ''))).filter((name) => !name.includes('DEL:'));
}

/** Which of these names ldapsearch finds on a DC, alive or deleted. */
async function shownBy(dc: DomainController, names: readonly string[]): Promise<readonly string[]> {
  const filter = `(|${names.map((name) => `(cn=${name})(cn=${name}\\0aDEL:*)`).join('')})`;
  const showDeleted = ['-E', '!1.2.840.113556.1.4.417'];
  const found = await dc.ldapsearch(['-b', forest.domainNamingContext, ...showDeleted, filter, 'cn']);
  return found.flatMap((entry) => /^[^\n]+/.exec(entry.text('cn') ?? '')?.[0] ?? []).sort();
}

describeWithSamba(
  'lingering on two domain controllers that deleted and created apart',
  () => {
    let dcs: TwoDomainControllers;
    let folder: string;
    let bundle: string;

    beforeAll(async () => {
      dcs = await startTwoDomainControllers();
      const { dc1, dc2 } = dcs;
      folder = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-test-'));
      bundle = path.join(folder, 'ca.pem');
      await writeFile(bundle, (await readFile(dc1.caFile, 'utf8')) + (await readFile(dc2.caFile, 'utf8')));
      await dc1.ldapmodify([add(people, { objectClass: 'organizationalUnit' }), ...onBoth.map(contact)]);
      for (const context of namingContexts) {
        await dcs.replicate('dc2', context);
        await dcs.replicate('dc1', context);
      }
      await dcs.cut();
      await dc1.ldapmodify(deletedOnDc1.map(deletion));
      await dc2.ldapmodify([...deletedOnDc2.map(deletion), replace(dnOf('a1'), { description: 'changed on dc2' })]);
      await Promise.all([expunge(dc1), expunge(dc2)]);
      await dc1.ldapmodify([contact('new1'), deletion('late')]);
      await dc2.ldapmodify([contact('new2')]);
    });
    afterAll(async () => {
      await dcs?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const run = async (command: Parameters<typeof runCommand>[0], args: readonly string[]): Promise<CommandRun> => {
      const { dc1, dc2 } = dcs;
      const dns = await startDnsServer({ addresses: { [dc1.host]: dc1.address, [dc2.host]: dc2.address } });
      const directory = ['--server', dc1.host, '--dns', dns, '--ca', bundle, '--user', forest.adminUser];
      return runCommand(command, [...args, ...directory], {
        currentFolder: folder,
        env: { ADSI_REMEDY_PASSWORD: dc1.adminPassword },
      });
    };

    test('finds exactly what was made to linger, both ways, with what is new, late and changed kept apart', async () => {
      const result = await run(lookForLingering, ['--reference', 'dc1', '--save', 'change', '--json']);
      expect(result.status).toBe(2);
      const plan = planOf(result);
      // The reference first.
      expect(plan.changes.map(({ on }) => on)).toEqual([dcs.dc1.host, dcs.dc1.host]);
      expect(namesIn(plan.changes.map(({ dn }) => dn))).toEqual(deletedOnDc2);
      expect(namesIn(plan.leftOut.map(({ what }) => what))).toEqual(deletedOnDc1);
      expect(foundBy(plan, 'new-objects')).toEqual(['new1', 'new2']);
      expect(foundBy(plan, 'late-objects')).toEqual(['late']);
      expect(plan.findings.map(({ id }) => id)).not.toContain('not-provable');
      // As ldapsearch shows it, tombstones included: each is on the one DC, and the other has no trace of it.
      expect(await shownBy(dcs.dc1, deletedOnDc2)).toEqual(deletedOnDc2);
      expect(await shownBy(dcs.dc2, deletedOnDc2)).toEqual([]);
      expect(await shownBy(dcs.dc2, deletedOnDc1)).toEqual(deletedOnDc1);
      expect(await shownBy(dcs.dc1, deletedOnDc1)).toEqual([]);
    });

    test('says of the other DC which objects were changed since', async () => {
      const { stdout, status } = await run(lookForLingering, ['--reference', 'dc2', '--json']);
      expect(status).toBe(2);
      expect(namesIn(planOf({ stdout, stderr: '', status }).changes.map(({ dn }) => dn))).toEqual(deletedOnDc1);
      expect(foundBy(planOf({ stdout, stderr: '', status }), 'changed-since')).toEqual(['a1']);
    });

    test('cannot prove anything to an ordinary user', async () => {
      const password = 'Ordinary-1';
      const { dc1, dc2 } = dcs;
      for (const { samDatabase, configurationFile } of [dc1, dc2]) {
        await runProgram('samba-tool', [
          ...['user', 'create', 'ordinary', password],
          ...['-H', samDatabase, `--configfile=${configurationFile}`],
        ]);
      }
      const dns = await startDnsServer({ addresses: { [dc1.host]: dc1.address, [dc2.host]: dc2.address } });
      const args = ['--reference', 'dc1', '--json', '--server', dc1.host, '--dns', dns, '--ca', bundle];
      const result = await runCommand(lookForLingering, [...args, '--user', 'ordinary@corp.example.com'], {
        currentFolder: folder,
        env: { ADSI_REMEDY_PASSWORD: password },
      });
      expect(result.status).toBe(1);
      const plan = planOf(result);
      expect(plan.changes).toEqual([]);
      expect(plan.findings.map(({ id }) => id)).toContain('not-provable');
      for (const { samDatabase, configurationFile } of [dc1, dc2]) {
        await runProgram('samba-tool', [
          ...['user', 'delete', 'ordinary'],
          ...['-H', samDatabase, `--configfile=${configurationFile}`],
        ]);
      }
    });

    test('finds none once the objects are deleted and expunged, and replication runs again', async () => {
      const { dc1, dc2 } = dcs;
      await dc1.ldapmodify(deletedOnDc2.map(deletion));
      await expunge(dc1);
      const second = await run(apply, ['change', '--json']);
      expect(second.status).toBe(3);
      const { plan } = JSON.parse(second.stdout) as { readonly plan: Plan<RemoveLingeringChange> };
      // Its tombstone on dc1 was expunged with the others: nothing is on its way any more.
      const left = [...deletedOnDc1, 'late'];
      expect(namesIn(plan.changes.map(({ dn }) => dn))).toEqual(left);
      expect(plan.changes.map(({ on }) => on)).toEqual(left.map(() => dc2.host));

      await dc2.ldapmodify(left.map(deletion));
      await expunge(dc2);
      await dcs.heal();
      await dcs.replicate('dc1', forest.domainNamingContext);
      await dcs.replicate('dc2', forest.domainNamingContext);
      expect(await shownBy(dc1, [...onBoth, 'new1', 'new2'])).toEqual(await shownBy(dc2, [...onBoth, 'new1', 'new2']));
      expect(await dc2.exists(dnOf('new1'))).toBe(true);
      expect(await dc1.exists(dnOf('new2'))).toBe(true);
      const last = await run(apply, ['change', '--json']);
      expect(last.status).toBe(0);
    });

    /** The forest as the command opens it, with something done around the reading of the second list. */
    async function openedWhile(when: 'before' | 'after', meddle: () => Promise<void>): Promise<OpenDirectory> {
      const { dc1, dc2 } = dcs;
      const dns = await startDnsServer({ addresses: { [dc1.host]: dc1.address, [dc2.host]: dc2.address } });
      const connector = ldapConnector({
        tls: 'ldaps',
        ca: await readFile(bundle),
        bind: { auth: 'password', user: forest.adminUser, password: dc1.adminPassword },
        createConnection: connectByDns(dns),
      });
      const session = await connector.open({ host: dc1.host });
      return {
        session,
        connection: { kind: 'practice' },
        isExport: false,
        reopen: () => connector.open({ host: dc1.host }),
        openOther: async (host) => interrupted(await connector.open({ host }), when, meddle),
        openGlobalCatalog: async () => undefined,
        close: () => session.close(),
      };
    }

    test.each(['before', 'after'] as const)(
      'finds none while objects are created, moved and deleted %s the second list',
      async (when) => {
        const { dc1, dc2 } = dcs;
        const nameOf = (name: string): string => `${name}-${when}`;
        const both = async (): Promise<void> => {
          await dcs.replicate('dc2', forest.domainNamingContext);
          await dcs.replicate('dc1', forest.domainNamingContext);
        };
        await dc1.ldapmodify(['moved', 'deleted', 'unheard'].map((name) => contact(nameOf(name))));
        await both();
        let times = 0;
        const meddle = async (): Promise<void> => {
          times += 1;
          await dc1.ldapmodify([
            contact(nameOf('created1')),
            { kind: 'modrdn', dn: dnOf(nameOf('moved')), newRdn: `CN=${nameOf('elsewhere')}`, newSuperior: users },
          ]);
          await dc2.ldapmodify([contact(nameOf('created2')), deletion(nameOf('deleted'))]);
          await both();
          // What has not been replicated when the objects are looked up.
          await dc1.ldapmodify([contact(nameOf('fresh1')), deletion(nameOf('unheard'))]);
          await dc2.ldapmodify([contact(nameOf('fresh2'))]);
        };
        const result = await runCommand(
          lookForLingering,
          ['--reference', 'dc1', '--partition', forest.domainNamingContext, '--json'],
          { currentFolder: folder, directory: () => openedWhile(when, meddle) },
        );
        expect(times).toBe(1);
        expect(result.status).toBe(0);
        const plan = planOf(result);
        expect([...plan.changes, ...plan.leftOut]).toEqual([]);
        const allowed = ['new-objects', 'late-objects', 'transient-objects', 'not-covered'];
        expect(plan.findings.map(({ id }) => id).filter((id) => !allowed.includes(id))).toEqual([]);
        // It happened, as ldapsearch shows it.
        expect(await dc2.exists(`CN=${nameOf('elsewhere')},${users}`)).toBe(true);
        expect(await dc2.exists(dnOf(nameOf('deleted')))).toBe(false);
        expect(await dc1.exists(dnOf(nameOf('created2')))).toBe(true);
        expect(await dc1.exists(dnOf(nameOf('fresh2')))).toBe(false);
      },
    );
  },
  { namespaces: true },
);
