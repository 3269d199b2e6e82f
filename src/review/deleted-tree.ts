/** Entries that go, as the tree that they are: parents first, whatever the order in which they are deleted. */

import { formatDn, isSameOrBelow, normalizedDn, parentDn, parseDn } from '../ad/dn.ts';

export interface TreeLine {
  /** 0 for an entry whose parent stays. */
  readonly depth: number;
  /** The whole DN at depth 0, below it the entry's own name. */
  readonly name: string;
  readonly dn: string;
}

/** The lines of the tree: each entry behind its parent, siblings by name. Throws DnSyntaxError. */
export function deletedTree(dns: readonly string[]): readonly TreeLine[] {
  const known = new Set(dns.map(normalizedDn));
  const roots = dns.filter((dn) => !known.has(normalizedDn(parentDn(dn) ?? '')));
  return roots.toSorted(byName).flatMap((root) => {
    const levels = parseDn(root).length;
    return dns
      .filter((dn) => isSameOrBelow(dn, root))
      .toSorted(byPath)
      .map((dn): TreeLine => {
        const rdns = parseDn(dn);
        const depth = rdns.length - levels;
        return { depth, name: depth === 0 ? dn : formatDn(rdns.slice(0, 1)), dn };
      });
  });
}

function byName(one: string, other: string): number {
  return one.localeCompare(other, 'en');
}

/** From the root of the DN down, so that an entry stands before all that is below it. */
function byPath(one: string, other: string): number {
  const path = parseDn(one).toReversed();
  const otherPath = parseDn(other).toReversed();
  for (const [level, rdn] of path.entries()) {
    const otherRdn = otherPath[level];
    if (otherRdn === undefined) return 1;
    const order = byName(formatDn([rdn]), formatDn([otherRdn]));
    if (order !== 0) return order;
  }
  return path.length - otherPath.length;
}
