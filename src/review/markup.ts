/** Markup for the review page: text is escaped and made visible on the way in, whatever a plan holds. */

import { visible } from '../terminal/visible.ts';

/** Text that is markup; made by `html` alone, so that nothing gets on the page unescaped. */
export interface Html {
  readonly html: string;
}

export type Content = string | number | Html | readonly Content[];

/** Markup with content put in: text is made visible and escaped, markup stays as it is. */
export function html(markup: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return { html: String.raw({ raw: markup }, ...contents.map(asMarkup)) };
}

function asMarkup(content: Content): string {
  if (typeof content === 'string') return escaped(visible(content));
  if (typeof content === 'number') return content.toLocaleString('en');
  return 'html' in content ? content.html : content.map(asMarkup).join('');
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const rightToLeftLetter = String.raw`\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}`;
/** From the first such letter to the last one, with no letter of another script between. */
const rightToLeftRun = new RegExp(
  `([${rightToLeftLetter}](?:[${rightToLeftLetter}\\P{L}]*[${rightToLeftLetter}])?)`,
  'u',
);

/** Text that may hold words written from right to left: each run is isolated, so that commas and numbers stay in place. */
export function isolated(text: string): Html {
  const runs = text.split(rightToLeftRun).map((run, index) => (index % 2 === 0 ? run : html`<bdi>${run}</bdi>`));
  return html`${runs}`;
}

export function aside(text: string): Html {
  return html`<span class="aside">${isolated(text)}</span>`;
}

export function code(text: string): Html {
  return html`<code>${isolated(text)}</code>`;
}

/** A row of a table of names and values. */
export function row(name: string, ...lines: readonly Content[]): Html {
  return html`<tr><th scope="row">${name}</th><td>${lines}</td></tr>\n`;
}

/** A list whose items from a number on are folded; the folder that all of them begin with is said once. */
export function* foldedList(kind: string, items: readonly string[], few: number, more: string): Generator<Html> {
  const common = commonFolder(items);
  if (common !== '') yield html`<p class="aside">Below <code>${isolated(common)}</code></p>\n`;
  const shown = items.map((item) => item.slice(common.length));
  const isFolded = shown.length > few + 1;
  yield* list(kind, isFolded ? shown.slice(0, few) : shown);
  if (!isFolded) return;
  yield html`<details><summary>and ${shown.length - few} ${more}</summary>\n`;
  yield* list(kind, shown.slice(few));
  yield html`</details>\n`;
}

function* list(kind: string, items: readonly string[]): Generator<Html> {
  yield html`<ul class="${kind}">\n`;
  for (const item of items) yield html`<li>${isolated(item)}</li>\n`;
  yield html`</ul>\n`;
}

/** Absolute paths alone: a drive, a share, or the root of Unix. */
const absolute = /^(?:[A-Za-z]:\\|\\\\|\/)/;

/** The folder that all of several paths begin with, its separator included; '' if there is none. */
function commonFolder(items: readonly string[]): string {
  const [first = '', ...others] = items;
  if (others.length === 0 || !items.every((item) => absolute.test(item))) return '';
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length -= 1;
  return /^.*[\\/]/su.exec(first.slice(0, length))?.[0] ?? '';
}
