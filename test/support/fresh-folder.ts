import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** A new, empty folder that is removed when the test is over. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A tree of folders as an object literal: what is text or bytes is a file. */
export interface Tree {
  readonly [name: string]: Tree | string | Uint8Array;
}

/** Writes a tree below a folder, which is made where it is not there; at once, as the folders of tests are local. */
export async function writeTree(folder: string, tree: Tree): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(tree)) {
    const place = path.join(folder, name);
    if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(place, content);
    else await writeTree(place, content);
  }
}

/**
 * Everything below a folder, by path with forward slashes: the bytes of files as latin1 text, so that a difference can
 * be read; where links lead; nothing for folders.
 */
export async function snapshot(folder: string): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const names = all.map((name) => name.split(path.sep).join('/')).sort();
  for (const name of names) {
    const place = path.join(folder, name);
    const stats = lstatSync(place);
    if (stats.isFile()) found[name] = readFileSync(place).toString('latin1');
    if (stats.isSymbolicLink()) found[name] = `→ ${readlinkSync(place)}`;
  }
  return found;
}
