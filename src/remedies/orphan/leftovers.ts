/** What earlier deletions by hand have left behind: values that point at deleted entries, or name a server that is gone. */

import { isSameOrBelow, joinDn, normalizedDn } from '../../ad/dn.ts';
import type { Forest } from '../../ad/forest.ts';
import { dnIn, everyEntry, type NamingTest } from '../../ad/naming.ts';
import type { Change, Plan, PlanValue } from '../../change/plan.ts';
import { and, type DirectorySession, equal, not, or, present } from '../../ldap/session.ts';
import { distinct } from '../../words.ts';
import {
  adminGroupAbove,
  adminGroupIn,
  clientAccessArrays,
  deletedServers,
  goneNames,
  hostTest,
  isMissingFrom,
  isText,
  leftoverTest,
  lower,
  readServerPlaces,
  readTombstones,
  type ServerNames,
  type ServerPlaces,
  serverLists,
  serverNamed,
  type Tombstones,
} from './gone-servers.ts';
import { domainsOf, liesIn, otherRecipientAttributes } from './recipients.ts';
import { type Referrer, referrersIn, unwritableOf } from './referrers.ts';

/** What was found, and what of it the user may not write. */
export interface Leftovers {
  readonly leftovers: readonly Referrer[];
  /** Names of servers that are gone, by themselves in lower case: a name that a server bears again is not among them. */
  readonly gone: ReadonlyMap<string, string>;
  /** By which a deleted entry leads to its server. */
  readonly tombstones: Tombstones;
  /** How many more there are than one plan holds. */
  readonly notListed: number;
  /** Ids of those whose attribute the user may not write. */
  readonly unwritable: ReadonlySet<string>;
  /** Ids of those of recipients of other domains, which this DC cannot write. */
  readonly elsewhere: ReadonlySet<string>;
  /** References to servers of administrative groups whose servers the user may not see. */
  readonly unseen: readonly UnseenServer[];
  /** DNs that values have, of servers and of what was below them, where no entry is to be seen, deleted or not. */
  readonly missing: readonly string[];
  /** Whether the recipients of every domain could be asked for. */
  readonly isForestWide: boolean;
  /** Changes of a saved plan that are done. */
  readonly done: ReadonlySet<Change>;
}

/** Which reference it is, and the administrative group that it names: `/o=…/ou=…`, or its DN. */
interface UnseenServer {
  readonly id: string;
  readonly group: string;
}

/** Recipients' attributes that may be cleared where they name what is gone. */
const ofRecipients = ['homeMTA', 'msExchExpansionServerName'];

/** Which server a mailbox is on: Exchange writes it when it moves the mailbox, so it is listed and not cleared. */
export const homeServerName = 'msExchHomeServerName';

/** References that one plan holds; the next run finds the rest. */
const most = 1000;

/**
 * Reads every value of the Configuration naming context, and of recipients the usual attributes and those of Exchange that
 * hold DNs; then, once the servers that are gone are known by name, all text that has one of them as its host.
 * Throws DirectoryError.
 *
 * @param session with the DC that is written to, which holds all attributes of its domain's recipients
 * @param global with a global catalog, which is asked for the recipients of the other domains
 */
export async function readLeftovers(
  session: DirectorySession,
  global: DirectorySession | undefined,
  forest: Forest,
  servers: readonly ServerNames[],
): Promise<Omit<Leftovers, 'done'>> {
  const { configurationNamingContext: configuration } = forest;
  const places = await readServerPlaces(session, configuration);
  const named = leftoverTest([...servers, ...(await clientAccessArrays(session, configuration))], places);
  const tombstones = await readTombstones(session, configuration);
  const isHere = liesIn(session.rootDse.namingContexts, forest);
  const own = session.rootDse.defaultNamingContext ?? '';
  const others = domainsOf(forest).filter((dn) => !isHere(dn));
  const attributes = [...ofRecipients, ...(await otherRecipientAttributes(session)).filter(isNamedByExchange)];
  const recipients = { attributes, servers, isLeft: named, configuration };
  const elsewhere: Referrer[] = [];
  if (global !== undefined) {
    for (const domain of others) elsewhere.push(...(await recipientsLeft(global, domain, recipients)));
  }
  const pointing = [
    ...(await referrersIn(session, everyEntry(session, configuration, named), named)).filter(
      ({ dn, reference }) => isOfExchange(dn, reference.attribute, configuration) && !isOwnName(reference),
    ),
    ...(await recipientsLeft(session, own, recipients)),
    ...elsewhere,
  ];
  const { missing, found } = await lookAgain(session, pointing);
  const inText = found.flatMap(({ values }) => values.filter(isText));
  const gone = goneNames(
    [...deletedServers(tombstones), ...inText.flatMap((value) => serverNamed(value, new Map()) ?? [])],
    servers,
  );
  const onGone = hostTest(gone, forest);
  const onHosts =
    gone.size === 0
      ? []
      : (await referrersIn(session, everyEntry(session, configuration, onGone), onGone)).filter(({ dn, reference }) =>
          isOfExchange(dn, reference.attribute, configuration),
        );
  const all = distinct([...found, ...onHosts], ({ id, values }) => `${id} ${JSON.stringify(values)}`);
  const leftovers = all.slice(0, most).map(asClearable);
  const beyond = new Set(elsewhere.map(({ id }) => id));
  return {
    leftovers,
    gone,
    tombstones,
    notListed: all.length - leftovers.length,
    unwritable: await unwritableOf(
      session,
      leftovers.filter(({ id }) => !beyond.has(id)),
    ),
    elsewhere: beyond,
    unseen: unseenServers(found, places),
    missing,
    isForestWide: others.length === 0 || global !== undefined,
  };
}

