import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { planText } from '../../src/change/folder.ts';
import type { Change, Plan, UndeleteChange } from '../../src/change/plan.ts';
import type { UnsealedPlan } from '../../src/change/seal.ts';
import { originalOf, undoesPlan } from '../../src/change/undo-link.ts';
import { configuration, deletion, guid, labelChange, modify, planOf } from '../review/plans.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder, writeTree } from '../support/fresh-folder.ts';

const other = '9c04206a-9a46-41df-b23b-f2b402ba789f';
const server = `CN=EX04,CN=Servers,${configuration}`;
const child = `CN=SMTP,${server}`;
const database = `CN=MDB1,${configuration}`;
const description = (...values: readonly string[]) => [{ name: 'description', values }];
const { kind: _kind, children: _children, ...childEntry } = deletion(child, description('queue'));

const done: readonly Change[] = [
  modify(database, { attribute: 'homeMTA', remove: [server, child], add: ['new'] }),
  deletion(server, [...description('kept', 'both'), { name: 'seeAlso', values: [child, database] }]),
  { kind: 'delete-tree', dn: child, guid: other, entries: [{ ...childEntry, guid: other }] },
  { kind: 'undelete', dn: `CN=back,${configuration}`, guid, attributes: [] },
  { kind: 'add', dn: `CN=made,${configuration}`, attributes: [] },
];
const plan = planOf(done);
const restored: UndeleteChange = { kind: 'undelete', dn: server, guid, attributes: description('kept') };

function undoOf(changes: readonly Change[], of: Plan = plan, more: Partial<UnsealedPlan> = {}): Plan {
  return planOf(changes, { undoes: { id: of.id, seal: of.seal, folder: '..', seq: 4 }, remedy: of.remedy, ...more });
}

describe('an undo belongs to the plan that it names', () => {
  test('by id, seal and remedy', () => {
    expect(undoesPlan(undoOf([restored]), plan)).toBe(true);
  });

  test.each<[string, Partial<UnsealedPlan>]>([
    ['of its id', { undoes: { id: other, seal: plan.seal, folder: '..', seq: 4 } }],
    ['of its seal', { undoes: { id: plan.id, seal: '0'.repeat(64), folder: '..', seq: 4 } }],
    ['of its remedy', { remedy: 'tombstone' }],
  ])('and to none if it is not %s', (_, more) => {
    expect(undoesPlan(undoOf([restored], plan, more), plan)).toBe(false);
  });

  test('and to none if it names none', () => {
    expect(undoesPlan(planOf([restored]), plan)).toBe(false);
  });

  test('and to none if one change among its reverses is no reverse', () => {
    expect(undoesPlan(undoOf([restored, deletion(`CN=Domain Admins,${configuration}`, [])]), plan)).toBe(false);
  });
});

