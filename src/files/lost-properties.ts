/**
 * What a file of Windows has besides its bytes and would lose when another file takes its place: the hidden and system
 * attributes, access entries of its own, the mark of the web. Node sees none of it, so Windows's own tools are asked, by
 * absolute path, without a shell and in a small environment, once for all files of a name below a folder.
 */

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { errnoInWords } from './errno.ts';
import { inParallel } from './in-parallel.ts';

/** Where Windows has its tools and its temporary files. */
export interface WindowsTools {
  readonly systemRoot: string;
  readonly temp: string;
}

/** The tools of this computer; none elsewhere than on Windows. */
export function windowsTools(
  platform: NodeJS.Platform,
  { SystemRoot: systemRoot, TEMP: temp }: Readonly<Record<string, string | undefined>>,
): WindowsTools | undefined {
  return platform === 'win32' && systemRoot !== undefined && temp !== undefined ? { systemRoot, temp } : undefined;
}

/** What files would lose, in words by path, and what could not be found out. */
export interface LostProperties {
  readonly ofFile: ReadonlyMap<string, readonly string[]>;
  /** Files with the mark of the web; a new file is trusted as its folder is. */
  readonly marked: readonly string[];
  /** A tool that failed, and how. */
  readonly unknown: readonly string[];
}

/**
 * What files of one name would lose. Never throws: what a tool does not say is in `unknown`.
 *
 * @param files absolute, each below one of the folders
 */
export async function lostProperties(
  folders: readonly string[],
  files: readonly string[],
  tools: WindowsTools,
): Promise<LostProperties> {
  const name = path.win32.basename(files[0] ?? '');
  const looks = await inParallel(folders, 4, async (folder) => {
    const pattern = path.win32.join(folder, name);
    const own = files.filter((file) => isIn(file, folder));
    return own.length === 0
      ? []
      : [
          await asked('attrib.exe', () => attributesBelow(pattern, own, tools)),
          await asked('icacls.exe', () => accessBelow(folder, pattern, own, tools)),
        ];
  });
  const answers = looks.flat();
  const ofFile = new Map<string, readonly string[]>();
  for (const [file, lost] of answers.flatMap((answer) => (answer.kind === 'said' ? [...answer.lost] : [])))
    ofFile.set(file, [...(ofFile.get(file) ?? []), ...lost]);
  const marks = await inParallel(files, 16, (file) =>
    stat(`${file}:Zone.Identifier`).then(
      () => [file],
      // No mark, or no such streams on this file system.
      () => [],
    ),
  );
  return {
    ofFile,
    marked: marks.flat(),
    unknown: answers.flatMap((answer) => (answer.kind === 'failed' ? [answer.why] : [])),
  };
}

type Lost = ReadonlyMap<string, readonly string[]>;
type Answer = { readonly kind: 'said'; readonly lost: Lost } | { readonly kind: 'failed'; readonly why: string };

async function asked(tool: string, look: () => Promise<Lost>): Promise<Answer> {
  try {
    return { kind: 'said', lost: await look() };
  } catch (error) {
    return { kind: 'failed', why: `${tool}: ${errnoInWords(error)}` };
  }
}

function isIn(file: string, folder: string): boolean {
  const way = path.win32.relative(folder, file);
  return !way.startsWith('..') && !path.win32.isAbsolute(way);
}

async function attributesBelow(pattern: string, files: readonly string[], tools: WindowsTools): Promise<Lost> {
  return attributesIn(await run('attrib.exe', [pattern, '/s'], tools), files);
}

/**
 * From attrib's lines, "A  SHR      C:\folder\name", the attributes that a new file would not have. The code page of the
 * output is not known, so only the ASCII characters of names are compared.
 */
export function attributesIn(output: string, files: readonly string[]): Lost {
  const comparable = (text: string): string => text.replace(/[^ -~]/g, '').toLowerCase();
  const letters = new Map(
    output.split(/\r?\n/).flatMap((line) => {
      const [, marks, name] = /^([A-Z ]*?) +((?:[A-Za-z]:|\\\\).*)$/.exec(line) ?? [];
      return marks === undefined || name === undefined ? [] : [[comparable(name), marks] as const];
    }),
  );
  return new Map(
    files.flatMap((file) => {
      const marks = letters.get(comparable(file)) ?? '';
      const lost = [
        ...(marks.includes('H') ? ['hidden attribute'] : []),
        ...(marks.includes('S') ? ['system attribute'] : []),
      ];
      return lost.length === 0 ? [] : [[file, lost] as const];
    }),
  );
}

async function accessBelow(
  folder: string,
  pattern: string,
  files: readonly string[],
  tools: WindowsTools,
): Promise<Lost> {
  const saved = path.win32.join(tools.temp, `adsi-remedy-${randomUUID()}.acl`);
  try {
    await run('icacls.exe', [pattern, '/save', saved, '/t', '/c', '/q'], tools);
    return ownAccessIn((await readFile(saved)).toString('utf16le'), folder, files);
  } finally {
    await rm(saved, { force: true });
  }
}

/**
 * The files with an access entry that they do not inherit, or that inherit none. `icacls /save` writes two lines a file:
 * its path below the folder, and its access list in SDDL, where inherited entries have the flag ID and a list that is
 * protected from inheritance the flag P ([MS-DTYP] 2.5.1).
 */
export function ownAccessIn(saved: string, folder: string, files: readonly string[]): Lost {
  const lines = saved.replace(/^\ufeff/, '').split(/\r?\n/);
  const lists = new Map(
    lines.flatMap((line, index) => {
      const list = lines[index + 1] ?? '';
      return list.startsWith('D:') ? [[path.win32.join(folder, line).toLowerCase(), list] as const] : [];
    }),
  );
  const own = files.filter((file) => hasOwnAccess(lists.get(file.toLowerCase()) ?? ''));
  return new Map(own.map((file) => [file, ['access entries of its own']]));
}

function hasOwnAccess(sddl: string): boolean {
  const [, flags = '', entries = ''] = /^D:([A-Z_]*)(.*)$/.exec(sddl) ?? [];
  if (flags.replaceAll('AI', '').replaceAll('AR', '') !== '') return true;
  return [...entries.matchAll(/\([^;)]*;([^;)]*);/g)].some(([, entry = '']) => !/^(?:..)*ID/.test(entry));
}

/** Runs a tool of System32 to its end and gives what it prints; an Error if it can't be started or fails. */
async function run(tool: string, args: readonly string[], { systemRoot, temp }: WindowsTools): Promise<string> {
  const system32 = path.win32.join(systemRoot, 'System32');
  const env = { SystemRoot: systemRoot, TEMP: temp, PATH: system32 };
  const child = spawn(path.win32.join(system32, tool), args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const pieces: Buffer[] = [];
  let said = '';
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.stderr.on('data', (piece: Buffer) => {
    said = (said + piece.toString('latin1')).slice(0, 500);
  });
  const [status]: unknown[] = await once(child, 'close');
  if (status !== 0) throw new Error(`it failed (${status}): ${said.trim()}`);
  return Buffer.concat(pieces).toString('latin1');
}
