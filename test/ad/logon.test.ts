import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { cp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freshFolder } from '../support/fresh-folder.ts';
import { describeOnEveryNode } from '../terminal/support/nodes.ts';
import { run } from './lab/command.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import type { DomainController } from './lab/domain-controller.ts';
import { forest } from './lab/forest.ts';
import { replace } from './lab/ldif.ts';
import { startOneDomainController } from './lab/one-dc.ts';
import { clientFolder, hasFfi, runClient } from './scenario/client-folder.ts';
import { directoryService } from './scenario/directory-service.ts';
import { type Environment, kerberosEnvironment, kinit, registerLdapService } from './scenario/kerberos.ts';
import { recordingProxy } from './scenario/recording-proxy.ts';

const kim = { user: `kim@${forest.domain}`, password: 'S3cret-of-Kim' };

/** Opens a session, reads the tombstone lifetime, sets it if asked to, and prints what happened as JSON. */
const program = `
import { readdirSync } from 'node:fs';
import { ldapConnector } from './dist/ldap/connector.js';
import { textOf } from './dist/ad/entry.js';
import { ticketOwner } from './dist/ldap/logon/gssapi.js';
const openSession = (options) => ldapConnector(options).open(options);
const { address, bind, tls, base, lifetime, more } = JSON.parse(process.argv[2]);
let ticks = 0;
const timer = setInterval(() => { ticks += 1; }, 10);
const threads = () => readdirSync('/proc/self/task').length;
let outcome;
try {
  const session = await openSession({ ...address, bind, tls });
  const read = async () => textOf(await session.readEntry(base, ['tombstoneLifetime']), 'tombstoneLifetime');
  const before = await read();
  if (lifetime !== undefined) {
    const edit = { attribute: 'tombstoneLifetime', remove: [Buffer.from(before)], add: [Buffer.from(lifetime)] };
    await session.modify(base, [edit]);
  }
  const threadsBefore = threads();
  const others = await Promise.all(Array.from({ length: more }, () => openSession({ ...address, bind, tls })));
  const users = others.map(({ identity }) => identity.sealed?.user);
  outcome = { sealed: session.identity.sealed, before, after: await read(), users, threads: threads() - threadsBefore };
  for (const other of others) await other.close();
  await session.close();
} catch (error) {
  outcome = { ...error.trouble, cause: undefined, resultCode: error.resultCode };
}
clearInterval(timer);
console.log(JSON.stringify({ ...outcome, ticks, owner: await ticketOwner() }));
process.exit(0);
`;

interface Call {
  readonly environment: Environment;
  readonly address: { readonly host: string; readonly port?: number; readonly tlsName?: string };
  readonly bind?: unknown;
  readonly tls?: string;
  readonly lifetime?: string;
  /** How many more sessions to open, all at once. */
  readonly more?: number;
  /** A shift of the clock, as faketime takes it. */
  readonly clock?: string;
}

type Outcome = Readonly<Record<string, unknown>> & { readonly ticks: number; readonly owner?: string };

const modules = join(import.meta.dirname, '..', '..', 'dist');

/** The tool with its single modules and the program beside it. */
async function programFolder(parent: string, withKoffi: boolean): Promise<string> {
  const folder = await clientFolder(parent, withKoffi);
  await cp(modules, join(folder, 'dist'), { recursive: true });
  await writeFile(join(folder, 'client.js'), program);
  return folder;
}

