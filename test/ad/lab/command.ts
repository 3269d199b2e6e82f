import { spawn } from 'node:child_process';
import { pipeline } from 'node:stream/promises';

export interface CommandOptions {
  /** What the program reads from its standard input; nothing when left out. */
  readonly input?: string | AsyncIterable<string>;
  /** Variables on top of the test's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A program that ended with a status other than 0. For the OpenLDAP tools that status is the LDAP result code. */
export class CommandError extends Error {
  readonly status: number | null;
  readonly stderr: string;
  /** What it had written until then, as far as it was kept. */
  readonly stdout: string;

  constructor(command: readonly string[], status: number | null, stderr: string, stdout = '') {
    super(`${command.join(' ')} ended with ${status ?? 'a signal'}: ${stderr.trim()}`);
    this.name = 'CommandError';
    this.status = status;
    this.stderr = stderr;
    this.stdout = stdout;
  }
}

/** Runs a program to its end and gives what it wrote to standard output. Secrets go by `input` or a file, never by `args`. */
export async function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const child = spawn(program, args, { env: { ...process.env, ...options.environment }, stdio: 'pipe' });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const input = options.input ?? '';
  const given = pipeline(typeof input === 'string' ? [input] : input, child.stdin).catch(() => {
    // A program that ends before it has read all its input is judged by its status, not by our broken pipe.
  });
  const status = await ended;
  await given;
  const written = Buffer.concat(stdout).toString();
  if (status !== 0) throw new CommandError([program, ...args], status, Buffer.concat(stderr).toString(), written);
  return written;
}
