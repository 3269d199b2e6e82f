/** --seal: the plan that was approved, and no other. */

import type { Plan } from '../change/plan.ts';
import { RefusedError, UsageError } from '../errors.ts';

/** Fewer leading digits could be met by another plan that someone makes for it. */
const leastDigits = 32;

/**
 * @param given what --seal gave: leading hexadecimal digits, blanks ignored
 * @throws UsageError if it is no seal; RefusedError if it is another plan's
 */
export function requireSeal({ seal, id }: Pick<Plan, 'seal' | 'id'>, given: string | undefined): void {
  if (given === undefined) return;
  const digits = given.replace(/\s/g, '').toLowerCase();
  if (!/^[0-9a-f]*$/.test(digits) || digits.length < leastDigits || digits.length > seal.length) {
    throw new UsageError({
      attempted: 'read --seal',
      on: given,
      cameBack: `it is not ${leastDigits} to ${seal.length} hexadecimal digits`,
      next: 'Copy the seal from the review that was approved: its first 32 digits or all 64.',
    });
  }
  if (seal.startsWith(digits)) return;
  throw new RefusedError({
    attempted: 'use the plan',
    on: id,
    cameBack: `its seal is ${seal.slice(0, leastDigits)}…, not the one that was approved`,
    next: 'Get the change folder that was approved, or have this one reviewed.',
  });
}
