/** Findings on the forest's own settings: the Recycle Bin, strict replication, leftovers, and what an export lacks. */

import { type FindingDraft, note } from './finding-draft.ts';
import type { Situation } from './situation.ts';

/** What is to be known of the forest beside the lifetime. */
export function forestSettings({ facts, before, after }: Situation): readonly FindingDraft[] {
  const { forest, settings } = facts;
  return [
    ...(forest.recycleBin === 'on' && settings.deletedObjectLifetime === undefined && before !== after
      ? [
          note(
            'recycle-bin-follows',
            'The Recycle Bin follows this value',
            'msDS-DeletedObjectLifetime is not set, so deleted objects can be brought back for as long as this lifetime.',
          ),
        ]
      : []),
    ...(forest.recycleBin === 'unknown'
      ? [note('recycle-bin-not-known', 'Whether the Recycle Bin is on can not be seen', 'See CN=Partitions.')]
      : []),
    ...(facts.newDomainControllersAreStrict === 'not-told' && !facts.isExport
      ? [
          note(
            'new-dcs-may-be-loose',
            'Nothing says that new DCs refuse lingering objects',
            'The forest lacks the object that makes a DC strict when it is promoted. For those that are there: repadmin /regkey * +strict',
          ),
        ]
      : []),
    ...(forest.leftoverServers.length === 0
      ? []
      : [
          note(
            'leftover-servers',
            'Server objects without a domain controller',
            'What is left of DCs that are gone, or made by other software. They were not asked.',
            forest.leftoverServers.map(({ dn }) => dn),
          ),
        ]),
    ...(facts.isExport
      ? [
          note(
            'export-only',
            'Read from an export',
            `What it lacks is unknown, not healthy; ages are counted up to ${facts.now.toISOString().slice(0, 10)}. Applying writes the LDIF to import and changes no directory.`,
          ),
        ]
      : []),
  ];
}
