/** Who refers to the server, to what stands below it, or to a database that it owns. */

import { isDeletedDn, normalizedDn, parseDnWithBinary } from '../../ad/dn.ts';
import { allBytesOf, type Entry, guidOf, textsOf } from '../../ad/entry.ts';
import { effectiveRights } from '../../ad/forest.ts';
import { writtenValueOf } from '../../ad/values.ts';
import type { PlanValue } from '../../change/plan.ts';
import { DirectoryError } from '../../errors.ts';
import { groupBy } from '../../group-by.ts';
import { equal, type Filter, or, present } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import type { OwnNames } from './names.ts';
import { configurationReferences, type Reference, wellKnownObjects } from './references.ts';

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

/** What is compared with. */
export interface ToDelete {
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
  toDelete: ToDelete,
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
    if (toDelete.dns.has(normalizedDn(entry.dn))) continue;
    const here = configurationReferences.flatMap((reference) => referrerOf(entry, reference, toDelete));
    if (here.some(({ reference }) => reference.id === 'owned-databases')) databases.push(entry.dn);
    namingDatabases.push(...databaseReferrers(entry));
    referrers.push(...here, ...wellKnownReferrers(entry, (dn) => toDelete.dns.has(normalizedDn(dn))));
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

function referrerOf(entry: Entry, reference: Reference, toDelete: ToDelete): readonly Referrer[] {
  const { attribute, objectClass } = reference;
  if (objectClass !== undefined && !isDatabase(entry)) return [];
  const values = allBytesOf(entry, attribute).filter((value) => isNaming(value.toString(), reference, toDelete));
  return values.length === 0 ? [] : [referrer(entry, reference, values)];
}

function isDatabase(entry: Entry): boolean {
  return textsOf(entry, 'objectClass').some((name) => databaseClasses.includes(name));
}

/** @param values of those that the entry has */
export function referrer(entry: Entry, reference: Referrer['reference'], values: readonly Buffer[]): Referrer {
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

function isNaming(value: string, { named }: Reference, { names, dns }: ToDelete): boolean {
  const text = value.toLowerCase();
  switch (named) {
    case 'deleted entry':
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
    // A value that is not a DN names no entry.
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

/** Entries whose rights are asked for; the rest of a long list is found when it is written. */
const mostAsked = 100;

/** The ids of the referrers whose attribute the user may not write. Throws DirectoryError. */
export async function unwritableOf(
  session: DirectorySession,
  referrers: readonly Referrer[],
): Promise<ReadonlySet<string>> {
  const unwritable = new Set<string>();
  for (const [dn, here] of [...groupBy(referrers, (referrer) => referrer.dn)].slice(0, mostAsked)) {
    const rights = await effectiveRights(session, dn);
    if (rights === undefined) continue;
    for (const { id, reference } of here) {
      if (!rights.attributes.has(reference.attribute.toLowerCase())) unwritable.add(id);
    }
  }
  return unwritable;
}
