import { expect, test } from 'vitest';
import { type Entry, formatGuid, guidBase, guidFromText } from '../../../src/ad/entry.ts';
import type { DirectoryChange } from '../../../src/change/plan.ts';
import { lookForDeleted } from '../../../src/change/verify.ts';
import type { DirectorySession, SearchRequest } from '../../../src/ldap/session.ts';
import { type DeletedServer, deletedServer } from '../../../src/remedies/orphan/deleted-server.ts';
import { deletionOnDc } from '../../../src/remedies/orphan/proof.ts';
import { leaf, openBench, sendConnector } from '../../change/entries-support.ts';
import { makeEntry } from '../../support/make-entry.ts';

const configuration = 'CN=Configuration,DC=corp,DC=example,DC=com';

/** A session in which no deleted object is found by its objectGUID, or none at all. */
function withoutTombstones(session: DirectorySession, hidden: 'by objectGUID' | 'all'): DirectorySession {
  const isHidden = ({ controls = [], scope }: SearchRequest): boolean =>
    controls.length > 0 && (hidden === 'all' || scope === 'subtree');
  return {
    ...session,
    rootDse: session.rootDse,
    readEntry: (base, attributes, controls = []) =>
      controls.length > 0 ? Promise.resolve(undefined) : session.readEntry(base, attributes, controls),
    search: (request) => (isHidden(request) ? nothing() : session.search(request)),
  };
}

async function* nothing(): AsyncGenerator<never> {}

async function bench(): Promise<{
  readonly session: DirectorySession;
  readonly deleted: DeletedServer;
  readonly remove: () => Promise<void>;
}> {
  const { session, deletionOf } = await openBench();
  const changes: readonly DirectoryChange[] = [await deletionOf(leaf)];
  return { session, deleted: deletedServer({ changes, leftOut: [] }), remove: () => session.delete(leaf) };
}

test('an entry that is there: not yet', async () => {
  const { session, deleted } = await bench();
  expect(await deletionOnDc(session, deleted, configuration)).toEqual({
    state: 'not-yet',
    detail: 'deleted: 0 of 1',
    mayChange: true,
  });
});

test('an entry that is gone and has its tombstone: proven', async () => {
  const { session, deleted, remove } = await bench();
  await remove();
  expect(await deletionOnDc(session, deleted, configuration)).toEqual({
    state: 'there',
    detail: 'deleted: 1 of 1, tombstones found',
    mayChange: true,
  });
});

test('an entry that is gone, to one who sees no deleted object: not proven, and waiting does not help', async () => {
  const { session, deleted, remove } = await bench();
  await remove();
  const { state, detail, mayChange } = await deletionOnDc(withoutTombstones(session, 'all'), deleted, configuration);
  expect(state).toBe('unknown');
  expect(detail).toMatch(/^deleted: 1 of 1 by name; not proven for 1: no tombstone seen/);
  expect(detail).toContain('members of Administrators');
  expect(mayChange).toBe(false);
});

test('an entry that is gone on a DC where deleted objects are seen, but not this one: not proven, and may come', async () => {
  const { session, deleted, remove } = await bench();
  await remove();
  const { state, detail, mayChange } = await deletionOnDc(
    withoutTombstones(session, 'by objectGUID'),
    deleted,
    configuration,
  );
  expect(state).toBe('unknown');
  expect(detail).toContain('the tombstone may have been purged, or the deletion has not arrived');
  expect(mayChange).toBe(true);
});

test('an entry that is gone but still pointed at: not yet, with the entry that points there', async () => {
  const { session, deleted, remove } = await bench();
  await remove();
  const pointing = await deletionOnDc(withPointing(session, deleted), deleted, configuration);
  expect(pointing.state).toBe('not-yet');
  expect(pointing.detail).toContain(`still pointing at a deleted entry: homeMTA of ${sendConnector}`);
  const accepted = { ...deleted, leftOnPurpose: new Set([`homeMTA of ${sendConnector}`]) };
  expect(await deletionOnDc(withPointing(session, deleted), accepted, configuration)).toMatchObject({
    state: 'there',
    detail: expect.stringContaining('1 reference that the plan leaves still names a deleted entry'),
  });
});

test('tombstones are asked for by the hundred, and read alone only where a search does not show them', async () => {
  const { session } = await openBench();
  const guids = Array.from({ length: 250 }, (_, index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`);
  const tombstone = (guid: string): Entry =>
    makeEntry(`CN=${guid}\\0ADEL:${guid},CN=Deleted Objects,${configuration}`, {
      objectGUID: [guidFromText(guid)],
      isDeleted: ['TRUE'],
    });
  const searches: number[] = [];
  const reads: string[] = [];
  const [hidden = ''] = guids;
  const dc: DirectorySession = {
    ...session,
    rootDse: session.rootDse,
    readEntry: async (base) => {
      reads.push(base);
      return base === guidBase(hidden) ? tombstone(hidden) : undefined;
    },
    search: async function* ({ filter }) {
      if (filter.kind !== 'or') return;
      searches.push(filter.filters.length);
      for (const one of filter.filters) {
        const guid = one.kind === 'equal' && Buffer.isBuffer(one.value) ? formatGuid(one.value) : '';
        if (guid !== hidden) yield tombstone(guid);
      }
    },
  };
  const entries = guids.map((guid) => ({ dn: `CN=${guid},CN=EX04`, guid }));
  expect(await lookForDeleted([{ dn: 'CN=EX04', guid: hidden }, ...entries.slice(1)], dc, configuration)).toMatchObject(
    {
      state: 'there',
      detail: 'deleted: 250 of 250, tombstones found',
    },
  );
  expect(searches).toEqual([100, 100, 50]);
  expect(reads.toSorted()).toEqual([guidBase(hidden), 'CN=EX04'].toSorted());
});

test('another entry of the name of the topmost one: not yet, though the deleted one has its tombstone', async () => {
  const { session, deleted, remove } = await bench();
  await remove();
  await session.add(leaf, [{ name: 'objectClass', values: [Buffer.from('protocolCfgSMTPServer')] }]);
  expect(await deletionOnDc(session, deleted, configuration)).toMatchObject({
    state: 'not-yet',
    detail: expect.stringContaining('deleted: 0 of 1'),
  });
});

/** A session in which a connector names the deleted entry. */
function withPointing(session: DirectorySession, { guids }: DeletedServer): DirectorySession {
  const [guid = ''] = guids;
  const connector = makeEntry(sendConnector, {
    homeMTA: [`CN=1\\0ADEL:${guid},CN=Deleted Objects,${configuration}`],
  });
  return {
    ...session,
    rootDse: session.rootDse,
    readEntry: (...asked) => session.readEntry(...asked),
    search: (request) => (request.attributes.includes('*') ? only(connector) : session.search(request)),
  };
}

async function* only(entry: Entry): AsyncGenerator<Entry> {
  yield entry;
}
