/** Small steps on files, made at once or handed to other threads, whichever is faster here. */

/** Makes a step in one of two ways that come to the same; what either throws is thrown. */
export type SmallSteps = <T>(atOnce: () => T, onAnotherThread: () => Promise<T>) => Promise<T>;

/** In milliseconds. What the system has in memory takes a tenth of it, handing a step over and back a quarter. */
const slow = 0.2;
/** A single slow step may only mean that the processor was busy. */
const slowInARow = 2;
const handedOver = 64;

/**
 * Steps are made at once while they are quick. A local file system answers within microseconds, and handing the step
 * to another thread and back takes longer than the step. On a share each step waits for the network, and then many
 * have to wait at the same time: after slow ones the next are handed over, before one is tried at once again.
 *
 * @param clock in milliseconds, only goes forward
 */
export function atOnceWhileQuick(clock: () => number = () => performance.now()): SmallSteps {
  let slowOnes = 0;
  let toHandOver = 0;
  return async (atOnce, onAnotherThread) => {
    if (toHandOver > 0) {
      toHandOver -= 1;
      return onAnotherThread();
    }
    const started = clock();
    try {
      return atOnce();
    } finally {
      slowOnes = clock() - started > slow ? slowOnes + 1 : 0;
      if (slowOnes >= slowInARow) toHandOver = handedOver;
    }
  };
}
