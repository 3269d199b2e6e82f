/** From the facts to the changes: first the references that would dangle, then the subtree, leaves first. */

import { normalizedDn, parentDn } from '../../ad/dn.ts';
import type {
  AttributeEdit,
  DeleteChange,
  DirectoryChange,
  LeftOut,
  ModifyChange,
  Proposal,
} from '../../change/plan.ts';
import { groupBy } from '../../group-by.ts';
import { distinct } from '../../words.ts';
import type { Companion } from './companions.ts';
import { inOtherDomains } from './deleted-server.ts';
import { clearableReferrers, type DeletionFacts, type OrphanFacts } from './gather.ts';
import type { OrphanOptions } from './options.ts';
import type { Referrer } from './referrers.ts';
import type { SubtreeEntry } from './subtree.ts';

/** The changes that let the server go and leave nothing that points at it, and what is left as it is. */
export function propose(facts: OrphanFacts, options: OrphanOptions): Proposal<DirectoryChange> {
  if (facts.kind !== 'deletion') {
    const target = facts.kind === 'nothing to delete' ? facts.target : facts.survey.target;
    return { target, intent: {}, changes: [], leftOut: [] };
  }
  const [root] = facts.subtree;
  const kept = new Set(options.keep.map((id) => id.toLowerCase()));
  const isKept = ({ id, reference }: Referrer): boolean => reference.kind !== 'linked' && kept.has(id.toLowerCase());
  const clearing = clearable(facts).filter((referrer) => !isKept(referrer));
  const isTree = options.treeDelete && root !== undefined;
  return {
    target: facts.survey.target,
    ...(root === undefined ? {} : { subject: { dn: root.entry.dn, guid: root.entry.guid } }),
    intent: { treeDelete: options.treeDelete, keep: options.keep, also: [...options.also] },
    changes: [
      ...editsOf([...clearing, ...facts.ownMailboxAttributes]),
      ...leavesFirst(alongOf(facts, ['database', 'copy'])),
      ...(isTree
        ? [
            {
              kind: 'delete-tree' as const,
              dn: root.entry.dn,
              guid: root.entry.guid,
              entries: facts.subtree.map(({ entry }) => entry),
            },
          ]
        : leavesFirst(facts.subtree)),
      ...containerLast(facts),
    ],
    leftOut: leftOutOf(facts, isKept),
  };
}

/**
 * The references that this user may clear. Linked values are among them, which go with their target whatever is chosen:
 * to have them in the plan is to show them, and to bring them back by undo.
 */
export function clearable(facts: DeletionFacts): readonly Referrer[] {
  return clearableReferrers(facts).filter(({ id }) => !facts.unwritable.has(id));
}

function leftOutOf(facts: DeletionFacts, isKept: (referrer: Referrer) => boolean): readonly LeftOut[] {
  const { configuration, recipients, unwritable } = facts;
  const because = (referrers: readonly Referrer[], reason: string): readonly LeftOut[] =>
    referrers.map(({ id }) => ({ what: id, reason }));
  const unclearable = (clearing: Referrer['reference']['clearing']): readonly Referrer[] =>
    configuration.referrers.filter(({ reference }) => reference.clearing === clearing);
  return [
    ...because(clearable(facts).filter(isKept), 'dangling-references'),
    ...because(
      clearableReferrers(facts).filter(({ id }) => unwritable.has(id)),
      'no-right-to-clean-up',
    ),
    ...because(unclearable('needs another value'), 'references-to-replace'),
    ...because(unclearable('mandatory'), 'mandatory-references'),
    ...because(unclearable('only the system writes it'), 'system-only-references'),
    ...because(configuration.toDatabases, 'references-to-its-databases'),
    ...(facts.hasOtherServer ? [] : recipients)
      .filter(({ reference, count, own }) => !reference.isCleanable && count > own.count)
      .map(({ reference, count, own }) => ({
        what: `${reference.attribute} of ${reference.who}`,
        reason: reference.id === 'archives' ? 'archives' : 'mailboxes',
        detail: String(count - own.count),
      })),
    ...recipients
      .filter(
        ({ reference, count, cleanable, notListed }) => reference.isCleanable && count > cleanable.length + notListed,
      )
      .map(({ reference, count, cleanable, notListed }) => ({
        what: `${reference.attribute} of recipients of other domains`,
        reason: inOtherDomains,
        detail: String(count - cleanable.length - notListed),
      })),
  ];
}

/** One modify for each referring entry, whatever number of its attributes refer. */
export function editsOf(referrers: readonly Referrer[]): readonly ModifyChange[] {
  return [...groupBy(referrers, ({ guid }) => guid).values()].flatMap((here) => {
    const [first] = here;
    return first === undefined ? [] : [{ kind: 'modify', dn: first.dn, guid: first.guid, edits: attributeEdits(here) }];
  });
}

/** Two references may be of the same attribute: values that would dangle, and values that dangle already. */
function attributeEdits(here: readonly Referrer[]): readonly AttributeEdit[] {
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

function alongOf({ along }: DeletionFacts, kinds: readonly Companion['kind'][]): readonly SubtreeEntry[] {
  return along.filter(({ kind }) => kinds.includes(kind)).flatMap(({ entries }) => entries);
}

/** CN=Servers goes when the server has gone. */
function containerLast(facts: DeletionFacts): readonly DeleteChange[] {
  const [server] = facts.subtree;
  return alongOf(facts, ['servers-container']).map(({ entry }) => ({
    kind: 'delete',
    ...entry,
    children: server === undefined ? [] : [server.entry.guid],
  }));
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
