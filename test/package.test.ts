import { execSync } from 'node:child_process';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freshFolder } from './support/fresh-folder.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

test('the package brings the versions that were tested: npx installs these, and no others', async () => {
  const folder = await freshFolder();
  await mkdir(path.join(folder, '.ci'));
  for (const file of ['package.json', 'package-lock.json', '.ci/make-shrinkwrap.js']) {
    await copyFile(path.join(root, file), path.join(folder, file));
  }
  execSync('node .ci/make-shrinkwrap.js', { cwd: folder });
  const [packed] = JSON.parse(String(execSync('npm pack --dry-run --ignore-scripts --json', { cwd: folder })));
  const names = packed.files.map((file: { readonly path: string }) => file.path);
  expect(names).toContain('npm-shrinkwrap.json');
  const { packages } = JSON.parse(await readFile(path.join(folder, 'npm-shrinkwrap.json'), 'utf8'));
  expect(Object.keys(packages)).toContain('node_modules/ldapts');
  expect(Object.keys(packages)).not.toContain('node_modules/vitest');
});
