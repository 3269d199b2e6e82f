/** What a plan is and how much it changes: the one source of the head of every document and of every count. */

import { openBlockers } from '../change/findings.ts';
import type { Change, Plan } from '../change/plan.ts';
import type { Style } from '../terminal/style.ts';
import { counted } from '../words.ts';

export interface PlanCounts {
  readonly files: number;
  readonly edited: number;
  /** One by one, and by one request for a tree. */
  readonly deleted: number;
  /** How many of these by one request for a tree. */
  readonly deletedAsTree: number;
  readonly restored: number;
  readonly created: number;
  /** Lingering objects to be removed by other means. */
  readonly handedOver: number;
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
    restored: count('undelete'),
    created: count('add'),
    handedOver: count('remove-lingering'),
  };
}

/** Files and entries together. */
export function totalOf({ files, edited, deleted, restored, created, handedOver }: PlanCounts): number {
  return files + edited + deleted + restored + created + handedOver;
}

/** "12 edited, 26 deleted"; of a plan for files "" as all are edited. */
export function countsInWords({ edited, deleted, restored, created, handedOver }: PlanCounts): string {
  const parts: readonly (readonly [number, string])[] = [
    [edited, 'edited'],
    [deleted, 'deleted'],
    [restored, 'restored'],
    [created, 'created again'],
    [handedOver, 'lingering objects'],
  ];
  return parts
    .filter(([number]) => number > 0)
    .map(([number, what]) => `${number.toLocaleString('en')} ${what}`)
    .join(', ');
}

/** "2 files", "1 entry", "38 entries: 12 edited, 26 deleted"; what is done to entries is added unless all are edits. */
export function changesInWords(counts: PlanCounts, verb: string): string {
  const total = totalOf(counts);
  const [one, several] = counts.files > 0 ? ['file', 'files'] : ['entry', 'entries'];
  const sentence = `${total.toLocaleString('en')} ${total === 1 ? one : several} ${verb}`;
  return counts.files + counts.edited === total ? sentence : `${sentence}: ${countsInWords(counts)}`;
}

/** What a plan is, where it is from and why: the head of every document. */
export function headOf(plan: Plan): readonly { readonly name: string; readonly value: string }[] {
  const { target } = plan;
  return [
    {
      name: 'Remedy',
      value: plan.undoes === undefined ? plan.remedy : `${plan.remedy}, undo of plan ${plan.undoes.id}`,
    },
    ...(target.kind === 'files'
      ? target.roots.map((root) => ({ name: 'Folder', value: root }))
      : [
          { name: 'Forest', value: `${target.configurationNamingContext} (${target.objectGuid})` },
          { name: 'Domain controller', value: target.domainController },
        ]),
    {
      name: 'Made',
      value: `${plan.created.replace(/^([\d-]+)T([\d:]+)(?:\.\d+)?Z$/, '$1, $2 UTC')} by ${plan.by.account} on ${plan.by.computer}, ${plan.tool}`,
    },
    ...(plan.reason === undefined ? [] : [{ name: 'Reason', value: plan.reason }]),
    ...(plan.ticket === undefined ? [] : [{ name: 'Ticket', value: plan.ticket }]),
    { name: 'Plan', value: plan.id },
  ];
}

/** The last line: how much changes, and what stops it. */
export function summaryLine(plan: Plan, style: Style): string {
  const counts = countsOf(plan.changes);
  const changes =
    totalOf(counts) === 0
      ? 'Nothing to change'
      : counts.handedOver > 0
        ? `${counted(counts.handedOver, 'lingering object')} to hand over`
        : changesInWords(counts, 'to change');
  const blockers = openBlockers(plan.findings).length;
  const stop = blockers === 0 ? '' : ` · ${blockers} blocker${blockers === 1 ? ' stops' : 's stop'} this change`;
  return `  ${style.bold(changes)}${blockers === 0 ? '' : style.blocker(stop)}`;
}
