import { Attribute, Change, type Client } from 'ldapts';
import { describe, expect, onTestFinished, test } from 'vitest';
import { formatGuid } from '../../src/ad/entry.ts';
import type { EntryAccess } from '../../src/change/look-and-write.ts';
import { reversedModify, writeModify } from '../../src/change/modify-writer.ts';
import type { AttributeEdit, ModifyChange } from '../../src/change/plan.ts';
import { DirectoryError, FileError } from '../../src/errors.ts';
import { ldapConnector } from '../../src/ldap/connector.ts';
import type { DirectorySession } from '../../src/ldap/session.ts';
import { bytesOf, connectTo, directoryService, openForest, valuesOf } from '../embedded/support.ts';
import type { ServedForest } from '../support/ldap-server/served-forest.ts';

const host = 'dc1.corp.example.com';

interface Target {
  readonly forest: ServedForest;
  readonly access: EntryAccess;
  readonly change: ModifyChange;
  /** The values that another client finds. */
  values(): Promise<readonly string[]>;
  /** Another client's write. */
  set(...values: readonly string[]): Promise<void>;
  /** How often the journal was told that a write begins. */
  intents: number;
  readonly intent: () => Promise<void>;
}

/** The Directory Service object, its attribute with these values, and one edit of it. */
async function target(edit: Partial<AttributeEdit>, ...values: readonly string[]): Promise<Target> {
  const attribute = edit.attribute ?? 'tombstoneLifetime';
  const forest = await openForest();
  const other = await connectTo(forest);
  const set = (...to: readonly string[]): Promise<void> => replaceValues(other, attribute, to);
  await set(...values);
  const { searchEntries } = await other.search(directoryService, {
    scope: 'base',
    explicitBufferAttributes: ['objectGUID'],
  });
  const open = sessionsWith(forest);
  const current = await open();
  const found: Target = {
    forest,
    access: { session: async () => current, reopen: open },
    change: {
      kind: 'modify',
      dn: directoryService,
      guid: formatGuid(bytesOf(searchEntries[0], 'objectGUID')),
      edits: [{ attribute, remove: [], add: [], ...edit }],
    },
    values: () => valuesOf(other, directoryService, attribute),
    set,
    intents: 0,
    intent: async () => {
      found.intents += 1;
    },
  };
  return found;
}

function replaceValues(client: Client, attribute: string, values: readonly string[]): Promise<void> {
  const modification = new Attribute({ type: attribute, values: [...values] });
  return client.modify(directoryService, new Change({ operation: 'replace', modification }));
}

function sessionsWith(forest: ServedForest): () => Promise<DirectorySession> {
  const connector = ldapConnector({
    tls: 'none',
    bind: 'anonymous',
    deadlineMs: 1000,
    operationDeadlineMs: 300,
    createConnection: (address) => forest.connect(address.host),
  });
  return async () => {
    const session = await connector.open({ host });
    onTestFinished(() => session.close());
    return session;
  };
}

const configuration = 'CN=Configuration,DC=corp,DC=example,DC=com';
const from60to180 = { remove: ['60'], add: ['180'], singleValued: true } as const;

