/**
 * Who refers to the server, to what is below it, or to a database that it owns: every value of the Configuration naming
 * context is read; a list has the words for the usual ones.
 *
 * A linked value vanishes with its target; an unlinked DN stays and is rewritten to the deleted name; a string stays as
 * it is. So the first needs a record for undo only, and the others need a clean-up.
 */

import { dnIn, normalizedDn } from '../../ad/dn.ts';
import { allBytesOf, type Entry, guidOf, textOf, textsOf, writtenValueOf } from '../../ad/entry.ts';
import { writableAttributes } from '../../ad/forest.ts';
import {
  everyEntry,
  type Naming,
  type NamingTest,
  type NamingValues,
  namingTest,
  namingValues,
} from '../../ad/references.ts';
import { type AttributeDefinition, readAttributeDefinitions, readMandatoryAttributes } from '../../ad/schema.ts';
import { isBackLink } from '../../change/attribute-kinds.ts';
import { valueKey } from '../../change/clear-values.ts';
import type { PlanValue } from '../../change/plan.ts';
import { DirectoryError } from '../../errors.ts';
import { type DirectorySession, equal, or } from '../../ldap/session.ts';
import { groupBy } from '../../words.ts';
import { databaseClasses, isDatabase, type OwnNames } from './organisation.ts';

/** How a value refers: this decides what happens to it when its target is deleted. */
export type ReferenceKind = 'linked' | 'unlinked' | 'string';

/** A usual reference in the list. */
export interface Reference {
  /** Stable: ids of findings are made of it. */
  readonly id: string;
  readonly attribute: string;
  readonly kind: ReferenceKind;
  /**
   * What its values name: an entry that is deleted (the server or an entry below it), or the server in text, as in
   * Naming.
   */
  readonly named: 'deleted entry' | Exclude<Naming, 'dn' | 'deleted dn'>;
  /** The referring entries in words, for lists: "send connectors, as source server". */
  readonly who: string;
  /** Whether the attribute may be without the value afterwards. */
  readonly clearing: 'may be cleared' | 'mandatory' | 'needs another value' | 'only the system writes it';
  /** Only on databases. */
  readonly isOfDatabases?: true;
}

const dnReference = (
  id: string,
  attribute: string,
  kind: 'linked' | 'unlinked',
  who: string,
  clearing: Reference['clearing'] = 'may be cleared',
): Reference => ({ id, attribute, kind, named: 'deleted entry', who, clearing });

const textReference = (
  id: string,
  attribute: string,
  named: Reference['named'],
  who: string,
  clearing: Reference['clearing'],
): Reference => ({ id, attribute, kind: 'string', named, who, clearing });

/** References from the Configuration naming context with their own words and advice. Any attribute may refer. */
export const configurationReferences: readonly Reference[] = [
  dnReference('owned-databases', 'msExchOwningServer', 'unlinked', 'databases that it owns'),
  dnReference('database-master', 'msExchMasterServerOrAvailabilityGroup', 'unlinked', 'databases, as master'),
  dnReference('database-copies', 'msExchHostServerLink', 'linked', 'database copies on it'),
  dnReference('home-mta', 'homeMTA', 'unlinked', 'connectors and databases, as homeMTA'),
  dnReference('send-connector-source', 'msExchSourceBridgeheadServersDN', 'linked', 'connectors, as source server'),
  dnReference('connector-target', 'msExchTargetBridgeheadServersDN', 'linked', 'connectors, as target server'),
  dnReference('routing-master', 'msExchRoutingMasterDN', 'unlinked', 'routing groups, as master'),
  dnReference('oab-generation', 'offLineABServer', 'unlinked', 'offline address books that it generates', 'mandatory'),
  dnReference(
    'oab-distribution',
    'msExchOABVirtualDirectoriesLink',
    'linked',
    'offline address books, as web distribution',
  ),
  dnReference('recipient-update', 'msExchAddressListServiceLink', 'linked', 'recipient update services'),
  dnReference('home-database', 'homeMDB', 'linked', 'system mailboxes, as their database'),
  dnReference('home-public-database', 'msExchHomePublicMDB', 'unlinked', 'databases, as public folder database'),
  dnReference(
    'default-public-database',
    'msExchDefaultPublicMDB',
    'unlinked',
    'databases, as default public folder database',
  ),
  dnReference('site-folders', 'siteFolderServer', 'unlinked', 'administrative groups, as site folder server'),
  textReference('dag-started', 'msExchStartedMailboxServers', 'FQDN', 'DAGs, as started server', 'may be cleared'),
  textReference('dag-stopped', 'msExchStoppedMailboxServers', 'FQDN', 'DAGs, as stopped server', 'may be cleared'),
  textReference(
    'dag-witness',
    'msExchFileShareWitness',
    'path on the server',
    'DAGs, as witness server',
    'needs another value',
  ),
  textReference(
    'dag-alternate-witness',
    'msExchAlternateFileShareWitness',
    'path on the server',
    'DAGs, as alternate witness server',
    'needs another value',
  ),
  {
    ...textReference(
      'rpc-client-access',
      'legacyExchangeDN',
      'below legacyExchangeDN',
      'databases, as RPC client access server',
      'needs another value',
    ),
    isOfDatabases: true,
  },
];

