/** From the facts to the changes: first the references that would dangle, then the subtree, leaves first. */

import { normalizedDn, parentDn } from '../../ad/dn.ts';
import type {
  AttributeEdit,
  DeleteChange,
  DeletedEntry,
  DirectoryChange,
  ModifyChange,
  PlanValue,
} from '../../change/plan.ts';
import { groupBy } from '../../group-by.ts';
import type { OrphanFacts } from './gather.ts';
import type { OrphanOptions } from './options.ts';
import type { Referrer } from './referrers.ts';
import type { SubtreeEntry } from './subtree.ts';

/** The changes that let the server go and leave nothing that points at it. */
export function plan(facts: OrphanFacts, options: OrphanOptions): readonly DirectoryChange[] {
  const deletes = leavesFirst(facts.subtree);
  const [root] = facts.subtree;
  const isTree = options.treeDelete && root !== undefined;
  return [
    ...editsOf(cleanedReferrers(facts, options)),
    ...(isTree
      ? [{ kind: 'delete-tree' as const, ...identityOf(root), entries: facts.subtree.map(({ entry }) => entry) }]
      : deletes),
  ];
}

function identityOf({ entry }: SubtreeEntry): Pick<DeletedEntry, 'dn' | 'guid'> {
  return { dn: entry.dn, guid: entry.guid };
}

/** The references that can be cleared: all that there are, in one list, for the question and for the plan. */
export function cleanableReferrers(facts: OrphanFacts): readonly Referrer[] {
  return clearableReferrers(facts).filter(({ id }) => !facts.unwritable.has(id));
}

/** Those that could be cleared if the user had the right to write them. */
export function unwritableReferrers(facts: OrphanFacts): readonly Referrer[] {
  return clearableReferrers(facts).filter(({ id }) => facts.unwritable.has(id));
}

/** The references that may be cleared, whether the user has the right to or not. */
export function clearableReferrers({
  configuration,
  recipients,
}: Pick<OrphanFacts, 'configuration' | 'recipients'>): readonly Referrer[] {
  const all = [
    ...configuration.referrers,
    ...configuration.lostWellKnownObjects,
    ...recipients.flatMap(({ cleanable }) => cleanable),
  ];
  return all.filter(({ reference }) => reference.clearing === 'may be cleared');
}

/**
 * Those that the plan clears. A linked value goes with its target whether it is chosen or not: to have it in the plan is
 * to show it, and to bring it back by undo.
 */
export function cleanedReferrers(facts: OrphanFacts, { cleanUp }: OrphanOptions): readonly Referrer[] {
  return cleanableReferrers(facts).filter(
    ({ id, reference }) => reference.kind === 'linked' || cleanUp.kind === 'all' || cleanUp.ids.has(id),
  );
}

/** One modify for each referring entry, whatever number of its attributes refer. */
function editsOf(referrers: readonly Referrer[]): readonly ModifyChange[] {
  return [...groupBy(referrers, ({ guid }) => guid).values()].flatMap((here) => {
    const [first] = here;
    return first === undefined ? [] : [{ kind: 'modify', dn: first.dn, guid: first.guid, edits: attributeEdits(here) }];
  });
}

/** Two references may be of the same attribute: values that would dangle, and values that dangle already. */
function attributeEdits(here: readonly Referrer[]): readonly AttributeEdit[] {
  return [...groupBy(here, ({ reference }) => reference.attribute)].map(([attribute, referrers]) => {
    const remove = distinct(referrers.flatMap(({ values }) => values));
    const held = distinct(referrers.flatMap(({ values, otherValues }) => [...values, ...otherValues]));
    return { attribute, remove, add: [], ...(held.length === remove.length ? {} : { held }) };
  });
}

function distinct(values: readonly PlanValue[]): readonly PlanValue[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

/** The deletes in an order in which every entry is without children when its turn comes. */
function leavesFirst(subtree: readonly SubtreeEntry[]): readonly DeleteChange[] {
  const children = groupBy(subtree, ({ entry }) => normalizedDn(parentDn(entry.dn) ?? ''));
  return subtree
    .toSorted((one, other) => other.depth - one.depth)
    .map(({ entry }) => ({
      kind: 'delete',
      ...entry,
      children: (children.get(normalizedDn(entry.dn)) ?? []).map((child) => child.entry.guid),
    }));
}
