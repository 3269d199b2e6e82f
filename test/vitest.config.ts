import { existsSync, statfsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type UserWorkspaceConfig } from 'vitest/config';

/** One vitest project a kind of test, so that `--project quick` leaves out what needs minutes or a real AD. */
const project = (
  name: string,
  include: readonly string[],
  { testTimeout = 60_000, ...more }: NonNullable<UserWorkspaceConfig['test']>,
) => ({
  test: {
    name,
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: [...include],
    testTimeout,
    hookTimeout: testTimeout,
    // A test whose loop never runs fails.
    expect: { requireAssertions: true },
    ...more,
  },
});

/** Where files lie in memory, a write waits for no disk: a quarter of the quick tests' time. Docker may give it 64 MB. */
function foldersInMemory(): { readonly TMPDIR?: string } {
  const memory = '/dev/shm';
  if (!existsSync(memory)) return {};
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize > 1_000_000_000 ? { TMPDIR: memory } : {};
}

/** The build has taken the types out once; without this each worker would have it done again, a tenth of the time. */
const built = {
  alias: [
    { find: /^(?:\.\.\/)+src\/(.*)\.ts$/, replacement: `${fileURLToPath(new URL('../dist/', import.meta.url))}$1.js` },
  ],
  server: { deps: { external: [/\/dist\/.*\.js$/] } },
};

/** Each starts, stops and kills many processes of its own. */
const processes = ['faults/kill.test.ts', 'faults/two-runs.test.ts'];

const benchRequested = process.env['npm_lifecycle_event'] === 'bench';

export default defineConfig({
  test: {
    globalSetup: fileURLToPath(new URL('build-once.ts', import.meta.url)),
    // Left to itself vitest keeps one core free, which on two is half the machine.
    maxWorkers: '100%',
    projects: benchRequested
      ? [project('bench', ['bench/**/*.bench.ts'], { testTimeout: 1_800_000, fileParallelism: false })]
      : [
          project('quick', ['**/*.test.ts'], {
            exclude: ['ad/*.test.ts', 'terminal/**', 'windows/**', 'bench/**', ...processes, 'review/page.test.ts'],
            // No module holds state, so that the files of one worker can share what they import: a third of the time.
            isolate: false,
            ...built,
            execArgv: [
              // Most code runs for seconds only: V8 takes longer to compile it in large pieces than these save.
              '--max-inlined-bytecode-size-cumulative=200',
              // Each test leaves a forest behind. Collecting seldom, on the worker's own thread, leaves the other core alone.
              '--max-semi-space-size=64',
              '--single-threaded-gc',
            ],
            env: foldersInMemory(),
          }),
          project('processes', processes, {}),
          project('terminal', ['terminal/**/*.test.ts'], { testTimeout: 180_000 }),
          project('page', ['review/page.test.ts'], {}),
          // A Windows for each of two workers.
          project('windows', ['windows/**/*.test.ts'], {
            testTimeout: 300_000,
            maxWorkers: 2,
            sequence: { groupOrder: 2 },
            globalSetup: fileURLToPath(new URL('windows/support/install-windows.ts', import.meta.url)),
          }),
          // Labs in namespaces of their own do not meet, and wait more than they reckon: three files at once fill two cores.
          project('ad', ['ad/*.test.ts'], { testTimeout: 900_000, maxWorkers: 3, sequence: { groupOrder: 1 } }),
        ],
  },
});
