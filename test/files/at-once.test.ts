import { describe, expect, test } from 'vitest';
import { atOnceWhileQuick } from '../../src/files/at-once.ts';

/** Steps that take these milliseconds each, in turn, when they are made at once; tells how each was made. */
async function waysOf(durations: readonly number[]): Promise<string[]> {
  let now = 0;
  const step = atOnceWhileQuick(() => now);
  const ways: string[] = [];
  for (const duration of durations) {
    await step(
      () => {
        now += duration;
        ways.push('at once');
      },
      async () => {
        ways.push('handed over');
      },
    );
  }
  return ways;
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('a small step', () => {
  test('is made at once while such steps are quick', async () => {
    expect(await waysOf(times(200, 0.05))).toEqual(times(200, 'at once'));
  });

  test('is made at once after a single slow one', async () => {
    expect(await waysOf([0.05, 5, 0.05, 5, 0.05])).toEqual(times(5, 'at once'));
  });

  test('is handed over after two slow ones in a row, until one is tried at once again', async () => {
    const ways = await waysOf([5, 5, ...times(64, 0), 0.05, 0.05]);
    expect(ways).toEqual([...times(2, 'at once'), ...times(64, 'handed over'), ...times(2, 'at once')]);
  });

  test('throws what either way throws, and a slow failure is slow', async () => {
    let now = 0;
    const step = atOnceWhileQuick(() => now);
    const fail = (): never => {
      now += 5;
      throw new Error('at once');
    };
    const failHandedOver = (): Promise<never> => Promise.reject(new Error('handed over'));
    await expect(step(fail, failHandedOver)).rejects.toThrow('at once');
    await expect(step(fail, failHandedOver)).rejects.toThrow('at once');
    await expect(step(fail, failHandedOver)).rejects.toThrow('handed over');
  });
});
