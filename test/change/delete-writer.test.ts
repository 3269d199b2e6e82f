import { describe, expect, test } from 'vitest';
import { writeDelete, writeDeleteTree } from '../../src/change/delete-writer.ts';
import type { DeleteTreeChange } from '../../src/change/plan.ts';
import { everything } from '../../src/directory/filter.ts';
import type { DirectorySession } from '../../src/directory/session.ts';
import type { Fault } from '../../src/practice/directory/faults.ts';
import { type Bench, host, leaf, openBench, orphan, sendConnector } from './entries-support.ts';

const exists = async (session: DirectorySession, dn: string): Promise<boolean> =>
  (await session.readEntry(dn, ['1.1'])) !== undefined;

describe('the delete of one entry', () => {
  test('deletes what is as it was planned, after saying so in the journal', async () => {
    const { access, doomed, intent, intents, session } = await openBench();
    expect(await writeDelete(await doomed(leaf), access(), intent)).toEqual({ kind: 'done' });
    expect(intents()).toBe(1);
    expect(await exists(session, leaf)).toBe(false);
  });

  test('finds a second time that its tombstone is there', async () => {
    const { access, doomed, intent, intents } = await openBench();
    const change = await doomed(leaf);
    await writeDelete(change, access(), intent);
    expect(await writeDelete(change, access(), intent)).toEqual({ kind: 'already-done' });
    expect(intents()).toBe(1);
  });

  test('leaves an entry alone that somebody has edited since', async () => {
    const { access, doomed, intent, intents, session } = await openBench();
    const change = await doomed(orphan);
    await session.modify(orphan, [{ attribute: 'serialNumber', replace: [Buffer.from('Version 15.1')] }]);
    const outcome = await writeDelete(change, access(), intent);
    expect(outcome).toMatchObject({ kind: 'drifted', what: expect.stringContaining('serialNumber is Version 15.1') });
    expect(intents()).toBe(0);
  });

  test('takes an edit for none that was taken back: only the content counts then', async () => {
    const { access, doomed, intent, session } = await openBench();
    const change = await doomed(leaf);
    await session.modify(leaf, [{ attribute: 'description', replace: [Buffer.from('x')] }]);
    await session.modify(leaf, [{ attribute: 'description', replace: [] }]);
    expect(await writeDelete(change, access(), intent)).toEqual({ kind: 'done' });
  });

  test('does not count a link value that is gone because its target was deleted', async () => {
    const { access, doomed, intent, session } = await openBench();
    const change = await doomed(sendConnector);
    await session.delete(leaf);
    await session.modify(sendConnector, [{ attribute: 'description', replace: [Buffer.from('x')] }]);
    await session.modify(sendConnector, [{ attribute: 'description', replace: [] }]);
    expect(await writeDelete(change, access(), intent)).toEqual({ kind: 'done' });
  });

  test('counts a link value that somebody has removed while its target is there', async () => {
    const { access, doomed, intent, session } = await openBench();
    const change = await doomed(sendConnector);
    await session.modify(sendConnector, [
      { attribute: 'msExchSourceBridgeheadServersDN', remove: [Buffer.from(leaf)], add: [] },
    ]);
    expect(await writeDelete(change, access(), intent)).toMatchObject({ kind: 'drifted' });
  });

  test('compares the content where the plan was made on another DC, whose numbers mean nothing here', async () => {
    const { access, doomed, intent } = await openBench();
    const change = { ...(await doomed(leaf)), usnChanged: '1' };
    expect(await writeDelete(change, access('dc2.corp.example.com'), intent)).toEqual({ kind: 'done' });
  });

  test('leaves an entry alone that has got a child', async () => {
    const { access, doomed, intent, session } = await openBench();
    const change = await doomed(leaf);
    await session.add(`CN=new,${leaf}`, [{ name: 'objectClass', values: [Buffer.from('container')] }]);
    expect(await writeDelete(change, access(), intent)).toMatchObject({
      kind: 'drifted',
      what: expect.stringContaining(`CN=new,${leaf}`),
    });
    expect(await exists(session, leaf)).toBe(true);
  });

  test('leaves an entry alone that was renamed', async () => {
    const { access, doomed, intent, session } = await openBench();
    const change = await doomed(orphan);
    await session.rename(orphan, 'CN=EX05');
    expect(await writeDelete(change, access(), intent)).toMatchObject({
      kind: 'drifted',
      what: expect.stringContaining('CN=EX05,CN=Servers'),
    });
  });

  test('fails where the server refuses', async () => {
    const { access, doomed, intent, forest } = await openBench();
    const change = await doomed(leaf);
    forest.planFault(host, { on: 'delete', nth: 1, fault: { kind: 'busy' } });
    expect(await writeDelete(change, access(), intent)).toMatchObject({ kind: 'failed' });
  });
});

