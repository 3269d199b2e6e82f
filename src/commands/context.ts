/** What a command has of the world around it: handed in, so that a test can hand in something else. */

import type { ReadStream, WriteStream } from 'node:tty';
import type { Author, PlanConnection } from '../change/plan.ts';
import type { ExitStatus } from '../errors.ts';
import type { FileUser, WindowsTools } from '../files/own-access.ts';
import type { FlagTable } from '../flags.ts';
import type { DirectorySession } from '../ldap/session.ts';
import type { Shell } from '../quoting.ts';
import type { RemedyEntry } from '../remedies/index.ts';
import type { Prompter } from '../terminal/prompter.ts';

export interface Context extends Shell {
  readonly stdin: NodeJS.ReadStream | ReadStream;
  readonly stdout: NodeJS.WriteStream | WriteStream;
  readonly stderr: NodeJS.WriteStream | WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where change folders are made that no flag names. */
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
  /** What this computer has for an integrated logon; asked for only where a question offers it. */
  readonly ownLogon: OwnLogon;
  /** The templates that come with the tool. */
  readonly templates: URL;
  readonly now: () => Date;
  readonly randomId: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** In place of the prompter that the streams would give. */
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
export interface OwnLogon {
  /** Whether this Node can call the library. */
  isCallable(): Promise<boolean>;
  /** The user of the valid ticket that kinit left, `jane@CORP.EXAMPLE.COM`; undefined if there is none. */
  ticketOwner(): Promise<string | undefined>;
}

/** A directory that is ready to be read and written. */
export interface OpenDirectory {
  /** With the chosen DC. */
  readonly session: DirectorySession;
  /** For the plan's target. */
  readonly connection: PlanConnection;
  /** --ca, for commands that are printed: a plan never brings one. */
  readonly caFile?: string | undefined;
  /** The folder of a practice site, for commands that are printed: a plan never names it. */
  readonly practiceSite?: string | undefined;
  /** --ldif: what the export lacks is unknown, and nothing is written but LDIF. */
  readonly isExport: boolean;
  /** Keeps a directory that is made anew for each run as it is now: a plan for it is about to be saved. */
  keep?(): void;
  /** Another session with the chosen DC. */
  reopen(): Promise<DirectorySession>;
  /** A session with another DC of the forest, with the same credentials and trust. */
  openOther(host: string): Promise<DirectorySession>;
  /** A session with a global catalog: the chosen DC's own if it is one, else another DC's; undefined if none answers. */
  openGlobalCatalog(): Promise<DirectorySession | undefined>;
  /** Ends the chosen DC's session, and what the directory needs besides. */
  close(): Promise<void>;
}

export type Run = (args: readonly string[], context: Context) => Promise<ExitStatus>;

/** A command: one table of them for main, help, menu and completion. */
export interface CommandSpec {
  readonly name: string;
  /** "FOLDER", "[DIR]", or '' for none. */
  readonly operand: string;
  /** What the operand may be, where there are only these: for completion. */
  readonly operandValues?: readonly string[];
  /** One line, for the general help. */
  readonly summary: string;
  /** For the command's own help. */
  readonly about: string;
  readonly isRemedy: boolean;
  readonly flags: () => Promise<FlagTable>;
  /** What follows "adsi-remedy" in examples that can be copied. */
  readonly examples: readonly string[];
  readonly load: () => Promise<Run>;
}
