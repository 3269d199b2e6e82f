/** What earlier deletions by hand have left behind: values that point at deleted entries, or name a server that is gone. */

import { deletedRdnOf, dnsNameOfDn, isSameOrBelow, joinDn, parentDn, rdnOf } from '../../ad/dn.ts';
import { textOf } from '../../ad/entry.ts';
import { type Forest, isHostOfForest } from '../../ad/forest.ts';
import { bytesWith, dnIn, everyEntry, type Naming, type NamingTest } from '../../ad/naming.ts';
import { editsOf, valueKey } from '../../change/clear-values.ts';
import type { Change, DirectoryChange, ForestTarget, Plan, PlanValue, Proposal } from '../../change/plan.ts';
import { groupBy } from '../../group-by.ts';
import { and, equal, not, or, present } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { distinct } from '../../words.ts';
import { deletedServers, hostsIn, readTombstones, serverInText, serverNamed, type Tombstones } from './gone-servers.ts';
import type { ExchangeServer } from './organisation.ts';
import { otherRecipientAttributes } from './other-recipients.ts';
import { liesIn } from './recipients.ts';
import { keyOf, keysOf, type Referrer, referrersIn, unwritableOf } from './referrers.ts';

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
  /** Administrative groups that text names and whose servers the user may not see: `/o=…/ou=…`. */
  readonly unseen: readonly string[];
  /** Whether the recipients of every domain could be asked for. */
  readonly isForestWide: boolean;
  /** Changes of a saved plan that are done. */
  readonly done: ReadonlySet<Change>;
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
export const ofMailboxes = 'msExchHomeServerName';
/** Text attributes of DAGs whose values are FQDNs of servers, in lower case. */
const serverLists = new Set(['msexchstartedmailboxservers', 'msexchstoppedmailboxservers']);
/** References that one plan holds; the next run finds the rest. */
const most = 1000;

/** The names of every server that is there. */
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
  const isLeft = leftoverTest([...servers, ...(await clientAccessArrays(session, configuration))]);
  const tombstones = await readTombstones(session, configuration);
  const isHere = liesIn(session.rootDse.namingContexts, forest);
  const own = session.rootDse.defaultNamingContext ?? '';
  const others = forest.namingContexts.filter(({ dn, kind }) => kind === 'domain' && !isHere(dn)).map(({ dn }) => dn);
  const attributes = [...ofRecipients, ...(await otherRecipientAttributes(session)).filter(isNamedByExchange)];
  const recipients = { attributes, servers, isLeft, configuration };
  const elsewhere: Referrer[] = [];
  if (global !== undefined) {
    for (const domain of others) elsewhere.push(...(await recipientsLeft(global, domain, recipients)));
  }
  const found = [
    ...(await referrersIn(session, everyEntry(session, configuration, isLeft), isLeft)).filter(
      ({ dn, reference }) => isOfExchange(dn, reference.attribute, configuration) && !isOwnName(reference),
    ),
    ...(await recipientsLeft(session, own, recipients)),
    ...elsewhere,
  ];
  const inText = found.flatMap(({ values }) => values.filter(isText));
  const named = inText.flatMap((value) => serverInText(value) ?? []);
  const gone = goneNames([...deletedServers(tombstones), ...named], servers);
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
    unseen: await unseenGroups(session, configuration, inText),
    isForestWide: others.length === 0 || global !== undefined,
  };
}

/** The administrative group of a server that text names by its legacyExchangeDN, `/o=…/ou=…`; undefined for other text. */
export function adminGroupIn(value: string): string | undefined {
  return /^(\/o=[^/]+\/ou=[^/]+)\/cn=Configuration\/cn=Servers\/cn=/i.exec(value)?.[1];
}

