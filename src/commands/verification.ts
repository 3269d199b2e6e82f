/** The proof after a directory change: every domain controller asked whether it has it. */

import type { DirectoryChange, Plan } from '../change/plan.ts';
import type { DirectoryError } from '../errors.ts';
import { visible } from '../terminal/visible.ts';
import type { Context } from './context.ts';
import type { OpenDirectory } from './directory.ts';
import type { Output } from './output.ts';

export interface VerifyRequest {
  /** Applied to its end. */
  readonly plan: Plan<DirectoryChange>;
  readonly directory: OpenDirectory;
  /** How long to watch the change reach every DC; 0 looks once. */
  readonly waitSeconds: number;
  readonly context: Context;
  readonly output: Output;
}

/** What the look at every DC showed. */
export interface Verification {
  /** Whether every DC of the forest answered and has the change. */
  readonly everywhere: boolean;
  /** A line a DC, for the terminal. */
  readonly lines: readonly string[];
  /** A line a DC for --json. */
  readonly domainControllers: readonly {
    readonly host: string;
    readonly state: 'has it' | 'not yet' | 'unreachable' | 'unknown';
    readonly detail: string;
  }[];
  /** Of an orphan's deletion, for --json: whether any recipient still points at what went. */
  readonly recipients?: readonly {
    /** Whose recipients: the DN of a domain, or "the other domains". */
    readonly of: string;
    readonly state: 'none' | 'some' | 'unknown';
    readonly detail: string;
  }[];
}

/** Where not even the DCs could be listed: told as the outcome of the look, as the change is made all the same. */
export function notSeen({ trouble }: DirectoryError, { style }: Output): Verification {
  const { attempted, on, cameBack } = trouble;
  const line = visible(`Which domain controllers have it could not be seen: ${attempted}, ${on}: ${cameBack}`);
  return { everywhere: false, lines: [style.warning(line)], domainControllers: [] };
}

export type Verify = (request: VerifyRequest) => Promise<Verification>;

/** Looks at every DC, in the way of the plan's remedy. */
export async function verifyEverywhere(request: VerifyRequest): Promise<Verification> {
  const { verify } = await import('./verify-tombstone.ts');
  return verify(request);
}
