import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { bytesOf, textOf, textsOf } from '../../src/ad/entry.ts';
import { writeDelete } from '../../src/change/delete-writer.ts';
import { withoutSacl } from '../../src/change/entry-content.ts';
import { writeModify } from '../../src/change/modify-writer.ts';
import type {
  AttributeEdit,
  DeleteChange,
  DirectoryChange,
  ModifyChange,
  UndeleteChange,
} from '../../src/change/plan.ts';
import { writeAdd, writeUndelete } from '../../src/change/undelete-writer.ts';
import { undoEntryChanges } from '../../src/change/undo-entries.ts';
import type { DirectorySession } from '../../src/ldap/session.ts';
import type { Fault } from '../support/ldap-server/faults.ts';
import { enableRecycleBin } from '../support/recycle-bin.ts';
import {
  type Bench,
  database,
  host,
  leaf,
  openBench,
  orphan,
  otherServer,
  sendConnector,
  smtpContainer as smtp,
} from './entries-support.ts';

/** The undo of changes that the journal says were done. */
const undoOf = (changes: readonly DirectoryChange[], session: DirectorySession) =>
  undoEntryChanges({ changes, recorded: new Set(changes) }, session);

/** The leaf and its parent deleted, the leaf first; what was done, the last first. */
async function deleted(bench: Bench): Promise<readonly DeleteChange[]> {
  const changes = [await bench.deletionOf(leaf), await bench.deletionOf(smtp)];
  for (const change of changes) {
    expect(await writeDelete(change, bench.access(), bench.intent)).toEqual({ kind: 'done' });
  }
  return changes.toReversed();
}

/** Owner and group Administrators, and one allowing ACE for everyone with these rights (MS-DTYP 2.4.6). */
const setDescriptor = (bench: Bench, rights: number): Promise<void> => {
  const administrators = '01020000000000052000000020020000';
  const mask = Buffer.alloc(4);
  mask.writeUInt32LE(rights);
  const everyone = `000014 00 ${mask.toString('hex')} 010100000000000100000000`;
  const descriptor = `01000480 14000000 24000000 00000000 34000000 ${administrators} ${administrators} 02001c0001000000 ${everyone}`;
  const value = Buffer.from(descriptor.replaceAll(' ', ''), 'hex');
  return bench.session.modify(sendConnector, [{ attribute: 'nTSecurityDescriptor', replace: [value] }], [withoutSacl]);
};

const descriptorOf = async ({ session }: Bench): Promise<Buffer | undefined> =>
  bytesOf(
    (await session.readEntry(sendConnector, ['nTSecurityDescriptor'], [withoutSacl])) ?? fail(),
    'nTSecurityDescriptor',
  );

describe('the undo of a delete that took the links of other entries along', () => {
  /** The leaf, deleted, as a plan holds it that knows what its back link shows: the connector that names it. */
  const deletedLeaf = async (bench: Bench): Promise<DeleteChange> => {
    const entry = await bench.deletionOf(leaf);
    const attributes = entry.attributes.map((attribute) =>
      attribute.values.includes(sendConnector)
        ? { ...attribute, isBackLink: true as const, linksFrom: 'msExchSourceBridgeheadServersDN' }
        : attribute,
    );
    expect(attributes.filter(({ isBackLink }) => isBackLink)).toHaveLength(1);
    expect(await writeDelete(entry, bench.access(), bench.intent)).toEqual({ kind: 'done' });
    return { ...entry, attributes };
  };

  test('writes them again, once what they name is back', async () => {
    const bench = await openBench();
    const { changes, findings } = await undoOf([await deletedLeaf(bench)], bench.session);
    expect(changes).toMatchObject([
      { kind: 'undelete', dn: leaf },
      {
        kind: 'modify',
        dn: sendConnector,
        edits: [{ attribute: 'msExchSourceBridgeheadServersDN', remove: [], add: [leaf] }],
      },
    ]);
    expect(findings).toEqual([]);
  });

  test('lists those of entries that are gone', async () => {
    const bench = await openBench();
    const change = await deletedLeaf(bench);
    await bench.session.delete(sendConnector);
    const { changes, findings } = await undoOf([change], bench.session);
    expect(changes.map(({ dn }) => dn)).toEqual([leaf]);
    expect(findings).toMatchObject([
      {
        id: 'links-not-restored',
        level: 'warning',
        evidence: [`msExchSourceBridgeheadServersDN of ${sendConnector}`],
      },
    ]);
  });

  test('leaves those alone that hold another value now and have room for one only, and reports both', async () => {
    const bench = await openBench();
    const one = await deletedLeaf(bench);
    // The connector's homeMTA is no link here: a link of one value is judged by the same names.
    const attributes = one.attributes.map((attribute) =>
      attribute.linksFrom === undefined ? attribute : { ...attribute, linksFrom: 'homeMTA' },
    );
    await bench.session.modify(sendConnector, [{ attribute: 'homeMTA', replace: [Buffer.from(otherServer)] }]);
    const { changes, findings } = await undoOf([{ ...one, attributes }], bench.session);
    expect(changes.map(({ dn }) => dn)).toEqual([leaf]);
    expect(findings).toMatchObject([
      {
        id: 'changed-since',
        evidence: [`${sendConnector}: homeMTA is ${otherServer} now; before the change homeMTA was ${leaf}`],
      },
    ]);
  });
});

