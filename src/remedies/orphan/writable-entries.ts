/** Which entries a DC can write. */

import { isSameOrBelow, normalizedDn } from '../../ad/dn.ts';
import type { Forest } from '../../ad/forest.ts';
import type { DirectorySession } from '../../ldap/session.ts';

/** Whether the session's DC has a writable copy of the naming context that a DN belongs to. */
export function writableIn(
  { namingContexts }: Pick<Forest, 'namingContexts'>,
  session: DirectorySession,
): (dn: string) => boolean {
  const held = new Set(session.rootDse.namingContexts.map(normalizedDn));
  const longestFirst = namingContexts.map(({ dn }) => dn).sort((one, other) => other.length - one.length);
  return (dn) => {
    const context = longestFirst.find((candidate) => isSameOrBelow(dn, candidate));
    return context !== undefined && held.has(normalizedDn(context));
  };
}
