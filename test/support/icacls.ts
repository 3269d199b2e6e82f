/** A stand-in for the icacls of Windows, which the tests can't run: Wine's does nothing. */

import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { WindowsTools } from '../../src/files/own-access.ts';
import { freshFolder } from './fresh-folder.ts';
import { need } from './on-windows.ts';

export const inherited = 'D:AI(A;ID;FA;;;BA)';
export const own = 'D:AI(D;;FA;;;BU)(A;ID;FA;;;BA)';

export interface StandIn {
  readonly tools: WindowsTools;
  /** Gives a file an access list of its own; a file without one inherits. */
  set(file: string, list: string): Promise<void>;
  get(file: string): Promise<string>;
  /** Each run: its arguments but the file's that is read or written, and the names of its environment. */
  calls(): Promise<readonly string[]>;
  /** Files that the caller left behind. */
  leftOver(): Promise<readonly string[]>;
}

/**
 * A script that keeps access lists by inode, as a file system does, so that a new file in an old one's place has none.
 *
 * @param restored what /restore makes of a list, in JavaScript
 */
export async function standInForIcacls(restored = 'list'): Promise<StandIn> {
  need('scripts');
  const home = await freshFolder();
  const place = (name: string): string => path.join(home, name);
  const script = `#!${process.execPath}
    const fs = require('node:fs');
    const { basename, dirname, join } = require('node:path');
    const [at, how, saved, ...more] = process.argv.slice(2);
    fs.appendFileSync('${place('calls')}', [at, how, ...more, ...Object.keys(process.env).toSorted()].join(' ') + '\\n');
    const lists = JSON.parse(fs.readFileSync('${place('lists')}', 'utf8'));
    const inode = (file) => fs.statSync(file).ino;
    if (how === '/save') {
      const names = more.includes('/t') ? fs.readdirSync(dirname(at), { recursive: true }) : [basename(at)];
      const found = names.filter((name) => basename(name) === basename(at));
      const lines = found.flatMap((name) => [name, lists[inode(join(dirname(at), name))] ?? '${inherited}']);
      fs.writeFileSync(saved, lines.map((line) => line + '\\r\\n').join(''), 'utf16le');
    } else {
      const [name, list] = fs.readFileSync(saved, 'utf16le').split('\\r\\n');
      lists[inode(join(at, name))] = ${restored};
      fs.writeFileSync('${place('lists')}', JSON.stringify(lists));
    }`;
  await writeFile(place('icacls.exe'), script);
  await chmod(place('icacls.exe'), 0o700);
  await writeFile(place('lists'), '{}');
  const lists = async () => JSON.parse(await readFile(place('lists'), 'utf8')) as Record<string, string>;
  const inode = async (file: string): Promise<number> => (await stat(file)).ino;
  return {
    tools: { icacls: place('icacls.exe'), env: { SystemRoot: '/windows', TEMP: home, PATH: '/windows' } },
    set: async (file, list) =>
      writeFile(place('lists'), JSON.stringify({ ...(await lists()), [await inode(file)]: list })),
    get: async (file) => (await lists())[await inode(file)] ?? inherited,
    calls: async () => (await readFile(place('calls'), 'utf8')).trim().split('\n'),
    leftOver: async () => (await readdir(home)).filter((name) => name.endsWith('.acl')),
  };
}