describeWithSamba(
  'the integrated logon',
  () => {
    let dc: DomainController;
    let folder: string;
    /** With a ticket of the administrator. */
    let administrator: Environment;
    let withoutTicket: Environment;

    beforeAll(async () => {
      dc = await startOneDomainController({ services: ['ldap', 'dns', 'kdc'] });
      folder = join(dc.samDatabase, '..');
      await registerLdapService(dc);
      await run('samba-tool', ['user', 'create', 'kim', kim.password, '-H', dc.samDatabase]);
      administrator = await kerberosEnvironment(folder, 'administrator', dc.address);
      withoutTicket = await kerberosEnvironment(folder, 'nobody', dc.address);
      await kinit(administrator, 'Administrator', dc.adminPassword);
    });
    afterAll(() => dc?.stop());

    describeOnEveryNode('the client', (node) => {
      let client: string;
      beforeAll(async () => {
        client = await programFolder(folder, !hasFfi(node));
      });

      const call = async (given: Call): Promise<Outcome> => {
        const { environment, address, bind = { auth: 'integrated' }, tls = 'none', lifetime, more = 0, clock } = given;
        const request = JSON.stringify({ address, bind, tls, lifetime, more, base: directoryService });
        const command = [node.path, join(client, 'client.js'), request];
        const clocked = clock === undefined ? command : ['faketime', '-f', clock, ...command];
        const { stdout, stderr } = await runClient(clocked, environment);
        expect(stderr).toBe('');
        return JSON.parse(stdout) as Outcome;
      };
      const named = (): Call['address'] => ({ host: dc.address, tlsName: dc.host });
      const lifetime = async (): Promise<string | undefined> => {
        const [entry] = await dc.ldapsearch(['-b', directoryService, '-s', 'base', 'tombstoneLifetime']);
        return entry?.text('tombstoneLifetime');
      };

      test('reads and writes with the ticket of kinit, on port 389 without a certificate', async () => {
        await dc.ldapmodify([replace(directoryService, { tombstoneLifetime: '180' })]);
        const outcome = await call({ environment: administrator, address: named(), lifetime: '365' });

        expect(outcome).toMatchObject({
          sealed: { user: `Administrator@${forest.realm}` },
          owner: `Administrator@${forest.realm}`,
          before: '180',
          after: '365',
        });
        expect(await lifetime()).toBe('365');
      });

      test('reads from the global catalog on port 3268', async () => {
        const address = { ...named(), port: dc.ports.globalCatalog };
        expect(await call({ environment: administrator, address })).toMatchObject({ before: await lifetime() });
      });

      test('opens sessions with a dozen domain controllers at once, on few threads', async () => {
        const outcome = await call({ environment: administrator, address: named(), more: 12 });
        expect(outcome).toMatchObject({ users: Array.from({ length: 12 }, () => `Administrator@${forest.realm}`) });
        expect(outcome['threads']).toBeLessThan(10);
      });

      test('sends nothing in clear', async () => {
        await dc.ldapmodify([replace(directoryService, { tombstoneLifetime: '180' })]);
        const proxy = await recordingProxy(dc.address, dc.ports.ldap);
        onTestFinished(() => proxy.close());
        const address = { host: '127.0.0.1', port: proxy.port, tlsName: dc.host };
        const as = { user: `Administrator@${forest.domain}`, password: dc.adminPassword };
        const bind = { auth: 'integrated', as };
        const outcome = await call({ environment: withoutTicket, address, bind, lifetime: '365' });

        expect(outcome).toMatchObject({ before: '180', after: '365' });
        expect(proxy.passed()).toContain('GSSAPI');
        for (const word of [dc.adminPassword, 'CN=', 'DC=', 'tombstoneLifetime', 'objectClass', '365']) {
          expect(proxy.passed()).not.toContain(word);
        }
      });

      test('logs on as another user by a password that only Kerberos gets', async () => {
        const outcome = await call({
          environment: administrator,
          address: named(),
          bind: { auth: 'integrated', as: kim },
        });
        expect(outcome).toMatchObject({ sealed: { user: `kim@${forest.realm}` } });
        expect(outcome.owner).toBe(`Administrator@${forest.realm}`);
      });

      test('a user without the right to change is refused by the server', async () => {
        const bind = { auth: 'integrated', as: kim };
        const outcome = await call({ environment: withoutTicket, address: named(), bind, lifetime: '60' });

        expect(outcome).toMatchObject({ resultCode: 50 });
        expect(await lifetime()).not.toBe('60');
      });

      test.each<[string, Partial<Call>, string, string]>([
        ['no ticket', {}, 'no Kerberos ticket on this computer', 'kinit'],
        [
          'a wrong password',
          { bind: { auth: 'integrated', as: { ...kim, password: 'wrong' } } },
          'wrong user name or password',
          'password',
        ],
        [
          'an unknown user',
          { bind: { auth: 'integrated', as: { ...kim, user: `nn@${forest.domain}` } } },
          'unknown user',
          'user name',
        ],
        [
          'a user name without a domain',
          { bind: { auth: 'integrated', as: { ...kim, user: 'CORP\\kim' } } },
          'is not name@domain',
          'name@domain',
        ],
      ])('%s has its own error and next step', async (_, given, cameBack, next) => {
        expect(await call({ environment: withoutTicket, address: named(), ...given })).toMatchObject({
          cameBack: expect.stringContaining(cameBack),
          next: expect.stringContaining(next),
        });
      });

      test('an address in place of the name has its own error and next step', async () => {
        const outcome = await call({ environment: administrator, address: { host: dc.address } });

        expect(outcome).toMatchObject({
          cameBack: expect.stringContaining(`Kerberos does not know the service ldap/${dc.address}`),
          next: expect.stringContaining('--tls-name'),
        });
      });

      test('a clock that is an hour ahead has its own error and next step', async () => {
        const ahead = await kerberosEnvironment(await freshFolder(), 'ahead', dc.address);
        await kinit(ahead, 'Administrator', dc.adminPassword);
        const outcome = await call({ environment: ahead, address: named(), clock: '+1h' });

        expect(outcome).toMatchObject({
          cameBack: expect.stringContaining('the clocks of this computer and of the domain controller differ too much'),
          next: expect.stringContaining('clock'),
        });
      });

      test('a clock that was set back since the ticket was obtained has the same error and next step', async () => {
        const behind = await kerberosEnvironment(await freshFolder(), 'behind', dc.address);
        await kinit(behind, 'Administrator', dc.adminPassword);
        await call({ environment: behind, address: named() });
        const outcome = await call({ environment: behind, address: named(), clock: '-1h' });

        expect(outcome).toMatchObject({
          cameBack: expect.stringMatching(/clocks of this computer and of the domain controller.*not yet valid/),
          next: expect.stringContaining('clock'),
        });
      });

      test('a ticket from another service than the domain controller is refused, with advice on the ticket', async () => {
        await run('samba-tool', ['spn', 'add', 'ldap/alias.corp.example.com', 'kim', '-H', dc.samDatabase]);
        onTestFinished(async () => {
          await run('samba-tool', ['spn', 'delete', 'ldap/alias.corp.example.com', 'kim', '-H', dc.samDatabase]);
        });
        const address = { host: dc.address, tlsName: 'alias.corp.example.com' };

        expect(await call({ environment: administrator, address })).toMatchObject({
          resultCode: 49,
          next: expect.stringContaining('cannot use the ticket for ldap/alias.corp.example.com'),
        });
      });

      test('a ticket that has expired has its own error and next step', async () => {
        const short = await kerberosEnvironment(await freshFolder(), 'short', dc.address);
        await kinit(short, 'Administrator', dc.adminPassword, '-l', '10m');
        const outcome = await call({ environment: short, address: named(), clock: '+20m' });

        expect(outcome).toMatchObject({
          cameBack: expect.stringContaining('the Kerberos ticket has expired'),
          next: expect.stringContaining('kinit'),
        });
        expect(outcome).not.toHaveProperty('owner');
      });

      test.each([
        ['a password', { auth: 'integrated', as: kim }],
        ['a ticket', { auth: 'integrated' }],
      ])(
        'a KDC that is silent, with %s: the event loop runs, the error comes, and the process ends',
        async (_, bind) => {
          const kdc = await silentKdc();
          const silent = await kerberosEnvironment(await freshFolder(), 'silent', kdc);
          const tickets = await kerberosEnvironment(await freshFolder(), 'tickets', dc.address);
          await kinit(tickets, 'Administrator', dc.adminPassword);
          const environment = { ...tickets, KRB5_CONFIG: silent['KRB5_CONFIG'] ?? '' };
          const outcome = await call({ environment, address: named(), bind });

          expect(outcome).toMatchObject({
            cameBack: expect.stringContaining('no Kerberos server (KDC) answers'),
            next: expect.stringContaining('port 88'),
          });
          expect(outcome.ticks).toBeGreaterThan(100);
        },
      );

      test('TLS below the logon is wrong usage', async () => {
        const outcome = await call({ environment: administrator, address: named(), tls: 'starttls' });
        expect(outcome).toMatchObject({ cameBack: expect.stringContaining('cannot be combined with TLS') });
      });

      test('a password on port 389 is refused, and the error names the integrated logon', async () => {
        const bind = { auth: 'password', user: dc.adminUser, password: dc.adminPassword };
        const outcome = await call({ environment: withoutTicket, address: named(), bind });

        expect(outcome).toMatchObject({ resultCode: 8, next: expect.stringContaining('--auth integrated') });
      });

      test.skipIf(hasFfi(node))('without koffi says how to get it', async () => {
        client = await programFolder(folder, false);
        const outcome = await call({ environment: administrator, address: named() });

        expect(outcome).toMatchObject({
          cameBack: expect.stringContaining('koffi is not installed'),
          next: expect.stringContaining('npx --package adsi-remedy --package koffi'),
        });
      });
    });
  },
  { programs: ['kinit', 'faketime'] },
);

/** Takes requests by UDP and TCP and answers none; gives its address. */
async function silentKdc(): Promise<string> {
  const tcp = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const address = tcp.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const udp = createSocket('udp4');
  udp.bind(address.port, '127.0.0.1');
  await once(udp, 'listening');
  onTestFinished(() => {
    tcp.close();
    udp.close();
  });
  return `127.0.0.1:${address.port}`;
}
