/** A plan's changes as blocks of removed and added lines: the one source of what the terminal and the page show. */

import { formatDn, isSameOrBelow, normalizedDn, parentDn, parseDn } from '../ad/dn.ts';
import type {
  AttributeEdit,
  Change,
  DeletedEntry,
  EntryChange,
  FileChange,
  PlanAttribute,
  PlanValue,
} from '../change/plan.ts';
import { decodeText, type TextEncoding } from '../files/text-encoding.ts';
import { groupBy } from '../group-by.ts';
import { markChangedWords, type Segment } from './changed-words.ts';

export interface DiffLine {
  readonly sign: '-' | '+' | ' ';
  readonly segments: readonly Segment[];
}

export interface DiffBlock {
  /** What is changed, in a few words: a language and its encoding, or what happens to an entry. */
  readonly heading: string;
  /** Where, each on a line of its own: paths or the DN. More than one where equal changes are folded together. */
  readonly places: readonly string[];
  readonly lines: readonly DiffLine[];
  /** The changes that it shows. */
  readonly changes: readonly Change[];
}

/** A row of a review: a block with the number that --only and --except name it by. */
export interface ReviewRow extends DiffBlock {
  readonly number: number;
}

/** The rows of a plan, numbered from 1. */
export function reviewRows(changes: readonly Change[]): readonly ReviewRow[] {
  return diffBlocks(changes).map((block, index) => ({ ...block, number: index + 1 }));
}

/** The blocks of a plan, in its order; equal edits of several files or entries are one block. */
export function diffBlocks(changes: readonly Change[]): readonly DiffBlock[] {
  const files = changes.filter((change) => change.kind === 'file');
  const entries = changes.filter((change) => change.kind !== 'file');
  return [...foldedFileBlocks(files), ...foldedEntries(entries).flatMap(blocksOfEntries)];
}

/** The changes with equal edits of entries together, at the place of the first of them. */
export function foldedEntries(changes: readonly EntryChange[]): readonly (readonly EntryChange[])[] {
  const same = (change: EntryChange): unknown => (change.kind === 'modify' ? JSON.stringify(change.edits) : change);
  return [...groupBy(changes, same).values()];
}

/** The texts of a change as a reader sees them, whatever bytes they are in each file. */
interface ShownFileChange {
  readonly change: FileChange;
  readonly edits: readonly { readonly key: string; readonly old: string; readonly new: string }[];
}

function foldedFileBlocks(changes: readonly FileChange[]): readonly DiffBlock[] {
  const shownChanges = changes.map((change): ShownFileChange => {
    const decode = (base64: string): string =>
      decodeText(Buffer.from(base64, 'base64'), change.encoding as TextEncoding);
    const edits = change.splices.map((splice) => ({
      key: splice.key,
      old: decode(splice.old),
      new: decode(splice.new),
    }));
    return { change, edits };
  });
  const same = ({ change, edits }: ShownFileChange): string =>
    // Canonically equal texts look the same: windows-1258 spells Vietnamese with combining marks.
    [change.language.toLowerCase(), ...edits.flatMap((edit) => [edit.key, edit.old, edit.new])]
      .join('\n')
      .normalize('NFC');
  return [...groupBy(shownChanges, same).values()]
    .map(fileBlock)
    .sort((one, other) => one.heading.localeCompare(other.heading, 'en'));
}

function fileBlock(group: readonly ShownFileChange[]): DiffBlock {
  const changes = group.map(({ change }) => change);
  const distinct = (names: readonly string[]): string => [...new Set(names)].sort().join(', ');
  const count = `${changes.length} file${changes.length === 1 ? '' : 's'}`;
  const sets = distinct(changes.map((change) => change.set));
  const classes = distinct(changes.map((change) => change.class));
  const encodings = distinct(changes.map((change) => change.encoding));
  const edits = group[0]?.edits ?? [];
  return {
    heading: `${changes[0]?.language} · ${count} · ${sets} · ${classes} · ${encodings}`,
    places: changes.map((change) => change.path),
    changes,
    lines: edits.flatMap((edit) => {
      const marked = markChangedWords(shortened(edit.old), shortened(edit.new));
      return [
        { sign: '-', segments: quoted(edit.key, marked.old) },
        { sign: '+', segments: quoted(edit.key, marked.new) },
      ] as const;
    }),
  };
}

/** In characters. */
const longestValue = 2000;
const keptAtStart = 500;
const keptAtEnd = 100;

/** A value too long to be read through is shown by its ends; the plan and change.diff hold all of it. */
function shortened(value: string): string {
  if (value.length <= longestValue) return value;
  const left = (value.length - keptAtStart - keptAtEnd).toLocaleString('en');
  return `${value.slice(0, keptAtStart)} […${left} more characters…] ${value.slice(-keptAtEnd)}`;
}

