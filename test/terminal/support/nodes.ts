import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, test } from 'vitest';

export interface TestNode {
  readonly path: string;
  /** "v26.10.0". */
  readonly version: string;
  /** The first or the last of the Nodes: for a test that takes too long for each of them. */
  readonly outermost: boolean;
}

const listed = process.env['ADSI_REMEDY_TEST_NODES']?.split(':').filter((path) => path !== '') ?? [];
const missing = listed.filter((path) => !existsSync(path));
const present = new Map(
  [process.execPath, ...listed.filter((path) => existsSync(path))].map((path) => [
    execFileSync(path, ['--version'], { encoding: 'utf8' }).trim(),
    path,
  ]),
);

const howToGet = 'export ADSI_REMEDY_TEST_NODES="$(.ci/install-nodes FOLDER)"';

/**
 * Tests that are run on this Node and on those of ADSI_REMEDY_TEST_NODES (paths with colons between them). Where that is
 * not two at least, a skipped test says how to get another; where CI is true, it fails.
 */
export function describeOnEveryNode(name: string, tests: (node: TestNode) => void): void {
  for (const [index, [version, path]] of [...present].entries()) {
    const outermost = index === 0 || index === present.size - 1;
    describe(`${name}, Node ${version}`, () => tests({ path, version, outermost }));
  }
  const lacks = missing.length > 0 ? missing.join(', ') : present.size < 2 ? 'a second Node' : undefined;
  if (lacks === undefined) return;
  test.skipIf(process.env['CI'] !== 'true')(`${name}: needs ${lacks}; get it by ${howToGet}`, () => {
    throw new Error(`Missing: ${lacks}. Get it by: ${howToGet}`);
  });
}
