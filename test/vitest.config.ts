import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** One vitest project a kind of test, so that `--project quick` leaves out what needs minutes or a real AD. */
const project = (
  name: string,
  include: readonly string[],
  options: {
    readonly testTimeout: number;
    readonly exclude?: readonly string[];
    readonly serial?: boolean;
    readonly isolate?: false;
  },
) => ({
  test: {
    name,
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: [...include],
    exclude: [...(options.exclude ?? [])],
    testTimeout: options.testTimeout,
    hookTimeout: options.testTimeout,
    ...(options.serial === true ? { fileParallelism: false } : {}),
    ...(options.isolate === false ? { isolate: false } : {}),
  },
});

/** Each starts, stops and kills many processes of its own. */
const processes = ['faults/kill.test.ts', 'faults/two-runs.test.ts'];

const benchRequested = process.env['npm_lifecycle_event'] === 'bench';

export default defineConfig({
  test: {
    globalSetup: fileURLToPath(new URL('build-once.ts', import.meta.url)),
    // Left to itself vitest keeps one core free, which on two is half the machine.
    maxWorkers: '100%',
    projects: benchRequested
      ? [project('bench', ['bench/**/*.bench.ts'], { testTimeout: 1_800_000, serial: true })]
      : [
          project('quick', ['**/*.test.ts'], {
            testTimeout: 60_000,
            exclude: ['ad/*.test.ts', 'terminal/**', 'windows/**', 'bench/**', ...processes, 'review/page.test.ts'],
            // No module holds state, so that the files of one worker can share what they import: a third of the time.
            isolate: false,
          }),
          project('processes', processes, { testTimeout: 60_000 }),
          project('terminal', ['terminal/**/*.test.ts'], { testTimeout: 180_000 }),
          project('page', ['review/page.test.ts'], { testTimeout: 60_000 }),
          project('windows', ['windows/**/*.test.ts'], { testTimeout: 300_000, serial: true }),
          project('ad', ['ad/*.test.ts'], { testTimeout: 300_000, serial: true }),
        ],
  },
});
