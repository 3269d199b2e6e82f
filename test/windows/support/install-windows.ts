/**
 * Windows computers of the tests' own, one for each worker: a Wine prefix in a fresh folder. Nothing of the user's is
 * in it: Wine makes links from its profile folders to those of HOME, and a search from C:\ would follow them. Setting
 * it up takes as long as many tests, so vitest does it once, before the first file of the project, and removes it after
 * the last.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readlink, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The home folder of the Windows of each worker; not there where it can't be installed. */
    windowsHomes: readonly string[];
  }
}

export const wine = '/usr/lib/wine/wine64';
const wineServer = '/usr/lib/wine/wineserver64';
/** The paths of node.exe, one a version, from .ci/install-wine. */
export const nodes = (process.env['ADSI_REMEDY_TEST_WINDOWS_NODES'] ?? '').split(':').filter((node) => node !== '');
const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** What Windows lacks here, with how to get it. */
export function missingForWindows(): string | undefined {
  if (!existsSync(wine)) return 'needs Debian’s wine64: run .ci/install-wine as root';
  return nodes.length === 0 ? 'needs ADSI_REMEDY_TEST_WINDOWS_NODES: see .ci/install-wine' : undefined;
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (missingForWindows() !== undefined) return undefined;
  const homes = await Promise.all(Array.from({ length: project.config.maxWorkers }, installWindows));
  project.provide('windowsHomes', homes);
  return async () => void (await Promise.all(homes.map(uninstallWindows)));
}

/** How Wine is run in a home folder of its own. */
export const wineEnvironment = (home: string): Readonly<Record<string, string>> => ({
  PATH: '/usr/bin:/bin',
  HOME: home,
  WINEPREFIX: path.join(home, 'prefix'),
  WINEARCH: 'win64',
  WINEDEBUG: '-all',
  WINEDLLOVERRIDES: 'mscoree,mshtml=',
  NODE_SKIP_PLATFORM_CHECK: '1',
  LC_ALL: 'C.UTF-8',
});

/** Runs the server of a Windows: -w waits for all of its processes, -k ends them, -p has it stay for the next one. */
const server = async (env: Readonly<Record<string, string>>, what: '-w' | '-k' | '-p'): Promise<void> =>
  void (await once(spawn(wineServer, [what], { env, stdio: 'ignore', timeout: 30_000 }), 'exit'));

/** Installs Windows in a fresh home folder: drive R: is the repository, \\TMG01\C$ is drive C:, V: is another volume. */
async function installWindows(): Promise<string> {
  const home = await bootedHome();
  const env = wineEnvironment(home);
  const driveC = path.join(home, 'prefix', 'drive_c');
  await removeLinks(driveC);
  const drives = path.join(home, 'prefix', 'dosdevices');
  await unlink(path.join(drives, 'z:'));
  await symlink(repository, path.join(drives, 'r:'));
  await symlink(await mkdtemp('/dev/shm/adsi-remedy-volume-'), path.join(drives, 'v:'));
  await mkdir(path.join(drives, 'unc', 'TMG01'), { recursive: true });
  await symlink(driveC, path.join(drives, 'unc', 'TMG01', 'C$'));
  const version = ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'];
  const failures: string[] = [];
  while (failures.length < 3) {
    const added = await runWine(version, env);
    if (added.ok) return home;
    failures.push(added.words);
  }
  throw new Error(`Wine could not set the version of its Windows.\n${failures.join('\n')}`);
}

/**
 * A fresh home folder whose Windows has started once. Debian 12's Wine now and then fails to start a process (1 of some
 * thousand), whatever the process is: that is tried again, and told when it goes on.
 */
async function bootedHome(): Promise<string> {
  const failures: string[] = [];
  while (failures.length < 3) {
    const home = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-wine-'));
    const env = wineEnvironment(home);
    // The services of Windows stay for the next process: waiting for their end and starting them takes five seconds.
    await mkdir(path.join(home, 'prefix'));
    await server(env, '-p');
    const booted = await runWine(['wineboot', '--init'], env);
    if (booted.ok && existsSync(path.join(home, 'prefix', 'drive_c'))) return home;
    failures.push(booted.words);
    await server(env, '-k');
    await rm(home, { recursive: true, force: true });
  }
  throw new Error(`Wine could not start its Windows.\n${failures.join('\n')}`);
}

/** What Wine says goes to a file: services that it starts keep a pipe open after its end. */
async function runWine(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly ok: boolean; readonly words: string }> {
  const file = path.join(String(env['HOME']), 'wine.err');
  const stderr = openSync(file, 'w');
  const child = spawn(wine, args, {
    env: { ...env, WINEDEBUG: '' },
    stdio: ['ignore', 'ignore', stderr],
    timeout: 120_000,
  });
  closeSync(stderr);
  const [status, signal] = await once(child, 'exit');
  const end = signal === null ? `exit status ${status}` : `signal ${signal}`;
  return { ok: status === 0, words: `wine ${args.join(' ')}: ${end}\n${readFileSync(file, 'utf8')}` };
}

/** Ends what is still running there and removes all of it. */
async function uninstallWindows(home: string): Promise<void> {
  const env = wineEnvironment(home);
  await server(env, '-k');
  await server(env, '-w');
  await rm(await readlink(path.join(home, 'prefix', 'dosdevices', 'v:')), { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
}

async function removeLinks(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const entry = path.join(folder, name);
    const stats = await lstat(entry);
    if (stats.isSymbolicLink()) await unlink(entry);
    else if (stats.isDirectory()) await removeLinks(entry);
  }
}
