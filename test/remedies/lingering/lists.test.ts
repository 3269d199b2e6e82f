import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { GuidList } from '../../../src/remedies/lingering/compare.ts';

const guidOf = (number: number): Buffer => createHash('sha256').update(String(number)).digest().subarray(0, 16);

test('finds each of many GUIDs with its state, and no other', () => {
  const list = new GuidList();
  const count = 70_000;
  for (let number = 0; number < count; number += 1) list.add(guidOf(number), number % 3 === 0);
  let wrong = 0;
  for (let number = 0; number < count; number += 1) {
    const index = list.indexOf(guidOf(number));
    if (index !== number || list.isDeletedAt(index) !== (number % 3 === 0)) wrong += 1;
    if (list.indexOf(guidOf(number + count)) !== undefined) wrong += 1;
  }
  expect(wrong).toBe(0);
  expect(list.size).toBe(count);
  expect(list.guidAt(66_000)).toEqual(guidOf(66_000));
});

test('distinguishes GUIDs that are numbered instead of random', () => {
  const list = new GuidList();
  const numbered = (number: number): Buffer => {
    const guid = Buffer.alloc(16);
    guid.writeUInt32BE(number, 12);
    return guid;
  };
  for (let number = 0; number < 5000; number += 1) list.add(numbered(number), false);
  expect(Array.from({ length: 5000 }, (_, number) => list.indexOf(numbered(number)))).toEqual([...Array(5000).keys()]);
  expect(list.indexOf(numbered(5000))).toBeUndefined();
});

test('an empty list has nothing', () => {
  expect(new GuidList().indexOf(Buffer.alloc(16))).toBeUndefined();
});