describe('the undo of deletes', () => {
  test('undeletes parents first, and leaves out what AD keeps itself', async () => {
    const bench = await openBench();
    const { changes, findings } = await undoOf(await deleted(bench), bench.session);
    expect(changes.map(({ kind, dn }) => [kind, dn])).toEqual([
      ['undelete', smtp],
      ['undelete', leaf],
    ]);
    const tombstones = changes.map((change) => change.kind === 'undelete' && change.tombstoneDn);
    expect(tombstones).toEqual([
      expect.stringMatching(/^CN=SMTP\\0ADEL:/),
      expect.stringMatching(/^CN=1\\0ADEL:.*,CN=Deleted Objects,/),
    ]);
    const names = changes.flatMap((change) =>
      'attributes' in change ? change.attributes.map(({ name }) => name) : [],
    );
    expect(names).not.toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^(?:objectGUID|objectSid|whenC.*|uSN.*|name|cn|.*BL|objectClass)$/),
      ]),
    );
    expect(findings).toEqual([]);
  });

  test('has no tombstone to name where the entry is back and only lacks a value', async () => {
    const bench = await openBench();
    const change = await bench.deletionOf(sendConnector);
    await bench.session.modify(sendConnector, [{ attribute: 'msExchSmtpSmartHost', replace: [] }]);
    const { changes } = await undoOf([change], bench.session);
    expect(changes).toMatchObject([{ kind: 'undelete', dn: sendConnector }]);
    expect(changes[0]).not.toHaveProperty('tombstoneDn');
  });

  test('reports what was edited of an entry that is there, and completes the rest', async () => {
    const bench = await openBench();
    const change = await bench.deletionOf(sendConnector);
    const edit = (attribute: string, ...values: readonly string[]) => ({
      attribute,
      replace: values.map((value) => Buffer.from(value)),
    });
    await bench.session.modify(sendConnector, [edit('msExchSmtpSmartHost', 'other.example.com')]);
    const smartHost = 'msExchSmtpSmartHost is other.example.com now; before the change msExchSmtpSmartHost was';
    const evidence = [`${sendConnector}: ${smartHost} smtp.example.com`];
    const edited = await undoOf([change], bench.session);
    expect(edited).toMatchObject({ changes: [], findings: [{ id: 'changed-since', level: 'blocker', evidence }] });

    await bench.session.modify(sendConnector, [edit('msExchSourceBridgeheadServersDN')]);
    const lacking = await undoOf([change], bench.session);
    expect(lacking).toMatchObject({
      changes: [{ kind: 'undelete', attributes: [{ name: 'msExchSourceBridgeheadServersDN' }] }],
      findings: [{ id: 'changed-since', level: 'warning', evidence }],
    });
    const [completion] = lacking.changes;
    if (completion?.kind !== 'undelete') throw new Error('expected an undelete');
    expect(await writeUndelete(completion, bench.access(), bench.intent)).toEqual({ kind: 'done' });
  });

  test('undone itself, does not delete what it only completed', async () => {
    const bench = await openBench();
    const { dn, guid } = await bench.deletionOf(sendConnector);
    const completed: UndeleteChange = { kind: 'undelete', dn, guid, attributes: [] };
    expect(await undoOf([completed], bench.session)).toEqual({ changes: [], leftOut: [], findings: [] });
  });

  test('leaves out what was never deleted', async () => {
    const bench = await openBench();
    const { changes } = await undoOf([await bench.deletionOf(leaf)], bench.session);
    expect(changes).toEqual([]);
  });

  test('refuses where another entry of the name is there', async () => {
    const bench = await openBench();
    const done = await deleted(bench);
    await bench.session.add(smtp, [{ name: 'objectClass', values: [Buffer.from('container')] }]);
    const { findings } = await undoOf(done, bench.session);
    expect(findings).toMatchObject([
      { id: 'came-back-otherwise', level: 'blocker', acceptable: false, evidence: [smtp] },
    ]);
  });

  test('refuses where the container is gone too', async () => {
    const bench = await openBench();
    const [, gone] = await deleted(bench);
    const { findings } = await undoOf(gone === undefined ? [] : [gone], bench.session);
    expect(findings).toMatchObject([{ id: 'parent-gone', evidence: [smtp] }]);
  });

  test('makes an entry again whose tombstone is gone, and says what a new objectGUID means', async () => {
    const bench = await openBench();
    const change = { ...(await bench.deletionOf(leaf)), guid: '11111111-2222-3333-4444-555555555555' };
    await bench.session.delete(leaf);
    const { changes, findings } = await undoOf([change], bench.session);
    expect(changes).toMatchObject([{ kind: 'add', dn: leaf }]);
    expect(findings).toMatchObject([{ id: 'new-object-guid', level: 'warning', evidence: [leaf] }]);
    const [addition] = changes;
    if (addition?.kind !== 'add') throw new Error('expected an add');
    expect(await writeAdd(addition, bench.access(), bench.intent)).toEqual({ kind: 'done' });
    expect(await writeAdd(addition, bench.access(), bench.intent)).toEqual({ kind: 'already-done' });
    expect(textsOf((await bench.session.readEntry(leaf, ['*'])) ?? fail(), 'objectClass')).toContain(
      'protocolCfgSMTPServer',
    );
  });

  test('gives an entry that is made again the security descriptor that it had', async () => {
    const bench = await openBench();
    await setDescriptor(bench, 1);
    const before = await descriptorOf(bench);
    const change = { ...(await bench.deletionOf(sendConnector)), guid: randomUUID() };
    await bench.session.delete(sendConnector);
    const { changes } = await undoOf([change], bench.session);
    const [addition] = changes;
    if (addition?.kind !== 'add') throw new Error('expected an add');
    expect(await writeAdd(addition, bench.access(), bench.intent)).toEqual({ kind: 'done' });
    expect(await descriptorOf(bench)).toEqual(before);
  });

  test('writes the values that name another deleted entry once that one is back', async () => {
    const bench = await openBench();
    const value = Buffer.from(leaf);
    await bench.session.modify(smtp, [{ attribute: 'msExchSourceBridgeheadServersDN', replace: [value] }]);
    const { changes } = await undoOf(await deleted(bench), bench.session);
    expect(changes.map(({ kind }) => kind)).toEqual(['undelete', 'undelete', 'modify']);
    expect(changes[2]).toMatchObject({
      dn: smtp,
      edits: [{ attribute: 'msExchSourceBridgeheadServersDN', add: [leaf] }],
    });
  });

  test('brings back the entries that others name before these', async () => {
    const bench = await openBench();
    const done = [await bench.deletionOf(leaf), await bench.deletionOf(sendConnector)];
    for (const { dn } of done) await bench.session.delete(dn);
    for (const order of [done, done.toReversed()]) {
      const { changes } = await undoOf(order, bench.session);
      expect(changes.map(({ kind, dn }) => [kind, dn])).toEqual([
        ['undelete', leaf],
        ['undelete', sendConnector],
      ]);
    }
  });

  test('lists the values that an entry made again has to do without', async () => {
    const bench = await openBench();
    const attribute = 'msExchSourceBridgeheadServersDN';
    await bench.session.modify(smtp, [{ attribute, replace: [Buffer.from(leaf)] }]);
    const done = (await deleted(bench)).map((change) => ({ ...change, guid: randomUUID() }));
    const { changes, findings } = await undoOf(done, bench.session);
    expect(changes.map(({ kind, dn }) => [kind, dn])).toEqual([
      ['add', smtp],
      ['add', leaf],
    ]);
    expect(findings).toMatchObject([
      { id: 'new-object-guid' },
      { id: 'values-not-restored', level: 'warning', evidence: [`${attribute} of ${smtp}`] },
    ]);
  });

  test.each([
    ['Samba 4.17.12', 'on', 'add'],
    ['Samba 4.17.12', 'off', 'undelete'],
    [undefined, 'on', 'undelete'],
  ] as const)('on a server named %s, with the Recycle Bin %s, is an %s', async (vendor, recycleBin, kind) => {
    const bench = await openBench();
    if (recycleBin === 'on') await enableRecycleBin(bench.session);
    const done = await deleted(bench);
    Object.assign(bench.session, { rootDse: { ...bench.session.rootDse, vendor } });
    const { changes } = await undoOf(done, bench.session);
    expect(changes.map((change) => change.kind)).toEqual([kind, kind]);
  });

  test('undone itself, deletes what has its values written later without taking those away first', async () => {
    const bench = await openBench();
    const value = Buffer.from(leaf);
    await bench.session.modify(smtp, [{ attribute: 'msExchSourceBridgeheadServersDN', replace: [value] }]);
    const { changes } = await undoOf(await deleted(bench), bench.session);
    const access = bench.access();
    for (const change of changes) {
      if (change.kind === 'undelete') await writeUndelete(change, access, bench.intent);
      if (change.kind === 'modify') await writeModify(change, access, bench.intent);
    }
    const again = await undoOf(changes.toReversed(), bench.session);
    expect(again.changes.map(({ kind, dn }) => [kind, dn])).toEqual([
      ['delete', leaf],
      ['delete', smtp],
    ]);
  });

  test('undone itself, deletes again what it brought back, children first', async () => {
    const bench = await openBench();
    const { changes } = await undoOf(await deleted(bench), bench.session);
    for (const change of changes)
      if (change.kind === 'undelete') await writeUndelete(change, bench.access(), bench.intent);
    const again = await undoOf(changes.toReversed(), bench.session);
    expect(again.changes.map(({ kind, dn }) => [kind, dn])).toEqual([
      ['delete', leaf],
      ['delete', smtp],
    ]);
    for (const change of again.changes) {
      if (change.kind === 'delete')
        expect(await writeDelete(change, bench.access(), bench.intent)).toEqual({ kind: 'done' });
    }
  });
});

