/** Counts, lists and names in words, the same everywhere. */

/** "1 file", "1,284 files", "2 entries" */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/** "a", "a and b", "a, b and c"; with a greatest number "a, b and 3 more". */
export function listed(items: readonly string[], most = items.length): string {
  const shown = items.slice(0, most);
  const more = items.length - shown.length;
  const parts = more === 0 ? shown : [...shown, `${more.toLocaleString('en')} more`];
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

/** The values once each, in the order of their first place. */
export function distinct<T>(values: readonly T[], keyOf: (value: T) => unknown = (value) => value): readonly T[] {
  const seen = new Map<unknown, T>();
  for (const value of values) {
    const key = keyOf(value);
    if (!seen.has(key)) seen.set(key, value);
  }
  return [...seen.values()];
}

/** The name that a typing error most likely meant, in its own letter case; undefined if none is near. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  const near = names
    .map((name) => ({ name, distance: editDistance(given.toLowerCase(), name.toLowerCase()) }))
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

const longestShown = 120;

/** A text for a line on the screen: what is longer than 120 characters is cut, and an ellipsis says so. */
export function shortened(text: string): string {
  if (text.length <= longestShown) return text;
  // A pair of surrogates is one character, which is not cut in two.
  return `${[...text.slice(0, longestShown)].slice(0, -1).join('')}…`;
}
