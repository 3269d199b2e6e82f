/** How much a plan changes, by what it does: the one source of every count that people read. */

import type { Change } from '../change/plan.ts';

export interface PlanCounts {
  readonly files: number;
  readonly edited: number;
  /** One by one, and by one request for a tree. */
  readonly deleted: number;
  /** Of these by one request. */
  readonly deletedAsTree: number;
  readonly broughtBack: number;
  readonly madeAnew: number;
}

/** The counts of a plan's changes, or of those of them that were done. A tree counts with each of its entries. */
export function countsOf(changes: readonly Change[]): PlanCounts {
  const count = (kind: Change['kind']): number => changes.filter((change) => change.kind === kind).length;
  const deletedAsTree = changes.reduce(
    (sum, change) => sum + (change.kind === 'delete-tree' ? change.entries.length : 0),
    0,
  );
  return {
    files: count('file'),
    edited: count('modify'),
    deleted: count('delete') + deletedAsTree,
    deletedAsTree,
    broughtBack: count('undelete'),
    madeAnew: count('add'),
  };
}

/** Files and entries together. */
export function totalOf({ files, edited, deleted, broughtBack, madeAnew }: PlanCounts): number {
  return files + edited + deleted + broughtBack + madeAnew;
}

/** "12 edited, 26 deleted"; of a plan for files "" as all are edited. */
export function countsInWords({ edited, deleted, broughtBack, madeAnew }: PlanCounts): string {
  const parts: readonly (readonly [number, string])[] = [
    [edited, 'edited'],
    [deleted, 'deleted'],
    [broughtBack, 'brought back'],
    [madeAnew, 'made anew'],
  ];
  return parts
    .filter(([number]) => number > 0)
    .map(([number, what]) => `${number.toLocaleString('en')} ${what}`)
    .join(', ');
}

/** "2 files", "1 entry", "38 entries: 12 edited, 26 deleted"; what is done to entries is said if it is not edits alone. */
export function changesInWords(counts: PlanCounts, verb: string): string {
  const total = totalOf(counts);
  const [one, several] = counts.files > 0 ? ['file', 'files'] : ['entry', 'entries'];
  const sentence = `${total.toLocaleString('en')} ${total === 1 ? one : several} ${verb}`;
  return counts.files + counts.edited === total ? sentence : `${sentence}: ${countsInWords(counts)}`;
}