/** Values of this attribute of CN=Microsoft Exchange that point at deleted entries break setup. */
export const wellKnownObjects = 'otherWellKnownObjects';

/** One attribute of one entry, with its values that name entries to be deleted. */
export interface Referrer {
  /** Unique in a run: "homeMTA of CN=…". */
  readonly id: string;
  readonly reference: Pick<Reference, 'id' | 'kind' | 'who' | 'clearing' | 'attribute'>;
  readonly dn: string;
  readonly guid: string;
  readonly values: readonly PlanValue[];
  /** The other values of the attribute. */
  readonly otherValues: readonly PlanValue[];
  /** Of the entry, lower case. */
  readonly objectClasses: readonly string[];
}

/** A key of each of its values: the same where a change removes that very value. */
export function keysOf({ guid, reference, values }: Referrer): readonly string[] {
  return values.map((value) => keyOf(guid, reference.attribute, value));
}

/** Identifies one value of one attribute of one entry, whatever the letter case of the attribute. */
export function keyOf(guid: string, attribute: string, value: PlanValue): string {
  return `${guid} ${attribute.toLowerCase()} ${valueKey(value)}`;
}

/** The names to compare values with. */
interface ToDelete {
  /** Text that holds one of these means the server, and nothing else. */
  readonly names: OwnNames;
  /** DNs of the entries to be deleted, normalised. */
  readonly dns: ReadonlySet<string>;
}

/** The references to the server in the Configuration naming context, and older leftovers there. */
export interface ConfigurationFindings {
  readonly referrers: readonly Referrer[];
  /** References to the databases that it owns and that stay: they dangle when these go too, and not before. */
  readonly toDatabases: readonly Referrer[];
  /** Values of otherWellKnownObjects that point at entries deleted earlier. */
  readonly lostWellKnownObjects: readonly Referrer[];
  /** Other values that point at entries deleted earlier. */
  readonly leftovers: readonly Referrer[];
}

/** DNs of the databases that name the server as their owner, and of those that are of another. */
export interface Databases {
  readonly owned: readonly string[];
  readonly others: readonly string[];
}

/**
 * The databases of a server, and those of the others. Throws DirectoryError.
 *
 * @param others DNs of the other servers, without those that lost a naming conflict
 */
export async function readDatabasesOf(
  session: DirectorySession,
  configuration: string,
  server: string,
  others: readonly string[],
): Promise<Databases> {
  const owned: string[] = [];
  const ofOthers: string[] = [];
  const found = session.search({
    base: `CN=Services,${configuration}`,
    scope: 'subtree',
    filter: or(...databaseClasses.map((name) => equal('objectClass', name))),
    attributes: ['msExchOwningServer'],
  });
  const key = new Set([normalizedDn(server)]);
  const otherKeys = new Set(others.map(normalizedDn));
  for await (const entry of found) {
    const owner = textOf(entry, 'msExchOwningServer') ?? '';
    if (namesOneOf(owner, key)) owned.push(entry.dn);
    else if (namesOneOf(owner, otherKeys)) ofOthers.push(entry.dn);
  }
  return { owned, others: ofOthers };
}

