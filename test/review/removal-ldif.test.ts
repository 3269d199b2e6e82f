import { expect, test } from 'vitest';
import { blocker } from '../../src/change/findings.ts';
import type { Plan, RemoveLingeringChange } from '../../src/change/plan.ts';
import { removalDocuments } from '../../src/review/removal-ldif.ts';

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
  findings: [],
  target: { kind: 'files', roots: [] },
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

test('no operation is written while a blocker stops the plan, and the file says which', () => {
  const findings = [{ ...blocker('stale', 'DC1 is stale', ''), accepted: false }];
  const documents = documentsOf([removal('dc2')], findings);
  expect(Object.keys(documents)).toEqual(['change.ldf']);
  expect(operations(documents['change.ldf'])).toBe(0);
  expect(documents['change.ldf']).toContain('No operation is written: stale: DC1 is stale');
});