/**
 * Looks once more for the entries that were not there: they may have been made meanwhile, and the directory knows more
 * spellings of a DN. Throws DirectoryError.
 */
async function lookAgain(
  session: DirectorySession,
  pointing: readonly Referrer[],
): Promise<{ readonly missing: readonly string[]; readonly found: readonly Referrer[] }> {
  const missing: string[] = [];
  const there = new Set<string>();
  for (const dn of distinct(pointing.flatMap(({ values }) => values.filter(isText).filter(isPlace).map(dnIn)))) {
    if ((await session.readEntry(dn, ['1.1'])) === undefined) missing.push(dn);
    else there.add(dn);
  }
  const isThere = (value: PlanValue): boolean => isText(value) && there.has(dnIn(value));
  const found = pointing.flatMap((referrer) => {
    const values = referrer.values.filter((value) => !isThere(value));
    const otherValues = [...referrer.otherValues, ...referrer.values.filter(isThere)];
    return values.length === 0 ? [] : [{ ...referrer, values, otherValues }];
  });
  return { missing, found };
}

/** Whether a value that was found has the DN of a place for servers. */
function isPlace(value: string): boolean {
  return isMissingFrom({ entries: new Set() }, value);
}

/** References to administrative groups of which no CN=Servers is to be seen: whether their servers are gone is not known. */
function unseenServers(referrers: readonly Referrer[], { groups }: ServerPlaces): readonly UnseenServer[] {
  const isSeen = (group: string): boolean => groups.has(group.startsWith('/') ? lower(group) : normalizedDn(group));
  return referrers.flatMap(({ id, dn, reference, values }) => {
    // A DAG is in the administrative group of its members.
    const isOfDag = serverLists.has(lower(reference.attribute));
    const named = values.filter(isText).flatMap((value) => (isOfDag ? adminGroupAbove(dn) : adminGroupIn(value)) ?? []);
    return distinct(named, lower)
      .filter((group) => !isSeen(group))
      .map((group) => ({ id, group }));
  });
}

/** What is looked for among recipients. */
interface SoughtRecipients {
  readonly attributes: readonly string[];
  readonly servers: readonly ServerNames[];
  readonly isLeft: NamingTest;
  readonly configuration: string;
}

/** The recipients of a domain that name what is gone. Throws DirectoryError. */
async function recipientsLeft(
  session: DirectorySession,
  domain: string,
  { attributes, servers, isLeft, configuration }: SoughtRecipients,
): Promise<readonly Referrer[]> {
  const known = servers.flatMap(({ legacyExchangeDn: name }) =>
    name === undefined ? [] : [equal(homeServerName, name)],
  );
  const onUnknown = present(homeServerName);
  const recipients = session.search({
    base: domain,
    scope: 'subtree',
    filter: or(...attributes.map(present), known.length === 0 ? onUnknown : and(onUnknown, not(or(...known)))),
    attributes: ['objectClass', 'objectGUID', homeServerName, ...attributes],
  });
  return (await referrersIn(session, recipients, isLeft)).filter(
    ({ reference: { attribute }, values }) =>
      attribute === homeServerName || isOfRecipients(attribute) || values.every(isOfServers(configuration)),
  );
}

/** Whether a value names an entry of the Configuration naming context, deleted or not: one of a domain was no server object. */
function isOfServers(configuration: string): (value: PlanValue) => boolean {
  const place = `,${configuration}`.toLowerCase();
  return (value) => isText(value) && lower(value).endsWith(place);
}

function isNamedByExchange(attribute: string): boolean {
  return /^msExch/i.test(attribute);
}

/** Whether an attribute is one of Exchange: on an entry of its organisation, or by its name. Others are not touched. */
export function isOfExchange(dn: string, attribute: string, configuration: string): boolean {
  const exchange = joinDn('CN=Microsoft Exchange,CN=Services', configuration);
  return isNamedByExchange(attribute) || isSameOrBelow(dn, exchange);
}

/** Whether it is one of the recipients' attributes that may be cleared. */
export function isOfRecipients(attribute: string): boolean {
  return ofRecipients.some((name) => name.toLowerCase() === attribute.toLowerCase());
}

/** A database's legacyExchangeDN names its RPC client access server; that of any other entry names the entry itself. */
function isOwnName({ attribute, id }: Referrer['reference']): boolean {
  return attribute.toLowerCase() === 'legacyexchangedn' && id !== 'rpc-client-access';
}

/** The group of a server that is gone has no other use for its name. */
function asClearable(referrer: Referrer): Referrer {
  const { reference } = referrer;
  return isOfRecipients(reference.attribute)
    ? { ...referrer, reference: { ...reference, clearing: 'may be cleared' } }
    : referrer;
}

/** Whether a plan clears leftovers, and deletes nothing. */
export function isOfLeftovers({ intent }: Pick<Plan, 'intent'>): boolean {
  return intent['leftovers'] === true;
}

/** Those that this run can clear: their attribute may be empty, and this user and this DC can write it. */
export function clearableIn({ leftovers, unwritable, elsewhere }: Leftovers): readonly Referrer[] {
  return leftovers.filter(
    ({ id, reference }) => reference.clearing === 'may be cleared' && !unwritable.has(id) && !elsewhere.has(id),
  );
}
