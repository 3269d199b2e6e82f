/** Fingerprints: what a change expects to find, compared at the moment of writing. */

import { hash } from 'node:crypto';
import type { FileFingerprint } from './plan.ts';

/** The fingerprint of a file with this content. */
export function fileFingerprint(bytes: Buffer): FileFingerprint {
  return { length: bytes.length, sha256: hash('sha256', bytes) };
}

export function sameFingerprint(one: FileFingerprint, other: FileFingerprint): boolean {
  return one.length === other.length && one.sha256 === other.sha256;
}
