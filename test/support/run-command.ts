import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandsOf } from '../../src/commands/commands.ts';
import type { Context } from '../../src/commands/context.ts';
import { reportError } from '../../src/commands/output.ts';
import type { ExitStatus } from '../../src/errors.ts';
import { remedies } from '../../src/remedies/index.ts';

type Command = (args: readonly string[], context: Context) => Promise<ExitStatus>;

export interface CommandRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command in this process as if from a script, errors told as the process tells them; `world` replaces parts of
 * its context.
 */
export async function runCommand(
  command: Command,
  args: readonly string[],
  world: Partial<Context> & Pick<Context, 'currentFolder'>,
  input = '',
): Promise<CommandRun> {
  const stdout = new Collector();
  const stderr = new Collector();
  const context: Context = {
    stdin: Readable.from([Buffer.from(input)]) as unknown as Context['stdin'],
    stdout: stdout as unknown as Context['stdout'],
    stderr: stderr as unknown as Context['stderr'],
    env: {},
    changes: path.join(world.currentFolder, 'changes'),
    remedies,
    commands: commandsOf(world.remedies ?? remedies),
    tool: 'adsi-remedy 0.1.0',
    program: ['adsi-remedy'],
    author: { account: 'CONTOSO\\admin', computer: 'WS01' },
    platform: 'linux',
    process: { id: process.pid, host: 'computer', isRunning: () => true },
    ownLogon: { isCallable: async () => true, ticketOwner: async () => undefined },
    templates: new URL('../../templates/', import.meta.url),
    now: () => new Date(),
    randomId: randomUUID,
    sleep: (milliseconds) => sleep(milliseconds),
    interruptible: (work) => work(new AbortController().signal),
    ...world,
  };
  const status = await command(args, context).catch((error: unknown) => reportError(error, args, context));
  return { status, stdout: stdout.text, stderr: stderr.text };
}

class Collector extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
