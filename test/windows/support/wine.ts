/**
 * A Windows computer of the test's own: a Wine prefix in a fresh folder, with Node from npm. Nothing of the user's is in
 * it: Wine makes links from its profile folders to those of HOME, and a search from C:\ would follow them.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';

const wine = '/usr/lib/wine/wine64';
const wineServer = '/usr/lib/wine/wineserver64';
/** The paths of node.exe, one a version, from .ci/install-wine. */
const nodes = (process.env['ADSI_REMEDY_TEST_WINDOWS_NODES'] ?? '').split(':').filter((node) => node !== '');
const repository = fileURLToPath(new URL('../../..', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface WindowsComputer {
  /** The folder of drive C:, as this computer sees it. */
  readonly driveC: string;
  /** Runs the tool in a folder of drive C: (`work` if left out), to its end. */
  run(args: readonly string[], folder?: string): Promise<Ended>;
  /** Runs a line of ASCII in cmd, in the folder `work`. */
  cmd(line: string): Promise<Ended>;
  /**
   * Holds a file of drive C: as editors do that let others read it, but neither write nor delete it. Gives what lets go.
   *
   * @param file as this computer sees it
   */
  hold(file: string): Promise<() => Promise<void>>;
  /** Ends what is still running there and removes all of it. */
  remove(): Promise<void>;
}

/**
 * A suite for each Windows build of Node. Where there is no Wine it is skipped under a name that says how to change that;
 * with CI=true it fails instead.
 */
export function describeOnWindows(name: string, suite: (node: string) => void): void {
  const missing = !existsSync(wine)
    ? 'needs Debian’s wine64: run .ci/install-wine as root'
    : nodes.length === 0
      ? 'needs ADSI_REMEDY_TEST_WINDOWS_NODES: see .ci/install-wine'
      : undefined;
  if (missing === undefined) {
    describe.each(nodes)(`${name} with %s`, suite);
  } else if (process.env['CI'] === 'true') {
    test(`${name} (${missing})`, () => {
      throw new Error(`Under CI nothing is skipped: ${missing}`);
    });
  } else {
    describe.skip(`${name} (${missing})`, () => suite(''));
  }
}

/** Sets up a computer with this Node; its drive R: is the repository. */
export async function windowsComputer(node: string): Promise<WindowsComputer> {
  const home = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-wine-'));
  const prefix = path.join(home, 'prefix');
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: home,
    WINEPREFIX: prefix,
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    NODE_SKIP_PLATFORM_CHECK: '1',
    LC_ALL: 'C.UTF-8',
  };
  const driveC = path.join(prefix, 'drive_c');
  let runs = 0;
  let holds = 0;

  /** Output goes to files: Node for Windows can't write to pipes of Unix. */
  const start = (args: readonly string[], folder: string): { child: ChildProcess; ended: Promise<Ended> } => {
    runs += 1;
    const [out, err] = ['out', 'err'].map((name) => path.join(home, `${runs}.${name}`)) as [string, string];
    const [stdout, stderr] = [openSync(out, 'w'), openSync(err, 'w')];
    const child = spawn(wine, args, { cwd: folder, env, stdio: ['ignore', stdout, stderr] });
    closeSync(stdout);
    closeSync(stderr);
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (status) =>
        resolve({ status, stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') }),
      );
    });
    return { child, ended };
  };
  const runIn = (folder: string, args: readonly string[]): Promise<Ended> =>
    start(args, path.join(driveC, folder)).ended;

  const settle = (): void => void spawnSync(wineServer, ['-w'], { env, timeout: 30_000 });
  await start(['wineboot', '--init'], home).ended;
  settle();
  await removeLinks(driveC);
  const drives = path.join(prefix, 'dosdevices');
  await unlink(path.join(drives, 'z:'));
  await symlink(repository, path.join(drives, 'r:'));
  await symlink(path.dirname(node), path.join(drives, 'n:'));
  await mkdir(path.join(drives, 'unc', 'TMG01'), { recursive: true });
  await symlink(driveC, path.join(drives, 'unc', 'TMG01', 'C$'));
  await mkdir(path.join(driveC, 'work'));
  await start(['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'], home).ended;

  return {
    driveC,
    run: (args, folder = 'work') => runIn(folder, ['N:\\node.exe', 'R:\\bin\\adsi-remedy.js', ...args]),
    cmd: async (line) => {
      // Wine would escape the quotes of an argument.
      await writeFile(path.join(driveC, 'work', 'line.cmd'), `@${line}\r\n`);
      return runIn('work', ['cmd', '/c', 'line.cmd']);
    },
    hold: async (file) => {
      holds += 1;
      const [ready, done, script] = ['ready', 'done', 'js'].map((name) => `hold-${holds}.${name}`) as [
        string,
        string,
        string,
      ];
      await writeFile(
        path.join(driveC, script),
        `const fs = require('node:fs'); fs.writeFileSync('C:\\\\${ready}', '');` +
          `setInterval(() => fs.existsSync('C:\\\\${done}') && process.exit(), 20); setTimeout(process.exit, 60000);`,
      );
      // cmd opens the input without leave to write or delete, and what it starts inherits that. Wine's cmd takes no path
      // with blanks there.
      const line = `N:\\node.exe C:\\${script} < ${path.basename(file)}`;
      const { ended } = start(['cmd', '/c', line], path.dirname(file));
      const isOver = ended.then(({ stdout, stderr }) => {
        if (!existsSync(path.join(driveC, done))) throw new Error(`The file was not held: ${stdout}${stderr}`);
      });
      const isReady = async (): Promise<void> => {
        while (!existsSync(path.join(driveC, ready))) await sleep(20);
      };
      await Promise.race([isReady(), isOver]);
      return async () => {
        await writeFile(path.join(driveC, done), '');
        await isOver;
      };
    },
    remove: async () => {
      spawnSync(wineServer, ['-k'], { env, timeout: 30_000 });
      settle();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function removeLinks(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const entry = path.join(folder, name);
    const stats = await lstat(entry);
    if (stats.isSymbolicLink()) await unlink(entry);
    else if (stats.isDirectory()) await removeLinks(entry);
  }
}
