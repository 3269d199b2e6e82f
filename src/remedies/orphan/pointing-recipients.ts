/** After the run: recipients that still name the server that was deleted. */

import { textsOf } from '../../ad/entry.ts';
import { type Filter, or, present } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { BoundedList } from './bounded-list.ts';
import { type DeletedServer, namesDeleted } from './deleted-server.ts';
import { type RecipientReference, recipientReferences } from './references.ts';
import { namesOneOf, recipientFilters } from './referrers.ts';

/** References as "homeMTA of CN=…". */
export interface PointingRecipients {
  readonly count: number;
  /** The first of them. */
  readonly first: readonly string[];
  /** How many more were left on purpose. */
  readonly leftOnPurpose: number;
}

/** Names that are kept, for people. */
const firstNames = 5;

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
        if (deleted.leftOnPurpose.has(id)) leftOnPurpose += 1;
        else pointing.add(id);
      }
    }
  }
  return { count: pointing.count, first: pointing.items, leftOnPurpose };
}

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
