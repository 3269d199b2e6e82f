/** The rows of a review as markup: a table of the texts in files, and an article for each row of entries. */

import type { Plan } from '../change/plan.ts';
import { defaultLanguage } from '../files/template-tree.ts';
import { counted } from '../words.ts';
import {
  type DeletedEntry,
  deletionOf,
  isDelete,
  type ReferencesTo,
  referencesIn,
  type TreeLine,
} from './deleted-tree.ts';
import { type FilePlaces, filePlaces, placesInWords, wholePath } from './file-places.ts';
import { type Content, foldedList, type Html, html, isolated, pathList, treeList } from './markup.ts';
import {
  type DiffLine,
  type EntriesRow,
  type FilesRow,
  onlyKeyOf,
  plainText,
  type ReviewRow,
  type Segment,
  shownEdits,
} from './rows.ts';
import { type Outcome, rowOutcome } from './summary.ts';

const fewDns = 5;
const fewExceptions = 5;
const fewFolders = 24;
const fewLines = 12;
/** To one entry that is deleted. */
const fewReferences = 8;
const partSize = 100;

/** All rows, a piece of markup a row. */
export function* diffHtml(
  rows: readonly ReviewRow[],
  { target, leftOut }: Pick<Plan, 'target' | 'leftOut'>,
  outcome: Outcome | undefined,
): Generator<Html> {
  const files = rows.filter((row) => row.kind === 'files');
  const places = filePlaces(files, target);
  const onlyKey = onlyKeyOf(files);
  yield* inParts(files, (part) => filesTable(part, places, onlyKey, outcome));
  yield* groupFolders(places, target.kind === 'files' ? target.roots : []);
  const entries = rows.filter((row) => row.kind === 'entries');
  yield* inParts(
    entries.filter((row) => !isDelete(row)),
    function* (part) {
      for (const row of part) yield* entriesArticle(row, outcome);
    },
  );
  const deletes = entries.filter(isDelete);
  if (deletes.length > 0) yield* deletesArticle(deletes, referencesIn(rows, leftOut), outcome);
}

/** Long lists in parts: a browser lays out only the parts that are in view. */
function* inParts<Row>(rows: readonly Row[], draw: (part: readonly Row[]) => Iterable<Html>): Generator<Html> {
  for (let from = 0; from < rows.length; from += partSize) {
    yield html`<div class="${rows.length > partSize ? 'part' : 'all'}">\n`;
    yield* draw(rows.slice(from, from + partSize));
    yield html`</div>\n`;
  }
}

function* filesTable(
  rows: readonly FilesRow[],
  places: FilePlaces,
  onlyKey: string | undefined,
  outcome: Outcome | undefined,
): Generator<Html> {
  const caption =
    onlyKey === undefined
      ? 'The texts of each language'
      : html`The text <code>${isolated(onlyKey)}</code> of each language`;
  const keyHeading = onlyKey === undefined ? html`<th scope="col">Key</th>` : [];
  yield html`<table class="texts"><caption>${caption}</caption>
<thead><tr><th scope="col">Row</th><th scope="col">Language</th>${keyHeading}<th scope="col">Old text</th><th scope="col">New text</th><th scope="col">Files</th></tr></thead>
<tbody>
`;
  for (const row of rows) yield* filesRow(row, places, onlyKey, outcome);
  yield html`</tbody></table>\n`;
}

function* filesRow(
  row: FilesRow,
  places: FilePlaces,
  onlyKey: string | undefined,
  outcome: Outcome | undefined,
): Generator<Html> {
  const { groups, others } = places.of(row);
  const named = places.groups.length > 1 && groups.length > 0 ? ` in ${groups.map(({ name }) => name).join(', ')}` : '';
  const tag = languageTag.test(row.language) ? row.language : undefined;
  const below = Number(others.length > 0) + Number(outcome !== undefined);
  const edits = shownEdits(row);
  const span = String(edits.length + below);
  for (const [index, edit] of edits.entries()) {
    const start =
      index > 0
        ? []
        : html`<td class="number" rowspan="${span}">${String(row.number)}</td><th scope="row" rowspan="${span}">${languageName(row.language)}</th>`;
    const key = onlyKey === undefined ? html`<td><code>${isolated(edit.key)}</code></td>` : [];
    const files =
      index > 0 ? [] : html`<td class="files" rowspan="${String(edits.length)}">${row.changes.length}${named}</td>`;
    yield html`<tr>${start}${key}<td class="text">${sided('del', edit.old, tag)}</td><td class="text">${sided('ins', edit.new, tag)}</td>${files}</tr>\n`;
  }
  const width = onlyKey === undefined ? '4' : '3';
  // Never folded: these places are unusual for such texts.
  const [other, ...more] = others.map(wholePath);
  if (other !== undefined && more.length === 0) {
    yield html`<tr><td class="places" colspan="${width}">${isolated(other)}</td></tr>\n`;
  } else if (other !== undefined) {
    yield html`<tr><td colspan="${width}">`;
    yield* foldedList('places', [other, ...more], others.length, 'more');
    yield html`</td></tr>\n`;
  }
  if (outcome !== undefined) {
    yield html`<tr><td colspan="${width}">`;
    yield* became(row, outcome);
    yield html`</td></tr>\n`;
  }
}

/** "German" with the folder's name next to it. */
function languageName(folder: string): Content {
  const name =
    folder === defaultLanguage ? 'Default language' : languageTag.test(folder) ? languageNames.of(folder) : undefined;
  return name === undefined ? isolated(folder) : html`${name} <span class="aside">${folder}</span>`;
}

