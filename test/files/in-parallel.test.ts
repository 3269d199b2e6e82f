import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inParallel } from '../../src/files/in-parallel.ts';

test('the results are in the order of the items, whichever ends first', async () => {
  expect(await inParallel([8, 1, 4], 3, async (item, index) => sleep(item, `${index}:${item}`))).toEqual([
    '0:8',
    '1:1',
    '2:4',
  ]);
  expect(await inParallel([], 3, () => Promise.reject(new Error('none')))).toEqual([]);
});

test('as many items as the limit allows are in progress, never more', async () => {
  let underWay = 0;
  const seen: number[] = [];
  await inParallel(Array.from({ length: 20 }), 4, async () => {
    underWay += 1;
    seen.push(underWay);
    await sleep(1);
    underWay -= 1;
  });
  expect(Math.max(...seen)).toBe(4);
});

test('after the first error, items in progress are waited for and no further item is begun', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = inParallel([0, 1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error('at 1');
    await sleep(5);
    ended.push(item);
  });
  await expect(work).rejects.toThrow('at 1');
  expect(begun).toEqual([0, 1]);
  expect(ended).toEqual([0]);
});
