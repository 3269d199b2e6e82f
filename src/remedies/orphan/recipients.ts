/** Recipients that name the server or its databases: how many there are before the deletion, and who is left after it. */

import { isSameOrBelow, normalizedDn } from '../../ad/dn.ts';
import { type Entry, textOf, textsOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { and, equal, type Filter, or, present } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { type DeletedServer, namesDeleted } from './deleted-server.ts';
import type { OwnNames } from './names.ts';
import { type OwnMailbox, ownMailboxKind } from './own-mailboxes.ts';
import { type RecipientReference, recipientReferences } from './references.ts';
import { namesOneOf, type Referrer, recipientReferrer } from './referrers.ts';

/** References of one kind from recipients: counted, with the first names. */
export interface RecipientCount {
  readonly reference: RecipientReference;
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
}

/** Names that are kept of each reference, for people. */
const firstNames = 5;
/** Referrers that are kept for the clean-up; more than these are work for a script, not for a plan that people read. */
const mostCleanable = 1000;

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
 * @param databases DNs of the databases that the server owns, below it or not
 */
export async function countRecipients(
  recipients: DirectorySession,
  base: string,
  names: OwnNames,
  mailTransferAgents: readonly string[],
  databases: readonly string[],
  scope: RecipientScope,
): Promise<readonly RecipientCount[]> {
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
  return isCleanable
    ? ['objectGUID', 'homeMDB', 'msExchHomeServerName', attribute]
    : ['msExchRecipientTypeDetails', 'objectClass', attribute];
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
  const users = new BoundedList<string>(firstNames);
  const own = new BoundedList<OwnMailbox>(mostOwn);
  const usersOf = new Map<string, number>();
  const cleanable = new BoundedList<Referrer>(mostCleanable);
  const attributes = recipientAttributes(reference);
  for (const filter of recipientFilters(reference, values)) {
    for await (const entry of recipients.search({ base, scope: 'subtree', filter, attributes })) {
      if (!isRecipient(entry.dn)) continue;
      all.add(entry.dn);
      const isClearable = reference.isCleanable && mayBeCleared(entry) && isWritable(entry.dn);
      if (isClearable) cleanable.add(recipientReferrer(entry, asReference(reference)));
      if (reference.isCleanable) continue;
      const kind = ownMailboxKind(entry);
      if (kind !== undefined) own.add({ dn: entry.dn, kind });
      else {
        users.add(entry.dn);
        countByDatabase(entry, reference, usersOf);
      }
    }
  }
  return {
    reference,
    count: all.count,
    first: reference.isCleanable ? all.items : users.items,
    own: { count: own.count, mailboxes: own.items },
    usersOf,
    cleanable: cleanable.items,
    notListed: cleanable.count - cleanable.items.length,
  };
}

function countByDatabase(entry: Entry, { attribute, named }: RecipientReference, counts: Map<string, number>): void {
  if (named !== 'databases') return;
  for (const value of textsOf(entry, attribute)) {
    const key = normalizedDn(value);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
}

function asReference({ id, attribute, kind, who }: RecipientReference): Referrer['reference'] {
  return { id, attribute, kind, who, clearing: 'may be cleared' };
}

/** References as "homeMTA of CN=…". */
export interface PointingRecipients {
  readonly count: number;
  /** The first of them. */
  readonly first: readonly string[];
  /** How many more were left on purpose. */
  readonly leftOnPurpose: number;
}

/**
 * Looks through the recipients below a DN, with the search words that gather uses. A value that named an entry below the
 * server is looked for among all values of its attribute: it may be rewritten to the deleted name, and AD takes no
 * wildcard in a DN. Memory does not grow with their number. Throws DirectoryError.
 *
 * @param isMeant which entries count, by their DN
 */
export async function recipientsPointingAt(
  session: DirectorySession,
  base: string,
  deleted: DeletedServer,
  isMeant: (dn: string) => boolean,
): Promise<PointingRecipients> {
  const pointing = new BoundedList<string>(firstNames);
  let leftOnPurpose = 0;
  // One after the other: not every server keeps several paged searches of one connection apart.
  for (const { filter, attributes, isPointing } of searchesFor(deleted)) {
    for await (const entry of session.search({ base, scope: 'subtree', filter, attributes })) {
      if (!isMeant(entry.dn)) continue;
      for (const attribute of attributes) {
        if (!textsOf(entry, attribute).some(isPointing)) continue;
        const id = `${attribute} of ${entry.dn}`;
        const isMailbox = mailboxes.has(attribute) && deleted.leavesMailboxes;
        if (isMailbox || deleted.leftOnPurpose.has(id)) leftOnPurpose += 1;
        else pointing.add(id);
      }
    }
  }
  return { count: pointing.count, first: pointing.items, leftOnPurpose };
}

/** Attributes by which mailboxes name their server and databases. */
const mailboxes = new Set(
  recipientReferences.filter(({ isCleanable }) => !isCleanable).map(({ attribute }) => attribute),
);

interface RecipientSearch {
  readonly filter: Filter;
  readonly attributes: readonly string[];
  readonly isPointing: (value: string) => boolean;
}

function searchesFor(deleted: DeletedServer): readonly RecipientSearch[] {
  const { legacyExchangeDn } = deleted;
  const byName = recipientReferences.filter(({ named }) => named === 'legacyExchangeDN');
  const byDn = recipientReferences.filter(({ named }) => went(named, deleted)).map(({ attribute }) => attribute);
  const isPointing = (value: string): boolean => namesDeleted(value, deleted) || namesOneOf(value, deleted.dns);
  return [
    ...byName.flatMap((reference) =>
      recipientFilters(reference, legacyExchangeDn === undefined ? [] : [legacyExchangeDn]).map((filter) => ({
        filter,
        attributes: [reference.attribute],
        // The server has compared it, as the attribute's syntax says.
        isPointing: () => true,
      })),
    ),
    ...(byDn.length === 0 ? [] : [{ filter: or(...byDn.map(present)), attributes: byDn, isPointing }]),
  ];
}

/** Whether anything of what such a reference names was deleted. */
function went(named: RecipientReference['named'], { hasDatabases, hasMailTransferAgents }: DeletedServer): boolean {
  return (named === 'databases' && hasDatabases) || (named === 'mail transfer agents' && hasMailTransferAgents);
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

  add(item: T): void {
    this.count += 1;
    if (this.items.length < this.#most) this.items.push(item);
  }
}
