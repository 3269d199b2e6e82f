/**
 * Ready-made Samba trees, kept in the system's folder for temporary files. They are made anew when Samba, the schema
 * or the lab itself has changed.
 */

import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, utimes } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { run } from './command.ts';

const sources = ['../lab', '../schema'].map((folder) => join(import.meta.dirname, folder));
const day = 24 * 60 * 60 * 1000;

/**
 * Gives the folder of the template `name`, and has `build` fill it where there is none yet.
 * Two processes that build the same template at once do not disturb each other; the first to finish wins.
 */
export async function template(name: string, build: (directory: string) => Promise<void>): Promise<string> {
  const cache = await openCache();
  const directory = join(cache, `${name}-${await key()}`);
  if (await exists(directory)) {
    const now = new Date();
    await utimes(directory, now, now);
    return directory;
  }
  const draft = await mkdtemp(join(cache, 'draft-'));
  try {
    await build(draft);
    await rename(draft, directory);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(directory))) throw error;
  }
  await removeDisused(cache);
  return directory;
}

/** Our own folder, which nobody else may write: Samba runs as root on what lies in it. */
async function openCache(): Promise<string> {
  const { uid } = userInfo();
  const cache = join(tmpdir(), `adsi-remedy-templates-${uid}`);
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const found = await lstat(cache);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw new Error(`${cache} is not a folder of ours alone: remove it`);
  }
  return cache;
}

async function key(): Promise<string> {
  const hash = createHash('sha256').update(await run('samba', ['--version']));
  for (const folder of sources) {
    for (const name of (await readdir(folder)).sort()) hash.update(name).update(await readFile(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function removeDisused(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const directory = join(cache, name);
    // Another process may be clearing up as well.
    const found = await lstat(directory).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > day) await rm(directory, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
