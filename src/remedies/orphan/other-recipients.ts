/**
 * Recipients that name what goes by an attribute that no list has: every attribute of the schema that holds DNs. Links are
 * left out, as a linked value goes with its target and undo writes it back.
 */

import { normalizedDn } from '../../ad/dn.ts';
import type { Entry } from '../../ad/entry.ts';
import { dnIn, isOfEveryEntry, type NamingTest, namingTest, namingValues } from '../../ad/naming.ts';
import { readDnAttributes } from '../../ad/schema.ts';
import { type DirectorySession, or, present } from '../../ldap/session.ts';
import { groupBy } from '../../words.ts';
import {
  firstNames,
  mostCleanable,
  type RecipientCount,
  type RecipientScope,
  recipientReferences,
} from './recipients.ts';
import { type Referrer, referrersIn } from './referrers.ts';

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
  return (await readDnAttributes(session))
    .filter(({ name, link }) => link === undefined && !isOfEveryEntry(name) && !listed.has(name.toLowerCase()))
    .map(({ name }) => name);
}

/** Where recipients are looked for. */
export interface RecipientPlaces extends RecipientScope {
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
interface Tally {
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
  const tallies = new Map<string, Tally>();
  for await (const found of valuesIn(places, attributes, test)) {
    const tally = tallies.get(found.attribute) ?? { total: 0, elsewhere: new Set(), beyond: new Set() };
    tallies.set(found.attribute, tally);
    tally.total += 1;
    const isKept = tally.total <= mostCleanable;
    if (isKept) kept.push(found);
    if (!isKept || !found.isWritable) for (const dn of found.names) tally[isKept ? 'elsewhere' : 'beyond'].add(dn);
  }
  const writable = new Set(kept.filter(({ isWritable }) => isWritable).map(({ entry }) => entry));
  const referrers = await referrersIn(session, inTurn(writable), test);
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
  { total, elsewhere, beyond }: Tally,
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
    own: { count: 0, mailboxes: [] },
    usersOf: new Map(),
    cleanable,
    notListed: Math.max(0, total - mostCleanable),
    ofMailboxes: 0,
    inOtherDatabases: { count: 0, first: [] },
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
    for await (const entry of recipientsWith(asked, base, attributes, test)) {
      if (!isRecipient(entry.dn) || !isMeant(entry.dn)) continue;
      for (const { attribute, values } of namingValues(entry, test)) {
        const names = values.map((value) => normalizedDn(dnIn(value.toString())));
        yield { attribute: attribute.name, entry, isWritable: isWritable(entry.dn), names };
      }
    }
  }
}

/** The recipients that have one of these attributes, without those whose bytes name nothing. Throws DirectoryError. */
function recipientsWith(
  session: DirectorySession,
  base: string,
  attributes: readonly string[],
  { mayName }: Pick<NamingTest, 'mayName'>,
): AsyncIterable<Entry> {
  return session.search({
    base,
    scope: 'subtree',
    filter: or(...attributes.map(present)),
    attributes: ['objectClass', 'objectGUID', ...attributes],
    mayMatter: mayName,
  });
}

async function* inTurn(entries: Iterable<Entry>): AsyncGenerator<Entry> {
  yield* entries;
}
