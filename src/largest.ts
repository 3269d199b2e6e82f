/** The largest of these numbers, and not below the least: Math.max takes no more of them than the stack has room for. */
export function largest(least: number, numbers: Iterable<number>): number {
  let found = least;
  for (const number of numbers) if (number > found) found = number;
  return found;
}
