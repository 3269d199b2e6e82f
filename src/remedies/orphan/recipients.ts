/** Recipients that name the server or its databases: counted, and Exchange's own mailboxes apart from users'. */

import { isSameOrBelow, normalizedDn, rdnOf } from '../../ad/dn.ts';
import { allBytesOf, type Entry, guidOf, largeIntegerOf, textOf, textsOf, writtenValueOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { readMandatoryAttributes } from '../../ad/schema.ts';
import { and, type DirectorySession, equal, type Filter, or, present } from '../../ldap/session.ts';
import type { OwnNames } from './names.ts';
import { type Databases, namesOneOf, type ReferenceKind, type Referrer, recipientReferrer } from './referrers.ts';

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
  /** Users' among them, by the database that they name, normalised. */
  readonly usersOf: ReadonlyMap<string, number>;
  /** Those whose value may be cleared, up to a bound. */
  readonly cleanable: readonly Referrer[];
  /** How many more there are past the bound. */
  readonly notListed: number;
  /** Of a reference that may be cleared, the mailboxes of users that are on the server: they are left alone. */
  readonly ofMailboxes: number;
  /** Mailboxes that only name the server, while their database is of another: they are not counted above. */
  readonly inOtherDatabases: { readonly count: number; readonly first: readonly string[] };
  /** Those that the DC which is written to does not hold, and the DNs of the first. */
  readonly elsewhere: { readonly count: number; readonly first: readonly string[] };
  /** The entries that go and that recipients of other domains, and those past the bound, name: DNs, normalised. */
  readonly named?: { readonly elsewhere: readonly string[]; readonly beyond: readonly string[] };
}

/** Names that are kept of each reference, for people. */
export const firstNames = 5;
/** Referrers that are kept for the clean-up; more than these are work for a script, not for a plan that people read. */
export const mostCleanable = 1000;

/** Mailboxes of Exchange's own that are kept: an organisation has a dozen, and one or two more a database. */
const mostOwn = 500;

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

/** What shows a mailbox of Exchange's own. */
const kindAttributes = ['msExchRecipientTypeDetails', 'objectClass'];

/** What is read of each recipient: what is not cleaned is only counted and named. */
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
  { isRecipient, isWritable }: RecipientScope,
  isMailbox: (entry: Entry) => boolean,
  isElsewhere: (entry: Entry) => boolean,
): Promise<RecipientCount> {
  const seen = new BoundedList<string>(firstNames);
  const inOthers = new BoundedList<string>(firstNames);
  const tally = reference.isCleanable ? clearableTally(reference, isMailbox, isWritable) : mailboxTally(reference);
  const attributes = recipientAttributes(reference);
  for (const filter of recipientFilters(reference, values)) {
    for await (const entry of recipients.search({ base, scope: 'subtree', filter, attributes })) {
      if (!isRecipient(entry.dn)) continue;
      if (reference.id === 'mailboxes' && isElsewhere(entry)) {
        inOthers.add(() => entry.dn);
        continue;
      }
      seen.add(() => entry.dn);
      tally.add(entry);
    }
  }
  return {
    reference,
    count: seen.count,
    first: seen.items,
    ...noRecipients,
    inOtherDatabases: { count: inOthers.count, first: inOthers.items },
    ...tally.counted(),
  };
}

type Counted = Omit<RecipientCount, 'reference' | 'count' | 'first'> & Partial<Pick<RecipientCount, 'first'>>;

const noRecipients: Counted = {
  own: { count: 0, mailboxes: [] },
  usersOf: new Map(),
  cleanable: [],
  notListed: 0,
  ofMailboxes: 0,
  inOtherDatabases: { count: 0, first: [] },
  elsewhere: { count: 0, first: [] },
};

/** What becomes of the recipients of one reference. */
interface Tally {
  add(entry: Entry): void;
  counted(): Partial<Counted>;
}

