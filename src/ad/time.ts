/** Points in time as AD writes them, to and from Date. All are UTC; finer parts than a millisecond are dropped. */

import { ValueSyntaxError } from './value-syntax-error.ts';

/** AD has several ways to say "it has not happened"; here they are all 'never'. */
export type PointInTime = Date | 'never';

const millisecondsFrom1601To1970 = 11_644_473_600_000n;
const neverFileTime = 0x7fff_ffff_ffff_ffffn;
const endOfYear9999 = BigInt(Date.UTC(9999, 11, 31, 23, 59, 59, 999));

/**
 * A FILETIME: 100 ns units since 1601 in decimal (MS-DTYP 2.3.3); 0 and 2^63 - 1 are 'never'.
 * Throws ValueSyntaxError, also for a negative value (those are durations) and for one after the year 9999.
 */
export function dateOfFileTime(decimal: string): PointInTime {
  if (!/^\d{1,20}$/.test(decimal)) throw new ValueSyntaxError('the time', decimal, '100 ns units since 1601');
  const units = BigInt(decimal);
  if (units === 0n || units === neverFileTime) return 'never';
  return dateOfMillisecondsSince1601(units / 10_000n, decimal);
}

/** The FILETIME of a date, in decimal. */
export function fileTimeOfDate(date: Date): string {
  return (millisecondsSince1601(date) * 10_000n).toString();
}

/** A DSTIME: seconds since 1601 (MS-DRSR 5.49); 0 is 'never'. Throws ValueSyntaxError for one after the year 9999. */
export function dateOfSecondsSince1601(seconds: bigint): PointInTime {
  return seconds === 0n ? 'never' : dateOfMillisecondsSince1601(seconds * 1000n, seconds.toString());
}

/** Whole seconds from 1601 to the date. */
export function secondsSince1601(date: Date): bigint {
  return millisecondsSince1601(date) / 1000n;
}

const generalizedTimePattern =
  /^(?<day>\d{8})(?<hour>\d{2})(?:(?<minute>\d{2})(?<second>\d{2})?)?(?:[.,](?<fraction>\d+))?(?<zone>Z|[+-]\d{2}(?:\d{2})?)$/;

/**
 * A GeneralizedTime: `20261122053325.0Z` (RFC 4517 3.3.13; the fraction is of the last unit given, zones are allowed).
 * Throws ValueSyntaxError, also for a day that the calendar doesn't have.
 */
export function parseGeneralizedTime(text: string): Date {
  const { day = '', hour, minute, second, fraction = '', zone = '' } = generalizedTimePattern.exec(text)?.groups ?? {};
  const unit = second !== undefined ? 1000 : minute !== undefined ? 60_000 : 3_600_000;
  // The second 60 of RFC 4517 is a leap second: the first of the next minute for Date, which knows none.
  const isLeapSecond = second === '60';
  const clock = `${hour}:${minute ?? '00'}:${isLeapSecond ? '59' : (second ?? '00')}`;
  const iso = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${clock}.000Z`;
  const local = new Date(iso);
  // Date takes 30 February for 2 March, and 24:00 for the next day.
  if (Number.isNaN(local.getTime()) || local.toISOString() !== iso) throw notAGeneralizedTime(text);
  const extra = (isLeapSecond ? 1000 : 0) + Math.trunc(Number(`0.${fraction}0`) * unit);
  return new Date(local.getTime() + extra - zoneMilliseconds(zone, text));
}

/** `20261122053325.0Z`, to the second, as AD writes it. */
export function formatGeneralizedTime(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace(/[-T:]/g, '')}.0Z`;
}

function zoneMilliseconds(zone: string, text: string): number {
  if (zone === 'Z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3) || '0')];
  if (hours > 23 || minutes > 59) throw notAGeneralizedTime(text);
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function notAGeneralizedTime(text: string): ValueSyntaxError {
  return new ValueSyntaxError('the time', text, 'a time as 20261122053325.0Z');
}

function dateOfMillisecondsSince1601(milliseconds: bigint, shown: string): Date {
  const since1970 = milliseconds - millisecondsFrom1601To1970;
  if (since1970 > endOfYear9999) throw new ValueSyntaxError('the time', shown, 'a time before the year 10000');
  return new Date(Number(since1970));
}

function millisecondsSince1601(date: Date): bigint {
  return BigInt(date.getTime()) + millisecondsFrom1601To1970;
}
