import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { applyPlan } from '../../src/change/apply.ts';
import { entryWriter } from '../../src/change/entry-writer.ts';
import type { AttributeEdit, DirectoryChange, ModifyChange } from '../../src/change/plan.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { type Bench, database, host, leaf, openBench, orphan, otherServer, sendConnector } from './entries-support.ts';

const change = async (bench: Bench, dn: string, edit: AttributeEdit): Promise<ModifyChange> => {
  const { guid } = await bench.deletionOf(dn);
  return { kind: 'modify', dn, guid, edits: [edit] };
};

async function apply({ access }: Bench, changes: readonly DirectoryChange[]) {
  const { session, reopen } = access();
  const plan = sealPlan({
    id: randomUUID(),
    tool: 'test',
    created: '2026-11-22T09:00:00Z',
    remedy: 'orphan',
    target: { kind: 'files', roots: [] },
    findings: [],
    changes,
  });
  return applyPlan({
    plan,
    writer: entryWriter(await session(), reopen),
    journal: { append: async () => undefined, enqueue: () => undefined, close: async () => undefined },
    records: [],
    now: () => new Date('2026-11-22T09:00:00Z'),
    signal: new AbortController().signal,
  });
}

const owner = { attribute: 'msExchOwningServer', singleValued: true } as const;
const added: AttributeEdit = { attribute: 'description', remove: [], add: ['back'] };

describe('an edit that only gives values back', () => {
  test('does not keep the next one from being done where it finds another value', async () => {
    const bench = await openBench();
    await bench.session.modify(database, [{ attribute: owner.attribute, replace: [Buffer.from(otherServer)] }]);
    const back = await change(bench, database, { ...owner, remove: [], add: [orphan] });
    const result = await apply(bench, [back, await change(bench, leaf, added)]);
    expect(result).toMatchObject({ done: 1, notBegun: 0, notDone: [{ outcome: { kind: 'drifted' } }] });
  });

  test.each([
    ['does not keep it either where the server refuses', { kind: 'busy' }, { done: 1, notBegun: 0 }],
    ['ends the run where no answer comes', { kind: 'silence' }, { done: 0, notBegun: 1 }],
  ] as const)('%s', async (_, fault, counts) => {
    const bench = await openBench();
    const changes = [await change(bench, sendConnector, added), await change(bench, leaf, added)];
    bench.forest.planFault(host, { on: 'modify', nth: 1, fault });
    expect(await apply(bench, changes)).toMatchObject({ ...counts, notDone: [{ outcome: { kind: 'failed' } }] });
  });
});

test('an edit that takes values away ends the run where it is not done', async () => {
  const bench = await openBench();
  const taken = await change(bench, database, { ...owner, remove: [otherServer], add: [] });
  const result = await apply(bench, [taken, await change(bench, leaf, added)]);
  expect(result).toMatchObject({ done: 0, notBegun: 1, notDone: [{ outcome: { kind: 'drifted' } }] });
});
