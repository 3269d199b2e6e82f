/** Which words of two lines differ, so that a reader's eye goes there first. */

export interface Segment {
  readonly text: string;
  readonly changed: boolean;
}

/** Longer lines are marked as a whole: comparing them word by word would cost more than it shows. */
const mostWords = 200;

/** The old and the new text, each in segments that joined give the text again. */
export function markChangedWords(old: string, now: string): { readonly old: Segment[]; readonly new: Segment[] } {
  const before = wordsOf(old);
  const after = wordsOf(now);
  if (before.length > mostWords || after.length > mostWords) {
    return { old: [{ text: old, changed: true }], new: [{ text: now, changed: true }] };
  }
  const common = commonWords(before, after);
  return {
    old: segments(before, (index) => !common.some(([inOld]) => inOld === index)),
    new: segments(after, (index) => !common.some(([, inNew]) => inNew === index)),
  };
}

function wordsOf(text: string): readonly string[] {
  return text.match(/[\p{L}\p{M}\p{N}]+|\s+|[^\p{L}\p{M}\p{N}\s]/gu) ?? [];
}

/** Pairs of indexes of a longest common subsequence. */
function commonWords(before: readonly string[], after: readonly string[]): readonly (readonly [number, number])[] {
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  const lengthAt = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        before[row] === after[column]
          ? lengthAt(row + 1, column + 1) + 1
          : Math.max(lengthAt(row + 1, column), lengthAt(row, column + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let row = 0, column = 0; row < before.length && column < after.length; ) {
    if (before[row] === after[column]) {
      pairs.push([row, column]);
      row += 1;
      column += 1;
    } else if (lengthAt(row + 1, column) >= lengthAt(row, column + 1)) row += 1;
    else column += 1;
  }
  return pairs;
}

function segments(words: readonly string[], isChanged: (index: number) => boolean): Segment[] {
  const joined: Segment[] = [];
  for (const [index, text] of words.entries()) {
    const changed = isChanged(index);
    const last = joined.at(-1);
    if (last?.changed === changed) joined[joined.length - 1] = { text: last.text + text, changed };
    else joined.push({ text, changed });
  }
  return joined;
}
