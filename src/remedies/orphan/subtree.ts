/** The server's whole subtree, each entry with everything that it holds. */

import { dnDepth, normalizedDn } from '../../ad/dn.ts';
import { guidOf, integerOf, textsOf } from '../../ad/entry.ts';
import { deletedEntry, wholeEntry, withoutSacl } from '../../change/entry-content.ts';
import type { DeletedEntry } from '../../change/plan.ts';
import { DirectoryError } from '../../errors.ts';
import { everything } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';

/** An entry of the subtree, with what the remedy itself asks of it. */
export interface SubtreeEntry {
  readonly entry: DeletedEntry;
  readonly depth: number;
  /** Lower case. */
  readonly objectClasses: ReadonlySet<string>;
  readonly systemFlags: number;
}

/** FLAG_DISALLOW_DELETE of systemFlags (MS-ADTS 2.2.10). */
const disallowDelete = 0x8000_0000;

/**
 * Every entry from this DN down, parents before children. Throws DirectoryError, also if an entry can be seen without
 * its objectGUID.
 */
export async function readSubtree(session: DirectorySession, dn: string): Promise<readonly SubtreeEntry[]> {
  const entries: SubtreeEntry[] = [];
  const found = session.search({
    base: dn,
    scope: 'subtree',
    filter: everything,
    attributes: wholeEntry,
    controls: [withoutSacl],
  });
  for await (const entry of found) {
    const guid = guidOf(entry, 'objectGUID');
    if (guid === undefined) throw notWhole(entry.dn, session);
    entries.push({
      entry: deletedEntry(entry, guid),
      depth: dnDepth(entry.dn),
      objectClasses: new Set(textsOf(entry, 'objectClass').map((name) => name.toLowerCase())),
      systemFlags: integerOf(entry, 'systemFlags') ?? 0,
    });
  }
  return entries.sort((one, other) => one.depth - other.depth);
}

function notWhole(dn: string, session: DirectorySession): DirectoryError {
  return new DirectoryError({
    attempted: 'read the server object',
    on: `${dn} on ${session.identity.host}`,
    cameBack: 'the user may not see its objectGUID',
    next: 'Run it as a member of Organization Management or Enterprise Admins.',
  });
}

/** Whether the directory refuses to delete the entry. */
export function isProtected({ systemFlags }: SubtreeEntry): boolean {
  return (systemFlags & disallowDelete) !== 0;
}

/** The DNs of the subtree's entries, normalised. */
export function dnsOf(entries: readonly SubtreeEntry[]): ReadonlySet<string> {
  return new Set(entries.map(({ entry }) => normalizedDn(entry.dn)));
}
