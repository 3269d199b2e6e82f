import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/change/findings.ts';
import { planText } from '../../src/change/folder.ts';

import { parsePlan, readPlan } from '../../src/change/read-plan.ts';
import { sealOf, sealPlan } from '../../src/change/seal.ts';
import { FileError, PlanNotUsableError } from '../../src/errors.ts';
import { deletion, forest } from '../review/plans.ts';
import { changeOf, planOf } from '../support/file-plans.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder } from '../support/fresh-folder.ts';

const finding: Finding = {
  id: 'hard-linked-file',
  level: 'blocker',
  title: 'More than one name',
  detail: 'Accept it if so wanted.',
  evidence: ['/forms/a'],
  subjects: [],
  acceptable: true,
  accepted: true,
};
const changes = ['a', 'b'].map((name) =>
  changeOf(`/forms/${name}`, Buffer.from('old label'), Buffer.from('new label')),
);
const plan = planOf(changes, {
  findings: [finding],
  undoes: { id: '00000000-0000-4000-8000-00000000000f', seal: '0'.repeat(64), folder: '/changes/x', seq: 4 },
});
const text = [...planText(plan)].join('');

/** What a plan text is refused for; undefined if it is read. */
function refusalOf(content: string): PlanNotUsableError | undefined {
  try {
    parsePlan(content, '/changes/plan.json');
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(PlanNotUsableError);
    const refusal = error as PlanNotUsableError;
    expect(refusal.trouble.on).toBe('/changes/plan.json');
    return refusal;
  }
}

const undoes = { id: '00000000-0000-4000-8000-00000000000f', seal: '0'.repeat(64), folder: '..', seq: 1 };
const splice = { key: 'K', line: 1, offset: 0, old: '', new: '' };
const deleted = deletion('CN=EX04,DC=corp', []);

/** The text of this data with a seal that fits it, as another tool or version could have made it. */
function resealed(edit: (plan: Record<string, unknown>) => unknown): string {
  const data = structuredClone(plan) as unknown as Record<string, unknown>;
  edit(data);
  return JSON.stringify({ ...data, seal: sealOf(data as unknown as typeof plan) });
}

describe('a plan that was saved', () => {
  test('is read as it was', async () => {
    const folder = await freshFolder();
    const file = path.join(folder, 'plan.json');
    await writeFile(file, text);
    expect(await readPlan(file, noWaiting)).toEqual(plan);
  });

  test('is read behind a byte order mark, which an editor may have put there', () => {
    expect(parsePlan(`\ufeff${text}`, 'p')).toEqual(plan);
  });

  test('is read whatever the white space and the order of members', () => {
    expect(parsePlan(JSON.stringify(plan, undefined, 4), 'p')).toEqual(plan);
    expect(parsePlan(JSON.stringify(Object.fromEntries(Object.entries(plan).toReversed())), 'p')).toEqual(plan);
  });

  test('has a seal over all of it, and over nothing that is not saved', () => {
    const { seal: _, ...unsealed } = plan;
    expect(plan.seal).toMatch(/^[0-9a-f]{64}$/);
    expect(sealOf(unsealed)).toBe(plan.seal);
    expect(sealPlan({ ...unsealed, tool: 'another' }).seal).not.toBe(plan.seal);
  });
});

describe('the name of an attribute in a plan', () => {
  const named = (name: string) =>
    resealed((data) => {
      data['changes'] = [{ ...deletion('CN=EX04,DC=corp', [{ name, values: [] }]) }];
      data['target'] = forest;
    });

  test('is the one that a directory shows', () => {
    expect(parsePlan(named('nTSecurityDescriptor'), 'p').changes).toHaveLength(1);
  });

  test.each([
    ['an OID, another name of the same attribute', '1.2.840.113556.1.2.281'],
    ['an option, as of a certificate', 'nTSecurityDescriptor;binary'],
    ['a password, which no directory shows', 'UnicodePwd'],
  ])('is not %s', (_, name) => {
    expect(refusalOf(named(name))?.message).toContain('changes[0].attributes[0].name');
  });
});

