import { describe, expect, test } from 'vitest';
import { writeDelete } from '../../src/change/delete-writer.ts';
import type { DeleteChange, UndeleteChange } from '../../src/change/plan.ts';
import { writeAdd, writeUndelete } from '../../src/change/undelete-writer.ts';
import { undoEntryChanges } from '../../src/change/undo-entries.ts';
import { textOf, textsOf } from '../../src/directory/entry.ts';
import type { Fault } from '../../src/practice/directory/faults.ts';
import { type Bench, host, leaf, openBench, sendConnector, smtpContainer as smtp } from './entries-support.ts';

/** The leaf and its parent deleted, the leaf first; what was done, the last first. */
async function deleted(bench: Bench): Promise<readonly DeleteChange[]> {
  const changes = [await bench.doomed(leaf), await bench.doomed(smtp)];
  for (const change of changes) {
    expect(await writeDelete(change, bench.access(), bench.intent)).toEqual({ kind: 'done' });
  }
  return changes.toReversed();
}

describe('the undo of deletes', () => {
  test('undeletes parents first, and leaves out what AD keeps itself', async () => {
    const bench = await openBench();
    const { changes, findings } = await undoEntryChanges(await deleted(bench), bench.session);
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
    const change = await bench.doomed(sendConnector);
    await bench.session.modify(sendConnector, [{ attribute: 'msExchSmtpSmartHost', replace: [] }]);
    const { changes } = await undoEntryChanges([change], bench.session);
    expect(changes).toMatchObject([{ kind: 'undelete', dn: sendConnector }]);
    expect(changes[0]).not.toHaveProperty('tombstoneDn');
  });

  test('leaves out what was never deleted', async () => {
    const bench = await openBench();
    const { changes } = await undoEntryChanges([await bench.doomed(leaf)], bench.session);
    expect(changes).toEqual([]);
  });

  test('refuses where another entry of the name is there', async () => {
    const bench = await openBench();
    const done = await deleted(bench);
    await bench.session.add(smtp, [{ name: 'objectClass', values: [Buffer.from('container')] }]);
    const { findings } = await undoEntryChanges(done, bench.session);
    expect(findings).toMatchObject([
      { id: 'came-back-otherwise', level: 'blocker', acceptable: false, evidence: [smtp] },
    ]);
  });

  test('refuses where the container is gone too', async () => {
    const bench = await openBench();
    const [, gone] = await deleted(bench);
    const { findings } = await undoEntryChanges(gone === undefined ? [] : [gone], bench.session);
    expect(findings).toMatchObject([{ id: 'parent-gone', evidence: [smtp] }]);
  });

  test('makes an entry again whose tombstone is gone, and says what a new objectGUID means', async () => {
    const bench = await openBench();
    const change = { ...(await bench.doomed(leaf)), guid: '11111111-2222-3333-4444-555555555555' };
    await bench.session.delete(leaf);
    const { changes, findings } = await undoEntryChanges([change], bench.session);
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

  test('writes the values that name another deleted entry once that one is back', async () => {
    const bench = await openBench();
    const value = Buffer.from(leaf);
    await bench.session.modify(smtp, [{ attribute: 'msExchSourceBridgeheadServersDN', replace: [value] }]);
    const { changes } = await undoEntryChanges(await deleted(bench), bench.session);
    expect(changes.map(({ kind }) => kind)).toEqual(['undelete', 'undelete', 'modify']);
    expect(changes[2]).toMatchObject({
      dn: smtp,
      edits: [{ attribute: 'msExchSourceBridgeheadServersDN', add: [leaf] }],
    });
  });

  test('undone itself, deletes again what it brought back, children first', async () => {
    const bench = await openBench();
    const { changes } = await undoEntryChanges(await deleted(bench), bench.session);
    for (const change of changes)
      if (change.kind === 'undelete') await writeUndelete(change, bench.access(), bench.intent);
    const again = await undoEntryChanges(changes.toReversed(), bench.session);
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

function fail(): never {
  throw new Error('the entry is not there');
}

describe('an undelete', () => {
  const planned = async (bench: Bench): Promise<UndeleteChange> => {
    const change = await bench.doomed(sendConnector);
    await writeDelete(change, bench.access(), bench.intent);
    const { changes } = await undoEntryChanges([change], bench.session);
    const [first] = changes;
    if (first?.kind !== 'undelete') throw new Error('expected an undelete');
    return first;
  };

  test('gives the old objectGUID and every value back', async () => {
    const bench = await openBench();
    const before = await bench.doomed(sendConnector);
    expect(await writeUndelete(await planned(bench), bench.access(), bench.intent)).toEqual({ kind: 'done' });
    const after = await bench.doomed(sendConnector);
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
