import { expect, test } from 'vitest';
import type { DirectoryChange, Plan } from '../../../src/change/plan.ts';
import { serverDeletedBy, describe as words } from '../../../src/remedies/orphan/describe.ts';
import { orphan } from '../../../src/remedies/orphan/remedy.ts';
import { isDiffLine } from '../../../src/review/diff-text.ts';
import { screenReview } from '../../../src/review/text.ts';
import { createStyle } from '../../../src/terminal/style.ts';
import { sendConnector } from '../../change/entries-support.ts';
import { orphanFacts, planOf } from './practice-orphan.ts';

const editedAttributes = (change: DirectoryChange): readonly string[] =>
  change.kind === 'modify' ? change.edits.map(({ attribute }) => attribute) : [];

test('a plan is titled by what it does, and summed up', async () => {
  const plan = planOf(await orphanFacts());
  const { title, summary } = words(plan);
  expect(title).toBe('Delete the server object EX04');
  expect(summary).toContainEqual({ name: 'Server object', value: plan.subject?.dn });
  expect(summary).toContainEqual({
    name: 'Deleted',
    value: expect.stringMatching(/^\d+ entries, one by one, leaves first$/),
  });
  expect(serverDeletedBy(plan)).toBe('EX04');
  expect(words(planOf(await orphanFacts(), { treeDelete: true })).summary).toContainEqual({
    name: 'Deleted',
    value: expect.stringContaining('by one request for the whole tree'),
  });
});

test('the tree that goes is drawn parents first, with what refers to each entry', async () => {
  const plan = planOf(await orphanFacts());
  const lines = [...screenReview(plan, { style: createStyle(false), width: 100, verbose: false })];
  const from = lines.findIndex((line) => line.includes('delete 11 entries'));
  const tree = lines.slice(from + 1, lines.indexOf('', from));
  const entries = tree.filter((line) => isDiffLine(line));
  const depths = entries.map((line) => (/- (?<indent> *)/.exec(line)?.groups?.['indent']?.length ?? 0) / 2);
  expect(entries[0]).toContain('- CN=EX04,CN=Servers,');
  expect(entries).toHaveLength(plan.changes.filter(({ kind }) => kind === 'delete').length);
  expect(depths.every((depth, index) => depth <= (depths[index - 1] ?? -1) + 1)).toBe(true);
  expect(tree[tree.findIndex((line) => / CN=1 /.test(line)) + 1]).toMatch(
    /^ +← msExchSourceBridgeheadServersDN of Internet$/,
  );
});

test('a reference that is kept is left out of the changes and shown as left', async () => {
  const facts = await orphanFacts();
  const all = planOf(facts);
  const [owned] = facts.configuration.referrers.filter(({ reference }) => reference.id === 'owned-databases');
  const id = owned?.id ?? '';
  const plan = planOf(facts, { keep: [id.toUpperCase()] });
  expect(plan.leftOut).toContainEqual({
    what: id,
    reason: 'dangling-references',
    reference: { to: [plan.subject?.dn], because: 'chosen' },
  });
  expect(all.changes.flatMap(editedAttributes)).toContain(owned?.reference.attribute);
  expect(plan.changes.flatMap(editedAttributes)).not.toContain(owned?.reference.attribute);
  expect(plan.findings).toContainEqual(expect.objectContaining({ id: 'dangling-references', subjects: [id] }));
  expect(JSON.stringify(words(plan).changes)).toContain(id);
});

test('an ID to keep that no reference has is reported', async () => {
  const plan = planOf(await orphanFacts(), { keep: ['homeMTA of CN=nowhere'] });
  expect(plan.findings).toContainEqual(
    expect.objectContaining({ id: 'nothing-to-keep', level: 'warning', evidence: ['homeMTA of CN=nowhere'] }),
  );
});

test('a linked reference goes with its target, also where it was to be kept', async () => {
  const id = `msExchSourceBridgeheadServersDN of ${sendConnector}`;
  const plan = planOf(await orphanFacts(), { keep: [id] });
  expect(plan.changes.some((change) => change.kind === 'modify' && change.dn === sendConnector)).toBe(true);
  expect(plan.leftOut.map(({ what }) => what)).not.toContain(id);
});

test('an undo has words of its own, and asks for no name', async () => {
  const plan = planOf(await orphanFacts());
  const undo: Plan<DirectoryChange> = {
    ...plan,
    undoes: { id: plan.id, seal: plan.seal, folder: '.', seq: 1 },
    changes: [{ kind: 'undelete' as const, dn: plan.subject?.dn ?? '', guid: '', attributes: [] }],
  };
  expect(words(undo).title).toBe('Restore the server object EX04');
  expect(orphan.confirm?.(undo)).toBeUndefined();
  expect(orphan.verify?.(undo)).toBeUndefined();
});
