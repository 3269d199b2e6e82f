/**
 * Exhibits on the review page. Each picture is drawn inline next to the same data in words, so that it needs no
 * network and reads well aloud, in the dark and on paper.
 */

import type { Exhibit, Mark } from '../change/exhibits.ts';
import { largest } from '../terminal/text-layout.ts';
import { aside, type Content, type Html, html, isolated, row, treeList } from './markup.ts';

/** One exhibit as a figure. */
export function* exhibitHtml(exhibit: Exhibit): Generator<Html> {
  yield html`<figure class="exhibit">\n`;
  if (exhibit.title !== '') yield html`<figcaption>${isolated(exhibit.title)}</figcaption>\n`;
  yield* bodyOf(exhibit);
  yield html`</figure>\n`;
}

type Of<K extends Exhibit['kind']> = Extract<Exhibit, { kind: K }>;

function* bodyOf(exhibit: Exhibit): Generator<Html> {
  switch (exhibit.kind) {
    case 'remarks':
      return yield* remarks(exhibit);
    case 'properties':
      return yield* properties(exhibit);
    case 'table':
      return yield* groupedTable(exhibit);
    case 'bars':
      return yield* bars(exhibit);
    case 'histogram':
      return yield* histogram(exhibit);
    case 'tree':
      return yield* tree(exhibit);
    case 'matrix':
      return yield* matrix(exhibit);
  }
}

const markWords = { good: 'good', watch: 'watch', bad: 'bad', unknown: 'not known' } as const;

/** A shape for each mark, so that none depends on its colour. */
const markShapes = {
  good: html`<circle cx="8" cy="8" r="6"></circle>`,
  watch: html`<path d="M8 1.5 15 14H1z"></path>`,
  bad: html`<path d="M3 1 8 6 13 1l2 2-5 5 5 5-2 2-5-5-5 5-2-2 5-5-5-5z"></path>`,
  unknown: html`<circle class="hollow" cx="8" cy="8" r="5"></circle>`,
} as const;

function icon(mark: Mark | undefined): Content {
  if (mark === undefined) return [];
  return html`<svg class="mark ${mark}" viewBox="0 0 16 16" role="img" aria-label="${markWords[mark]}">${markShapes[mark]}</svg> `;
}

function* remarks({ rows }: Of<'remarks'>): Generator<Html> {
  yield html`<ul class="remarks">\n`;
  for (const { text, mark } of rows) yield html`<li>${icon(mark)}${isolated(text)}</li>\n`;
  yield html`</ul>\n`;
}

function* properties({ rows }: Of<'properties'>): Generator<Html> {
  yield html`<table class="facts"><tbody>\n`;
  for (const { name, value, note = '' } of rows) yield row(name, isolated(value), note === '' ? [] : aside(note));
  yield html`</tbody></table>\n`;
}

function* groupedTable({ columns, groups }: Of<'table'>): Generator<Html> {
  const alignment = (index: number): string => (columns[index]?.align === 'right' ? 'right' : 'left');
  yield html`<table class="data"><thead><tr>${columns.map(({ heading }, index) => columnHeading(heading, alignment(index)))}</tr></thead>\n`;
  for (const { heading, rows } of groups) {
    yield html`<tbody>\n`;
    if (heading !== '')
      yield html`<tr><th scope="rowgroup" class="group" colspan="${columns.length}">${isolated(heading)}</th></tr>\n`;
    for (const { cells, details = [], mark } of rows) {
      const notes = details.map((detail) => aside(detail));
      yield html`<tr>${cells.map((cell, index) => html`<td class="${[alignment(index), ...breaking(cell)].join(' ')}">${index === 0 ? icon(mark) : []}${isolated(cell)}${index === 0 ? notes : []}</td>`)}</tr>\n`;
    }
    yield html`</tbody>\n`;
  }
  yield html`</table>\n`;
}

/** In characters. */
const longestWord = 24;

/**
 * How a cell is broken: a name (a class, a finding, a host) stays whole, a long word such as a DN is broken anywhere, and
 * all other text at its spaces and hyphens.
 */
function breaking(cell: string): readonly string[] {
  if (/^\S+$/.test(cell) && cell.length <= longestWord) return ['name'];
  return cell.split(/[\s-]/).some((word) => word.length > 16) ? ['long'] : [];
}