/** Of a reference that may be cleared: those that are, those of other domains, and those of mailboxes that stay. */
function clearableTally(
  reference: RecipientReference,
  isMailbox: (entry: Entry) => boolean,
  isWritable: (dn: string) => boolean,
): Tally {
  const cleanable = new BoundedList<Referrer>(mostCleanable);
  const elsewhere = new BoundedList<string>(firstNames);
  let ofMailboxes = 0;
  return {
    add: (entry) => {
      // A mailbox of Exchange's own is cleared as a whole, or stops the change.
      if (isMailbox(entry)) ofMailboxes += ownMailboxKind(entry) === undefined ? 1 : 0;
      else if (isWritable(entry.dn)) cleanable.add(() => recipientReferrer(entry, asReference(reference)));
      else elsewhere.add(() => entry.dn);
    },
    counted: () => ({
      cleanable: cleanable.items,
      notListed: cleanable.count - cleanable.items.length,
      ofMailboxes,
      elsewhere: { count: elsewhere.count, first: elsewhere.items },
    }),
  };
}

/** Of a reference that only mailboxes hold: users' and Exchange's own. */
function mailboxTally(reference: RecipientReference): Tally {
  const users = new BoundedList<string>(firstNames);
  const own = new BoundedList<OwnMailbox>(mostOwn);
  const usersByValue = new Map<string, number>();
  return {
    add: (entry) => {
      const kind = ownMailboxKind(entry);
      if (kind !== undefined) {
        own.add(() => ({ dn: entry.dn, kind }));
        return;
      }
      users.add(() => entry.dn);
      countByDatabase(entry, reference, usersByValue);
    },
    counted: () => ({
      first: users.items,
      own: { count: own.count, mailboxes: own.items },
      usersOf: byEntry(usersByValue),
    }),
  };
}

