import { expect, test } from 'vitest';
import { type Position, positionInBrief, positionInWords } from '../../src/change/position.ts';

const undone = { kind: 'undone', time: '2026-11-22T10:00:00.000Z', by: undefined } as const;

test.each<[Position, string, string]>([
  [{ kind: 'not-applied' }, 'not applied yet', 'It was not applied yet.'],
  [
    { kind: 'applied-in-part', done: 0, total: 2 },
    'started, with nothing known to be written',
    'It was started, with nothing known to be written.',
  ],
  [{ ...undone, lost: 0 }, 'applied and undone', 'It was applied and undone.'],
  [
    { ...undone, lost: 1 },
    'applied, and undone as far as possible',
    'It was applied, and undone as far as possible: 1 entry or attribute cannot be restored.',
  ],
])('the position %j is given in few words in the list, and as a sentence by show', (position, brief, sentence) => {
  expect([positionInBrief(position), positionInWords(position)]).toEqual([brief, sentence]);
});
