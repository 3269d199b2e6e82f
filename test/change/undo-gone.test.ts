import { expect, test } from 'vitest';
import type { Change, DeletedEntry, PlanValue } from '../../src/change/plan.ts';
import { lostForGood, missingTargets, withoutGone } from '../../src/change/undo.ts';

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
    const { changes } = withoutGone(
      { changes: [made], recorded: new Set([made]) },
      { entries: new Set(), targets: new Set() },
    );
    expect(changes.map(owners)).toEqual([[[living]]]);
    const { leftOut, findings } = lostForGood([made], { entries: new Set(), targets: new Set() });
    expect(leftOut.map(({ what }) => what)).toEqual([`msExchOwningServer of ${entry('a').dn}`]);
    expect(findings.map(({ level, id }) => `${level} ${id}`)).toEqual(['warning values-to-deleted-entries']);
  },
);

test('an entry that only the system makes is left out of the undo, and is listed without its values', () => {
  const made = deletion('a', dead);
  expect(
    withoutGone({ changes: [made], recorded: new Set([made]) }, { entries: new Set(['a']), targets: new Set() })
      .changes,
  ).toEqual([]);
  expect(lostForGood([made], { entries: new Set(['a']), targets: new Set() })).toEqual({
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
    lostForGood([deletion('a'), ...others], { entries: new Set(['a']), targets: new Set() }).leftOut.map(
      ({ what }) => what,
    );
  expect(lostWith(deletion('b', living, entry('a').dn))).toEqual([
    entry('a').dn,
    `msExchOwningServer of ${entry('b').dn}`,
  ]);
  for (const add of [[], [living]]) {
    expect(lostWith(edited(add))).toEqual([entry('a').dn, `fSMORoleOwner of ${living}`]);
  }
});

test('a value that a plan cleared stays away where its entry was not there, and comes back where it was', async () => {
  const back = entry('d').dn;
  const [there, missing] = ['CN=there', 'CN=missing'].map((name) => `${name},DC=corp,DC=example,DC=com`);
  const elsewhere = 'CN=x,DC=emea,DC=example,DC=com';
  const text = '/o=Contoso/ou=North/cn=Configuration/cn=Servers/cn=EX09';
  const edited: Change = {
    kind: 'modify',
    dn: living,
    guid: 'c',
    edits: [{ attribute: 'homeMTA', remove: [there, missing, back, elsewhere, text, dead].map(String), add: [] }],
  };
  const made: readonly Change[] = [edited, deletion('d')];
  const targets = await missingTargets(made, {
    rootDse: { namingContexts: ['DC=corp,DC=example,DC=com'] },
    readEntry: async (dn) => (dn === there ? { dn, attributes: new Map() } : undefined),
  });
  const { changes } = withoutGone({ changes: made, recorded: new Set(made) }, { entries: new Set(), targets });
  expect(changes).toMatchObject([{ edits: [{ remove: [there, back, elsewhere, text] }] }, { kind: 'delete' }]);
  expect(lostForGood(made, { entries: new Set(), targets }).leftOut).toContainEqual({
    what: `homeMTA of ${living}`,
    reason: 'values-to-deleted-entries',
  });
});
