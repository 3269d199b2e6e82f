import { add, type Change } from '../lab/ldif.ts';
import type { Named } from './referrers.ts';

/** Children a container of a large subtree has at most. */
const fanOut = 20;

/** A subtree of `count` containers, its root included: for the time that deleting takes. */
export function subtree(root: string, count: number): Named {
  const dns: string[] = [root];
  for (let index = 1; index < count; index += 1) {
    dns.push(`CN=entry ${index},${dns[Math.floor((index - 1) / fanOut)]}`);
  }
  return { dn: root, changes: dns.map((dn): Change => add(dn, { objectClass: 'container' })) };
}
