/** What earlier deletions by hand have left behind: values that point at deleted entries, or name a server that is gone. */

import { deletedRdnOf, dnsNameOfDn, isSameOrBelow, joinDn, normalizedDn, rdnOf } from '../../ad/dn.ts';
import { textOf } from '../../ad/entry.ts';
import { type Forest, isHostOfForest } from '../../ad/forest.ts';
import { bytesWith, dnIn, everyEntry, type Naming, type NamingTest } from '../../ad/naming.ts';
import type { Change, Plan, PlanValue } from '../../change/plan.ts';
import { and, type DirectorySession, equal, not, or, present } from '../../ldap/session.ts';
import { distinct, groupBy } from '../../words.ts';
import {
  adminGroupAbove,
  adminGroupIn,
  deletedServers,
  isMissingFrom,
  readServerPlaces,
  readTombstones,
  type ServerPlaces,
  serverNamed,
  type Tombstones,
} from './gone-servers.ts';
import type { ExchangeServer } from './organisation.ts';
import { liesIn, otherRecipientAttributes } from './recipients.ts';
import { hostsIn, type Referrer, referrersIn, unwritableOf } from './referrers.ts';

/** What was found, and what of it the user may not write. */
export interface Leftovers {
  readonly leftovers: readonly Referrer[];
  /** Which of them are of a server, by its name, and which server is not known: at least one value each. */
  readonly groups: readonly LeftoverGroup[];
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
export interface UnseenServer {
  readonly id: string;
  readonly group: string;
}

/** What points at one server and at what was below it. */
export interface LeftoverGroup {
  /** As it is written; undefined for entries that were of no server, or whose server nothing shows. */
  readonly server: string | undefined;
  /** Whether a server object of this name is there: only something of it was deleted, or it was made again. */
  readonly isThere: boolean;
  /** By what the values name: a deleted entry, or the server in text. */
  readonly targets: readonly LeftoverTarget[];
}

export interface LeftoverTarget {
  readonly named: string;
  readonly referrers: readonly Referrer[];
}

/** Recipients' attributes that may be cleared where they name what is gone. */
const ofRecipients = ['homeMTA', 'msExchExpansionServerName'];

/** Which server a mailbox is on: Exchange writes it when it moves the mailbox, so it is listed and not cleared. */
export const homeServerName = 'msExchHomeServerName';

/** Text attributes of DAGs whose values are FQDNs of servers, in lower case. */
const serverLists = new Set(['msexchstartedmailboxservers', 'msexchstoppedmailboxservers']);

/** References that one plan holds; the next run finds the rest. */
const most = 1000;

/** The names of a server that is there. */
export type ServerNames = Pick<ExchangeServer, 'legacyExchangeDn' | 'fqdn' | 'name'>;

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
  const others = forest.namingContexts.filter(({ dn, kind }) => kind === 'domain' && !isHere(dn)).map(({ dn }) => dn);
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
    groups: groupsOf(leftovers, tombstones, gone, namesOf(servers)),
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

/** The names of servers that are gone, by themselves in lower case: a name that a server bears again is not among them. */
function goneNames(names: readonly string[], servers: readonly ServerNames[]): ReadonlyMap<string, string> {
  const there = namesOf(servers);
  const gone = new Map<string, string>();
  for (const name of names) {
    if (!there.has(lower(name)) && !gone.has(lower(name))) gone.set(lower(name), name);
  }
  return gone;
}

/** The short names of servers, in lower case. */
function namesOf(servers: readonly ServerNames[]): ReadonlySet<string> {
  return new Set(servers.flatMap(({ name, fqdn }) => [name, fqdn?.split('.', 1)[0] ?? name]).map(lower));
}

function lower(text: string): string {
  return text.toLowerCase();
}

function isText(value: PlanValue): value is string {
  return typeof value === 'string';
}

/** A test for UNC paths, URLs and lists of hosts with a server that is gone; the lists of a DAG have one of their own. */
function hostTest(gone: ReadonlyMap<string, string>, forest: Forest): NamingTest {
  const root = dnsNameOfDn(forest.configurationNamingContext) ?? '';
  const isGone = (host: string): boolean => {
    const isOwn = !host.includes('.') || host.endsWith(`.${root}`) || isHostOfForest(forest, host);
    return isOwn && gone.has(host.split('.', 1)[0] ?? '');
  };
  const test = (value: string, attribute: string): Naming | undefined => {
    if (serverLists.has(attribute) || !hostsIn(value).some(isGone)) return undefined;
    if (value.startsWith('\\\\')) return 'path on the server';
    return value.includes('://') ? 'URL on the server' : 'FQDN';
  };
  return Object.assign(test, { mayName: bytesWith([...gone.keys()]) });
}

/** By server, those of which the server is not known last; within a server by what is named. */
function groupsOf(
  leftovers: readonly Referrer[],
  tombstones: Tombstones,
  gone: ReadonlyMap<string, string>,
  there: ReadonlySet<string>,
): readonly LeftoverGroup[] {
  const pointing = leftovers.flatMap((referrer) =>
    referrer.values.filter(isText).map((value) => {
      const name = serverNamed(value, tombstones) ?? deletedName(value, gone);
      return { named: dnIn(value), referrer, server: name === undefined ? undefined : (gone.get(lower(name)) ?? name) };
    }),
  );
  return [...groupBy(pointing, ({ server }) => server?.toLowerCase() ?? '')]
    .toSorted(([one], [other]) => (one === '' ? 1 : other === '' ? -1 : one.localeCompare(other, 'en')))
    .map(([name, here]) => ({
      server: here[0]?.server,
      isThere: there.has(name),
      targets: [...groupBy(here, ({ named }) => named)].map(([named, values]) => ({
        named,
        referrers: distinct(
          values.map(({ referrer }) => referrer),
          ({ id }) => id,
        ),
      })),
    }));
}

/** The name of a deleted entry whose tombstone is not to be seen, if a server that is gone has it. */
function deletedName(value: string, gone: ReadonlyMap<string, string>): string | undefined {
  const dn = dnIn(value);
  return dn.includes('\\0ADEL:') ? gone.get(lower(deletedRdnOf(dn)?.value ?? '')) : undefined;
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

/** The names that a database may have in place of its RPC client access server's. Throws DirectoryError. */
async function clientAccessArrays(session: DirectorySession, configuration: string): Promise<readonly ServerNames[]> {
  const arrays: ServerNames[] = [];
  const found = session.search({
    base: configuration,
    scope: 'subtree',
    filter: equal('objectClass', 'msExchClientAccessArray'),
    attributes: ['legacyExchangeDN'],
  });
  for await (const entry of found)
    arrays.push({ legacyExchangeDn: textOf(entry, 'legacyExchangeDN'), fqdn: undefined, name: rdnOf(entry.dn).value });
  return arrays;
}

/** A server of a legacyExchangeDN: `/o=…/ou=…/cn=Configuration/cn=Servers/cn=NAME`, and nothing below it. */
const serverName = /^\/o=[^/]+\/ou=[^/]+\/cn=Configuration\/cn=Servers\/cn=[^/]+$/i;

/** In the DN of every server, as a directory writes it. */
const inServers = 'cn=servers,';

/** The server of the same and what is below it. */
const belowServer = /^(\/o=[^/]+\/ou=[^/]+\/cn=Configuration\/cn=Servers\/cn=[^/]+)\/cn=/i;

/**
 * A test for DNs of deleted entries, for DNs of servers where no entry is, and for names of servers that no object has. A
 * server whose names are not to be seen, as in an export without them, is meant by any that has its short name.
 */
export function leftoverTest(servers: readonly ServerNames[], places: Pick<ServerPlaces, 'entries'>): NamingTest {
  const legacyNames = new Set(
    servers.flatMap(({ legacyExchangeDn: name }) => (name === undefined ? [] : [lower(name)])),
  );
  const unnamed = namesOf(servers.filter(({ legacyExchangeDn }) => legacyExchangeDn === undefined));
  const hosts = namesOf(servers);
  const isGoneHost = (host: string): boolean => !hosts.has(lower(host.split('.', 1)[0] ?? ''));
  const isGone = (server: string | undefined): boolean =>
    server !== undefined &&
    !legacyNames.has(lower(server)) &&
    !unnamed.has(lower(server.slice(server.lastIndexOf('=') + 1)));
  const isMissing = remembering((value) => isMissingFrom(places, value));
  const namingOf = (value: string, attribute: string): Naming | undefined => {
    if (value.includes('\\0ADEL:')) return 'deleted dn';
    if (serverLists.has(attribute)) return isGoneHost(value) ? 'FQDN' : undefined;
    if (attribute === 'legacyexchangedn')
      return isGone(belowServer.exec(value)?.[1]) ? 'below legacyExchangeDN' : undefined;
    if (serverName.test(value)) return isGone(value) ? 'legacyExchangeDN' : undefined;
    return lower(value).includes(inServers) && isMissing(value) ? 'dn' : undefined;
  };
  return Object.assign(namingOf, { mayName: bytesWith(['\\0adel:', '/cn=servers/cn=', inServers, ...serverLists]) });
}

/** The answers for values, which very many entries share. */
function remembering(test: (value: string) => boolean): (value: string) => boolean {
  const answers = new Map<string, boolean>();
  return (value) => {
    const answer = answers.get(value) ?? test(value);
    answers.set(value, answer);
    return answer;
  };
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
