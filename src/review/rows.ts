/**
 * A plan's changes as numbered rows of removed and added lines: the one source of what screen, text and page show. Values
 * are shown as text, bytes that are no text by their digits; the words that differ are marked, so that a reader's eye
 * goes there first.
 */

import { createHash } from 'node:crypto';
import { parseDnsRecord, readSid, writtenValueOf } from '../ad/entry.ts';
import { type RightsInWords, readDescriptor, rightsInWords, trusteeInWords } from '../ad/security-descriptor.ts';
import { isSecurityDescriptor } from '../change/attribute-kinds.ts';
import type {
  AttributeEdit,
  Change,
  EntryChange,
  FileChange,
  PlanAttribute,
  PlanValue,
  UndeleteChange,
} from '../change/plan.ts';
import { defaultLanguage } from '../files/template-tree.ts';
import { decodeText, encodingOfCodePage, type TextEncoding } from '../files/text-encoding.ts';
import { counted, groupBy } from '../words.ts';

/** A value that is removed or added. */
export interface DiffLine {
  readonly sign: '-' | '+';
  /** Up to the value, its separator included: `description: `, `description:: ` before what is no plain text. */
  readonly name: string;
  readonly value: readonly Segment[];
  /** Whether every view shows it, however many there are: a right that is given. */
  readonly isAlwaysShown?: true;
}

/** One text of a row of files: the same key, old and new text in every file. */
export interface TextEdit {
  readonly key: string;
  readonly old: readonly Segment[];
  readonly new: readonly Segment[];
}

interface Numbered {
  /** Its number for --only and --except, from 1. */
  readonly number: number;
}

/** Files of one language with equal edits. */
export interface FilesRow extends Numbered {
  readonly kind: 'files';
  readonly language: string;
  readonly edits: readonly TextEdit[];
  readonly changes: readonly FileChange[];
}

/** The lines of one entry. */
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
  /** Each entry of the row; for a tree only the root. */
  readonly dns: readonly string[];
  /** One with the lines of all that are modified alike; of a tree one an entry. */
  readonly parts: readonly EntryPart[];
  readonly changes: readonly EntryChange[];
}

/** A row of a review. */
export type ReviewRow = FilesRow | EntriesRow;

/** The rows of a plan, numbered: files by language, the default first, then entries in the plan's order. */
export function reviewRows(changes: readonly Change[]): readonly ReviewRow[] {
  const files = filesRows(changes.filter((change) => change.kind === 'file'));
  const entries = foldedEntries(changes.filter((change) => change.kind !== 'file')).flatMap(entriesRow);
  return [...files, ...entries].map((row, index) => ({ ...row, number: index + 1 }));
}

/** The rows of some of a plan's changes, each with the number that it has among the rows of all of them. */
export function rowsOfSome(some: readonly Change[], all: readonly Change[]): readonly ReviewRow[] {
  const numbers = new Map<Change | undefined, number>(
    reviewRows(all).flatMap(({ number, changes }) => changes.map((change: Change) => [change, number] as const)),
  );
  return reviewRows(some).map((row) => ({ ...row, number: numbers.get(row.changes[0]) ?? row.number }));
}

/** The key that all texts of the rows have; undefined if there are several. */
export function onlyKeyOf(rows: readonly FilesRow[]): string | undefined {
  const keys = new Set(rows.flatMap(({ edits }) => edits.map(({ key }) => key)));
  return keys.size === 1 ? [...keys][0] : undefined;
}

/** The texts of a row as they are shown: an empty one of files whose change writes none, so that their row is seen. */
export function shownEdits({ edits }: FilesRow): readonly TextEdit[] {
  return edits.length > 0 ? edits : [{ key: '', old: [], new: [] }];
}

/** The whole text of a value. */
export function plainText(value: readonly Segment[]): string {
  return value.map(({ text }) => text).join('');
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
      // before.ldf has all of it: the DC that removes it compares only its objectGUID.
      const lines = linesOf('-', [{ name: `objectGUID on ${change.on}`, values: [change.guid] }]);
      return [{ ...row, verb: 'hand over', parts: [{ dn: change.dn, lines }] }];
    }
  }
}

function restored({ dn, tombstoneDn, attributes }: UndeleteChange): EntryPart {
  return { dn, lines: linesOf('+', attributes), ...(tombstoneDn === undefined ? {} : { from: tombstoneDn }) };
}

/** No lines for an edit that writes nothing. */
function linesOfEdit({ attribute, remove, add, whenUnset }: AttributeEdit): readonly DiffLine[] {
  const [removed] = remove;
  const [added] = add;
  if (removed === undefined && added === undefined) return [];
  const isOne = remove.length === 1 && add.length === 1;
  if (isOne && removed !== undefined && added !== undefined && shownRights(added, attribute) === undefined) {
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
    values.flatMap((value): readonly DiffLine[] => {
      const rights = sign === '+' ? shownRights(value, name) : undefined;
      if (rights !== undefined) return linesOfRights(name, rights);
      const shown = shownValue(value, name);
      return [{ sign, name: nameOf(name, shown), value: [{ text: shown.text, changed: false }] }];
    }),
  );
}

/** The rights that are written, a line each; every view shows the object's own rights. */
function linesOfRights(attribute: string, { owner, own, inherited }: RightsInWords): readonly DiffLine[] {
  const line = (text: string): DiffLine => ({
    sign: '+',
    name: nameOf(attribute, { text, isPlain: false }),
    value: [{ text, changed: false }],
  });
  return [
    ...[owner, ...own].map((text) => ({ ...line(text), isAlwaysShown: true as const })),
    ...inherited.map((text) => line(`inherited: ${text}`)),
  ];
}