describe('the undo of edits', () => {
  /** One edit of each of two entries, carried out, and then the work of another client. */
  const undone = async (
    bench: Bench,
    edits: readonly [AttributeEdit, AttributeEdit?],
    meddle?: () => Promise<void>,
    inJournal = true,
  ) => {
    const done: ModifyChange[] = [];
    for (const [index, edit] of edits.entries()) {
      const { dn, guid } = await bench.deletionOf([sendConnector, database][index] ?? '');
      if (edit !== undefined) done.unshift({ kind: 'modify', dn, guid, edits: [edit] });
    }
    for (const change of done)
      expect(await writeModify(change, bench.access(), bench.intent)).toEqual({ kind: 'done' });
    await meddle?.();
    return undoEntryChanges({ changes: done, recorded: new Set(inJournal ? done : []) }, bench.session);
  };
  const clearing = (attribute: string, ...remove: readonly string[]): AttributeEdit => ({ attribute, remove, add: [] });
  const set = (bench: Bench, dn: string, attribute: string, ...values: readonly string[]): Promise<void> =>
    bench.session.modify(dn, [{ attribute, replace: values.map((value) => Buffer.from(value)) }]);
  const host1 = clearing('msExchSmtpSmartHost', 'smtp.example.com');
  const owner = clearing('msExchOwningServer', orphan);

  test('gives the values back, and expects no other where there is room for one only', async () => {
    const bench = await openBench();
    const { changes, findings } = await undone(bench, [host1, owner]);
    expect(changes).toMatchObject([
      { dn: database, edits: [{ attribute: 'msExchOwningServer', remove: [], add: [orphan], singleValued: true }] },
      { dn: sendConnector, edits: [{ attribute: 'msExchSmtpSmartHost', remove: [], add: ['smtp.example.com'] }] },
    ]);
    expect(changes[1]).not.toHaveProperty('edits.0.singleValued');
    expect(findings).toEqual([]);
  });

  test('leaves alone what was set since, reports both values, and brings the rest back', async () => {
    const bench = await openBench();
    const { changes, findings } = await undone(bench, [host1, owner], () =>
      set(bench, database, 'msExchOwningServer', otherServer),
    );
    expect(changes.map(({ dn }) => dn)).toEqual([sendConnector]);
    expect(findings).toMatchObject([
      {
        id: 'changed-since',
        level: 'warning',
        evidence: [
          `${database}: msExchOwningServer is ${otherServer} now; before the change msExchOwningServer was ${orphan}`,
        ],
      },
    ]);
  });

  test('reports that too where the journal is lost', async () => {
    const bench = await openBench();
    const meddle = (): Promise<void> => set(bench, database, 'msExchOwningServer', otherServer);
    const { changes, findings } = await undone(bench, [host1, owner], meddle, false);
    expect(changes.map(({ dn }) => dn)).toEqual([sendConnector]);
    expect(findings).toMatchObject([
      { id: 'not-in-journal', subjects: [sendConnector] },
      { id: 'changed-since', level: 'warning', evidence: [expect.stringContaining(database)] },
    ]);
  });

  test('is blocked if nothing else is left to undo', async () => {
    const bench = await openBench();
    const edit = { ...host1, singleValued: true } as const;
    const { changes, findings } = await undone(bench, [edit], () =>
      set(bench, sendConnector, 'msExchSmtpSmartHost', 'other.example.com'),
    );
    expect(changes).toEqual([]);
    expect(findings).toMatchObject([{ id: 'changed-since', level: 'blocker' }]);
  });

  test('leaves out an entry that is gone', async () => {
    const bench = await openBench();
    const { changes, findings } = await undone(bench, [host1, owner], () => bench.session.delete(database));
    expect(changes.map(({ dn }) => dn)).toEqual([sendConnector]);
    expect(findings).toMatchObject([
      { id: 'changed-since', evidence: [expect.stringContaining(`${database}: the entry is gone; before`)] },
    ]);
  });

  test('has nothing to do where the value is back already', async () => {
    const bench = await openBench();
    const { changes, findings } = await undone(bench, [host1], () =>
      set(bench, sendConnector, 'msExchSmtpSmartHost', 'smtp.example.com'),
    );
    expect([changes, findings]).toEqual([[], []]);
  });

  test('gives back those of many values that are still missing, beside new ones', async () => {
    const bench = await openBench();
    await set(bench, sendConnector, 'description', 'one', 'two', 'three');
    const { changes } = await undone(bench, [clearing('description', 'one', 'two')], () =>
      set(bench, sendConnector, 'description', 'two', 'three', 'four'),
    );
    expect(changes).toMatchObject([{ dn: sendConnector, edits: [{ attribute: 'description', add: ['one'] }] }]);
    const [change] = changes;
    if (change?.kind !== 'modify') throw new Error('expected a modify');
    expect(await writeModify(change, bench.access(), bench.intent)).toEqual({ kind: 'done' });
    const entry = await bench.session.readEntry(sendConnector, ['description']);
    expect(textsOf(entry ?? fail(), 'description').toSorted()).toEqual(['four', 'one', 'three', 'two']);
  });
});

