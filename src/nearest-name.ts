/** What a typing error may have meant. */

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
