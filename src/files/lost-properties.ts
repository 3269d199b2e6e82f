/**
 * What a file has besides its bytes, mode and owner, and would lose when another file takes its place: POSIX access
 * lists and extended attributes on Linux; hidden and system attributes, access entries of its own and the mark of the
 * web on Windows. Node can see none of it, so the system's own tools are asked, by absolute path and without a shell.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { errnoInWords } from './errno.ts';
import { inParallel } from './in-parallel.ts';

/** What a file would lose, in words; without the files that lose nothing. */
export type LostProperties =
  | { readonly kind: 'known'; readonly ofFile: ReadonlyMap<string, readonly string[]> }
  | { readonly kind: 'not-known'; readonly why: string };

/** Where the system's tools are. */
export type SystemTools =
  | { readonly kind: 'linux'; readonly tar: string }
  | { readonly kind: 'windows'; readonly systemRoot: string; readonly temp: string }
  | { readonly kind: 'none' };

/** The tools of a platform; `env` gives Windows's own folders. */
export function systemTools(platform: NodeJS.Platform, env: Readonly<Record<string, string | undefined>>): SystemTools {
  if (platform === 'linux') return { kind: 'linux', tar: '/bin/tar' };
  if (platform !== 'win32') return { kind: 'none' };
  return { kind: 'windows', systemRoot: env['SystemRoot'] ?? 'C:\\Windows', temp: env['TEMP'] ?? 'C:\\Windows\\Temp' };
}

/** What these files would lose. Never throws: where a tool is missing or fails, that is the answer. */
export async function lostProperties(files: readonly string[], tools: SystemTools): Promise<LostProperties> {
  try {
    if (tools.kind === 'linux') return { kind: 'known', ofFile: await byTar(files, tools.tar) };
    if (tools.kind === 'windows') return { kind: 'known', ofFile: await byWindowsTools(files, tools) };
    return { kind: 'not-known', why: 'no tool of this system shows it' };
  } catch (error) {
    return { kind: 'not-known', why: errnoInWords(error) };
  }
}

/**
 * GNU tar, which every Linux has, writes access lists and extended attributes as records of a header of type x before
 * the file's own header (pax format of POSIX, with the SCHILY keys of star).
 */
async function byTar(files: readonly string[], tar: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const options = ['--create', '--format=pax', '--acls', '--xattrs', '--xattrs-include=*', '--absolute-names'];
  const { stdout } = await run(tar, [...options, '--no-recursion', '--null', '--files-from=-', '--file=-'], {
    input: files.join('\0'),
    env: { LC_ALL: 'C' },
  });
  const found = new Map<string, readonly string[]>();
  let records: ReadonlyMap<string, string> = new Map();
  for (const { type, name, content } of headersOf(stdout)) {
    if (type === 'x') records = recordsOf(content);
    else {
      const lost = [...records.keys()].flatMap(wordsOfRecord);
      if (lost.length > 0) found.set(records.get('path') ?? name, lost);
      records = new Map();
    }
  }
  return found;
}

function wordsOfRecord(key: string): readonly string[] {
  if (key === 'SCHILY.acl.access') return ['access list (ACL)'];
  const attribute = /^SCHILY\.xattr\.(.*)$/.exec(key)?.[1];
  // The system gives a new file the label that its folder asks for.
  if (attribute === undefined || attribute === 'security.selinux') return [];
  return [`extended attribute ${attribute}`];
}

const block = 512;

function* headersOf(archive: Buffer): Generator<{ type: string; name: string; content: Buffer }> {
  const text = (from: number, length: number): string =>
    archive.toString('utf8', from, from + length).split('\0')[0] ?? '';
  for (let at = 0; at + block <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const content = archive.subarray(at + block, at + block + size);
    const [name, prefix] = [text(at, 100), text(at + 345, 155)];
    yield { type: text(at + 156, 1), name: prefix === '' ? name : `${prefix}/${name}`, content };
    at += block + Math.ceil(size / block) * block;
  }
}