function fail(): never {
  throw new Error('the entry is not there');
}

describe('an undelete', () => {
  const planned = async (bench: Bench): Promise<UndeleteChange> => {
    const change = await bench.deletionOf(sendConnector);
    await writeDelete(change, bench.access(), bench.intent);
    const { changes } = await undoOf([change], bench.session);
    const [first] = changes;
    if (first?.kind !== 'undelete') throw new Error('expected an undelete');
    return first;
  };

  test('gives the old objectGUID and every value back', async () => {
    const bench = await openBench();
    const before = await bench.deletionOf(sendConnector);
    expect(await writeUndelete(await planned(bench), bench.access(), bench.intent)).toEqual({ kind: 'done' });
    const after = await bench.deletionOf(sendConnector);
    const own = ({ attributes }: DeleteChange) =>
      attributes
        .filter(
          ({ name }) => !/^(?:uSN.*|whenChanged|lastKnownParent|msDS-LastKnownRDN|replPropertyMetaData)$/i.test(name),
        )
        .map(({ name, values }) => `${name}: ${values.map((value) => JSON.stringify(value)).sort()}`)
        .sort();
    expect(after.guid).toBe(before.guid);
    expect(own(after)).toEqual(own(before));
  });

  test.each([
    [{ kind: 'drop-after' }, 'done'],
    [{ kind: 'drop-before' }, 'failed'],
    [{ kind: 'silence' }, 'failed'],
  ] as const)('looks again where the answer was lost (%o: %s)', async (fault: Fault, kind) => {
    const bench = await openBench();
    const change = await planned(bench);
    bench.forest.planFault(host, { on: 'modify', nth: 1, fault });
    expect(await writeUndelete(change, bench.access(), bench.intent)).toMatchObject({ kind });
  });

  test('leaves an entry alone that is there under the name', async () => {
    const bench = await openBench();
    const change = await planned(bench);
    const begun = bench.intents();
    await bench.session.add(sendConnector, [{ name: 'objectClass', values: [Buffer.from('container')] }]);
    expect(await writeUndelete(change, bench.access(), bench.intent)).toEqual({
      kind: 'drifted',
      what: 'another entry has this name',
    });
    expect(bench.intents()).toBe(begun);
  });

  test('leaves an entry alone that has come back elsewhere', async () => {
    const bench = await openBench();
    const change = await planned(bench);
    await writeUndelete(change, bench.access(), bench.intent);
    const begun = bench.intents();
    const elsewhere = { ...change, dn: sendConnector.replace('CN=Internet', 'CN=Elsewhere') };
    expect(await writeUndelete(elsewhere, bench.access(), bench.intent)).toEqual({
      kind: 'drifted',
      what: `it already exists in another place: ${sendConnector}`,
    });
    expect(bench.intents()).toBe(begun);
  });

  test('gives no values where the Recycle Bin has kept them all', async () => {
    const bench = await openBench();
    await enableRecycleBin(bench.session);
    const change = await planned(bench);
    const access = bench.access();
    const modify = vi.spyOn(await access.session(), 'modify');
    expect(await writeUndelete(change, access, bench.intent)).toEqual({ kind: 'done' });
    expect(modify.mock.calls.map(([, edits]) => edits.map(({ attribute }) => attribute))).toEqual([
      ['isDeleted', 'distinguishedName'],
    ]);
  });

  test('puts the security descriptor right, which every entry has', async () => {
    const bench = await openBench();
    await setDescriptor(bench, 1);
    const before = (await descriptorOf(bench)) ?? fail();
    const undelete = await planned(bench);
    const rights = { name: 'nTSecurityDescriptor', values: [{ base64: before.toString('base64') }] };
    const change = { ...undelete, attributes: [...undelete.attributes, rights] };
    await writeUndelete(change, bench.access(), bench.intent);
    expect(await descriptorOf(bench)).toEqual(before);
    await setDescriptor(bench, 2);
    expect(await descriptorOf(bench)).not.toEqual(before);
    expect(await writeUndelete(change, bench.access(), bench.intent)).toEqual({ kind: 'done' });
    expect(await descriptorOf(bench)).toEqual(before);
  });

  test('has no rights in its plan that the tombstone still holds', async () => {
    const bench = await openBench();
    await setDescriptor(bench, 1);
    const before = await descriptorOf(bench);
    const change = await planned(bench);
    expect(change.attributes.map(({ name }) => name)).not.toContain('nTSecurityDescriptor');
    expect(await writeUndelete(change, bench.access(), bench.intent)).toEqual({ kind: 'done' });
    expect(await descriptorOf(bench)).toEqual(before);
  });

  test('has the rights in its plan that the tombstone does not hold', async () => {
    const bench = await openBench();
    await setDescriptor(bench, 1);
    const entry = await bench.deletionOf(sendConnector);
    await setDescriptor(bench, 2);
    const { session } = bench;
    await session.delete(sendConnector);
    const { changes } = await undoOf([entry], session);
    expect(changes).toMatchObject([{ kind: 'undelete', dn: sendConnector }]);
    expect(JSON.stringify(changes)).toContain('nTSecurityDescriptor');
  });

  test('is planned where only the security descriptor differs', async () => {
    const bench = await openBench();
    const change = await bench.deletionOf(sendConnector);
    await setDescriptor(bench, 1);
    const { changes } = await undoOf([change], bench.session);
    expect(changes).toMatchObject([{ kind: 'undelete', dn: sendConnector }]);
  });

  test('completes an entry that came back without some of its values', async () => {
    const bench = await openBench();
    const change = await planned(bench);
    await writeUndelete(change, bench.access(), bench.intent);
    await bench.session.modify(sendConnector, [{ attribute: 'msExchSmtpSmartHost', replace: [] }]);
    expect(await writeUndelete(change, bench.access(), bench.intent)).toEqual({ kind: 'done' });
    const entry = await bench.session.readEntry(sendConnector, ['msExchSmtpSmartHost']);
    expect(entry && textOf(entry, 'msExchSmtpSmartHost')).toBe('smtp.example.com');
  });

  test('overwrites nothing that came back with another value', async () => {
    const bench = await openBench();
    const change = await planned(bench);
    await writeUndelete(change, bench.access(), bench.intent);
    await bench.session.modify(sendConnector, [
      { attribute: 'msExchSmtpSmartHost', replace: [Buffer.from('other.example.com')] },
    ]);
    expect(await writeUndelete(change, bench.access(), bench.intent)).toMatchObject({ kind: 'drifted' });
  });
});

