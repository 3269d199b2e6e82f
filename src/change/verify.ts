/** The proof after a directory change: what a domain controller has to show, and further looks where a remedy needs them. */

import type { Forest } from '../ad/forest.ts';
import type { DirectorySession } from '../ldap/session.ts';

/** What one look shows of a change. */
export interface Sight {
  readonly state: 'there' | 'not-yet' | 'unknown';
  /** In words: "deleted: 11 of 11, tombstones found". */
  readonly detail: string;
  /** Whether a later look could show anything else. */
  readonly mayChange: boolean;
}

/** Looks for a change on one DC. Throws DirectoryError. */
export type LookOnDc = (session: DirectorySession, forest: Forest) => Promise<Sight>;

/** A look that is not at each DC: at the recipients of a domain, at a global catalog. */
export interface FurtherLook {
  /** What is looked through: "recipients of DC=corp,DC=example,DC=com". */
  readonly of: string;
  readonly where: 'chosen-dc' | 'global-catalog';
  readonly look: LookOnDc;
}

/** How a remedy proves its plan where the default by kind of change is not enough. */
export interface Proof {
  /** In place of the default. */
  readonly onEachDc: LookOnDc;
  readonly further: (forest: Forest) => readonly FurtherLook[];
}
