/**
 * What names a server: which object a name means, which names several bear, and what a plan deletes, as values elsewhere
 * may still name it.
 *
 * Text that holds a shared name does not say which object it means. They come of naming conflicts between DCs, whose loser
 * (CNF) keeps the attributes of the winner, and of machines that were installed twice.
 */

import { deletedRdnOf, isConflictDn, joinDn, normalizedDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { textOf, textsOf as textsOfEntry } from '../../ad/entry.ts';
import { dnIn } from '../../ad/naming.ts';
import type { Change, DeletedEntry, DirectoryChange, Proposal } from '../../change/plan.ts';
import { deletedBy } from '../../change/undo-link.ts';
import { SubjectMissingError, UsageError } from '../../errors.ts';
import { and, type DirectorySession, equal, or } from '../../ldap/session.ts';
import { distinct, listed, nearestName } from '../../words.ts';
import { databaseClasses, type ExchangeServer, fqdnIn } from './organisation.ts';

/** The names of a server object by which only it can be meant; undefined where there is none. */
export interface OwnNames {
  readonly legacyExchangeDn: string | undefined;
  readonly fqdn: string | undefined;
  /** The short name. */
  readonly name: string | undefined;
}

/** A name of a server object that may mean another one. */
export interface SharedName {
  readonly kind: 'legacyExchangeDN' | 'FQDN' | 'name';
  readonly value: string;
  /** DNs of the others that bear it. */
  readonly bearers: readonly string[];
}

const kinds: Readonly<Record<SharedName['kind'], (server: ExchangeServer) => string | undefined>> = {
  legacyExchangeDN: ({ legacyExchangeDn }) => legacyExchangeDn,
  FQDN: ({ fqdn }) => fqdn,
  name: ({ name }) => name,
};

/**
 * The names that the server shares. One that lost a naming conflict is never meant where another bears the name: it
 * takes nothing from that one, and shares all with it.
 *
 * @param all every server object of the forest
 */
export function sharedNames(server: ExchangeServer, all: readonly ExchangeServer[]): readonly SharedName[] {
  const others = all.filter(({ dn, isConflict }) => dn !== server.dn && (server.isConflict || !isConflict));
  return (['legacyExchangeDN', 'FQDN', 'name'] as const).flatMap((kind) => {
    const value = kinds[kind](server);
    if (value === undefined) return [];
    const bearers = others.filter((other) => kinds[kind](other)?.toLowerCase() === value.toLowerCase());
    return bearers.length === 0 ? [] : [{ kind, value, bearers: bearers.map(({ dn }) => dn) }];
  });
}

/** What is left of its names when the shared ones are taken away. */
export function ownNames(server: ExchangeServer, shared: readonly SharedName[]): OwnNames {
  const own = (kind: SharedName['kind']): string | undefined =>
    shared.some((name) => name.kind === kind) ? undefined : kinds[kind](server);
  return { legacyExchangeDn: own('legacyExchangeDN'), fqdn: own('FQDN'), name: own('name') };
}

/** The DNs of all server objects that bear one of these names. */
export function bearersOf(shared: readonly SharedName[]): readonly string[] {
  return distinct(shared.flatMap(({ bearers }) => bearers));
}

/** Which server object is meant. */
export type Wanted = { readonly kind: 'name'; readonly name: string } | { readonly kind: 'dn'; readonly dn: string };

/**
 * The server of a name (short name or FQDN) or a DN.
 *
 * @param container where they were looked for, for the error
 * @throws SubjectMissingError if there is none; UsageError if there is more than one
 */
export function findServer(servers: readonly ExchangeServer[], wanted: Wanted, container: string): ExchangeServer {
  const found = servers.filter((server) =>
    wanted.kind === 'dn'
      ? sameDn(server.dn, wanted.dn)
      : [server.name.toLowerCase(), server.fqdn].includes(wanted.name.toLowerCase()),
  );
  const [only] = found;
  const on = wanted.kind === 'dn' ? wanted.dn : wanted.name;
  if (only === undefined) {
    const near = wanted.kind === 'dn' ? namesakes(servers, wanted.dn) : nearestNames(shortName(on), servers);
    const names = servers.map(({ name }) => name);
    throw new SubjectMissingError({
      attempted: 'find the Exchange server object',
      on,
      cameBack: `there is none of that name below ${container}`,
      next: `${near.length === 0 ? `There are: ${listed(names, 12)}.` : `Did you mean ${near.join(' or ')}?`} If it was deleted, --leftovers clears what points at it.`,
    });
  }
  if (found.length === 1) return only;
  throw new UsageError({
    attempted: 'choose the Exchange server object',
    on,
    cameBack: `${found.length} objects have that name`,
    next: `Name one by its DN with --dn: ${found.map(({ dn }) => `"${dn}"`).join(' or ')}.`,
  });
}

/** The DNs of servers whose own name the DN has. */
function namesakes(servers: readonly ExchangeServer[], dn: string): readonly string[] {
  const { value } = rdnOf(dn);
  return servers.filter(({ name }) => name.toLowerCase() === value.toLowerCase()).map((server) => `"${server.dn}"`);
}

/** The short name in what may be an FQDN, \\SERVER, DOMAIN\SERVER or the account's SERVER$. */
function shortName(given: string): string {
  const [name = ''] = given.replace(/^.*\\/, '').split('.');
  return name.replace(/\$$/, '');
}

/** Up to three names that a typing error may have meant, as they are written. */
function nearestNames(given: string, servers: readonly ExchangeServer[]): readonly string[] {
  const left = new Map(servers.map(({ name }) => [name.toLowerCase(), name]));
  const near: string[] = [];
  while (near.length < 3) {
    const key = nearestName(given, [...left.keys()]);
    const name = key === undefined ? undefined : left.get(key);
    if (key === undefined || name === undefined) break;
    near.push(name);
    left.delete(key);
  }
  return near;
}

/** The reason in leftOut of references that another DC holds. */
export const inOtherDomains = 'recipients-in-other-domains';
/** The reason in leftOut of recipients beyond the number that one plan clears. */
export const tooMany = 'too-many-references';
/** The reason in leftOut of mailboxes that only name the server, while their database is of another. */
export const namedOnly = 'mailboxes-named-only';
/** The reasons in leftOut of mailboxes that go on naming the server: also users', which lose their database with the last one. */
export const mailboxReasons: readonly string[] = ['mailboxes', 'archives', namedOnly];

export interface DeletedServer {
  /** Every entry that goes. */
  readonly entries: readonly DeletedEntry[];
  /** Their DNs, normalised. */
  readonly dns: ReadonlySet<string>;
  /** Their objectGUIDs. */
  readonly guids: ReadonlySet<string>;
  /** Of the server itself, where the whole of it goes and no other server bears it. */
  readonly legacyExchangeDn: string | undefined;
  /** Of the server itself, lower case. */
  readonly fqdn: string | undefined;
  readonly hasDatabases: boolean;
  readonly hasMailTransferAgents: boolean;
  /** Ids of references ("homeMTA of CN=…") that the plan leaves as they are: it was accepted that they dangle. */
  readonly leftOnPurpose: ReadonlySet<string>;
  /** Whether that was accepted of all recipients of other domains. */
  readonly leavesOtherDomains: boolean;
  /**
   * Attributes, lower case, by which recipients go on naming what was deleted: users' mailboxes, and more recipients than
   * the plan clears. That was accepted of all of them.
   */
  readonly leavesSomeOf: ReadonlySet<string>;
}

/** At least two labels, of which the last is no number: no other kind of value is taken for one. */
function isHostName(text: string): boolean {
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/i.test(text);
}

/** What the plan deletes; its entries are [] for a plan that deletes nothing. */
export function deletedServer({
  changes,
  leftOut,
}: Pick<Proposal<DirectoryChange>, 'changes' | 'leftOut'>): DeletedServer {
  const entries = changes.flatMap(deletedBy);
  const server = serverDeletedIn(changes);
  const isAny = (names: readonly string[]): boolean =>
    entries.some((entry) => names.some((name) => classesOf(entry).has(name.toLowerCase())));
  const ofServer = (name: string): readonly string[] => (server === undefined ? [] : textsOf(server, name));
  return {
    entries,
    dns: new Set(entries.map(({ dn }) => normalizedDn(dn))),
    guids: new Set(entries.map(({ guid }) => guid)),
    // The plan itself says what the names are: a value of another kind is never one.
    legacyExchangeDn: ofServer('legacyExchangeDN').find((value) => /^\/o=.*\/cn=/is.test(value)),
    fqdn: [fqdnIn(ofServer('networkAddress'))].find((host) => host !== undefined && isHostName(host)),
    hasDatabases: isAny(databaseClasses),
    hasMailTransferAgents: isAny(['mTA']),
    leftOnPurpose: new Set(leftOut.map(({ what }) => what)),
    leavesOtherDomains: leftOut.some(({ reason }) => reason === inOtherDomains),
    leavesSomeOf: new Set(
      leftOut.flatMap(({ what, reason }) =>
        reason === tooMany || mailboxReasons.includes(reason) ? what.toLowerCase().split(' ', 1) : [],
      ),
    ),
  };
}

/**
 * The same without the names that a server object which is still there bears: text that holds one of them names that
 * server. The loser of a naming conflict is never what such text means. Throws DirectoryError.
 */
export async function withoutNamesOfOthers(
  session: DirectorySession,
  deleted: DeletedServer,
  configuration: string,
): Promise<DeletedServer> {
  const { legacyExchangeDn, fqdn } = deleted;
  const named = [
    ...(legacyExchangeDn === undefined ? [] : [equal('legacyExchangeDN', legacyExchangeDn)]),
    ...(fqdn === undefined ? [] : [equal('networkAddress', `ncacn_ip_tcp:${fqdn}`)]),
  ];
  if (named.length === 0) return deleted;
  const bearers = session.search({
    base: joinDn('CN=Services', configuration),
    scope: 'subtree',
    filter: and(equal('objectClass', 'msExchExchangeServer'), or(...named)),
    attributes: ['legacyExchangeDN', 'networkAddress'],
  });
  let own = deleted;
  for await (const entry of bearers) {
    if (isConflictDn(entry.dn) || deleted.dns.has(normalizedDn(entry.dn))) continue;
    if (textOf(entry, 'legacyExchangeDN')?.toLowerCase() === legacyExchangeDn?.toLowerCase()) {
      own = { ...own, legacyExchangeDn: undefined };
    }
    if (fqdnIn(textsOfEntry(entry, 'networkAddress')) === fqdn) own = { ...own, fqdn: undefined };
  }
  return own;
}

/** The server object that these changes delete; undefined if they delete none. */
export function serverDeletedIn(changes: readonly Change[]): DeletedEntry | undefined {
  const deleted = changes.flatMap((change) => (change.kind === 'file' ? [] : deletedBy(change)));
  return deleted.find((entry) => classesOf(entry).has('msexchexchangeserver'));
}

function classesOf(entry: DeletedEntry): ReadonlySet<string> {
  return new Set(textsOf(entry, 'objectClass').map((name) => name.toLowerCase()));
}

/** The text values of an attribute, as the plan has them. */
export function textsOf({ attributes }: DeletedEntry, wanted: string): readonly string[] {
  const found = attributes.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  return (found?.values ?? []).filter((value) => typeof value === 'string');
}

/** Whether a value, a DN with binary or string part included, has the name that one of these got by its deletion. */
export function namesDeleted(value: string, { guids }: DeletedServer): boolean {
  if (!value.includes('DEL:')) return false;
  return guids.has(deletedRdnOf(dnIn(value))?.guid ?? '');
}
