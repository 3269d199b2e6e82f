/**
 * Bundles the command to a few files, as many small modules take longer to find and read than to run: what --help
 * needs, each remedy, the directory in this process, the wire to another one (with ldapts, which takes long to load), and
 * all the rest.
 */

import { readFileSync } from 'node:fs';

const quick =
  /\/src\/(?:(?!quoting)[^/]+|remedies\/(?:index|[^/]+\/flags)|commands\/(?:commands|help|command-flags))\.ts$/;
const wire = /\/src\/ldap\/(?:ldap-session|connection|requests|responses|logon\/.+)\.ts$/;
const embedded = /\/src\/(?:embedded\/.+|commands\/practice)\.ts$/;

/** The file of the bundle that a module goes to. */
function fileOf(module) {
  if (quick.test(module)) return 'main';
  if (embedded.test(module)) return 'embedded';
  if (wire.test(module)) return 'ldap';
  return /\/src\/remedies\/([^/]+)\//.exec(module)?.[1] ?? 'work';
}

export default {
  input: 'src/main.ts',
  platform: 'node',
  // What is not ours stays a dependency that npm installs and checks.
  external: /^[^./]/,
  preserveEntrySignatures: 'allow-extension',
  // What a file imports when needed may be in the same file.
  checks: { ineffectiveDynamicImport: false },
  plugins: [
    {
      name: 'types',
      generateBundle() {
        this.emitFile({ type: 'asset', fileName: 'main.d.cts', source: readFileSync('dist/main.d.ts') });
      },
    },
  ],
  output: {
    dir: 'bundle',
    cleanDir: true,
    // Node starts CommonJS a tenth faster than modules, which --help would show.
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [{ debugName: 'files', name: (module) => fileOf(module.replaceAll('\\', '/')) }],
    },
  },
};
