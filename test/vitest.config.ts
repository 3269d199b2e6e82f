import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** One vitest project a kind of test, so that `--project quick` leaves out what needs minutes or a real AD. */
const project = (
  name: string,
  include: readonly string[],
  options: { readonly testTimeout: number; readonly serial?: boolean },
) => ({
  test: {
    name,
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: [...include],
    testTimeout: options.testTimeout,
    hookTimeout: options.testTimeout,
    ...(options.serial === true ? { fileParallelism: false } : {}),
  },
});

const benchRequested = process.env['npm_lifecycle_event'] === 'bench';

export default defineConfig({
  test: {
    globalSetup: fileURLToPath(new URL('build-once.ts', import.meta.url)),
    // Left to itself vitest keeps one core free, which on two is half the machine.
    maxWorkers: '100%',
    projects: benchRequested
      ? [project('bench', ['bench/**/*.bench.ts'], { testTimeout: 1_800_000, serial: true })]
      : [
          {
            ...project('quick', ['**/*.test.ts'], { testTimeout: 60_000 }),
            test: {
              ...project('quick', ['**/*.test.ts'], { testTimeout: 60_000 }).test,
              exclude: ['ad/*.test.ts', 'terminal/**', 'windows/**', 'bench/**', 'review/page.test.ts'],
            },
          },
          project('terminal', ['terminal/**/*.test.ts'], { testTimeout: 180_000 }),
          project('page', ['review/page.test.ts'], { testTimeout: 60_000 }),
          {
            test: {
              ...project('windows', ['windows/**/*.test.ts'], { testTimeout: 300_000, serial: true }).test,
              globalSetup: fileURLToPath(new URL('windows/support/install-windows.ts', import.meta.url)),
            },
          },
          project('ad', ['ad/*.test.ts'], { testTimeout: 300_000, serial: true }),
        ],
  },
});
