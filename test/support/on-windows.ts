/**
 * What tests need and Windows lacks, or the Windows of the tests. A test that asks for it is skipped there, and the
 * report says for want of what.
 */

import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { TestRunner } from 'vitest';

const isWindows = process.platform === 'win32';

const lacks = {
  links: 'Windows lets only some users make symbolic links, and Wine none',
  scripts: 'Windows starts no scripts as programs',
  pipes: 'Windows has no pipes with a name in a folder',
  modes: 'Windows keeps no mode but read-only',
  refusedNames: 'Node tries for ever to make a folder whose name Wine takes for too long',
  signals: 'on Windows a process can’t send another one Ctrl-C: it ends at once',
  users: 'Windows has no user numbers',
  names: 'on Windows no name holds a colon or a backslash',
  syncedFolders: 'Windows syncs no folders',
  secondNames: 'on Windows the backup is a copy: a second name of a held file could not be removed',
  doubleSlash: 'two slashes name another computer on Windows',
  refusals: 'Wine tells no program that a UDP port is closed',
  packages: 'Wine takes the identity of SSPI that limits its packages for the older one, and crashes',
  notAFolder: 'Windows says ENOENT for a path below a file',
} as const;

/** Skips the test that calls it on Windows. */
export function need(what: keyof typeof lacks): void {
  if (isWindows) TestRunner.getCurrentTest()?.context.skip(lacks[what]);
}

/** Makes a symbolic link; on Windows the test is skipped. */
export async function symlink(target: string, place: string): Promise<void> {
  need('links');
  await fs.symlink(target, place);
}

/** Makes a pipe with a name in a folder; on Windows the test is skipped. */
export async function makePipe(place: string): Promise<void> {
  need('pipes');
  execFileSync('mkfifo', [place]);
}
