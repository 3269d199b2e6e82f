/**
 * Places where the servers of a test run. A place of the first kind is a set of namespaces (network, process, mount)
 * of its own, joined to the test by a veth pair: the servers have their well-known ports to themselves, and nothing of
 * them outlives it. Where the system refuses namespaces, as an unprivileged container does, a place is an address on
 * the loopback interface.
 *
 * Either kind is held open by a shell that reads a pipe from the test process. Whichever way that process ends, the
 * pipe ends too, and with it the servers, the interfaces and the place's folder.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandError, type CommandOptions, run } from './command.ts';

export interface Host {
  /** The IPv4 address at which the test reaches what runs here. */
  readonly address: string;
  /** A folder that goes with the host. */
  readonly directory: string;
  /** Runs a program here to its end and gives its standard output. */
  run(program: string, args: readonly string[], options?: CommandOptions): Promise<string>;
  /** Starts a server here, with its output in a file `name`.log of the host's folder. */
  start(name: string, program: string, args: readonly string[]): ChildProcess;
  /** Asks all that runs here to end, and waits until it has. */
  stopServers(): Promise<void>;
  /** Ends all that runs here, and removes the host with its folder. */
  close(): Promise<void>;
}

/** A host with a network of its own. */
export interface NamespaceHost extends Host {
  /** The process, as seen by the test, whose namespaces these are. */
  readonly processId: number;
  /** From here on programs of the host ask these name servers, and nobody before. */
  useNameServers(addresses: readonly string[]): Promise<void>;
}

/** The network between two hosts, apart from the one between each of them and the test. */
export interface Link {
  /** From here on neither host reaches the other. */
  cut(): Promise<void>;
  heal(): Promise<void>;
}

let permitted: boolean | undefined;

/** Whether this process may make namespaces. */
export function namespacesPermitted(): boolean {
  permitted ??=
    spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
  return permitted;
}

/** A host of the best kind that the system permits. */
export function openHost(): Promise<Host> {
  return namespacesPermitted() ? openNamespace() : openLoopback();
}

const keepLoopback = 'echo ready; read -r _; sleep 1; rm -rf -- "$1"';

/** Runs a program that gets SIGTERM when the test ends, and does not run it if the test has ended already. */
const endsWithTest = ['setpriv', '--pdeathsig', 'TERM', 'sh', '-c', '[ "$PPID" = "$0" ] && exec "$@"'];

/** A host on a loopback address of its own. */
export async function openLoopback(): Promise<Host> {
  const address = `127.${randomInt(16, 240)}.${randomInt(256)}.${randomInt(1, 255)}`;
  const { directory, keeper } = await openKeeper(keepLoopback, []);
  const servers: ChildProcess[] = [];
  const stopServers = async (): Promise<void> => {
    const groups = servers.splice(0).flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    for (const group of groups) await endGroup(group);
  };
  return {
    address,
    directory,
    run,
    start(name, program, args) {
      const server = startServer(directory, name, [...endsWithTest, String(process.pid), program, ...args]);
      servers.push(server);
      return server;
    },
    stopServers,
    async close() {
      await stopServers();
      await dismiss(keeper);
    },
  };
}

/** Ends a process group: a server's own process may be gone before the workers that it started. */
async function endGroup(group: number): Promise<void> {
  const patience = Date.now() + 10_000;
  let signal: NodeJS.Signals | 0 = 'SIGTERM';
  while (sendSignal(group, signal)) {
    signal = Date.now() > patience ? 'SIGKILL' : 0;
    await delay(20);
  }
}

