/** What a run of the orphan remedy is asked to do. The wizard and the flags both end in this. */

import { DnSyntaxError, parseDn } from '../../ad/dn.ts';
import { UsageError } from '../../errors.ts';

/** Which server object. */
export type Selection =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'dn'; readonly dn: string }
  /** Only look: what the wizard does before it asks. */
  | { readonly kind: 'none' };

/** Which of the references that deletion would leave dangling are cleared. */
export type CleanUp =
  | { readonly kind: 'all' }
  /** By the ids of references (see referrers.ts). */
  | { readonly kind: 'only'; readonly ids: ReadonlySet<string> };

export interface OrphanOptions {
  /** One request in place of leaf-first deletes. */
  readonly treeDelete: boolean;
  readonly cleanUp: CleanUp;
  /** Ids of findings that the user accepts. */
  readonly accept: readonly string[];
}

/**
 * What the flags select.
 * @throws UsageError for more than one of the flags, and for a DN that is none
 */
export function readSelection(name: string | undefined, dn: string | undefined): Selection {
  if (name !== undefined && dn !== undefined) {
    throw new UsageError({
      attempted: 'choose the server',
      on: '--name with --dn',
      cameBack: 'each of them names a server',
      next: 'Give one of them.',
    });
  }
  if (dn !== undefined) return { kind: 'dn', dn: checkedDn(dn) };
  return name === undefined ? { kind: 'none' } : { kind: 'name', name };
}

function checkedDn(dn: string): string {
  try {
    parseDn(dn);
    return dn;
  } catch (error) {
    if (!(error instanceof DnSyntaxError)) throw error;
    const { attempted, cameBack, next } = error.trouble;
    throw new UsageError({ attempted, on: `--dn ${dn}`, cameBack, next, cause: error });
  }
}
