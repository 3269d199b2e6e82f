/** Entries to be deleted, as a tree: parents first, whatever the order of deletion. */

import { DnSyntaxError, dnIn, formatDn, leafNameOf, parseDn } from '../ad/dn.ts';
import { deletedBy, type LeftOut, type WhyLeft } from '../change/plan.ts';
import { counted } from '../words.ts';
import { type EntriesRow, type EntryPart, plainText, type ReviewRow } from './rows.ts';

/** Whether a row deletes entries. */
export function isDelete(row: ReviewRow): row is EntriesRow {
  return row.kind === 'entries' && (row.verb === 'delete' || row.verb === 'delete tree');
}

/** The references to a deleted entry, in words: "homeMTA of SystemMailbox". */
export interface ReferencesTo {
  readonly cleared: readonly string[];
  /** The references that the plan does not change, each with the reason. */
  readonly left: readonly string[];
}

/** The references that the rows clear and those that the plan leaves out, by the DN of the entry that they name. */
export function referencesIn(rows: readonly ReviewRow[], leftOut: readonly LeftOut[]): (dn: string) => ReferencesTo {
  const cleared = clearedIn(rows);
  const links = linksLost(rows);
  const left = new Map<string, string[]>();
  for (const { what, detail, reference } of leftOut) {
    if (reference === undefined) continue;
    const words = leftInWords(detail === undefined ? what : `${detail} × ${what}`, reference.because);
    // The links themselves are more useful than their count.
    const isNamed = (key: string): boolean =>
      reference.because === 'link' &&
      links.get(key)?.some((one) => one.startsWith(`${what.split(' ', 1).join('')} of `)) === true;
    for (const key of reference.to.map(keyOf)) if (!isNamed(key)) addTo(left, key, words);
  }
  return (dn) => {
    const key = keyOf(dn);
    const known = cleared.get(key) ?? [];
    const lost = (links.get(key) ?? []).filter((words) => !known.includes(words));
    return { cleared: known, left: [...(left.get(key) ?? []), ...lost.map((words) => `${words}: ${linkWords}`)] };
  };
}

/** Links of entries that stay, as the back links of deleted entries show them: "manager of anna", by the deleted entry. */
function linksLost(rows: readonly ReviewRow[]): ReadonlyMap<string, readonly string[]> {
  const deleted = rows.filter(isDelete).flatMap(({ changes }) => changes.flatMap(deletedBy));
  const own = new Set(deleted.map(({ dn }) => keyOf(dn)));
  const links = new Map<string, string[]>();
  for (const { dn, attributes } of deleted) {
    for (const { linksFrom, values } of attributes) {
      for (const from of linksFrom === undefined ? [] : values) {
        if (typeof from !== 'string' || own.has(keyOf(from))) continue;
        addTo(links, keyOf(dn), `${linksFrom} of ${leafNameOf(from)}`);
      }
    }
  }
  return links;
}

function clearedIn(rows: readonly ReviewRow[]): ReadonlyMap<string, readonly string[]> {
  const bearers = bearersOfNames(rows.filter(isDelete));
  const cleared = new Map<string, string[]>();
  for (const row of rows) {
    if (row.kind !== 'entries' || row.verb !== 'modify') continue;
    for (const { sign, name, value } of row.parts.flatMap(({ lines }) => lines)) {
      if (sign !== '-') continue;
      const named = plainText(value);
      const key = bearers.get(named.toLowerCase()) ?? keyOf(dnIn(named));
      for (const dn of row.dns) addTo(cleared, key, `${name.replace(/:+ $/, '')} of ${leafNameOf(dn)}`);
    }
  }
  return cleared;
}

function addTo(lists: Map<string, string[]>, key: string, words: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [words]);
  else list.push(words);
}

/** Deleted entries by the names that text in other places uses for them: legacyExchangeDN, and the host of an address. */
function bearersOfNames(deletes: readonly EntriesRow[]): ReadonlyMap<string, string> {
  const bearers = new Map<string, string>();
  for (const { dn, lines } of deletes.flatMap(({ parts }) => parts)) {
    for (const { name, value } of lines) {
      const text = plainText(value).toLowerCase();
      if (/^(?:legacyExchangeDN|dNSHostName): $/i.test(name)) bearers.set(text, keyOf(dn));
      if (/^networkAddress: $/i.test(name)) bearers.set(text.replace(/^.*:/, ''), keyOf(dn));
    }
  }
  return bearers;
}

/** Why a reference stays, behind its name. */
const whyInWords: Readonly<Record<Exclude<WhyLeft, 'link'>, string>> = {
  chosen: 'kept by choice',
  'no-right': 'no right to clear it',
  'needs-another-value': 'needs another value',
  mandatory: 'mandatory attribute',
  'system-only': 'only the system writes it',
  'in-another-domain': 'in another domain',
  'past-the-limit': 'beyond the limit of one plan',
  mailbox: "users' mailboxes are not changed",
  role: 'move the role first',
  text: 'text that may name another host',
};

const linkWords = 'a link, removed with the entry';

function leftInWords(what: string, because: WhyLeft): string {
  const [attribute = '', dn = ''] = what.split(/ of (.*)/s);
  const short = dn === '' ? what : `${attribute} of ${leafNameOf(dn)}`;
  return because === 'link' ? `${short}: ${linkWords}` : `${short}: stays, ${whyInWords[because]}`;
}

function keyOf(dn: string): string {
  return JSON.stringify(pathOf(dn));
}

/** A line of a tree. */
export interface TreeLine<Entry> {
  /** 0 for an entry whose parent stays. */
  readonly depth: number;
  /** The whole DN at depth 0, below it the part of the DN that the line above it lacks. */
  readonly name: string;
  readonly entry: Entry;
}

/** An entry that is deleted, with its values. */
export interface DeletedEntry extends EntryPart {
  /** The row that begins with this entry. */
  readonly row: EntriesRow | undefined;
}

/** What the rows delete: "delete 3 entries, by one request", and these. */
export function deletionOf(rows: readonly EntriesRow[]): {
  readonly heading: string;
  readonly tree: readonly TreeLine<DeletedEntry>[];
} {
  const entries = rows.flatMap((row) =>
    row.parts.map((part, index) => ({ ...part, row: index === 0 ? row : undefined })),
  );
  const request = rows.some(({ verb }) => verb === 'delete tree') ? ', by one request' : '';
  return { heading: `delete ${counted(entries.length, 'entry', 'entries')}${request}`, tree: deletedTree(entries) };
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
    // A review shows every plan: text that is not a DN is a separate tree.
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
