import { readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { JournalEvent, JournalRecord } from '../../src/change/journal.ts';
import type { Change, DeletedEntry, FileChange, Plan, PlanValue } from '../../src/change/plan.ts';
import { fileFingerprint } from '../../src/change/planned-file.ts';
import {
  changesToUndo,
  lostForGood,
  missingTargets,
  requireSomethingToUndo,
  reversedFileChange,
  undoFileChanges,
  withoutGone,
} from '../../src/change/undo.ts';
import { RefusedError } from '../../src/errors.ts';
import { spliceBytes } from '../../src/files/strings-file.ts';
import { applyIn, changeOf, journalOf, planOf, undoOf } from '../support/file-plans.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder, snapshot, writeTree } from '../support/fresh-folder.ts';
import { stringsContent } from '../support/strings-content.ts';

let forms: string;
let changeFolder: string;
let undoFolder: string;

beforeEach(async () => {
  const home = await freshFolder();
  forms = path.join(home, 'forms');
  changeFolder = path.join(home, 'change');
  undoFolder = path.join(changeFolder, 'undo');
});

const old = (name: string): Buffer => Buffer.from(`; ${name}\r\nL_UserName_Text="Domain\\user name:"\r\n`);
const now = (name: string): Buffer => Buffer.from(`; ${name}\r\nL_UserName_Text="E-mail address:"\r\n`);

async function planned(...names: readonly string[]): Promise<Plan<FileChange>> {
  await writeTree(forms, Object.fromEntries(names.map((name) => [name, old(name)])));
  return planOf(names.map((name) => changeOf(path.join(forms, name), old(name), now(name))));
}

const contents = async (): Promise<Record<string, string>> => ({ ...(await snapshot(forms)) });
const text = (bytes: Buffer): string => bytes.toString('latin1');

describe('a change that is reversed', () => {
  /** Pieces that stay and pieces that are replaced, by turns. */
  const pieces = fc.array(
    fc.record({
      kept: fc.uint8Array({ maxLength: 8 }),
      old: fc.uint8Array({ maxLength: 8 }),
      new: fc.uint8Array({ maxLength: 8 }),
    }),
    { minLength: 1, maxLength: 6 },
  );

  test('gives back the bytes, however many splices it has', () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        let offset = 0;
        const splices = parts.map((part) => {
          const splice = { offset: offset + part.kept.length, old: Buffer.from(part.old), new: Buffer.from(part.new) };
          offset = splice.offset + part.old.length;
          return splice;
        });
        const before = Buffer.concat(parts.flatMap((part) => [part.kept, part.old]));
        const after = spliceBytes(before, splices);
        const change: FileChange = {
          ...changeOf('/forms/a', before, after),
          splices: splices.map((splice) => ({
            key: 'L_UserName_Text',
            line: 1,
            offset: splice.offset,
            old: splice.old.toString('base64'),
            new: splice.new.toString('base64'),
          })),
        };
        const reversed = reversedFileChange(change);
        const bytesOf = reversed.splices.map((splice) => ({
          offset: splice.offset,
          old: Buffer.from(splice.old, 'base64'),
          new: Buffer.from(splice.new, 'base64'),
        }));
        expect(spliceBytes(after, bytesOf)).toEqual(before);
        expect([reversed.before, reversed.after]).toEqual([fileFingerprint(after), fileFingerprint(before)]);
        expect(reversedFileChange(reversed)).toEqual(change);
      }),
    );
  });
});

