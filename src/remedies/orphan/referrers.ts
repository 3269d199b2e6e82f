/** Who refers to the server, to what stands below it, or to a database that it owns. */

import { isDeletedDn, normalizedDn, parseDnWithBinary } from '../../ad/dn.ts';
import { allBytesOf, type Entry, guidOf, largeIntegerOf, textOf, textsOf } from '../../ad/entry.ts';
import { writtenValueOf } from '../../ad/values.ts';
import type { PlanValue } from '../../change/plan.ts';
import { DirectoryError } from '../../errors.ts';
import { and, equal, type Filter, or, present } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { BoundedList } from './bounded-list.ts';
import {
  configurationReferences,
  type RecipientReference,
  type Reference,
  recipientReferences,
  wellKnownObjects,
} from './references.ts';
import type { OwnNames } from './shared-names.ts';

/** One attribute of one entry, with its values that name what goes. */
export interface Referrer {
  /** Unique in a run: "homeMTA of CN=…". */
  readonly id: string;
  readonly reference: Pick<Reference, 'id' | 'kind' | 'who' | 'clearing' | 'attribute'>;
  readonly dn: string;
  readonly guid: string;
  readonly values: readonly PlanValue[];
  /** What the attribute holds besides. */
  readonly otherValues: readonly PlanValue[];
}

/** References of one kind from recipients: counted, with the first names. */
export interface RecipientCount {
  readonly reference: RecipientReference;
  readonly count: number;
  /** DNs. */
  readonly first: readonly string[];
  /** Arbitration, discovery and other mailboxes of Exchange's own among them. */
  readonly systemMailboxes: { readonly count: number; readonly first: readonly string[] };
  /** Those whose value may be cleared, up to a bound. */
  readonly cleanable: readonly Referrer[];
  /** How many more there are past the bound. */
  readonly notListed: number;
}

/** What is compared with. */
export interface Doomed {
  /** Text that holds one of these means the server, and nothing else. */
  readonly names: OwnNames;
  /** DNs of the server's subtree, normalised. */
  readonly dns: ReadonlySet<string>;
  /** DNs of the subtree's mail transfer agents. */
  readonly mailTransferAgents: readonly string[];
}

export interface ConfigurationFindings {
  readonly referrers: readonly Referrer[];
  /** DNs of databases that it owns and that stand outside its subtree. */
  readonly databases: readonly string[];
  /** References to those databases: they dangle when these go too, and not before. */
  readonly toDatabases: readonly Referrer[];
  /** Values of otherWellKnownObjects that point at entries deleted earlier. */
  readonly lostWellKnownObjects: readonly Referrer[];
}

/** The classes of databases: of 2010 and later, and of 2003 and 2007. */
export const databaseClasses = ['msExchMDB', 'msExchPrivateMDB', 'msExchPublicMDB'];

/** The references from the Exchange organisation: one search over it. Throws DirectoryError. */
export async function readConfigurationReferrers(
  session: DirectorySession,
  configuration: string,
  doomed: Doomed,
): Promise<ConfigurationFindings> {
  const attributes = configurationReferences.map(({ attribute }) => attribute);
  const referrers: Referrer[] = [];
  const lostWellKnownObjects: Referrer[] = [];
  const databases: string[] = [];
  const namingDatabases: Referrer[] = [];
  const found = session.search({
    base: `CN=Services,${configuration}`,
    scope: 'subtree',
    filter: referringFilter(),
    attributes: ['objectClass', 'objectGUID', wellKnownObjects, ...attributes],
  });
  for await (const entry of found) {
    if (doomed.dns.has(normalizedDn(entry.dn))) continue;
    const here = configurationReferences.flatMap((reference) => referrerOf(entry, reference, doomed));
    if (here.some(({ reference }) => reference.id === 'owned-databases')) databases.push(entry.dn);
    namingDatabases.push(...databaseReferrers(entry));
    referrers.push(...here, ...wellKnownReferrers(entry, (dn) => doomed.dns.has(normalizedDn(dn))));
    lostWellKnownObjects.push(...wellKnownReferrers(entry, isDeletedDn));
  }
  return { referrers, databases, toDatabases: namingOneOf(namingDatabases, databases), lostWellKnownObjects };
}

/** Every reference of an entry to a database, whoever owns it: that is known when all have been read. */
function databaseReferrers(entry: Entry): readonly Referrer[] {
  return configurationReferences
    .filter(({ mayNameDatabase }) => mayNameDatabase === true)
    .flatMap((reference) => {
      const values = allBytesOf(entry, reference.attribute);
      return values.length === 0 ? [] : [referrer(entry, reference, values)];
    });
}

