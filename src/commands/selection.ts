/** --only and --except: rows of a review by their numbers, as the changes that they show. */

import { normalizedDn } from '../ad/dn.ts';
import type { Change, DirectoryChange, Plan } from '../change/plan.ts';
import { UsageError } from '../errors.ts';
import { type ReviewRow, reviewRows } from '../review/rows.ts';

/**
 * The indices of the changes to write.
 *
 * @param left indices of the changes that are not done
 * @throws UsageError for both flags, a number that is no row, or a selection that lacks what it needs
 */
export function selectionOf(
  plan: Plan,
  left: ReadonlySet<number>,
  only: string | undefined,
  except: string | undefined,
): ReadonlySet<number> {
  if (only === undefined && except === undefined) return left;
  if (only !== undefined && except !== undefined) {
    throw new UsageError({
      attempted: 'select rows of the review',
      on: '--only with --except',
      cameBack: 'each of them says which rows',
      next: 'Give one of them.',
    });
  }
  const rows = reviewRows(plan.changes);
  const numbers = numbersIn(only ?? except ?? '', rows.length);
  const chosen = rows.filter(({ number }) => numbers.has(number) === (only !== undefined));
  const changes = new Set(chosen.flatMap<Change>((row) => row.changes));
  requireWhole(plan, rows, changes);
  return new Set([...left].filter((index) => isIn(changes, plan.changes[index])));
}

function isIn(changes: ReadonlySet<Change>, change: Change | undefined): boolean {
  return change !== undefined && changes.has(change);
}

function numbersIn(given: string, count: number): ReadonlySet<number> {
  const numbers = given.split(',').map((text) => text.trim());
  for (const text of numbers) {
    if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= count) continue;
    throw new UsageError({
      attempted: 'select rows of the review',
      on: text === '' ? given : text,
      cameBack: `it is not the number of a row; there are ${count}`,
      next: 'Give numbers as show prints them, with commas between: --only 1,3',
    });
  }
  return new Set(numbers.map(Number));
}

/** A delete takes every delete below it and every clearing of references along. */
function requireWhole(plan: Plan, rows: readonly ReviewRow[], chosen: ReadonlySet<Change>): void {
  const deletes = [...chosen].filter(isDelete);
  if (deletes.length === 0) return;
  const needed = plan.changes.filter(
    (change) =>
      !chosen.has(change) &&
      (change.kind === 'modify' || (isDelete(change) && deletes.some((one) => isBelow(change, one)))),
  );
  if (needed.length === 0) return;
  const missing = rows
    .filter((row) => row.changes.some((change) => needed.includes(change)))
    .map(({ number }) => number);
  throw new UsageError({
    attempted: 'select rows of the review',
    on: missing.join(', '),
    cameBack:
      'a delete that was selected needs these rows too: what lies below it, and the references that it would leave',
    next: `Add them: --only with ${missing.join(',')} as well, or leave the delete out.`,
  });
}

function isDelete(change: Change): change is Extract<DirectoryChange, { kind: 'delete' | 'delete-tree' }> {
  return change.kind === 'delete' || change.kind === 'delete-tree';
}

function isBelow(one: { readonly dn: string }, other: { readonly dn: string }): boolean {
  return normalizedDn(one.dn).endsWith(`,${normalizedDn(other.dn)}`);
}
