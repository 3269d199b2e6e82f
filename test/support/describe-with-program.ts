import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'vitest';

/**
 * A suite that needs a program of Debian. Where there is none, it is skipped under a name that says how to change that;
 * with CI=true it fails instead.
 *
 * @param names the program's, the first one also its package
 * @param suite is given the path of the program
 */
export function describeWithProgram(
  name: string,
  names: readonly [string, ...string[]],
  suite: (program: string) => void,
): void {
  const program = names.map(pathOf).find((path) => path !== undefined);
  const missing = `needs ${names[0]}: run .ci/install-debian ${names[0]} as root`;
  if (program !== undefined) {
    describe(name, () => suite(program));
  } else if (process.env['CI'] === 'true') {
    test(`${name} (${missing})`, () => {
      throw new Error(`Under CI nothing is skipped: ${missing}`);
    });
  } else {
    describe.skip(`${name} (${missing})`, () => {
      test('is not run', () => undefined);
    });
  }
}

function pathOf(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        // Not in this folder, or not ours to run: the next one decides.
        return false;
      }
    });
}