/** The administrative groups in text of which no CN=Servers is to be seen: whether its servers are gone is not known. */
async function unseenGroups(
  session: DirectorySession,
  configuration: string,
  texts: readonly string[],
): Promise<readonly string[]> {
  const named = distinct(
    texts.flatMap((value) => adminGroupIn(value) ?? []),
    lower,
  );
  if (named.length === 0) return [];
  const seen = new Set<string>();
  const containers = session.search({
    base: joinDn('CN=Services', configuration),
    scope: 'subtree',
    filter: equal('objectClass', 'msExchServersContainer'),
    attributes: ['1.1'],
  });
  for await (const { dn } of containers) {
    // CN=Servers,CN=<admin group>,CN=Administrative Groups,CN=<organisation>
    const group = parentDn(dn) ?? '';
    const organisation = parentDn(parentDn(group) ?? '') ?? '';
    if (group === '' || organisation === '') continue;
    seen.add(lower(`/o=${rdnOf(organisation).value}/ou=${rdnOf(group).value}`));
  }
  return named.filter((group) => !seen.has(lower(group)));
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
  const known = servers.flatMap(({ legacyExchangeDn: name }) => (name === undefined ? [] : [equal(ofMailboxes, name)]));
  const onUnknown = present(ofMailboxes);
  const recipients = session.search({
    base: domain,
    scope: 'subtree',
    filter: or(...attributes.map(present), known.length === 0 ? onUnknown : and(onUnknown, not(or(...known)))),
    attributes: ['objectClass', 'objectGUID', ofMailboxes, ...attributes],
  });
  return (await referrersIn(session, recipients, isLeft)).filter(
    ({ reference: { attribute }, values }) =>
      attribute === ofMailboxes || isOfRecipients(attribute) || values.every(isDeletedIn(configuration)),
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

/** Whether a value names a deleted entry of the Configuration naming context: one of a domain was no server object. */
function isDeletedIn(configuration: string): (value: PlanValue) => boolean {
  const place = `,CN=Deleted Objects,${configuration}`.toLowerCase();
  return (value) => typeof value === 'string' && value.toLowerCase().endsWith(place);
}

function isNamedByExchange(attribute: string): boolean {
  return /^msExch/i.test(attribute);
}

/** Whether an attribute is one of Exchange: on an entry of its organisation, or by its name. Others are not touched. */
function isOfExchange(dn: string, attribute: string, configuration: string): boolean {
  const exchange = joinDn('CN=Microsoft Exchange,CN=Services', configuration);
  return isNamedByExchange(attribute) || isSameOrBelow(dn, exchange);
}

/** Whether it is one of the recipients' attributes that may be cleared. */
function isOfRecipients(attribute: string): boolean {
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

/** The server of the same and what is below it. */
const belowServer = /^(\/o=[^/]+\/ou=[^/]+\/cn=Configuration\/cn=Servers\/cn=[^/]+)\/cn=/i;

/** A test for DNs of deleted entries, and for names of servers that no object has. */
export function leftoverTest(servers: readonly ServerNames[]): NamingTest {
  const lowered = (names: readonly (string | undefined)[]): ReadonlySet<string> =>
    new Set(names.flatMap((name) => (name === undefined ? [] : [lower(name)])));
  const legacyNames = lowered(servers.map(({ legacyExchangeDn }) => legacyExchangeDn));
  const hosts = lowered(servers.map(({ fqdn }) => fqdn));
  const test = (value: string, attribute: string): Naming | undefined => {
    if (value.includes('\\0ADEL:')) return 'deleted dn';
    if (serverLists.has(attribute)) return hosts.has(value.toLowerCase()) ? undefined : 'FQDN';
    if (attribute === 'legacyexchangedn') {
      const server = belowServer.exec(value)?.[1];
      return server === undefined || legacyNames.has(server.toLowerCase()) ? undefined : 'below legacyExchangeDN';
    }
    if (!serverName.test(value)) return undefined;
    return legacyNames.has(value.toLowerCase()) ? undefined : 'legacyExchangeDN';
  };
  return Object.assign(test, { mayName: bytesWith(['\\0adel:', '/cn=servers/cn=', ...serverLists]) });
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

export function clearableIn({ leftovers, unwritable, elsewhere }: Leftovers): readonly Referrer[] {
  return leftovers.filter(
    ({ id, reference }) => reference.clearing === 'may be cleared' && !unwritable.has(id) && !elsewhere.has(id),
  );
}

/** The changes that clear them. */
export function proposeLeftovers(
  facts: Leftovers,
  target: ForestTarget,
  keep: readonly string[],
): Proposal<DirectoryChange> {
  const kept = new Set(keep.map((id) => id.toLowerCase()));
  const clearable = clearableIn(facts);
  const clearing = clearable.filter(({ id }) => !kept.has(id.toLowerCase()));
  return {
    target,
    intent: { leftovers: true, keep },
    changes: editsOf(clearing),
    leftOut: facts.leftovers
      .filter((referrer) => !clearing.includes(referrer))
      .map((referrer) => ({
        what: referrer.id,
        reason: clearable.includes(referrer) ? 'keep' : 'leftovers-not-cleared',
      })),
  };
}

/** The values of a plan that fresh facts do not find, each in words. */
export function unjustifiedLeftovers(facts: Leftovers, { changes }: Proposal<DirectoryChange>): readonly string[] {
  const known = new Set(facts.leftovers.flatMap(keysOf));
  return changes.flatMap((change) => {
    if (facts.done.has(change)) return [];
    if (change.kind !== 'modify') return [`${change.kind} of ${change.dn}`];
    return change.edits.flatMap(({ attribute, remove }) =>
      remove
        .filter((value) => !known.has(keyOf(change.guid, attribute, value)))
        .map((value) => `${attribute} of ${change.dn}: ${valueKey(value)}`),
    );
  });
}

/** What such a plan never holds. */
export function permitsLeftovers({ changes, target }: Plan<DirectoryChange>): readonly string[] {
  const configuration = target.kind === 'forest' ? target.configurationNamingContext : '';
  const test = leftoverTest([]);
  return changes.flatMap((change) => {
    if (change.kind !== 'modify') return [`It makes or deletes the entry ${change.dn}.`];
    return change.edits.flatMap(({ attribute, add, remove }) => [
      ...(add.length === 0 ? [] : [`It adds values to ${attribute} of ${change.dn}.`]),
      ...(isOfRecipients(attribute) || isOfExchange(change.dn, attribute, configuration)
        ? []
        : [`It edits ${attribute} of ${change.dn}, which is not of Exchange.`]),
      ...remove
        .filter((value) => typeof value !== 'string' || test(value, attribute.toLowerCase()) === undefined)
        .map(
          (value) =>
            `It removes ${valueKey(value)} from ${attribute} of ${change.dn}, which names nothing that is gone.`,
        ),
    ]);
  });
}
