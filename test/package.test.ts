import { execSync } from 'node:child_process';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
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

describe('package-lock.json', () => {
  interface Locked {
    readonly libc?: unknown;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  }
  const readLock = async (): Promise<readonly (readonly [place: string, entry: Locked])[]> => {
    const { packages } = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8'));
    return Object.entries<Locked>(packages);
  };

  test('lists the optional packages of every platform', async () => {
    const lock = await readLock();
    const names = new Set(lock.map(([place]) => place.replace(/^.*node_modules\//, '')));
    const optional = lock.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}));
    expect(optional.length).toBeGreaterThan(50);
    expect(optional.filter((name) => !names.has(name))).toEqual([]);
  });

  test('has no "libc" members, which npm 11 writes and npm 10 takes out: npm install leaves it as it is', async () => {
    expect((await readLock()).filter(([, { libc }]) => libc !== undefined)).toEqual([]);
  });
});
