/** What one DC has of a deletion: each entry gone, with its tombstone, and nothing left that points at it. */

import { isDeletedDn, joinDn, normalizedDn, parentDn } from '../../ad/dn.ts';
import { booleanOf, type Entry, textsOf } from '../../ad/entry.ts';
import { guidBase, guidFromText } from '../../ad/values.ts';
import { DirectoryError } from '../../errors.ts';
import { inParallel } from '../../files/in-parallel.ts';
import { deletedObjectsControl } from '../../ldap/controls.ts';
import { equal, everything } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { type DeletedServer, namesDeleted } from './deleted-server.ts';
import { configurationReferences, wellKnownObjects } from './references.ts';
import { referringFilter } from './referrers.ts';

export interface DeletionOnDc {
  readonly state: 'has it' | 'not yet' | 'unknown';
  readonly detail: string;
  /** Whether a later look could show anything else: hardly where the user does not see deleted objects. */
  readonly mayChange: boolean;
}

/** Asks one DC. Throws DirectoryError. */
export async function deletionOnDc(
  session: DirectorySession,
  deleted: DeletedServer,
  configuration: string,
): Promise<DeletionOnDc> {
  const states = await statesOf(session, deleted, configuration);
  const { pointing, leftOnPurpose } = await pointingAt(session, deleted, configuration);
  const all = states.length;
  const live = states.filter((state) => state === 'live').length;
  const unseen = states.filter((state) => state === 'unseen').length;
  const seesDeleted = unseen === 0 || (await seesDeletedObjects(session, configuration));
  const gone = `${all - live} of ${all} entries gone`;
  const details = [
    unseen === 0 ? `${gone}${live === all ? '' : ', each with its tombstone'}` : `${gone} by name`,
    ...(unseen === 0 ? [] : [withoutProof(unseen, seesDeleted)]),
    ...(pointing.length === 0 ? [] : [`still pointing at a deleted entry: ${pointing.join('; ')}`]),
    ...(leftOnPurpose === 0 ? [] : [`${leftOnPurpose} still pointing at a deleted entry, as was accepted`]),
  ];
  const state = live > 0 || pointing.length > 0 ? 'not yet' : unseen > 0 ? 'unknown' : 'has it';
  return { state, detail: details.join('; '), mayChange: state !== 'unknown' || seesDeleted };
}

/** For whoever has to decide whether that is good enough. */
function withoutProof(unseen: number, seesDeleted: boolean): string {
  const which = `no tombstone of ${unseen} of them can be seen, so that their deletion is not proven here`;
  return seesDeleted
    ? `${which}: this domain controller never had them, or has removed their tombstones by age`
    : `${which}: as a rule because only members of Administrators may see deleted objects; look again as one of them (--user)`;
}

type State = 'deleted' | 'live' | 'unseen';

/** Looks that are on their way to one DC at the same time. */
const looksAtOnce = 16;

async function statesOf(
  session: DirectorySession,
  { entries, dns }: DeletedServer,
  configuration: string,
): Promise<readonly State[]> {
  return inParallel(entries, looksAtOnce, async ({ dn, guid }): Promise<State> => {
    // Below an entry that is gone nothing can bear the old name; at the top of what went another one may.
    const isTop = !dns.has(normalizedDn(parentDn(dn) ?? ''));
    if (isTop && (await session.readEntry(dn, ['1.1'])) !== undefined) return 'live';
    const found = await lookFor(guid, session, configuration);
    if (found === undefined) return 'unseen';
    // Of a tombstone whose attributes the user may not read, the name alone shows what it is.
    return isDeletedDn(found.dn) || booleanOf(found, 'isDeleted') === true ? 'deleted' : 'live';
  });
}

/**
 * An entry by its objectGUID, deleted or not: read, and else searched for. A search alone does not find an entry whose
 * objectGUID the user may not read, as of tombstones that Samba got by replication.
 */
async function lookFor(guid: string, session: DirectorySession, configuration: string): Promise<Entry | undefined> {
  const controls = [deletedObjectsControl(session.rootDse.supportedControls)];
  const attributes = ['isDeleted'];
  const entry = await session.readEntry(guidBase(guid), attributes, controls);
  if (entry !== undefined) return entry;
  const filter = equal('objectGUID', guidFromText(guid));
  const found = session.search({ base: configuration, scope: 'subtree', filter, attributes, controls });
  for await (const one of found) return one;
  return undefined;
}

/** Whether the user sees any deleted object there: by default only members of Administrators do (Microsoft KB 892806). */
async function seesDeletedObjects(session: DirectorySession, configuration: string): Promise<boolean> {
  const found = session.search({
    base: joinDn('CN=Deleted Objects', configuration),
    scope: 'one',
    filter: everything,
    attributes: ['1.1'],
    controls: [deletedObjectsControl(session.rootDse.supportedControls)],
  });
  try {
    for await (const _ of found) return true;
    return false;
  } catch (error) {
    // The container itself may be out of the user's sight.
    if (error instanceof DirectoryError && error.resultCode !== undefined) return false;
    throw error;
  }
}

/** Values in the organisation that name one of the deleted entries: AD takes no wildcard in a DN, so all are read. */
async function pointingAt(
  session: DirectorySession,
  deleted: DeletedServer,
  configuration: string,
): Promise<{ readonly pointing: readonly string[]; readonly leftOnPurpose: number }> {
  const attributes = [wellKnownObjects, ...configurationReferences.map(({ attribute }) => attribute)];
  const pointing: string[] = [];
  const entries = session.search({
    base: joinDn('CN=Services', configuration),
    scope: 'subtree',
    filter: referringFilter(),
    attributes,
  });
  for await (const entry of entries) {
    for (const attribute of attributes) {
      if (textsOf(entry, attribute).some((value) => namesDeleted(value, deleted)))
        pointing.push(`${attribute} of ${entry.dn}`);
    }
  }
  const surprising = pointing.filter((id) => !deleted.leftOnPurpose.has(id));
  return { pointing: surprising, leftOnPurpose: pointing.length - surprising.length };
}