/** A second colon, as in LDIF (RFC 2849), marks what is not the value itself but words about it. */
function nameOf(attribute: string, { isPlain }: ShownValue): string {
  return isPlain ? `${attribute}: ` : `${attribute}:: `;
}

interface ShownValue {
  readonly text: string;
  /** False for words about the value: that it is base64 in the plan, or how long it is. */
  readonly isPlain: boolean;
}

/** Binary values up to this many bytes are shown as they are: a GUID, a SID. */
const shortBinary = 32;

/**
 * A value of the attribute. One that is base64 in the plan although it is clean text is shown as that text, and marked; a
 * DNS record and a SID as what they say, with their bytes.
 */
function shownValue(value: PlanValue, attribute: string): ShownValue {
  if (typeof value === 'string') return { text: value, isPlain: true };
  const bytes = Buffer.from(value.base64, 'base64');
  const record = attribute.toLowerCase() === 'dnsrecord' ? parseDnsRecord(bytes) : undefined;
  if (record !== undefined) {
    const says = 'target' in record ? record.target : record.address;
    return { text: `${record.type} ${says} ${inDigits(bytes)}`, isPlain: false };
  }
  const sid = readSid(bytes);
  if (sid !== undefined) return { text: `${trusteeInWords(sid)} ${inDigits(bytes)}`, isPlain: false };
  const text = writtenValueOf(bytes);
  const isText = typeof text === 'string' && text !== '';
  return { text: isText ? `${text} (base64 in the plan)` : inDigits(bytes), isPlain: false };
}

/** The rights in a security descriptor, in words, whatever the name of its attribute; undefined for any other value. */
function shownRights(value: PlanValue, attribute: string): RightsInWords | undefined {
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.base64, 'base64');
  if (readDescriptor(bytes) === undefined) return undefined;
  const rights = rightsInWords(bytes, isSecurityDescriptor(attribute));
  return { ...rights, owner: `${rights.owner} ${inDigits(bytes)}` };
}

function inDigits(bytes: Buffer): string {
  const length = counted(bytes.length, 'byte');
  return bytes.length <= shortBinary
    ? `(${length}: ${bytes.toString('hex')})`
    : `(${length}, SHA-256 ${createHash('sha256').update(bytes).digest('hex')})`;
}

/** The text of a file in its encoding; of bytes that the encoding has no characters for, their digits. */
function shownText(base64: string, encoding: string): string {
  const bytes = Buffer.from(base64, 'base64');
  if (!isKnown(encoding)) return inDigits(bytes);
  // windows-1258 spells Vietnamese with combining marks: the same text as other encodings have.
  const decoded = decodeText(bytes, encoding);
  const text = encoding === 'windows-1258' ? decoded.normalize('NFC') : decoded;
  return isWhole(bytes, text, encoding) ? text : inDigits(bytes);
}

/** Whether the text says what all of the bytes are. */
function isWhole(bytes: Buffer, text: string, encoding: TextEncoding): boolean {
  if (encoding.startsWith('utf-16')) return bytes.length % 2 === 0;
  if (encoding.startsWith('utf-8')) return Buffer.from(text).equals(bytes);
  return !text.includes('\ufffd');
}

const unicode = /^(?:ascii|utf-8|utf-16[lb]e)(?: with BOM)?$/;

function isKnown(encoding: string): encoding is TextEncoding {
  const page = /^windows-(\d{1,5})$/.exec(encoding)?.[1];
  return page === undefined ? unicode.test(encoding) : encodingOfCodePage(Number(page)) === encoding;
}

/** A part of a value: all of it differs, or none. */
export interface Segment {
  readonly text: string;
  readonly changed: boolean;
}

/** Longer lines are marked as a whole: comparing them word by word would cost more than it shows. */
const mostWords = 200;

/** The old and the new text, each in segments that joined give the text again. */
export function markChangedWords(old: string, now: string): { readonly old: Segment[]; readonly new: Segment[] } {
  const before = wordsOf(old);
  const after = wordsOf(now);
  if (before.length > mostWords || after.length > mostWords) {
    return { old: [{ text: old, changed: true }], new: [{ text: now, changed: true }] };
  }
  const common = commonWords(before, after);
  return {
    old: segments(before, (index) => !common.some(([inOld]) => inOld === index)),
    new: segments(after, (index) => !common.some(([, inNew]) => inNew === index)),
  };
}

function wordsOf(text: string): readonly string[] {
  return text.match(/[\p{L}\p{M}\p{N}]+|\s+|[^\p{L}\p{M}\p{N}\s]/gu) ?? [];
}

/** Pairs of indexes of a longest common subsequence. */
function commonWords(before: readonly string[], after: readonly string[]): readonly (readonly [number, number])[] {
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  const lengthAt = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        before[row] === after[column]
          ? lengthAt(row + 1, column + 1) + 1
          : Math.max(lengthAt(row + 1, column), lengthAt(row, column + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let row = 0, column = 0; row < before.length && column < after.length; ) {
    if (before[row] === after[column]) {
      pairs.push([row, column]);
      row += 1;
      column += 1;
    } else if (lengthAt(row + 1, column) >= lengthAt(row, column + 1)) row += 1;
    else column += 1;
  }
  return pairs;
}

function segments(words: readonly string[], isChanged: (index: number) => boolean): Segment[] {
  const joined: Segment[] = [];
  for (const [index, text] of words.entries()) {
    const changed = isChanged(index);
    const last = joined.at(-1);
    if (last?.changed === changed) joined[joined.length - 1] = { text: last.text + text, changed };
    else joined.push({ text, changed });
  }
  return joined;
}
