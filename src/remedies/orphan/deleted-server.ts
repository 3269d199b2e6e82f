/** What a plan deletes, as values elsewhere may still name it. */

import { deletedRdnOf, isConflictDn, joinDn, normalizedDn } from '../../ad/dn.ts';
import { textOf, textsOf as textsOfEntry } from '../../ad/entry.ts';
import { dnIn } from '../../ad/naming.ts';
import type { Change, DeletedEntry, DirectoryChange, Proposal } from '../../change/plan.ts';
import { deletedBy } from '../../change/undo-link.ts';
import { and, equal, or } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { fqdnIn } from './organisation.ts';
import { databaseClasses } from './referrers.ts';

/** The reason in leftOut of references that another DC holds. */
export const inOtherDomains = 'recipients-in-other-domains';
/** The reasons in leftOut of users' mailboxes that lose their database with the last server. */
export const mailboxReasons: readonly string[] = ['mailboxes', 'archives'];

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
  /** Whether users' mailboxes are left that name the server or its databases. */
  readonly leavesMailboxes: boolean;
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
    legacyExchangeDn: ofServer('legacyExchangeDN')[0],
    fqdn: fqdnIn(ofServer('networkAddress')),
    hasDatabases: isAny(databaseClasses),
    hasMailTransferAgents: isAny(['mTA']),
    leftOnPurpose: new Set(leftOut.map(({ what }) => what)),
    leavesOtherDomains: leftOut.some(({ reason }) => reason === inOtherDomains),
    leavesMailboxes: leftOut.some(({ reason }) => mailboxReasons.includes(reason)),
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
