/** A plan's changes as numbered rows of removed and added lines: the one source of what screen, text and page show. */

import type { AttributeEdit, Change, EntryChange, FileChange, PlanAttribute, UndeleteChange } from '../change/plan.ts';
import { defaultLanguage } from '../files/template-tree.ts';
import { groupBy } from '../group-by.ts';
import { markChangedWords, type Segment } from './changed-words.ts';
import { type ShownValue, shownText, shownValue } from './shown-value.ts';

export interface DiffLine {
  readonly sign: '-' | '+';
  /** Up to the value, its separator included: `description: `, `description:: ` before what is no plain text. */
  readonly name: string;
  readonly value: readonly Segment[];
}

/** One text of a row of files: the same key, old and new text in every file. */
export interface TextEdit {
  readonly key: string;
  readonly old: readonly Segment[];
  readonly new: readonly Segment[];
}

interface Numbered {
  /** What --only and --except name it by, from 1. */
  readonly number: number;
}

/** Files of one language with equal edits. */
export interface FilesRow extends Numbered {
  readonly kind: 'files';
  readonly language: string;
  readonly edits: readonly TextEdit[];
  readonly changes: readonly FileChange[];
}

/** An entry with its lines. */
export interface EntryPart {
  readonly dn: string;
  /** The DN of the deleted object that is restored. */
  readonly from?: string;
  readonly lines: readonly DiffLine[];
}

/** Entries with equal edits, one entry as a whole, or a tree that is deleted by one request. */
export interface EntriesRow extends Numbered {
  readonly kind: 'entries';
  readonly verb: 'modify' | 'delete' | 'delete tree' | 'restore' | 'create' | 'hand over';
  /** Each entry that the row is about; of a tree the root. */
  readonly dns: readonly string[];
  /** One with the lines of all that are modified alike; of a tree one an entry. */
  readonly parts: readonly EntryPart[];
  readonly changes: readonly EntryChange[];
}

export type ReviewRow = FilesRow | EntriesRow;

/** The rows of a plan, numbered: files by language, the default first, then entries in the plan's order. */
export function reviewRows(changes: readonly Change[]): readonly ReviewRow[] {
  const files = filesRows(changes.filter((change) => change.kind === 'file'));
  const entries = foldedEntries(changes.filter((change) => change.kind !== 'file')).flatMap(entriesRow);
  return [...files, ...entries].map((row, index) => ({ ...row, number: index + 1 }));
}

type Unnumbered<Row> = Omit<Row, 'number'>;

function filesRows(changes: readonly FileChange[]): readonly Unnumbered<FilesRow>[] {
  // Thousands of files have a few texts: each is decoded once.
  const texts = new Map<string, readonly TextOfKey[]>();
  const groups = groupBy(changes, (change) => {
    const { language, encoding, splices } = change;
    const written = [encoding, ...splices.flatMap(({ key, old, new: now }) => [key, old, now])].join('\n');
    const known = texts.get(written) ?? textsOf(change);
    texts.set(written, known);
    return [language.toLowerCase(), ...known.flatMap(({ key, old, now }) => [key, old, now])].join('\0');
  });
  const rows = [...groups.values()].flatMap((group): readonly Unnumbered<FilesRow>[] => {
    const [first] = group;
    if (first === undefined) return [];
    const edits = textsOf(first).map(({ key, old, now }) => ({ key, ...markChangedWords(old, now) }));
    return [{ kind: 'files', language: first.language, edits, changes: group }];
  });
  return rows.sort((one, other) => rankOf(one).localeCompare(rankOf(other), 'en'));
}

interface TextOfKey {
  readonly key: string;
  readonly old: string;
  readonly now: string;
}

function textsOf({ splices, encoding }: FileChange): readonly TextOfKey[] {
  return splices.map(({ key, old, new: now }) => ({
    key,
    old: shownText(old, encoding),
    now: shownText(now, encoding),
  }));
}

