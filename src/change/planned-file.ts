/** The file of a change: the one that the planned path still leads to, and no other that a plan names. */

import { type FileSystem, sameRealPath } from '../files/file-system.ts';
import { type Patience, withPatience } from '../files/patience.ts';
import { fileFingerprint } from './fingerprint.ts';
import type { FileChange, FileFingerprint } from './plan.ts';

type Place = Pick<FileChange, 'path' | 'realPath'>;

/** The file itself, where the planned path leads through links: those are never followed to another file. */
export function targetOf({ path, realPath = path }: Place): string {
  return realPath;
}

/** That the path leads to another file than the planned one, in words; undefined if it does not. */
export function leadsElsewhere(change: Place, found: string): string | undefined {
  if (sameRealPath(found, targetOf(change))) return undefined;
  return `the path now leads to another file than when the plan was made: ${found}`;
}

/**
 * What the planned file holds. A plan that was handed over may name any file as the real one: it is opened only where the
 * path leads to it.
 * @throws an Error if the path leads elsewhere or to no plain file; what the system says otherwise
 */
export async function fingerprintOfTarget(
  change: Place,
  files: Pick<FileSystem, 'realpath' | 'readFile'>,
  patience: Patience,
): Promise<FileFingerprint> {
  const target = targetOf(change);
  return withPatience(patience, target, async () => {
    const other = leadsElsewhere(change, await files.realpath(change.path));
    if (other !== undefined) throw new Error(other);
    return fileFingerprint(await files.readFile(target));
  });
}
