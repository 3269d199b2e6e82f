import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll(path.sep, '/'));

/** The files of src that a file imports, types and dynamic imports included. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(path.join(src, file), 'utf8');
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.{1,2}\/[^']+\.ts)'/g)].map(([, target = '']) =>
    path.posix.normalize(path.posix.join(path.posix.dirname(file), target)),
  );
}

const imports = new Map(files.map((file) => [file, importsOf(file)]));

const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : file);

/** Files at the top that any room may use. */
const shared = files.filter((file) => !file.includes('/') && file !== 'main.ts');

/** What the rooms may import besides themselves and the shared files. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['commands', 'remedies'],
  commands: ['remedies', 'review', 'change', 'terminal', 'ldap', 'ad', 'embedded', 'files'],
  remedies: ['ad', 'ldif', 'files', 'ldap', 'terminal', 'change'],
  review: ['change', 'terminal', 'remedies', 'ad', 'ldif', 'ldap', 'files'],
  change: ['ad', 'ldif', 'files', 'ldap'],
  embedded: ['ldap', 'ad', 'ldif', 'files'],
  ldap: ['ad'],
  ad: ['ldap'],
  ldif: ['ldap'],
  files: [],
  terminal: [],
};

/** Where a room may use only these files of another one: interfaces and types. */
const onlyThese: Readonly<Record<string, readonly RegExp[]>> = {
  'ad → ldap': [/^ldap\/(session|diagnostics)\.ts$/],
  'ldif → ldap': [/^ldap\/session\.ts$/],
  'remedies → ldap': [/^ldap\/(session|diagnostics)\.ts$/],
  'change → ldap': [/^ldap\/(session|diagnostics)\.ts$/],
  'remedies → terminal': [/^terminal\/prompter\.ts$/],
  'review → ldap': [/^ldap\/(session|diagnostics)\.ts$/],
  'review → remedies': [/^remedies\/remedy\.ts$/],
};

