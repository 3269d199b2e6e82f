/** References to entries that a plan deletes, and that it leaves as they are: where they lead. */

import { DnSyntaxError, deletedRdnOf, normalizedDn } from '../ad/dn.ts';
import { dnIn } from '../ad/naming.ts';
import type { DeletedEntry, LeftOut, PlanValue, WhyLeft } from './plan.ts';

/** Finds the DN of the entry that a value names, by its DN or by the name that it got when it was deleted. */
export function entryFinder(
  entries: readonly Pick<DeletedEntry, 'dn' | 'guid'>[],
): (value: PlanValue) => string | undefined {
  const byDn = new Map(entries.map(({ dn }) => [normalizedDn(dn), dn]));
  const byGuid = new Map(entries.map(({ dn, guid }) => [guid, dn]));
  return (value) => {
    if (typeof value !== 'string') return undefined;
    try {
      const dn = dnIn(value);
      return byDn.get(normalizedDn(dn)) ?? byGuid.get(deletedRdnOf(dn)?.guid ?? '');
    } catch (error) {
      // A value that is not a DN names no entry.
      if (error instanceof DnSyntaxError) return undefined;
      throw error;
    }
  };
}

/** What a row of leftOut says of it; nothing where it leads to none of the entries. */
export function leadingTo(to: readonly string[], because: WhyLeft): Pick<LeftOut, 'reference'> {
  return to.length === 0 ? {} : { reference: { to: [...new Set(to)], because } };
}
