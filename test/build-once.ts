import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The tests that start the command run what users run: bin over a fresh bundle. dist holds its modules one by one. */
export function setup(): void {
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const node = (...args: readonly string[]) => execFileSync(process.execPath, args, { cwd, stdio: 'inherit' });
  node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
  node('node_modules/rolldown/bin/cli.mjs', '--config', '.ci/rolldown.config.js', '--logLevel', 'warn');
}
