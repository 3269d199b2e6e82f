import { expect, test } from 'vitest';
import type { Change, DeletedEntry, PlanValue } from '../../src/change/plan.ts';
import { lostForGood, withoutGone } from '../../src/change/undo-gone.ts';

const dead = String.raw`CN=EX01\0ADEL:0d5b7a6c-8c51-4b54-9f0c-6f3f1d2a7b10,CN=Deleted Objects,CN=Configuration,DC=corp,DC=example,DC=com`;
const living = 'CN=EX02,CN=Servers,CN=Configuration,DC=corp,DC=example,DC=com';

const entry = (guid: string, ...values: readonly PlanValue[]): DeletedEntry => ({
  dn: `CN=${guid},CN=Configuration,DC=corp,DC=example,DC=com`,
  guid,
  usnChanged: '1',
  attributes: [
    { name: 'cn', values: [guid] },
    { name: 'msExchOwningServer', values },
  ],
});
const deletion = (guid: string, ...values: readonly PlanValue[]): Change => ({
  kind: 'delete',
  children: [],
  ...entry(guid, ...values),
});
const tree = (...entries: readonly DeletedEntry[]): Change => ({ kind: 'delete-tree', dn: 'CN=T', guid: 't', entries });

const owners = (change: Change): unknown =>
  (change.kind === 'delete-tree' ? change.entries : change.kind === 'delete' ? [change] : []).map(({ attributes }) =>
    attributes.flatMap(({ name, values }) => (name === 'msExchOwningServer' ? values : [])),
  );

test.each([
  ['a deleted entry', deletion('a', dead, living)],
  ['an entry of a deleted tree', tree(entry('a', dead, living))],
])(
  'a value that %s held and that points at an entry deleted before is left out of the undo, and is listed',
  (_, made) => {
    const { changes } = withoutGone({ changes: [made], recorded: new Set([made]) }, new Set());
    expect(changes.map(owners)).toEqual([[[living]]]);
    const { leftOut, findings } = lostForGood([made], new Set());
    expect(leftOut.map(({ what }) => what)).toEqual([`msExchOwningServer of ${entry('a').dn}`]);
    expect(findings.map(({ level, id }) => `${level} ${id}`)).toEqual(['warning values-to-deleted-entries']);
  },
);

test('an entry that only the system makes is left out of the undo, and is listed without its values', () => {
  const made = deletion('a', dead);
  expect(withoutGone({ changes: [made], recorded: new Set([made]) }, new Set(['a'])).changes).toEqual([]);
  expect(lostForGood([made], new Set(['a']))).toEqual({
    leftOut: [{ what: entry('a').dn, reason: 'only-the-system-makes-it' }],
    findings: [],
  });
});

test('values that name such an entry are listed too, of what comes back and of what was edited', () => {
  const edited = (add: readonly PlanValue[]): Change => ({
    kind: 'modify',
    dn: living,
    guid: 'c',
    edits: [{ attribute: 'fSMORoleOwner', remove: [entry('a').dn], add }],
  });
  const lostWith = (...others: readonly Change[]): readonly string[] =>
    lostForGood([deletion('a'), ...others], new Set(['a'])).leftOut.map(({ what }) => what);
  expect(lostWith(deletion('b', living, entry('a').dn))).toEqual([
    entry('a').dn,
    `msExchOwningServer of ${entry('b').dn}`,
  ]);
  for (const add of [[], [living]]) {
    expect(lostWith(edited(add))).toEqual([entry('a').dn, `fSMORoleOwner of ${living}`]);
  }
});
