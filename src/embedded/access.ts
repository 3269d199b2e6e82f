/** Who may do what: a far simpler thing than AD's access control, but enough for remedies to be told "no". */

import type { Store, StoredEntry } from './store.ts';

export interface Access {
  readonly mayWrite: boolean;
  /** Else a search for deleted entries finds only the container CN=Deleted Objects, without an error, as on AD. */
  readonly mayReadDeleted: boolean;
  readonly mayReadConfiguration: boolean;
  /** DNs of entries that may be read and written but not deleted. */
  readonly mayNotDelete: readonly string[];
}

/** May do everything. */
export const administrator: Access = {
  mayWrite: true,
  mayReadDeleted: true,
  mayReadConfiguration: true,
  mayNotDelete: [],
};

/** What AD gives to every user. */
export const reader: Access = { ...administrator, mayWrite: false, mayReadDeleted: false };

const administrativeGroups = ['enterprise admins', 'domain admins', 'administrators'];

/** By the groups that a user is in, directly or through others. */
export function accessOf(user: StoredEntry, store: Store): Access {
  const known = new Set<StoredEntry>();
  const open = [user];
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    if (known.has(entry)) continue;
    known.add(entry);
    if (administrativeGroups.includes(entry.text('name')?.toLowerCase() ?? '')) return administrator;
    open.push(...store.holdersOfLink(entry, 'member'));
  }
  return reader;
}

/** Whether the entry is the place of its naming context where deleted entries go. */
export function isDeletedObjectsContainer(entry: StoredEntry): boolean {
  return entry.parent?.isNamingContext === true && entry.rdn.toLowerCase() === 'cn=deleted objects';
}
