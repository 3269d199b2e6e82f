/** A Windows computer as tests use it: the tool is run there, lines of cmd too, and files are held. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, inject, test } from 'vitest';
import { errnoOf } from '../../../src/errors.ts';
import { missingForWindows, nodes, wine, wineEnvironment } from './install-windows.ts';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface WindowsComputer {
  /** The folder of drive C:, as this computer sees it. */
  readonly driveC: string;
  /** That of drive V:, which is another volume. */
  readonly driveV: string;
  /** The path of node.exe there. */
  readonly node: string;
  /** Runs the tool to its end, in a folder as this computer sees it; `work` of drive C: if left out. */
  run(
    args: readonly string[],
    options?: { readonly folder?: string; readonly env?: Readonly<Record<string, string>> },
  ): Promise<Ended>;
  /** Runs the tool and kills it once this is so; an Error if it ends before. */
  runUntil(args: readonly string[], isSo: () => Promise<boolean>): Promise<void>;
  /** Runs a line of ASCII in cmd, in the folder `work`. */
  cmd(line: string): Promise<Ended>;
  /**
   * Holds a file of drive C: as editors do that let others read it, but neither write nor delete it. Gives what lets go.
   *
   * @param file as this computer sees it
   */
  hold(file: string): Promise<() => Promise<void>>;
  /** Removes the folder `work` and what is on drive V:. */
  clear(): Promise<void>;
}

/**
 * A suite for each Windows build of Node. Where there is no Wine it is skipped under a name that says how to change that;
 * with CI=true it fails instead.
 */
export function describeOnWindows(
  name: string,
  suite: (node: string) => void,
  { among = nodes }: { readonly among?: readonly string[] } = {},
): void {
  const missing = missingForWindows();
  if (missing === undefined) {
    describe.each(among)(`${name} with %s`, suite);
  } else if (process.env['CI'] === 'true') {
    test(`${name} (${missing})`, () => {
      throw new Error(`Under CI nothing is skipped: ${missing}`);
    });
  } else {
    describe.skip(`${name} (${missing})`, () => suite(''));
  }
}

/** Wine ended without starting what it was to run. */
class NotStartedError extends Error {}

/**
 * Debian 12's Wine now and then (1 of some thousand) starts no process. The tool prints a reason with every status but 0:
 * a run without a word is none of it, and what cmd says where it could not start a program is known.
 */
function hasStarted({ status, stdout, stderr }: Ended): boolean {
  const words = `${stdout}${stderr}`;
  return status === 0 || status === null || (words !== '' && !words.includes('Application could not be started'));
}

/** Does it again where Wine has not started what it was to run, at most three times in all. */
export async function untilStarted<T>(work: () => Promise<T>): Promise<T> {
  const failures: string[] = [];
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NotStartedError)) throw error;
      failures.push(error.message);
      if (failures.length === 3) throw new Error(`Wine started nothing, three times.\n${failures.join('\n')}`);
    }
  }
}

/** The end of a run. Throws NotStartedError, with the line that was to run. */
export function requireStarted(ended: Ended, line: readonly string[]): Ended {
  if (hasStarted(ended)) return ended;
  throw new NotStartedError(`${line.join(' ')}: exit status ${ended.status}\n${ended.stdout}${ended.stderr}`);
}

/** A home folder whose Windows no other test file uses now: it is taken by making `work` there, and freed by removing it. */
async function freeHome(homes: readonly string[]): Promise<string> {
  for (;;) {
    for (const home of homes) {
      try {
        await mkdir(workIn(home));
        return home;
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
      }
    }
    await sleep(50);
  }
}

const workIn = (home: string): string => path.join(home, 'prefix', 'drive_c', 'work');