describe('an edit of a single value', () => {
  test('puts the new value in the place of the old one', async () => {
    const { change, access, intent, values } = await target(from60to180, '60');
    expect(await writeModify(change, access, intent)).toEqual({ kind: 'done' });
    expect(await values()).toEqual(['180']);
  });

  test('adds a value where there was none, and its reverse leaves none', async () => {
    const { change, access, intent, values } = await target({ add: ['180'], singleValued: true });
    expect(await writeModify(change, access, intent)).toEqual({ kind: 'done' });
    expect(await values()).toEqual(['180']);
    expect(await writeModify(reversedModify(change), access, intent)).toEqual({ kind: 'done' });
    expect(await values()).toEqual([]);
  });

  test('removes the value', async () => {
    const { change, access, intent, values } = await target({ remove: ['60'], singleValued: true }, '60');
    expect(await writeModify(change, access, intent)).toEqual({ kind: 'done' });
    expect(await values()).toEqual([]);
  });

  test.each([
    ['another value', ['90'], 'tombstoneLifetime is 90; the plan expected 60'],
    ['no value', [], 'tombstoneLifetime is not set; the plan expected 60'],
  ])('writes nothing where there is %s now, and names both', async (_, now, what) => {
    const drifted = await target(from60to180, ...now);
    expect(await writeModify(drifted.change, drifted.access, drifted.intent)).toEqual({ kind: 'drifted', what });
    expect(await drifted.values()).toEqual(now);
    expect(drifted.intents).toBe(0);
  });

  test('writes nothing from unset where a value was set since', async () => {
    const { change, access, intent, values } = await target({ add: ['180'], singleValued: true }, '90');
    const what = 'tombstoneLifetime is 90; the plan expected not set';
    expect(await writeModify(change, access, intent)).toEqual({ kind: 'drifted', what });
    expect(await values()).toEqual(['90']);
  });

  test('finds done what an earlier run did', async () => {
    const found = await target(from60to180, '180');
    expect(await writeModify(found.change, found.access, found.intent)).toEqual({ kind: 'already-done' });
    expect(found.intents).toBe(0);
  });

  test('is refused by the server where another write was faster between the look and the write', async () => {
    const { change, access, values, set } = await target(from60to180, '60');
    const outcome = await writeModify(change, access, () => set('90'));
    expect(outcome).toEqual({ kind: 'drifted', what: 'tombstoneLifetime is 90; the plan expected 60' });
    expect(await values()).toEqual(['90']);
  });

  test('writes nothing where the entry of the objectGUID is another one than was shown', async () => {
    const { change, access, intent, values } = await target(from60to180, '60');
    const shown = { ...change, dn: `CN=Shown,${configuration}` };
    const what = `the entry with this objectGUID is ${directoryService}`;
    expect(await writeModify(shown, access, intent)).toEqual({ kind: 'drifted', what });
    expect(await values()).toEqual(['60']);
  });

  test('says that the entry is gone', async () => {
    const { change, access, intent } = await target(from60to180, '60');
    const gone = { ...change, guid: '00000000-0000-4000-8000-000000000001' };
    expect(await writeModify(gone, access, intent)).toEqual({ kind: 'drifted', what: 'the entry is gone' });
  });
});

describe('an edit of some of many values', () => {
  test('leaves the others as they are', async () => {
    const edit = { attribute: 'description', remove: ['old'], add: ['new'] };
    const { change, access, intent, values } = await target(edit, 'one', 'old', 'two');
    expect(await writeModify(change, access, intent)).toEqual({ kind: 'done' });
    expect([...(await values())].sort()).toEqual(['new', 'one', 'two']);
  });

  test('is drift where a value that was to come is there already, beside the one to go', async () => {
    const edit = { attribute: 'description', remove: ['old'], add: ['new'] };
    const both = await target(edit, 'old', 'new');
    const what = 'description is old, new; the plan expected old';
    expect(await writeModify(both.change, both.access, both.intent)).toEqual({ kind: 'drifted', what });
    expect(both.intents).toBe(0);
    expect([...(await both.values())].sort()).toEqual(['new', 'old']);
  });

  test('is drift only where one of its own values is gone', async () => {
    const edit = { attribute: 'description', remove: ['old'], add: [] };
    const { change, access, intent, values } = await target(edit, 'one', 'two', 'three');
    expect(await writeModify(change, access, intent)).toEqual({ kind: 'already-done' });
    expect(await values()).toHaveLength(3);
  });
});

describe('the reverse of an edit', () => {
  test.each([
    ['homeMTA', 'is drift where another value was set', { kind: 'drifted' }],
    ['description', 'keeps what was added beside it', { kind: 'done' }],
  ])('of %s %s', async (attribute, _, outcome) => {
    const { change, access, intent } = await target({ attribute, remove: [directoryService], add: [] }, configuration);
    expect(await writeModify(reversedModify(change), access, intent)).toMatchObject(outcome);
  });
});

