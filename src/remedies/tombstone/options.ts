/** What a run of the tombstone remedy is asked to do. The wizard and the flags both end in this. */

import { UsageError } from '../../errors.ts';

export type WantedLifetime =
  | { readonly kind: 'days'; readonly days: number }
  /** Remove the value, so that the server's own default counts. */
  | { readonly kind: 'unset' }
  /** Only look: what the wizard does before it asks. */
  | { readonly kind: 'none' };

export interface TombstoneOptions {
  readonly wanted: WantedLifetime;
  /** Ids of findings that the user accepts. */
  readonly accept: readonly string[];
}

/** Below it the Recycle Bin's own minimum is broken, and AD falls back to its default (MS-ADTS 6.1.1.2.4.1.1, KB 198793). */
const shortestLifetime = 3;
/** A hundred years: what is longer is a typing error, and reaches back to where Windows' calendar begins. */
const longestLifetime = 36_500;
/** The largest value of the attribute's syntax, Integer (MS-ADTS 3.1.1.2.2.2). */
const largestInteger = 2_147_483_647;

/** What is wrong with a number of days, whatever the forest; undefined if nothing is. */
export function faultOfDays(days: number): string | undefined {
  if (!Number.isInteger(days)) return 'it is no whole number';
  if (days > largestInteger || days < -largestInteger - 1) return 'the attribute holds numbers of 32 bits only';
  if (days < shortestLifetime) return `Active Directory does not honour less than ${shortestLifetime} days`;
  if (days > longestLifetime) return 'it is longer than a hundred years';
  return undefined;
}

/**
 * Reads the number of --days.
 * @throws UsageError if it is no whole number of days that Active Directory honours
 */
export function parseDays(text: string): number {
  const fault = /^[+-]?\d+$/.test(text) ? faultOfDays(Number(text)) : 'it is no whole number';
  if (fault === undefined) return Number(text);
  throw new UsageError({
    attempted: 'read --days',
    on: text,
    cameBack: fault,
    next: `Give a whole number of days from ${shortestLifetime} to ${longestLifetime}; Microsoft recommends 180. To remove the value: --unset.`,
  });
}
