/** What a command has of the world around it: handed in, so that a test can hand in something else. */

import type { ReadStream, WriteStream } from 'node:tty';
import type { Author } from '../change/plan.ts';
import type { FileUser } from '../files/owner.ts';
import type { RemedyEntry } from '../remedies/index.ts';
import type { Prompter } from '../terminal/prompter.ts';
import type { OpenDirectory } from './directory.ts';

export interface Context {
  readonly stdin: NodeJS.ReadStream | ReadStream;
  readonly stdout: NodeJS.WriteStream | WriteStream;
  readonly stderr: NodeJS.WriteStream | WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths start from. */
  readonly currentFolder: string;
  readonly platform: NodeJS.Platform;
  /** The remedies that there are. */
  readonly remedies: readonly RemedyEntry[];
  /** How this tool was started, as the words before its arguments: ["npx", "adsi-remedy@1.0.0"]. */
  readonly program: readonly string[];
  /** Who runs it, as the operating system says. */
  readonly author: Author;
  /** The user that files are replaced by; none on Windows, which has no user numbers. */
  readonly user?: FileUser | undefined;
  /** This process, and whether others of its computer are there: a change folder has one run at a time. */
  readonly process: {
    readonly id: number;
    readonly host: string;
    readonly isRunning: (id: number) => boolean;
  };
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
