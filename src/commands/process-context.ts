/** The world as the process has it, and how an error is reported in it. */

import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Author } from '../change/plan.ts';
import { CancelledError, errnoOf, exitStatus, exitStatusOf, RemedyError } from '../errors.ts';
import type { FileUser } from '../files/own-access.ts';
import { windowsTools } from '../files/own-access.ts';
import { templatesFolder, toolVersion } from '../package.ts';
import { asciiJson } from '../quoting.ts';
import { remedies } from '../remedies/index.ts';
import { canRedraw, createStyle, inSigns, signsFor } from '../terminal/style.ts';
import { fitted } from '../terminal/text-width.ts';
import { visible } from '../terminal/visible.ts';
import { commandsOf } from './commands.ts';
import type { Context } from './context.ts';
import { troubleLines } from './output.ts';

/** The context of this process. */
export function processContext(): Context {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    currentFolder: process.cwd(),
    changes: path.join(ownFolder(process.cwd(), process.platform, process.env), 'changes'),
    platform: process.platform,
    remedies,
    commands: commandsOf(remedies),
    program: programOfProcess(),
    author: authorOfProcess(),
    user: userOfProcess(),
    tools: windowsTools(process.platform, process.env),
    process: { id: process.pid, host: hostname(), isRunning },
    ownLogon: {
      isCallable: async () => (await import('../ldap/logon/native-library.ts')).hasCarrier(),
      ticketOwner: async () => (await import('../ldap/logon/gssapi.ts')).ticketOwner(),
    },
    templates: templatesFolder,
    now: () => new Date(),
    randomId: randomUUID,
    sleep: (milliseconds) => sleep(milliseconds),
    interruptible: async (work) => {
      const controller = new AbortController();
      const interrupt = (): void => controller.abort();
      process.once('SIGINT', interrupt);
      try {
        return await work(controller.signal);
      } finally {
        process.removeListener('SIGINT', interrupt);
      }
    },
  };
}

/**
 * Where files are made that no flag names: the current folder. An elevated prompt of Windows starts in its system folder,
 * where nothing of the user's belongs; then it is a folder in the user's profile.
 */
export function ownFolder(
  currentFolder: string,
  platform: NodeJS.Platform,
  { SystemRoot: systemRoot, USERPROFILE: profile }: Readonly<Record<string, string | undefined>>,
): string {
  if (platform !== 'win32' || systemRoot === undefined || profile === undefined) return currentFolder;
  const way = path.win32.relative(systemRoot, currentFolder);
  const isBelow = way.split('\\')[0] !== '..' && !path.win32.isAbsolute(way);
  return isBelow ? path.win32.join(profile, 'adsi-remedy') : currentFolder;
}

/** npx says so in its environment; a clone is started by the path of its script; what is installed has a name of its own. */
function programOfProcess(): readonly string[] {
  if (process.env['npm_command'] === 'exec') return ['npx', toolVersion().replace(' ', '@')];
  const script = process.argv[1] ?? '';
  if (!/\.[cm]?js$/.test(script) || script.includes('node_modules')) return ['adsi-remedy'];
  const relative = path.relative(process.cwd(), script);
  return ['node', relative.startsWith('..') ? script : relative];
}

function authorOfProcess(): Author {
  const { USERDOMAIN: domain, USERNAME: name } = process.env;
  const account =
    process.platform === 'win32' && domain !== undefined && name !== undefined ? `${domain}\\${name}` : accountName();
  return { account, computer: hostname() };
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in the system's list of users, as in containers.
    return process.env['USER'] ?? `user ${process.geteuid?.() ?? ''}`.trim();
  }
}

function userOfProcess(): FileUser | undefined {
  const id = process.geteuid?.();
  const group = process.getegid?.();
  if (id === undefined || group === undefined) return undefined;
  return { id, groups: [group, ...(process.getgroups?.() ?? [])] };
}

/** A process that may not be signalled is there as well. */
function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/** Tells an error to the user and gives the exit status that it means. */
export function reportError(error: unknown, args: readonly string[], context: Context): number {
  const verbose = args.includes('--verbose');
  const color = context.stderr.isTTY === true && canRedraw(context) && !context.env['NO_COLOR'];
  const style = createStyle(color && !args.includes('--no-color'));
  const { stderr } = context;
  const say = (line: string): void => {
    stderr.write(`${stderr.isTTY === true ? fitted(inSigns(line, signsFor(context)), stderr.columns) : line}\n`);
  };
  if (error instanceof CancelledError) {
    say('  Cancelled: nothing was changed.');
  } else if (error instanceof RemedyError) {
    for (const line of troubleLines(error.trouble, style)) say(line);
  } else {
    say(`${style.blocker('error')}  Something went wrong within adsi-remedy: ${visible(String(error))}`);
    say('  next       Run it again with --verbose, and report what it says. What was done is in the journal, if any.');
  }
  if (verbose && error instanceof Error && !(error instanceof CancelledError)) {
    for (const line of (error.stack ?? '').split('\n')) say(visible(line));
  }
  if (args.includes('--json')) {
    const trouble =
      error instanceof RemedyError ? { code: error.code, ...error.trouble, cause: undefined } : { code: 'internal' };
    context.stdout.write(`${asciiJson({ error: trouble }, 2)}\n`);
  }
  return error instanceof RemedyError ? exitStatusOf(error) : exitStatus.failed;
}
