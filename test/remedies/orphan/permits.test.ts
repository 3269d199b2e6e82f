import { describe, expect, test } from 'vitest';
import { notOfThisRemedy } from '../../../src/change/findings.ts';
import type { DirectoryChange, ModifyChange, Plan } from '../../../src/change/plan.ts';
import { permits } from '../../../src/remedies/orphan/changes.ts';
import { gather } from '../../../src/remedies/orphan/gather.ts';
import { openBench, otherServer, sendConnector } from '../../change/entries-support.ts';
import { requireHarmless } from '../../change/hostile/harmless.ts';
import { asDeletion, judged, judgedAs, orphanFacts, planOf, practiceSession, worldOf } from './practice-orphan.ts';

/** The plan for EX04 with some of it changed, as a file that was edited would have it. */
async function edited(
  change: (plan: Plan<DirectoryChange>) => Partial<Plan<DirectoryChange>>,
): Promise<readonly string[]> {
  const plan = planOf(await orphanFacts());
  return permits({ ...plan, ...change(plan) });
}

const first = (plan: Plan<DirectoryChange>): ModifyChange => {
  const change = plan.changes.find(({ kind }) => kind === 'modify');
  if (change?.kind !== 'modify') throw new Error('the plan clears references');
  return change;
};

describe('a plan is permitted', () => {
  test.each([false, true])('as it is made, also by one request (%s)', async (treeDelete) => {
    const plan = planOf(await orphanFacts(), { treeDelete });
    expect(permits(plan)).toEqual([]);
    expect((await requireHarmless(JSON.stringify(plan))).kind).toBe('permitted');
  });
});

describe('a plan is not permitted', () => {
  test('that deletes another server, or what is not below the server', async () => {
    const other = await (await openBench()).deletionOf(`CN=Protocols,${otherServer}`);
    expect(await edited(({ changes }) => ({ changes: [other, ...changes] }))).toEqual([
      `It deletes ${other.dn}, which is not below the server and is not deleted with it.`,
    ]);
  });

  test('that deletes another tree under the name of the server’s entries', async () => {
    const plan = planOf(await orphanFacts(), { treeDelete: true });
    const dn = 'CN=Users,DC=corp,DC=example,DC=com';
    const changes = plan.changes.map((change) => (change.kind === 'delete-tree' ? { ...change, dn } : change));
    const undoes = { id: plan.id, seal: plan.seal, folder: '..', seq: 1 };
    expect(permits({ ...plan, changes })).toEqual([expect.stringContaining(`It deletes ${dn}`)]);
    expect(permits({ ...plan, changes, undoes })).toContainEqual(
      expect.stringContaining(`It creates or deletes ${dn}`),
    );
  });

  test('that deletes what it says is a database of the server, outside the Exchange organisation', async () => {
    const plan = planOf(await orphanFacts());
    const { subject } = plan;
    const foreign: DirectoryChange = {
      kind: 'delete',
      dn: 'CN=Domain Admins,CN=Users,DC=corp,DC=example,DC=com',
      guid: plan.id,
      usnChanged: '1',
      children: [],
      attributes: [
        { name: 'objectClass', values: ['msExchPrivateMDB'] },
        { name: 'msExchOwningServer', values: [subject?.dn ?? ''] },
      ],
    };
    expect(permits({ ...plan, changes: [foreign, ...plan.changes] })).toEqual([
      expect.stringContaining(`It deletes ${foreign.dn}`),
    ]);
  });

  test('whose subject is no server object', async () => {
    const subject = { dn: 'CN=Users,DC=corp,DC=example,DC=com', guid: '' };
    expect(await edited(() => ({ subject }))).toEqual([expect.stringContaining('is not a server object')]);
    expect(await edited(() => ({ subject: { dn: 'CN=EX04,CN=Servers,DC=example', guid: '' } }))).toHaveLength(1);
  });

  test('that adds a value, removes one that does not name the server, or makes an entry', async () => {
    const withEdit = (edit: Partial<ModifyChange['edits'][number]>) => (plan: Plan<DirectoryChange>) => {
      const change = first(plan);
      const edits = change.edits.map((one) => ({ ...one, ...edit }));
      return { changes: [{ ...change, edits }, ...plan.changes.filter((one) => one !== change)] };
    };
    expect(await edited(withEdit({ add: ['CN=evil'] }))).toContainEqual(expect.stringMatching(/^It adds values to /));
    expect(await edited(withEdit({ remove: [`CN=1,CN=SMTP,CN=Protocols,${otherServer}`] }))).toContainEqual(
      expect.stringContaining('does not name the server'),
    );
    const added: DirectoryChange = { kind: 'add', dn: 'CN=new,CN=Services', attributes: [] };
    expect(await edited(({ changes }) => ({ changes: [added, ...changes] }))).toEqual([
      'It creates the entry CN=new,CN=Services.',
    ]);
  });

  test('that leaves the server itself, or says nothing of its intent, or has a step of another kind', async () => {
    expect(await edited(({ changes }) => ({ changes: changes.slice(0, -1) }))).toContainEqual(
      expect.stringMatching(/^It does not delete CN=EX04,/),
    );
    expect(await edited(() => ({ intent: {} }))).toHaveLength(1);
    expect(await edited(() => ({ nextSteps: [{ id: 'run', command: 'format' }] }))).toHaveLength(1);
  });
});

