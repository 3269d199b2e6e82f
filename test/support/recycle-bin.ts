import type { DirectorySession } from '../../src/ldap/session.ts';

const configuration = 'CN=Configuration,DC=corp,DC=example,DC=com';
const feature = `CN=Recycle Bin Feature,CN=Optional Features,CN=Directory Service,CN=Windows NT,CN=Services,${configuration}`;

/** Switches the Recycle Bin of the practice forest on. */
export function enableRecycleBin(session: DirectorySession): Promise<void> {
  const enabled = { attribute: 'msDS-EnabledFeature', remove: [], add: [Buffer.from(feature)] };
  return session.modify(`CN=Partitions,${configuration}`, [enabled]);
}