test('base64 that no encoder writes is refused', () => {
  const content = resealed((data) => {
    data['changes'] = [deletion('CN=EX04,DC=corp', [{ name: 'description', values: [{ base64: 'AB==' }] }])];
    data['target'] = forest;
  });
  expect(refusalOf(content)?.message).toContain('changes[0].attributes[0].values[0]');
});

/** Where something can be edited: the path of every member and item. */
function placesIn(value: unknown, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  const members: (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return [at, ...members.flatMap(([name, member]) => placesIn(member, [...at, name]))];
}

function edited(place: readonly (string | number)[], edit: (parent: never, name: never) => void): string {
  const data = structuredClone(plan);
  const parent = place.slice(0, -1).reduce((value: unknown, name) => Reflect.get(value as object, name), data);
  edit(parent as never, place.at(-1) as never);
  return JSON.stringify(data);
}

describe('a plan that was edited', () => {
  const places = placesIn(plan).filter((place) => place.length > 0);

  test.each(places.map((place) => [place.join('.'), place] as const))(
    'is refused: another value for %s',
    (_, place) => {
      fc.assert(
        fc.property(fc.jsonValue(), (value) => {
          const content = edited(place, (parent: Record<string, unknown>, name) => {
            parent[name] = value;
          });
          fc.pre(JSON.stringify(JSON.parse(content)) !== JSON.stringify(plan));
          expect(refusalOf(content)).toBeDefined();
        }),
        { numRuns: 10 },
      );
    },
  );

  test.each(places.map((place) => [place.join('.'), place] as const))('is refused: without %s', (_, place) => {
    const content = edited(place, (parent: unknown[] | Record<string, unknown>, name) => {
      if (Array.isArray(parent)) parent.splice(name, 1);
      else delete parent[name];
    });
    expect(refusalOf(content)).toBeDefined();
  });

  test.each(places.map((place) => [place.join('.'), place] as const))(
    'is refused: with something beside %s',
    (_, place) => {
      const content = edited(place, (parent: unknown[] | Record<string, unknown>) => {
        if (Array.isArray(parent)) parent.push('more');
        else parent['more'] = 'more';
      });
      expect(refusalOf(content)).toBeDefined();
    },
  );

  test('is refused: the changes in another order', () => {
    expect(refusalOf(JSON.stringify({ ...plan, changes: changes.toReversed() }))?.trouble.cameBack).toContain('edited');
  });

  test('is refused for a single bit of its text, if that is read as something else', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.nat(6), (at, bit) => {
        const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << bit));
        const content = text.slice(0, at) + flipped + text.slice(at + 1);
        let data: unknown;
        try {
          data = JSON.parse(content);
        } catch {
          data = undefined;
        }
        if (JSON.stringify(data) === JSON.stringify(plan)) return;
        expect(refusalOf(content)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });
});

