/** What the user may delete and write, as far as AD tells. */

import { normalizedDn, parentDn, sameDn } from '../../ad/dn.ts';
import { allBytesOf, bytesOf, type Entry } from '../../ad/entry.ts';
import { effectiveRights } from '../../ad/forest.ts';
import { bytesOfWrittenValue, formatSid } from '../../ad/values.ts';
import { wholeEntry, withoutSacl } from '../../change/entry-content.ts';
import { groupBy } from '../../group-by.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { type DeleteRight, deleteRight } from './delete-rights.ts';
import type { OrphanFacts } from './gather.ts';
import type { Referrer } from './referrers.ts';
import type { SubtreeEntry } from './subtree.ts';

/** Which entries of the subtree the user may not delete. Throws DirectoryError. */
export async function rightsTo(
  session: DirectorySession,
  subtree: readonly SubtreeEntry[],
): Promise<Pick<OrphanFacts, 'undeletable' | 'rightsKnown'>> {
  const rootDse = await session.readEntry('', ['tokenGroups']);
  const token = new Set((rootDse === undefined ? [] : allBytesOf(rootDse, 'tokenGroups')).map(formatSid));
  const [root] = subtree;
  const above = root === undefined ? undefined : parentDn(root.entry.dn);
  const container = above === undefined ? undefined : await session.readEntry(above, wholeEntry, [withoutSacl]);
  const descriptors = new Map(subtree.map(({ entry }) => [normalizedDn(entry.dn), descriptorOf(entry)]));
  const rights = subtree.map(({ entry }): readonly [dn: string, right: DeleteRight] => {
    const parent = parentDn(entry.dn) ?? '';
    const ofParent = descriptors.get(normalizedDn(parent)) ?? containerDescriptor(container, parent);
    return [entry.dn, deleteRight(descriptorOf(entry), ofParent, token)];
  });
  return {
    undeletable: rights.filter(([, right]) => right === 'denied').map(([dn]) => dn),
    rightsKnown: rights.every(([, right]) => right !== 'unknown'),
  };
}

function descriptorOf({ attributes }: SubtreeEntry['entry']): Buffer | undefined {
  const value = attributes.find(({ name }) => name.toLowerCase() === 'ntsecuritydescriptor')?.values[0];
  return value === undefined ? undefined : bytesOfWrittenValue(value);
}

function containerDescriptor(container: Entry | undefined, dn: string): Buffer | undefined {
  return container !== undefined && sameDn(container.dn, dn) ? bytesOf(container, 'nTSecurityDescriptor') : undefined;
}

/** Entries whose rights are asked for; the rest of a long list is found when it is written. */
const mostAsked = 100;

/** The ids of the referrers whose attribute the user may not write. Throws DirectoryError. */
export async function unwritableOf(
  session: DirectorySession,
  referrers: readonly Referrer[],
): Promise<ReadonlySet<string>> {
  const unwritable = new Set<string>();
  for (const [dn, here] of [...groupBy(referrers, (referrer) => referrer.dn)].slice(0, mostAsked)) {
    const rights = await effectiveRights(session, dn);
    if (rights === undefined) continue;
    for (const { id, reference } of here) {
      if (!rights.attributes.has(reference.attribute.toLowerCase())) unwritable.add(id);
    }
  }
  return unwritable;
}
