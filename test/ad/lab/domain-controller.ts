import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeCertificate } from './certificates.ts';
import { CommandError, run } from './command.ts';
import { forest, ports } from './forest.ts';
import type { Host } from './host.ts';
import { type Change, type Entry, readLdif, writeLdif } from './ldif.ts';
import { databaseOf, ldbmodify } from './tree.ts';

/** A Samba AD DC that the test can reach, and the tools that look at it without any of our own code. */
export interface DomainController {
  /** Its dNSHostName. No resolver of the system knows it: connect to `address` and check the certificate for either. */
  readonly host: string;
  /** IPv4. */
  readonly address: string;
  readonly ports: typeof ports;
  /** PEM of the certificate authority that signed the DC's certificate for `host` and `address`. */
  readonly caFile: string;
  readonly adminUser: string;
  readonly adminPassword: string;
  /** Holds the password alone, for -y of OpenLDAP's clients. Written once: clients may run side by side. */
  readonly adminPasswordFile: string;
  /** The Samba configuration file, for `samba-tool --configfile`. */
  readonly configurationFile: string;
  readonly samDatabase: string;

  /** What `ldapsearch` prints as administrator over LDAPS; its arguments start with options such as -b and -s. */
  ldapsearch(args: readonly string[]): Promise<readonly Entry[]>;
  /** What `ldbsearch` prints of the DC's database: no server, no access checks. */
  ldbsearch(args: readonly string[]): Promise<readonly Entry[]>;
  /** Whether `ldapsearch` finds an entry of this DN. */
  exists(dn: string): Promise<boolean>;
  /** Makes the changes by `ldapmodify` as administrator over LDAPS. */
  ldapmodify(changes: readonly Change[]): Promise<void>;
  /** Stops Samba, makes the changes by `ldbmodify` where no rule of the server applies, and starts it again. */
  offline(changes: readonly Change[]): Promise<void>;
  /** Stops Samba: from here on the DC refuses connections. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the DC and removes all that it had. */
  stop(): Promise<void>;
}

export interface DomainControllerOptions {
  readonly host: Host;
  /** A provisioned or joined Samba tree, in the host's folder. */
  readonly tree: string;
  /** The first label of its dNSHostName. */
  readonly name: string;
  readonly adminPassword: string;
  /** Samba's `server services`. */
  readonly services: readonly string[];
}

/** Longest time, in milliseconds, from start to the first answer. */
const startDeadline = 60_000;

/** Starts Samba on a tree; the DC answers when this returns. */
export async function startDomainController(options: DomainControllerOptions): Promise<DomainController> {
  const { host, tree, name, adminPassword } = options;
  const hostName = `${name}.${forest.domain}`;
  const samDatabase = databaseOf(tree);
  const configurationFile = join(tree, 'etc', 'smb.conf');
  const adminPasswordFile = join(host.directory, 'password');

  const certificate = await makeCertificate(join(host.directory, 'tls'), hostName, host.address);
  await mkdir(join(host.directory, 'run'));
  await writeFile(adminPasswordFile, adminPassword, { mode: 0o600 });
  await writeFile(
    configurationFile,
    sambaConfiguration(tree, {
      'netbios name': name.toUpperCase(),
      'server services': options.services.join(', '),
      // Without a mask Samba takes only addresses that an interface has by name, and so none of the loopback's.
      interfaces: `${host.address}/8`,
      'bind interfaces only': 'yes',
      'tls cafile': certificate.caFile,
      'tls certfile': certificate.certificateFile,
      'tls keyfile': certificate.keyFile,
      'log file': join(host.directory, 'samba.log'),
      ...runtimeFolders(join(host.directory, 'run')),
    }),
  );

  const ldapTool = (program: string, args: readonly string[], input = ''): Promise<string> => {
    const logon = ['-x', '-D', forest.adminUser, '-y', adminPasswordFile];
    const session = [...logon, '-H', `ldaps://${host.address}:${ports.ldaps}`];
    const environment = { LDAPTLS_CACERT: certificate.caFile, LDAPTLS_REQCERT: 'demand' };
    return run(program, [...session, ...args], { input, environment });
  };
  const ldapsearch: DomainController['ldapsearch'] = async (args) =>
    readLdif(await ldapTool('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', ...args]));

  const resume = async (): Promise<void> => {
    const server = host.start('samba', 'samba', ['--foreground', '--configfile', configurationFile]);
    const rootDse = ['-b', '', '-s', 'base', 'isSynchronized'];
    await waitForAnswer(server, join(host.directory, 'samba.log'), () => ldapsearch(rootDse));
  };
  const controller: DomainController = {
    host: hostName,
    address: host.address,
    ports,
    caFile: certificate.caFile,
    adminUser: forest.adminUser,
    adminPassword,
    adminPasswordFile,
    configurationFile,
    samDatabase,
    ldapsearch,
    async ldbsearch(args) {
      return readLdif(await run('ldbsearch', ['-H', samDatabase, ...args]));
    },
    async exists(dn) {
      try {
        return (await ldapsearch(['-b', dn, '-s', 'base', '(objectClass=*)', '1.1'])).length === 1;
      } catch (error) {
        const noSuchObject = 32;
        if (error instanceof CommandError && error.status === noSuchObject) return false;
        throw error;
      }
    },
    async ldapmodify(changes) {
      await ldapTool('ldapmodify', [], writeLdif(changes));
    },
    async offline(changes) {
      await host.stopServers();
      await ldbmodify(samDatabase, changes);
      await resume();
    },
    pause: () => host.stopServers(),
    resume,
    stop: () => host.close(),
  };
  await resume();
  return controller;
}

/** The smb.conf of a DC of the forest whose data lies in this tree. */
function sambaConfiguration(tree: string, settings: Readonly<Record<string, string>>): string {
  const all = {
    realm: forest.realm,
    workgroup: forest.netbiosName,
    'server role': 'active directory domain controller',
    'private dir': join(tree, 'private'),
    'state directory': join(tree, 'state'),
    'cache directory': join(tree, 'cache'),
    'lock directory': tree,
    'binddns dir': join(tree, 'bind-dns'),
    ...settings,
  };
  return `[global]\n${Object.entries(all)
    .map(([name, value]) => `\t${name} = ${value}\n`)
    .join('')}`;
}

function runtimeFolders(directory: string): Readonly<Record<string, string>> {
  return {
    'pid directory': directory,
    'ncalrpc dir': join(directory, 'ncalrpc'),
    'winbindd socket directory': join(directory, 'winbindd'),
    'ntp signd socket directory': join(directory, 'ntp_signd'),
  };
}

async function waitForAnswer(server: ChildProcess, log: string, ask: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + startDeadline;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      const ended = server.exitCode !== null || server.signalCode !== null;
      if (ended || Date.now() > deadline) {
        const logged = await readFile(log, 'utf8').catch(() => '');
        throw new Error(`Samba does not answer${ended ? ': it has ended' : ''}\n${logged.slice(-4000)}`, {
          cause: error,
        });
      }
      await delay(100);
    }
  }
}
