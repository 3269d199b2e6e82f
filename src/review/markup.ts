/** Markup for the review page: text is escaped and made visible on the way in, whatever a plan holds. */

import { visible } from '../terminal/text-layout.ts';
import { pathsBelow } from './file-places.ts';

/** Text that is markup; made by `html` alone, so that nothing gets on the page unescaped. */
export interface Html {
  readonly html: string;
}

/** What can be put into markup. */
export type Content = string | number | Html | readonly Content[];

/** Markup with content put in: text is made visible and escaped, markup stays as it is. */
export function html(markup: TemplateStringsArray, ...contents: readonly Content[]): Html {
  // Five times as fast as String.raw, and a page is made of thousands of these.
  let text = markup[0] ?? '';
  for (const [index, content] of contents.entries()) text += asMarkup(content) + (markup[index + 1] ?? '');
  return { html: text };
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

/** A remark next to something. */
export function aside(text: string): Html {
  return html`<span class="aside">${isolated(text)}</span>`;
}

/** A name that is to be copied. */
export function code(text: string): Html {
  return html`<code>${isolated(text)}</code>`;
}

/** A row of a table of names and values. */
export function row(name: string, ...lines: readonly Content[]): Html {
  return html`<tr><th scope="row">${name}</th><td>${lines}</td></tr>\n`;
}

/** A tree as nested lists: each node at its depth, but never more than one level below the node above it. */
export function* treeList<Node extends { readonly depth: number }>(
  nodes: Iterable<Node>,
  draw: (node: Node) => Iterable<Html>,
): Generator<Html> {
  let open = 0;
  for (const node of nodes) {
    const level = Math.min(open + 1, Math.max(1, node.depth + 1));
    if (level > open) yield html`<ul class="tree">\n`;
    else yield html`</li>\n${Array.from({ length: open - level }, () => html`</ul></li>\n`)}`;
    yield html`<li>`;
    yield* draw(node);
    open = level;
  }
  yield html`${Array.from({ length: open }, () => html`</li></ul>\n`)}`;
}

/** A list whose items from a number on are folded. */
export function* foldedList(kind: string, items: readonly string[], few: number, more: string): Generator<Html> {
  const isFolded = items.length > few + 1;
  yield* list(kind, isFolded ? items.slice(0, few) : items);
  if (!isFolded) return;
  yield html`<details><summary>and ${items.length - few} ${more}</summary>\n`;
  yield* list(kind, items.slice(few));
  yield html`</details>\n`;
}

function* list(kind: string, items: readonly string[]): Generator<Html> {
  yield html`<ul class="${kind}">\n`;
  for (const item of items) yield html`<li>${isolated(item)}</li>\n`;
  yield html`</ul>\n`;
}

/** The same for paths: the roots that they lie below are said once. */
export function* pathList(
  kind: string,
  paths: readonly string[],
  roots: readonly string[],
  few: number,
  more: string,
): Generator<Html> {
  for (const { roots: above, rests } of pathsBelow(paths, roots)) {
    if (above.length > 0) {
      const folders = above.map((root) => html`<code>${isolated(root)}</code>`);
      yield html`<p class="roots">${above.length === 1 ? 'Below ' : 'Below each of '}${folders}</p>\n`;
    }
    yield* foldedList(kind, rests, few, more);
  }
}
