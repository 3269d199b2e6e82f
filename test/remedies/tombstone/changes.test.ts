import { expect, test } from 'vitest';
import { propose } from '../../../src/remedies/tombstone/changes.ts';
import { days, factsOf, wanting } from './support/facts.ts';

const unset = wanting({ kind: 'unset' });

const edits = (...[facts, options]: Parameters<typeof propose>) => {
  const [change] = propose(facts, options).changes;
  return change?.kind === 'modify' ? change.edits : undefined;
};

test('a new value takes the place of exactly the one that was read', () => {
  expect(edits(factsOf({ lifetime: 60 }), days(180))).toEqual([
    {
      attribute: 'tombstoneLifetime',
      remove: ['60'],
      add: ['180'],
      singleValued: true,
      whenUnset: 'not set: 60 days',
    },
  ]);
});

test('from unset a value is only added, so that the server refuses it if one was set meanwhile', () => {
  expect(edits(factsOf({ lifetime: undefined }), days(180))).toMatchObject([{ remove: [], add: ['180'] }]);
});

test('--unset removes the value that was read', () => {
  expect(edits(factsOf({ lifetime: 180 }), unset)).toMatchObject([{ remove: ['180'], add: [] }]);
});

test('a value that is right already is not changed', () => {
  expect(propose(factsOf({ lifetime: 180 }), days(180)).changes).toEqual([]);
  expect(propose(factsOf({ lifetime: undefined }), unset).changes).toEqual([]);
});

test('writing 60 days is a change where 60 are in force without a value', () => {
  expect(propose(factsOf({ lifetime: undefined }), days(60)).changes).toHaveLength(1);
});

test('on Samba no value means 180 days, and where the server is not known both are named', () => {
  const words = (serverKind: 'samba' | 'unknown') =>
    edits(factsOf({ lifetime: undefined, serverKind }), days(365))?.[0]?.whenUnset;
  expect(words('samba')).toBe('not set: 180 days');
  expect(words('unknown')).toBe('not set: 60 days on Windows, 180 on Samba');
});
