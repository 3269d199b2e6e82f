/**
 * Values that name what a plan deletes: from those that were found to the edits that clear them, and where those lead that
 * it leaves as they are.
 */

import { DnSyntaxError, deletedRdnOf, dnIn, normalizedDn } from '../ad/dn.ts';
import { DirectoryError } from '../errors.ts';
import { distinct, groupBy } from '../words.ts';
import type { AttributeEdit, Change, DeletedEntry, LeftOut, ModifyChange, PlanValue, WhyLeft } from './plan.ts';

/** Values of one attribute of one entry that are to be removed. */
export interface HeldValues {
  readonly dn: string;
  readonly guid: string;
  readonly reference: { readonly attribute: string };
  readonly values: readonly PlanValue[];
  /** The other values of the attribute. */
  readonly otherValues: readonly PlanValue[];
}

/**
 * One modify for each referring entry, whatever number of its attributes refer. Throws DirectoryError if an entry has no
 * objectGUID: the writer could not find it again.
 */
export function editsOf(referrers: readonly HeldValues[]): readonly ModifyChange[] {
  const unknown = referrers.find(({ guid }) => guid === '');
  if (unknown !== undefined) throw withoutGuid(unknown.dn);
  return [...groupBy(referrers, ({ guid }) => guid).values()].flatMap((here) => {
    const [first] = here;
    return first === undefined ? [] : [{ kind: 'modify', dn: first.dn, guid: first.guid, edits: attributeEdits(here) }];
  });
}

function withoutGuid(dn: string): DirectoryError {
  return new DirectoryError({
    attempted: 'plan to clear a reference',
    on: dn,
    cameBack: 'the entry shows no objectGUID, which a plan needs to find it',
    next: 'Export again with only ldifde -d and -f: -m and -o leave out objectGUID, and -l leaves out attributes that it does not list. On a domain controller, run this as a user who may read the entry.',
  });
}

/** Two references may be of the same attribute: values that would dangle, and values that dangle already. */
function attributeEdits(here: readonly HeldValues[]): readonly AttributeEdit[] {
  return [...groupBy(here, ({ reference }) => reference.attribute)].map(([attribute, referrers]) => {
    const remove = distinct(
      referrers.flatMap(({ values }) => values),
      valueKey,
    );
    const held = distinct(
      referrers.flatMap(({ values, otherValues }) => [...values, ...otherValues]),
      valueKey,
    );
    return { attribute, remove, add: [], ...(held.length === remove.length ? {} : { held }) };
  });
}

/** Two plan values are the same value if these are the same. */
export function valueKey(value: AttributeEdit['remove'][number]): string {
  return JSON.stringify(value);
}

/**
 * Edits with their own text for "no value", each in a sentence. If values are only cleared, "no value" means
 * nothing in particular, and a plan's text for it would appear in the diff like a value that is written.
 */
export function wordsForNoValue(changes: readonly Change[]): readonly string[] {
  return changes.flatMap((change) => {
    if (change.kind !== 'modify') return [];
    const worded = change.edits.filter(({ whenUnset }) => whenUnset !== undefined);
    return worded.map(({ attribute }) => `It has its own text for an empty ${attribute} of ${change.dn}.`);
  });
}

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
