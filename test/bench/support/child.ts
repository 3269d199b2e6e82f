/** A measured process: how long it took by the clock, and what memory it held at most. */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Measured {
  readonly seconds: number;
  /** Peak resident memory in MB; of Node processes only. */
  readonly peakMegabytes: number | undefined;
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The exit statuses that mean that the work was done; 0 if left out. */
  readonly statuses?: readonly number[];
  /** Whether to have the process tell its memory at its end, which takes a few milliseconds. */
  readonly memory?: boolean;
}

const preload = fileURLToPath(new URL('tell-peak-memory.cjs', import.meta.url));

/**
 * Runs a command with its output thrown away.
 * @throws Error with what it wrote to stderr if it ends with another status
 */
export async function measure(command: string, args: readonly string[], options: ChildOptions = {}): Promise<Measured> {
  const folder = options.memory === true ? mkdtempSync(path.join(tmpdir(), 'adsi-remedy-peak-')) : undefined;
  const peakFile = folder === undefined ? undefined : path.join(folder, 'peak');
  const env = {
    ...process.env,
    ...options.env,
    ...(peakFile === undefined ? {} : { NODE_OPTIONS: `--require=${preload}`, ADSI_REMEDY_PEAK_FILE: peakFile }),
  };
  try {
    const started = process.hrtime.bigint();
    const { status, stderr } = await ended(command, args, env);
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    if (!(options.statuses ?? [0]).includes(status)) {
      throw new Error(`${command} ${args.slice(0, 3).join(' ')} … ended with ${status}: ${stderr}`);
    }
    const told = peakFile !== undefined && existsSync(peakFile) ? Number(readFileSync(peakFile, 'utf8')) : undefined;
    return { seconds, peakMegabytes: told };
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  }
}

function ended(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly status: number; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-2000);
    });
    child.on('error', reject);
    child.on('exit', (status) => resolve({ status: status ?? -1, stderr }));
  });
}

/** Runs our command as users do. */
export function measureOurs(args: readonly string[], options: ChildOptions = {}): Promise<Measured> {
  const bin = fileURLToPath(new URL('../../../bin/adsi-remedy.js', import.meta.url));
  return measure(process.execPath, [bin, ...args], options);
}