/** Language, script and region (RFC 5646): as much of a language tag as the names of nls folders can be. */
const languageTag = /^[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?$/i;
const languageNames = new Intl.DisplayNames('en', { type: 'language', languageDisplay: 'standard', fallback: 'none' });

/** Every folder once, with the groups that it belongs to. */
function* groupFolders(places: FilePlaces, roots: readonly string[]): Generator<Html> {
  for (const { file, folders } of places.folders) {
    yield html`<div class="group"><p>${placesInWords(file, places)}</p>\n`;
    const named = folders.map(({ folder, groups }) => (groups === '' ? folder : `${folder}: ${groups}`));
    yield* pathList('places folders', named, roots, fewFolders, 'more folders');
    yield html`</div>\n`;
  }
}

/**
 * The attributes of an entry that is deleted or created as a whole are folded: the operation matters more than the
 * values.
 */
function* entriesArticle(row: EntriesRow, outcome: Outcome | undefined): Generator<Html> {
  const [first = '', ...more] = row.dns;
  const name =
    more.length === 0
      ? html`<code>${isolated(first)}</code>`
      : `${row.dns.length.toLocaleString('en')} entries in the same way`;
  yield html`<article class="change"><h3><span class="number">${String(row.number)}</span> ${row.verb} ${name}</h3>\n`;
  if (more.length > 0) yield* foldedList('places', row.dns, fewDns, 'more with the same change');
  for (const { dn, from, lines } of row.parts) {
    if (row.verb === 'delete tree') yield html`<p><code>${isolated(dn)}</code></p>\n`;
    if (from !== undefined) yield html`<p class="aside">from <code>${isolated(from)}</code></p>\n`;
    const isFolded = row.verb !== 'modify' || lines.length > fewLines;
    if (isFolded) yield html`<details><summary>${counted(lines.length, 'attribute value')}</summary>\n`;
    if (lines.length > 0) yield html`<ul class="lines">${lines.map(lineItem)}</ul>\n`;
    if (isFolded) yield html`</details>\n`;
  }
  if (outcome !== undefined) yield* became(row, outcome);
  yield html`</article>\n`;
}

/** The entries to be deleted as the tree that they are, each with the references to it; its attributes are folded. */
function* deletesArticle(
  rows: readonly EntriesRow[],
  referencesTo: (dn: string) => ReferencesTo,
  outcome: Outcome | undefined,
): Generator<Html> {
  const { heading, tree } = deletionOf(rows);
  yield html`<article class="change"><h3>${heading}</h3>\n`;
  for (const { verb, dns } of rows)
    if (verb === 'delete tree') yield html`<p><code>${isolated(dns[0] ?? '')}</code></p>\n`;
  yield* treeList(tree, (line) => deletedEntry(line, referencesTo(line.entry.dn), outcome));
  yield html`</article>\n`;
}

function* deletedEntry(
  { depth, name, entry: { dn, lines, row } }: TreeLine<DeletedEntry>,
  refers: ReferencesTo,
  outcome: Outcome | undefined,
): Generator<Html> {
  const number = row === undefined ? [] : html`<span class="number">${String(row.number)}</span> `;
  yield html`${number}<code>${isolated(name)}</code>`;
  yield* references(refers);
  yield html`<details><summary>${counted(lines.length, 'attribute value')}</summary>\n`;
  const saysDn = depth === 0 || lines.some(({ value }) => plainText(value) === dn);
  if (!saysDn) yield html`<p><code>${isolated(dn)}</code></p>\n`;
  if (lines.length > 0) yield html`<ul class="lines">${lines.map(lineItem)}</ul>\n`;
  yield html`</details>\n`;
  if (row !== undefined && outcome !== undefined) yield* became(row, outcome);
}

/** What refers to an entry: those that the plan clears, and those that it leaves. */
function* references({ cleared, left }: ReferencesTo): Generator<Html> {
  yield* foldedReferences('aside refers', cleared, 'more');
  yield* foldedReferences('refers left', left, 'more that the plan does not clear');
}

function* foldedReferences(kind: string, words: readonly string[], more: string): Generator<Html> {
  const shown = words.length > fewReferences + 1 ? words.slice(0, fewReferences) : words;
  yield* shown.map((reference) => html`<span class="${kind}">${isolated(reference)}</span>`);
  if (shown.length === words.length) return;
  yield html`<details><summary>and ${words.length - shown.length} ${more}</summary>`;
  yield* words.slice(shown.length).map((reference) => html`<span class="${kind}">${isolated(reference)}</span>`);
  yield html`</details>`;
}

function lineItem({ sign, name, value }: DiffLine): Html {
  const content = html`<span class="sign">${sign}</span>${name}<bdi>${marked(value)}</bdi>`;
  return sign === '-' ? html`<li><del>${content}</del></li>` : html`<li><ins>${content}</ins></li>`;
}

/** A text in its own language and direction; the page's style sets the sign before it. */
function sided(side: 'del' | 'ins', value: readonly Segment[], language: string | undefined): Html {
  const tag = language === undefined ? '' : html` lang="${language}"`;
  const words = marked(value);
  return side === 'del' ? html`<del dir="auto"${tag}>${words}</del>` : html`<ins dir="auto"${tag}>${words}</ins>`;
}

function marked(segments: readonly Segment[]): readonly Content[] {
  return segments.map(({ text, changed }) => (changed ? html`<mark>${text}</mark>` : text));
}

function* became(row: ReviewRow, outcome: Outcome): Generator<Html> {
  const { words, exceptions } = rowOutcome(row, outcome);
  yield html`<p class="became">${words}</p>\n`;
  if (exceptions.length > 0) yield* foldedList('exceptions', exceptions, fewExceptions, 'more not written');
}