/** Records of the form "LENGTH KEY=VALUE\n", the length in bytes and of the whole record. */
function recordsOf(content: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < content.length; ) {
    const length = Number.parseInt(content.toString('latin1', at, at + 20), 10);
    if (!(length > 0)) break;
    const [, key = '', value = ''] = /^\d+ ([^=]*)=(.*)\n$/s.exec(content.toString('utf8', at, at + length)) ?? [];
    records.set(key, value);
    at += length;
  }
  return records;
}

type WindowsTools = Extract<SystemTools, { readonly kind: 'windows' }>;

/** A folder is asked about once, for all of its files. */
async function byWindowsTools(
  files: readonly string[],
  { systemRoot, temp }: WindowsTools,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const system32 = path.win32.join(systemRoot, 'System32');
  const env = { SystemRoot: systemRoot, TEMP: temp, PATH: system32 };
  const folders = [...new Set(files.map((file) => path.dirname(file)))];
  const found = await inParallel(folders, 4, async (cwd) => {
    const attributes = await run(path.win32.join(system32, 'attrib.exe'), ['*'], { cwd, env });
    const access = await run(path.win32.join(system32, 'icacls.exe'), ['*'], { cwd, env });
    const here = files.filter((file) => path.dirname(file) === cwd);
    return inParallel(here, 4, async (file): Promise<readonly [string, readonly string[]]> => {
      const name = path.basename(file);
      const hasMark = await stat(`${file}:Zone.Identifier`).then(
        () => true,
        // No mark, or no such streams on this file system.
        () => false,
      );
      return [
        file,
        [
          ...attributesIn(attributes.stdout.toString('latin1'), name),
          ...(hasOwnAccess(access.stdout.toString('latin1'), name) ? ['access entries of its own'] : []),
          ...(hasMark ? ['mark of the web (Zone.Identifier)'] : []),
        ],
      ];
    });
  });
  return new Map(found.flat().filter(([, lost]) => lost.length > 0));
}

/** Of attrib's lines, "A  SHR      C:\folder\name", the attributes that a new file would not have. */
export function attributesIn(output: string, name: string): readonly string[] {
  const line = output.split(/\r?\n/).find((each) => each.toLowerCase().endsWith(`\\${name.toLowerCase()}`)) ?? '';
  const letters = /^[A-Z ]*(?= (?:[A-Za-z]:|\\\\))/.exec(line)?.[0] ?? '';
  return [
    ...(letters.includes('H') ? ['hidden attribute'] : []),
    ...(letters.includes('S') ? ['system attribute'] : []),
  ];
}

/**
 * Whether icacls lists an entry that is not inherited, without the mark (I). It writes "name BUILTIN\Users:(I)(RX)", and
 * further entries on lines of their own, indented.
 */
export function hasOwnAccess(output: string, name: string): boolean {
  const lines = output.split(/\r?\n/);
  const first = lines.findIndex((line) => line.toLowerCase().startsWith(`${name.toLowerCase()} `));
  if (first === -1) return false;
  const next = lines.findIndex((line, index) => index > first && !/^\s+\S/.test(line));
  const entries = lines.slice(first, next === -1 ? undefined : next);
  return entries.some((entry) => /:\(/.test(entry) && !/:\(I\)|\)\(I\)/.test(entry));
}

interface Run {
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a tool to its end; an Error if it can't be started or fails. */
async function run(tool: string, args: readonly string[], { cwd, env, input }: Run): Promise<{ stdout: Buffer }> {
  const child = spawn(tool, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
  const pieces: Buffer[] = [];
  let said = '';
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.stderr.on('data', (piece: Buffer) => {
    said = (said + piece.toString('latin1')).slice(0, 500);
  });
  // A tool that ends early says why in its status.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [status]: unknown[] = await once(child, 'close');
  if (status !== 0) throw new Error(`${path.basename(tool)} failed (${status}): ${said.trim()}`);
  return { stdout: Buffer.concat(pieces) };
}