/** Those of the references that name one of these, with the values that do. */
function namingOneOf(referrers: readonly Referrer[], dns: readonly string[]): readonly Referrer[] {
  const wanted = new Set(dns.map(normalizedDn));
  return referrers.flatMap((one) => {
    const isMeant = (value: PlanValue): boolean => typeof value === 'string' && namesOneOf(value, wanted);
    const values = one.values.filter(isMeant);
    const otherValues = [...one.otherValues, ...one.values.filter((value) => !isMeant(value))];
    return values.length === 0 ? [] : [{ ...one, values, otherValues }];
  });
}

/** Every entry that has any of the attributes which may refer. */
export function referringFilter(): Filter {
  const attributes = configurationReferences.filter(({ objectClass }) => objectClass === undefined);
  return or(
    ...[...attributes.map(({ attribute }) => attribute), wellKnownObjects].map(present),
    ...databaseClasses.map((name) => equal('objectClass', name)),
  );
}

function referrerOf(entry: Entry, reference: Reference, doomed: Doomed): readonly Referrer[] {
  const { attribute, objectClass } = reference;
  if (objectClass !== undefined && !isDatabase(entry)) return [];
  const values = allBytesOf(entry, attribute).filter((value) => isNaming(value.toString(), reference, doomed));
  return values.length === 0 ? [] : [referrer(entry, reference, values)];
}

function isDatabase(entry: Entry): boolean {
  return textsOf(entry, 'objectClass').some((name) => databaseClasses.includes(name));
}

/** @param values of those that the entry has */
function referrer(entry: Entry, reference: Referrer['reference'], values: readonly Buffer[]): Referrer {
  const others = allBytesOf(entry, reference.attribute).filter((value) => !values.some((one) => one.equals(value)));
  return {
    id: `${reference.attribute} of ${entry.dn}`,
    reference,
    dn: entry.dn,
    guid: guidOf(entry, 'objectGUID') ?? '',
    values: values.map(writtenValueOf),
    otherValues: others.map(writtenValueOf),
  };
}

function isNaming(value: string, { named }: Reference, { names, dns }: Doomed): boolean {
  const text = value.toLowerCase();
  switch (named) {
    case 'doomed entry':
      return namesOneOf(value, dns);
    case 'legacyExchangeDN':
      return text === names.legacyExchangeDn?.toLowerCase();
    case 'FQDN':
      return text === names.fqdn;
    case 'below legacyExchangeDN':
      return names.legacyExchangeDn !== undefined && text.startsWith(`${names.legacyExchangeDn.toLowerCase()}/cn=`);
    case 'path on the server':
      return [names.fqdn, names.name?.toLowerCase()].some(
        (host) => host !== undefined && text.startsWith(`\\\\${host}\\`),
      );
  }
}

/** Whether a value is the DN of one of these, which are normalised. */
export function namesOneOf(value: string, dns: ReadonlySet<string>): boolean {
  try {
    return dns.has(normalizedDn(value));
  } catch (error) {
    // A value that is no DN names no entry.
    if (error instanceof DirectoryError) return false;
    throw error;
  }
}

/** The values of otherWellKnownObjects whose DN is one of these. */
function wellKnownReferrers(entry: Entry, isMeant: (dn: string) => boolean): readonly Referrer[] {
  const values = allBytesOf(entry, wellKnownObjects).filter((value) => isMeant(parseDnWithBinary(value.toString()).dn));
  if (values.length === 0) return [];
  const reference = {
    id: 'well-known-objects',
    attribute: wellKnownObjects,
    kind: 'unlinked',
    who: 'well-known objects of the organisation',
    clearing: 'may be cleared',
  } as const;
  return [referrer(entry, reference, values)];
}

/** Names that are kept of each reference, for people. */
const firstNames = 5;
/** Referrers that are kept for the clean-up; more than these are work for a script, not for a plan that people read. */
const mostCleanable = 1000;

/** Which entries count. */
export interface RecipientScope {
  /** A global catalog has the Configuration partition too, which is looked through on its own. */
  readonly isRecipient: (dn: string) => boolean;
  /** Whether the DC that will be written to holds the entry of this DN. */
  readonly isWritable: (dn: string) => boolean;
}

/** Filter values asked for in one search. */
const valuesASearch = 100;

/**
 * Counts the references from recipients. Memory does not grow with their number. Throws DirectoryError.
 *
 * @param recipients a session with a global catalog, or with a DC whose domain is then all that is looked at
 * @param databases DNs of the databases that the server owns, below it or not
 */
