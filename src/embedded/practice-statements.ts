/**
 * What a practice forest's LDIF says in attributes that no real directory has.
 *
 * In an entry:
 *   practiceStamp: ATTRIBUTE VERSION TIME [USN [ORIGIN]]   when the attribute was last written, and by which DC;
 *                                                          ORIGIN is the DN of its NTDS Settings, or an invocationId
 *   practiceOnlyOn: HOST [HOST...]                         only these DCs have the entry in this form
 * In the record of a DC's rootDSE:
 *   practiceInboundPartner: HOST success=TIME attempt=TIME result=N failures=N
 *   practiceCursor: HOST success=TIME [usn=N]              N: how far this DC has HOST's changes; default: all of them
 *   practiceCutFrom: HOST [HOST...]                        these DCs' changes do not arrive here
 * HOST is a DC's name or its first label, TIME a generalized time or "never". Defaults: attempt=success, result=0,
 * failures=0.
 *
 * Points in time count from the moment of loading, so that the forest never ages:
 *   {{now}} {{now-47d}} {{now-2h}} {{now+10m}}             generalized time, as in whenChanged: 20261006083400.0Z
 *   {{filetime now-47d}}                                   100 ns units since 1601, as in lastLogonTimestamp
 *   {{seconds now-47d}}                                    seconds since 1601, as in DSTIME
 */

import { fileTimeOfDate, formatGeneralizedTime, parseGeneralizedTime, secondsSince1601 } from '../ad/entry.ts';
import { FileError } from '../errors.ts';
import type { LdifContentRecord } from '../ldif/ldif.ts';
import { day, hour, minute } from '../words.ts';
import type { Cursor, DomainController, InboundPartner, RootDseRecord } from './domain-controller.ts';
import type { AttributeStamp } from './entry.ts';

/** The statement of when an attribute was last written. */
export const stampStatement = 'practiceStamp';
/** The statement of which DCs have an entry. */
export const onlyOnStatement = 'practiceOnlyOn';
const partnerStatement = 'practiceinboundpartner';
const cursorStatement = 'practicecursor';
const cutStatement = 'practicecutfrom';

const placeholder = /\{\{(?:(filetime|seconds) )?now(?:([+-])(\d+)([dhm]))?\}\}/g;
const unitMilliseconds: Readonly<Record<string, number>> = { d: day, h: hour, m: minute };

/** The record with every point in time filled in; other double braces stay. */
export function withTimes<T extends LdifContentRecord>(record: T, now: Date): T {
  const attributes = record.attributes.map(({ name, values }) => ({
    name,
    values: values.map((value) => (value.includes('{{') ? Buffer.from(fillIn(value.toString('utf8'), now)) : value)),
  }));
  return { ...record, attributes };
}

function fillIn(text: string, now: Date): string {
  return text.replace(placeholder, (_, form?: string, sign?: string, count?: string, unit?: string) => {
    const distance = Number(count ?? 0) * (unitMilliseconds[unit ?? ''] ?? 0);
    const date = new Date(now.getTime() + (sign === '-' ? -distance : distance));
    if (form === 'filetime') return fileTimeOfDate(date);
    return form === 'seconds' ? secondsSince1601(date).toString() : formatGeneralizedTime(date);
  });
}

/**
 * A stamp from its statement. Throws ValueSyntaxError for what is no time.
 * @param originOf the invocationId for the statement's ORIGIN; for undefined, that of the DC that wrote the rest
 */
export function readStamp(
  text: string,
  originOf: (origin: string | undefined) => string,
): { readonly attribute: string; readonly stamp: AttributeStamp } {
  const [attribute = '', version = '1', time = '', usn = '0', ...origin] = text.split(' ');
  const originUsn = BigInt(usn);
  const stamp = {
    version: Number(version),
    time: parseGeneralizedTime(time),
    origin: originOf(origin.length === 0 ? undefined : origin.join(' ')),
    originUsn,
    usn: originUsn,
  };
  return { attribute, stamp };
}

/** The statement of a stamp. */
export function stampText(attribute: string, { version, time, originUsn, origin }: AttributeStamp): string {
  return [attribute, version, formatGeneralizedTime(time), originUsn, origin].join(' ').trimEnd();
}

/** Whether an attribute is this statement. */
export function isStatement(name: string, statement: string): boolean {
  return name.toLowerCase() === statement.toLowerCase();
}

