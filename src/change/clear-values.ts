/** Clearing values that name what is deleted: from the values that were found to the edits of a plan. */

import { groupBy } from '../group-by.ts';
import { distinct } from '../words.ts';
import type { AttributeEdit, Change, ModifyChange, PlanValue } from './plan.ts';

/** Values of one attribute of one entry that are to go. */
export interface HeldValues {
  readonly dn: string;
  readonly guid: string;
  readonly reference: { readonly attribute: string };
  readonly values: readonly PlanValue[];
  /** What the attribute holds besides. */
  readonly otherValues: readonly PlanValue[];
}

/** One modify for each referring entry, whatever number of its attributes refer. */
export function editsOf(referrers: readonly HeldValues[]): readonly ModifyChange[] {
  return [...groupBy(referrers, ({ guid }) => guid).values()].flatMap((here) => {
    const [first] = here;
    return first === undefined ? [] : [{ kind: 'modify', dn: first.dn, guid: first.guid, edits: attributeEdits(here) }];
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
 * Edits that bring words of their own for "no value", each in a sentence. Where values are only cleared no value means
 * nothing in particular, and a plan's words for it would stand in the diff like a value that is written.
 */
export function wordsForNoValue(changes: readonly Change[]): readonly string[] {
  return changes.flatMap((change) => {
    if (change.kind !== 'modify') return [];
    const worded = change.edits.filter(({ whenUnset }) => whenUnset !== undefined);
    return worded.map(({ attribute }) => `It says what no value of ${attribute} of ${change.dn} means.`);
  });
}