describe('against fresh facts', () => {
  test('what the plan holds is justified', async () => {
    const facts = await orphanFacts();
    expect(judged(facts).findings.map(({ id }) => id)).not.toContain(notOfThisRemedy);
  });

  test('another server is not, though the plan calls it a database of its own', async () => {
    const facts = await orphanFacts();
    const { proposal } = judged(facts);
    const [forged] = proposal.changes.flatMap((change) =>
      change.kind === 'delete' ? [{ ...change, dn: otherServer }] : [],
    );
    expect(forged).toBeDefined();
    const changes = forged === undefined ? [] : [forged, ...proposal.changes];
    const { findings } = judgedAs(facts, { ...proposal, changes });
    expect(findings.find(({ id }) => id === notOfThisRemedy)).toMatchObject({
      acceptable: false,
      evidence: [`delete of ${otherServer}`],
    });
  });

  test('text that is another server’s too is not, and that cannot be accepted', async () => {
    const facts = await orphanFacts();
    const { proposal } = judged(facts);
    const session = await practiceSession();
    const entry = await session.readEntry(sendConnector, ['objectGUID']);
    expect(entry).toBeDefined();
    const foreign: ModifyChange = {
      kind: 'modify',
      dn: sendConnector,
      guid: '0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e',
      edits: [{ attribute: 'description', remove: ['ex04.corp.example.com'], add: [] }],
    };
    const { findings } = judgedAs(facts, { ...proposal, changes: [foreign, ...proposal.changes] });
    expect(findings.find(({ id }) => id === notOfThisRemedy)).toMatchObject({
      acceptable: false,
      evidence: [`description of ${sendConnector}: "ex04.corp.example.com"`],
    });
  });
});

describe('a saved plan that is looked at again', () => {
  test('is judged as it was, without options', async () => {
    const session = await practiceSession();
    const before = await orphanFacts({}, session);
    const plan = planOf(before);
    const again = asDeletion(await gather(worldOf(session), { kind: 'plan', plan, done: new Set() }));
    const drafts = judgedAs(again, plan).findings.map(({ id, evidence }) => [id, evidence]);
    expect(drafts).toEqual(judged(before).findings.map(({ id, evidence }) => [id, evidence]));
  });

  test('is blocked by a reference that is new since', async () => {
    const session = await practiceSession();
    const plan = planOf(await orphanFacts({}, session));
    const { server } = (await orphanFacts({}, session)).chosen;
    await session.modify(sendConnector, [
      { attribute: 'homeMTA', replace: [Buffer.from(`CN=Microsoft MTA,${server.dn}`)] },
    ]);
    const again = asDeletion(await gather(worldOf(session), { kind: 'plan', plan, done: new Set() }));
    expect(judgedAs(again, plan).findings.find(({ id }) => id === 'dangling-references')).toMatchObject({
      subjects: [`homeMTA of ${sendConnector}`],
    });
  });

  test('whose references are cleared already still finds the databases that the server owned', async () => {
    const session = await practiceSession();
    const plan = planOf(await orphanFacts({}, session));
    const done = new Set<number>();
    for (const [index, change] of plan.changes.entries()) {
      if (change.kind !== 'modify') continue;
      done.add(index);
      await session.modify(
        change.dn,
        change.edits.map(({ attribute, remove }) => ({
          attribute,
          remove: remove.map((value) => Buffer.from(typeof value === 'string' ? value : value.base64)),
          add: [],
        })),
      );
    }
    expect(done.size).toBeGreaterThan(0);
    const again = asDeletion(await gather(worldOf(session), { kind: 'plan', plan, done }));
    expect(again.databases).toEqual((await orphanFacts()).databases);
    expect(judgedAs(again, plan).findings.map(({ id }) => id)).not.toContain(notOfThisRemedy);
  });

  test('of a server that is gone says so', async () => {
    const { session, deletionsOf } = await openBench();
    const plan = planOf(await orphanFacts({}, session));
    for (const { dn } of await deletionsOf(plan.subject?.dn ?? '')) await session.delete(dn);
    const facts = await gather(worldOf(session), { kind: 'plan', plan, done: new Set() });
    expect(judgedAs(facts, plan).findings).toMatchObject([{ id: 'server-gone', level: 'warning' }]);
  });
});
