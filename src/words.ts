/**
 * Counts, lists and durations in words, near matches of names, lists without repeats or in groups, and
 * results that are computed once for each name.
 */

import { domainToASCII } from 'node:url';

/** A number with its noun: "1 file", "1,284 files". Give the plural where it is not the noun with an s. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/**
 * Items in a sentence: "a, b and c"; of more than `most`, the first `most` and the number of the others: "a, b and 3
 * more".
 */
export function listed(items: readonly string[], most = Number.POSITIVE_INFINITY): string {
  const hidden = items.length - Math.max(1, most);
  const shown = hidden > 0 ? items.slice(0, -hidden) : items;
  const parts = hidden > 0 ? [...shown, `${hidden.toLocaleString('en')} more`] : shown;
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** The first of these lines, and how many more there are: "… and 3 more". */
export function firstLines(lines: readonly string[], most: number): readonly string[] {
  const more = lines.length - most;
  return more <= 0 ? lines : [...lines.slice(0, most), `… and ${more.toLocaleString('en')} more`];
}

/** The values without repeats, in the order in which they first appear. `keyOf` says which values count as the same. */
export function distinct<T>(values: readonly T[], keyOf: (value: T) => unknown = (value) => value): readonly T[] {
  const byKey = new Map<unknown, T>();
  for (const value of values) {
    const key = keyOf(value);
    if (!byKey.has(key)) byKey.set(key, value);
  }
  return [...byKey.values()];
}

/** Groups items by a key, in the order in which keys and items come (Map.groupBy, which Node 20 lacks). */
export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/**
 * A host, or words about it, with its ASCII form if it has another one: a name beyond ASCII may look like another name, and
 * DNS is asked for its ASCII form (RFC 3490).
 */
export function withAsciiForm(host: string, words = host): string {
  return /^[ -~]*$/.test(host) ? words : `${words} (${domainToASCII(host) || 'no host name'})`;
}

const second = 1000;
/** In milliseconds, as are `hour` and `day`. */
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/**
 * A duration in milliseconds in its largest suitable unit, rounded down: "40 seconds", "14 minutes", "36 hours",
 * "47 days". Below two days it is given in hours, which are more precise than "1 day".
 */
export function durationInWords(milliseconds: number): string {
  const length = Math.abs(milliseconds);
  if (length >= 2 * day) return counted(Math.floor(length / day), 'day');
  if (length >= hour) return counted(Math.floor(length / hour), 'hour');
  if (length >= minute) return counted(Math.floor(length / minute), 'minute');
  return counted(Math.floor(length / second), 'second');
}

/** "14 minutes ago", "in 3 minutes" (a clock is ahead), "never". */
export function agoInWords(time: Date | 'never', now: Date): string {
  if (time === 'never') return 'never';
  const passed = now.getTime() - time.getTime();
  const words = durationInWords(passed);
  return passed < 0 ? `in ${words}` : `${words} ago`;
}

const longestShown = 120;

/** A pure function that computes each of its results once: a site has few names, and each in many places. */
export function remembered<Key extends string, T>(compute: (key: Key) => T): (key: Key) => T {
  const known = new Map<Key, T>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const value = compute(key);
    known.set(key, value);
    return value;
  };
}

/** A text with its first letter in upper case. */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A text for a line on the screen: what is longer than 120 characters is cut, and an ellipsis says so. */
export function shortened(text: string): string {
  if (text.length <= longestShown) return text;
  // A pair of surrogates is one character, which is not cut in two.
  return `${[...text.slice(0, longestShown)].slice(0, -1).join('')}…`;
}

/** A path as it was typed or pasted: Explorer's "Copy as path" puts it in quotes. */
export function pastedPath(text: string): string {
  return text.trim().replace(/^"(.*)"$/, '$1');
}

/** The name that a typing error most likely meant; undefined if none is near. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  const near = names
    .map((name) => ({ name, distance: editDistance(given.toLowerCase(), name) }))
    .filter(({ name, distance }) => distance <= Math.ceil(name.length / 3))
    .sort((one, other) => one.distance - other.distance);
  return near[0]?.name;
}

/** Edits from one to the other: a character more, less or another, or two neighbours the other way round. */
function editDistance(one: string, other: string): number {
  const from = [...one];
  const to = [...other];
  let beforeThat: readonly number[] = [];
  let before = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [row, character] of from.entries()) {
    const here = [row + 1];
    for (const [column, candidate] of to.entries()) {
      const replaced = (before[column] ?? 0) + (character === candidate ? 0 : 1);
      const isSwapped = character === to[column - 1] && from[row - 1] === candidate;
      const swapped = isSwapped ? (beforeThat[column - 1] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      here.push(Math.min(replaced, swapped, (before[column + 1] ?? 0) + 1, (here[column] ?? 0) + 1));
    }
    beforeThat = before;
    before = here;
  }
  return before.at(-1) ?? 0;
}
