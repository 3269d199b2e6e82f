import { describe, expect, test, vi } from 'vitest';
import { writeDelete, writeDeleteTree } from '../../src/change/delete-writer.ts';
import { entryWriter } from '../../src/change/entry-writer.ts';
import type { DeleteChange, DeleteTreeChange, DirectoryChange, ModifyChange, Plan } from '../../src/change/plan.ts';
import { changesToUndo } from '../../src/change/undo.ts';
import { undoEntryChanges } from '../../src/change/undo-entries.ts';
import { FileError } from '../../src/errors.ts';
import type { DirectorySession } from '../../src/ldap/session.ts';
import { connectTo } from '../embedded/support.ts';
import type { Fault } from '../support/ldap-server/faults.ts';
import {
  type Bench,
  host,
  leaf,
  openBench,
  orphan,
  otherServer as other,
  sendConnector,
  smtpContainer,
} from './entries-support.ts';

const group = 'CN=Domain Admins,CN=Users,DC=corp,DC=example,DC=com';

const exists = async (session: DirectorySession, dn: string): Promise<boolean> =>
  (await session.readEntry(dn, ['1.1'])) !== undefined;

describe('the delete of one entry', () => {
  test('deletes what is as it was planned, after saying so in the journal', async () => {
    const { access, deletionOf, intent, intents, session } = await openBench();
    expect(await writeDelete(await deletionOf(leaf), access(), intent)).toEqual({ kind: 'done' });
    expect(intents()).toBe(1);
    expect(await exists(session, leaf)).toBe(false);
  });

  test('finds a second time that its tombstone is there', async () => {
    const { access, deletionOf, intent } = await openBench();
    const change = await deletionOf(leaf);
    await writeDelete(change, access(), intent);
    expect(await writeDelete(change, access(), intent)).toEqual({ kind: 'already-done' });
  });

  test('leaves an entry alone that was edited since', async () => {
    const { access, deletionOf, intent, session } = await openBench();
    const change = await deletionOf(orphan);
    await session.modify(orphan, [{ attribute: 'serialNumber', replace: [Buffer.from('Version 15.1')] }]);
    const outcome = await writeDelete(change, access(), intent);
    expect(outcome).toMatchObject({ kind: 'drifted', what: expect.stringContaining('serialNumber is Version 15.1') });
    expect(await exists(session, orphan)).toBe(true);
  });

  test('ignores an edit that was reverted: only the content counts', async () => {
    const { access, deletionOf, intent, session } = await openBench();
    const change = await deletionOf(leaf);
    await session.modify(leaf, [{ attribute: 'description', replace: [Buffer.from('x')] }]);
    await session.modify(leaf, [{ attribute: 'description', replace: [] }]);
    expect(await writeDelete(change, access(), intent)).toEqual({ kind: 'done' });
  });

  test('does not count a link value that is gone because its target was deleted', async () => {
    const { access, deletionOf, intent, session } = await openBench();
    const change = await deletionOf(sendConnector);
    await session.delete(leaf);
    await session.modify(sendConnector, [{ attribute: 'description', replace: [Buffer.from('x')] }]);
    await session.modify(sendConnector, [{ attribute: 'description', replace: [] }]);
    expect(await writeDelete(change, access(), intent)).toEqual({ kind: 'done' });
  });

  test('does not count one with a binary part either, as of the accounts whose passwords an RODC has', async () => {
    const { access, deletionOf, intent, session } = await openBench();
    const revealed = [`B:8:01020304:${leaf}`, `B:8:05060708:${other}`].map((value) => Buffer.from(value));
    await session.modify(sendConnector, [{ attribute: 'msDS-RevealedUsers', replace: revealed }]);
    const change = await deletionOf(sendConnector);
    await session.modify(sendConnector, [{ attribute: 'msDS-RevealedUsers', replace: revealed.slice(1) }]);
    expect(await writeDelete(change, access(), intent)).toMatchObject({ kind: 'drifted' });
    await session.delete(leaf);
    expect(await writeDelete(change, access(), intent)).toEqual({ kind: 'done' });
  });

  test('counts a link value that was removed while its target is there', async () => {
    const { access, deletionOf, intent, session } = await openBench();
    const change = await deletionOf(sendConnector);
    await session.modify(sendConnector, [
      { attribute: 'msExchSourceBridgeheadServersDN', remove: [Buffer.from(leaf)], add: [] },
    ]);
    expect(await writeDelete(change, access(), intent)).toMatchObject({ kind: 'drifted' });
  });

  test('compares the content alone: a plan that was made on another DC has numbers of its own', async () => {
    const { access, deletionOf, intent } = await openBench();
    const change = { ...(await deletionOf(leaf)), usnChanged: '1' };
    expect(await writeDelete(change, access(), intent)).toEqual({ kind: 'done' });
  });

  test.each(['added', 'left out'])(
    'leaves an entry alone of which the plan has a value %s, whatever its number',
    async (how) => {
      const { access, deletionOf, intent, session } = await openBench();
      const change = await deletionOf(orphan);
      const others = change.attributes.filter(({ name }) => name !== 'serialNumber');
      const forged = how === 'added' ? [...change.attributes, { name: 'description', values: ['x'] }] : others;
      expect(await writeDelete({ ...change, attributes: forged }, access(), intent)).toMatchObject({
        kind: 'drifted',
        what: expect.stringMatching(
          how === 'added' ? /^description is not set; the plan expected x/ : /^serialNumber is /,
        ),
      });
      expect(await exists(session, orphan)).toBe(true);
    },
  );

  test('distinguishes a child that the plan has deleted and that is back from a new one', async () => {
    const { access, deletionsOf, intent } = await openBench();
    const smtp = (await deletionsOf(smtpContainer)).at(-1);
    if (smtp === undefined) throw new Error('the container is not there');
    expect(await writeDelete(smtp, access(), intent)).toMatchObject({
      kind: 'drifted',
      what: `an entry below it that the plan has deleted exists again: ${leaf}`,
    });
  });

  test('leaves an entry alone that has got a child', async () => {
    const { access, deletionOf, intent, session } = await openBench();
    const change = await deletionOf(leaf);
    await session.add(`CN=new,${leaf}`, [{ name: 'objectClass', values: [Buffer.from('container')] }]);
    expect(await writeDelete(change, access(), intent)).toMatchObject({
      kind: 'drifted',
      what: `there is an entry below it that the plan does not delete: CN=new,${leaf}`,
    });
    expect(await exists(session, leaf)).toBe(true);
  });

  test('leaves an entry alone that was renamed', async () => {
    const { access, deletionOf, forest, intent } = await openBench();
    const change = await deletionOf(orphan);
    await (await connectTo(forest)).modifyDN(orphan, 'CN=EX05');
    expect(await writeDelete(change, access(), intent)).toMatchObject({
      kind: 'drifted',
      what: expect.stringContaining('CN=EX05,CN=Servers'),
    });
  });

  test('fails where the server refuses', async () => {
    const { access, deletionOf, intent, forest } = await openBench();
    const change = await deletionOf(leaf);
    forest.planFault(host, { on: 'delete', nth: 1, fault: { kind: 'busy' } });
    expect(await writeDelete(change, access(), intent)).toMatchObject({ kind: 'failed' });
  });
});

