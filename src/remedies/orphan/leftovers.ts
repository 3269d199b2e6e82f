/**
 * References that earlier manual deletions left behind: values that point at deleted entries, or name a deleted server; and
 * the tree of them, by server.
 */

import { deletedRdnOf, dnIn, isSameOrBelow, joinDn, leafNameOf, normalizedDn, rdnOf } from '../../ad/dn.ts';
import { everyEntry, type NamingTest } from '../../ad/references.ts';
import type { TreeExhibit } from '../../change/exhibits.ts';
import type { Change, Plan, PlanValue } from '../../change/plan.ts';
import { and, type DirectorySession, equal, not, or, present } from '../../ldap/session.ts';
import { counted, distinct, firstLines, groupBy } from '../../words.ts';
import type { DirectoryWorld } from '../remedy.ts';
import { readEmptyContainers } from './deleted-server.ts';
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
  namesOf,
  readServerPlaces,
  readTombstones,
  type ServerNames,
  type ServerPlaces,
  serverDnIn,
  serverLists,
  serverNamed,
  type Tombstones,
} from './gone-servers.ts';
import { domainsOf, liesIn, otherRecipientAttributes } from './recipients.ts';
import { type Referrer, referrersIn, unwritableOf } from './referrers.ts';
import { type Survey, serversOf } from './survey.ts';

/** The references that earlier deletions left behind, and those among them that the user may not write. */
export interface LeftoverFacts {
  readonly kind: 'leftovers';
  readonly survey: Survey;
  readonly leftovers: readonly Referrer[];
  /**
   * Names of deleted servers, keyed by the name in lower case; a name that an existing server has again is not among
   * them.
   */
  readonly gone: ReadonlyMap<string, string>;
  /** They lead from a deleted entry to the server that it was of. */
  readonly tombstones: Tombstones;
  /** How many more there are than one plan holds. */
  readonly notListed: number;
  /** Ids of those whose attribute the user may not write. */
  readonly unwritable: ReadonlySet<string>;
  /** Ids of those of recipients of other domains, which this DC cannot write. */
  readonly elsewhere: ReadonlySet<string>;
  /** References to servers of administrative groups whose servers the user cannot see. */
  readonly unseen: readonly UnseenServer[];
  /** DNs that values have, of servers and of what was below them, where no entry is visible, deleted or not. */
  readonly missing: readonly string[];
  /** Whether the recipients of every domain could be asked for. */
  readonly isForestWide: boolean;
  /** DNs of the empty CN=Servers of legacy administrative groups. */
  readonly emptyContainers: readonly string[];
  /** Changes of a saved plan that are done. */
  readonly done: ReadonlySet<Change>;
}

/** Which reference it is, and the administrative group that it names: `/o=…/ou=…`, or its DN. */
interface UnseenServer {
  readonly id: string;
  readonly group: string;
}

/** Recipients' attributes that may be cleared if they name a deleted server or entry. */
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
 * @param global with a global catalog, which is asked for the recipients of the other domains; the DC that is written to
 * holds all attributes of its own domain's
 */
export async function readLeftovers(
  { session, isExport }: DirectoryWorld,
  global: DirectorySession | undefined,
  survey: Survey,
): Promise<Omit<LeftoverFacts, 'done'>> {
  const { forest } = survey;
  const servers = serversOf(survey);
  const { configurationNamingContext: configuration } = forest;
  const emptyContainers = await readEmptyContainers(session, configuration, servers, undefined, isExport);
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
    kind: 'leftovers',
    survey,
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
    emptyContainers: emptyContainers.map(({ dn }) => dn),
  };
}

/**
 * Searches again for the entries that were missing: they may have been created meanwhile, and the directory knows more
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

/** What to search for among recipients. */
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

/**
 * Whether a value names an entry of the Configuration naming context, deleted or not: one of a domain was no server
 * object.
 */
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
export function clearableIn({ leftovers, unwritable, elsewhere }: LeftoverFacts): readonly Referrer[] {
  return leftovers.filter(
    ({ id, reference }) => reference.clearing === 'may be cleared' && !unwritable.has(id) && !elsewhere.has(id),
  );
}

/** The limits for a long list on the screen: references to each entry, and lines in all. */
const fewReferences = 3;

const fewLines = 40;

/**
 * Deleted entries by server, with the references to them; [] if there are none. @param inFull all of them, else only
 * the first
 */
