import { expect, test } from 'vitest';
import type { Change } from '../../src/change/plan.ts';
import { changesInWords, countsInWords, countsOf, headOf } from '../../src/review/summary.ts';
import { screenReview } from '../../src/review/text.ts';
import { createStyle } from '../../src/terminal/style.ts';
import { deletion, forest, guid, labelChange, modify, planOf } from './plans.ts';

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

test('a host that may look like another one is shown with its ASCII form', () => {
  const host = 'dc1.c\u043ercle.example';
  const connection = { kind: 'server', host, port: 636, auth: 'password', tls: 'ldaps', tlsName: host } as const;
  const target = { ...forest, domainController: host, connection };
  const rows = headOf(planOf([modify('CN=a')], { target }));
  const shown = rows.flatMap(({ value, note = '' }) => [value, note]).filter((words) => words.includes(host));
  expect(shown).toHaveLength(3);
  for (const words of shown) expect(words).toContain(`${host} (dc1.xn--crcle-jye.example)`);
  const [folder] = headOf(planOf([], { target: { kind: 'files', roots: ['\\\\TM\u026201\\C$'] } })).filter(
    ({ name }) => name === 'Folder',
  );
  expect(folder?.value).toBe('\\\\TM\u026201\\C$ (xn--tm01-67b)');
});
