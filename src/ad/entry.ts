/**
 * An entry as the server sent it, typed readers of its attributes, and the syntaxes of their values, to and from text and
 * bytes: truth values, integers, GUIDs, SIDs, times, values as a plan file holds them, DNS records. Each reader accepts
 * what the syntax allows and throws ValueSyntaxError for anything else.
 */

import { DirectoryError } from '../errors.ts';

/** One attribute with its values. */
export interface Attribute {
  /** As the server spells it, without its range option: `member`, `userCertificate;binary`. */
  readonly name: string;
  /** In the order of the server. */
  readonly values: readonly Buffer[];
}

/** One entry of the directory. */
export interface Entry {
  readonly dn: string;
  /** By the attribute's name in lower case, without its range option. */
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/**
 * Every value as bytes; [] if the entry lacks the attribute or the user may not read it: LDAP does not distinguish the
 * two.
 */
export function allBytesOf(entry: Entry, attribute: string): readonly Buffer[] {
  return entry.attributes.get(attribute.toLowerCase())?.values ?? [];
}

/** The first value as bytes. */
export function bytesOf(entry: Entry, attribute: string): Buffer | undefined {
  return allBytesOf(entry, attribute)[0];
}

/** Every value as text (UTF-8, a leading U+FEFF kept). */
export function textsOf(entry: Entry, attribute: string): readonly string[] {
  return allBytesOf(entry, attribute).map((value) => value.toString('utf8'));
}

/** The first value as text (UTF-8, a leading U+FEFF kept). */
export function textOf(entry: Entry, attribute: string): string | undefined {
  return bytesOf(entry, attribute)?.toString('utf8');
}

/** userAccountControl's ADS_UF_ACCOUNTDISABLE (MS-ADTS 2.2.16). */
export const accountDisabled = 0x2;

/** Whether the account of a user or computer is disabled. Throws ValueSyntaxError if its userAccountControl is no integer. */
export function isDisabled(entry: Entry): boolean {
  return ((integerOf(entry, 'userAccountControl') ?? 0) & accountDisabled) !== 0;
}

/** The first value as an integer of 32 bits. Throws ValueSyntaxError if it is not one. */
export function integerOf(entry: Entry, attribute: string): number | undefined {
  return firstOf(entry, attribute, parseInteger32);
}

/** The first value as an integer of 64 bits (LargeInteger). Throws ValueSyntaxError if it is not one. */
export function largeIntegerOf(entry: Entry, attribute: string): bigint | undefined {
  return firstOf(entry, attribute, parseLargeInteger);
}

/** The first value as a truth value. Throws ValueSyntaxError if it is neither TRUE nor FALSE. */
export function booleanOf(entry: Entry, attribute: string): boolean | undefined {
  return firstOf(entry, attribute, parseBoolean);
}

/** The first value as a GeneralizedTime: whenCreated, currentTime. Throws ValueSyntaxError if it is not one. */
export function generalizedTimeOf(entry: Entry, attribute: string): Date | undefined {
  return firstOf(entry, attribute, parseGeneralizedTime);
}

function firstOf<T>(entry: Entry, attribute: string, parse: (text: string) => T): T | undefined {
  const text = textOf(entry, attribute);
  return text === undefined ? undefined : parse(text);
}

/** The first value as the text of a GUID: objectGUID, invocationId. Throws ValueSyntaxError if it is not 16 bytes. */
export function guidOf(entry: Entry, attribute: string): string | undefined {
  const bytes = bytesOf(entry, attribute);
  return bytes === undefined ? undefined : formatGuid(bytes);
}

/** A value that does not have the syntax of its kind: a GUID of 15 bytes, an invalid time. */
export class ValueSyntaxError extends DirectoryError {
  constructor(kind: string, found: string | Uint8Array, expected: string) {
    super({
      attempted: `read ${kind}`,
      on: typeof found === 'string' ? JSON.stringify(found) : `${found.length} bytes`,
      cameBack: `expected ${expected}`,
      next: 'Check the value with another tool; it may be truncated or written by other software.',
    });
  }
}

/** TRUE or FALSE (RFC 4517 3.3.3). Throws ValueSyntaxError. */
export function parseBoolean(text: string): boolean {
  if (text !== 'TRUE' && text !== 'FALSE') throw new ValueSyntaxError('the truth value', text, 'TRUE or FALSE');
  return text === 'TRUE';
}

/** Syntax Integer (MS-ADTS 3.1.1.2.2.2): 32 bits with a sign. Throws ValueSyntaxError. */
export function parseInteger32(text: string): number {
  return Number(parseInteger(text, 32));
}

/** Syntax LargeInteger (MS-ADTS 3.1.1.2.2.2): 64 bits with a sign. Throws ValueSyntaxError. */
export function parseLargeInteger(text: string): bigint {
  return parseInteger(text, 64);
}

function parseInteger(text: string, bits: number): bigint {
  const value = /^-?(?:0|[1-9]\d{0,18})$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || BigInt.asIntN(bits, value) !== value) {
    throw new ValueSyntaxError('the number', text, `a whole number of ${bits} bits`);
  }
  return value;
}

const guidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The text of an objectGUID: "9c04206a-9a46-41df-b23b-f2b402ba789f". Throws ValueSyntaxError unless it is 16 bytes. */
export function formatGuid(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new ValueSyntaxError('the GUID', bytes, '16 bytes');
  const hex = swapped(Buffer.from(bytes)).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The 16 bytes of a GUID's text, in either case and with or without braces. Throws ValueSyntaxError. */
export function guidFromText(text: string): Buffer {
  return swapped(Buffer.from(normalizedGuid(text).replaceAll('-', ''), 'hex'));
}

/** A GUID's text in lower case and without braces. Throws ValueSyntaxError. */
export function normalizedGuid(text: string): string {
  const bare = text.replace(/^\{(.*)\}$/s, '$1');
  if (!guidPattern.test(bare)) {
    throw new ValueSyntaxError('the GUID', text, '32 hex digits as xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx');
  }
  return bare.toLowerCase();
}

/**
 * `<GUID=…>`: replaces the entry's DN in any request and remains valid when the entry moves (MS-ADTS 3.1.1.3.1.2.4).
 * Throws ValueSyntaxError.
 */
export function guidBase(guid: string): string {
  return `<GUID=${normalizedGuid(guid)}>`;
}

/** The first three fields are little-endian in bytes and big-endian in text. */
function swapped(bytes: Buffer): Buffer {
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

const sidHeaderLength = 8;
const mostSubAuthorities = 15;

/** "S-1-5-21-…" of an objectSid. Throws ValueSyntaxError if the length does not match the count in the bytes. */
export function formatSid(value: Uint8Array): string {
  const bytes = Buffer.from(value);
  const count = bytes[1] ?? 0;
  if (bytes[0] !== 1 || count > mostSubAuthorities || bytes.length !== sidHeaderLength + 4 * count) {
    throw new ValueSyntaxError(
      'the security identifier',
      value,
      'revision 1, a count, 6 bytes and 4 bytes for each of the count',
    );
  }
  const authority = bytes.readUIntBE(2, 6);
  const subAuthorities = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(sidHeaderLength + 4 * index));
  return ['S', 1, authorityText(authority), ...subAuthorities].join('-');
}

/** The same; undefined for bytes that are no security identifier. */
export function readSid(value: Uint8Array): string | undefined {
  try {
    return formatSid(value);
  } catch (error) {
    if (error instanceof ValueSyntaxError) return undefined;
    throw error;
  }
}

/** The bytes of "S-1-5-21-…". Throws ValueSyntaxError. */
export function sidFromText(text: string): Buffer {
  const [, authorityPart = '', rest = ''] = /^S-1-(\d+|0x[0-9a-f]{1,12})((?:-\d+)*)$/i.exec(text) ?? [];
  const authority = Number(authorityPart);
  const subAuthorities = rest.split('-').slice(1).map(Number);
  const tooLarge = authority >= 2 ** 48 || subAuthorities.some((part) => part >= 2 ** 32);
  if (authorityPart === '' || tooLarge || subAuthorities.length > mostSubAuthorities) {
    throw new ValueSyntaxError('the security identifier', text, 'S-1-, an authority and up to 15 numbers below 2^32');
  }
  const bytes = Buffer.alloc(sidHeaderLength + 4 * subAuthorities.length);
  bytes.writeUInt8(1, 0);
  bytes.writeUInt8(subAuthorities.length, 1);
  bytes.writeUIntBE(authority, 2, 6);
  for (const [index, part] of subAuthorities.entries()) bytes.writeUInt32LE(part, sidHeaderLength + 4 * index);
  return bytes;
}

/** Decimal below 2^32, else twelve hex digits. */
function authorityText(authority: number): string {
  return authority < 2 ** 32 ? authority.toString() : `0x${authority.toString(16).toUpperCase().padStart(12, '0')}`;
}

/**
 * AD writes "has not happened" in several ways; here each is 'never'. All times are UTC; fractions of a millisecond are
 * dropped.
 */
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
 * Throws ValueSyntaxError, also for a day that does not exist.
 */
export function parseGeneralizedTime(text: string): Date {
  const { day = '', hour, minute, second, fraction = '', zone = '' } = generalizedTimePattern.exec(text)?.groups ?? {};
  const unit = second !== undefined ? 1000 : minute !== undefined ? 60_000 : 3_600_000;
  // The second 60 of RFC 4517 is a leap second; Date has none and takes the first second of the next minute.
  const isLeapSecond = second === '60';
  const clock = `${hour}:${minute ?? '00'}:${isLeapSecond ? '59' : (second ?? '00')}`;
  const iso = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${clock}.000Z`;
  const local = new Date(iso);
  // Date reads 30 February as 2 March, and 24:00 as the next day.
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
  return new ValueSyntaxError('the time', text, 'a time like 20261122053325.0Z');
}

function dateOfMillisecondsSince1601(milliseconds: bigint, shown: string): Date {
  const since1970 = milliseconds - millisecondsFrom1601To1970;
  if (since1970 > endOfYear9999) throw new ValueSyntaxError('the time', shown, 'a time before the year 10000');
  return new Date(Number(since1970));
}

function millisecondsSince1601(date: Date): bigint {
  return BigInt(date.getTime()) + millisecondsFrom1601To1970;
}

/** A value as a plan writes it. */
export type WrittenValue = string | { readonly base64: string };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text if the bytes are UTF-8 without control characters other than tab and line breaks, else base64. Loses no byte. */
export function writtenValueOf(bytes: Uint8Array): WrittenValue {
  const text = utf8TextOf(bytes);
  if (text === undefined || /[^\P{Cc}\t\n\r]/u.test(text)) return { base64: Buffer.from(bytes).toString('base64') };
  return text;
}

/** The bytes of a written value. Throws ValueSyntaxError if the base64 is malformed. */
export function bytesOfWrittenValue(value: WrittenValue): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  const bytes = Buffer.from(value.base64, 'base64');
  if (bytes.toString('base64') !== value.base64) throw new ValueSyntaxError('the value', value.base64, 'base64');
  return bytes;
}

function utf8TextOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    // Not UTF-8: the caller writes base64.
    return undefined;
  }
}

/**
 * A value of dnsRecord, as the DNS partitions of AD hold it (MS-DNSP 2.3.2.2): one resource record of its node, in binary.
 * Only those that name a host or give an address are read.
 */
export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  /** `target` is a DNS name in lower case, without the final dot. */
  | { readonly type: 'CNAME' | 'NS' | 'PTR' | 'SRV'; readonly target: string };

/** The record types of MS-DNSP 2.2.2.1.1 that are read here. */
const recordTypes: ReadonlyMap<number, DnsRecord['type']> = new Map([
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [12, 'PTR'],
  [28, 'AAAA'],
  [33, 'SRV'],
] as const);

const dnsRecordHeaderLength = 24;
/** Priority, weight and port come before the target of an SRV record (MS-DNSP 2.2.2.2.4.18). */
const serviceHeaderLength = 6;

/** The record in a value; undefined for another type, and for a value that is cut short. */
export function parseDnsRecord(value: Buffer): DnsRecord | undefined {
  if (value.length < dnsRecordHeaderLength) return undefined;
  const data = value.subarray(dnsRecordHeaderLength, dnsRecordHeaderLength + value.readUInt16LE(0));
  const type = recordTypes.get(value.readUInt16LE(2));
  switch (type) {
    case undefined:
      return undefined;
    case 'A':
      return data.length === 4 ? { type, address: data.join('.') } : undefined;
    case 'AAAA':
      return data.length === 16 ? { type, address: ipv6AddressOf(data) } : undefined;
    default: {
      const target = dnsNameIn(type === 'SRV' ? data.subarray(serviceHeaderLength) : data);
      return target === undefined ? undefined : { type, target };
    }
  }
}

/** All eight groups, in hex without leading zeros. */
function ipv6AddressOf(data: Buffer): string {
  return Array.from({ length: 8 }, (_, index) => data.readUInt16BE(index * 2).toString(16)).join(':');
}

/** DNS_COUNT_NAME (MS-DNSP 2.2.2.2.2): the length of all, the number of labels, then each label with its length. */
function dnsNameIn(data: Buffer): string | undefined {
  const count = data[1];
  if (count === undefined) return undefined;
  const labels: string[] = [];
  let at = 2;
  for (let index = 0; index < count; index += 1) {
    const length = data[at];
    if (length === undefined || at + 1 + length > data.length) return undefined;
    labels.push(data.toString('utf8', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return labels.join('.').toLowerCase();
}
