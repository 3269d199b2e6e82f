/** Entries to be deleted, as the tree that they are: parents first, in whatever order they are deleted. */

import { DnSyntaxError, formatDn, parseDn, rdnOf } from '../ad/dn.ts';
import { dnIn } from '../ad/naming.ts';
import type { EntriesRow, ReviewRow } from './rows.ts';

export function isDelete(row: ReviewRow): row is EntriesRow {
  return row.kind === 'entries' && (row.verb === 'delete' || row.verb === 'delete tree');
}

/** The references that the rows clear, by the DN of the entry that they name: "homeMTA of SystemMailbox". */
export function clearedReferences(rows: readonly ReviewRow[]): (dn: string) => readonly string[] {
  const byTarget = new Map<string, string[]>();
  for (const row of rows) {
    if (row.kind !== 'entries' || row.verb !== 'modify') continue;
    for (const { sign, name, value } of row.parts.flatMap(({ lines }) => lines)) {
      if (sign !== '-') continue;
      const key = keyOf(dnIn(value.map(({ text }) => text).join('')));
      const words = row.dns.map((dn) => `${name.replace(/:+ $/, '')} of ${nameOf(dn)}`);
      byTarget.set(key, [...(byTarget.get(key) ?? []), ...words]);
    }
  }
  return (dn) => byTarget.get(keyOf(dn)) ?? [];
}

function keyOf(dn: string): string {
  return JSON.stringify(pathOf(dn));
}

function nameOf(dn: string): string {
  try {
    return rdnOf(dn).value;
  } catch (error) {
    // A review shows every plan: what is no DN has its text as its name.
    if (error instanceof DnSyntaxError) return dn;
    throw error;
  }
}

export interface TreeLine<Entry> {
  /** 0 for an entry whose parent stays. */
  readonly depth: number;
  /** The whole DN at depth 0, below it the part of the DN that the line above it lacks. */
  readonly name: string;
  readonly entry: Entry;
}

/** Each entry behind its parent, siblings by name. */
export function deletedTree<Entry extends { readonly dn: string }>(
  entries: readonly Entry[],
): readonly TreeLine<Entry>[] {
  const placed = entries.map((entry) => ({ entry, path: pathOf(entry.dn) }));
  placed.sort((one, other) => comparePaths(one.path, other.path));
  const above: (readonly string[])[] = [];
  return placed.map(({ entry, path }) => {
    while (above.length > 0 && !isBelow(path, above.at(-1) ?? [])) above.pop();
    const depth = above.length;
    const levels = path.length - (above.at(-1)?.length ?? 0);
    above.push(path);
    return { depth, name: depth === 0 ? entry.dn : formatDn(parseDn(entry.dn).slice(0, levels)), entry };
  });
}

/** From the root of the DN down. */
function pathOf(dn: string): readonly string[] {
  try {
    return parseDn(dn)
      .toReversed()
      .map((rdn) => formatDn([rdn]).toLowerCase());
  } catch (error) {
    // A review shows every plan: what is no DN is a tree of its own, by its text.
    if (error instanceof DnSyntaxError) return [dn];
    throw error;
  }
}

function comparePaths(one: readonly string[], other: readonly string[]): number {
  for (const [level, name] of one.entries()) {
    const otherName = other[level];
    if (otherName === undefined) return 1;
    if (name !== otherName) return name.localeCompare(otherName, 'en') || (name < otherName ? -1 : 1);
  }
  return one.length - other.length;
}

function isBelow(path: readonly string[], above: readonly string[]): boolean {
  return above.length < path.length && above.every((name, level) => name === path[level]);
}