export async function countRecipients(
  recipients: DirectorySession,
  base: string,
  doomed: Doomed,
  databases: readonly string[],
  scope: RecipientScope,
): Promise<readonly RecipientCount[]> {
  const { names, mailTransferAgents } = doomed;
  const valuesOf: Readonly<Record<RecipientReference['named'], readonly string[]>> = {
    legacyExchangeDN: names.legacyExchangeDn === undefined ? [] : [names.legacyExchangeDn],
    databases,
    'mail transfer agents': mailTransferAgents,
  };
  const isHere = mailboxIsHere(names, databases);
  const counts: RecipientCount[] = [];
  // One after the other: not every server keeps several paged searches of one connection apart.
  for (const reference of recipientReferences) {
    const values = valuesOf[reference.named];
    counts.push(await countOne(recipients, base, reference, values, scope, (entry) => !isHere(entry)));
  }
  return counts;
}

function mailboxIsHere({ legacyExchangeDn }: OwnNames, databases: readonly string[]): (entry: Entry) => boolean {
  const keys = new Set(databases.map(normalizedDn));
  return (entry) =>
    namesOneOf(textOf(entry, 'homeMDB') ?? '', keys) ||
    (legacyExchangeDn !== undefined &&
      textOf(entry, 'msExchHomeServerName')?.toLowerCase() === legacyExchangeDn.toLowerCase());
}

/** The filters of one reference: as many as its values need. */
export function recipientFilters(reference: RecipientReference, values: readonly string[]): readonly Filter[] {
  const filters: Filter[] = [];
  for (let at = 0; at < values.length; at += valuesASearch) {
    const some = values.slice(at, at + valuesASearch).map((value) => equal(reference.attribute, value));
    const [only] = some;
    const any = some.length === 1 && only !== undefined ? only : or(...some);
    filters.push(reference.with === undefined ? any : and(any, present(reference.with)));
  }
  return filters;
}

/** What is read of each recipient: what is not cleaned is only counted and named. */
export function recipientAttributes({ isCleanable, attribute }: RecipientReference): readonly string[] {
  return isCleanable ? ['objectGUID', 'homeMDB', 'msExchHomeServerName', attribute] : ['msExchRecipientTypeDetails'];
}

async function countOne(
  recipients: DirectorySession,
  base: string,
  reference: RecipientReference,
  values: readonly string[],
  { isRecipient, isWritable }: RecipientScope,
  mayBeCleared: (entry: Entry) => boolean,
): Promise<RecipientCount> {
  const all = new BoundedList<string>(firstNames);
  const system = new BoundedList<string>(firstNames);
  const cleanable = new BoundedList<Referrer>(mostCleanable);
  const attributes = recipientAttributes(reference);
  for (const filter of recipientFilters(reference, values)) {
    for await (const entry of recipients.search({ base, scope: 'subtree', filter, attributes })) {
      if (!isRecipient(entry.dn)) continue;
      all.add(entry.dn);
      if (reference.isCleanable) {
        if (mayBeCleared(entry) && isWritable(entry.dn)) cleanable.add(recipientReferrer(entry, reference));
      } else if (isSystemMailbox(entry)) {
        system.add(entry.dn);
      }
    }
  }
  return {
    reference,
    count: all.count,
    first: all.items,
    systemMailboxes: { count: system.count, first: system.items },
    cleanable: cleanable.items,
    notListed: cleanable.count - cleanable.items.length,
  };
}

function recipientReferrer(entry: Entry, { id, attribute, kind, who }: RecipientReference): Referrer {
  const values = allBytesOf(entry, attribute);
  return referrer(entry, { id, attribute, kind, who, clearing: 'may be cleared' }, values);
}

/**
 * Bits of msExchRecipientTypeDetails, named as the enumeration RecipientTypeDetails of the Exchange Server API has them
 * and with the values that public lists of the attribute give: SystemAttendantMailbox, SystemMailbox,
 * ArbitrationMailbox, DiscoveryMailbox, MonitoringMailbox, AuditLogMailbox. (2^40 and 2^41 between the last two are
 * GroupMailbox and LinkedRoomMailbox, which people use.)
 */
const systemMailboxTypes = [13n, 14n, 23n, 29n, 39n, 42n].reduce((mask, bit) => mask | (1n << bit), 0n);

function isSystemMailbox(entry: Entry): boolean {
  const type = largeIntegerOf(entry, 'msExchRecipientTypeDetails');
  return type !== undefined && (type & systemMailboxTypes) !== 0n;
}
