/** From the facts to the changes: first the references that would dangle, then the subtree, leaves first. */

import { editsOf } from '../../change/clear-values.ts';
import type { DeleteChange, DirectoryChange, LeftOut, Proposal } from '../../change/plan.ts';
import { leavesFirst, type SubtreeEntry } from '../../change/subtree.ts';
import type { Companion } from './companions.ts';
import { inOtherDomains } from './deleted-server.ts';
import { clearableReferrers, type DeletionFacts, type OrphanFacts } from './gather.ts';
import type { OrphanOptions } from './options.ts';
import type { Referrer } from './referrers.ts';

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