describe('a connection that is lost while an entry is deleted', () => {
  const outcomeOf = async (bench: Bench, fault: Fault) => {
    const change = await bench.doomed(leaf);
    bench.forest.planFault(host, { on: 'delete', nth: 1, fault });
    return writeDelete(change, bench.access(), bench.intent);
  };

  test.each([{ kind: 'drop-after' }, { kind: 'drop-within' }] as const)(
    'is done when the tombstone is found (%o)',
    async (fault) => {
      const bench = await openBench();
      expect(await outcomeOf(bench, fault)).toEqual({ kind: 'done' });
      expect(await exists(bench.session, leaf)).toBe(false);
    },
  );

  test.each([{ kind: 'drop-before' }, { kind: 'silence' }, { kind: 'notice' }] as const)(
    'has failed, and can be tried again, when the entry is found unchanged (%o)',
    async (fault) => {
      const bench = await openBench();
      expect(await outcomeOf(bench, fault)).toMatchObject({ kind: 'failed' });
      expect(await exists(bench.session, leaf)).toBe(true);
      expect(await writeDelete(await bench.doomed(leaf), bench.access(), bench.intent)).toBeDefined();
    },
  );

  test('stays unknown when the DC can not be reached again', async () => {
    const bench = await openBench();
    const change = await bench.doomed(leaf);
    bench.forest.planFault(host, { on: 'delete', nth: 1, fault: { kind: 'drop-after' } });
    const access = bench.access();
    const outcome = await writeDelete(
      change,
      {
        ...access,
        reopen: () => {
          bench.forest.setCondition(host, { reachable: 'refused' });
          return access.reopen();
        },
      },
      bench.intent,
    );
    expect(outcome).toMatchObject({ kind: 'unknown' });
  });
});

describe('the delete of a subtree by one request', () => {
  const tree = async (bench: Bench): Promise<DeleteTreeChange> => {
    const entries = [];
    const found = bench.session.search({ base: orphan, scope: 'subtree', filter: everything, attributes: ['1.1'] });
    for await (const { dn } of found) entries.push(await bench.doomed(dn));
    const root = await bench.doomed(orphan);
    return { kind: 'delete-tree', dn: root.dn, guid: root.guid, entries };
  };

  test('repeats the request while the server says that it is not finished', async () => {
    const bench = await openBench();
    const change = await tree(bench);
    for (const nth of [1, 2]) {
      bench.forest.planFault(host, { on: 'delete', nth, fault: { kind: 'unfinished-tree-delete', after: 3 } });
    }
    expect(await writeDeleteTree(change, bench.access(), bench.intent)).toEqual({ kind: 'done' });
    expect(await exists(bench.session, orphan)).toBe(false);
  });

  test('goes on with a subtree of which a part is deleted already', async () => {
    const bench = await openBench();
    const change = await tree(bench);
    await bench.session.delete(leaf);
    expect(await writeDeleteTree(change, bench.access(), bench.intent)).toEqual({ kind: 'done' });
  });

  test('deletes nothing when an entry has appeared in it', async () => {
    const bench = await openBench();
    const change = await tree(bench);
    await bench.session.add(`CN=new,${leaf}`, [{ name: 'objectClass', values: [Buffer.from('container')] }]);
    expect(await writeDeleteTree(change, bench.access(), bench.intent)).toMatchObject({ kind: 'drifted' });
    expect(bench.intents()).toBe(0);
  });
});