describe('the journal of a delete', () => {
  test('is written while the entry is looked at, and is on the disk before anything is sent', async () => {
    const { access, deletionOf, session } = await openBench();
    const change = await deletionOf(leaf);
    const writing = await access().session();
    const look = vi.spyOn(writing, 'readEntry');
    const write = vi.spyOn(writing, 'delete');
    let flushed = (): void => undefined;
    const outcome = writeDelete(change, access(), () => new Promise<void>((resolve) => (flushed = resolve)));
    await vi.waitFor(() => expect(look.mock.settledResults).toMatchObject([{ type: 'fulfilled' }]));
    await new Promise(setImmediate);
    expect(write).not.toHaveBeenCalled();
    flushed();
    expect(await outcome).toEqual({ kind: 'done' });
    expect(await exists(session, leaf)).toBe(false);
  });

  test('is waited for also where the look fails', async () => {
    const { access, deletionOf, forest } = await openBench();
    const change = await deletionOf(leaf);
    forest.planFault(host, { on: 'search', nth: 1, fault: { kind: 'busy' } });
    let isTold = false;
    const outcome = await writeDelete(change, access(), async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      isTold = true;
    });
    expect(outcome).toMatchObject({ kind: 'failed' });
    expect(isTold).toBe(true);
  });

  test('ends the run where it can not be written: nothing is deleted', async () => {
    const { access, deletionOf, session } = await openBench();
    const full = new FileError({ attempted: 'write', on: 'journal.jsonl', cameBack: 'no space', next: 'Make room.' });
    const outcome = writeDelete(await deletionOf(leaf), access(), () => Promise.reject(full));
    await expect(outcome).rejects.toBe(full);
    expect(await exists(session, leaf)).toBe(true);
  });

  test('does not decide an undo if the entry was found changed and was not deleted', async () => {
    const { deletionOf, session } = await openBench();
    const change = await deletionOf(leaf);
    await session.modify(leaf, [{ attribute: 'description', replace: [Buffer.from('in use')] }]);
    const record = { time: '2026-11-22T09:00:00Z', plan: 'p', change: 0 };
    const intent = { ...record, event: 'intent' } as const;
    const plan = { id: 'p', changes: [change] } as unknown as Plan<DeleteChange>;
    expect(changesToUndo(plan, [intent, { ...record, event: 'drifted' }]).recorded.size).toBe(0);
    // Where a crash took the outcome away, the entry itself tells.
    expect((await undoEntryChanges(changesToUndo(plan, [intent]), session)).changes).toEqual([]);
  });
});

