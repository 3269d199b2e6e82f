import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import filesystem, { readdir, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from '../../src/change/folder-lock.ts';
import { RefusedError } from '../../src/errors.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder } from '../support/fresh-folder.ts';

type Outcome = 'taken' | 'refused' | 'killed';

/** A run that takes the folder step by step on the file system, and is killed before one of its steps, or never. */
class Run {
  readonly process: number;
  isRunning = true;
  outcome: Outcome | undefined;
  #stepsToGo: number;
  #goOn: (() => void) | undefined;
  /** To be called when the run waits for its next step, or has come to its end. */
  #paused = (): void => undefined;

  constructor(process: number, killedBefore = Number.POSITIVE_INFINITY) {
    this.process = process;
    this.#stepsToGo = killedBefore;
  }

  /** Starts the run, up to its first step. */
  start(take: () => Promise<Outcome>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#paused = resolve;
      const ended = (outcome: Outcome): void => {
        this.outcome = outcome;
        this.#paused();
      };
      current.run(this, take).then(ended, reject);
    });
  }

  /** Lets the run do its step, up to the next one. */
  goOn(): Promise<void> {
    return new Promise((resolve) => {
      this.#paused = resolve;
      this.#goOn?.();
    });
  }

  /** A killed run never goes on. */
  step(): Promise<void> {
    this.#stepsToGo -= 1;
    if (this.#stepsToGo === 0) {
      this.isRunning = false;
      this.outcome = 'killed';
    }
    return new Promise((resolve) => {
      this.#goOn = resolve;
      this.#paused();
    });
  }
}

const operations = ['lstat', 'open', 'readdir', 'rename', 'rm'] as const;
const real = { ...filesystem };
const current = new AsyncLocalStorage<Run>();

let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await freshFolder();
  lock = path.join(folder, 'lock.json');
  for (const operation of operations) {
    const stepwise = async (...args: readonly unknown[]): Promise<unknown> => {
      await current.getStore()?.step();
      return (real[operation] as (...all: readonly unknown[]) => Promise<unknown>)(...args);
    };
    Object.assign(filesystem, { [operation]: stepwise });
  }
  syncBuiltinESMExports();
});
afterEach(() => {
  Object.assign(filesystem, real);
  syncBuiltinESMExports();
});

const markOf = (file: string, text: string): string =>
  `${file}.${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
const holder = (process: number) => ({ process, host: 'here', since: '2026-11-22T09:00:00.000Z' });

/** Lets the runs take the folder, one step of one of them at a time, and gives what has become of them. */
async function interleaved(runs: readonly Run[], among: (count: number) => number): Promise<readonly Outcome[]> {
  const isRunning = (process: number): boolean => runs.some((each) => each.process === process && each.isRunning);
  const take = async (run: Run): Promise<Outcome> => {
    try {
      const letGo = await lockFolder(folder, { holder: holder(run.process), isRunning, patience: noWaiting });
      if (run.process === last) await letGo();
      return 'taken';
    } catch (error) {
      if (error instanceof RefusedError) return 'refused';
      throw error;
    }
  };
  for (const run of runs) await run.start(() => take(run));
  for (;;) {
    const going = runs.filter(({ outcome }) => outcome === undefined);
    const next = going[among(going.length)];
    if (next === undefined) return runs.map(({ outcome }) => outcome ?? 'killed');
    await next.goOn();
  }
}

/** The run that takes the folder after the others, and lets it go. */
const last = 99;

/** Numbers below a count that look random and are the same each time: Lehmer's generator, with Park and Miller's numbers. */
function numbersFrom(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.floor((state / 2_147_483_647) * count);
  };
}

const rounds = Array.from({ length: 30 }, (_, index) => index + 1);

test('a lock that was left behind is replaced by exactly one of many runs, wherever they are interrupted and two are killed', async () => {
  for (const round of rounds) {
    const among = numbersFrom(round);
    for (let number = 0; number < 9; number += 1) among(2);
    const left = JSON.stringify(holder(4711));
    await writeFile(lock, left);
    await writeFile(markOf(lock, left), JSON.stringify(holder(4712)));
    const killed = [17, 18].map((process) => new Run(process, 1 + among(16)));
    const others = [19, 20, 21].map((process) => new Run(process));
    const outcomes = await interleaved([...killed, ...others], among);
    expect(outcomes.filter((outcome) => outcome === 'taken').length, `round ${round}`).toBeLessThanOrEqual(1);
    // All of them have ended since: the next run takes the folder, and leaves nothing behind.
    expect(await interleaved([new Run(last)], among), `round ${round}`).toEqual(['taken']);
    expect(await readdir(folder), `round ${round}`).toEqual([]);
  }
});