/** The hosts that an entry is stated for. Throws FileError for an unknown DC. */
export function hostsOf(record: LdifContentRecord, domainControllers: readonly DomainController[]): readonly string[] {
  const values = record.attributes
    .filter(({ name }) => isStatement(name, onlyOnStatement))
    .flatMap((one) => one.values);
  return hostsIn(values, onlyOnStatement, domainControllers);
}

/** The hosts of DCs whose names are listed. */
function hostsIn(
  values: readonly Buffer[],
  statement: string,
  domainControllers: readonly DomainController[],
): readonly string[] {
  const words = values.flatMap((value) => wordsOf(value.toString()));
  return words.map((host) => find(host, domainControllers, `${statement}: ${host}`).host);
}

/**
 * What a rootDSE record states of its DC's replication.
 * @throws FileError if a statement lacks its time or names an unknown DC; ValueSyntaxError for what is no time
 */
export function replicationOf(
  record: RootDseRecord,
  domainControllers: readonly DomainController[],
): {
  readonly partners: readonly InboundPartner[];
  /** Without a `usn` all of the source's changes. */
  readonly cursors: readonly (Omit<Cursor, 'usn'> & { readonly usn: bigint | undefined })[];
  /** Hosts. */
  readonly cutFrom: readonly string[];
} {
  const partners = statements(record, partnerStatement, domainControllers).map(({ source, fields }) => {
    const lastSuccess = timeOf(fields.get('success'));
    return {
      source,
      lastSuccess,
      lastAttempt: fields.has('attempt') ? timeOf(fields.get('attempt')) : lastSuccess,
      lastResult: Number(fields.get('result') ?? 0),
      failures: Number(fields.get('failures') ?? 0),
    };
  });
  const cursors = statements(record, cursorStatement, domainControllers).map(({ source, fields }) => {
    const usn = fields.get('usn');
    return { source, usn: usn === undefined ? undefined : BigInt(usn), lastSuccess: timeOf(fields.get('success')) };
  });
  const cutFrom = hostsIn(record.get(cutStatement)?.values ?? [], cutStatement, domainControllers);
  return { partners, cursors, cutFrom };
}

/** The rootDSE records of these hosts, without what they state of others. */
export function aboutHosts(
  records: readonly LdifContentRecord[],
  hosts: ReadonlySet<string>,
): readonly LdifContentRecord[] {
  const isKnown = (name = ''): boolean => [...hosts].some((host) => isCalled(host, name.toLowerCase()));
  return records
    .map((record) => ({
      ...record,
      attributes: record.attributes
        .map(({ name, values }) => ({
          name,
          values: values.filter((value) => !statesReplication(name) || isKnown(wordsOf(value.toString())[0])),
        }))
        .filter(({ values }) => values.length > 0),
    }))
    .filter(({ attributes }) =>
      attributes.some(({ name, values }) => name.toLowerCase() === 'dnshostname' && isKnown(values[0]?.toString())),
    );
}

/** Whether a rootDSE's attribute of this name, in any case, is a statement, which clients do not see. */
export function statesReplication(name: string): boolean {
  return [partnerStatement, cursorStatement, cutStatement].includes(name.toLowerCase());
}

function statements(
  record: RootDseRecord,
  name: string,
  domainControllers: readonly DomainController[],
): { readonly source: DomainController; readonly fields: ReadonlyMap<string, string> }[] {
  return (record.get(name)?.values ?? []).map((value) => {
    const text = `${name}: ${value.toString()}`;
    const [host = '', ...pairs] = wordsOf(value.toString());
    const fields = new Map(pairs.map((pair) => pair.split('=', 2) as [string, string]));
    const source = find(host, domainControllers, text);
    if (!fields.has('success')) throw unreadable(text, 'success= is missing');
    return { source, fields };
  });
}

function find(host: string, domainControllers: readonly DomainController[], statement: string): DomainController {
  const found = domainControllers.find((one) => isCalled(one.host, host));
  if (found === undefined) throw unreadable(statement, `no DC of the data is called "${host}"`);
  return found;
}

/** By its name or its first label. */
function isCalled(host: string, name: string): boolean {
  return host === name || host.startsWith(`${name}.`);
}

function unreadable(statement: string, cameBack: string): FileError {
  return new FileError({
    attempted: 'read a statement of the practice forest',
    on: statement,
    cameBack,
    next: 'Correct the line in the LDIF of the practice forest.',
  });
}

function wordsOf(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}

function timeOf(text: string | undefined): Date | undefined {
  return text === undefined || text === 'never' ? undefined : parseGeneralizedTime(text);
}