describe('a value that names a deleted entry', () => {
  const id = '0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e';
  const dead = `CN=EX09\\0ADEL:${id},CN=Deleted Objects,${configuration}`;
  const wellKnown = 'B:32:9C1AB2D74A3E4F5C8B6051D6F7A8B9C0:';

  /** A server that finds no value whose bytes have these words, with two values; and what it is asked. */
  async function asked(unfound: string, remove: string): Promise<readonly string[]> {
    const edit = { attribute: 'description', remove: [remove], add: [] };
    const { access, change, intent } = await target(edit, remove, 'stays');
    const session = await access.session();
    const requests: string[] = [];
    const strict = {
      readEntry: session.readEntry.bind(session),
      modify: async (_, modifications) => {
        const words = modifications.map((one) =>
          'replace' in one ? `replace ${one.replace.join()}` : `remove ${one.remove.toString()}`,
        );
        requests.push(...words);
        if (!words.some((one) => one.startsWith('remove') && one.includes(unfound))) return;
        throw new DirectoryError({ attempted: 'change', on: 'it', cameBack: 'no such value', next: '' }, 16);
      },
    } satisfies Partial<DirectorySession> as unknown as DirectorySession;
    await writeModify(change, { ...access, session: async () => strict }, intent);
    return requests;
  }

  test('is removed by its name, where the server finds it by that', async () => {
    expect(await asked('another', dead)).toEqual([`remove ${dead}`]);
  });

  test('is removed by the objectGUID of that entry, where the server does not find it by its name', async () => {
    expect(await asked('DEL:', dead)).toEqual([`remove ${dead}`, `remove <GUID=${id}>`]);
  });

  test('gives way to the values that stay, where the server finds it by neither', async () => {
    expect(await asked('B:32:', `${wellKnown}${dead}`)).toEqual([
      `remove ${wellKnown}${dead}`,
      `remove ${wellKnown}<GUID=${id}>`,
      'replace stays',
    ]);
  });

  test('is the only one that is asked for twice', async () => {
    expect(await asked('EX09', 'EX09')).toEqual(['remove EX09']);
  });
});

describe('a connection that is lost', () => {
  test.each(['drop-before', 'notice'] as const)(
    'before the write (%s) is a failure: nothing was done',
    async (kind) => {
      const { forest, change, access, intent, values } = await target(from60to180, '60');
      forest.planFault(host, { on: 'modify', nth: 1, fault: { kind } });
      expect(await writeModify(change, access, intent)).toMatchObject({ kind: 'failed' });
      expect(await values()).toEqual(['60']);
    },
  );

  test.each(['drop-after', 'drop-within'] as const)(
    'after the write (%s) is looked up again: it was done',
    async (kind) => {
      const { forest, change, access, intent, values } = await target(from60to180, '60');
      forest.planFault(host, { on: 'modify', nth: 1, fault: { kind } });
      expect(await writeModify(change, access, intent)).toEqual({ kind: 'done' });
      expect(await values()).toEqual(['180']);
    },
  );

  test('leaves the outcome unknown where the look afterwards gets no answer either', async () => {
    const { forest, change, access, intent } = await target(from60to180, '60');
    forest.planFault(host, { on: 'modify', nth: 1, fault: { kind: 'drop-after' } });
    const outcome = await writeModify(change, access, async () => {
      await intent();
      forest.setCondition(host, { reachable: 'refused' });
    });
    expect(outcome).toMatchObject({ kind: 'unknown' });
  });

  test('or an answer that never comes is a failure when nothing was written', async () => {
    const { forest, change, access, intent, values } = await target(from60to180, '60');
    forest.planFault(host, { on: 'modify', nth: 1, fault: { kind: 'silence' } });
    expect(await writeModify(change, access, intent)).toMatchObject({ kind: 'failed' });
    expect(await values()).toEqual(['60']);
  });
});

test('a server that is busy is a failure', async () => {
  const { forest, change, access, intent, values } = await target(from60to180, '60');
  forest.planFault(host, { on: 'modify', nth: 1, fault: { kind: 'busy' } });
  expect(await writeModify(change, access, intent)).toMatchObject({ kind: 'failed' });
  expect(await values()).toEqual(['60']);
});

test('a journal that can not be written ends the run before the write', async () => {
  const { change, access, values } = await target(from60to180, '60');
  const full = new FileError({ attempted: 'write', on: 'journal.jsonl', cameBack: 'no space', next: 'Make room.' });
  await expect(writeModify(change, access, () => Promise.reject(full))).rejects.toBe(full);
  expect(await values()).toEqual(['60']);
});