/** An empty cell where a column has no heading: a heading without words says nothing to a screen reader. */
function columnHeading(heading: string, kind: string): Html {
  return heading === '' ? html`<td></td>` : html`<th scope="col" class="${kind}">${isolated(heading)}</th>`;
}

/** Values beyond this share of the limit end at the picture's edge. */
const widestShare = 1.5;

function* bars({ rows, limit, unit }: Of<'bars'>): Generator<Html> {
  const shares = rows.map(({ value = 0 }) => shareOf(value, limit));
  const scale = Math.min(widestShare, largest(1, shares));
  yield html`<p class="aside">The line marks ${limit} ${unit}.</p>\n<table class="data bars"><tbody>\n`;
  for (const { name, place = '', text, value, mark, note = '' } of rows) {
    const share = value === undefined ? undefined : shareOf(value, limit);
    const percent = share === undefined ? '' : `${Math.round(share * 100).toLocaleString('en')} %`;
    yield html`<tr><th scope="row">${icon(mark)}${isolated(name)}${place === '' ? [] : aside(place)}</th><td class="picture">${share === undefined ? [] : bar(share / scale, mark, `${text}, ${percent} of ${limit.toLocaleString('en')} ${unit}`, 1 / scale)}</td><td class="right">${percent}</td><td>${isolated(text)}${note === '' ? [] : aside(note)}</td></tr>\n`;
  }
  yield html`</tbody></table>\n`;
}

/** A row a bucket, and a line where a limit lies. */
function* histogram({ buckets, limits, unit }: Of<'histogram'>): Generator<Html> {
  const most = largest(
    1,
    buckets.map(({ count }) => count),
  );
  yield html`<table class="data bars"><tbody>\n`;
  for (const [index, { from, to, count }] of buckets.entries()) {
    const range = `${from.toLocaleString('en')} to ${to.toLocaleString('en')} ${unit}`;
    yield html`<tr><th scope="row">${range}</th><td class="picture">${bar(shareOf(count, most), 'plain', `${count.toLocaleString('en')} of ${range}`)}</td><td class="right">${count}</td></tr>\n`;
    const next = buckets[index + 1];
    for (const limit of limits) {
      const isFirst = index === 0 && limit.at < from;
      if (isFirst || (limit.at >= from && (next === undefined || limit.at < next.from))) yield limitRow(limit, unit);
    }
  }
  if (buckets.length === 0) for (const limit of limits) yield limitRow(limit, unit);
  yield html`</tbody></table>\n`;
}

function limitRow({ at, text }: Of<'histogram'>['limits'][number], unit: string): Html {
  return html`<tr class="limit"><td colspan="3">${at} ${unit}: ${isolated(text)}</td></tr>\n`;
}

function shareOf(value: number, limit: number): number {
  return limit > 0 ? Math.min(1_000, Math.max(0, value / limit)) : 0;
}

/** In units of the drawing. */
const barLength = 1000;

/** A bar of a share of its room, with a line at a limit; its label says the same in words. */
function bar(share: number, mark: Mark | 'plain', label: string, limit?: number): Html {
  // Something is never drawn as nothing.
  const filled = share > 0 ? Math.min(barLength, Math.max(6, Math.round(share * barLength))) : 0;
  const at = limit === undefined ? undefined : Math.min(barLength - 3, Math.round(limit * barLength));
  const line = at === undefined ? [] : html`<rect class="limit" x="${String(at)}" y="0" width="3" height="100"></rect>`;
  return html`<svg class="bar ${mark}" viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="${label}"><rect class="track" x="0" y="15" width="1000" height="70"></rect><rect x="0" y="15" width="${String(filled)}" height="70"></rect>${line}</svg>`;
}

function tree({ nodes }: Of<'tree'>): Iterable<Html> {
  return treeList(nodes, ({ text, notes }) => [
    isolated(text),
    ...notes.map((note) => html`<span class="aside refers">${isolated(note)}</span>`),
  ]);
}

function* matrix({ columns, rows }: Of<'matrix'>): Generator<Html> {
  yield html`<table class="data matrix"><thead><tr><td></td>${columns.map((heading) => columnHeading(heading, 'left'))}</tr></thead><tbody>\n`;
  for (const { name, cells } of rows) {
    yield html`<tr><th scope="row">${isolated(name)}</th>${cells.map(({ text, mark }) => html`<td>${icon(mark)}${isolated(text)}</td>`)}</tr>\n`;
  }
  yield html`</tbody></table>\n`;
}