function countByDatabase(entry: Entry, { attribute, named }: RecipientReference, counts: Map<string, number>): void {
  if (named !== 'databases') return;
  for (const value of textsOf(entry, attribute)) counts.set(value, (counts.get(value) ?? 0) + 1);
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

function asReference({ id, attribute, kind, who }: RecipientReference): Referrer['reference'] {
  return { id, attribute, kind, who, clearing: 'may be cleared' };
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

/** The first items of many, and how many there were. */
class BoundedList<T> {
  readonly items: T[] = [];
  count = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** @param make the item, for one that is kept */
  add(make: () => T): void {
    this.count += 1;
    if (this.items.length < this.#most) this.items.push(make());
  }
}

/** monitoring: HealthMailbox…; system: of a database, or of the System Attendant. */
export type OwnMailboxKind = 'arbitration' | 'discovery' | 'audit log' | 'monitoring' | 'system';

/** One of them, as it was counted. */
export interface OwnMailbox {
  readonly dn: string;
  readonly kind: OwnMailboxKind;
}

/**
 * Bits of msExchRecipientTypeDetails, named as the enumeration RecipientTypeDetails of the Exchange Server API has them
 * and with the values that public lists of the attribute give: SystemAttendantMailbox, SystemMailbox,
 * ArbitrationMailbox, DiscoveryMailbox, MonitoringMailbox, AuditLogMailbox. (2^40 and 2^41 between the last two are
 * GroupMailbox and LinkedRoomMailbox, which people use.)
 */
const kindsByBit: readonly (readonly [bit: bigint, kind: OwnMailboxKind])[] = [
  [13n, 'system'],
  [14n, 'system'],
  [23n, 'arbitration'],
  [29n, 'discovery'],
  [39n, 'monitoring'],
  [42n, 'audit log'],
];

/** The names that setup and the Health Manager give, for mailboxes without msExchRecipientTypeDetails. */
const kindsByName: readonly (readonly [name: RegExp, kind: OwnMailboxKind])[] = [
  [/^HealthMailbox/i, 'monitoring'],
  [/^SystemMailbox\{(?:1f05a927|e0dc1c29|bb558c35|d0e409a0|2ce34405)/i, 'arbitration'],
  [/^(?:FederatedEmail\.4c1f4d8b|Migration\.8f3e7716)/i, 'arbitration'],
  [/^DiscoverySearchMailbox ?\{/i, 'discovery'],
  [/^SystemMailbox\{/i, 'system'],
];

/** Which of Exchange's own it is; undefined for a user's. */
export function ownMailboxKind(entry: Entry): OwnMailboxKind | undefined {
  const byType = kindByType(largeIntegerOf(entry, 'msExchRecipientTypeDetails') ?? 0n);
  if (byType !== undefined) return byType;
  if (textsOf(entry, 'objectClass').some((name) => name.toLowerCase() === 'msexchsystemmailbox')) return 'system';
  return kindByName(entry.dn);
}

function kindByType(type: bigint): OwnMailboxKind | undefined {
  return kindsByBit.find(([bit]) => (type & (1n << bit)) !== 0n)?.[1];
}

/** Whether a value of msExchRecipientTypeDetails is that of one of them. */
export function isTypeOfOwnMailbox(value: string): boolean {
  return /^\d+$/.test(value) && kindByType(BigInt(value)) !== undefined;
}

function kindByName(dn: string): OwnMailboxKind | undefined {
  const { value } = rdnOf(dn);
  return kindsByName.find(([name]) => name.test(value))?.[1];
}

/** Whether an entry may be one of them by its name: all that a plan alone can show. */
export function isNamedAsOwn(dn: string): boolean {
  return kindByName(dn) !== undefined;
}

/**
 * What makes an account a mailbox. All of it or nothing is cleared: an account that keeps some, and has no database,
 * stops setup ("Database is mandatory on UserMailbox").
 */
const mailboxAttributes = [
  'homeMDB',
  'homeMTA',
  'legacyExchangeDN',
  'mail',
  'mailNickname',
  'mDBUseDefaults',
  'msExchALObjectVersion',
  'msExchArchiveDatabaseLink',
  'msExchArchiveGUID',
  'msExchArchiveName',
  'msExchCapabilityIdentifiers',
  'msExchHideFromAddressLists',
  'msExchHomeServerName',
  'msExchMailboxGuid',
  'msExchMailboxSecurityDescriptor',
  'msExchPoliciesIncluded',
  'msExchRBACPolicyLink',
  'msExchRecipientDisplayType',
  'msExchRecipientTypeDetails',
  'msExchUserAccountControl',
  'msExchUserCulture',
  'msExchVersion',
  'protocolSettings',
  'proxyAddresses',
  'showInAddressBook',
];

/** Whether the attribute is one of those that make an account a mailbox. */
export function isMailboxAttribute(name: string): boolean {
  return mailboxAttributes.some((one) => one.toLowerCase() === name.toLowerCase());
}

/** Every mailbox attribute of these accounts, as references that can be cleared. Throws DirectoryError. */
export async function mailboxAttributesOf(
  session: DirectorySession,
  mailboxes: readonly OwnMailbox[],
): Promise<readonly Referrer[]> {
  const found: Referrer[] = [];
  for (const { dn } of mailboxes) {
    const entry = await session.readEntry(dn, ['objectClass', 'objectGUID', ...mailboxAttributes]);
    if (entry !== undefined) found.push(...(await attributesOf(session, entry)));
  }
  return found;
}

async function attributesOf(session: DirectorySession, entry: Entry): Promise<readonly Referrer[]> {
  const classes = textsOf(entry, 'objectClass');
  const mandatory = await readMandatoryAttributes(session, classes);
  const isMandatory = (name: string): boolean => [...mandatory.values()].some((names) => names.has(name.toLowerCase()));
  return mailboxAttributes
    .filter((name) => allBytesOf(entry, name).length > 0 && !isMandatory(name))
    .map((attribute) => ({
      id: `${attribute} of ${entry.dn}`,
      reference: {
        id: 'own-mailbox',
        attribute,
        kind: 'string',
        who: "Exchange's own mailboxes",
        clearing: 'may be cleared',
      },
      dn: entry.dn,
      guid: guidOf(entry, 'objectGUID') ?? '',
      values: allBytesOf(entry, attribute).map(writtenValueOf),
      otherValues: [],
      objectClasses: [],
    }));
}