describe('the changes to undo', () => {
  const plan = planOf(['a', 'b', 'c', 'd', 'e'].map((name) => changeOf(`/forms/${name}`, old(name), now(name))));
  const record = (event: JournalEvent, change?: number, id = plan.id): JournalRecord => ({
    time: '',
    event,
    plan: id,
    ...(change === undefined ? {} : { change }),
  });
  const recordedPaths = (records: readonly JournalRecord[]): string[] =>
    [...changesToUndo(plan, records).recorded].map((change) => change.path);

  test('are looked for on every target, the last of the plan first, whatever the journal says', () => {
    const { changes } = changesToUndo(plan, [record('done', 0)]);
    expect(changes.map((change) => change.path)).toEqual(['e', 'd', 'c', 'b', 'a'].map((name) => `/forms/${name}`));
  });

  test('are recorded if they were done or may have been', () => {
    const records = [
      record('begin'),
      record('intent', 0),
      record('done', 0),
      record('drifted', 1),
      record('intent', 2),
      record('failed', 2),
      record('intent', 3),
      record('intent', 4),
      record('unknown', 4),
      record('end'),
    ];
    expect(recordedPaths(records)).toEqual(['/forms/a', '/forms/d', '/forms/e']);
  });

  test.each([
    ['nothing was ever applied', []],
    ['everything drifted', [record('begin'), record('drifted', 0), record('end')]],
    ['only another plan was applied', [record('done', 0, 'another')]],
  ])('are refused if %s and no target is as the plan would have left it', (_, records) => {
    const { recorded } = changesToUndo(plan, records);
    expect(() => requireSomethingToUndo(plan, recorded, 0)).toThrow(RefusedError);
    expect(() => requireSomethingToUndo(plan, recorded, 1)).not.toThrow();
  });

  test('are refused if the plan was undone already', () => {
    const records = [record('done', 0), record('undone')];
    expect(() => changesToUndo(plan, records)).toThrow(RefusedError);
    // A journal may have been edited: who approves the plan has its targets compared.
    expect(changesToUndo(plan, records, true).changes).toHaveLength(5);
  });
});