function rankOf({ language }: Pick<FilesRow, 'language'>): string {
  return language === defaultLanguage ? '' : language.toLowerCase();
}

/** The changes with equal edits of entries together, at the place of the first of them. */
function foldedEntries(changes: readonly EntryChange[]): readonly (readonly EntryChange[])[] {
  const same = (change: EntryChange): unknown => (change.kind === 'modify' ? JSON.stringify(change.edits) : change);
  return [...groupBy(changes, same).values()];
}

function entriesRow(changes: readonly EntryChange[]): readonly Unnumbered<EntriesRow>[] {
  const [change] = changes;
  if (change === undefined) return [];
  const dns = changes.map(({ dn }) => dn);
  const row = { kind: 'entries', dns, changes } as const;
  switch (change.kind) {
    case 'modify':
      return [{ ...row, verb: 'modify', parts: [{ dn: change.dn, lines: change.edits.flatMap(linesOfEdit) }] }];
    case 'delete':
      return [{ ...row, verb: 'delete', parts: [{ dn: change.dn, lines: linesOf('-', change.attributes) }] }];
    case 'delete-tree': {
      const parts = change.entries.map(({ dn, attributes }) => ({ dn, lines: linesOf('-', attributes) }));
      const hasRoot = parts.some(({ dn }) => dn === change.dn);
      return [{ ...row, verb: 'delete tree', parts: hasRoot ? parts : [{ dn: change.dn, lines: [] }, ...parts] }];
    }
    case 'undelete':
      return [{ ...row, verb: 'restore', parts: [restored(change)] }];
    case 'add':
      return [{ ...row, verb: 'create', parts: [{ dn: change.dn, lines: linesOf('+', change.attributes) }] }];
    case 'remove-lingering': {
      // before.ldf has all of it: the DC that removes it compares nothing but its objectGUID.
      const lines = linesOf('-', [{ name: `objectGUID on ${change.on}`, values: [change.guid] }]);
      return [{ ...row, verb: 'hand over', parts: [{ dn: change.dn, lines }] }];
    }
  }
}

function restored({ dn, tombstoneDn, attributes }: UndeleteChange): EntryPart {
  return { dn, lines: linesOf('+', attributes), ...(tombstoneDn === undefined ? {} : { from: tombstoneDn }) };
}

/** Nothing for an edit that writes nothing. */
function linesOfEdit({ attribute, remove, add, whenUnset }: AttributeEdit): readonly DiffLine[] {
  const [removed] = remove;
  const [added] = add;
  if (removed === undefined && added === undefined) return [];
  if (remove.length === 1 && add.length === 1 && removed !== undefined && added !== undefined) {
    const [old, now] = [shownValue(removed, attribute), shownValue(added, attribute)];
    const marked = markChangedWords(old.text, now.text);
    return [
      { sign: '-', name: nameOf(attribute, old), value: marked.old },
      { sign: '+', name: nameOf(attribute, now), value: marked.new },
    ];
  }
  const unset = (sign: '-' | '+'): readonly DiffLine[] =>
    whenUnset === undefined ? [] : [{ sign, name: '', value: [{ text: `(${whenUnset})`, changed: false }] }];
  return [
    ...(removed === undefined ? unset('-') : []),
    ...linesOf('-', [{ name: attribute, values: remove }]),
    ...linesOf('+', [{ name: attribute, values: add }]),
    ...(added === undefined ? unset('+') : []),
  ];
}

function linesOf(sign: '-' | '+', attributes: readonly PlanAttribute[]): readonly DiffLine[] {
  return attributes.flatMap(({ name, values }) =>
    values.map((value): DiffLine => {
      const shown = shownValue(value, name);
      return { sign, name: nameOf(name, shown), value: [{ text: shown.text, changed: false }] };
    }),
  );
}

/** A second colon, as in LDIF (RFC 2849), marks what is not the value itself but words about it. */
function nameOf(attribute: string, { isPlain }: ShownValue): string {
  return isPlain ? `${attribute}: ` : `${attribute}:: `;
}