/** Values of one attribute of one entry that name something, before the schema is asked what they are. */
interface Hit extends Omit<Referrer, 'id' | 'reference'> {
  readonly naming: Naming;
  readonly attribute: string;
}

/**
 * The references from the Configuration naming context: one search over all of its entries, every value compared.
 * Only values that name something are kept in memory. Throws DirectoryError.
 *
 * @param databases DNs of the databases that it owns and that stay
 */
export async function readConfigurationReferrers(
  session: DirectorySession,
  configuration: string,
  toDelete: ToDelete,
  databases: readonly string[],
): Promise<ConfigurationFindings> {
  const databaseDns = new Set(databases.map(normalizedDn));
  const { names } = toDelete;
  const test = withHostLists(namingTest({ dns: new Set([...toDelete.dns, ...databaseDns]), names }), names.fqdn);
  const hits: Hit[] = [];
  const databaseHits: Hit[] = [];
  for await (const entry of everyEntry(session, configuration, test)) {
    if (test(entry.dn, '') !== undefined && toDelete.dns.has(normalizedDn(entry.dn))) continue;
    for (const found of namingValues(entry, test)) {
      const isOfDatabase = (value: Buffer): boolean =>
        found.naming === 'dn' && databaseDns.has(normalizedDn(dnIn(value.toString())));
      hits.push(...hitOf(entry, found, (value) => !isOfDatabase(value)));
      databaseHits.push(...hitOf(entry, found, isOfDatabase));
    }
  }
  const describe = await describing(session, [...hits, ...databaseHits]);
  const of = (naming: (naming: Hit) => boolean): readonly Referrer[] => hits.filter(naming).flatMap(describe);
  return {
    referrers: of(({ naming }) => naming !== 'deleted dn'),
    toDatabases: databaseHits.flatMap(describe),
    lostWellKnownObjects: of(({ naming, attribute }) => naming === 'deleted dn' && attribute === wellKnownObjects),
    leftovers: of(({ naming, attribute }) => naming === 'deleted dn' && attribute !== wellKnownObjects),
  };
}

/** Also finds the server in a list of hosts, as the smart hosts of a connector are. */
function withHostLists(test: NamingTest, fqdn: string | undefined): NamingTest {
  if (fqdn === undefined) return test;
  const isInList = (value: string): boolean => value.toLowerCase().includes(fqdn) && hostsIn(value).includes(fqdn);
  return Object.assign(
    (value: string, attribute: string): Naming | undefined =>
      test(value, attribute) ?? (isInList(value) ? 'FQDN' : undefined),
    { mayName: test.mayName },
  );
}

/** The references among these entries by values for which a test holds. Throws DirectoryError. */
export async function referrersIn(
  session: DirectorySession,
  entries: AsyncIterable<Entry> | Iterable<Entry>,
  test: NamingTest,
): Promise<readonly Referrer[]> {
  const hits: Hit[] = [];
  for await (const entry of entries) hits.push(...namingValues(entry, test).flatMap((found) => hitOf(entry, found)));
  return hits.flatMap(await describing(session, hits));
}

/** The hit of those of the found values that are meant; [] if none is. */
function hitOf(entry: Entry, found: NamingValues, isMeant: (value: Buffer) => boolean = () => true): readonly Hit[] {
  const { attribute, naming } = found;
  const values = found.values.filter(isMeant);
  if (values.length === 0) return [];
  return [
    {
      naming,
      attribute: attribute.name,
      dn: entry.dn,
      guid: guidOf(entry, 'objectGUID') ?? '',
      objectClasses: textsOf(entry, 'objectClass').map((name) => name.toLowerCase()),
      values: values.map(writtenValueOf),
      otherValues: attribute.values.filter((value) => !values.includes(value)).map(writtenValueOf),
    },
  ];
}

/**
 * The reference of each hit by the schema; a back link is not a reference, because the server maintains it. Throws
 * DirectoryError.
 */
async function describing(session: DirectorySession, hits: readonly Hit[]): Promise<(hit: Hit) => readonly Referrer[]> {
  const definitions = await readAttributeDefinitions(
    session,
    hits.map(({ attribute }) => attribute),
  );
  const mandatory = await readMandatoryAttributes(
    session,
    hits.flatMap(({ objectClasses }) => objectClasses),
  );
  return (hit) => {
    const definition = definitions.get(hit.attribute.toLowerCase());
    const isBack = definition === undefined ? isBackLink(hit.attribute) : definition.link === 'back';
    if (isBack) return [];
    const isMandatory = hit.objectClasses.some((name) => mandatory.get(name)?.has(hit.attribute.toLowerCase()));
    return [referrerOf(hit, definition, isMandatory)];
  };
}

