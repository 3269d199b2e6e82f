import { expect, test } from 'vitest';
import { plan } from '../../../src/remedies/tombstone/plan.ts';
import { factsOf } from './support/facts.ts';

const days = (number: number) => ({ wanted: { kind: 'days', days: number }, accept: [] }) as const;
const unset = { wanted: { kind: 'unset' }, accept: [] } as const;

test('a new value takes the place of exactly the one that was read', () => {
  expect(plan(factsOf({ lifetime: 60 }), days(180))[0]?.edits).toEqual([
    {
      attribute: 'tombstoneLifetime',
      remove: ['60'],
      add: ['180'],
      singleValued: true,
      whenUnset: 'not set: 60 days',
    },
  ]);
});

test('from unset a value is only added, so that the server refuses it if somebody set one meanwhile', () => {
  expect(plan(factsOf({ lifetime: undefined }), days(180))[0]?.edits).toMatchObject([{ remove: [], add: ['180'] }]);
});

test('--unset removes the value that was read', () => {
  expect(plan(factsOf({ lifetime: 180 }), unset)[0]?.edits).toMatchObject([{ remove: ['180'], add: [] }]);
});

test('what is right already is not changed', () => {
  expect(plan(factsOf({ lifetime: 180 }), days(180))).toEqual([]);
  expect(plan(factsOf({ lifetime: undefined }), unset)).toEqual([]);
});

test('60 days that are written are a change from 60 days that are not', () => {
  expect(plan(factsOf({ lifetime: undefined }), days(60))).toHaveLength(1);
});

test('on Samba no value means 180 days, and where the server is not known both are named', () => {
  const words = (serverKind: 'samba' | 'unknown') =>
    plan(factsOf({ lifetime: undefined, serverKind }), days(365))[0]?.edits[0]?.whenUnset;
  expect(words('samba')).toBe('not set: 180 days');
  expect(words('unknown')).toBe('not set: 60 days on Windows, 180 on Samba');
});
