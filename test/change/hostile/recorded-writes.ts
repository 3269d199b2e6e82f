/** What a directory is asked to write: the real applyPlan and writers, on a session that has all as the plan expects it. */

import { type Attribute, bytesOfWrittenValue, type Entry, guidBase, guidFromText } from '../../../src/ad/entry.ts';
import { applyPlan } from '../../../src/change/apply.ts';
import { entryWriter } from '../../../src/change/entry-writer.ts';
import { type DirectoryChange, isDirectoryChange, type Plan, type PlanValue } from '../../../src/change/plan.ts';
import { type DirectorySession, showDeleted } from '../../../src/ldap/session.ts';
import { fixedClock } from '../../support/fixed-world.ts';

/** One request, as the session gets it. */
export interface RecordedWrite {
  readonly operation: 'modify' | 'add' | 'delete';
  readonly dn: string;
  readonly values: readonly { readonly attribute: string; readonly value: Buffer }[];
}

const host = 'dc1.corp.example.com';
/** Where the directory has the deleted object of every undelete: it finds the place, not the plan. */
export const deletedDn = 'CN=gone,CN=Deleted Objects,DC=x';

function entryOf(
  dn: string,
  attributes: readonly { readonly name: string; readonly values: readonly PlanValue[] }[],
): Entry {
  const read = attributes.map(({ name, values }): [string, Attribute] => [
    name.toLowerCase(),
    { name, values: values.map(bytesOfWrittenValue) },
  ]);
  return { dn, attributes: new Map(read) };
}

/** The entry as the look before the write finds it; undefined where there is none yet. */
function expectedBy(change: DirectoryChange, base: string, seesDeleted: boolean): Entry | undefined {
  switch (change.kind) {
    case 'modify':
      return entryOf(
        change.dn,
        change.edits.map(({ attribute, remove }) => ({ name: attribute, values: remove })),
      );
    case 'delete':
      return entryOf(change.dn, change.attributes);
    case 'delete-tree':
      return entryOf(change.dn, []);
    case 'undelete':
      return seesDeleted && base === guidBase(change.guid)
        ? entryOf(deletedDn, [{ name: 'isDeleted', values: ['TRUE'] }])
        : undefined;
    case 'add':
      return undefined;
  }
}

/** What the session is asked to write for each change of a plan, written as if all were as planned. */
export async function recordedWrites(plan: Plan): Promise<readonly RecordedWrite[]> {
  const changes = plan.changes.filter(isDirectoryChange);
  const writes: RecordedWrite[] = [];
  let current: DirectoryChange | undefined;
  let isMade = false;
  const record = (write: RecordedWrite): void => {
    writes.push(write);
    isMade = true;
  };
  const session: DirectorySession = {
    identity: { host, port: 636, tls: 'ldaps' },
    rootDse: { dnsHostName: host, supportedControls: new Set<string>() } as unknown as DirectorySession['rootDse'],
    readEntry: async (base, _attributes, controls = []) => {
      if (current === undefined) return undefined;
      if (isMade && (current.kind === 'undelete' || current.kind === 'add')) return entryOf(current.dn, []);
      return expectedBy(current, base, controls.includes(showDeleted));
    },
    async *search() {
      const entries = current?.kind === 'delete-tree' ? current.entries : [];
      for (const { dn, guid, attributes: planned } of new Map(entries.map((entry) => [entry.guid, entry])).values()) {
        const { attributes } = entryOf(dn, planned);
        yield {
          dn,
          attributes: new Map([...attributes, ['objectguid', { name: 'objectGUID', values: [guidFromText(guid)] }]]),
        };
      }
    },
    modify: async (dn, modifications) =>
      record({
        operation: 'modify',
        dn,
        values: modifications.flatMap((edit) => {
          const removed = 'remove' in edit && edit.remove !== 'all' ? edit.remove : [];
          const added = 'replace' in edit ? edit.replace : edit.add;
          return [...removed, ...added].map((value) => ({ attribute: edit.attribute, value }));
        }),
      }),
    add: async (dn, attributes) =>
      record({
        operation: 'add',
        dn,
        values: attributes.flatMap(({ name, values }) => values.map((value) => ({ attribute: name, value }))),
      }),
    delete: async (dn) => record({ operation: 'delete', dn, values: [] }),
    close: async () => {},
  };
  const { lookAhead: _, ...writer } = entryWriter(session, async () => session);
  await applyPlan({
    plan: { ...plan, changes },
    findings: [],
    // Without the look ahead, which only reads, and would keep the writers from a plan that does not fit itself.
    writer: {
      ...writer,
      endsRun: () => false,
      write: (change, intent) => {
        current = change;
        isMade = false;
        return writer.write(change, intent);
      },
    },
    journal: { append: async () => {}, enqueue: () => {}, close: async () => {} },
    records: [],
    now: fixedClock,
    signal: new AbortController().signal,
  });
  return writes;
}
