/** Fingerprints: what a change expects to find, compared at the moment of writing. */

import { createHash } from 'node:crypto';
import type { FileFingerprint } from './plan.ts';

/** The fingerprint of a file with this content. */
export function fileFingerprint(bytes: Buffer): FileFingerprint {
  return { length: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

export function sameFingerprint(one: FileFingerprint, other: FileFingerprint): boolean {
  return one.length === other.length && one.sha256 === other.sha256;
}
