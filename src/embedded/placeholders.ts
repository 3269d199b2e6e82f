/**
 * Points in time in a practice forest's LDIF, which count from the moment of loading, so that the forest never ages:
 *   {{now}} {{now-47d}} {{now-2h}} {{now+10m}}   generalized time, as in whenChanged: 20261006083400.0Z
 *   {{filetime now-47d}}                         100 ns units since 1601, as in lastLogonTimestamp and pwdLastSet
 *   {{seconds now-47d}}                          seconds since 1601, as in DSTIME
 */

import { fileTimeOfDate, formatGeneralizedTime, secondsSince1601 } from '../ad/values.ts';

const placeholder = /\{\{(?:(filetime|seconds) )?now(?:([+-])(\d+)([dhm]))?\}\}/g;
const unitMilliseconds: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 };

/** The text with every placeholder filled in; others' double braces stay. */
export function fillIn(text: string, now: Date): string {
  return text.replace(placeholder, (_, form?: string, sign?: string, count?: string, unit?: string) => {
    const distance = Number(count ?? 0) * (unitMilliseconds[unit ?? ''] ?? 0);
    const date = new Date(now.getTime() + (sign === '-' ? -distance : distance));
    if (form === 'filetime') return fileTimeOfDate(date);
    return form === 'seconds' ? secondsSince1601(date).toString() : formatGeneralizedTime(date);
  });
}
