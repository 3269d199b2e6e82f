/** The built tool and its dependencies in a folder, as an installation has them. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestNode } from '../../terminal/support/nodes.ts';

const project = join(import.meta.dirname, '..', '..', '..');

/** Whether the Node brings its own way to call a library, so that koffi is not needed. */
export function hasFfi({ version }: TestNode): boolean {
  return Number(/\d+/.exec(version)?.[0]) >= 26;
}

/** A new folder with the tool, and with koffi only if asked for: the default installation does not have it. */
export async function clientFolder(parent: string, withKoffi: boolean): Promise<string> {
  const folder = await mkdtemp(join(parent, 'client-'));
  for (const part of ['bin', 'bundle', 'templates', 'package.json']) {
    await cp(join(project, part), join(folder, part), { recursive: true });
  }
  const { dependencies } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'));
  await mkdir(join(folder, 'node_modules'));
  for (const name of [...Object.keys(dependencies), ...(withKoffi ? ['koffi'] : [])]) {
    await symlink(join(project, 'node_modules', name), join(folder, 'node_modules', name));
  }
  return folder;
}

export interface ClientRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end: a process of its own, because Kerberos reads the environment of the process. */
export async function runClient(
  [file = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
  folder?: string,
): Promise<ClientRun> {
  const child = spawn(file, args, {
    env: { ...process.env, NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(folder === undefined ? {} : { cwd: folder }),
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk;
    });
  }
  const [status] = await once(child, 'close');
  return { status, ...texts };
}