/** Whether there was anybody in the process group to get the signal; 0 asks without sending one. */
function sendSignal(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/**
 * Becomes the first process of the namespaces, and ends with its input. By ignoring SIGCHLD it lets the kernel clear
 * orphans away when they end.
 */
const insideNamespaces = `
  set -e
  read -r outer_pid _ < /proc/self/stat
  mount -t proc proc /proc
  mount --bind "$1/resolv.conf" /etc/resolv.conf
  ip link set lo up
  echo "$outer_pid"
  exec env --ignore-signal=CHLD cat > /dev/null`;

const keepNamespaces =
  'unshare --net --mount --pid --fork --kill-child sh -c "$2" adsi-remedy-lab "$1"; rm -rf -- "$1"';

/** Every process of the namespace but its first (which ignores signals) and the shell that asks. */
const stopEveryProcess = `
  kill -TERM -1
  tries=0
  while set -- /proc/[0-9]*; [ $# -gt 2 ]; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || kill -KILL -1
    sleep 0.05
  done`;

/** A host in namespaces of its own. */
export async function openNamespace(): Promise<NamespaceHost> {
  const { directory, keeper, answer } = await openKeeper(keepNamespaces, [insideNamespaces]);
  const processId = Number(answer);
  const enter = ['nsenter', '--target', answer, '--net', '--mount', '--pid', '--'] as const;
  const runInside: Host['run'] = (program, args, options) =>
    run(enter[0], [...enter.slice(1), program, ...args], options);
  try {
    const address = await joinToTest({ processId });
    return {
      address,
      directory,
      processId,
      async useNameServers(addresses) {
        const lines = addresses.map((nameServer) => `nameserver ${nameServer}\n`);
        // The file is mounted inside: it must stay the same file.
        await writeFile(join(directory, 'resolv.conf'), lines.join(''));
      },
      run: runInside,
      start: (name, program, args) => startServer(directory, name, [...enter, program, ...args]),
      stopServers: async () => {
        await runInside('sh', ['-c', stopEveryProcess]);
      },
      close: () => dismiss(keeper),
    };
  } catch (error) {
    await dismiss(keeper);
    throw error;
  }
}

/** Joins two hosts by a veth pair over which each reaches the other's address. */
export async function joinHosts(hosts: readonly [NamespaceHost, NamespaceHost]): Promise<Link> {
  const [first, second] = hosts;
  const ends = [
    { host: first, partner: second, device: `to-${second.processId}` },
    { host: second, partner: first, device: `to-${first.processId}` },
  ] as const;
  const peer = ['peer', 'name', ends[1].device, 'netns', String(second.processId)];
  await ipInside(first, ['link', 'add', 'name', ends[0].device, 'type', 'veth', ...peer]);

  const heal = async (): Promise<void> => {
    for (const { host, partner, device } of ends) {
      await ipInside(host, ['link', 'set', device, 'up']);
      // The kernel drops an interface's routes when it goes down.
      await ipInside(host, ['route', 'replace', `${partner.address}/32`, 'dev', device, 'src', host.address]);
    }
  };
  await heal();
  return {
    heal,
    async cut() {
      for (const { host, device } of ends) await ipInside(host, ['link', 'set', device, 'down']);
    },
  };
}

/** Gives a namespace an address that the test reaches: a /30 of 198.18.0.0/15 (RFC 2544: never on the Internet). */
async function joinToTest(host: Pick<NamespaceHost, 'processId'>): Promise<string> {
  const network = randomInt(2 ** 15);
  const address = (host: number): string =>
    `198.${18 + (network >> 14)}.${(network >> 6) & 255}.${((network << 2) & 255) + host}`;
  const here = `adsi${randomBytes(4).toString('hex')}`;

  // Made from inside, and handed to us in the same breath: when the namespace goes, both ends go.
  await ipInside(host, ['link', 'add', 'test', 'type', 'veth', 'peer', 'name', here, 'netns', String(process.pid)]);
  await ipInside(host, ['address', 'add', `${address(2)}/30`, 'dev', 'test']);
  await ipInside(host, ['link', 'set', 'test', 'up']);
  await run('ip', ['address', 'add', `${address(1)}/30`, 'dev', here]);
  await run('ip', ['link', 'set', here, 'up']);
  return address(2);
}

/** Runs `ip` in the host's network, but among our processes, so that it can name network namespaces by process. */
async function ipInside({ processId }: Pick<NamespaceHost, 'processId'>, args: readonly string[]): Promise<void> {
  await run('nsenter', ['--target', String(processId), '--net', '--', 'ip', ...args]);
}

interface Keeper {
  readonly directory: string;
  readonly keeper: ChildProcess;
  /** The first line that the script printed. */
  readonly answer: string;
}

/** Starts the shell that holds a host open; its script finds the host's new folder as $1 and `args` from $2 on. */
async function openKeeper(script: string, args: readonly string[]): Promise<Keeper> {
  const directory = await mkdtemp(join(tmpdir(), 'adsi-remedy-lab-'));
  await writeFile(join(directory, 'resolv.conf'), '');
  // Detached, so that Ctrl-C at the test's terminal does not end it before its work is done.
  const keeper = spawn('sh', ['-c', script, 'adsi-remedy-lab', directory, ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const complaint: Buffer[] = [];
  keeper.stderr.on('data', (chunk: Buffer) => complaint.push(chunk));
  const answer = await new Promise<string>((resolve, reject) => {
    createInterface(keeper.stdout).once('line', resolve);
    keeper.once('error', reject);
    keeper.once('close', (status) =>
      reject(new CommandError(['sh', '-c', script], status, Buffer.concat(complaint).toString())),
    );
  });
  return { directory, keeper, answer };
}

async function dismiss(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return;
  const ended = once(keeper, 'exit');
  keeper.stdin?.end();
  await ended;
}

/**
 * The server's standard input is a pipe from the test, at whose end Samba ends as well. The server is in a process group
 * of its own: a server that ends its group, as Samba does, must not end the test.
 */
function startServer(directory: string, name: string, command: readonly string[]): ChildProcess {
  const log = join(directory, `${name}.log`);
  return spawn('sh', ['-c', 'log=$1; shift; exec "$@" >>"$log" 2>&1', 'sh', log, ...command], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}
