import { createHash } from 'node:crypto';

/**
 * The 16 bytes of a GUID that is of no meaning, but the same for the same text on every run, so that a plan made on a
 * practice forest can be applied on the next one.
 */
export function steadyGuid(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 16);
}