describe('undoing', () => {
  test('brings back every byte, and the plan can’t be undone or applied again', async () => {
    const plan = await planned('a', 'b');
    const before = await contents();
    await applyIn(changeFolder, plan);
    expect(await contents()).toEqual({ a: text(now('a')), b: text(now('b')) });
    const undo = await undoOf(changeFolder, plan);
    expect(undo).toMatchObject({ undoes: { id: plan.id }, findings: [] });
    expect(await applyIn(undoFolder, undo)).toMatchObject({ done: 2, notDone: [] });
    expect(await contents()).toEqual(before);
  });

  test('of a plan that was applied in part brings back that part', async () => {
    const plan = await planned('a', 'b', 'c');
    await writeFile(path.join(forms, 'b'), 'edited');
    const before = await contents();
    await applyIn(changeFolder, plan);
    await applyIn(undoFolder, await undoOf(changeFolder, plan));
    expect(await contents()).toEqual(before);
  });

  test('leaves a file alone that was edited since, and says so; the others come back', async () => {
    const plan = await planned('a', 'b');
    await applyIn(changeFolder, plan);
    await writeFile(path.join(forms, 'b'), 'edited since');
    const undo = await undoOf(changeFolder, plan);
    expect(undo.findings).toMatchObject([{ id: 'changed-since', level: 'warning', evidence: [path.join(forms, 'b')] }]);
    expect(undo.changes.map((change) => change.path)).toEqual([path.join(forms, 'a')]);
    expect(await applyIn(undoFolder, undo)).toMatchObject({ done: 1, notDone: [] });
    expect(await contents()).toEqual({ a: text(old('a')), b: 'edited since' });
  });

  test('leaves out a file that is back already', async () => {
    const plan = await planned('a', 'b');
    await applyIn(changeFolder, plan);
    await writeFile(path.join(forms, 'b'), old('b'));
    const undo = await undoOf(changeFolder, plan);
    expect(undo.changes.map((change) => change.path)).toEqual([path.join(forms, 'a')]);
    expect(undo.findings).toEqual([]);
  });

  test('reports a file that is gone', async () => {
    const plan = await planned('a', 'b');
    await applyIn(changeFolder, plan);
    await unlink(path.join(forms, 'a'));
    const undo = await undoOf(changeFolder, plan);
    expect(undo.findings[0]?.evidence).toEqual([`${path.join(forms, 'a')}: there is no such file or folder (ENOENT)`]);
    expect(await applyIn(undoFolder, undo)).toMatchObject({ done: 1, notDone: [] });
    expect(await contents()).toEqual({ b: text(old('b')) });
  });

  test('brings back every file although the journal has lost its tail, and names what it lacks', async () => {
    const plan = await planned('a', 'b', 'c');
    const before = await contents();
    await applyIn(changeFolder, plan);
    const journal = journalOf(changeFolder);
    const lines = (await readFile(journal, 'utf8')).split('\n');
    await writeFile(journal, lines.slice(0, 3).join('\n'));
    const undo = await undoOf(changeFolder, plan);
    expect(undo.findings).toMatchObject([{ id: 'not-in-journal', level: 'warning' }]);
    expect(undo.findings[0]?.subjects.length).toBeGreaterThan(0);
    expect(await applyIn(undoFolder, undo)).toMatchObject({ done: 3, notDone: [] });
    expect(await contents()).toEqual(before);
  });

  test('names also a file that was edited since and that a cut journal does not know', async () => {
    const plan = await planned('a', 'b', 'c');
    await applyIn(changeFolder, plan);
    const journal = journalOf(changeFolder);
    await writeFile(journal, `${(await readFile(journal, 'utf8')).split('\n')[0]}\n`);
    await writeFile(path.join(forms, 'b'), 'edited');
    const undo = await undoOf(changeFolder, plan);
    expect(undo.leftOut).toEqual([{ what: path.join(forms, 'b'), reason: 'changed-since' }]);
    expect(undo.findings).toMatchObject([{ id: 'not-in-journal' }, { id: 'changed-since', level: 'warning' }]);
  });

  test('names what has changed since in the order of the changes, whichever is read first', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `f${index}`);
    const plan = await planned(...names);
    for (const name of names) await writeFile(path.join(forms, name), 'edited'.repeat(Number(name.slice(1)) + 1));
    const { findings } = await undoFileChanges({ changes: plan.changes, recorded: new Set(plan.changes) }, noWaiting);
    expect(findings[0]?.evidence).toEqual(plan.changes.map((change) => change.path));
  });

  test('is undone by an undo of its own: the new labels are back', async () => {
    const plan = await planned('a');
    await applyIn(changeFolder, plan);
    const undo = await undoOf(changeFolder, plan);
    await applyIn(undoFolder, undo);
    await applyIn(path.join(undoFolder, 'undo'), await undoOf(undoFolder, undo));
    expect(await contents()).toEqual({ a: text(now('a')) });
  });

  test('gives the same bytes again for any tree, in any encoding', async () => {
    const file = fc.record({
      encoding: fc.constantFrom('utf-8', 'utf-16le with BOM', 'utf-16be', 'windows-1252', 'windows-932'),
      lineEnd: fc.constantFrom('\r\n', '\n', '\r'),
      before: fc.stringMatching(/^[ -!#-~]{0,30}$/),
      after: fc.stringMatching(/^[ -!#-~]{0,30}$/),
    } as const);
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 5 }), async (files) => {
        const home = await freshFolder();
        const changes: FileChange[] = [];
        for (const [index, each] of files.entries()) {
          const place = path.join(home, 'forms', `f${index}`);
          const before = stringsContent(each.before, each);
          await writeTree(home, { forms: { [`f${index}`]: before } });
          changes.push(changeOf(place, before, stringsContent(each.after, each)));
        }
        const bytes = () => Promise.all(changes.map((change) => readFile(change.path)));
        const before = await bytes();
        const plan = planOf(changes);
        expect(await applyIn(path.join(home, 'change'), plan)).toMatchObject({ notDone: [] });
        expect(await bytes()).toEqual(files.map((each) => stringsContent(each.after, each)));
        await applyIn(path.join(home, 'undo'), await undoOf(path.join(home, 'change'), plan));
        expect(await bytes()).toEqual(before);
      }),
      { numRuns: 15 },
    );
  });
});

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
