/** Which objects two DCs have: the objectGUIDs of a naming context, deleted objects included, as one DC gives them. */

import { booleanOf, bytesOf, type Entry } from '../../ad/entry.ts';
import { DirectoryError } from '../../errors.ts';
import { deletedObjectsControl } from '../../ldap/controls.ts';
import { everything } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { GuidList } from './guid-list.ts';

/** How far a list is, and when to stop reading it. */
export interface Reading {
  readonly signal: AbortSignal;
  readonly onCount: (count: number) => void;
}

/** All objects of a naming context on the session's DC. Throws DirectoryError. */
export async function readList(session: DirectorySession, namingContext: string, reading: Reading): Promise<GuidList> {
  const list = new GuidList();
  await eachObject(session, namingContext, reading, (guid, isDeleted) => list.add(guid, isDeleted));
  return list;
}

/** objectGUIDs that are not alike on two DCs. */
export interface Differences {
  /** What the session's DC has alive and the list's has not, or only deleted; and tombstones that the list's lacks. */
  readonly here: readonly Buffer[];
  /** The other direction. */
  readonly there: readonly Buffer[];
}

/** Compares the objects of a naming context on the session's DC with a list, and keeps only what differs. Throws DirectoryError. */
export async function compareWithList(
  session: DirectorySession,
  namingContext: string,
  list: GuidList,
  reading: Reading,
): Promise<Differences> {
  const here: Buffer[] = [];
  const there: Buffer[] = [];
  const isSeen = new Uint8Array(list.size);
  await eachObject(session, namingContext, reading, (guid, isDeleted) => {
    const index = list.indexOf(guid);
    if (index !== undefined) isSeen[index] = 1;
    if (index === undefined) here.push(Buffer.from(guid));
    else if (isDeleted !== list.isDeletedAt(index)) (isDeleted ? there : here).push(Buffer.from(guid));
  });
  for (let index = 0; index < list.size; index += 1) if (isSeen[index] === 0) there.push(list.guidAt(index));
  return { here, there };
}

/** @param visit gets a view of a larger buffer, to be copied */
async function eachObject(
  session: DirectorySession,
  namingContext: string,
  { signal, onCount }: Reading,
  visit: (guid: Buffer, isDeleted: boolean) => void,
): Promise<void> {
  const found = session.search({
    base: namingContext,
    scope: 'subtree',
    filter: everything,
    attributes: ['objectGUID', 'isDeleted'],
    controls: [deletedObjectsControl(session.rootDse.supportedControls)],
  });
  let count = 0;
  for await (const entry of found) {
    if (count % 1000 === 0) requireTime(signal, namingContext, session);
    count += 1;
    if (count % 1000 === 0) onCount(count);
    visit(guidBytes(entry, session), booleanOf(entry, 'isDeleted') === true);
  }
  onCount(count);
}

/** An object without its GUID would look as if the DC did not have it. */
function guidBytes(entry: Entry, { identity }: DirectorySession): Buffer {
  const guid = bytesOf(entry, 'objectGUID');
  if (guid?.length === 16) return guid;
  throw new DirectoryError({
    attempted: 'list the objects',
    on: `${entry.dn} on ${identity.host}`,
    cameBack: 'the user may not read its objectGUID',
    next: 'Log on as an administrator of the domain.',
  });
}

function requireTime(signal: AbortSignal, namingContext: string, { identity }: DirectorySession): void {
  if (!signal.aborted) return;
  throw new DirectoryError({
    attempted: 'list the objects',
    on: `${namingContext} on ${identity.host}`,
    cameBack: 'there was no time left',
    next: 'Allow more time with --deadline SECONDS, or fewer partitions with --partition.',
  });
}
