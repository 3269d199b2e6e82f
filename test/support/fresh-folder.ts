import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** A new, empty folder that is removed when the test is over. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A tree of folders as an object literal: what is text or bytes is a file. */
export interface Tree {
  readonly [name: string]: Tree | string | Uint8Array;
}

/** Writes a tree below a folder, which is made where it is not there. */
export async function writeTree(folder: string, tree: Tree): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(tree)) {
    const place = path.join(folder, name);
    if (typeof content === 'string' || content instanceof Uint8Array) await writeFile(place, content);
    else await writeTree(place, content);
  }
}

/**
 * Everything below a folder, by path with forward slashes: the bytes of files as latin1 text, so that a difference can
 * be read; where links lead; nothing for folders.
 */
export async function snapshot(folder: string): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  const names = (await readdir(folder, { recursive: true })).map((name) => name.split(path.sep).join('/')).sort();
  for (const name of names) {
    const place = path.join(folder, name);
    const stats = await lstat(place);
    if (stats.isFile()) found[name] = (await readFile(place)).toString('latin1');
    if (stats.isSymbolicLink()) found[name] = `→ ${await readlink(place)}`;
  }
  return found;
}
