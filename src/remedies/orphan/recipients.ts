/**
 * Recipients that name what goes: the usual references are found by the value that they hold, and counted, with Exchange's
 * own mailboxes apart from users'. Others are looked for by every attribute of the schema that holds DNs. Links are left out
 * there, as a linked value goes with its target and undo writes it back.
 */

import { dnIn, isSameOrBelow, normalizedDn } from '../../ad/dn.ts';
import { allBytesOf, type Entry, textOf, textsOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { isOfEveryEntry, type NamingTest, namingTest, namingValues } from '../../ad/references.ts';
import { readDnAttributes } from '../../ad/schema.ts';
import { and, type DirectorySession, equal, type Filter, or, present } from '../../ldap/session.ts';
import { groupBy } from '../../words.ts';
import type { OwnNames } from './organisation.ts';
import { type OwnMailbox, ownMailboxKind } from './own-mailboxes.ts';
import {
  type Databases,
  namesOneOf,
  type ReferenceKind,
  type Referrer,
  recipientReferrer,
  referrersIn,
} from './referrers.ts';

/** References from recipients, forest-wide. They may be many: found by the value that they hold, and only counted. */
export interface RecipientReference {
  readonly id: string;
  readonly attribute: string;
  readonly kind: ReferenceKind;
  /** What the value is compared with. */
  readonly named: 'legacyExchangeDN' | 'databases' | 'mail transfer agents';
  /** What refers, in words, for lists: of several, and of one. */
  readonly who: string;
  readonly one: string;
  /** Whether a value may be removed where no mailbox of the server holds it. */
  readonly isCleanable: boolean;
  /** Only of recipients that have this attribute too. */
  readonly with?: string;
}

/** The usual references. */
export const recipientReferences: readonly RecipientReference[] = [
  {
    id: 'mailboxes',
    attribute: 'msExchHomeServerName',
    kind: 'string',
    named: 'legacyExchangeDN',
    who: 'mailboxes homed on it',
    one: 'mailbox homed on it',
    isCleanable: false,
    with: 'mailNickname',
  },
  {
    id: 'database-mailboxes',
    attribute: 'homeMDB',
    kind: 'linked',
    named: 'databases',
    who: 'mailboxes in its databases',
    one: 'mailbox in its databases',
    isCleanable: false,
  },
  {
    id: 'archives',
    attribute: 'msExchArchiveDatabaseLink',
    kind: 'linked',
    named: 'databases',
    who: 'archives in its databases',
    one: 'archive in its databases',
    isCleanable: false,
  },
  {
    id: 'recipient-home-mta',
    attribute: 'homeMTA',
    kind: 'unlinked',
    named: 'mail transfer agents',
    who: 'recipients, as homeMTA',
    one: 'recipient, as homeMTA',
    isCleanable: true,
  },
  {
    id: 'expansion-server',
    attribute: 'msExchExpansionServerName',
    kind: 'string',
    named: 'legacyExchangeDN',
    who: 'groups, as expansion server',
    one: 'group, as expansion server',
    isCleanable: true,
  },
];

/** References of one kind from recipients: counted, with the first names. */
export interface RecipientCount {
  readonly reference: Omit<RecipientReference, 'named'> & {
    readonly named: RecipientReference['named'] | 'any deleted entry';
  };
  readonly count: number;
  /** DNs; of mailboxes those of users. */
  readonly first: readonly string[];
  /** Mailboxes of Exchange's own among them, up to a bound. */
  readonly own: { readonly count: number; readonly mailboxes: readonly OwnMailbox[] };
  /** Users' mailboxes among them, by the normalised DN of the database that they name. */
  readonly usersOf: ReadonlyMap<string, number>;
  /** Those whose value may be cleared, up to a bound. */
  readonly cleanable: readonly Referrer[];
  /** How many more there are past the bound. */
  readonly notListed: number;
  /** For a reference that may be cleared, the users' mailboxes that are on the server: they are not changed. */
  readonly ofMailboxes: number;
  /** Mailboxes that only name the server, while their database is of another: they are not counted above. */
  readonly inOtherDatabases: { readonly count: number; readonly first: readonly string[] };
  /** Those that the DC which is written to does not hold, and the DNs of the first. */
  readonly elsewhere: { readonly count: number; readonly first: readonly string[] };
  /** The entries that go and that recipients of other domains, and those past the bound, name: DNs, normalised. */
  readonly named?: { readonly elsewhere: readonly string[]; readonly beyond: readonly string[] };
}

/** How many names are kept of each reference, to show them. */
export const firstNames = 5;

/** Referrers that are kept for the clean-up; more than these need a script, not a plan that is read. */
const mostCleanable = 1000;

/** Mailboxes of Exchange's own that are kept: an organisation has a dozen, and one or two more a database. */
const mostOwn = 500;

/** Which entries count. */
interface RecipientScope {
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
 * @param mailTransferAgents DNs of those below the server
 * @param databases those that the server owns, below it or not, and those of other servers
 */
export async function countRecipients(
  recipients: DirectorySession,
  base: string,
  names: OwnNames,
  mailTransferAgents: readonly string[],
  { owned: databases, others }: Databases,
  scope: RecipientScope,
): Promise<readonly RecipientCount[]> {
  const valuesOf: Readonly<Record<RecipientReference['named'], readonly string[]>> = {
    legacyExchangeDN: names.legacyExchangeDn === undefined ? [] : [names.legacyExchangeDn],
    databases,
    'mail transfer agents': mailTransferAgents,
  };
  const isElsewhere = mailboxIsIn(others);
  const isMailbox = mailboxIsHere(names, databases, isElsewhere);
  const counts: RecipientCount[] = [];
  // One after the other: not every server keeps several paged searches of one connection apart.
  for (const reference of recipientReferences) {
    const values = valuesOf[reference.named];
    counts.push(await countOne(recipients, base, reference, values, scope, isMailbox, isElsewhere));
  }
  return counts;
}

/** Whether an entry is a mailbox that is on the server or in its databases, as the blockers count them. */
function mailboxIsHere(
  { legacyExchangeDn }: OwnNames,
  databases: readonly string[],
  isElsewhere: (entry: Entry) => boolean,
): (entry: Entry) => boolean {
  const server = legacyExchangeDn?.toLowerCase();
  const isInOwn = mailboxIsIn(databases);
  return (entry) => {
    const isNamed = server !== undefined && textOf(entry, 'msExchHomeServerName')?.toLowerCase() === server;
    if (isNamed && allBytesOf(entry, 'mailNickname').length > 0) return !isElsewhere(entry);
    return isInOwn(entry);
  };
}

/** Whether an entry is a mailbox in one of these databases. */
function mailboxIsIn(databases: readonly string[]): (entry: Entry) => boolean {
  const keys = new Set(databases.map(normalizedDn));
  // Very many mailboxes are in few databases: each is compared once.
  const isOne = new Map<string, boolean>();
  return (entry) => {
    const database = textOf(entry, 'homeMDB') ?? '';
    const known = isOne.get(database) ?? namesOneOf(database, keys);
    isOne.set(database, known);
    return known;
  };
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

/** The attributes that show a mailbox of Exchange's own. */
const kindAttributes = ['msExchRecipientTypeDetails', 'objectClass'];

/** The attributes to read of each recipient: recipients that are not cleaned are only counted and named. */
export function recipientAttributes({ isCleanable, attribute }: RecipientReference): readonly string[] {
  return isCleanable
    ? [...kindAttributes, 'objectGUID', 'homeMDB', 'mailNickname', 'msExchHomeServerName', attribute]
    : [...kindAttributes, 'homeMDB', attribute];
}

async function countOne(
  recipients: DirectorySession,
  base: string,
  reference: RecipientReference,
  values: readonly string[],
  scope: RecipientScope,
  isMailbox: (entry: Entry) => boolean,
  isElsewhere: (entry: Entry) => boolean,
): Promise<RecipientCount> {
  const inOthers = new BoundedList<string>(firstNames);
  const tally = reference.isCleanable ? clearableTally(reference, isMailbox, scope) : mailboxTally(reference);
  const attributes = recipientAttributes(reference);
  for (const filter of recipientFilters(reference, values)) {
    for await (const entry of recipients.search({ base, scope: 'subtree', filter, attributes })) {
      if (!scope.isRecipient(entry.dn)) continue;
      if (reference.id === 'mailboxes' && isElsewhere(entry)) inOthers.add(() => entry.dn);
      else tally.add(entry);
    }
  }
  return { reference, ...noRecipients, inOtherDatabases: inOthers, ...tally.counted() };
}

type Counted = Omit<RecipientCount, 'reference'>;

const noRecipients = {
  own: { count: 0, mailboxes: [] },
  usersOf: new Map(),
  cleanable: [],
  notListed: 0,
  ofMailboxes: 0,
  inOtherDatabases: { count: 0, first: [] },
  elsewhere: { count: 0, first: [] },
} satisfies Partial<Counted>;

/** The treatment of the recipients of one reference. */
interface Tally {
  add(entry: Entry): void;
  counted(): Pick<Counted, 'count' | 'first'> & Partial<Counted>;
}

/** Of a reference that may be cleared: those that are, those of other domains, and those of mailboxes that stay. */
function clearableTally(
  { id, attribute, kind, who }: RecipientReference,
  isMailbox: (entry: Entry) => boolean,
  { isWritable }: RecipientScope,
): Tally {
  const reference = { id, attribute, kind, who, clearing: 'may be cleared' } as const;
  const all = new BoundedList<string>(firstNames);
  const cleanable = new BoundedList<Referrer>(mostCleanable);
  const elsewhere = new BoundedList<string>(firstNames);
  let ofMailboxes = 0;
  return {
    add: (entry) => {
      all.add(() => entry.dn);
      // A mailbox of Exchange's own is cleared as a whole, or stops the change.
      if (isMailbox(entry)) ofMailboxes += ownMailboxKind(entry) === undefined ? 1 : 0;
      else if (isWritable(entry.dn)) cleanable.add(() => recipientReferrer(entry, reference));
      else elsewhere.add(() => entry.dn);
    },
    counted: () => ({
      count: all.count,
      first: all.first,
      cleanable: cleanable.first,
      notListed: cleanable.count - cleanable.first.length,
      ofMailboxes,
      elsewhere,
    }),
  };
}

/** Of a reference that only mailboxes hold: users' and Exchange's own. */
function mailboxTally({ attribute, named }: RecipientReference): Tally {
  const users = new BoundedList<string>(firstNames);
  const own = new BoundedList<OwnMailbox>(mostOwn);
  const usersByValue = new Map<string, number>();
  return {
    add: (entry) => {
      const kind = ownMailboxKind(entry);
      if (kind !== undefined) return own.add(() => ({ dn: entry.dn, kind }));
      users.add(() => entry.dn);
      if (named !== 'databases') return;
      for (const value of textsOf(entry, attribute)) usersByValue.set(value, (usersByValue.get(value) ?? 0) + 1);
    },
    counted: () => ({
      count: users.count + own.count,
      first: users.first,
      own: { count: own.count, mailboxes: own.first },
      usersOf: byEntry(usersByValue),
    }),
  };
}

/** The counts of DNs as those of entries: of one entry there may be several spellings. */
function byEntry(counts: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const ofEntries = new Map<string, number>();
  for (const [value, count] of counts) {
    const key = normalizedDn(value);
    ofEntries.set(key, (ofEntries.get(key) ?? 0) + count);
  }
  return ofEntries;
}

/** The DNs of the forest's domains. */
export function domainsOf({ namingContexts }: Pick<Forest, 'namingContexts'>): readonly string[] {
  return namingContexts.filter(({ kind }) => kind === 'domain').map(({ dn }) => dn);
}

/** Whether the entry of a DN lies in one of these naming contexts, given all those of the forest. */
export function liesIn(
  held: readonly string[],
  { namingContexts }: Pick<Forest, 'namingContexts'>,
): (dn: string) => boolean {
  const keys = new Set(held.map(normalizedDn));
  const longestFirst = namingContexts.map(({ dn }) => dn).sort((one, other) => other.length - one.length);
  return (dn) => {
    const context = longestFirst.find((candidate) => isSameOrBelow(dn, candidate));
    return context !== undefined && keys.has(normalizedDn(context));
  };
}

/** The first of many, and how many there were. */
class BoundedList<T> {
  readonly first: T[] = [];
  count = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** @param make the item, for one that is kept */
  add(make: () => T): void {
    this.count += 1;
    if (this.first.length < this.#most) this.first.push(make());
  }
}

/** What was found by these attributes. */
export interface OtherRecipients {
  /** The attributes that were looked at. */
  readonly attributes: readonly string[];
  /** By attribute, those that may be cleared and those of other domains. */
  readonly counts: readonly RecipientCount[];
  /** Values that cannot be cleared: mandatory ones, and those that only the system writes. */
  readonly fixed: readonly Referrer[];
}

/** The attributes, as the schema has them; [] if it cannot be read. Throws DirectoryError. */
export async function otherRecipientAttributes(session: DirectorySession): Promise<readonly string[]> {
  const listed = new Set(recipientReferences.map(({ attribute }) => attribute.toLowerCase()));
  return (await readDnAttributes(session, 'none'))
    .filter(({ name, link }) => link === undefined && !isOfEveryEntry(name) && !listed.has(name.toLowerCase()))
    .map(({ name }) => name);
}

/** Where recipients are looked for. */
interface RecipientPlaces extends RecipientScope {
  /** With the DC that is written to: its domains have all of their attributes there. */
  readonly session: DirectorySession;
  readonly domains: readonly string[];
  /** With a global catalog, for the domains that this DC does not hold; undefined if there is none of these. */
  readonly global: DirectorySession | undefined;
}

/** A value of one recipient. */
interface Found {
  readonly attribute: string;
  readonly entry: Entry;
  readonly isWritable: boolean;
  /** DNs of entries that go, normalised. */
  readonly names: readonly string[];
}

/** Recipients by one attribute, and the entries that those name which are not cleared, by their normalised DNs. */
interface AttributeTally {
  total: number;
  readonly elsewhere: Set<string>;
  readonly beyond: Set<string>;
}

/**
 * Looks at every value of these attributes. Memory does not grow with the number of recipients. Throws DirectoryError.
 *
 * @param dns the DNs of the entries that go, normalised
 */
export async function readOtherRecipients(places: RecipientPlaces, dns: ReadonlySet<string>): Promise<OtherRecipients> {
  const { session } = places;
  const attributes = await otherRecipientAttributes(session);
  if (attributes.length === 0) return { attributes, counts: [], fixed: [] };
  const test = dnTest(dns);
  const kept: Found[] = [];
  const tallies = new Map<string, AttributeTally>();
  for await (const found of valuesIn(places, attributes, test)) {
    const tally = tallies.get(found.attribute) ?? { total: 0, elsewhere: new Set(), beyond: new Set() };
    tallies.set(found.attribute, tally);
    tally.total += 1;
    const isKept = tally.total <= mostCleanable;
    if (isKept) kept.push(found);
    if (!isKept || !found.isWritable) for (const dn of found.names) tally[isKept ? 'elsewhere' : 'beyond'].add(dn);
  }
  const writable = new Set(kept.filter(({ isWritable }) => isWritable).map(({ entry }) => entry));
  const referrers = await referrersIn(session, writable, test);
  const isClearable = ({ reference }: Referrer): boolean => reference.clearing === 'may be cleared';
  const fixed = referrers.filter((referrer) => !isClearable(referrer));
  const byAttribute = groupBy(referrers.filter(isClearable), ({ reference }) => reference.attribute);
  const counts = [...tallies].map(([attribute, tally]) => {
    const cleanable = byAttribute.get(attribute) ?? [];
    const notClearable = fixed.filter(({ reference }) => reference.attribute === attribute).length;
    const here = kept.filter((found) => found.attribute === attribute);
    return countOf(attribute, tally, notClearable, cleanable, here);
  });
  return { attributes, counts: counts.filter(({ count }) => count > 0), fixed };
}

function countOf(
  attribute: string,
  { total, elsewhere, beyond }: AttributeTally,
  notClearable: number,
  cleanable: readonly Referrer[],
  found: readonly Found[],
): RecipientCount {
  const elsewhereDns = found.filter(({ isWritable }) => !isWritable).map(({ entry }) => entry.dn);
  return {
    reference: {
      id: 'other-recipients',
      attribute,
      kind: 'unlinked',
      named: 'any deleted entry',
      who: `recipients, as ${attribute}`,
      one: `recipient, as ${attribute}`,
      isCleanable: true,
    },
    count: total - notClearable,
    first: found.slice(0, firstNames).map(({ entry }) => entry.dn),
    ...noRecipients,
    cleanable,
    notListed: Math.max(0, total - mostCleanable),
    elsewhere: { count: elsewhereDns.length, first: elsewhereDns.slice(0, firstNames) },
    named: { elsewhere: [...elsewhere], beyond: [...beyond] },
  };
}

/** A test of DNs of entries that go, and of nothing that was deleted earlier. */
function dnTest(dns: ReadonlySet<string>): NamingTest {
  const named = namingTest({ dns, names: {} });
  const test = (value: string): 'dn' | undefined => (named(value) === 'dn' ? 'dn' : undefined);
  return Object.assign(test, { mayName: named.mayName });
}

/** The values that name what goes, of the recipients that have one of these attributes. Throws DirectoryError. */
async function* valuesIn(
  { session, domains, global, isRecipient, isWritable }: RecipientPlaces,
  attributes: readonly string[],
  test: NamingTest,
): AsyncGenerator<Found> {
  const searches = [
    ...domains.map((base) => ({ session, base, isMeant: isWritable })),
    ...(global === undefined ? [] : [{ session: global, base: '', isMeant: (dn: string) => !isWritable(dn) }]),
  ];
  for (const { session: asked, base, isMeant } of searches) {
    const recipients = asked.search({
      base,
      scope: 'subtree',
      filter: or(...attributes.map(present)),
      attributes: ['objectClass', 'objectGUID', ...attributes],
      mayMatter: test.mayName,
    });
    for await (const entry of recipients) {
      if (!isRecipient(entry.dn) || !isMeant(entry.dn)) continue;
      for (const { attribute, values } of namingValues(entry, test)) {
        const names = values.map((value) => normalizedDn(dnIn(value.toString())));
        yield { attribute: attribute.name, entry, isWritable: isWritable(entry.dn), names };
      }
    }
  }
}