test('no file of src imports itself by way of others', () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, above: readonly string[]): void => {
    const at = above.indexOf(file);
    if (at >= 0) {
      circles.push([...above.slice(at), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...above, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(files.length).toBeGreaterThan(100);
  expect(circles).toEqual([]);
});

test('rooms import one way', () => {
  const wrong = files.flatMap((file) =>
    (imports.get(file) ?? []).flatMap((target) => {
      const [from, to] = [roomOf(file), roomOf(target)];
      if (from === to || shared.includes(to)) return [];
      const rules = onlyThese[`${from} → ${to}`];
      const may = (allowed[from] ?? []).includes(to) && (rules?.some((rule) => rule.test(target)) ?? true);
      return may ? [] : [`${file} → ${target}`];
    }),
  );
  expect(wrong).toEqual([]);
});

/** Why the name of a remedy is also a term of the field. */
const fieldTerms = {
  'a label of a DNS name (RFC 1035)': {
    'ad/entry.ts': ['labels'],
    'ad/locate.ts': ['labels'],
  },
  'the label of a choice': {
    'terminal/choice-list.ts': ['columnsOfLabels', 'fewLabels', 'labels'],
  },
  'a tombstone: what a deleted entry becomes in Active Directory': {
    'ad/deleted-object-lifetime.ts': ['oldestTombstone'],
    'ad/security-descriptor.ts': ['Tombstones'],
    'change/delete-writer.ts': ['lookForTombstone', 'tombstone'],
    'change/entry-content.ts': ['otherTombstone', 'tombstone'],
    'change/plan.ts': ['tombstoneDn'],
    'change/read-plan.ts': ['tombstoneDn'],
    'change/undelete-writer.ts': ['otherTombstone', 'tombstone'],
    'change/undo-entries.ts': ['otherTombstone', 'tombstone', 'tombstoneDn'],
    'change/verify.ts': ['tombstone', 'tombstones'],
    'embedded/replication.ts': ['keptByTombstone'],
    'embedded/schema.ts': ['keptByTombstone'],
    'embedded/write.ts': ['keptByTombstone'],
    'ldap/diagnostics.ts': ['tombstone'],
    'review/ldif.ts': ['tombstone', 'tombstoneDn'],
    'review/rows.ts': ['tombstoneDn'],
  },
  'the attribute tombstoneLifetime': {
    'ad/deleted-object-lifetime.ts': ['tombstoneLifetime'],
    'ad/replication-values.ts': ['tombstoneLifetime'],
    'embedded/replication-values.ts': ['tombstoneLifetime'],
    'embedded/schema.ts': ['tombstoneLifetime'],
    'embedded/visibility.ts': ['tombstoneLifetime'],
  },
  'a lingering object, and the operation removeLingeringObject': {
    'ad/repadmin.ts': ['LingeringObjectsRequest', 'listLingeringObjects', 'removeLingeringObjects'],
    'ad/replication-islands.ts': ['LingeringObjectsRequest'],
    'change/plan.ts': ['RemoveLingeringChange', 'remove-lingering'],
    'change/read-plan.ts': ['remove-lingering'],
    'change/undo-link.ts': ['remove-lingering'],
    'commands/apply.ts': ['remove-lingering'],
    'commands/change-folder.ts': ['remove-lingering'],
    'embedded/replication.ts': ['lingering'],
    'ldap/diagnostics.ts': ['lingering'],
    'review/ldif.ts': ['RemoveLingeringChange', 'remove-lingering', 'removeLingeringObject', 'lingering'],
    'review/rows.ts': ['remove-lingering'],
    'review/summary.ts': ['remove-lingering'],
  },
  'replication metadata, and the metadata cleanup of ntdsutil': {
    'ad/repadmin.ts': ['metadata', 'removeMetadata'],
    'ad/replication-values.ts': ['linkMetadataAttribute', 'metadataAttributes'],
    'embedded/replication-values.ts': ['metadataOf'],
    'embedded/visibility.ts': ['metadataOf'],
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** The terms that a file may use, whatever their reason. */
function termsIn(file: string): readonly string[] {
  return Object.values(fieldTerms).flatMap((byFile) =>
    Object.entries<readonly string[]>(byFile).flatMap(([name, terms]) => (name === file ? terms : [])),
  );
}

describe('a remedy', () => {
  const names = readdirSync(path.join(src, 'remedies'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  test.each(names)('%s is named in its folder and its line in the list alone', (name) => {
    const elsewhere = files
      .filter((file) => !file.startsWith(`remedies/${name}/`) && file !== 'remedies/index.ts')
      .filter((file) =>
        new RegExp(`['"\`](?:[^'"\`]*/)?${name}(?:/[^'"\`]*)?['"\`]|adsi-remedy ${name}\\b`).test(codeOf(file)),
      );
    expect(elsewhere).toEqual([]);
  });

  test.each(names)(
    '%s is used in the rooms around the remedies only as a term of the field, in names and in sentences',
    (name) => {
      const elsewhere = files
        .filter((file) => !/^remedies\/(?:[^/]+\/|index\.ts)/.test(file))
        .flatMap((file) => {
          const known = termsIn(file);
          return namesIn(file, name).flatMap((word) => (known.includes(word) ? [] : [`${file}: ${word}`]));
        });
      expect(elsewhere).toEqual([]);
    },
  );

  test('has no name that is listed as a term of the field without need', () => {
    const unused = Object.values(fieldTerms).flatMap((byFile) =>
      Object.entries<readonly string[]>(byFile).flatMap(([file, terms]) => {
        const used = names.flatMap((name) => namesIn(file, name));
        return terms.flatMap((term) => (used.includes(term) ? [] : [`${file}: ${term}`]));
      }),
    );
    expect(unused).toEqual([]);
  });

  test('does not import another one', () => {
    expect(names.length).toBeGreaterThan(2);
    const wrong = files.flatMap((file) =>
      (imports.get(file) ?? [])
        .filter((target) => /^remedies\/[^/]+\//.test(file) && /^remedies\/[^/]+\//.test(target))
        .filter((target) => file.split('/')[1] !== target.split('/')[1])
        .map((target) => `${file} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });
});

/** The code of a file of src without its comments. */
function codeOf(file: string): string {
  return readFileSync(path.join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');
}

/** Identifiers, keys and words of sentences that have the name of a remedy as a word, as "lookForTombstone" has. */
function namesIn(file: string, name: string): readonly string[] {
  const all = codeOf(file).match(/[\w-]+/g) ?? [];
  const isName = (word: string): boolean => [name, `${name}s`].includes(word.toLowerCase());
  return [...new Set(all)].filter((one) => (one.match(/[A-Z]*[a-z]+|[A-Z]+/g) ?? []).some(isName));
}

test('no room below commands reads the arguments or the environment of the process, or prints', () => {
  const wrong = files
    .filter((file) => !file.startsWith('commands/') && file !== 'main.ts')
    .filter((file) =>
      /process\.(argv|env|stdout|stderr|stdin)\b|console\./.test(readFileSync(path.join(src, file), 'utf8')),
    );
  expect(wrong).toEqual([]);
});

test('what speaks LDAP is loaded only for a directory on the network', () => {
  const bundle = path.join(src, '..', 'bundle');
  const parts = readdirSync(bundle).filter((name) => name.endsWith('.cjs') && name !== 'ldap.cjs');
  const atStart = /^(?:const|let|var) \w+ = require\("(?:ldapts|\.\/ldap\.cjs)"\)/m;
  expect(readFileSync(path.join(bundle, 'ldap.cjs'), 'utf8')).toMatch(/require\("ldapts"\)/);
  expect(parts).toContain('work.cjs');
  expect(parts.filter((name) => atStart.test(readFileSync(path.join(bundle, name), 'utf8')))).toEqual([]);
});

describe('the integrated logon', () => {
  const textOf = (file: string): string => readFileSync(path.join(src, file), 'utf8');

  test('is loaded only when it is asked for', () => {
    const loaders = files
      .filter((file) => !file.startsWith('ldap/logon/'))
      .filter((file) => /^import (?!type )[^;]*\/logon\/[^;]*;/m.test(textOf(file)));
    expect(loaders).toEqual([]);
    expect(files.filter((file) => /import\('[^']*\/logon\//.test(textOf(file)))).toEqual([
      'commands/context.ts',
      'ldap/ldap-session.ts',
    ]);
  });

  test('leaves the default installation as it is: koffi is optional, and no script runs at installation', () => {
    const { dependencies, peerDependencies, peerDependenciesMeta, optionalDependencies, scripts } = JSON.parse(
      readFileSync(path.join(src, '..', 'package.json'), 'utf8'),
    );
    expect(Object.keys(dependencies)).toEqual(['enquirer', 'glob', 'iconv-lite', 'ldapts']);
    expect([Object.keys(peerDependencies), peerDependenciesMeta.koffi]).toEqual([['koffi'], { optional: true }]);
    expect(optionalDependencies).toBeUndefined();
    expect(Object.keys(scripts)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(pre|post)?install$/)]));
  });
});
