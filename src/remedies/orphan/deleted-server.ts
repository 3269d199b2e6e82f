/** What a plan deletes, as values elsewhere may still name it. */

import { deletedRdnOf, isConflictDn, joinDn, normalizedDn } from '../../ad/dn.ts';
import type { DeletedEntry, DirectoryChange, Proposal } from '../../change/plan.ts';
import { deletedBy } from '../../change/undo-link.ts';
import { and, equal } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { fqdnIn } from './organisation.ts';
import { databaseClasses } from './referrers.ts';

/** The id of what is left out where the entries are only counted: "homeMTA of recipients of other domains". */
export const inOtherDomains = 'recipients-in-other-domains';

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
}

/** What the plan deletes; its entries are [] for a plan that deletes nothing. */
export function deletedServer({
  changes,
  leftOut,
}: Pick<Proposal<DirectoryChange>, 'changes' | 'leftOut'>): DeletedServer {
  const entries = changes.flatMap(deletedBy);
  const [server] = entries.filter((entry) => classesOf(entry).has('msexchexchangeserver'));
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
  };
}

/**
 * The same without a legacyExchangeDN that a server object which is still there bears: text that holds it names that
 * one. The loser of a naming conflict is never what such text means. Throws DirectoryError.
 */
export async function withoutNamesOfOthers(
  session: DirectorySession,
  deleted: DeletedServer,
  configuration: string,
): Promise<DeletedServer> {
  const { legacyExchangeDn } = deleted;
  if (legacyExchangeDn === undefined) return deleted;
  const bearers = session.search({
    base: joinDn('CN=Services', configuration),
    scope: 'subtree',
    filter: and(equal('objectClass', 'msExchExchangeServer'), equal('legacyExchangeDN', legacyExchangeDn)),
    attributes: ['1.1'],
  });
  for await (const { dn } of bearers) {
    if (!isConflictDn(dn) && !deleted.dns.has(normalizedDn(dn))) return { ...deleted, legacyExchangeDn: undefined };
  }
  return deleted;
}

function classesOf(entry: DeletedEntry): ReadonlySet<string> {
  return new Set(textsOf(entry, 'objectClass').map((name) => name.toLowerCase()));
}

function textsOf({ attributes }: DeletedEntry, wanted: string): readonly string[] {
  const found = attributes.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  return (found?.values ?? []).filter((value) => typeof value === 'string');
}

/** Whether a value, a DN with binary or string part included, has the name that one of these got by its deletion. */
export function namesDeleted(value: string, { guids }: DeletedServer): boolean {
  if (!value.includes('DEL:')) return false;
  const dn = value.replace(/^[BS]:\d+:[^:]*:/, '');
  return guids.has(deletedRdnOf(dn)?.guid ?? '');
}
