import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The tests that start the command run what users run: bin over a fresh dist. */
export function setup(): void {
  const repository = fileURLToPath(new URL('..', import.meta.url));
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], {
    cwd: repository,
    stdio: 'inherit',
  });
}
