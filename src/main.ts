/** From the command line to an exit status. The only place that ends the process. */

import { readFileSync, writeSync } from 'node:fs';
import { commandsOf } from './commands/commands.ts';
import { helpText } from './commands/help.ts';
import { remedies } from './remedies/index.ts';

const commands = commandsOf(remedies);

/** Runs the command that the process was started with and ends the process with its status. */
export async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const answer = await answerTo(args);
  const rest = answer === undefined ? undefined : restOfWriting(answer);
  if (rest?.length === 0) process.exit(0);
  // What is under way continues without a reader. A reader that has seen enough (head, a pager) closes the pipe, and the
  // status is still that of the work; output that the disk did not take is a failure.
  let isOutputLost = false;
  const note = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') isOutputLost = true;
  };
  process.stdout.on('error', note);
  process.stderr.on('error', note);
  if (rest !== undefined) process.stdout.write(rest);
  const status = rest === undefined ? await run(args) : 0;
  await written(process.stderr);
  await written(process.stdout);
  process.exit(isOutputLost && (status === 0 || status === 2) ? 1 : status);
}

/**
 * Writes the text without process.stdout, whose opening takes longer than all else that --help does. Windows' console
 * takes no UTF-8 bytes, so there it is not tried. Gives the bytes that are still to be written.
 */
function restOfWriting(text: string): Uint8Array {
  let rest = Buffer.from(text);
  try {
    while (process.platform !== 'win32' && rest.length > 0) rest = rest.subarray(writeSync(1, rest));
  } catch {
    // process.stdout waits where a pipe is full, and says what is wrong with it otherwise.
  }
  return rest;
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

/** The help or the version, if that is what is asked for. */
async function answerTo([first, ...rest]: readonly string[]): Promise<string | undefined> {
  if (first === '--help' || first === '-h' || first === 'help') return helpText(commands, rest[0]);
  if (first === '--version' || first === '-V') return `${toolVersion()}\n`;
  const isCommand = commands.some(({ name }) => name === first);
  return isCommand && (rest.includes('--help') || rest.includes('-h')) ? helpText(commands, first) : undefined;
}

/** The tool's name and version, as plans and --version give it: "adsi-remedy 0.1.0". */
function toolVersion(): string {
  const { name, version } = JSON.parse(readFileSync(new URL('package.json', packageFolder()), 'utf8'));
  return `${name} ${version}`;
}

/** The folder of the package, a URL that ends in a slash; from the module of dist and from the file of the bundle. */
function packageFolder(): URL {
  return new URL('../', import.meta.url);
}

async function run(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  const command = commands.find(({ name }) => name === first);
  haveManyThreads();
  await favourMemory(first);
  const { processContext } = await import('./commands/context.ts');
  const templates = new URL('templates/', packageFolder());
  const context = processContext({ remedies, commands, tool: toolVersion(), templates });
  try {
    if (command !== undefined) {
      const runCommand = await command.load();
      return await runCommand(rest, context);
    }
    const { run: openMenu } = await import('./commands/menu.ts');
    return await openMenu(args, context);
  } catch (error) {
    const { reportError } = await import('./commands/output.ts');
    return reportError(error, args, context);
  }
}

/**
 * Node's own number is 4: of 32 files that are read from a share or flushed to a disk at the same time, 28 would wait in
 * line. Node starts the threads with the first work for them, which is later than this.
 */
function haveManyThreads(): void {
  process.env['UV_THREADPOOL_SIZE'] ??= '16';
}

/**
 * Has V8 collect garbage earlier. By its defaults a process of many small steps grows with their number, whatever it
 * holds: a dry run on 10,000 files took 128 MB, and with these 94 MB, in nearly the same time. The second keeps the
 * space for new objects small, where nearly all of them are dropped. Not for what writes: its steps are still under way
 * when the small space is full, and to move them out of it took a fifth of the processor time of apply.
 */
async function favourMemory(command: string | undefined): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--optimize-for-size');
  if (command !== 'apply' && command !== 'undo') setFlagsFromString('--semi-space-growth-factor=1');
}
