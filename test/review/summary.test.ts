import { expect, test } from 'vitest';
import type { Change } from '../../src/change/plan.ts';
import { changesInWords, countsInWords, countsOf } from '../../src/review/summary.ts';
import { screenReview } from '../../src/review/text.ts';
import { createStyle } from '../../src/terminal/style.ts';
import { deletion, guid, labelChange, modify, planOf } from './plans.ts';

const edits = ['CN=anna', 'CN=bert'].map((dn) => modify(dn, { attribute: 'homeMTA', remove: [dn], add: [] }));
const { kind: _kind, children: _children, ...doomed } = deletion('CN=EX04', []);
const tree: Change = {
  kind: 'delete-tree',
  dn: 'CN=EX04',
  guid,
  entries: Array.from({ length: 26 }, (_, number) => ({ ...doomed, dn: `CN=${number}` })),
};
const back: Change = { kind: 'undelete', dn: 'CN=EX04', guid, attributes: [] };

test.each<[string, readonly Change[], string]>([
  ['entries of several kinds', [...edits, deletion('CN=EX04', [])], '3 entries to change: 2 edited, 1 deleted'],
  ['a tree by each of its entries', [...edits, tree], '28 entries to change: 2 edited, 26 deleted'],
  [
    'what an undo does',
    [back, ...edits, { ...back, kind: 'add' }],
    '4 entries to change: 2 edited, 1 restored, 1 created',
  ],
  ['edits alone', edits, '2 entries to change'],
  ['one edit', edits.slice(1), '1 entry to change'],
  ['files', [labelChange('a', 'b'), labelChange('a', 'b')], '2 files to change'],
])('%s: %s', (_, changes, words) => {
  expect(changesInWords(countsOf(changes), 'to change')).toBe(words);
  expect([...screenReview(planOf(changes), { style: createStyle(false), verbose: true, width: 100 })]).toContainEqual(
    expect.stringMatching(new RegExp(`^  ${words}`)),
  );
});

test('counts in words name what is done to entries', () => {
  expect(countsInWords(countsOf([...edits, tree]))).toBe('2 edited, 26 deleted');
});
