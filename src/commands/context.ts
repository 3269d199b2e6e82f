/** The surroundings of a command, passed in so that a test can pass others; and this process as such surroundings. */

import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Author, PlanConnection } from '../change/plan.ts';
import { type ExitStatus, errnoOf } from '../errors.ts';
import { type FileUser, type WindowsTools, windowsTools } from '../files/own-access.ts';
import type { FlagTable } from '../flags.ts';
import type { Shell } from '../quoting.ts';
import type { RemedyEntry } from '../remedies/index.ts';
import type { DirectoryWorld } from '../remedies/remedy.ts';
import type { Prompter } from '../terminal/prompter.ts';

/** Streams, environment, clock and ids of a run, and what the tool consists of. */
export interface Context extends Shell {
  readonly stdin: NodeJS.ReadStream | ReadStream;
  readonly stdout: NodeJS.WriteStream | WriteStream;
  readonly stderr: NodeJS.WriteStream | WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where change folders are created if no flag names one. */
  readonly changes: string;
  readonly remedies: readonly RemedyEntry[];
  readonly commands: readonly CommandSpec[];
  /** Who runs it, as the operating system says. */
  readonly author: Author;
  /** The user that files are replaced by; none on Windows, which has no user numbers. */
  readonly user?: FileUser | undefined;
  /** On Windows. */
  readonly tools?: WindowsTools | undefined;
  /** This process, and whether others of its computer are there: a change folder has one run at a time. */
  readonly process: {
    readonly id: number;
    readonly host: string;
    readonly isRunning: (id: number) => boolean;
  };
  /** The support for an integrated logon on this computer; read only if a question offers it. */
  readonly ownLogon: OwnLogon;
  /** The tool's name and version: "adsi-remedy 0.1.0". */
  readonly tool: string;
  /** The templates that come with the tool, a URL that ends in a slash. */
  readonly templates: URL;
  readonly now: () => Date;
  readonly randomId: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Used instead of a prompter on the streams. */
  readonly prompter?: Prompter;
  /** The directory to work on when no flag names one: the practice forest. */
  readonly directory?: () => Promise<OpenDirectory>;
  /**
   * Does work that Ctrl-C may only end between two steps: the signal says that it was pressed. Outside of it Ctrl-C
   * ends the process at once.
   */
  readonly interruptible: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
}

/** The logon by the operating system's own security library. */
interface OwnLogon {
  /** Whether this Node can call the library. */
  isCallable(): Promise<boolean>;
  /** The user of the valid ticket that kinit left, `jane@CORP.EXAMPLE.COM`; undefined if there is none. */
  ticketOwner(): Promise<string | undefined>;
}

/** A directory that is ready to be read and written, by the sessions that a remedy gets of it. */
export interface OpenDirectory
  extends Pick<DirectoryWorld, 'session' | 'isExport' | 'reopen' | 'openOther' | 'openGlobalCatalog'> {
  /** For the plan's target. */
  readonly connection: PlanConnection;
  /** --ca, for commands that are printed: a plan never brings one. */
  readonly caFile?: string | undefined;
  /** The folder of a practice site, for commands that are printed: a plan never names it. */
  readonly practiceSite?: string | undefined;
  /** Keeps the present state of a directory that is otherwise created for each run: a plan for it is about to be saved. */
  keep?(): void;
  /** Closes the chosen DC's session and everything else that the directory uses. */
  close(): Promise<void>;
}

/** Runs a command with its arguments, and gives the exit status; its errors are reported by the caller. */
export type Run = (args: readonly string[], context: Context) => Promise<ExitStatus>;

/** A command: one table of them for main, help, menu and completion. */
export interface CommandSpec {
  readonly name: string;
  /** "FOLDER", "[DIR]"; '' for a remedy, which takes options only. */
  readonly operand: string;
  /** What the operand may be, where there are only these: for completion. */
  readonly operandValues?: readonly string[];
  /** One line, for the general help. */
  readonly summary: string;
  /** For the command's own help. */
  readonly about: string;
  readonly flags: () => Promise<FlagTable>;
  /** What follows "adsi-remedy" in examples that can be copied. */
  readonly examples: readonly string[];
  readonly load: () => Promise<Run>;
}

/** The context of this process, with what its main module knows. */
export function processContext(given: Pick<Context, 'remedies' | 'commands' | 'tool' | 'templates'>): Context {
  return {
    ...given,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    currentFolder: process.cwd(),
    changes: path.join(ownFolder(process.cwd(), process.platform, process.env), 'changes'),
    platform: process.platform,
    program: programOfProcess(given.tool),
    author: authorOfProcess(),
    user: userOfProcess(),
    tools: windowsTools(process.platform, process.env),
    process: { id: process.pid, host: hostname(), isRunning },
    ownLogon: {
      isCallable: async () => (await import('../ldap/logon/native-library.ts')).hasCarrier(),
      ticketOwner: async () => (await import('../ldap/logon/gssapi.ts')).ticketOwner(),
    },
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
 * Where files are created if no flag names a folder: the current folder. An elevated prompt of Windows starts in its
 * system folder, where user files do not belong; then it is a folder in the user's profile.
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

/** npx sets its environment; a clone is started by the path of its script; an installed tool has its own name. */
function programOfProcess(tool: string): readonly string[] {
  if (process.env['npm_command'] === 'exec') return ['npx', tool.replace(' ', '@')];
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

/** A process that may not be signalled exists too. */
function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}