describe('an entry that is brought back is the one that was deleted', () => {
  const back = async (bench: Bench): Promise<UndeleteChange> => {
    const { changes } = await undoOf(await deleted(bench), bench.session);
    const [first] = changes;
    if (first?.kind !== 'undelete') throw new Error('the container comes back first');
    return first;
  };

  test('by its name, its parent and its classes', async () => {
    const bench = await openBench();
    const change = await back(bench);
    const parent = `CN=Elsewhere,${orphan}`;
    const others: readonly UndeleteChange[] = [
      { ...change, dn: change.dn.replace('CN=SMTP', 'CN=POP3') },
      { ...change, dn: `CN=SMTP,${parent}` },
      { ...change, objectClass: ['top', 'user'] },
    ];
    for (const other of others) {
      expect(await writeUndelete(other, bench.access(), bench.intent)).toMatchObject({ kind: 'drifted' });
    }
    const { objectClass: _, ...unknown } = change;
    expect(await writeUndelete(unknown, bench.access(), bench.intent)).toMatchObject({ kind: 'drifted' });
    expect(bench.intents()).toBe(2);
    expect(await writeUndelete(change, bench.access(), bench.intent)).toEqual({ kind: 'done' });
  });

  test('also where it is there and only lacks something', async () => {
    const bench = await openBench();
    const { dn, guid } = await bench.deletionOf(sendConnector);
    const attributes = [{ name: 'adminDescription', values: ['made up'] }];
    const change: UndeleteChange = { kind: 'undelete', dn, guid, objectClass: ['top', 'container'], attributes };
    expect(await writeUndelete(change, bench.access(), bench.intent)).toMatchObject({ kind: 'drifted' });
    const plan = await bench.deletionOf(sendConnector);
    const forged = plan.attributes.map((one) =>
      one.name === 'objectClass' ? { ...one, values: ['top', 'user'] } : one,
    );
    const { changes, findings } = await undoOf([{ ...plan, attributes: [...forged, ...attributes] }], bench.session);
    expect(changes).toEqual([]);
    expect(findings).toMatchObject([{ id: 'other-entry', level: 'blocker', acceptable: false }]);
  });
});