describe('a plan file that is not whole', () => {
  test('is refused, wherever it was cut off', () => {
    for (let length = 0; length < text.trimEnd().length; length += 7) {
      expect(refusalOf(text.slice(0, length))?.trouble.cameBack).toMatch(/not JSON, or was written only in part/);
    }
  });

  test.each(['[]', 'null', '3', '"plan"', '{}', '{"format":"else"}'])(
    'or is something else is refused: %s',
    (content) => {
      expect(refusalOf(content)?.trouble.cameBack).toBe('it is not of the format adsi-remedy/plan');
    },
  );

  test.each([1, 3, 0, '2', null, undefined, { toString: 1 }])(
    'is refused if it is of another version: %j',
    (version) => {
      const refusal = refusalOf(resealed((data) => Object.assign(data, { version })));
      expect(refusal?.trouble.cameBack).toBe(
        `it is of version ${JSON.stringify(version)}, and this tool reads version 2`,
      );
      expect(refusal?.trouble.next).toMatch(
        version === 3 ? /A newer adsi-remedy made the plan/ : /Make the plan again with this tool\. .* backup\//,
      );
    },
  );

  test.each(['', null, undefined, ['labels'], 'la\u001bbels'])('is refused if its remedy is no name: %j', (remedy) => {
    const refusal = refusalOf(resealed((data) => Object.assign(data, { remedy })));
    expect(refusal?.trouble.cameBack).toBe('remedy is missing, unknown, duplicated or of the wrong kind');
  });

  test('is refused if a member occurs twice in one object', () => {
    const twice = JSON.stringify(plan).replace('"language":"de"', '"language":"fr","language":"de"');
    expect(refusalOf(twice)?.trouble.cameBack).toBe('the member "language" occurs twice in one object');
  });

  test('is refused if its data is nested deeper than a plan is', () => {
    const deep = JSON.parse(`${'['.repeat(50)}${']'.repeat(50)}`);
    const refusal = refusalOf(resealed((data) => Object.assign(data, { intent: { deep } })));
    expect(refusal?.trouble.cameBack).toBe('intent is missing, unknown, duplicated or of the wrong kind');
  });

  test.each([
    ['id', { id: 7 }],
    ['created', { created: undefined }],
    ['target', { target: 'files' }],
    ['target.kind', { target: {} }],
    ['target.roots', { target: { kind: 'files' } }],
    ['findings', { findings: {} }],
    ['findings[0].evidence', { findings: [{ ...finding, evidence: 'one' }] }],
    ['findings[0]', { findings: [null] }],
    ['changes', { changes: undefined }],
    ['changes[0].kind', { changes: [{ ...changes[0], kind: 'folder' }] }],
    ['changes[0].kind', { changes: [{ ...changes[0], kind: 'modify' }] }],
    ['changes[0].kind', { changes: [{ ...changes[0], kind: 'toString' }] }],
    ['changes[0]', { changes: [null] }],
    ['changes[1].path', { changes: [changes[0], { ...changes[1], path: undefined }] }],
    ['changes[0].set', { changes: [{ ...changes[0], set: undefined }] }],
    ['changes[0].class', { changes: [{ ...changes[0], class: undefined }] }],
    ['changes[0].language', { changes: [{ ...changes[0], language: undefined }] }],
    ['changes[0].before.sha256', { changes: [{ ...changes[0], before: { length: 3 } }] }],
    ['changes[0].after.length', { changes: [{ ...changes[0], after: { length: '3', sha256: '' } }] }],
    ['changes[0].splices', { changes: [{ ...changes[0], splices: {} }] }],
    [
      'changes[0].splices[0].offset',
      { changes: [{ ...changes[0], splices: [{ key: '', line: 1, old: '', new: '' }] }] },
    ],
    ['target.configurationNamingContext', { target: { kind: 'forest' } }],
    ['more', { more: 'of mine' }],
    ['["\\u001b[2J\\u009b"]', { '\u001b[2J\u009b': 'of mine' }],
    ['subject.dn', { subject: { dn: 'no DN', guid: '00000000-0000-4000-8000-00000000000f' } }],
    ['subject.dn', { subject: { dn: '', guid: '00000000-0000-4000-8000-00000000000f' } }],
    ['findings[0].level', { findings: [{ ...finding, level: 'BLOCKER' }] }],
    ['undoes.id', { undoes: { id: '../../x', seal: '0'.repeat(64), folder: '..', seq: 1 } }],
    ['created', { created: 'now\u001b[2J' }],
    ['constructor', { constructor: 'of mine' }],
    ['constructor', { constructor: {} }],
    ['intent', { intent: null }],
    ['intent', { intent: [] }],
    ['nextSteps[0]', { nextSteps: [null] }],
    ['target.kind', { target: { kind: 'constructor', roots: [] } }],
    ['undoes.seal', { undoes: { ...undoes, seal: 'f'.repeat(63) } }],
    ['undoes.seq', { undoes: { ...undoes, seq: -1 } }],
    ['changes[0].splices[0].old', { changes: [{ ...changes[0], splices: [{ ...splice, old: 'a?==' }] }] }],
    ['changes[0].splices[0].offset', { changes: [{ ...changes[0], splices: [{ ...splice, offset: -1 }] }] }],
    ['changes[0].splices[0].offset', { changes: [{ ...changes[0], splices: [{ ...splice, offset: 0.5 }] }] }],
    [
      'exhibits[0].limit',
      { exhibits: [{ kind: 'bars', id: 'a', title: '', unit: 'days', limit: '\u001b[2J', rows: [] }] },
    ],
    ['exhibits[0].limit', { exhibits: [{ kind: 'bars', id: 'a', title: '', unit: 'days', limit: [], rows: [] }] }],
    ['target.connection.port', { target: { ...forest, connection: { ...forest.connection, port: 65_536 } } }],
    ['target.connection.tls', { target: { ...forest, connection: { ...forest.connection, tls: 'ssl' } } }],
    ['target.connection.host', { target: { ...forest, connection: { ...forest.connection, host: 'dc1\n' } } }],
    ['changes[0].kind', { target: forest }],
    ['changes[0].usnChanged', { target: forest, changes: [{ ...deleted, usnChanged: '7 or so' }] }],
    ['changes[0].guid', { target: forest, changes: [{ ...deleted, guid: 'g' }] }],
    ['changes[0].dn', { target: forest, changes: [{ ...deleted, dn: 'no DN' }] }],
    ['changes[0].dn', { target: forest, changes: [{ ...deleted, dn: 'CN=\ud800,DC=x' }] }],
    [
      'changes[0].attributes[0].values[0]',
      { target: forest, changes: [{ ...deleted, attributes: [{ name: 'cn', values: ['a\ud800'] }] }] },
    ],
    [
      'changes[0].attributes[1].name',
      {
        target: forest,
        changes: [
          {
            ...deleted,
            attributes: [
              { name: 'cn', values: ['a'] },
              { name: 'CN', values: ['b'] },
            ],
          },
        ],
      },
    ],
    [
      'changes[0].edits[1].attribute',
      {
        target: forest,
        changes: [
          {
            kind: 'modify',
            dn: deleted.dn,
            guid: deleted.guid,
            edits: ['tombstoneLifetime', 'TombstoneLifetime'].map((attribute) => ({ attribute, remove: [], add: [] })),
          },
        ],
      },
    ],
    ['changes[0].children[0]', { target: forest, changes: [{ ...deleted, children: ['g'] }] }],
    [
      'changes[0].attributes[0].name',
      { target: forest, changes: [{ ...deleted, attributes: [{ name: 'a: b', values: [] }] }] },
    ],
    [
      'changes[0].attributes[0].values[0].base64',
      { target: forest, changes: [{ ...deleted, attributes: [{ name: 'a', values: [{ base64: '?' }] }] }] },
    ],
  ])('is refused though sealed, naming what is missing: %s', (name, more) => {
    const refusal = refusalOf(resealed((data) => Object.assign(data, more)));
    expect(refusal?.trouble.cameBack).toBe(`${name} is missing, unknown, duplicated or of the wrong kind`);
  });
});

describe('a plan file that can’t be read', () => {
  test('because it is not there', async () => {
    const file = path.join(await freshFolder(), 'plan.json');
    await expect(readPlan(file, noWaiting)).rejects.toThrow(FileError);
    await expect(readPlan(file, noWaiting)).rejects.toMatchObject({ errno: 'ENOENT', trouble: { on: file } });
  });

  test('because it is a folder', async () => {
    const file = path.join(await freshFolder(), 'plan.json');
    await mkdir(file);
    await expect(readPlan(file, noWaiting)).rejects.toMatchObject({ errno: 'EISDIR', trouble: { on: file } });
  });
});