function referrerOf(hit: Hit, definition: AttributeDefinition | undefined, isMandatory: boolean): Referrer {
  const { attribute, dn, guid, values, otherValues } = hit;
  const known = configurationReferences.find((reference) => isMeant(reference, hit));
  const isText = hit.naming !== 'dn' && hit.naming !== 'deleted dn';
  const kind = isText || definition?.isDn === false ? 'string' : kindOf(definition, known);
  return {
    id: `${attribute} of ${dn}`,
    reference: {
      id: known?.id ?? (attribute === wellKnownObjects ? 'well-known-objects' : 'other'),
      attribute,
      kind,
      who: known?.who ?? (attribute === wellKnownObjects ? 'well-known objects of the organisation' : 'other entries'),
      clearing: clearingOf(kind, definition, known, isMandatory && otherValues.length === 0),
    },
    dn,
    guid,
    values,
    otherValues,
    objectClasses: hit.objectClasses,
  };
}

function isMeant({ attribute, named, isOfDatabases }: Reference, hit: Hit): boolean {
  const isNamed = named === 'deleted entry' ? hit.naming.endsWith('dn') : named === hit.naming;
  const isOfClass = isOfDatabases === undefined || isDatabase(hit.objectClasses);
  return isNamed && isOfClass && attribute.toLowerCase() === hit.attribute.toLowerCase();
}

function kindOf(definition: AttributeDefinition | undefined, known: Reference | undefined): Reference['kind'] {
  if (definition === undefined) return known?.kind ?? 'unlinked';
  return definition.link === 'forward' ? 'linked' : 'unlinked';
}

/** The schema decides; without it the list of known references does. Text that is not in the list is left to the user. */
function clearingOf(
  kind: Reference['kind'],
  definition: AttributeDefinition | undefined,
  known: Reference | undefined,
  wouldBeMissing: boolean,
): Reference['clearing'] {
  if (definition?.isSystemOnly === true) return 'only the system writes it';
  if (wouldBeMissing || known?.clearing === 'mandatory') return 'mandatory';
  if (known !== undefined) return known.clearing;
  return kind === 'string' ? 'needs another value' : 'may be cleared';
}

/** A recipient's attribute with all of its values, which were searched for. */
export function recipientReferrer(entry: Entry, reference: Referrer['reference']): Referrer {
  return {
    id: `${reference.attribute} of ${entry.dn}`,
    reference,
    dn: entry.dn,
    guid: guidOf(entry, 'objectGUID') ?? '',
    values: allBytesOf(entry, reference.attribute).map(writtenValueOf),
    otherValues: [],
    objectClasses: [],
  };
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

/** Entries whose rights are asked for; the rest of a long list is found when it is written. */
const mostAsked = 100;

/** The ids of the referrers whose attribute the user may not write. Throws DirectoryError. */
export async function unwritableOf(
  session: DirectorySession,
  referrers: readonly Referrer[],
): Promise<ReadonlySet<string>> {
  const unwritable = new Set<string>();
  for (const [dn, here] of [...groupBy(referrers, (referrer) => referrer.dn)].slice(0, mostAsked)) {
    const writable = await writableAttributes(session, dn);
    if (writable === undefined) continue;
    for (const { id, reference } of here) {
      if (!writable.has(reference.attribute.toLowerCase())) unwritable.add(id);
    }
  }
  return unwritable;
}

/** The hosts of a UNC path, of a URL, or of a list of host names, in lower case. */
export function hostsIn(value: string): readonly string[] {
  const text = value.toLowerCase();
  const host = /^(?:\\\\|[a-z][a-z0-9+.-]*:\/\/)([^\\/:?#]+)/.exec(text)?.[1];
  if (host !== undefined) return [host];
  const parts = text.split(/[\s,;]+/);
  return parts.every((part) => /^(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*$|^\[[0-9a-f.:]+\]$/.test(part)) ? parts : [];
}
