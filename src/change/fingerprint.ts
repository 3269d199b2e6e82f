/** Fingerprints: what a change expects to find, compared at the moment of writing. */

import { createHash, hash } from 'node:crypto';
import type { FileFingerprint } from './plan.ts';

export function fileFingerprint(bytes: Buffer): FileFingerprint {
  return { length: bytes.length, sha256: hash('sha256', bytes) };
}

/** The same of a file that consists of these parts. */
export function fingerprintOfParts(parts: readonly Buffer[]): FileFingerprint {
  const sha256 = createHash('sha256');
  let length = 0;
  for (const part of parts) {
    sha256.update(part);
    length += part.length;
  }
  return { length, sha256: sha256.digest('hex') };
}

export function sameFingerprint(one: FileFingerprint, other: FileFingerprint): boolean {
  return one.length === other.length && one.sha256 === other.sha256;
}