function quoted(key: string, value: readonly Segment[]): readonly Segment[] {
  return [{ text: `${key}="`, changed: false }, ...value, { text: '"', changed: false }];
}

/** The blocks of one change, or of several that make the same edits. */
function blocksOfEntries(same: readonly EntryChange[]): readonly DiffBlock[] {
  const [change] = same;
  if (change === undefined) return [];
  switch (change.kind) {
    case 'modify':
      return [
        {
          heading: same.length === 1 ? 'modify' : `modify ${same.length.toLocaleString('en')} entries alike`,
          places: same.map(({ dn }) => dn),
          lines: change.edits.flatMap(linesOfEdit),
          changes: same,
        },
      ];
    case 'delete':
      return [deleteBlock(change, change)];
    case 'delete-tree':
      return change.entries.map((entry) => deleteBlock(entry, change));
    case 'undelete':
      return [{ heading: 'restore', places: [change.dn], lines: linesOf('+', change.attributes), changes: same }];
    case 'add':
      return [{ heading: 'add', places: [change.dn], lines: linesOf('+', change.attributes), changes: same }];
    case 'remove-lingering':
      return [
        {
          heading: `lingering on ${change.on}`,
          places: [change.dn],
          // before.ldf has all of it: the DC that removes it compares nothing but its objectGUID.
          lines: [plainLine('-', `objectGUID: ${change.guid}`)],
          changes: same,
        },
      ];
  }
}

function deleteBlock(entry: DeletedEntry, change: EntryChange): DiffBlock {
  return { heading: 'delete', places: [entry.dn], lines: linesOf('-', entry.attributes), changes: [change] };
}

function linesOfEdit(edit: AttributeEdit): readonly DiffLine[] {
  const [removed] = edit.remove;
  const [added] = edit.add;
  if (edit.remove.length === 1 && edit.add.length === 1 && removed !== undefined && added !== undefined) {
    const marked = markChangedWords(shown(removed), shown(added));
    const name = { text: `${edit.attribute}: `, changed: false };
    return [
      { sign: '-', segments: [name, ...marked.old] },
      { sign: '+', segments: [name, ...marked.new] },
    ];
  }
  const unset = edit.whenUnset === undefined ? [] : [`(${edit.whenUnset})`];
  return [
    ...(removed === undefined ? unset.map((text) => plainLine('-', text)) : []),
    ...linesOf('-', [{ name: edit.attribute, values: edit.remove }]),
    ...linesOf('+', [{ name: edit.attribute, values: edit.add }]),
    ...(added === undefined ? unset.map((text) => plainLine('+', text)) : []),
  ];
}

function linesOf(sign: '-' | '+', attributes: readonly PlanAttribute[]): readonly DiffLine[] {
  return attributes.flatMap(({ name, values }) => values.map((value) => plainLine(sign, `${name}: ${shown(value)}`)));
}

function plainLine(sign: '-' | '+', text: string): DiffLine {
  return { sign, segments: [{ text, changed: false }] };
}

/** A value as a person reads it; a binary one by its length, as the saved LDIF holds it whole. */
function shown(value: PlanValue): string {
  return typeof value === 'string' ? value : `(${Buffer.byteLength(value.base64, 'base64')} bytes, binary)`;
}

/** A line of the tree of entries that are deleted. */
export interface TreeLine {
  /** 0 for an entry whose parent stays. */
  readonly depth: number;
  /** The whole DN at depth 0, below it the entry's own name. */
  readonly name: string;
  readonly dn: string;
}

/** The lines of the tree: each entry behind its parent, siblings by name. Throws DnSyntaxError. */
export function deletedTree(dns: readonly string[]): readonly TreeLine[] {
  const known = new Set(dns.map(normalizedDn));
  const roots = dns.filter((dn) => !known.has(normalizedDn(parentDn(dn) ?? '')));
  return roots.toSorted(byName).flatMap((root) => {
    const levels = parseDn(root).length;
    return dns
      .filter((dn) => isSameOrBelow(dn, root))
      .toSorted(byPath)
      .map((dn): TreeLine => {
        const rdns = parseDn(dn);
        const depth = rdns.length - levels;
        return { depth, name: depth === 0 ? dn : formatDn(rdns.slice(0, 1)), dn };
      });
  });
}

function byName(one: string, other: string): number {
  return one.localeCompare(other, 'en');
}

/** From the root of the DN down, so that an entry stands before all that is below it. */
function byPath(one: string, other: string): number {
  const path = parseDn(one).toReversed();
  const otherPath = parseDn(other).toReversed();
  for (const [level, rdn] of path.entries()) {
    const otherRdn = otherPath[level];
    if (otherRdn === undefined) return 1;
    const order = byName(formatDn([rdn]), formatDn([otherRdn]));
    if (order !== 0) return order;
  }
  return path.length - otherPath.length;
}
