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