describe('of a directory, a change is a reverse', () => {
  test.each<[string, Change]>([
    ['an edit the other way round', modify(database, { attribute: 'HOMEmta', remove: ['new'], add: [server, child] })],
    ['a part of it', modify(database.toLowerCase(), { attribute: 'homeMTA', remove: [], add: [child] })],
    ['an entry that returns with what it held', { ...restored, dn: server.replace('CN=EX04', 'cn=ex04') }],
    ['an entry of a deleted tree that returns', { kind: 'undelete', dn: child, guid: other, attributes: [] }],
    ['an entry that is made again', { kind: 'add', dn: server, attributes: description('both', 'kept') }],
    [
      'values of an entry that returned, which name another',
      modify(server, { attribute: 'seeAlso', remove: [], add: [child] }),
    ],
    ['the deletion of what was restored', deletion(`CN=back,${configuration}`, [])],
    ['the deletion of what was made', deletion(`CN=made,${configuration}`, [])],
  ])('%s', (_, change) => {
    expect(undoesPlan(undoOf([change]), plan)).toBe(true);
  });

  test.each<[string, Change]>([
    ['an edit of another entry', modify(server, { attribute: 'homeMTA', remove: ['new'], add: [server] })],
    [
      'an edit of an entry with another objectGUID',
      { ...modify(database, { attribute: 'homeMTA', remove: ['new'], add: [server] }), guid: other },
    ],
    [
      'a value of an entry that returned, which names none',
      modify(server, { attribute: 'description', remove: [], add: ['both'] }),
    ],
    [
      'a value of an entry that returned, which names one that was there',
      modify(server, { attribute: 'seeAlso', remove: [], add: [database] }),
    ],
    ['an entry of another class that returns', { ...restored, objectClass: ['top', 'user'] }],
    ['an edit of another attribute', modify(database, { attribute: 'seeAlso', remove: ['new'], add: [server] })],
    ['an edit that adds another value', modify(database, { attribute: 'homeMTA', remove: [], add: ['evil'] })],
    ['an edit that removes another value', modify(database, { attribute: 'homeMTA', remove: [server], add: [] })],
    [
      'an edit with one more attribute',
      modify(
        database,
        { attribute: 'homeMTA', remove: ['new'], add: [server] },
        { attribute: 'member', remove: [], add: [server] },
      ),
    ],
    ['an entry that returns under another name', { ...restored, dn: `CN=EX05,${configuration}` }],
    ['another objectGUID that returns', { ...restored, guid: other }],
    ['a returned attribute that it did not hold', { ...restored, attributes: [{ name: 'member', values: ['x'] }] }],
    ['a returned value that it did not hold', { ...restored, attributes: description('kept', 'evil') }],
    ['an entry that is made under another name', { kind: 'add', dn: `CN=EX05,${configuration}`, attributes: [] }],
    ['an entry that is made with another value', { kind: 'add', dn: server, attributes: description('evil') }],
    [
      'values for a returned entry that it did not hold',
      modify(server, { attribute: 'description', remove: [], add: ['evil'] }),
    ],
    [
      'values taken from a returned entry',
      modify(server, { attribute: 'description', remove: ['kept'], add: ['both'] }),
    ],
    [
      'values for another objectGUID than that of the returned entry',
      { ...modify(server, { attribute: 'description', remove: [], add: ['both'] }), guid: other },
    ],
    ['the deletion of another entry', deletion(database, [])],
    ['the deletion of a tree of another entry', { kind: 'delete-tree', dn: database, guid, entries: [] }],
    ['the deletion of what was deleted', deletion(server, [])],
    [
      'a removal that is handed over',
      {
        kind: 'remove-lingering',
        dn: server,
        guid,
        on: 'dc2.corp.example.com',
        reference: { host: 'dc1.corp.example.com', dsaGuid: guid },
        namingContext: configuration,
        attributes: [],
      },
    ],
  ])('but not %s', (_, change) => {
    expect(undoesPlan(undoOf([change]), plan)).toBe(false);
  });
});

describe('of files, a change is a reverse', () => {
  const change = labelChange('"Domain\\name:"', '"E-mail:"', { realPath: 'D:\\store\\strings.txt' });
  const onFiles = planOf([change]);
  const reverse = { ...change, before: change.after, after: change.before };

  test('the same file with the fingerprints the other way round', () => {
    expect(undoesPlan(undoOf([reverse], onFiles), onFiles)).toBe(true);
  });

  test.each([
    ['another file', { ...reverse, path: reverse.path.replace('de', 'fr') }],
    ['another file behind the path', { ...reverse, realPath: 'D:\\other\\strings.txt' }],
    ['another root', { ...reverse, root: '\\\\TMG02\\C$\\Templates' }],
    ['a file with other bytes now', { ...reverse, before: change.before }],
    ['other bytes to write', { ...reverse, after: change.after }],
  ])('but not %s', (_, foreign) => {
    expect(undoesPlan(undoOf([foreign], onFiles), onFiles)).toBe(false);
  });
});

describe('the plan that an undo reverses', () => {
  const write = async (folder: string, content: Plan): Promise<void> =>
    writeTree(folder, { 'plan.json': [...planText(content)].join('') });

  test.each(['a', 'copy', 'z'])('is the copy of its change folder that the undo names: %s', async (name) => {
    const home = await freshFolder();
    for (const copy of ['a', 'copy', 'z']) await write(path.join(home, copy), plan);
    const undo = undoOf([restored], plan, {
      undoes: { id: plan.id, seal: plan.seal, folder: `../${name}`, seq: 4 },
    });
    await write(path.join(home, 'undo'), undo);
    expect(await originalOf(path.join(home, 'undo'), undo, noWaiting)).toMatchObject({ folder: path.join(home, name) });
  });

  test.each(['../../elsewhere', '\\\\evil\\share', '/etc'])(
    'is looked for around the undo and beside it alone, also where it names %s',
    async (folder) => {
      const home = await freshFolder();
      await write(path.join(home, 'elsewhere'), plan);
      const undo = undoOf([restored], plan, { undoes: { id: plan.id, seal: plan.seal, folder, seq: 4 } });
      await write(path.join(home, 'changes', 'undo'), undo);
      expect(await originalOf(path.join(home, 'changes', 'undo'), undo, noWaiting)).toBeUndefined();
    },
  );
});
