import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandError } from './command.ts';
import { type DomainController, startDomainController } from './domain-controller.ts';
import { forest, namingContexts } from './forest.ts';
import { joinHosts, type Link, type NamespaceHost, openNamespace } from './host.ts';
import { provisioned } from './one-dc.ts';
import { template } from './template.ts';
import { copyTree, databaseOf, ldbmodify, randomPassword, setAddress, setPassword } from './tree.ts';

/** A forest of one domain with two domain controllers, dc1 and dc2, each a replica of the other. */
export interface TwoDomainControllers {
  readonly dc1: DomainController;
  readonly dc2: DomainController;
  /** Parts the two from each other; the test still reaches both. */
  cut(): Promise<void>;
  heal(): Promise<void>;
  /** Whether dc2 gets an answer from dc1. */
  linked(): Promise<boolean>;
  /**
   * Has `destination` pull the changes of a naming context from the other DC, as `repadmin /replicate` does.
   * A DC that has just been healed or started may refuse at first: it is asked again, for half a minute.
   */
  replicate(destination: 'dc1' | 'dc2', namingContext: string): Promise<void>;
  /** Joins another DC to the domain, or a new dc2 once the old one has been stopped. It pulls from dc1. */
  join(name: Joined): Promise<DomainController>;
  /**
   * Joins a read-only DC that is never started: it would take no administrator's logon. To the others it is one that is
   * gone. Gives its dNSHostName.
   */
  joinReadOnly(name: 'rodc1'): Promise<string>;
  /** Ends both DCs and removes all that they had. */
  stop(): Promise<void>;
}

type Joined = 'dc2' | 'dc3';

/** As `samba-tool domain join` calls it. */
type Role = 'DC' | 'RODC';

/** What a DC needs to replicate. The knowledge consistency checker stays off: the lab's topology never changes. */
const services = ['ldap', 'cldap', 'kdc', 'drepl', 'winbindd', 'rpc', 'dns'];

/** Starts both DCs with all naming contexts in step. Takes about a quarter of a minute; a whole one the first time. */
export async function startTwoDomainControllers(): Promise<TwoDomainControllers> {
  const source = await template('two-dcs', buildTemplate);
  return await inTwoHosts(async (hosts, link) => {
    const adminPassword = randomPassword();
    const joined: NamespaceHost[] = [];
    const start = async (name: 'dc1' | 'dc2', host: NamespaceHost): Promise<DomainController> => {
      const tree = join(host.directory, name);
      await copyTree(join(source, name), tree);
      await ldbmodify(databaseOf(tree), [
        setPassword(forest.adminDn, adminPassword),
        setAddress('dc1', hosts[0].address),
        setAddress('dc2', hosts[1].address),
      ]);
      return await startReplica(name, host, adminPassword, services);
    };
    const [dc1, dc2] = await Promise.all([start('dc1', hosts[0]), start('dc2', hosts[1])]);
    const replicate: TwoDomainControllers['replicate'] = (destination, namingContext) =>
      pull(destination === 'dc1' ? hosts[0] : hosts[1], destination, namingContext);
    for (const namingContext of namingContexts) {
      await Promise.all([replicate('dc1', namingContext), replicate('dc2', namingContext)]);
    }
    const joinedHost = async (name: string, role: Role = 'DC'): Promise<NamespaceHost> => {
      const host = await openNamespace();
      joined.push(host);
      await host.useNameServers([hosts[0].address]);
      await joinHosts([hosts[0], host]);
      await joinDomain(name, host, dc1.host, adminPassword, role);
      return host;
    };
    return {
      dc1,
      dc2,
      cut: link.cut,
      heal: link.heal,
      linked: () => answers(hosts[1], dc1.address),
      replicate,
      async join(name) {
        return await startReplica(name, await joinedHost(name), adminPassword, services);
      },
      async joinReadOnly(name) {
        await joinedHost(name, 'RODC');
        return `${name}.${forest.domain}`;
      },
      async stop() {
        await Promise.all([...hosts, ...joined].map((host) => host.close()));
      },
    };
  });
}

type TwoHosts = readonly [NamespaceHost, NamespaceHost];

