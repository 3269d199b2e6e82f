import { expect, test } from 'vitest';
import { blocker, warning } from '../../src/change/findings.ts';
import type { Plan, RemoveLingeringChange } from '../../src/change/plan.ts';
import { removalDocuments } from '../../src/review/ldif.ts';

const guid = '9c04206a-9a46-41df-b23b-f2b402ba789f';
const removal = (on: string): RemoveLingeringChange => ({
  kind: 'remove-lingering',
  dn: 'CN=Lee,DC=corp,DC=example,DC=com',
  guid,
  on,
  reference: { host: 'dc1', dsaGuid: guid },
  namingContext: 'DC=corp,DC=example,DC=com',
  attributes: [],
});
const plan = {
  id: guid,
  seal: 'ab',
  created: '2026-11-22T09:00:00Z',
  by: { account: 'jane', computer: 'ws1' },
  tool: 'adsi-remedy 1.0.0',
  ticket: 'CHG-7',
  remedy: 'lingering',
  changes: [],
  findings: [],
  target: {
    kind: 'forest',
    configurationNamingContext: 'CN=Configuration,DC=corp,DC=example,DC=com',
    objectGuid: guid,
    domainController: 'dc1',
    connection: { kind: 'practice' },
  },
};

function documentsOf(changes: readonly RemoveLingeringChange[], findings: Plan['findings'] = []) {
  const documents = removalDocuments({ ...plan, findings } as unknown as Plan, changes);
  return Object.fromEntries(documents.map(({ name, content }) => [name, [...(content as Iterable<string>)].join('')]));
}

const operations = (text = ''): number => text.match(/^removeLingeringObject:/gm)?.length ?? 0;

test('one DC has its operations in change.ldf', () => {
  const documents = documentsOf([removal('dc2'), removal('dc2')]);
  expect(Object.keys(documents)).toEqual(['change.ldf']);
  expect(operations(documents['change.ldf'])).toBe(2);
});

test('several DCs have a file each, which change.ldf names: an operation is for its own DC alone', () => {
  const documents = documentsOf([removal('dc2'), removal('dc3')]);
  expect(operations(documents['change.ldf'])).toBe(0);
  expect(documents['change.ldf']).toContain('change-dc2.ldf and change-dc3.ldf');
  expect([operations(documents['change-dc2.ldf']), operations(documents['change-dc3.ldf'])]).toEqual([1, 1]);
});

test('the files of several DCs have names that are distinct on Windows too, and of a length that it takes', () => {
  const long = `dc-${'x'.repeat(500)}`;
  const names = Object.keys(documentsOf(['dc2', 'DC2', 'dc 4', 'dc_4', long, `${long}y`].map(removal)));
  expect(names.slice(0, 5)).toEqual([
    'change.ldf',
    'change-dc2.ldf',
    'change-DC2~2.ldf',
    'change-dc_4.ldf',
    'change-dc_4~2.ldf',
  ]);
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(7);
  expect(names.every((name) => name.length < 120)).toBe(true);
});

test('no operation is written while a blocker stops the plan, and the file says which', () => {
  const findings = [{ ...blocker('stale', 'DC1 is stale', ''), accepted: false }];
  const documents = documentsOf([removal('dc2')], findings);
  expect(Object.keys(documents)).toEqual(['change.ldf']);
  expect(operations(documents['change.ldf'])).toBe(0);
  expect(documents['change.ldf']).toContain('DO NOT IMPORT: blocker stale is not accepted: DC1 is stale');
});

test('every file says in comments which plan it is of, by whom and why, and what was accepted or warned of', () => {
  const findings = [
    { ...warning('not-provable', 'Not provable on DC4', ''), accepted: false },
    { ...blocker('silent-dc', 'DC4 is silent', ''), accepted: true },
  ];
  const documents = documentsOf([removal('dc2'), removal('dc3')], findings);
  expect(Object.keys(documents)).toHaveLength(3);
  for (const text of Object.values(documents)) {
    for (const line of [
      `# Plan: ${guid}`,
      '# Seal: ab',
      '# Made: 2026-11-22 09:00:00 UTC by jane on ws1 (adsi-remedy 1.0.0)',
      '# Ticket: CHG-7',
      '# Warning not-provable: Not provable on DC4',
      '# Accepted blocker silent-dc: DC4 is silent',
    ])
      expect(text.split('\n')).toContain(line);
  }
});
