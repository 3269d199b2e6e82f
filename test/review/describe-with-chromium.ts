import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'vitest';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * A suite that needs Chromium. Where there is none, it is skipped under a name that says how to change that; with CI=true
 * it fails instead.
 *
 * @param suite is given the path of the browser
 */
export function describeWithChromium(name: string, suite: (browser: string) => void): void {
  const browser = names.map(pathOf).find((path) => path !== undefined);
  const missing = 'needs Chromium: run .ci/install-chromium as root';
  if (browser !== undefined) {
    describe(name, () => suite(browser));
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