describe('a connection that is lost while an entry is deleted', () => {
  const outcomeOf = async (bench: Bench, fault: Fault) => {
    const change = await bench.deletionOf(leaf);
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
      expect(await writeDelete(await bench.deletionOf(leaf), bench.access(), bench.intent)).toBeDefined();
    },
  );

  test('stays unknown when the DC can not be reached again', async () => {
    const bench = await openBench();
    const change = await bench.deletionOf(leaf);
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
    const { dn, guid } = await bench.deletionOf(orphan);
    return { kind: 'delete-tree', dn, guid, entries: await bench.deletionsOf(orphan) };
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

  test('continues with a subtree of which a part is deleted already', async () => {
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

describe('the look ahead', () => {
  const lookAhead = async (bench: Bench, changes: readonly DirectoryChange[]) => {
    const access = bench.access();
    const writer = entryWriter(await access.session(), () => access.reopen());
    return writer.lookAhead?.(changes, changes);
  };
  /** The schema of the practice forest has no attributes; these are those of group membership. */
  const withLinksInSchema = async (): Promise<Bench> => {
    const bench = await openBench();
    for (const [name, linkId] of [
      ['member', '2'],
      ['memberOf', '3'],
    ] as const) {
      const values = {
        objectClass: 'attributeSchema',
        lDAPDisplayName: name,
        attributeSyntax: '2.5.5.1',
        linkID: linkId,
      };
      const attributes = Object.entries(values).map(([of, value]) => ({ name: of, values: [Buffer.from(value)] }));
      await bench.session.add(`CN=${name},CN=Schema,CN=Configuration,DC=corp,DC=example,DC=com`, attributes);
    }
    return bench;
  };
  const smartHost = 'msExchSmtpSmartHost';
  const clearing = async (bench: Bench): Promise<ModifyChange> => {
    const { dn, guid } = await bench.deletionOf(sendConnector);
    const edit = { attribute: smartHost, remove: ['smtp.example.com'], add: [], singleValued: true } as const;
    return { kind: 'modify', dn, guid, edits: [edit] };
  };
  const oneByOne = (entries: readonly DeleteChange[]): readonly DirectoryChange[] => entries;
  const atOnce = (entries: readonly DeleteChange[]): readonly DirectoryChange[] => {
    const root = entries.at(-1);
    return root === undefined ? [] : [{ kind: 'delete-tree', dn: root.dn, guid: root.guid, entries }];
  };
  const set = (dn: string, attribute: string, value: string) => (bench: Bench) =>
    bench.session.modify(dn, [{ attribute, replace: [Buffer.from(value)] }]);

  describe.each([
    ['single deletes', oneByOne],
    ['one request', atOnce],
  ])('at a subtree that goes by %s', (_, deletes) => {
    const plan = async (bench: Bench): Promise<readonly DirectoryChange[]> => [
      await clearing(bench),
      ...deletes(await bench.deletionsOf(orphan)),
    ];

    test('finds nothing in the way where all is as planned', async () => {
      const bench = await openBench();
      expect(await lookAhead(bench, await plan(bench))).toBeUndefined();
    });

    test('finds values that the plan treats as those of a back link, which are not compared', async () => {
      const bench = await openBench();
      const entries = (await bench.deletionsOf(orphan)).map((entry): DeleteChange => {
        const marked = { name: 'description', values: ['x'], isBackLink: true } as const;
        return entry.dn === orphan ? { ...entry, attributes: [...entry.attributes, marked] } : entry;
      });
      expect(await lookAhead(bench, [await clearing(bench), ...deletes(entries)])).toMatchObject({
        outcome: { kind: 'drifted', what: 'the plan treats description as a back link, which it is not' },
      });
    });

    test.each([
      [
        'of another attribute than the schema does',
        'manager',
        'treats memberOf as a back link of manager, which it is not',
      ],
      ['that the entry does not have', 'member', `memberOf no longer shows "${group}"`],
    ])('finds a link %s: an undo would write it', async (_how, linksFrom, what) => {
      const bench = await withLinksInSchema();
      const entries = (await bench.deletionsOf(orphan)).map((entry): DeleteChange => {
        const link = { name: 'memberOf', values: [group], isBackLink: true, linksFrom } as const;
        return entry.dn === orphan ? { ...entry, attributes: [...entry.attributes, link] } : entry;
      });
      expect(await lookAhead(bench, [await clearing(bench), ...deletes(entries)])).toMatchObject({
        outcome: { kind: 'drifted', what: expect.stringContaining(what) },
      });
    });

    test('finds nothing in the way where a link is gone that the plan itself clears, or that goes with its entry', async () => {
      const bench = await withLinksInSchema();
      const { guid } = await bench.deletionOf(group);
      const edit = { attribute: 'member', remove: [orphan], add: [] } as const;
      const entries = (await bench.deletionsOf(orphan)).map((entry): DeleteChange => {
        const link = { name: 'memberOf', values: [group, leaf], isBackLink: true, linksFrom: 'member' } as const;
        return entry.dn === orphan ? { ...entry, attributes: [...entry.attributes, link] } : entry;
      });
      expect(
        await lookAhead(bench, [{ kind: 'modify', dn: group, guid, edits: [edit] }, ...deletes(entries)]),
      ).toBeUndefined();
    });

    test('finds nothing in the way where an earlier run has cleared and deleted a part', async () => {
      const bench = await openBench();
      const changes = await plan(bench);
      await bench.session.modify(sendConnector, [{ attribute: smartHost, replace: [] }]);
      await bench.session.delete(leaf);
      expect(await lookAhead(bench, changes)).toBeUndefined();
    });

    test('finds nothing in the way where a referring entry has gone, and refers no more', async () => {
      const bench = await openBench();
      const changes = await plan(bench);
      await bench.session.delete(sendConnector);
      expect(await lookAhead(bench, changes)).toBeUndefined();
    });

    test.each<[string, (bench: Bench) => Promise<void>, string]>([
      [
        'an entry that has appeared',
        ({ session }) => session.add(`CN=new,${leaf}`, [{ name: 'objectClass', values: [Buffer.from('container')] }]),
        `there is an entry that the plan does not delete: CN=new,${leaf}`,
      ],
      [
        'an entry that was edited',
        set(leaf, 'description', 'in use'),
        `${leaf}: description is in use; the plan expected not set`,
      ],
      [
        'a root that was edited',
        set(orphan, 'description', 'in use'),
        `${orphan}: description is in use; the plan expected not set`,
      ],
      [
        'a reference to it that was changed',
        set(sendConnector, smartHost, 'other.example.com'),
        `${smartHost} is other.example.com; the plan expected smtp.example.com`,
      ],
    ])('finds %s', async (_what, meddle, what) => {
      const bench = await openBench();
      const changes = await plan(bench);
      await meddle(bench);
      expect(await lookAhead(bench, changes)).toMatchObject({ outcome: { kind: 'drifted', what } });
    });

    // In the configuration partition few entries can be moved by a client: the plan has them elsewhere instead.
    test.each([
      ['out of it', leaf.replace('CN=EX04', 'CN=EX03')],
      ['within it', leaf],
    ])('finds an entry that was moved %s', async (_where, now) => {
      const bench = await openBench();
      const before = `CN=moved,${orphan}`;
      const moved = { ...(await bench.deletionOf(now)), dn: before };
      const stayed = (await bench.deletionsOf(orphan)).filter(({ dn }) => dn !== now);
      const root = stayed.at(-1) ?? moved;
      const changes = deletes([moved, ...stayed.slice(0, -1), { ...root, children: [...root.children, moved.guid] }]);
      const what = `${before}: the entry was renamed or moved: it is now ${now}`;
      expect(await lookAhead(bench, changes)).toMatchObject({ outcome: { kind: 'drifted', what } });
    });

    test('continues with the next subtree', async () => {
      const bench = await openBench();
      const changes = [orphan, other].map((root) => bench.deletionsOf(root));
      const both = (await Promise.all(changes)).flatMap(deletes);
      await set(other, 'description', 'in use')(bench);
      expect(await lookAhead(bench, both)).toMatchObject({ change: { dn: other }, outcome: { kind: 'drifted' } });
    });
  });

  test('leaves edits that no delete depends on to the moment of writing', async () => {
    const bench = await openBench();
    const changes = [await clearing(bench)];
    await set(sendConnector, smartHost, 'other.example.com')(bench);
    expect(await lookAhead(bench, changes)).toBeUndefined();
  });
});