/** A computer that no other file uses, with this Node, and an empty folder `work` on its drive C:. */
export async function windowsComputer(node: string): Promise<WindowsComputer> {
  const home = await freeHome(inject('windowsHomes'));
  const env = wineEnvironment(home);
  const driveC = path.join(home, 'prefix', 'drive_c');
  const drives = path.join(home, 'prefix', 'dosdevices');
  const drive = `${'nopq'[nodes.indexOf(node)]}:`;
  if (!existsSync(path.join(drives, drive))) await symlink(path.dirname(node), path.join(drives, drive));
  const nodeExe = `${drive.toUpperCase()}\\node.exe`;
  let runs = 0;
  let holds = 0;

  /** Output goes to files: Node for Windows can't write to pipes of Unix. */
  const start = (
    args: readonly string[],
    folder: string,
    more: Readonly<Record<string, string>> = {},
  ): { child: ChildProcess; ended: Promise<Ended> } => {
    runs += 1;
    const [out, err] = ['out', 'err'].map((name) => path.join(home, `${runs}.${name}`)) as [string, string];
    const [stdout, stderr] = [openSync(out, 'w'), openSync(err, 'w')];
    const child = spawn(wine, args, { cwd: folder, env: { ...env, ...more }, stdio: ['ignore', stdout, stderr] });
    closeSync(stdout);
    closeSync(stderr);
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (status) =>
        resolve({ status, stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') }),
      );
    }).then((end) => requireStarted(end, args));
    return { child, ended };
  };
  const work = workIn(home);

  return {
    driveC,
    driveV: path.join(drives, 'v:'),
    node: nodeExe,
    run: (args, { folder = work, env: more } = {}) =>
      untilStarted(() => start([nodeExe, 'R:\\bin\\adsi-remedy.js', ...args], folder, more).ended),
    runUntil: (args, isSo) =>
      untilStarted(async () => {
        const { child, ended } = start([nodeExe, 'R:\\bin\\adsi-remedy.js', ...args], work);
        const isOver = ended.then(({ stdout, stderr }) => {
          throw new Error(`It ended before it was to be killed: ${stdout}${stderr}`);
        });
        const isReached = async (): Promise<void> => {
          while (child.exitCode === null && !(await isSo())) await sleep(5);
          if (child.exitCode !== null) await isOver;
          child.kill('SIGKILL');
        };
        await Promise.race([isReached(), isOver]);
        await isOver.catch(() => undefined);
      }),
    cmd: async (line) => {
      // Wine would escape the quotes of an argument.
      await writeFile(path.join(work, 'line.cmd'), `@${line}\r\n`);
      return untilStarted(() => start(['cmd', '/c', 'line.cmd'], work).ended);
    },
    hold: (file) =>
      untilStarted(async () => {
        holds += 1;
        const [ready, done, script] = ['ready', 'done', 'js'].map((name) => `hold-${holds}.${name}`) as [
          string,
          string,
          string,
        ];
        await writeFile(
          path.join(work, script),
          `const fs = require('node:fs'); fs.writeFileSync('C:\\\\work\\\\${ready}', '');` +
            `setInterval(() => fs.existsSync('C:\\\\work\\\\${done}') && process.exit(), 20); setTimeout(process.exit, 60000);`,
        );
        // cmd opens the input without leave to write or delete, and what it starts inherits that. Wine's cmd takes no path
        // with blanks there.
        const line = `${nodeExe} C:\\work\\${script} < ${path.basename(file)}`;
        const { child, ended } = start(['cmd', '/c', line], path.dirname(file));
        const isOver = ended.then(({ stdout, stderr }) => {
          if (!existsSync(path.join(work, done))) throw new Error(`The file was not held: ${stdout}${stderr}`);
        });
        const isReady = async (): Promise<void> => {
          while (child.exitCode === null && !existsSync(path.join(work, ready))) await sleep(20);
          // What it ended with is the other promise's to say.
          if (child.exitCode !== null) await isOver;
        };
        await Promise.race([isReady(), isOver]);
        return async () => {
          await writeFile(path.join(work, done), '');
          await isOver;
        };
      }),
    clear: async () => {
      const volume = path.join(drives, 'v:');
      const left = (await readdir(volume)).map((name) => path.join(volume, name));
      for (const place of [...left, work]) await rm(place, { recursive: true, force: true });
    },
  };
}
