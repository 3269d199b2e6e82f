import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inParallel } from '../../src/files/in-parallel.ts';

test('the results come in the order of the items, whichever ends first', async () => {
  expect(await inParallel([8, 1, 4], 3, async (item, index) => sleep(item, `${index}:${item}`))).toEqual([
    '0:8',
    '1:1',
    '2:4',
  ]);
  expect(await inParallel([], 3, () => Promise.reject(new Error('none')))).toEqual([]);
});

test('no more than the limit are under way at once, and no fewer while there is work', async () => {
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

test('the first error ends it: what was begun is waited for, nothing further is begun', async () => {
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
