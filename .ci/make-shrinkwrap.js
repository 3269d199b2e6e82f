// Makes npm-shrinkwrap.json for the package: the runtime part of the lock file, so that npx installs what was tested.
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const runtime = Object.entries(lock.packages).filter(([, entry]) => entry.dev !== true && entry.devOptional !== true);
const packages = Object.fromEntries(runtime);
const { devDependencies: _, ...root } = packages[''];
writeFileSync(
  'npm-shrinkwrap.json',
  `${JSON.stringify({ ...lock, packages: { ...packages, '': root } }, undefined, 2)}\n`,
);