/** Opens two joined hosts; when `use` fails, they are closed again. */
async function inTwoHosts<T>(use: (hosts: TwoHosts, link: Link) => Promise<T>): Promise<T> {
  const opened: NamespaceHost[] = [];
  const open = async (): Promise<NamespaceHost> => {
    const host = await openNamespace();
    opened.push(host);
    return host;
  };
  try {
    const hosts = [await open(), await open()] as const;
    // The first holds the domain's DNS; the second asks it first, as its own knows nothing before the join.
    await hosts[0].useNameServers([hosts[0].address]);
    await hosts[1].useNameServers([hosts[0].address, hosts[1].address]);
    return await use(hosts, await joinHosts(hosts));
  } catch (error) {
    await Promise.all(opened.map((host) => host.close()));
    throw error;
  }
}

/** Fills a template with the trees of two DCs that have replicated with each other, in its folders dc1 and dc2. */
async function buildTemplate(directory: string): Promise<void> {
  const source = await provisioned();
  await inTwoHosts(async (hosts) => {
    const [first, second] = hosts;
    const trees = { dc1: join(first.directory, 'dc1'), dc2: join(second.directory, 'dc2') };
    const adminPassword = randomPassword();
    await copyTree(join(source, 'dc1'), trees.dc1);
    await ldbmodify(databaseOf(trees.dc1), [
      setPassword(forest.adminDn, adminPassword),
      setAddress('dc1', first.address),
    ]);
    // These two make the connections, and register the service principal names, that replication needs.
    const firstServices = [...services, 'kcc', 'dnsupdate'];
    const dc1 = await startReplica('dc1', first, adminPassword, firstServices);

    await joinDomain('dc2', second, dc1.host, adminPassword);
    await startReplica('dc2', second, adminPassword, firstServices);
    const applicationPartitions = ['DomainDnsZones', 'ForestDnsZones'].map(
      (zone) => `DC=${zone},${forest.domainNamingContext}`,
    );
    for (const namingContext of [...namingContexts, ...applicationPartitions]) {
      await Promise.all([pull(first, 'dc1', namingContext), pull(second, 'dc2', namingContext)]);
    }
    await Promise.all(hosts.map((host) => host.stopServers()));
    await copyTree(trees.dc1, join(directory, 'dc1'));
    await copyTree(trees.dc2, join(directory, 'dc2'));
    for (const host of hosts) await host.close();
  });
}

/** Makes the tree of the DC in the host's folder. */
async function joinDomain(
  name: string,
  host: NamespaceHost,
  server: string,
  password: string,
  role: Role = 'DC',
): Promise<void> {
  const command = ['domain', 'join', forest.domain, role, '--configfile=/dev/null', '--username=Administrator'];
  const as = [
    `--targetdir=${join(host.directory, name)}`,
    `--option=netbios name=${name}`,
    '--dns-backend=SAMBA_INTERNAL',
  ];
  await host.run('samba-tool', [...command, `--server=${server}`, ...as], { environment: { PASSWD: password } });
}

function startReplica(
  name: 'dc1' | Joined,
  host: NamespaceHost,
  adminPassword: string,
  runServices: readonly string[],
): Promise<DomainController> {
  return startDomainController({ host, tree: join(host.directory, name), name, adminPassword, services: runServices });
}

const replicateDeadline = 30_000;

/** Whether a program on the host gets an answer from an LDAP server within two seconds. */
async function answers(host: NamespaceHost, address: string): Promise<boolean> {
  const rootDse = ['-x', '-o', 'nettimeout=2', '-b', '', '-s', 'base', '1.1'];
  try {
    await host.run('ldapsearch', ['-H', `ldap://${address}`, ...rootDse]);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

async function pull(host: NamespaceHost, destination: 'dc1' | 'dc2', namingContext: string): Promise<void> {
  const source = destination === 'dc1' ? 'dc2' : 'dc1';
  const configurationFile = join(host.directory, destination, 'etc', 'smb.conf');
  const deadline = Date.now() + replicateDeadline;
  for (;;) {
    try {
      await host.run('samba-tool', [
        ...['drs', 'replicate', `${destination}.${forest.domain}`, `${source}.${forest.domain}`, namingContext],
        ...[`--configfile=${configurationFile}`, '--machine-pass'],
      ]);
      return;
    } catch (error) {
      if (!(error instanceof CommandError) || Date.now() > deadline) throw error;
      await delay(1000);
    }
  }
}
