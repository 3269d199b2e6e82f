/** What is known of files that are alike: the members of an array hold copies of the same form sets. */

import { sameFingerprint } from './fingerprint.ts';
import type { FileChange } from './plan.ts';

export interface KnownEdit {
  /** What was found, and had the fingerprint that the plan expects. */
  readonly before: Buffer;
  /** What it became, with the fingerprint that the plan foresaw. */
  readonly after: Buffer;
}

export interface AlikeFiles {
  /** The edit of a file with these very bytes, from a change with the same fingerprints: nothing is left to be hashed. */
  editOf(change: FileChange, bytes: Buffer): KnownEdit | undefined;
  remember(change: FileChange, edit: KnownEdit): void;
}

/** Form sets of fifty languages in a few encodings each; with larger files or more of them the oldest are forgotten. */
const most = 256;
/** In bytes. */
const largest = 65_536;

/** Remembers the edits of files, so many at most. */
export function alikeFiles(): AlikeFiles {
  const known = new Map<string, KnownEdit & { readonly change: FileChange }>();
  return {
    editOf(change, bytes) {
      const found = known.get(change.before.sha256);
      const isSame =
        found !== undefined && sameFingerprint(found.change.after, change.after) && found.before.equals(bytes);
      return isSame ? found : undefined;
    },
    remember(change, { before, after }) {
      if (before.length > largest || after.length > largest) return;
      known.set(change.before.sha256, { before, after, change });
      const oldest = known.size > most ? known.keys().next().value : undefined;
      if (oldest !== undefined) known.delete(oldest);
    },
  };
}
