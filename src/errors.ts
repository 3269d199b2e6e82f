/**
 * Every error that a user can meet, as a class with a code, and the one place where codes become exit statuses.
 *
 * An error has four parts in this order: what was attempted, on what, the result, and what to do next.
 */

/** What kind of error it is, in --json too. */
type ErrorCode =
  | 'usage'
  | 'file'
  | 'directory'
  | 'outcome-unknown'
  | 'plan-not-usable'
  | 'refused'
  | 'cancelled'
  | 'back';

/** The parts of an error. */
export interface Trouble {
  /** What was attempted, as a verb phrase: "read the form set". */
  readonly attempted: string;
  /** On what: a path, a DN, host:port, an option. */
  readonly on: string;
  /** The result: errno or LDAP result, in words. */
  readonly cameBack: string;
  /** What the reader can do now, as one sentence. */
  readonly next: string;
  readonly cause?: unknown;
}

/** The root of all errors that are shown to the user without a stack trace. */
export abstract class RemedyError extends Error {
  abstract readonly code: ErrorCode;
  readonly trouble: Trouble;

  constructor(trouble: Trouble) {
    super(`Could not ${trouble.attempted}: ${trouble.on}: ${trouble.cameBack}`, { cause: trouble.cause });
    this.name = new.target.name;
    this.trouble = trouble;
  }
}

/** Flags, arguments or an options file that can't be understood. */
export class UsageError extends RemedyError {
  readonly code = 'usage';
}

/** The object that a flag names does not exist: for example a server of that name. */
export class SubjectMissingError extends UsageError {}

/** A file or folder that could not be read or written; `errno` is the system's code (ENOENT, EACCES …), if there was one. */
export class FileError extends RemedyError {
  readonly code = 'file';
  readonly errno: string | undefined;

  constructor(trouble: Trouble) {
    super(trouble);
    this.errno = errnoOf(trouble.cause);
  }
}

/** The directory refused, or could not be reached; the failed operation changed nothing. */
export class DirectoryError extends RemedyError {
  readonly code = 'directory';
  /** The LDAP result code (RFC 4511 A.2), where a server answered. */
  readonly resultCode: number | undefined;

  constructor(trouble: Trouble, resultCode?: number) {
    super(trouble);
    this.resultCode = resultCode;
  }
}

/**
 * The logon failed on this computer, before the server could judge it: no ticket, a wrong password, no Kerberos server.
 * Another server of the domain would give the same, and one more wrong password may lock the account.
 */
export class LogonError extends DirectoryError {}

/** No authority that is trusted here has signed the server's certificate, or the given file is not a certificate. */
export class UntrustedError extends DirectoryError {}

/** The connection was lost after a write was sent: it may or may not have been carried out; only reading again shows it. */
export class OutcomeUnknownError extends RemedyError {
  readonly code = 'outcome-unknown';
}

/** A plan file that can't be trusted: edited, half-written, of a later version. */
export class PlanNotUsableError extends RemedyError {
  readonly code = 'plan-not-usable';
}

/** A change that we decline to make: a blocker, drift, another forest, a plan already applied. */
export class RefusedError extends RemedyError {
  readonly code = 'refused';
}

/** The user pressed Ctrl-C or Ctrl-D, or the input ended. */
export class CancelledError extends RemedyError {
  readonly code: 'cancelled' | 'back' = 'cancelled';

  constructor() {
    super({ attempted: 'continue', on: 'the question', cameBack: 'cancelled', next: 'Nothing was changed.' });
  }
}

/** The user goes back one question, by Escape, or to the question with this id; at the first question this cancels. */
export class BackError extends CancelledError {
  override readonly code = 'back';
  readonly to: string | undefined;

  constructor(to?: string) {
    super();
    this.to = to;
  }
}

/** The exit statuses: scripts rely on them. */
export const exitStatus = {
  done: 0,
  failed: 1,
  changesToMake: 2,
  refused: 3,
  partial: 4,
  usage: 64,
  cancelled: 130,
} as const;

/** One of them. */
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

const statusOfCode: Readonly<Record<ErrorCode, ExitStatus>> = {
  usage: exitStatus.usage,
  file: exitStatus.failed,
  directory: exitStatus.failed,
  'outcome-unknown': exitStatus.failed,
  'plan-not-usable': exitStatus.refused,
  refused: exitStatus.refused,
  cancelled: exitStatus.cancelled,
  back: exitStatus.cancelled,
};

/** The exit status that an error means; an error that is not ours is a failure of the tool itself. */
export function exitStatusOf(error: unknown): ExitStatus {
  return error instanceof RemedyError ? statusOfCode[error.code] : exitStatus.failed;
}

/** The system's error code (ENOENT, EACCES …) of an error that Node threw, if it has one. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}
