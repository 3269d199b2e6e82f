/** Settings of the forest and of single entries that change what deletion does. */

import { forest } from '../lab/forest.ts';
import { type Change, replace } from '../lab/ldif.ts';

/** The object that holds tombstoneLifetime. */
export const directoryService = `CN=Directory Service,CN=Windows NT,CN=Services,${forest.configurationNamingContext}`;

/** No value, as in forests born on Windows 2000 or 2003. */
export const unsetTombstoneLifetime: Change = replace(directoryService, { tombstoneLifetime: [] });

/** Turns the Recycle Bin on, for good (MS-ADTS 3.1.1.3.3.19). Samba takes it offline only. */
export const enableRecycleBin: Change = {
  kind: 'modify',
  dn: '',
  edits: [
    {
      operation: 'add',
      attribute: 'enableOptionalFeature',
      values: [`CN=Partitions,${forest.configurationNamingContext}:766ddcd8-acd0-445e-f3b9-a7f9b6744f2a`],
    },
  ],
};

/** Makes the server refuse to delete an entry (FLAG_DISALLOW_DELETE, MS-ADTS 2.2.10). Load it offline. */
export function disallowDelete(dn: string): Change {
  return replace(dn, { systemFlags: String(0x80000000 | 0) });
}
