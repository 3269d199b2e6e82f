/** Ours against a peer's, one after the other, again and again: what disturbs one round disturbs both. */

export interface DuelResult {
  /** The median over the rounds of ours divided by the peer's. */
  readonly ratio: number;
  /** The lowest and the highest ratio. */
  readonly range: readonly [number, number];
  /** Medians, in seconds. */
  readonly ours: number;
  readonly peer: number;
}

/**
 * @param round measures both sides once, in seconds; it gets the number of the round, from 0
 */
export async function duel(
  rounds: number,
  round: (number: number) => Promise<{ readonly ours: number; readonly peer: number }>,
): Promise<DuelResult> {
  const results: { ours: number; peer: number }[] = [];
  for (let number = 0; number < rounds; number += 1) results.push(await round(number));
  const ratios = results.map(({ ours, peer }) => ours / peer);
  return {
    ratio: median(ratios),
    range: [Math.min(...ratios), Math.max(...ratios)],
    ours: median(results.map(({ ours }) => ours)),
    peer: median(results.map(({ peer }) => peer)),
  };
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