export function leftoverTree(facts: LeftoverFacts, inFull: boolean): readonly TreeExhibit[] {
  const groups = groupsOf(facts);
  if (groups.length === 0) return [];
  const nodes = groups.flatMap((group) => [
    { depth: 0, text: headingOf(group), notes: [] },
    ...group.targets.toSorted(objectsFirst(group)).map((target) => ({
      depth: 1,
      text: targetInWords(target, group),
      notes: firstLines(
        target.referrers.map((referrer) => referenceInWords(facts, referrer)),
        inFull ? target.referrers.length : fewReferences,
      ),
    })),
  ]);
  return [
    {
      kind: 'tree',
      id: 'leftovers',
      title: 'Deleted servers and entries, with the references to them',
      nodes: inFull ? nodes : few(nodes),
    },
  ];
}

/** The servers that are gone, with the number of references to each. */
export function leftoverHeadings(facts: LeftoverFacts): readonly string[] {
  return groupsOf(facts).map(headingOf);
}

type Node = TreeExhibit['nodes'][number];

/** As many nodes as the screen has room for. */
function few(nodes: readonly Node[]): readonly Node[] {
  let room = fewLines;
  const shown = nodes.filter(({ notes }) => {
    room -= 1 + notes.length;
    return room >= 0;
  });
  const hidden = nodes.length - shown.length;
  return hidden === 0
    ? nodes
    : [...shown, { depth: 0, text: `… ${hidden.toLocaleString('en')} more lines: --verbose`, notes: [] }];
}

/** The references to one server and to entries that were below it. */
interface LeftoverGroup {
  /** As it is written; undefined for entries that were of no server, or whose server nothing shows. */
  readonly server: string | undefined;
  /** Whether a server object of this name is there: only something of it was deleted, or it was made again. */
  readonly isThere: boolean;
  /** By what the values name: a deleted entry, or the server in text. */
  readonly targets: readonly LeftoverTarget[];
}

/** A deleted entry or a name, and what refers to it. */
interface LeftoverTarget {
  readonly named: string;
  readonly referrers: readonly Referrer[];
}

/** By server, those of which the server is not known last; within a server by what is named. */
function groupsOf({ leftovers, tombstones, gone, survey }: LeftoverFacts): readonly LeftoverGroup[] {
  const there = namesOf(serversOf(survey));
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

/** The name of a deleted entry whose tombstone is not visible, if a deleted server had that name. */
function deletedName(value: string, gone: ReadonlyMap<string, string>): string | undefined {
  const dn = dnIn(value);
  return dn.includes('\\0ADEL:') ? gone.get(lower(deletedRdnOf(dn)?.value ?? '')) : undefined;
}

function headingOf({ server, isThere, targets }: LeftoverGroup): string {
  const references = targets.reduce((sum, { referrers }) => sum + referrers.length, 0);
  const count = counted(references, 'reference');
  if (server === undefined) return `No server, or an unknown one: ${count}`;
  return `${server}${isThere ? ' (a server object of this name exists)' : ''}: ${count}`;
}

/** The server object, then what was below it, then names in text. */
function objectsFirst({ server }: LeftoverGroup): (one: LeftoverTarget, other: LeftoverTarget) => number {
  const rank = ({ named }: LeftoverTarget): number => {
    const entry = nameOfEntry(named)?.toLowerCase();
    return entry === undefined ? 2 : entry === server?.toLowerCase() ? 0 : 1;
  };
  return (one, other) => rank(one) - rank(other);
}

/** "EX09 (its object, or a database copy on it)", "Microsoft MTA", "by name: ex09.corp.example.com" */
function targetInWords({ named }: LeftoverTarget, { server }: LeftoverGroup): string {
  const entry = nameOfEntry(named);
  if (entry === undefined) return `by name: ${named}`;
  const isServer = entry.toLowerCase() === server?.toLowerCase();
  if (serverDnIn(named) !== undefined) return `${entry} (${isServer ? 'its object: ' : ''}missing, no tombstone)`;
  return isServer ? `${entry} (its object, or a database copy on it)` : entry;
}

/** The name of an entry that a value has by its DN; undefined for text. */
function nameOfEntry(named: string): string | undefined {
  if (named.includes('\\0ADEL:')) return deletedRdnOf(named)?.value;
  return serverDnIn(named) === undefined ? undefined : rdnOf(named).value;
}

function referenceInWords(facts: LeftoverFacts, referrer: Referrer): string {
  const { dn, reference } = referrer;
  const why = whyOf(facts, referrer);
  const stays = why === 'may be cleared' ? '' : `: stays, ${why === 'mandatory' ? 'mandatory attribute' : why}`;
  return `${reference.attribute} of ${leafNameOf(dn)}${stays}`;
}

/** Why a reference is not cleared by this run: its place, a right that is missing, or its attribute. */
export function whyOf({ elsewhere, unwritable }: LeftoverFacts, { id, reference }: Referrer): string {
  if (elsewhere.has(id)) return 'in another domain';
  return unwritable.has(id) ? 'no right to write it' : reference.clearing;
}
